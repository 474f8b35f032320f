"""The pictures of an Auto-CoT run: the map, the walks, the demonstrations, a prompt in its parts.

Each is replayed from a recording that the test writes, an event a second.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Locator, Page, expect

from core.events import Delta, Demonstrated, Ended, Event, Opened, Started
from core.recording import write
from tests.browser.acts import answer, card_texts, cards, load, number, room, status, tab_to
from tests.browser.conftest import Browse, ScriptedApp
from tests.components.selections import (
    STARTED,
    TRIGGER,
    asked,
    final,
    made,
    mapped,
    pool,
    taken,
    walk,
    whole,
)

HOSTILE = "<img src=x onerror=alert(1)> ${alert(2)} {{7*7}} \u202eevil\u202c"


def recorded(events: Sequence[Event], started: Started = STARTED) -> bytes:
    """The events a second apart, as a file."""
    timed = [(float(second), event) for second, event in enumerate((started, *events))]
    return write(timed, datetime(2026, 11, 22, tzinfo=UTC)).encode()


def open_run(page: Page, events: Sequence[Event]) -> Page:
    """Replay these events, at their end."""
    load(room(page, "Replays"), recorded(events))
    expect(page.locator("#replay-headline .origin")).to_contain_text("2026-11-22")
    return page


def at(page: Page, second: float) -> None:
    number(page, "Position (seconds)", second)


def view(page: Page, selector: str) -> Locator:
    return page.locator(f"#replay-{selector}")


def point(page: Page, place: int) -> tuple[float, float]:
    """The middle of a point, on the screen."""
    view(page, "map").scroll_into_view_if_needed()
    box = view(page, "map .points circle").nth(place).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.fixture
def selected(page: Page) -> Page:
    """A whole run, at its end."""
    open_run(page, whole())
    expect(status(page, "replay")).to_have_text("finished, with 2 demonstrations")
    return page


# The map


def test_every_question_is_a_point_and_every_cluster_has_a_centre_with_its_number(selected: Page):
    expect(view(selected, "map .points circle")).to_have_count(24)
    expect(view(selected, "map .numbers text")).to_have_text(["1", "2", "3", "4"])
    expect(view(selected, "map .asked-mark text")).to_have_text("The question asked")
    expect(view(selected, "map .map-caption")).to_contain_text("Drawn by TF-IDF, seed 192")
    expect(view(selected, "map .marks .mark.taken")).to_have_count(2)
    expect(view(selected, "map .marks .mark.rejected")).to_have_count(5)


def test_the_points_lie_in_the_drawing_and_up_is_up(selected: Page):
    box = view(selected, "map svg.map-drawing").bounding_box()
    assert box is not None
    places = [point(selected, place) for place in range(24)]
    assert all(box["x"] < x < box["x"] + box["width"] for x, _ in places)
    assert all(box["y"] < y < box["y"] + box["height"] for _, y in places)
    upper, lower = places[0], places[2]
    assert upper[1] < lower[1]


def test_pointing_at_a_question_reads_it_out_with_what_happened_to_it(selected: Page):
    seen = view(selected, "map .map-seen")
    expect(seen).to_contain_text("Point at a question")
    selected.mouse.move(*point(selected, 17))
    expect(seen).to_contain_text(pool()[17])
    expect(seen).to_contain_text("Cluster 2")
    expect(seen).to_contain_text("taken as a demonstration")
    selected.mouse.move(*point(selected, 5))
    expect(seen).to_contain_text("its question has 79 words; at most 60 are allowed")
    selected.mouse.move(*point(selected, 23))
    expect(seen).to_contain_text("no walk has come here")


def test_what_is_read_out_is_never_cut_off(page: Page):
    open_run(page, whole(pool(q17="word " * 500)))
    page.mouse.move(*point(page, 17))
    seen = view(page, "map .map-seen")
    expect(seen).to_contain_text("word word")
    assert seen.evaluate("node => getComputedStyle(node).overflowY") == "auto"
    assert len(view(page, "map .map-seen-text").inner_text()) <= 400


def test_a_candidate_on_the_map_opens_in_the_inspector(selected: Page):
    selected.mouse.click(*point(selected, 17))
    expect(view(selected, "inspector h3")).to_have_text("Candidate (question 18 of the pool)")
    expect(view(selected, "inspector pre").first).to_have_text(pool()[17])
    expect(view(selected, "map .marks .mark.chosen")).to_have_count(1)


def test_the_map_is_walked_by_keyboard_alone(selected: Page):
    centre = view(selected, "map .centre").first
    tab_to(selected, centre)
    focused = selected.locator("#replay-map [data-stop]:focus")
    seen = view(selected, "map .map-seen")
    expect(seen).to_contain_text("Cluster 1: 6 questions")
    selected.keyboard.press("ArrowDown")
    expect(focused).to_have_attribute("aria-label", "Cluster 2: 6 questions")
    for words in ("79 words", "79 words", "full stop", "taken as a demonstration"):
        selected.keyboard.press("ArrowRight")
        expect(seen).to_contain_text(words)
    selected.keyboard.press("ArrowRight")
    expect(focused).to_have_attribute("data-stop", "n1.3")
    selected.keyboard.press("Enter")
    expect(view(selected, "inspector h3")).to_have_text("Candidate (question 18 of the pool)")
    expect(focused).to_have_attribute("data-stop", "n1.3")
    selected.keyboard.press("Home")
    expect(focused).to_have_attribute("data-stop", "c1")
    assert view(selected, "map [tabindex='0']").count() == 1


def test_before_the_map_its_progress_is_told_and_then_no_more(selected: Page):
    at(selected, 1)
    expect(view(selected, "map .map-progress")).to_contain_text("12 of 24")
    expect(view(selected, "map svg.map-drawing")).to_be_hidden()
    expect(status(selected, "replay")).to_have_text("the pool is being mapped …")
    at(selected, 2)
    expect(view(selected, "map .map-progress")).to_be_hidden()
    expect(view(selected, "map svg.map-drawing")).to_be_visible()
    expect(view(selected, "map .marks .mark")).to_have_count(0)


def test_one_change_touches_one_mark_and_no_point(page: Page):
    events = [mapped(pool(2_000)), *(walk(n) for n in range(4)), *asked("0.0", 0, " So")]
    open_run(page, [*events, *taken("1.0", 1), Ended("stopped")])
    expect(view(page, "map .points circle")).to_have_count(2_000)
    at(page, len(events))
    expect(view(page, "map .marks .mark")).to_have_count(1)
    page.evaluate(
        """() => {
          window.touched = [];
          const look = records => window.touched.push(...records.map(({ type, target }) =>
            `${type} ${target.closest('g')?.getAttribute('class')}`));
          new MutationObserver(look).observe(document.querySelector('#replay-map .map-pane'),
            { childList: true, attributes: true, subtree: true });
        }"""
    )
    at(page, len(events) + 1)
    expect(view(page, "map .marks .mark")).to_have_count(2)
    touched = page.evaluate("window.touched")
    assert 0 < len(touched) < 40
    assert not any("points" in one for one in touched)


# The walks and what they came to


def test_a_walk_tells_its_candidates_in_order_with_their_rules(selected: Page):
    second = view(selected, "walks .walk").nth(1)
    expect(second.locator(".walk-head")).to_have_text("Cluster26 questions, 4 tried")
    rows = second.locator(".walk-body > .walk-rows > li")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("2 passed over: question longer than 60 words")
    expect(rows.nth(0).locator(".candidate")).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("rejected: its rationale does not end in a full stop")
    expect(rows.nth(2)).to_contain_text("taken as a demonstration")
    expect(rows.nth(2).locator(".forced")).to_have_text(TRIGGER)
    expect(rows.nth(2).locator(".candidate-answer strong")).to_have_text("19")


def test_a_walk_that_found_none_says_so_where_it_is_seen(selected: Page):
    for place, said in ((2, "Found none"), (3, "This cluster is empty")):
        loud = view(selected, "walks .walk").nth(place).locator(".walk-said")
        expect(loud).to_contain_text(said)
        expect(loud).to_be_visible()
    expect(view(selected, "walks .walk.loud")).to_have_count(2)


def test_a_row_unfolds_and_is_looked_into(selected: Page):
    row = view(selected, "walks .candidate.rejected").filter(has_text="full stop")
    expect(row.locator(".candidate-text")).to_be_hidden()
    row.locator(".candidate-head").click()
    expect(row.locator(".candidate-text")).to_have_text(TRIGGER + " Who knows")
    expect(view(selected, "inspector .facts")).to_contain_text("does not end in a full stop")
    expect(row).to_have_class("candidate rejected selected open")
    row.locator(".candidate-head").press("Enter")
    expect(row.locator(".candidate-text")).to_be_hidden()


def test_demonstrations_are_listed_folded_above_the_final_text(page: Page):
    changed = made("first", "second", changed=1)
    events = [e if not isinstance(e, Demonstrated) else Demonstrated(changed) for e in whole()]
    open_run(page, events)
    listed = view(page, "demonstrations")
    expect(listed.locator("summary")).to_contain_text("The 2 demonstrations that the model wrote")
    expect(listed.locator("li").first).to_be_hidden()
    listed.locator("summary").click()
    expect(listed.locator("li")).to_have_count(2)
    expect(listed.locator(".by-hand")).to_have_text("changed by hand")
    expect(cards(page, "replay")).to_have_count(1)
    assert card_texts(page, "replay") == [TRIGGER + " 12 times 3 is 36. The answer is 36."]
    expect(answer(page, "replay")).to_have_text("36")
    boxes = [one.bounding_box() for one in (listed, cards(page, "replay").first)]
    assert all(boxes) and boxes[0]["y"] < boxes[1]["y"]


def test_the_prompt_is_folded_by_exemplars_which_stay_open_while_frames_come(page: Page):
    events = [mapped(), walk(0), *taken("0.0", 0), *final("1", "", ("one", "two"))]
    growing = [Delta("1", f" word{n}", 1) for n in range(6)]
    open_run(page, [*events, *growing, Ended("stopped")])
    at(page, len(events))
    cards(page, "replay").first.click()
    exemplar = view(page, "inspector details.exemplar")
    expect(exemplar).to_have_count(2)
    expect(exemplar.nth(1).locator("summary")).to_contain_text("Exemplar 2")
    expect(exemplar.nth(1).locator("summary")).to_contain_text("changed by hand")
    expect(view(page, "inspector .share >> nth=0")).to_contain_text(
        "50 tokens: 2 % of the context of 2,048"
    )
    exemplar.first.locator("summary").click()
    expect(exemplar.first).to_have_attribute("open", "")
    at(page, len(events) + 5)
    expect(cards(page, "replay").first).to_contain_text("word4")
    expect(exemplar.first).to_have_attribute("open", "")
    expect(exemplar.nth(1)).not_to_have_attribute("open", "")


def test_nothing_above_a_text_that_grows_moves(page: Page):
    events = [mapped(), *(walk(n) for n in range(4)), *asked("2.0", 2, "")]
    growing = [Delta("2.0", f" and this is line {n} of it.\n", 7) for n in range(12)]
    open_run(page, [*events, *growing, Ended("stopped")])
    tops = """() => ['#replay-map .map-title', '#replay-walks .walks-title', '#replay-walks .walk',
        '#replay-walks .walk:last-child', '#replay-inspector'].map(
          name => document.querySelector(name).getBoundingClientRect().top + scrollY)"""
    seen = []
    for second in range(len(events), len(events) + 12, 3):
        at(page, second)
        if second > len(events):
            last = second - len(events) - 1
            expect(view(page, "walks .candidate-text")).to_contain_text(f"line {last} of it")
        else:
            expect(view(page, "walks .candidate-text")).to_have_text(TRIGGER)
        seen.append(page.evaluate(tops))
    assert all(place == seen[0] for place in seen)


def test_a_text_is_appended_to_and_never_written_anew(page: Page):
    events = [mapped(), walk(0), *asked("0.0", 0, " So")]
    open_run(page, [*events, Delta("0.0", " we add", 2), Ended("stopped")])
    at(page, len(events))
    grown = view(page, "walks .candidate-text .sampled")
    expect(grown).to_have_text(" So")
    grown.evaluate("node => { window.kept = node.firstChild; }")
    at(page, len(events) + 1)
    expect(grown).to_have_text(" So we add")
    assert grown.evaluate("node => node.firstChild === window.kept")


def test_hostile_questions_and_rationales_stay_text(page: Page):
    events = [mapped(pool(q0=HOSTILE)), walk(0), *taken("0.0", 0, f" {HOSTILE}", HOSTILE[:20])]
    events += [*final("1", f" {HOSTILE}", (HOSTILE,)), Ended("answered", HOSTILE)]
    open_run(page, events)
    page.mouse.move(*point(page, 0))
    expect(view(page, "map .map-seen")).to_contain_text("<img src=x onerror=alert(1)>")
    assert view(page, "map .map-seen-text").evaluate("node => node.textContent") == HOSTILE
    assert view(page, "walks .candidate-question").evaluate("node => node.textContent") == HOSTILE
    assert HOSTILE in view(page, "walks .candidate-text").evaluate("node => node.textContent")
    cards(page, "replay").first.click()
    expect(view(page, "inspector details.exemplar")).to_have_count(1)
    nothing = "script:not([src]), img[src=x], b:has(img)"
    assert page.locator(".ts-view").locator(nothing).count() == 0


# Two forms side by side, and other widths and languages


def test_two_forms_stand_side_by_side_and_the_first_one_counts(page: Page):
    events: list[Event] = []
    for node, form in enumerate(("cot", "standard")):
        events += [Opened(str(node), (), "few_shot", form), Delta(str(node), f" {form} text", 2)]
    open_run(page, [*events, Ended("stopped")])
    both = cards(page, "replay")
    expect(both).to_have_count(2)
    first, second = (both.nth(place).bounding_box() for place in range(2))
    assert first is not None and second is not None
    assert first["y"] == second["y"] and first["x"] < second["x"]
    expect(both.first.locator(".card-counts")).to_have_text("its answer counts")
    expect(both.nth(1).locator(".card-counts")).to_be_empty()


def test_on_a_phone_the_map_stands_over_what_is_read_out_and_nothing_sticks_out(
    browse: Browse, scripted: ScriptedApp
):
    page = browse(scripted.url, viewport={"width": 390, "height": 844})
    open_run(page, whole())
    drawing, seen = (
        view(page, name).bounding_box() for name in ("map svg.map-drawing", "map .map-seen")
    )
    assert drawing is not None and seen is not None
    assert seen["y"] >= drawing["y"] + drawing["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    lefts = view(page, "walks .walk").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().x)"
    )
    assert len(set(lefts)) == 1


def test_the_picture_speaks_chinese(browse: Browse, scripted: ScriptedApp):
    page = browse(scripted.url, "/?lang=zh")
    load(room(page, "回放"), recorded(whole()))
    expect(view(page, "map .map-title")).to_have_text("题库地图：24 道题，4 类")
    expect(view(page, "walks")).to_contain_text("题目超过 60 个词")
    expect(view(page, "map .map-caption")).to_contain_text("种子 192")


def test_a_run_of_another_kind_takes_the_map_away(selected: Page):
    started = Started(
        **{f: getattr(STARTED, f) for f in STARTED.__slots__} | {"strategy": "direct"}
    )
    events = [Opened("0", (), "answer"), Delta("0", " 4", 1), Ended("answered", "4")]
    load(selected, recorded(events, started))
    expect(cards(selected, "replay")).to_have_count(1)
    for name in ("map .ts-map", "walks .ts-walks", "demonstrations .ts-demonstrations"):
        expect(view(selected, name)).to_be_hidden()


def test_a_question_that_was_taken_is_shown_from_its_head(page: Page):
    events = [mapped(), walk(0), *taken("0.0", 0, text="It is so. " * 200)]
    open_run(page, [*events, Ended("stopped")])
    candidate = view(page, "walks .candidate.taken")
    expect(candidate).to_be_visible()
    heads = candidate.evaluate(
        "node => [node.closest('.walk-body'), node].map((one) => one.getBoundingClientRect().top)"
    )
    assert abs(heads[1] - heads[0]) <= 1
