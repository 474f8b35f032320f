"""A browser, pages that tolerate no fault, and the page on an engine whose texts are known."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    Request,
    expect,
    sync_playwright,
)

from benchmarks.standing import CHROMIUM
from tests.conftest import ROOT, App, free_port

# A busy machine is slow, not wrong.
SECONDS = 30.0
expect.set_options(timeout=SECONDS * 1_000)

Browse = Callable[..., Page]


class ScriptedApp(App):
    """`tests.browser.scripted_app` in a process of its own, by default without limits."""

    def __init__(self, folder: Path, **limits: int) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "scripted.log"
        module = [sys.executable, "-m", "tests.browser.scripted_app"]
        command = [*module, str(self.port), json.dumps(limits)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=os.environ | {"TMPDIR": str(folder)}, stdout=log, stderr=log
            )
        self.wait()

    def tell(self, route: str, **query: Any) -> Any:
        """Steer the engine; see the routes of `scripted_app`."""
        told = httpx.post(f"{self.url}/scripted/{route}", params=query, timeout=SECONDS)
        return told.raise_for_status().json()

    @property
    def calls(self) -> list[dict[str, Any]]:
        """What the engine has been asked, by all tests so far."""
        return list(self.tell("calls"))

    def flow(self) -> None:
        """The engine is there, and holds nothing back."""
        self.tell("engine", there=True)
        self.tell("pace")


@pytest.fixture(scope="package")
def scripted_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedApp]:
    running = ScriptedApp(tmp_path_factory.mktemp("scripted"))
    yield running
    running.close()


@pytest.fixture
def scripted(scripted_app: ScriptedApp) -> Iterator[ScriptedApp]:
    """The scripted app; whatever a test did to its engine is undone."""
    yield scripted_app
    scripted_app.flow()


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """Ends with this folder: while playwright runs, no asyncio test can."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM)
        yield running
        running.close()


class Watch:
    """Everything that must not happen in a page."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self._url = url
        self.faults: list[str] = []
        context.on("console", self._console)
        context.on("weberror", lambda error: self.faults.append(f"error: {error.error}"))
        context.on("request", self._request)
        context.on("dialog", self._dialog)

    def _console(self, message: ConsoleMessage) -> None:
        # Plotly warns by console.trace.
        if message.type in ("error", "warning", "assert", "trace"):
            self.faults.append(f"console {message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((f"{self._url}/", "data:", "blob:")):
            self.faults.append(f"request to {request.url}")

    def _dialog(self, dialog: Dialog) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()


@pytest.fixture
def browse(browser: Browser) -> Iterator[Browse]:
    """`browse(url, **options)`: a page in a profile of its own. Its faults fail the test. `script`
    is run before any of the page's own."""
    opened: list[tuple[BrowserContext, Watch]] = []

    def browse(url: str, path: str = "/", script: str = "", **options: Any) -> Page:
        settings = {"viewport": {"width": 1440, "height": 1000}, "locale": "en-US"}
        context = browser.new_context(**settings | options)
        context.set_default_timeout(SECONDS * 1_000)
        opened.append((context, Watch(context, url)))
        context.add_init_script(script)
        page = context.new_page()
        page.goto(url + path)
        expect(page.locator("#badge .who")).not_to_be_empty()
        return page

    yield browse
    for context, _watch in opened:
        context.close()
    assert [fault for _context, watch in opened for fault in watch.faults] == []


@pytest.fixture
def page(browse: Browse, scripted: ScriptedApp) -> Page:
    """The scripted app's page."""
    return browse(scripted.url)
