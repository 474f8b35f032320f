"""Tabs do not know of each other, and a closed one costs the engine nothing."""

from playwright.sync_api import Page, expect

from tests.browser.acts import ask, card_texts, cards, ended, grown
from tests.browser.conftest import Browse, ScriptedApp

TRIGGER = len("Let's think step by step.")


def lengths(page: Page) -> list[int]:
    return [len(text) for text in card_texts(page)]


def test_two_tabs_progress_at_once_and_neither_sees_the_others_run(
    scripted: ScriptedApp, page: Page
):
    other = page.context.new_page()
    other.goto(scripted.url)
    scripted.tell("pace", seconds=0.02)
    ask(page, "How many pens?")
    grown(page, [TRIGGER] * 8)
    ask(other, "Repeat after me: quite another thing", "direct")
    expect(cards(other)).to_contain_text(["quite another"])
    before = lengths(page)
    grown(page, before)
    scripted.flow()
    ended(page, "finished: 5 of 8")
    ended(other)
    expect(page.locator("#explore-headline .asked")).to_have_text("How many pens?")
    expect(other.locator("#explore-headline .asked")).to_contain_text("quite another thing")
    expect(cards(page)).to_have_count(8)
    expect(cards(other)).to_have_count(1)
    assert "quite another" not in page.content()


def test_closing_a_tab_in_mid_run_frees_the_engine_and_spares_the_other_tab(
    scripted: ScriptedApp, page: Page, browse: Browse
):
    watching = browse(scripted.url)
    scripted.tell("pace", seconds=0.05)
    ask(watching, "How many pens?")
    grown(watching, [TRIGGER] * 8)
    ask(page, "How many pens has the other?")
    grown(page, [TRIGGER] * 8)
    closed = [call["closed"] for call in scripted.calls[-2:]]
    assert closed == [False, False]
    page.close()
    # The tab that stays asks the engine for its calls until the closed tab's is at its end.
    watching.wait_for_function(
        """async () => {
          const asked = await fetch('scripted/calls', { method: 'POST' });
          return (await asked.json()).at(-1).closed;
        }"""
    )
    assert not scripted.calls[-2]["closed"]
    scripted.flow()
    ended(watching, "finished: 5 of 8")


def test_closing_a_tab_that_waits_for_the_engine_asks_nothing_later(
    scripted: ScriptedApp, page: Page, browse: Browse
):
    asked = len(scripted.calls)
    scripted.tell("engine", there=False)
    ask(page, "How many pens?")
    expect(page.locator("#explore-headline .status")).to_contain_text("starts by itself")
    page.close()
    stays = browse(scripted.url)
    scripted.tell("engine", there=True)
    ask(stays, "How many pens has the other?")
    ended(stays)
    prompts = [call["prompt"] for call in scripted.calls[asked:]]
    assert len(prompts) == 1 and "the other" in prompts[0]
