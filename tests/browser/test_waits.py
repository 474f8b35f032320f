"""Budget forcing on the page: rounds, what was put in, the growth of thinking, two compared."""

import re
from itertools import pairwise

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.acts import (
    answer,
    ask,
    choose_strategy,
    ended,
    load,
    number,
    press,
    room,
    status,
    tab_to,
)
from tests.browser.conftest import Browse, ScriptedApp

PENS = "How many pens does Mia have left?"


def turns(page: Page, kind: str = "", stage: str = "explore") -> Locator:
    return page.locator(f"#{stage}-rounds .turn{f'.{kind}' if kind else ''}")


def segments(page: Page, stage: str = "explore") -> Locator:
    return page.locator(f"#{stage}-growth .growth-round")


def told(page: Page, stage: str = "explore") -> Locator:
    return page.locator(f"#{stage}-growth .growth-tales")


def think(page: Page, waits: int = 2, reference: str = "15") -> None:
    choose_strategy(page, "budget_forcing")
    number(page, "Ends held back at most", waits)
    page.locator("#reference").get_by_role("textbox").fill(reference)
    ask(page, PENS, "budget_forcing")


@pytest.fixture
def thought(page: Page) -> Page:
    """A page on which the model was made to think on twice, and was right before."""
    think(page)
    ended(page)
    return page


def test_it_thinks_in_rounds_and_what_was_put_in_is_marked(thought: Page):
    expect(answer(thought)).to_have_text("17")
    expect(turns(thought, "round")).to_have_count(3)
    expect(turns(thought, "probe")).to_have_count(2)
    expect(turns(thought, "answer")).to_have_count(1)
    first, second = turns(thought, "round").nth(0), turns(thought, "round").nth(1)
    expect(first.locator(".forced")).to_have_text(["Let's think step by step."])
    expect(second.locator(".forced")).to_have_text([re.compile("Wait$")])
    expect(second.locator(".sampled")).to_contain_text("did she really give away seven")
    # Not in another colour alone: in a box, and in another letter.
    look = "node => [getComputedStyle(node).borderLeftWidth, getComputedStyle(node).fontFamily]"
    forced, sampled = (second.locator(f".{kind}").evaluate(look) for kind in ("forced", "sampled"))
    assert forced[0] != sampled[0]
    assert forced[1] != sampled[1]


def test_the_end_that_was_held_back_is_shown_and_the_last_one_stands(thought: Page):
    rounds = turns(thought, "round")
    for number_, sign in ((0, "suppressed"), (1, "suppressed"), (2, "ended")):
        expect(rounds.nth(number_).locator(f".sign.{sign}")).to_be_visible()
    expect(rounds.nth(0).locator(".sign.suppressed del")).to_have_text("end of thinking")


def test_a_round_that_repeats_is_marked_with_the_measure(thought: Page):
    expect(turns(thought, "round").nth(2).locator(".sign.looped")).to_contain_text("100 %")
    expect(turns(thought, "round").nth(1).locator(".sign.looped")).to_have_count(0)
    expect(segments(thought).nth(2)).to_have_class(re.compile("looped"))


def test_the_chart_grows_round_by_round_and_tells_what_happened(thought: Page):
    expect(segments(thought)).to_have_count(3)
    boxes = [box for box in (each.bounding_box() for each in segments(thought).all()) if box]
    for before, after in pairwise(boxes):
        assert after["x"] == pytest.approx(before["x"] + before["width"], abs=2)
    expect(told(thought)).to_contain_text("15 → 17, right to wrong.")
    expect(told(thought)).to_contain_text("still 17, wrong.")
    expect(told(thought).locator(".growth-sum")).to_contain_text("made a right answer wrong")
    expect(told(thought).locator(".growth-tokens")).to_contain_text("apart from these, probes")
    marks = thought.locator("#explore-growth .growth-answer .verdict").all_inner_texts()
    assert marks == ["✓", "✗", "✗"]


def test_text_and_chart_grow_while_it_thinks(scripted: ScriptedApp, page: Page):
    scripted.tell("pace", words=8)
    think(page)
    first = turns(page, "round").first
    expect(first).to_have_class(re.compile("writing"))
    expect(first.locator(".sampled")).not_to_be_empty()
    expect(turns(page)).to_have_count(1)
    before = first.locator(".sampled").inner_text()
    scripted.tell("pace", words=6)
    page.wait_for_function(
        "length => document.querySelector('#explore-rounds .sampled').textContent.length > length",
        arg=len(before),
    )
    assert first.locator(".sampled").inner_text().startswith(before)
    scripted.flow()
    ended(page)
    expect(turns(page)).to_have_count(6)


def test_a_round_is_picked_in_the_text_and_in_the_chart(thought: Page):
    turns(thought, "round").nth(1).locator(".turn-head").click()
    heading = thought.locator("#explore-inspector h3")
    expect(heading).to_have_text("Round 1")
    expect(segments(thought).nth(1)).to_have_attribute("aria-pressed", "true")
    facts = thought.locator("#explore-inspector .facts")
    expect(facts).to_contain_text("of the time")
    prompt = thought.locator("#explore-inspector pre").first
    expect(prompt).to_contain_text("Wait")
    target = segments(thought).nth(0)
    tab_to(thought, target, most=120)
    thought.keyboard.press("Enter")
    expect(heading).to_have_text("Round 0")
    thought.locator("#explore-growth .growth-answer").nth(0).click()
    expect(heading).to_have_text("Answer so far")


