"""Exemplars in the form: what a person does with them is what the engine is asked."""

import json

import pytest
from playwright.sync_api import Page, expect

from components.texts import table
from core.exemplars import bundled, load
from tests.browser.acts import (
    ask,
    cards,
    choose_strategy,
    ended,
    number,
    pick,
    status,
    tab_to,
)
from tests.browser.conftest import Browse, ScriptedApp
from tests.browser.editing import (
    QUESTION,
    as_file,
    asked,
    counted,
    exemplar,
    few_shot,
    open_file,
    pick_set,
    prompt_parts,
    rows,
    run_anew,
    saved,
    tokens,
    unfold,
    unfold_prompt,
)

OURS = [each.question for each in bundled()["arithmetic_en"].exemplars]
HOSTILE = "<img src=x onerror=alert(1)> ${alert(2)} {{7*7}} <script>alert(3)</script>"


@pytest.fixture
def form(page: Page) -> Page:
    return few_shot(page)


def run(page: Page, scripted: ScriptedApp) -> str:
    """Run; the prompt that the engine was asked with."""
    before = len(scripted.calls)
    run_anew(page)
    assert len(scripted.calls) == before + 1
    return str(scripted.calls[-1]["prompt"])


def beside(page: Page, form: str) -> None:
    """Choose a second form."""
    page.get_by_label("Side by side with").locator("visible=true").click()
    page.get_by_role("option", name=table("en")[f"option.versus.{form}"], exact=True).click()


def in_order(prompt: str, questions: list[str]) -> bool:
    places = [prompt.find(question) for question in questions]
    return -1 not in places and places == sorted(places)


def test_the_set_that_fits_the_question_is_shown_with_its_costs(page: Page):
    few_shot(page)
    assert asked(page) == OURS
    assert all(cost.isdigit() for cost in tokens(page))
    expect(page.locator(".ex-fits")).to_have_text("Now: Arithmetic · English")
    page.locator("#question textarea").fill("Is a whale a fish?")
    expect(page.locator(".ex-fits")).to_have_text("Now: Yes or no · English")
    expect(rows(page)).to_have_count(4)


def test_only_the_strategies_that_have_exemplars_show_them(page: Page):
    expect(page.locator("#demonstrations-fold")).to_be_hidden()
    choose_strategy(page, "direct")
    expect(page.locator("#exemplars-fold")).to_be_hidden()
    expect(page.locator("#prompt-fold")).to_be_hidden()
    choose_strategy(page, "few_shot_cot")
    expect(page.locator("#form-exemplars")).to_be_visible()
    expect(page.locator("#prompt-fold")).to_be_visible()
    expect(page.locator("#pool-fold")).to_be_hidden()


def test_what_is_not_touched_is_asked_as_it_was_written(scripted: ScriptedApp, form: Page):
    prompt = run(form, scripted)
    assert in_order(prompt, [*OURS, QUESTION])
    assert prompt.count("<|user|>") == 9


def test_another_set_is_picked_and_asked_with(scripted: ScriptedApp, form: Page):
    pick_set(form, "Letters · English")
    counted(form, 4)
    prompt = run(form, scripted)
    assert in_order(prompt, [each.question for each in bundled()["letters_en"].exemplars])
    assert OURS[0] not in prompt


def test_one_that_is_switched_off_keeps_its_cost_and_is_not_asked(
    scripted: ScriptedApp, form: Page
):
    cost = tokens(form)[2]
    rows(form).nth(2).locator(".ex-on").uncheck()
    expect(form.locator(".ex-count")).to_have_text("7 of 8 in the prompt")
    unfold_prompt(form)
    expect(form.locator("#form-prompt .prompt-part")).to_have_count(10)
    assert tokens(form)[2] == cost
    prompt = run(form, scripted)
    assert OURS[2] not in prompt and in_order(prompt, OURS[:2] + OURS[3:])


