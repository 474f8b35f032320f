"""Runs a strategy on a scripted engine, as `app.py run` does, and looks at what it asked."""

from collections.abc import Callable, Mapping
from typing import Any

from core.driver import Driver
from core.engine import Sampling
from core.errors import ThoughtscopeError
from core.params import build
from core.question import Kind, Language, Question
from core.run import Run
from engines.scripted import ScriptedEngine
from strategies import REGISTRY

Text = str | Callable[[str, Sampling, int], str | ThoughtscopeError]


class Asked:
    """A finished run: its answer, its trace and the calls that the engine received."""

    def __init__(self, run: Run, engine: ScriptedEngine) -> None:
        assert run.trace.ended is not None
        self.run = run
        self.trace = run.trace
        self.calls = engine.calls
        self.status = run.trace.ended.status
        self.answer = run.trace.ended.answer
        self.error = run.trace.ended.error
        self.nodes = list(run.trace.nodes.values())


async def asked(
    strategy: str,
    text: Text,
    question: str = "2 + 2?",
    kind: Kind = "number",
    language: Language = "en",
    settings: Mapping[str, Any] | None = None,
    seed: int = 7,
    reference: str = "",
    **engine: Any,
) -> Asked:
    """Ask `question`; the engine says `text`, or what `text(prompt, sampling, sample)` returns."""
    reply = (lambda *_: text) if isinstance(text, str) else text
    scripted = ScriptedEngine(reply, **engine)
    method = REGISTRY[strategy]
    params = build(method.params, settings or {})
    asking = Question(question, kind, language)
    driver = Driver(Run(scripted, seed), method, asking, params, reference)
    async for _ in driver.frames():
        pass
    return Asked(driver.run, scripted)


def turn(content: str) -> str:
    """The scripted engine's chat template around a person's turn."""
    return f"<|user|>{content}\n<|assistant|>"