def test_without_the_probe_nothing_is_asked_in_between(page: Page, scripted: ScriptedApp):
    choose_strategy(page, "budget_forcing")
    page.get_by_label("After each round, ask what the answer would be now").uncheck()
    asked = len(scripted.calls)
    think(page)
    ended(page)
    expect(turns(page, "probe")).to_have_count(0)
    assert len(scripted.calls) == asked + 4
    expect(told(page)).to_contain_text("was not asked")


def test_two_words_are_compared_on_one_scale(page: Page):
    choose_strategy(page, "budget_forcing")
    page.get_by_role("button", name="More settings").filter(visible=True).click()
    field = page.get_by_label("Compare with another word")
    field.fill("Hmm")
    field.press("Enter")
    think(page, waits=1)
    ended(page)
    chains = page.locator("#explore-growth .growth-chain")
    expect(chains).to_have_count(2)
    expect(chains.nth(0)).to_contain_text("Wait")
    expect(chains.nth(1)).to_contain_text("Hmm")
    left = [box["x"] for box in (each.bounding_box() for each in chains.all()) if box]
    assert left[0] == left[1]
    forced = turns(page, "round").locator(".forced").all_inner_texts()
    assert [text.replace("↵", "") for text in forced[1::2]] == ["Wait", "Hmm"]
    # The answer of the run is the first one's.
    expect(answer(page)).to_have_text("17")


@pytest.mark.parametrize("words", [8, 60])
def test_stop_keeps_what_was_thought(scripted: ScriptedApp, page: Page, words: int):
    """Inside a round, and wherever 60 words end."""
    scripted.tell("pace", words=words)
    think(page)
    expect(turns(page, "round").first.locator(".sampled")).not_to_be_empty()
    page.locator("#stop").click()
    ended(page, "stopped; what was made is kept")
    expect(turns(page, "round").first.locator(".sampled")).not_to_be_empty()
    expect(turns(page).last.locator(".sign.unfinished")).to_be_visible()
    scripted.flow()
    press(page, "#again")
    ended(page)
    expect(turns(page)).to_have_count(6)


def test_a_word_that_holds_a_control_token_is_refused_and_named(page: Page, scripted: ScriptedApp):
    asked = len(scripted.calls)
    choose_strategy(page, "budget_forcing")
    field = page.get_by_label("Word put in place of the end")
    field.fill("<|user|>")
    field.press("Enter")
    ask(page, PENS, "budget_forcing")
    expect(status(page)).to_contain_text("contains “<|user|>”")
    expect(page.locator("#question textarea")).to_have_value(PENS)
    assert len(scripted.calls) == asked


def test_in_chinese_everything_is_chinese(browse: Browse, scripted: ScriptedApp):
    page = browse(scripted.url, "/?lang=zh")
    page.locator("#strategy").get_by_label("等等").check()
    page.locator("#question textarea").fill("米娅还剩几支笔？")
    page.locator("#run").click()
    expect(page.locator("#explore-growth .growth-sum")).not_to_be_empty()
    expect(page.locator("#run")).to_be_enabled()
    expect(turns(page, "round").first.locator(".forced")).to_have_text("让我们一步一步地思考。")
    view = page.locator("#explore-growth").inner_text()
    assert set(re.findall("[A-Za-z]{3,}", view)) <= {"Wait"}


def test_narrow_it_fits(browse: Browse, scripted: ScriptedApp):
    page = browse(scripted.url, viewport={"width": 390, "height": 844})
    think(page)
    ended(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_what_the_model_writes_is_never_markup(page: Page):
    choose_strategy(page, "budget_forcing")
    hostile = '<img src=x onerror="window.pwned=1">'
    ask(page, f"Repeat after me: {hostile}", "budget_forcing")
    ended(page, re.compile("finished"))
    expect(turns(page, "round").first.locator(".sampled")).to_contain_text(hostile)
    assert page.evaluate("window.pwned") is None
    expect(page.locator("#explore-rounds img")).to_have_count(0)


def test_a_recording_of_it_is_replayed(thought: Page):
    with thought.expect_download() as download:
        thought.locator("#download").click()
    content = download.value.path().read_bytes()
    room(thought, "Replays")
    load(thought, content)
    expect(thought.locator("#replay-headline .origin")).to_contain_text("REPLAY")
    expect(turns(thought, "round", "replay")).to_have_count(3)
    expect(told(thought, "replay")).to_contain_text("15 → 17, right to wrong.")


def test_what_differs_names_the_tags_as_they_are(page: Page):
    """Gradio's Markdown leaves out what looks like a tag."""
    choose_strategy(page, "budget_forcing")
    page.get_by_role("button", name="Source, and").filter(visible=True).click()
    expect(page.get_by_text("such as <think> and </think>")).to_be_visible()
