"""Replays: a recording is played back, says that it is one, and a broken one is refused."""

import json
import zlib
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from components.replays import bundled_recordings
from components.texts import table
from core.recording import MAX_BYTES
from tests.browser.acts import (
    answer,
    ask,
    card_texts,
    cards,
    chips,
    ended,
    load,
    number,
    room,
    status,
)
from tests.browser.recordings import LONG, TRIGGER, WORDS, recorded

FACE = "#replay-headline .origin"


def position(page: Page) -> float:
    return float(page.locator("#scrubber input[type=number]").input_value())


def speed(page: Page, times: str) -> None:
    page.locator("#speed").get_by_label(f"{times}×", exact=True).check()


@pytest.fixture
def loaded(page: Page) -> Page:
    """The room of replays with the recording made by hand, at its end."""
    load(room(page, "Replays"), recorded())
    expect(status(page, "replay")).to_have_text("finished: 2 of 2 paths agree")
    return page


def test_a_recording_shows_its_end_and_says_that_it_is_one(loaded: Page):
    expect(loaded.locator(FACE)).to_have_text("REPLAY · a-model · 2026-11-05")
    expect(loaded.locator(FACE)).to_be_visible()
    expect(answer(loaded, "replay")).to_have_text("42")
    assert card_texts(loaded, "replay") == [TRIGGER + "".join(WORDS)] * 2
    assert position(loaded) == LONG


def test_play_begins_anew_pause_holds_and_play_goes_on(loaded: Page):
    expect(loaded.locator("#pause")).to_be_disabled()
    speed(loaded, "5")
    loaded.locator("#play").click()
    expect(status(loaded, "replay")).to_have_text("thinking …")
    expect(loaded.locator(FACE)).to_contain_text("REPLAY")
    expect(cards(loaded, "replay").first).to_contain_text("Forty and")
    loaded.locator("#pause").click()
    expect(loaded.locator("#play")).to_be_enabled()
    held, texts = position(loaded), card_texts(loaded, "replay")
    assert 0 < held < LONG - 1
    # A look at a card goes to the server and back: what is held does not move meanwhile.
    cards(loaded, "replay").first.click()
    expect(loaded.locator("#replay-inspector h3")).to_have_text("Path 1")
    assert (position(loaded), card_texts(loaded, "replay")) == (held, texts)
    speed(loaded, "20")
    loaded.locator("#play").click()
    expect(status(loaded, "replay")).to_have_text("finished: 2 of 2 paths agree")
    expect(loaded.locator("#play")).to_be_enabled()
    assert position(loaded) == LONG


def test_the_speed_can_be_changed_while_it_plays(loaded: Page):
    speed(loaded, "0.5")
    loaded.locator("#play").click()
    expect(status(loaded, "replay")).to_have_text("thinking …")
    speed(loaded, "20")
    expect(status(loaded, "replay")).to_have_text("finished: 2 of 2 paths agree")


def test_the_scrubber_shows_any_moment_forwards_and_backwards(loaded: Page):
    for second, words in (
        (4.5, WORDS[:3]),
        (30, WORDS),
        (2.5, WORDS[:1]),
        (1, ()),
        (7.2, WORDS[:6]),
    ):
        number(loaded, "Position (seconds)", second)
        expected = TRIGGER + "".join(words)
        loaded.wait_for_function(
            """text => [...document.querySelectorAll('#replay-paths .card-text')]
                .every(card => card.textContent === text)""",
            arg=expected,
        )
        assert position(loaded) == second
    expect(status(loaded, "replay")).to_have_text("thinking …")
    number(loaded, "Position (seconds)", LONG)
    expect(status(loaded, "replay")).to_have_text("finished: 2 of 2 paths agree")
    expect(cards(loaded, "replay").first.locator("mark")).to_have_text("42")


