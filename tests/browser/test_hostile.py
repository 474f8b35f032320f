"""What people and models write is shown as it is written, and nothing of it runs."""

import pytest
from playwright.sync_api import Page, expect

from core.recording import read
from tests.browser.acts import answer, ask, cards, chips, ended, load, pick, room, status
from tests.browser.recordings import recorded
from tests.browser.scripted_app import ECHO

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "template": "${alert(1)}",
    "braces": "{{7*7}}",
    "image": "<img src=x onerror=alert(1)>",
    "thought": "<think>hm</think> 7",
    "markup": "<b>bold</b> &lt;i&gt; [a](http://example.org) ![b](http://example.org/b.png)",
    "controls": "a\x01b\x07c\x1b[31md\x7fe\u2028f",
    "right-to-left": "\u202eevil\u202c \u0634\u0643\u0631\u0627 \u2066x\u2069",
    "emoji": "👩‍👩‍👧 é \U0001f9e0\ufe0f 𝟜",
}


def text_of(page: Page, selector: str) -> str:
    found: str = page.locator(selector).first.evaluate("node => node.textContent")
    return found


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_words_are_shown_as_they_are_by_person_and_model(page: Page, words: str):
    page.get_by_role("button", name="Answer kind, prompt language, seed").click()
    pick(page, "kind", "a short text")
    page.locator("#reference").get_by_role("textbox").fill(words)
    question = ECHO + words
    ask(page, question)
    ended(page)
    assert text_of(page, "#explore-headline .asked") == question
    assert f" {words} The answer is {words}" in text_of(page, "#explore-paths .card-text")
    assert words[:5] in text_of(page, "#explore-headline .reference")
    cards(page).first.click()
    expect(page.locator("#explore-inspector h3")).to_have_text("Path 1")
    assert question in text_of(page, "#explore-inspector pre")
    assert words in text_of(page, "#explore-inspector pre >> nth=1")
    voted = answer(page).evaluate("node => node.textContent")
    assert voted
    assert voted[:5] in text_of(page, "#explore-votes .chip >> nth=1")
    # The chart's label is drawn by plotly, which knows some tags of its own.
    labels = page.locator("#explore-votes .ytick text").evaluate_all(
        "labels => labels.map(label => label.textContent).join('|')"
    )
    assert voted[:5] in labels
    nothing = "script:not([src]), img[src=x], b, think, a[href*=example]"
    assert page.locator(".ts-view").locator(nothing).count() == 0


def test_a_question_that_does_not_fit_is_refused_with_both_counts_and_kept(page: Page):
    question = "many words " * 5_000
    page.locator("#question textarea").fill(question)
    page.locator("#run").click()
    ended(page, "failed: The prompt has")
    expect(status(page)).to_contain_text("1648 fit beside the answer")
    expect(page.locator("#question textarea")).to_have_value(question)


def test_a_hostile_recording_is_shown_as_it_is(page: Page):
    words = "<img src=x onerror=alert(1)> ${alert(2)} {{7*7}}"
    content = recorded(question=words, model=words, words=(words, " The answer is 42."))
    assert read(content).started.model == words
    load(room(page, "Replays"), content, "<b>.jsonl")
    expect(page.locator("#replay-headline .origin")).to_contain_text(words)
    assert text_of(page, "#replay-headline .asked") == words
    assert words in text_of(page, "#replay-paths .card-text")
    expect(chips(page, "replay")).to_have_count(3)
    assert page.locator(".ts-view img").count() == 0
