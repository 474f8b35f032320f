"""Another engine, without starting the app again: what can be had, what cannot, and the switch."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import ask, card_texts, choose_strategy, ended, grown, status
from tests.browser.conftest import Browse, ScriptedApp

TRIGGER = len("Let's think step by step.")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedApp]:
    """An app of this file's own: its engine changes."""
    running = ScriptedApp(tmp_path_factory.mktemp("picker"))
    yield running
    running.close()


@pytest.fixture
def tab(alone: ScriptedApp, browse: Browse) -> Iterator[Page]:
    page = browse(alone.url)
    page.get_by_role("button", name="Engine and model").click()
    yield page
    alone.flow()
    use(page, "scripted")


def use(page: Page, model: str) -> None:
    page.locator("#model input").fill(model)
    page.locator("#model input").press("Enter")
    page.locator("#switch").click()


def who(page: Page) -> str:
    return page.locator("#badge .who").inner_text()


def test_it_says_what_can_be_had_and_what_cannot_and_why(tab: Page):
    expect(tab.locator("#badge .why")).to_have_text("no GPU for vLLM here")
    expect(tab.locator("#engine label")).to_have_text(
        ["llama.cpp, embedded", "A server at an address"]
    )
    expect(tab.locator(".ts-picker dt")).to_have_text("transformers, in this process")
    expect(tab.locator(".ts-picker dd")).to_contain_text("not installed: torch")
    expect(tab.locator("#address")).to_be_hidden()
    tab.locator("#engine").get_by_label("A server at an address").check()
    expect(tab.locator("#address")).to_be_visible()


def test_a_run_that_is_going_is_ended_in_order_and_the_next_is_the_other_engines(
    alone: ScriptedApp, tab: Page
):
    alone.tell("pace", seconds=0.05)
    ask(tab, "How many pens?")
    grown(tab, [TRIGGER] * 8)
    use(tab, "other")
    expect(tab.locator("#badge .who")).to_contain_text("other")
    ended(tab, "stopped")
    assert all(len(text) > TRIGGER for text in card_texts(tab))
    expect(tab.locator("#badge .why")).to_have_text("chosen on this page")
    alone.flow()
    ask(tab, "How many pens?")
    ended(tab, "finished: 5 of 8")
    assert who(tab).startswith("other")


def test_controls_are_those_of_the_engine_in_use(tab: Page):
    choose_strategy(tab, "self_consistency")
    weighting = tab.get_by_label("Votes", exact=True)
    expect(weighting).to_be_enabled()
    use(tab, "other")
    expect(weighting).to_be_disabled()
    use(tab, "scripted")
    expect(weighting).to_be_enabled()


@pytest.mark.parametrize(("language", "said"), [("en", "There is no model"), ("zh", "没有名为")])
def test_what_is_refused_changes_nothing(alone: ScriptedApp, tab: Page, language: str, said: str):
    if language == "zh":
        tab.locator("#language").get_by_label("中文").check()
    tab.locator("#question textarea").fill("How many pens?")
    use(tab, "<b>nothing</b> like that")
    expect(tab.locator(".ts-picker .refused")).to_contain_text("<b>nothing</b>")
    expect(tab.locator(".ts-picker .refused")).to_contain_text(said)
    expect(tab.locator("#question textarea")).to_have_value("How many pens?")
    assert who(tab).startswith("scripted")
    tab.locator("#run").click()
    expect(status(tab)).to_contain_text("5")


def test_a_server_that_is_not_there_is_said_and_the_engine_stays(alone: ScriptedApp, tab: Page):
    tab.locator("#engine").get_by_label("A server at an address").check()
    for address, said in (
        ("http://127.0.0.1:1/v1", "127.0.0.1:1"),
        ("http://key@host/v1", "THOUGHTSCOPE_API_KEY"),
        ("", "address"),
    ):
        tab.locator("#address :is(input, textarea)").fill(address)
        tab.locator("#switch").click()
        expect(tab.locator(".ts-picker .refused")).to_contain_text(said)
    assert who(tab).startswith("scripted")
    tab.locator("#engine").get_by_label("llama.cpp, embedded").check()
