"""What tests share: a real small model, a real browser, and a real app."""

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parent.parent

# Tests see only what they set: no saved choices, nobody's cache, and nothing calls out.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"


def say(words: str) -> None:
    """Told while pytest captures, since fetching takes a while."""
    print(words, file=sys.__stderr__, flush=True)


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """The small real model, fetched the way the app fetches it and kept in the app's cache."""
    from engines.models.catalogue import CATALOGUE, cache_folder
    from engines.models.download import fetch

    model = CATALOGUE["smollm2-135m"]
    say(f"\nsmollm2-135m ({model.bytes / 1e6:.0f} MB): from {cache_folder()} or fetched now")
    return fetch(model, lambda _progress: None, cancelled=threading.Event())


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium: the system's, playwright's, or one installed now (and it says so)."""
    return installed_chromium() or playwright_chromium() or apt_chromium()


def installed_chromium() -> str | None:
    return (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )


def playwright_chromium() -> str | None:
    say("\nno Chromium found: asking playwright for its own")
    command = [sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"]
    if subprocess.run(command, capture_output=True, timeout=300).returncode:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def apt_chromium() -> str:
    say("playwright could not fetch it: asking apt")
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "chromium"]):
        subprocess.run(command, check=True, capture_output=True, timeout=600)
    path = installed_chromium()
    assert path, "no Chromium could be installed; install one and run again"
    return path


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class App:
    """The app in a process of its own, as a user starts it."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"app-{self.port}.log"
        command = [sys.executable, str(ROOT / "app.py"), "--port", str(self.port), *arguments]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, env=os.environ | environment, stdout=log, stderr=log
            )
        self.wait()

    def wait(self, seconds: float = 60.0) -> None:
        """Until the page is served; each try waits for the connection itself."""
        transport = httpx.HTTPTransport(retries=0)
        gate = threading.Event()
        with httpx.Client(transport=transport, timeout=5.0) as client:
            for _ in range(int(seconds / 0.1)):
                assert self.process.poll() is None, self.log.read_text()
                try:
                    client.get(self.url).raise_for_status()
                except httpx.TransportError:
                    gate.wait(0.1)
                else:
                    return
        raise AssertionError(f"no page after {seconds} s:\n{self.log.read_text()}")

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)


@pytest.fixture(scope="session")
def app(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with the small real model."""
    running = App(tmp_path_factory.mktemp("app"), "--model", str(smollm2))
    yield running
    running.close()
