"""No network but a stand-in for the Hub, no caches and no settings but the test's own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from engines.models import job
from tests.engines.models.acts import DATA
from tests.engines.models.hub_standin import Hub, serving


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No network, no caches and no pip settings but the test's own; reports are not thinned."""
    (tmp_path / "wheels").mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path / "wheels"),
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "huggingface"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(job, "REPORT_EVERY", 0)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving() as standin:
        monkeypatch.setattr(constants, "ENDPOINT", standin.url)
        standin.files["owner/tiny/tiny.gguf"] = DATA
        yield standin


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"
