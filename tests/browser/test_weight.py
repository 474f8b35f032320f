"""What the page weighs, and that what streams is not held back to be compressed."""

import httpx
from playwright.sync_api import Browser, expect

from tests.browser.conftest import SECONDS, ScriptedApp

BOUND = 1_000_000
"""Bytes over the wire, for a visitor with an empty cache."""


def test_a_first_visit_stays_below_a_megabyte(browser: Browser, scripted: ScriptedApp):
    page = browser.new_context().new_page()
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    sizes: list[int] = []
    wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(scripted.url)
    expect(page.locator("#run")).to_be_enabled()
    page.wait_for_function("window.Plotly && document.querySelector('.ts-badge .who')")
    page.wait_for_load_state("load")
    page.context.close()
    assert 300_000 < sum(sizes) < BOUND


def test_the_page_is_compressed_and_a_stream_is_not(scripted: ScriptedApp):
    asked = {"Accept-Encoding": "gzip"}
    page = httpx.get(scripted.url, headers=asked, timeout=SECONDS)
    assert page.headers["content-encoding"] == "gzip"
    where = f"{scripted.url}/gradio_api/heartbeat/nobody"
    with httpx.stream("GET", where, headers=asked, timeout=SECONDS) as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in events.headers