def test_all_switched_off_is_said_and_not_run(scripted: ScriptedApp, form: Page):
    for row in rows(form).all():
        row.locator(".ex-on").uncheck()
    expect(form.locator("#form-exemplars .ex-wrong")).to_contain_text("No exemplar is switched on")
    before = len(scripted.calls)
    form.locator("#run").click()
    ended(form, "No exemplar is switched on")
    assert len(scripted.calls) == before


def test_moving_keeps_the_focus_says_the_place_and_changes_the_prompt(
    scripted: ScriptedApp, form: Page
):
    row = rows(form).nth(1)
    row.locator(".ex-up").click()
    assert asked(form)[:2] == [OURS[1], OURS[0]]
    first = rows(form).first
    expect(first.locator(".ex-down")).to_be_focused()  # up is disabled there
    expect(first.locator(".ex-up")).to_be_disabled()
    expect(form.locator("#form-exemplars .ex-told")).to_have_text("It is now exemplar 1 of 8.")
    form.keyboard.press("Enter")
    form.keyboard.press("Enter")
    expect(rows(form).nth(2).locator(".ex-down")).to_be_focused()
    assert asked(form)[:3] == [OURS[0], OURS[2], OURS[1]]
    assert in_order(run(form, scripted), [OURS[0], OURS[2], OURS[1], OURS[3]])


def test_the_same_seed_is_the_same_order_whatever_was_before(scripted: ScriptedApp, form: Page):
    form.locator("#exemplars-seed").fill("7")
    form.locator("#exemplars-shuffle").click()
    first = asked(form)
    assert first != OURS and sorted(first) == sorted(OURS)
    form.locator("#exemplars-shuffle").click()
    assert asked(form) == first
    rows(form).first.locator(".ex-down").click()
    form.locator("#exemplars-seed").fill("8")
    form.locator("#exemplars-shuffle").click()
    assert asked(form) != first
    form.locator("#exemplars-seed").fill("7")
    form.locator("#exemplars-shuffle").click()
    assert asked(form) == first
    assert in_order(run(form, scripted), first)


def test_what_is_written_arrives_and_is_marked_as_changed_by_hand(
    scripted: ScriptedApp, form: Page
):
    row = unfold(form, 2)
    row.get_by_label("Reasoning").fill("Seventeen and more are a thousand.")
    row.get_by_label("Answer", exact=True).fill("1000")
    expect(row.locator(".ex-changed")).to_have_text("changed by hand")
    expect(form.locator("#form-exemplars .ex-changed:not(:empty)")).to_have_count(1)
    prompt = run(form, scripted)
    assert "Seventeen and more are a thousand. The answer is 1000." in prompt
    expect(form.locator("#explore-headline .notes")).to_contain_text("changed by hand")
    row.get_by_label("Answer", exact=True).fill("34")
    form.locator("#exemplars-undo").click()
    expect(form.locator("#form-exemplars .ex-changed:not(:empty)")).to_have_count(0)
    expect(form.locator("#exemplars-undo")).to_be_hidden()
    assert "1000" not in run(form, scripted)


def test_what_is_typed_last_is_in_a_run_that_is_asked_for_at_once(
    scripted: ScriptedApp, form: Page
):
    unfold(form, 1).get_by_label("Question", exact=True).fill("What was typed last?")
    assert "What was typed last?" in run(form, scripted)


def test_one_is_added_and_one_is_removed(scripted: ScriptedApp, form: Page):
    form.locator("#exemplars-add").click()
    row = rows(form).nth(8)
    expect(row.get_by_label("Question", exact=True)).to_be_focused()
    expect(form.locator("#form-exemplars .ex-wrong")).to_contain_text("Exemplar 9 has no question")
    counted_others = [cost for cost in tokens(form) if cost.isdigit()]
    assert len(counted_others) == 8
    row.get_by_label("Question", exact=True).fill("What is my own?")
    row.get_by_label("Reasoning").fill("It is mine.")
    row.get_by_label("Answer", exact=True).fill("9")
    counted(form, 9)
    expect(form.locator("#form-exemplars .ex-wrong")).to_be_empty()
    expect(row.locator(".ex-changed")).to_be_empty()
    unfold(form, 1).get_by_role("button", name="Remove").click()
    expect(rows(form)).to_have_count(8)
    expect(rows(form).first.locator(".ex-open")).to_be_focused()
    prompt = run(form, scripted)
    assert OURS[0] not in prompt
    assert "What is my own?\n<|assistant|>It is mine. The answer is 9." in prompt


