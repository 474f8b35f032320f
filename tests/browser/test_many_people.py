"""Several people at one page that lets one run go at a time: the line, and what each may have."""

import itertools
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from components.texts import table, texts
from tests.browser.acts import ask, card_texts, cards, ended, status
from tests.browser.conftest import Browse, ScriptedApp
from tests.browser.test_language import speak

EN, ZH = texts("en"), texts("zh")
NEXT = EN("explore.line.next")
RUN, HOUR = 200, 250
Visit = Callable[..., Page]


def place(number: int) -> str:
    return EN("explore.line", place=number, before=number - 1)


@pytest.fixture(scope="module")
def hosted_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedApp]:
    folder = tmp_path_factory.mktemp("hosted")
    running = ScriptedApp(folder, at_once=1, runs=1, run_tokens=RUN, hour_tokens=HOUR, tabs=20)
    yield running
    running.close()


@pytest.fixture
def hosted(hosted_app: ScriptedApp) -> Iterator[ScriptedApp]:
    yield hosted_app
    hosted_app.flow()


_addresses = (f"203.0.113.{number}" for number in itertools.count(1))


@pytest.fixture
def visit(hosted: ScriptedApp, browse: Browse) -> Visit:
    """`visit()`: the page of somebody who was not here before; or who was, with an `address`."""

    def visit(address: str | None = None, path: str = "/", **options: object) -> Page:
        told = {"X-Forwarded-For": address or next(_addresses)}
        return browse(hosted.url, path, extra_http_headers=told, **options)

    return visit


@pytest.fixture
def going(hosted: ScriptedApp, visit: Visit) -> Page:
    """Somebody's run, which is made and held."""
    page = visit()
    hosted.tell("pace", words=8)
    ask(page, "How many pens?")
    expect(page.locator("#explore-paths .card.writing")).to_have_count(8)
    return page


def test_the_place_is_shown_and_moves(hosted: ScriptedApp, visit: Visit, going: Page):
    second, third, fourth = visit(), visit(), visit()
    for page, said in ((second, NEXT), (third, place(2)), (fourth, place(3))):
        ask(page, "How many pens?", "direct")
        expect(status(page)).to_have_text(said)
        expect(page.locator("#stop")).to_be_enabled()
        expect(page.locator("#run")).to_be_disabled()
    for page in (going, fourth):
        expect(page.locator("#badge .state")).to_contain_text(EN("badge.line", n=3))
    second.locator("#stop").click()
    expect(status(second)).to_have_text(EN("headline.stopped"))
    expect(second.locator("#run")).to_be_enabled()
    expect(status(third)).to_have_text(NEXT)
    expect(status(fourth)).to_have_text(place(2))
    third.close()  # closing a tab that waits
    expect(status(fourth)).to_have_text(NEXT)
    going.close()  # closing a tab whose run is made
    expect(status(fourth)).to_contain_text("thinking")
    hosted.flow()
    ended(fourth)
    expect(fourth.locator("#badge .state")).not_to_contain_text("in line")


def test_the_place_is_told_in_the_readers_language(visit: Visit, going: Page):
    page = visit()
    ask(page, "How many pens?", "direct")
    expect(status(page)).to_have_text(NEXT)
    speak(page, "zh")
    expect(status(page)).to_have_text(ZH("explore.line.next"))
    expect(page.locator("#badge .state")).to_contain_text(ZH("badge.line", n=1))
    page.locator("#stop").click()
    expect(status(page)).to_have_text(ZH("headline.stopped"))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_second_run_of_a_person_is_refused_and_the_question_stays(
    hosted: ScriptedApp, visit: Visit, language: str
):
    address = next(_addresses)
    first, second = visit(address), visit(address, f"/?lang={language}")
    expect(second.locator("#run")).to_have_text(table(language)["explore.run"])
    hosted.tell("pace", words=8)
    ask(first, "How many pens?")
    expect(first.locator("#explore-paths .card.writing")).to_have_count(8)
    asked = len(hosted.calls)
    second.locator("#question textarea").fill("How many pens?")
    second.locator("#run").click()
    expect(status(second)).to_have_text(texts(language)("error.limit_runs", limit=1))
    expect(second.locator("#question textarea")).to_have_value("How many pens?")
    expect(second.locator("#run")).to_be_enabled()
    assert len(hosted.calls) == asked
    hosted.flow()
    expect(first.locator("#run")).to_be_enabled()
    second.locator("#run").click()
    expect(second.locator("#explore-paths .card")).to_have_count(8)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_who_has_had_the_tokens_keeps_what_was_made_and_is_told_when_there_are_more(
    visit: Visit, language: str
):
    text = texts(language)
    page = visit(path=f"/?lang={language}")
    expect(page.locator("#run")).to_have_text(text("explore.run"))
    run = page.locator("#run")
    page.locator("#question textarea").fill("How many pens?")
    for said in (
        text("error.limit_run_tokens", limit=RUN, made=RUN),
        text("error.limit_hour_tokens", limit=HOUR),
    ):
        run.click()
        expect(status(page)).to_have_text(text("headline.failed", reason=said))
        expect(run).to_be_enabled()
        expect(cards(page)).to_have_count(8)
        assert all(card_texts(page))
        with page.expect_download() as download:
            page.locator("#download").click()
        assert download.value.suggested_filename.endswith(".jsonl")
    made = card_texts(page)
    run.click()
    # An hour after the end of the minute in which they were made, which was just now.
    words = [text("error.limit_hour", limit=HOUR, minutes=minutes) for minutes in (60, 61)]
    expect(status(page)).to_have_text(re.compile("|".join(map(re.escape, words))))
    expect(page.locator("#question textarea")).to_have_value("How many pens?")
    expect(run).to_be_enabled()
    assert card_texts(page) == made


@pytest.mark.parametrize("width", [390, 1440])
def test_the_line_fits_on_the_page(visit: Visit, going: Page, width: int):
    page = visit(viewport={"width": width, "height": 900})
    ask(page, "How many pens?", "direct")
    expect(status(page)).to_be_in_viewport()
    expect(status(page)).to_have_text(NEXT)
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wider) == 0
