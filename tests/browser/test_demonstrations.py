"""Auto-CoT's form: the pool that is picked or brought, and the demonstrations that a run made."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from components.texts import table
from core.exemplars import load
from core.pool import bundled
from tests.browser.acts import choose_strategy, ended, number, pick, status
from tests.browser.conftest import ScriptedApp
from tests.browser.editing import (
    QUESTION,
    as_file,
    asked,
    counted,
    exemplar,
    open_file,
    rows,
    run_anew,
    saved,
    unfold,
)

OWN = [
    "How many wheels do seven bicycles have?",
    "How many wheels do nine bicycles have?",
    "A baker sells 12 loaves on Monday and 30 on Friday. How many is that?",
    "A baker sells 11 loaves on Tuesday and 20 on Sunday. How many is that?",
]


@pytest.fixture
def form(page: Page) -> Page:
    choose_strategy(page, "auto_cot")
    page.locator("#question textarea").fill(QUESTION)
    number(page, "Clusters, and so demonstrations (k)", 2)
    return page


def said(page: Page):
    return page.locator("#form-pool .said")


def box(page: Page):
    return page.locator("#pool-text textarea")


def own_pool(page: Page, text: str) -> None:
    pick(page, "pool", "your own")
    box(page).fill(text)


def run(page: Page) -> None:
    run_anew(page)


def test_there_are_none_until_a_run_has_made_them_and_then_it_is_said_who(
    scripted: ScriptedApp, form: Page
):
    expect(form.locator("#form-demonstrations .ex-empty")).to_contain_text("None yet.")
    own_pool(form, "\n".join(OWN))
    run(form)
    counted(form, 2, "demonstrations")
    made = asked(form, "demonstrations")
    assert set(made) <= set(OWN) and len(set(made)) == 2
    origin = form.locator("#form-demonstrations .ex-origin")
    expect(origin).to_contain_text("Written by scripted from the pool “own”")
    expect(origin).to_contain_text("k = 2, seed 192")
    prompt = str(scripted.calls[-1]["prompt"])
    assert all(question in prompt for question in made) and QUESTION in prompt


def test_they_serve_the_next_question_and_stay_as_they_are(scripted: ScriptedApp, form: Page):
    own_pool(form, "\n".join(OWN))
    run(form)
    counted(form, 2, "demonstrations")
    before = len(scripted.calls)
    form.locator("#question textarea").fill("How many are 9 + 9?")
    run(form)
    assert len(scripted.calls) == before + 1
    expect(rows(form, "demonstrations")).to_have_count(2)


def test_a_misleading_one_is_asked_with_and_stays_marked(scripted: ScriptedApp, form: Page):
    own_pool(form, "\n".join(OWN))
    run(form)
    counted(form, 2, "demonstrations")
    row = unfold(form, 1, "demonstrations")
    row.get_by_role("button", name="Write another in its place").click()
    expect(row.get_by_label("Question", exact=True)).to_be_focused()
    row.get_by_label("Question", exact=True).fill("How many legs has a cow?")
    row.get_by_label("Reasoning").fill("All cows have nine legs.")
    row.get_by_label("Answer", exact=True).fill("9")
    expect(row.locator(".ex-changed")).to_have_text("changed by hand")
    run(form)
    prompt = str(scripted.calls[-1]["prompt"])
    assert "How many legs has a cow?" in prompt and "nine legs. The answer is 9." in prompt
    assert asked(form, "demonstrations")[0] == "How many legs has a cow?"
    expect(row.locator(".ex-changed")).to_have_text("changed by hand")
    kept = load(saved(form, "demonstrations")[1])
    assert [each.tampered for each in kept.exemplars] == [True, False]
    assert kept.origin is not None and kept.origin.pool == "own"


def test_they_are_forgotten_and_loaded_again(form: Page):
    open_file(form, "#demonstrations-load", as_file(exemplar("Loaded?"), exemplar("And?")))
    counted(form, 2, "demonstrations")
    form.locator("#demonstrations-forget").click()
    expect(form.locator("#form-demonstrations .ex-empty")).to_contain_text("None yet.")
    open_file(form, "#demonstrations-load", as_file(exemplar("Loaded?"), exemplar("And?")))
    counted(form, 2, "demonstrations")
    assert asked(form, "demonstrations") == ["Loaded?", "And?"]


def test_a_refused_run_does_not_bring_them_back_over_what_was_changed(form: Page):
    own_pool(form, "\n".join(OWN))
    run(form)
    counted(form, 2, "demonstrations")
    rows(form, "demonstrations").first.locator(".ex-on").uncheck()
    form.locator("#question textarea").fill(" ")
    form.locator("#run").click()
    ended(form, "Write a question first.")
    expect(rows(form, "demonstrations").first.locator(".ex-on")).not_to_be_checked()


def test_ours_are_counted_and_run_from(form: Page):
    pick(form, "pool", "ours, Chinese")
    expect(said(form)).to_have_text(f"{len(bundled()['zh'].questions)} questions.")
    expect(box(form)).to_be_hidden()
    pick(form, "pool", "ours, English")
    run(form)
    counted(form, 2, "demonstrations")
    texts = {question.text for question in bundled()["en"].questions}
    assert set(asked(form, "demonstrations")) <= texts


def test_what_is_pasted_is_counted_with_what_is_left_out(form: Page):
    pick(form, "pool", "your own")
    expect(said(form)).to_contain_text("Write or paste questions")
    box(form).fill(f"{OWN[0]}\n\n{OWN[1]}\n{OWN[0].upper()}")
    expect(said(form)).to_have_text("2 questions. Left out: 1 repeated, 1 empty.")
    box(form).fill(OWN[0])
    expect(said(form)).to_have_text("1 question.")
    expect(form.locator("#form-demonstrations .ex-wrong")).to_contain_text("1 questions for this")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pool.txt", "\n".join(OWN)),
        ("pool.csv", "id,question\n" + "\n".join(f'{n},"{q}"' for n, q in enumerate(OWN))),
        ("pool.jsonl", "\n".join(f'{{"question": "{question}"}}' for question in OWN)),
    ],
)
def test_a_file_s_questions_are_put_where_they_can_be_edited(form: Page, name: str, content: str):
    open_file(form, "#pool-upload", content.encode(), name)
    expect(said(form)).to_have_text("4 questions.")
    expect(box(form)).to_have_value("\n".join(OWN))
    expect(form.locator("#pool input")).to_have_value("your own")
    box(form).fill("\n".join(OWN[:3]))
    expect(said(form)).to_have_text("3 questions.")
    run(form)
    counted(form, 2, "demonstrations")
    assert set(asked(form, "demonstrations")) <= set(OWN[:3])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("pool.txt", b"a\x00b", "This is no text."),
        ("pool.txt", "¿Cuántos?".encode("latin-1"), "not written in UTF-8"),
        ("pool.jsonl", b'{"question": "a?"}\n{broken', "Line 2 is broken JSON"),
        ("pool.txt", b"a question?\n" * 100_000, "100000 questions"),
        ("pool.txt", b"a question?\n" * 200_000, "2000000 are taken"),
        ("pool.txt", "".join(f"q{n}?\n" for n in range(2_001)).encode(), "2001 questions"),
        ("pool.txt", b" \n\n", "There is no question in it."),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_and_nothing_is_lost(
    form: Page, name: str, content: bytes, words: str
):
    own_pool(form, OWN[0])
    expect(said(form)).to_have_text("1 question.")
    open_file(form, "#pool-upload", content, name)
    expect(said(form)).to_contain_text(words)
    expect(said(form)).to_have_class("said wrong")
    expect(box(form)).to_have_value(OWN[0])


def test_a_pool_that_cannot_be_read_is_not_run(scripted: ScriptedApp, form: Page):
    own_pool(form, '{"question": 1}')
    expect(said(form)).to_contain_text("Line 1 has no text")
    before = len(scripted.calls)
    form.locator("#run").click()
    ended(form, "Line 1 has no text")
    assert len(scripted.calls) == before


def test_what_is_said_of_the_pool_follows_the_language(form: Page):
    own_pool(form, OWN[0])
    expect(said(form)).to_have_text("1 question.")
    form.locator("#language").get_by_label("中文").check()
    expect(said(form)).to_have_text(table("zh")["pool.question"])
    expect(box(form)).to_have_value(OWN[0])
    form.locator("#language").get_by_label("English").check()


def test_a_set_that_is_no_set_is_refused_there_too(form: Page, tmp_path: Path):
    open_file(form, "#demonstrations-load", b"[]")
    expect(status(form)).to_contain_text("not an exemplar set")
    expect(rows(form, "demonstrations")).to_have_count(0)
