"""The app and a browser in one process, so that both ends of the wire share a clock."""

import asyncio
import shutil
import threading
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from playwright.async_api import Browser, Page, async_playwright

from app import lifespan
from components.page import Page as AppPage
from engines.host import LocalHost
from engines.llamacpp.engine import LlamaCpp
from strategies import REGISTRY

CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

T = TypeVar("T")


class Standing:
    """`url` of the page, the engine behind it, and the server's event `loop`."""

    def __init__(self, host: LocalHost) -> None:
        self.host = host
        self.page = AppPage(REGISTRY, self.host)
        self.loop: asyncio.AbstractEventLoop | None = None
        self._known = threading.Event()

    async def start(self) -> None:
        """Serve the page and wait for the engine."""
        blocks = self.page.blocks.queue(default_concurrency_limit=None)
        _app, self.url, _share = blocks.launch(
            prevent_thread_lock=True,
            quiet=True,
            app_kwargs={"lifespan": self._lifespan(), **self.page.app_options},
            **self.page.launch_options,
        )
        await asyncio.to_thread(self._known.wait)
        self._engine = await self.on_server(self.host.ready())

    @property
    def engine(self) -> LlamaCpp:
        """The embedded engine, where it is that one."""
        assert isinstance(self._engine, LlamaCpp)
        return self._engine

    async def on_server(self, work: Awaitable[T]) -> T:
        """Await something on the server's own loop, to which its engine belongs."""

        async def whole() -> T:
            return await work

        assert self.loop is not None
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(whole(), self.loop))

    def stop(self) -> None:
        self.page.blocks.close(verbose=False)
        self.page.close()

    def _lifespan(self) -> Any:
        inner = lifespan(self.host)

        @asynccontextmanager
        async def live(app: object) -> AsyncGenerator[None, None]:
            self.loop = asyncio.get_running_loop()
            self._known.set()
            async with inner(app):
                yield

        return live


@asynccontextmanager
async def standing(host: LocalHost) -> AsyncGenerator[tuple[Standing, Browser], None]:
    """The app with this engine, and a browser."""
    app = Standing(host)
    await app.start()
    try:
        async with browser() as chromium:
            yield app, chromium
    finally:
        await asyncio.to_thread(app.stop)


@asynccontextmanager
async def browser() -> AsyncGenerator[Browser, None]:
    """A headless Chromium, the system's if there is one."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM
        )
        yield chromium
        await chromium.close()


async def opened(chromium: Browser, url: str) -> Page:
    """A new tab with the page, ready to be used."""
    page = await chromium.new_page(viewport={"width": 1440, "height": 900})
    await page.goto(url)
    await page.wait_for_selector("#run:enabled")
    return page


async def ask(page: Page, question: str, seed: int, max_tokens: int, paths: int = 8) -> None:
    """Fill the form for self-consistency, and run it."""
    await fill(page, question, seed, max_tokens, paths)
    await page.click("#run")


async def fill(page: Page, question: str, seed: int, max_tokens: int, paths: int = 8) -> None:
    """Fill the form for self-consistency."""
    await page.fill("#question textarea", question)
    if not await page.locator("#seed input").is_visible():
        await page.get_by_role("button", name="Answer kind").click()
    await page.fill("#seed input", str(seed))
    await page.get_by_label("number input for Longest path (tokens)").fill(str(max_tokens))
    await page.get_by_label("number input for Paths").fill(str(paths))
    await page.keyboard.press("Tab")
