"""What people and models write is shown as it is written, and nothing of it runs."""

import pytest
from playwright.sync_api import Page, expect

from core.recording import read
from tests.browser.acts import ask, cards, chips, ended, load, pick, room, status
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


def shown(page: Page, selector: str, text: str) -> None:
    """Wait until the text is there, character by character."""
    page.wait_for_function(
        "([selector, text]) => document.querySelector(selector)?.textContent === text",
        arg=[selector, text],
    )


def test_hostile_words_are_shown_as_they_are_by_person_and_model(
    page: Page, subtests: pytest.Subtests
):
    page.get_by_role("button", name="Answer kind, prompt language, seed").click()
    pick(page, "kind", "a short text")
    for name, words in HOSTILE.items():
        with subtests.test(name):
            written_everywhere(page, words)


def written_everywhere(page: Page, words: str) -> None:
    """Ask for a text; look for it wherever a view shows it."""
    question = ECHO + words
    page.locator("#reference").get_by_role("textbox").fill(words)
    ask(page, question)
    shown(page, "#explore-headline .asked", question)
    ended(page)
    assert f" {words} The answer is {words}" in text_of(page, "#explore-paths .card-text")
    assert words[:5] in text_of(page, "#explore-headline .reference")
    # A new run has nothing selected: what is seen below is not what the last one left.
    expect(page.locator("#explore-inspector .sheet")).to_be_hidden()
    cards(page).first.click()
    expect(page.locator("#explore-inspector .sheet")).to_be_visible()
    assert question in text_of(page, "#explore-inspector pre")
    assert words in text_of(page, "#explore-inspector pre >> nth=1")
    voted = text_of(page, "#explore-headline .result strong")[:5]
    assert voted and voted in text_of(page, "#explore-votes .chip >> nth=1")
    # The chart's label is drawn by plotly, which knows some tags of its own.
    expect(page.locator("#explore-votes .yaxislayer-above")).to_contain_text(voted)
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
