"""The page fits, can be operated without a mouse or eyes, and changes between light and dark."""

import pytest
from playwright.sync_api import Page, expect

from components.texts import table
from tests.browser.acts import ask, cards, ended, load, room
from tests.browser.conftest import Browse, ScriptedApp
from tests.browser.recordings import recorded

OPERATED = {
    "button",
    "checkbox",
    "combobox",
    "link",
    "radio",
    "searchbox",
    "slider",
    "spinbutton",
    "switch",
    "tab",
    "textbox",
}


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    wider: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return wider


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_is_wider_than_the_window(
    scripted: ScriptedApp, browse: Browse, width: int, language: str
):
    size = {"width": width, "height": 900}
    page = browse(scripted.url, f"/?lang={language}", viewport=size)
    expect(page.locator("#run")).to_have_text(table(language)["explore.run"])
    assert overflow(page) == 0
    page.locator("#question textarea").fill("Repeat after me: " + "unbreakable" * 40)
    page.locator("#run").click()
    expect(page.locator("#explore-headline .result strong")).not_to_be_empty()
    expect(page.locator("#run")).to_be_enabled()
    expect(page.locator("#explore-votes .point")).to_have_count(2)
    cards(page).first.locator("button").click()
    expect(page.locator("#explore-inspector h3")).not_to_be_empty()
    assert overflow(page) == 0
    load(room(page, table(language)["page.replays"]), recorded())
    expect(page.locator("#replay-votes .point")).to_have_count(2)
    assert overflow(page) == 0
    room(page, table(language)["page.about"])
    expect(page.locator(".prose-page")).to_be_visible()
    assert overflow(page) == 0


def unnamed(page: Page) -> list[str]:
    """Everything that can be operated and has no name in the accessibility tree."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    return [
        str(node["role"]["value"])
        for node in nodes
        if not node["ignored"]
        and node["role"]["value"] in OPERATED
        and not node.get("name", {}).get("value", "").strip()
    ]


def test_everything_that_can_be_operated_has_a_name(page: Page):
    for accordion in page.get_by_role("button", name="Answer kind, prompt language, seed").all():
        accordion.click()
    ask(page, "How many pens?")
    ended(page)
    cards(page).first.click()
    expect(page.locator("#explore-inspector h3")).not_to_be_empty()
    assert unnamed(page) == []
    load(room(page, "Replays"), recorded())
    expect(page.locator("#replay-votes .point")).to_have_count(2)
    assert unnamed(page) == []
    room(page, "About")
    assert unnamed(page) == []


def ground(page: Page) -> str:
    colour: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_follow_the_system_and_then_the_button(
    scripted: ScriptedApp, browse: Browse, scheme: str
):
    colours = {"light": "rgb(251, 250, 247)", "dark": "rgb(20, 21, 23)"}
    other = "dark" if scheme == "light" else "light"
    page = browse(scripted.url, color_scheme=scheme)
    assert ground(page) == colours[scheme]
    ask(page, "How many pens?")
    ended(page)
    label = page.locator("#explore-votes .ytick text").first
    ink = label.evaluate("node => getComputedStyle(node).fill")
    page.locator("#theme").click()
    assert ground(page) == colours[other]
    page.wait_for_function(
        """ink => getComputedStyle(document.querySelector('#explore-votes .ytick text')).fill
            !== ink""",
        arg=ink,
    )
    page.goto(scripted.url)
    expect(page.locator("#badge .who")).not_to_be_empty()
    page.wait_for_function(
        "colour => getComputedStyle(document.body).backgroundColor === colour", arg=colours[other]
    )


def test_on_a_phone_the_question_and_stop_stay_in_view_while_it_runs(
    scripted: ScriptedApp, browse: Browse
):
    page = browse(scripted.url, viewport={"width": 390, "height": 844})
    scripted.tell("pace", words=40)
    ask(page, "How many pens?")
    expect(cards(page)).to_have_count(8)
    expect(page.locator("#explore-headline .asked")).to_be_in_viewport()
    expect(page.locator("#stop")).to_be_in_viewport(ratio=1)
    scripted.flow()
    ended(page)


def test_the_first_page_says_what_will_be_where_nothing_is_yet(
    browse: Browse, scripted: ScriptedApp
):
    for locale, words in (("en-US", "Ask a question and press Run"), ("zh-CN", "写下问题")):
        page = browse(scripted.url, locale=locale)
        expect(page.locator("#explore-paths")).to_contain_text(words)
