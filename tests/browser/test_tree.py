"""Tree of Thoughts in the browser: it grows, is opened, followed, asked about and continued."""

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.acts import answer, ask, ended, load, number, pick, room, status
from tests.browser.conftest import ScriptedApp
from tests.browser.scripted_tree import NOT_LEFT
from tests.conftest import ROOT

PUZZLE = "4 9 10 13"
FIRST = "13 - 9 = 4 (left: 4 4 10)"


def items(page: Page, stage: str = "explore") -> Locator:
    return page.locator(f"#{stage}-tree [role=treeitem]")


def item(page: Page, words: str, stage: str = "explore") -> Locator:
    """The first box whose label begins so."""
    return items(page, stage).filter(has_text=words).first


def pane(page: Page, label: str, stage: str = "explore") -> Locator:
    return page.locator(f"#{stage}-inspector pre[aria-label='{label}']")


@pytest.fixture
def searched(page: Page) -> Page:
    """A search that has found its answer."""
    ask(page, PUZZLE, "tree_of_thoughts")
    ended(page)
    return page


def test_the_tree_grows_while_it_is_searched_and_ends_in_a_checked_answer(
    page: Page, scripted: ScriptedApp
):
    scripted.tell("pace", words=20)
    ask(page, PUZZLE, "tree_of_thoughts")
    expect(items(page)).to_have_count(1)
    expect(page.locator("#explore-tree")).to_contain_text("writing")
    scripted.flow()
    ended(page)
    expect(answer(page)).to_contain_text("= 24")
    expect(page.locator("#explore-headline .verdict")).to_have_text("✓")
    assert items(page).count() > 10
    expect(page.locator("#explore-outcome .outcome-summary")).to_contain_text(
        "The top state is right."
    )
    expect(page.locator("#explore-paths .card")).to_have_count(0)


def test_a_state_tells_its_path_its_prompts_and_every_judgement(searched: Page):
    item(searched, FIRST).click()
    expect(pane(searched, "The path so far")).to_have_text(f"{PUZZLE}\n1. {FIRST}")
    expect(pane(searched, "Prompt for this thought")).to_contain_text(f"Numbers: {PUZZLE}")
    expect(pane(searched, "What the model wrote")).to_contain_text(NOT_LEFT)
    expect(pane(searched, "Prompt of the judge")).to_contain_text("4 4 10")
    expect(pane(searched, "Every judgement, and the sum")).to_contain_text("20 + 20 + 20 = 60")


def test_what_breaks_the_rules_is_shown_with_its_reason(searched: Page):
    item(searched, NOT_LEFT).click()
    facts = searched.locator("#explore-inspector .facts")
    expect(facts).to_contain_text("it uses a number that is not left")
    expect(pane(searched, "Every judgement, and the sum")).to_have_count(0)


def test_the_tree_is_explored_by_keyboard_alone(searched: Page):
    items(searched).first.focus()
    searched.keyboard.press("ArrowRight")
    searched.keyboard.press("ArrowDown")
    focused = searched.locator("#explore-tree [role=treeitem]:focus")
    expect(focused).to_have_attribute("aria-level", "2")
    searched.keyboard.press("Enter")
    expect(focused).to_have_attribute("aria-selected", "true")
    expect(searched.locator("#explore-inspector h3")).to_have_text("State")
    count = items(searched).count()
    searched.keyboard.press("Home")
    searched.keyboard.press("ArrowLeft")
    expect(items(searched).first).to_have_attribute("aria-expanded", "false")
    searched.wait_for_function(
        """before => [...document.querySelectorAll('#explore-tree [role=treeitem]')]
          .filter(box => box.offsetParent !== null).length < before""",
        arg=count,
    )


def test_the_solver_tells_how_good_the_judge_was(searched: Page):
    table = searched.locator("#explore-outcome table")
    expect(table).to_be_hidden()
    searched.locator("#explore-outcome input").check()
    expect(table.locator("caption")).to_have_text("How good was the judge?")
    # The scripted judge is right about all: nothing dead is kept while something alive is there.
    dead = table.locator("tbody tr").nth(1).locator("td")
    expect(dead.nth(0)).to_have_text("0")
    expect(dead.nth(1)).not_to_have_text("0")


def test_a_thought_written_by_hand_is_searched_on_from_and_both_branches_stay(searched: Page):
    before = items(searched).count()
    item(searched, FIRST).click()
    searched.get_by_role("button", name="Continue by hand").click()
    expect(searched.locator("#thought textarea")).to_have_value(FIRST)
    searched.locator("#thought textarea").fill("10 + 4 = 14")
    searched.locator("#byhand-go").click()
    expect(item(searched, "10 + 4 = 14")).to_be_visible()
    ended(searched)
    assert items(searched).count() > before
    expect(item(searched, FIRST)).to_be_visible()
    expect(searched.locator("#explore-tree")).to_contain_text("written by a person")


def test_a_thought_that_breaks_the_rules_is_refused_and_stays_in_its_box(searched: Page):
    item(searched, FIRST).click()
    searched.get_by_role("button", name="Continue by hand").click()
    expect(searched.locator("#thought textarea")).to_have_value(FIRST)
    before = items(searched).count()
    searched.locator("#thought textarea").fill("8 + 8 = 16")
    searched.locator("#byhand-go").click()
    expect(status(searched)).to_contain_text("is refused: it uses a number that is not left")
    expect(searched.locator("#thought textarea")).to_have_value("8 + 8 = 16")
    expect(items(searched)).to_have_count(before)
    expect(searched.locator("#run")).to_be_enabled()


