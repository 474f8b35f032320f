"""The page as Hugging Face Spaces serves it: by their settings, and in a frame of theirs."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SECONDS, Browse
from tests.conftest import App

SPACES = {
    "SYSTEM": "spaces",
    "SPACE_ID": "somebody/thoughtscope",
    "SPACE_HOST": "somebody-thoughtscope.hf.space",
    "GRADIO_SERVER_NAME": "0.0.0.0",
    "GRADIO_SSR_MODE": "true",
    "GRADIO_MCP_SERVER": "true",
}
# A frame of another site's, in a browser that blocks what such frames store.
NO_STORAGE = """Object.defineProperty(window, 'localStorage', {
  get() { throw new DOMException('Access is denied for this document.', 'SecurityError'); }
});"""


@pytest.fixture(scope="module")
def space(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    running = App(tmp_path_factory.mktemp("space"), "--model", str(smollm2), **SPACES)
    yield running
    running.close()


def test_on_a_space_the_page_asks_nobody_else_either(space: App, browse: Browse):
    page = browse(space.url)  # whose faults are requests to others, too
    expect(page.locator("#question textarea")).to_be_editable()
    config = httpx.get(f"{space.url}/config", timeout=SECONDS).json()
    assert config["space_id"] is None, "or else Gradio's page asks huggingface.co about it"
    assert (config["pwa"], config["mcp_server"]) == (False, False)


def test_where_nothing_can_be_stored_the_page_works_and_forgets(space: App, browse: Browse):
    page = browse(space.url, "/?lang=zh", script=NO_STORAGE)
    expect(page.locator("#run")).to_have_text("运行")
    page.locator("#language").get_by_text("English").click()
    expect(page.locator("#run")).to_have_text("Run")
    page.locator("#theme").click()
    expect(page.locator("body")).to_have_class("dark")
    assert page.get_by_text("Error", exact=True).count() == 0