def test_a_set_keeps_its_edits_while_another_is_looked_at(form: Page):
    rows(form).first.locator(".ex-on").uncheck()
    expect(form.locator("#exemplars-pick")).to_have_value("arithmetic_en")
    pick_set(form, "Yes or no · English")
    expect(rows(form)).to_have_count(4)
    pick(form, "examples", "Arithmetic · the bus")
    pick_set(form, "the one that fits the question")
    expect(rows(form).first.locator(".ex-on")).to_be_checked()
    pick_set(form, "Arithmetic · English")
    expect(rows(form).first.locator(".ex-on")).not_to_be_checked()


def test_edits_of_the_fitting_set_do_not_throw_those_before_away(form: Page):
    unfold(form, 1).get_by_label("Answer", exact=True).fill("first edit")
    pick_set(form, "the one that fits the question")
    unfold(form, 2).get_by_label("Answer", exact=True).fill("second edit")
    expect(form.locator("#exemplars-pick option")).to_have_count(8)
    pick_set(form, "your own: arithmetic")
    expect(unfold(form, 1).get_by_label("Answer", exact=True)).to_have_value("first edit")


def test_a_set_is_saved_and_loaded_as_it_was(scripted: ScriptedApp, form: Page, browse: Browse):
    unfold(form, 3).get_by_label("Answer", exact=True).fill("7000")
    rows(form).nth(3).locator(".ex-on").uncheck()
    rows(form).nth(4).locator(".ex-up").click()
    name, content = saved(form)
    assert name == "thoughtscope-exemplars-arithmetic.json"
    kept = load(content)
    assert [each.tampered for each in kept.exemplars].count(True) == 1
    assert [each.on for each in kept.exemplars].count(False) == 1
    other = browse(scripted.url)
    few_shot(other)
    open_file(other, "#exemplars-load", content)
    expect(other.locator("#exemplars-pick option:checked")).to_have_text("your own: arithmetic")
    counted(other, 8)
    assert asked(other) == asked(form)
    expect(rows(other).nth(2).locator(".ex-changed")).to_have_text("changed by hand")
    assert saved(other)[1] == content


def test_an_unfinished_one_is_saved_switched_off_so_that_the_file_opens_again(form: Page):
    form.locator("#exemplars-add").click()
    kept = load(saved(form)[1])
    assert [each.on for each in kept.exemplars] == [True] * 8 + [False]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not json", "not an exemplar set"),
        (b"\xff\xfe\x00", "not an exemplar set"),
        (b'{"thoughtscope_exemplars": 9}', "version 9"),
        (as_file(exemplar(surprise=1)), "surprise"),
        (as_file(exemplar(answer=" ")), "Exemplar 1 has no question or no answer"),
        (as_file(*[exemplar()] * 41), "too_long"),
        (b" " * 1_000_001, "1000001 bytes"),
    ],
)
def test_a_malformed_file_is_refused_and_nothing_is_lost(form: Page, content: bytes, said: str):
    unfold(form, 1).get_by_label("Answer", exact=True).fill("mine")
    open_file(form, "#exemplars-load", content)
    expect(status(form)).to_contain_text(said)
    assert asked(form) == OURS
    expect(rows(form).first.get_by_label("Answer", exact=True)).to_have_value("mine")


