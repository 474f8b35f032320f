"""Explore, on an engine whose texts are known: ask, watch, look closer, count again."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import (
    answer,
    ask,
    card_texts,
    cards,
    chips,
    ended,
    grown,
    named,
    number,
    pick,
    press,
    status,
    tab_to,
    titles,
)
from tests.browser.conftest import Browse, ScriptedApp

PENS = "How many pens does Mia have left?"
FOR_15 = ["Path 1", "Path 2", "Path 4", "Path 6", "Path 8"]


@pytest.fixture
def voted(page: Page) -> Page:
    """A page on which eight paths have voted 5, 1, 1 and one has abstained."""
    ask(page, PENS)
    ended(page)
    return page


def chip(page: Page, words: str):
    return chips(page).filter(has_text=words)


def test_eight_paths_grow_at_once_then_vote_and_answer(scripted: ScriptedApp, page: Page):
    scripted.tell("pace", words=40)
    ask(page, PENS)
    expect(cards(page)).to_have_count(8)
    expect(page.locator("#explore-paths .card.writing")).to_have_count(8)
    trigger = len("Let's think step by step.")
    grown(page, [trigger] * 8)
    expect(page.locator("#explore-headline .origin")).to_have_text("LIVE")
    before = [len(text) for text in card_texts(page)]
    scripted.tell("pace", words=40)
    grown(page, before)
    expect(page.locator("#explore-paths .card.writing")).to_have_count(8)
    scripted.flow()
    ended(page, "finished: 5 of 8 paths agree")
    expect(answer(page)).to_have_text("15")
    said = sorted(words.split("\n")[-1] for words in chips(page).all_inner_texts())
    assert said == ["15 · 5", "17 · 1", "24 · 1", "all paths", "no answer · 1"]
    expect(page.locator("#explore-votes .votes-title")).to_have_text(
        "8 of 8 paths have voted. 15 leads."
    )
    expect(page.locator("#explore-paths mark")).to_have_count(7)


def test_one_prompt_is_read_once_for_all_paths(scripted: ScriptedApp, voted: Page):
    assert scripted.calls[-1]["n"] == 8
    ledger = voted.locator("#explore-ledger .ledger")
    expect(ledger).to_contain_text("calls8")
    figures = named(ledger)
    assert int(figures["prompt tokens"]) == 8 * int(figures["of them computed"])
    assert figures["forced"] == "40"


@pytest.mark.parametrize("way", ["chip", "bar", "keyboard"])
def test_an_answer_is_picked_and_its_paths_come_forward(voted: Page, way: str):
    chosen = chip(voted, "15 · 5")
    if way == "chip":
        chosen.click()
    elif way == "keyboard":
        tab_to(voted, chosen)
        voted.keyboard.press("Enter")
    else:
        place = chips(voted).all_inner_texts().index(chosen.inner_text()) - 1
        # Plotly listens on a layer above the bars.
        box = voted.locator("#explore-votes .point path").nth(place).bounding_box()
        assert box
        voted.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(voted.locator("#explore-paths .card.front")).to_have_count(5)
    assert titles(voted, "front") == FOR_15
    assert titles(voted, "dim") == ["Path 3", "Path 5", "Path 7"]
    expect(chosen).to_have_attribute("aria-pressed", "true")
    last = voted.locator("#explore-paths .card.front").last.bounding_box()
    behind = voted.locator("#explore-paths .card.dim").first.bounding_box()
    assert last and behind and last["y"] <= behind["y"]


def test_the_keyboard_stays_where_it_was_and_lets_go_again(voted: Page):
    chosen = chip(voted, "no answer · 1")
    tab_to(voted, chosen)
    voted.keyboard.press("Enter")
    expect(voted.locator("#explore-paths .card.front .card-title")).to_have_text(["Path 7"])
    expect(chosen).to_be_focused()
    voted.keyboard.press("Enter")
    expect(voted.locator("#explore-paths .card.dim")).to_have_count(0)
    expect(chips(voted).first).to_have_attribute("aria-pressed", "true")
    expect(chosen).to_be_focused()


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_a_path_is_picked_and_shown_whole(scripted: ScriptedApp, voted: Page, way: str):
    card = cards(voted).nth(2)
    if way == "mouse":
        card.locator(".card-text").click()
    else:
        tab_to(voted, card.locator("button"))
        voted.keyboard.press("Enter")
    sheet = voted.locator("#explore-inspector")
    expect(sheet.locator("h3")).to_have_text("Path 3")
    prompt, output = sheet.locator("pre").all()
    assert prompt.evaluate("node => node.textContent") == scripted.calls[-1]["prompt"]
    expect(prompt.locator(".token")).to_have_text(["<|user|>", "<|assistant|>"])
    expect(prompt.locator(".forced")).to_have_text("Let's think step by step.")
    assert output.evaluate("node => node.textContent") == card_texts(voted)[2]
    expect(output.locator("mark")).to_have_text("17")
    facts = named(sheet)
    assert facts["answer"] == "17"
    assert facts["found"] == "after “The answer is”"
    assert facts["mean log-probability"] == "-0.500"
    assert facts["seed"] == str(scripted.calls[-1]["seed"] + 2)
    assert facts["why it ended"] == "the model ended it"
    assert facts["temperature"] == "0.7"
    assert re.fullmatch(r"\d+ sampled, 5 forced", facts["tokens"])
    assert re.fullmatch(r"\d+\.\d s", facts["time"])
    expect(card).to_have_class(re.compile(r"\bselected\b"))


def test_counting_fewer_paths_votes_again_and_asks_the_engine_nothing(
    scripted: ScriptedApp, voted: Page
):
    asked = len(scripted.calls)
    number(voted, "Count only the first paths", 3)
    expect(chips(voted)).to_contain_text(["all paths", "· ", "· ", "no answer · 0"])
    expect(chip(voted, "15 · 2")).to_have_count(1)
    expect(status(voted)).to_have_text("finished: 2 of 3 paths agree")
    assert titles(voted, "dim") == [f"Path {n}" for n in range(4, 9)]
    voted.locator("#explore-first input[type=range]").focus()
    for _ in range(4):
        voted.keyboard.press("ArrowRight")
    expect(status(voted)).to_have_text("finished: 4 of 7 paths agree")
    assert len(scripted.calls) == asked


def test_another_weight_or_rule_votes_again_and_asks_the_engine_nothing(
    scripted: ScriptedApp, voted: Page
):
    asked = len(scripted.calls)
    pick(voted, "explore-weighting", "weighed by probability")
    expect(chip(voted, "15 · 3.03")).to_have_count(1)
    expect(voted.locator("#explore-votes .votes-axis")).to_contain_text("probabilities")
    pick(voted, "explore-weighting", "one path, one vote")
    pick(voted, "explore-rule", "the last one in the text")
    expect(chip(voted, "15 · 5")).to_have_count(1)
    pick(voted, "explore-rule", "the first one in the text")
    expect(chip(voted, "15 · 5")).to_have_count(0)
    pick(voted, "explore-rule", "as in the run")
    expect(chip(voted, "15 · 5")).to_have_count(1)
    assert len(scripted.calls) == asked


def test_what_stands_beside_a_new_run_is_how_it_is_read(voted: Page):
    pick(voted, "explore-weighting", "weighed by probability")
    expect(chip(voted, "15 · 3.03")).to_have_count(1)
    number(voted, "Count only the first paths", 3)
    expect(chip(voted, "15 · 1.21")).to_have_count(1)
    voted.locator("#run").click()
    expect(voted.locator("#explore-votes .votes-title")).to_contain_text("8 of 8")
    ended(voted)
    expect(chip(voted, "15 · 5")).to_have_count(1)
    expect(voted.locator("#explore-weighting input")).to_have_value("as in the run")
    expect(voted.locator("#explore-first input[type=number]")).to_have_value("8")


def test_direct_answers_in_one_stage(page: Page):
    ask(page, PENS, "direct")
    ended(page)
    expect(page.locator("#explore-paths .card-title")).to_have_text(["Answer"])
    expect(cards(page).locator(".forced")).to_have_text("The answer (arabic numerals) is")
    expect(answer(page)).to_have_text("15")
    expect(page.locator("#explore-votes")).to_be_hidden()


def test_chain_of_thought_streams_its_rationale_and_then_reads_the_answer(
    scripted: ScriptedApp, page: Page
):
    scripted.tell("pace", words=8)
    ask(page, PENS, "zero_shot_cot")
    expect(page.locator("#explore-paths .card-title")).to_have_text(["Rationale"])
    grown(page, [len("Let's think step by step.")])
    scripted.flow()
    ended(page)
    expect(page.locator("#explore-paths .card-title")).to_have_text(["Rationale", "Answer"])
    expect(cards(page).nth(1).locator(".forced")).to_contain_text("Therefore, the answer")
    cards(page).nth(1).click()
    prompt = page.locator("#explore-inspector pre").first
    expect(prompt).to_contain_text("Let's think step by step.")
    assert prompt.evaluate("node => node.textContent") == scripted.calls[-1]["prompt"]
    assert scripted.calls[-1]["prompt"].startswith(scripted.calls[-2]["prompt"])


def test_a_trigger_of_ones_own_is_put_into_the_models_mouth(scripted: ScriptedApp, page: Page):
    ask(page, PENS, "zero_shot_cot")
    ended(page)
    trigger = page.get_by_label("Trigger (choose or write one)").locator("visible=true")
    trigger.fill("Let's be brief.")
    trigger.press("Enter")
    page.locator("#run").click()
    expect(cards(page).first.locator(".forced")).to_have_text("Let's be brief.")
    ended(page)
    assert "Let's be brief." in scripted.calls[-1]["prompt"]


def test_stop_ends_the_run_keeps_its_text_and_lets_one_run_again(scripted: ScriptedApp, page: Page):
    scripted.tell("pace", words=80)
    ask(page, PENS)
    grown(page, [len("Let's think step by step.")] * 8)
    page.locator("#stop").click()
    ended(page, "stopped; what was made is kept")
    kept = card_texts(page)
    assert len(kept) == 8 and all(len(text) > 25 for text in kept)
    assert scripted.calls[-1]["closed"]
    expect(page.locator("#stop")).to_be_disabled()
    expect(page.locator("#explore-paths .card-foot").first).to_have_text("not finished")
    scripted.flow()
    page.locator("#run").click()
    ended(page, "finished: 5 of 8")


def test_the_same_seed_gives_the_same_texts_and_another_seed_others(
    scripted: ScriptedApp, voted: Page
):
    first, seed = card_texts(voted), scripted.calls[-1]["seed"]
    asked = len(scripted.calls)
    press(voted, "#again")
    ended(voted)
    assert card_texts(voted) == first
    assert [call["seed"] for call in scripted.calls[asked:]] == [seed]
    press(voted, "#run")
    ended(voted)
    assert card_texts(voted) != first


def test_an_example_fills_the_form_and_its_answer_marks_right_and_wrong(page: Page):
    pick(page, "examples", "Arithmetic · pens and notebooks")
    expect(page.locator("#question textarea")).to_have_value(re.compile("Mia buys 3 packs"))
    expect(page.locator("#reference").get_by_role("textbox")).to_have_value("15")
    page.locator("#run").click()
    ended(page)
    expect(page.locator("#explore-headline .verdict")).to_have_text("✓")
    assert page.locator("#explore-paths .verdict").all_inner_texts().count("✓") == 5
    assert page.locator("#explore-paths .verdict").all_inner_texts().count("✗") == 2


def test_an_empty_question_is_not_run(scripted: ScriptedApp, page: Page):
    asked = len(scripted.calls)
    ask(page, "  \n ")
    ended(page, "Write a question first.")
    assert len(scripted.calls) == asked


def test_a_run_asked_for_early_starts_by_itself(scripted: ScriptedApp, browse: Browse):
    scripted.tell("engine", there=False)
    page = browse(scripted.url)
    expect(page.locator("#badge .state")).to_have_text("loading the model")
    ask(page, PENS)
    expect(status(page)).to_contain_text("the run starts by itself")
    expect(page.locator("#run")).to_be_disabled()
    scripted.tell("engine", there=True)
    ended(page, "finished: 5 of 8")
    expect(page.locator("#badge .state")).to_have_text("idle")


def test_waiting_for_the_engine_can_be_stopped(scripted: ScriptedApp, browse: Browse):
    asked = len(scripted.calls)
    scripted.tell("engine", there=False)
    page = browse(scripted.url)
    ask(page, PENS)
    expect(status(page)).to_contain_text("the run starts by itself")
    page.locator("#stop").click()
    ended(page, "stopped")
    scripted.tell("engine", there=True)
    assert len(scripted.calls) == asked
    page.locator("#run").click()
    ended(page, "finished: 5 of 8")


def test_the_engine_s_log_is_one_click_away_while_it_runs(page: Page):
    """And is shown as it is."""
    log = page.locator("#badge .log", has_text="engine log")
    expect(log).to_have_count(1)
    expect(log.locator("pre")).to_be_hidden()
    log.locator("summary").click()
    expect(log.locator("pre")).to_have_text(
        "the engine is up\n<img src=x onerror=alert(1)> ${alert(2)} {{alert(3)}}"
    )
    expect(page.locator("#badge .log", has_text="cannot do")).to_be_hidden()
