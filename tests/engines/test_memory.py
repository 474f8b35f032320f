"""A machine with too little memory for the embedded engine: less room is tried, and said."""

from pathlib import Path
from typing import Any

import pytest

from core.errors import EngineUnavailable
from engines.llamacpp import host as llamacpp
from tests.engines.test_host import Mortal

# What llama.cpp logged when its memory was limited.
SHORT = "E ggml_aligned_malloc: insufficient memory (attempted to allocate 596.53 MB)"


class Machine:
    """Starts engines as long as they have room for `fits` tokens or fewer."""

    def __init__(self, fits: int, reason: str = SHORT) -> None:
        self.fits = fits
        self.reason = reason
        self.tried: list[int] = []
        self.said: list[tuple[str, int]] = []

    async def start(self, _path: Path, _name: str, *, pool: int, **_: Any) -> Mortal:
        status = self.host.status
        self.said.append((status.detail, status.context))
        self.tried.append(pool)
        if pool > self.fits:
            raise EngineUnavailable("engine_start", reason=self.reason)
        return Mortal(lambda *_: "text")

    def hosted(self, monkeypatch: pytest.MonkeyPatch, model: Path) -> Any:
        monkeypatch.setattr(llamacpp.LlamaCpp, "start", self.start)
        self.host = llamacpp.embedded(str(model))
        return self.host


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF")
    return path


async def test_less_room_is_tried_and_said(monkeypatch: pytest.MonkeyPatch, model: Path) -> None:
    machine = Machine(fits=4096)
    host = machine.hosted(monkeypatch, model)
    await host.ready()
    assert machine.tried == [16384, 8192, 4096]
    assert machine.said == [("", 0), ("badge.smaller", 8192), ("badge.smaller", 4096)]
    assert host.status.context == 4096
    await host.close()


async def test_a_machine_that_is_too_small_is_said_to_be(
    monkeypatch: pytest.MonkeyPatch, model: Path
) -> None:
    host = Machine(fits=0, reason="exit status -9").hosted(monkeypatch, model)
    with pytest.raises(EngineUnavailable, match="engine_no_memory") as caught:
        await host.ready()
    assert caught.value.fields == {"model": "model", "device": "CPU", "context": 2048}
    await host.close()


async def test_what_has_another_cause_is_not_tried_again(
    monkeypatch: pytest.MonkeyPatch, model: Path
) -> None:
    machine = Machine(fits=0, reason="no magic")
    host = machine.hosted(monkeypatch, model)
    with pytest.raises(EngineUnavailable, match="engine_start"):
        await host.ready()
    assert machine.tried == [16384]
    await host.close()