def test_an_edit_while_a_search_runs_is_refused(page: Page, scripted: ScriptedApp):
    scripted.tell("pace", words=20)
    ask(page, PUZZLE, "tree_of_thoughts")
    items(page).first.click()
    page.get_by_role("button", name="Continue by hand").click()
    expect(page.locator("#thought textarea")).to_have_value(PUZZLE)
    page.locator("#thought textarea").fill("10 + 4 = 14")
    page.locator("#byhand-go").click()
    expect(status(page)).to_contain_text("A run is already going on in this tab.")
    expect(page.locator("#thought textarea")).to_have_value("10 + 4 = 14")
    scripted.flow()
    ended(page)


def test_stop_keeps_the_tree(page: Page, scripted: ScriptedApp):
    before = len(scripted.calls)
    scripted.tell("pace", words=200)
    ask(page, PUZZLE, "tree_of_thoughts")
    expect(item(page, FIRST)).to_be_visible()
    page.locator("#stop").click()
    ended(page, "stopped")
    expect(item(page, FIRST)).to_be_visible()
    made = scripted.calls[before:]
    assert made and all(call["closed"] for call in made)


def saved(page: Page, selector: str) -> Path:
    with page.expect_download() as download:
        page.locator(selector).click()
    return download.value.path()


def test_the_run_and_its_graph_are_downloaded_and_the_run_is_replayed(searched: Page):
    states = items(searched).count()
    graph = json.loads(saved(searched, "#graph-json").read_text(encoding="utf-8"))
    assert sum(node["kind"] == "state" for node in graph["nodes"]) == states
    assert ElementTree.parse(saved(searched, "#graphml")).getroot().tag.endswith("graphml")
    drawing = ElementTree.parse(saved(searched, "#explore-tree .tree-save")).getroot()
    assert drawing.tag.endswith("svg")
    assert "13 - 9 = 4" in "".join(drawing.itertext())
    recording = saved(searched, "#download").read_bytes()
    load(room(searched, "Replays"), recording)
    expect(items(searched, "replay")).to_have_count(states)
    expect(searched.locator("#replay-headline .origin")).to_contain_text("REPLAY")


def test_the_puzzles_and_the_papers_settings_are_one_click_away(page: Page):
    page.locator("#strategy").get_by_label("Tree of Thoughts", exact=True).check()
    number(page, "Puzzle, from easy (1) to hard (1,362)", 1)
    number(page, "Puzzle, from easy (1) to hard (1,362)", 2)
    expect(page.locator("#question textarea")).to_have_value("2 3 4 6")
    page.locator("#paper-tree_of_thoughts").click()
    kept = page.get_by_role("spinbutton", name="number input for States kept at each depth")
    expect(kept).to_have_value("5")
    page.locator("#own-tree_of_thoughts").click()
    expect(kept).to_have_value("2")


def test_an_example_of_a_task_brings_the_strategy_and_its_task(page: Page):
    pick(page, "examples", "Mini crossword · no. 1")
    expect(page.locator("#question textarea")).to_have_value(re.compile(r"^h1\. "))
    expect(page.locator("#reference input, #reference textarea").first).to_have_value(
        "APPLE RELAX ERASE NICER ALERT"
    )
    expect(page.locator("#strategy").get_by_label("Tree of Thoughts", exact=True)).to_be_checked()
    task = page.get_by_role("combobox", name="Task")
    expect(task).to_have_value("mini crossword")
    pick(page, "examples", "Arithmetic · the bus")
    expect(task).to_have_value("any question, in steps")


def test_the_crosswords_of_a_file_are_offered(page: Page):
    page.locator("#strategy").get_by_label("Tree of Thoughts", exact=True).check()
    file = (ROOT / "assets" / "crosswords.json").read_bytes()
    offer(page, file)
    expect(page.locator("#question textarea")).to_have_value(re.compile(r"^h1\. "))
    expect(page.get_by_role("combobox", name="Crossword", exact=True)).to_be_visible()


def offer(page: Page, content: bytes) -> None:
    """Open a file of crosswords."""
    with page.expect_file_chooser() as chooser:
        page.locator("#crosswords").click()
    file = {"name": "c.json", "mimeType": "application/json", "buffer": content}
    chooser.value.set_files(file)  # type: ignore[arg-type]


def test_a_crossword_file_that_is_malformed_is_refused_and_nothing_typed_is_lost(page: Page):
    page.locator("#strategy").get_by_label("Tree of Thoughts", exact=True).check()
    page.locator("#question textarea").fill("kept")
    offer(page, b'[[["clue"], []]]')
    expect(status(page)).to_contain_text("This is not a file of mini crosswords")
    expect(page.locator("#question textarea")).to_have_value("kept")


def test_four_numbers_that_are_none_are_refused_and_the_tree_stays(searched: Page):
    states = items(searched).count()
    ask(searched, "1 2 3", "tree_of_thoughts")
    expect(status(searched)).to_contain_text("Four numbers are needed; 3 were found.")
    expect(searched.locator("#run")).to_be_enabled()
    expect(searched.locator("#question textarea")).to_have_value("1 2 3")
    expect(items(searched)).to_have_count(states)