def test_a_replay_is_read_again_and_looked_into_like_a_live_run(loaded: Page):
    chips(loaded, "replay").filter(has_text="42").click()
    expect(loaded.locator("#replay-paths .card.front")).to_have_count(2)
    number(loaded, "Count only the first paths", 1)
    expect(status(loaded, "replay")).to_have_text("finished: 1 of 1 paths agree")
    cards(loaded, "replay").nth(1).click()
    expect(loaded.locator("#replay-inspector .token")).to_have_text(["<|im_start|>"])


@pytest.mark.skipif(not bundled_recordings(), reason="no recordings ship yet")
def test_a_bundled_recording_plays_by_itself(page: Page):
    bundled = bundled_recordings()[0]
    speed(room(page, "Replays"), "0.5")
    page.get_by_label(table("en")[bundled.title], exact=True).check()
    expect(page.locator("#pause")).to_be_enabled()
    expect(status(page, "replay")).to_contain_text("thinking")
    expect(page.locator(FACE)).to_contain_text("REPLAY")
    speed(page, "20")
    expect(page.locator("#play")).to_be_enabled()
    expect(status(page, "replay")).to_contain_text("finished")


def spoilt(how: str) -> bytes:
    """A recording with a fault in a known line."""
    lines = recorded().splitlines(keepends=True)
    if how == "truncated":
        return b"".join(lines[:10])
    if how == "cut":
        return b"".join(lines[:11]) + lines[11][:20]
    if how == "edited":
        return b"".join(lines).replace(b" two", b" ten", 1)
    if how == "foreign":
        return b'{"some": "other file"}\n'
    if how == "newer":
        header = json.dumps({"thoughtscope": 9, "version": "9", "date": "2030"}).encode()[:-1]
        return header + b',"check":"%08x"}\n' % zlib.crc32(header)
    raise KeyError(how)


BROKEN = {
    "truncated": "Line 10: the recording breaks off",
    "cut": "Line 12: the recording breaks off",
    "edited": "Line 13: the recording was changed",
    "foreign": "Line 1: this is not a line",
    "newer": "Line 1: the recording has schema 9",
}


def test_a_broken_recording_is_refused_by_line_and_the_old_one_stays(
    loaded: Page, subtests: pytest.Subtests
):
    before = card_texts(loaded, "replay")
    for how, said in BROKEN.items():
        with subtests.test(how):
            load(loaded, spoilt(how), "broken.jsonl")
            expect(status(loaded, "replay")).to_contain_text(said)
            expect(loaded.locator(FACE)).to_have_text("REPLAY · a-model · 2026-11-05")
            assert card_texts(loaded, "replay") == before
    speed(loaded, "20")
    loaded.locator("#play").click()
    expect(status(loaded, "replay")).to_have_text("thinking …")
    expect(status(loaded, "replay")).to_have_text("finished: 2 of 2 paths agree")


def test_a_file_that_is_too_large_is_not_taken(loaded: Page):
    load(loaded, b"x" * (MAX_BYTES + 1), "large.jsonl")
    expect(loaded.locator("body")).to_contain_text("a recording may have at most")
    expect(loaded.locator(FACE)).to_have_text("REPLAY · a-model · 2026-11-05")


def test_a_run_that_is_downloaded_and_opened_again_shows_the_same_picture(
    page: Page, tmp_path: Path
):
    ask(page, "How many pens?")
    ended(page)
    cards(page).nth(4).click()
    expect(page.locator("#explore-inspector h3")).to_have_text("Path 5")
    with page.expect_download() as download:
        page.locator("#download").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.suffix == ".jsonl"
    load(room(page, "Replays"), path.read_bytes(), path.name)
    expect(page.locator(FACE)).to_contain_text("REPLAY · scripted ·")
    cards(page, "replay").nth(4).click()
    expect(page.locator("#replay-inspector h3")).to_have_text("Path 5")
    for view in ("paths .cards", "votes .votes-row", "inspector .sheet", "ledger .ledger"):
        live, replayed = (
            page.locator(f"#{stage}-{view}").evaluate("node => node.innerHTML")
            for stage in ("explore", "replay")
        )
        assert replayed == live, view