def test_the_prompt_is_shown_as_it_is_sent_with_its_share(scripted: ScriptedApp, form: Page):
    unfold_prompt(form)
    expect(form.locator("#form-prompt pre").nth(9)).to_have_text(QUESTION)
    names = ["Template", *(f"Exemplar {n}" for n in range(1, 9)), "The question asked", "Template"]
    assert prompt_parts(form) == names
    shown = form.locator("#form-prompt .prompt-part")
    assert not shown.nth(1).locator("pre").is_visible()
    shown.nth(1).locator("summary").click()
    expect(shown.nth(1).locator("pre")).to_contain_text(OURS[0])
    expect(shown.nth(1).locator(".token").first).to_have_text("<|assistant|>")
    whole = "".join(shown.locator("pre").evaluate_all("all => all.map(one => one.textContent)"))
    costs = [int(said.split()[0]) for said in shown.locator(".tokens").all_inner_texts()]
    assert [str(cost) for cost in costs[1:9]] == tokens(form)
    expect(form.locator(".prompt-share")).to_contain_text(f"{sum(costs)} of 2,048 tokens")
    assert whole == run(form, scripted)


def test_a_prompt_that_does_not_fit_is_said_with_the_count_before_it_is_sent(form: Page):
    number(form, "Longest text (tokens)", 1800)
    expect(form.locator("#form-exemplars .ex-wrong")).to_contain_text("tokens too many")
    unfold_prompt(form)
    expect(form.locator(".prompt-bar")).to_have_class("prompt-bar over")
    rows(form).first.locator(".ex-on").uncheck()
    number(form, "Longest text (tokens)", 400)
    expect(form.locator("#form-exemplars .ex-wrong")).to_be_empty()


def test_of_two_forms_both_prompts_are_shown_before_they_are_sent(form: Page):
    unfold_prompt(form)
    drafts = form.locator("#form-prompt .prompt-draft")
    expect(drafts).to_have_count(1)
    expect(drafts.get_by_role("heading")).to_have_count(0)
    beside(form, "standard")
    expect(drafts).to_have_count(2)
    assert drafts.get_by_role("heading").all_inner_texts() == [
        "Reasoning, then the answer (CoT)",
        "The answer alone (standard)",
    ]
    first, second = drafts.nth(0), drafts.nth(1)
    first.locator("summary").nth(1).click()
    second.locator("summary").nth(1).click()
    expect(first.locator("pre").nth(1)).to_contain_text("The answer is")
    shown = [draft.locator("pre").nth(1).inner_text() for draft in (first, second)]
    assert len(shown[0]) > len(shown[1])
    expect(second.locator(".prompt-share")).to_contain_text("of 2,048 tokens")


def test_tokens_are_counted_as_soon_as_the_model_is_there(scripted: ScriptedApp, browse: Browse):
    scripted.tell("engine", there=False)
    page = browse(scripted.url)
    choose_strategy(page, "few_shot_cot")
    page.locator("#question textarea").fill(QUESTION)
    unfold_prompt(page)
    expect(page.locator(".prompt-said")).to_contain_text("counted when the model is there")
    assert set(tokens(page)) == {"–"}
    scripted.tell("engine", there=True)
    counted(page, 8)
    expect(page.locator(".prompt-share")).to_contain_text("of 2,048 tokens")


def test_two_forms_side_by_side_are_both_asked(scripted: ScriptedApp, form: Page):
    before = len(scripted.calls)
    beside(form, "standard")
    form.locator("#run").click()
    ended(form)
    prompts = [call["prompt"] for call in scripted.calls[before:]]
    assert len(prompts) == 2
    rationale = bundled()["arithmetic_en"].exemplars[0].rationale
    assert [rationale in prompt for prompt in prompts] == [True, False]
    expect(cards(form)).to_have_count(2)


