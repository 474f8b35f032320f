"""Which engine is taken, and why; and its exchange for another."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from components.texts import table
from core.engine import URL, Sampling
from core.errors import EngineUnavailable, InvalidInput, ModelError
from engines.choice import KINDS, Choice, Kind, choose
from engines.host import LocalHost
from engines.switch import Switch, maker
from tests.engines.openai_standin import Standin, lacking, serving
from tests.engines.test_host import Starts
from tests.engines.texts import gather

LACKING = EngineUnavailable("engine_packages", missing="torch")
NOTHING: Callable[[], Awaitable[None]] = lambda: asyncio.sleep(0)  # noqa: E731


def missing(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Of these kinds nothing can be had, and of all others it can."""
    for name, kind in KINDS.items():
        lacks = LACKING if name in names else None
        fake = Kind(name, kind.host, kind.models, lambda lacks=lacks: lacks)
        monkeypatch.setitem(KINDS, name, fake)


def test_an_engine_that_is_asked_for_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    missing(monkeypatch)
    assert {choose(name) for name in KINDS} == {Choice(name, "choice.asked") for name in KINDS}
    assert choose("http://127.0.0.1:8000/v1") == Choice(URL, "choice.asked")


def test_what_was_asked_for_and_cannot_be_had_is_not_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    missing(monkeypatch, "transformers")
    with pytest.raises(EngineUnavailable, match="engine_packages"):
        choose("transformers")
    with pytest.raises(InvalidInput, match="engine_unknown"):
        choose("ollama")


def test_on_zerogpu_it_is_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACES_ZERO_GPU", "1")
    assert choose(None) == Choice("transformers", "choice.zerogpu")


def test_every_kind_and_reason_has_its_words() -> None:
    reasons = {"asked", "picked", "zerogpu", "no_gpu"}
    words = {f"choice.{reason}" for reason in reasons}
    words |= {f"engine.{kind}" for kind in (*KINDS, URL)}
    assert words <= set(table("en"))


def scripted_kinds(first: Starts, second: Starts) -> dict[str, Kind]:
    def kind(name: str, starts: Starts) -> Kind:
        def host(model: str) -> LocalHost:
            if model == "nothing":
                raise ModelError("model_unknown", model=model, known="-")
            return LocalHost(model, lambda *_: Path(), starts)

        return Kind(name, host, lambda: ("small", "large"))

    return {"llama.cpp": kind("llama.cpp", first), "transformers": kind("transformers", second)}


def switch_between(first: Starts, second: Starts) -> Switch:
    kinds = scripted_kinds(first, second)
    host = kinds["llama.cpp"].make("small")
    return Switch(Choice("llama.cpp", "choice.no_gpu"), "small", host, maker("", kinds), kinds)


async def test_the_old_engine_is_left_then_closed_and_then_the_new_one_begins() -> None:
    first, second = Starts(), Starts()
    switch = switch_between(first, second)
    old = await switch.ready()
    seen: list[tuple[bool, int]] = []

    async def leave() -> None:
        seen.append((first.engines[0].alive, len(second.engines)))

    await switch.change("transformers", "large", "", leave)
    assert seen == [(True, 0)]
    assert not first.engines[0].alive
    new = await switch.ready()
    assert new is second.engines[0] and new is not old
    assert (switch.kind, switch.model, switch.status.why) == (
        "transformers",
        "large",
        "choice.picked",
    )
    await switch.close()
    assert not second.engines[0].alive


@pytest.mark.parametrize(
    ("kind", "model", "address", "code"),
    [
        ("ollama", "", "", "engine_unknown"),
        ("llama.cpp", "nothing", "", "model_unknown"),
        (URL, "", "no address", "engine_url"),
        (URL, "", "http://127.0.0.1:1/v1", "server_unreachable"),
    ],
)
async def test_what_cannot_be_had_leaves_everything_as_it_was(
    kind: str, model: str, address: str, code: str
) -> None:
    first = Starts()
    switch = switch_between(first, Starts())
    engine = await switch.ready()

    async def leave() -> None:
        raise AssertionError("nobody has to leave")

    with pytest.raises((InvalidInput, ModelError, EngineUnavailable), match=code):
        await switch.change(kind, model, address, leave)
    assert await switch.ready() is engine and first.engines[0].alive
    assert (switch.kind, switch.model, switch.status.why) == ("llama.cpp", "small", "choice.no_gpu")
    await switch.close()


async def test_who_asks_while_engines_are_exchanged_gets_the_next_one() -> None:
    second = Starts()
    switch = switch_between(Starts(), second)
    await switch.ready()
    leaving, left = asyncio.Event(), asyncio.Event()

    async def leave() -> None:
        leaving.set()
        await left.wait()

    changing = asyncio.ensure_future(switch.change("transformers", "", "", leave))
    await leaving.wait()
    asked = asyncio.ensure_future(switch.ready())
    left.set()
    await changing
    assert await asked is second.engines[0]
    await switch.close()


async def test_two_changes_at_once_are_made_one_after_the_other() -> None:
    first, second = Starts(), Starts()
    switch = switch_between(first, second)
    await switch.ready()
    await asyncio.gather(
        switch.change("transformers", "", "", NOTHING), switch.change("llama.cpp", "", "", NOTHING)
    )
    assert switch.kind == "llama.cpp"
    await switch.ready()
    assert [engine.alive for engine in first.engines] == [False, True]
    assert not any(engine.alive for engine in second.engines)
    await switch.close()


async def test_what_the_engine_in_use_cannot_do_is_told_by_one_mapping() -> None:
    switch = switch_between(Starts(), Starts())
    cannot = switch.cannot
    assert dict(cannot) == {}
    async with serving(lacking("seed", refuses=False)) as server:
        await switch.change(URL, "", server.root, NOTHING)
        assert dict(cannot) == {"seed": "cannot.seed"} and len(cannot) == 1
        await switch.ready()
        await switch.close()


async def test_after_it_was_closed_nothing_begins() -> None:
    second = Starts()
    switch = switch_between(Starts(), second)
    await switch.close()
    with pytest.raises(EngineUnavailable, match="engine_closed"):
        await switch.change("transformers", "", "", NOTHING)
    assert second.engines == []


async def test_a_real_engine_is_gone_when_the_next_one_is_there(smollm2: Path) -> None:
    choice = Choice("llama.cpp", "choice.no_gpu")
    host = KINDS["llama.cpp"].make(str(smollm2))
    switch = Switch(choice, str(smollm2), host, maker(""))
    old = await switch.ready()
    pid = old.pid  # type: ignore[attr-defined]
    async with serving(Standin()) as server:
        await switch.change(URL, "", server.root, NOTHING)
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        (sample,) = await gather(await switch.ready(), "Hi", Sampling(max_tokens=4))
        assert sample.text
    await switch.change("llama.cpp", str(smollm2), "", NOTHING)
    new = await switch.ready()
    assert switch.status.memory > 50_000_000
    (sample,) = await gather(new, "Hi", Sampling(max_tokens=4))
    assert sample.text
    await switch.close()
