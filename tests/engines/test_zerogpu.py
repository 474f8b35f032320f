"""A GPU is asked for as long as the tokens may take; elsewhere nothing is changed."""

import sys
from collections.abc import Callable, Generator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from core.engine import Sampling
from core.errors import EngineError
from engines.in_process import zerogpu
from engines.in_process.zerogpu import LONGEST, SHORTEST, Work, gpu_seconds, on_gpu

PROMPT = range(400)


def work(prompt: Sequence[int], sampling: Sampling, n: int) -> Generator[Any, None, None]:
    yield from range(n)
    if n > 2:
        raise ValueError("no quota is left")


def test_the_time_grows_with_the_tokens_within_its_bounds() -> None:
    seconds = [gpu_seconds(PROMPT, Sampling(max_tokens=m), 1) for m in (1, 600, 1200, 50_000)]
    assert seconds == [SHORTEST, 51, 91, LONGEST]
    assert gpu_seconds(PROMPT, Sampling(max_tokens=600), 8) == 51, "side by side"
    assert gpu_seconds(PROMPT, Sampling(max_tokens=600), 66) == 91, "in two groups"
    assert gpu_seconds(range(8000), Sampling(max_tokens=600), 1) > 51, "a prompt takes time, too"


def test_elsewhere_work_is_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    monkeypatch.setattr(zerogpu.importlib.util, "find_spec", lambda _name: None)
    assert on_gpu(work) is work


def stand_in(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The package `spaces`, as far as it is used; returns the durations that are asked for."""
    asked: list[int] = []

    def gpu(duration: Callable[..., int]) -> Callable[[Work], Work]:
        def lend(task: Work) -> Work:
            def lent(*given: Any) -> Generator[Any, None, None]:
                asked.append(duration(*given))
                yield from task(*given)

            return lent

        return lend

    monkeypatch.setitem(sys.modules, "spaces", SimpleNamespace(GPU=gpu))
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    return asked


def test_on_zerogpu_the_time_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = stand_in(monkeypatch)
    assert list(on_gpu(work)(PROMPT, Sampling(max_tokens=600), 2)) == [0, 1]
    assert asked == [51]


def test_on_zerogpu_its_errors_are_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)
    with pytest.raises(EngineError, match="engine_zerogpu: reason=no quota is left"):
        list(on_gpu(work)(PROMPT, Sampling(), 3))