def test_the_keyboard_alone_is_enough(scripted: ScriptedApp, form: Page):
    form.locator("#question textarea").focus()
    tab_to(form, rows(form).first.locator(".ex-on"))
    form.keyboard.press("Space")
    tab_to(form, rows(form).nth(1).locator(".ex-open"))
    form.keyboard.press("Enter")
    tab_to(form, rows(form).nth(1).get_by_label("Answer", exact=True))
    form.keyboard.press("End")
    form.keyboard.type("00")
    tab_to(form, rows(form).nth(3).locator(".ex-up"))
    form.keyboard.press("Enter")
    form.keyboard.press("Enter")
    expect(rows(form).nth(1).locator(".ex-up")).to_be_focused()
    prompt = run(form, scripted)
    answer = bundled()["arithmetic_en"].exemplars[1].answer
    assert OURS[0] not in prompt and f"The answer is {answer}00." in prompt
    assert in_order(prompt, [OURS[3], OURS[1], OURS[2], OURS[4]])


def test_in_chinese_words_and_sets_follow(scripted: ScriptedApp, browse: Browse):
    page = browse(scripted.url, "/?lang=zh")
    zh = table("zh")
    page.locator("#strategy").get_by_label(zh["strategy.few_shot_cot"], exact=True).check()
    page.locator("#question textarea").fill("小明有 24 支笔，送出 7 支，还剩多少支？")
    counted(page, 8)
    expect(page.locator(".ex-fits")).to_have_text(
        zh["exemplars.chosen"].format(name=zh["exemplars.set.arithmetic_zh"])
    )
    said = page.locator("#form-exemplars").inner_text()
    assert "Shuffle" not in said and zh["exemplars.save"] in said
    row = unfold(page, 1)
    row.get_by_label(zh["exemplars.answer"], exact=True).fill("八")
    expect(row.locator(".ex-changed")).to_have_text(zh["exemplars.tampered"])
    page.locator("#language").get_by_label("English").check()
    expect(row.locator(".ex-changed")).to_have_text("changed by hand")
    expect(row.get_by_label("Answer", exact=True)).to_have_value("八")


def test_hostile_words_are_shown_as_they_are(form: Page):
    open_file(form, "#exemplars-load", as_file(exemplar(HOSTILE, HOSTILE), name=HOSTILE))
    counted(form, 1)
    assert asked(form) == [HOSTILE]
    row = unfold(form, 1)
    expect(row.get_by_label("Answer", exact=True)).to_have_value(HOSTILE)
    unfold_prompt(form)
    form.locator("#form-prompt summary").nth(1).click()
    expect(form.locator("#form-prompt pre").nth(1)).to_contain_text(HOSTILE)
    row.get_by_label("Question", exact=True).fill(f"{HOSTILE} again")
    expect(form.locator("#form-prompt pre").nth(1)).to_contain_text("again")
    assert form.locator(".ts-view").locator("img, script:not([src])").count() == 0


def test_forty_long_exemplars_are_edited_and_no_more_are_taken(form: Page):
    many = [exemplar(f"Question {n}? " + "long " * 100, str(n), on=n < 3) for n in range(40)]
    open_file(form, "#exemplars-load", as_file(*many))
    counted(form, 40)
    expect(form.locator("#exemplars-add")).to_be_disabled()
    expect(form.locator("#form-exemplars .ex-full")).to_contain_text("at most 40")
    row = unfold(form, 40)
    row.get_by_label("Question", exact=True).fill("x" * 9_000)
    assert len(row.get_by_label("Question", exact=True).input_value()) == 8_000
    assert json.loads(saved(form)[1])["exemplars"][39]["question"] == "x" * 8_000


def test_a_form_that_needs_an_equation_says_which_exemplar_lacks_one(form: Page):
    unfold(form, 4).get_by_label("Equation").fill("")
    form.get_by_label(table("en")["param.form"]).locator("visible=true").click()
    form.get_by_role("option", name=table("en")["option.form.equation"], exact=True).click()
    expect(form.locator("#form-exemplars .ex-wrong")).to_contain_text("Exemplar 4 has no equation")


def test_a_run_of_another_strategy_is_not_disturbed(page: Page):
    few_shot(page)
    ask(page, QUESTION)
    ended(page, "5 of 8 paths agree")
