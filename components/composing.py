"""What the prompt in a form comes to before it is sent: made, counted and checked, never run.

It uses the engine if that is there, and never waits for it: without one the prompt lacks the
words of the model's template, and nobody counts.
"""

import asyncio
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from components.form import Asked
from components.preview import Costs, Counting, Preview
from core import exemplars
from core.composition import Count, Dialogue, parts_of
from core.engine import Engine, EngineHost, Message
from core.errors import InvalidInput, ThoughtscopeError
from core.events import Part
from core.exemplars import ExemplarSet
from core.params import build
from core.question import Language, Question
from core.strategy import Strategy

DRAFT = "…"
"""Stands where the question will."""

AT_MOST_SECONDS = 1.0
MAX_KEPT = 4_000


class Composer:
    """Looks at forms. Texts that were counted are not counted again while the engine is the same:
    as somebody types, one part of the prompt changes."""

    def __init__(self, host: EngineHost) -> None:
        self._host = host
        self._engine: Engine | None = None
        self._counts: dict[bytes, int] = {}

    async def preview(
        self, asked: Asked, strategy: Strategy, editors: Mapping[str, str], language: Language
    ) -> Preview:
        """`editors` maps each of the strategy's editors of sets to the name of its setting."""
        draft = not asked.question.strip()
        try:
            question = _question(asked, language)
        except InvalidInput as error:
            return Preview(error=error.as_dict())
        engine = await self._ready()
        counting, count = self._counting(engine)
        seen = Preview(fits=_fits(question), counting=counting, draft=draft)
        try:
            costs = await self._costs(asked, strategy, editors, question, engine, count)
            seen = replace(seen, costs=costs)
            return await self._composed(seen, asked, strategy, question, engine, count)
        except ThoughtscopeError as error:
            return replace(seen, error=error.as_dict())

    async def _composed(
        self,
        seen: Preview,
        asked: Asked,
        strategy: Strategy,
        question: Question,
        engine: Engine | None,
        count: Count | None,
    ) -> Preview:
        """With the prompt. Raises InvalidInput where there can be none; what `check` refuses is
        told beside the prompt."""
        params: Any = build(strategy.params, asked.params)
        dialogue = strategy.dialogue(question, params) if strategy.dialogue else None
        if dialogue is None:
            return replace(seen, unused=True)
        prompt, parts = await _made(dialogue, engine, count)
        return replace(
            seen,
            prompt=prompt,
            parts=parts,
            special=engine.info.special_tokens if engine else (),
            writes=getattr(params, "max_tokens", 0),
            context=engine.info.context if engine else 0,
            error=_refused(strategy, question, params),
        )

    async def _costs(
        self,
        asked: Asked,
        strategy: Strategy,
        editors: Mapping[str, str],
        question: Question,
        engine: Engine | None,
        count: Count | None,
    ) -> dict[str, Costs]:
        """Of every set that is edited, also of the exemplars that are switched off."""
        made = {}
        for editor, name in editors.items():
            given = asked.params.get(name)
            value = given if isinstance(given, str) else ""
            edited = _edited(value, question, editor)
            whole = replace(edited, exemplars=tuple(map(_complete, edited.exemplars)))
            changed = {**asked.params, **dict.fromkeys(editors.values(), whole)}
            tokens = await self._tokens(strategy, changed, question, whole, engine, count)
            tampered = tuple(exemplar.tampered for exemplar in edited.exemplars)
            made[editor] = Costs(checksum(value), tokens, tampered, edited.origin)
        return made

    async def _tokens(
        self,
        strategy: Strategy,
        values: Mapping[str, Any],
        question: Question,
        whole: ExemplarSet,
        engine: Engine | None,
        count: Count | None,
    ) -> tuple[int | None, ...]:
        """Of each exemplar; None for one that is not complete, and where nobody counts."""
        nobody = (None,) * len(whole.exemplars)
        if engine is None or count is None or strategy.dialogue is None or not whole.shown:
            return nobody
        dialogue = strategy.dialogue(question, build(strategy.params, values))
        if dialogue is None:
            return nobody
        _prompt, parts = await _made(dialogue, engine, count)
        found = [part.tokens for part in parts if part.kind == "exemplar"]
        if len(found) != len(whole.shown):  # a template that changes what is said
            return nobody
        counted = iter(found)
        return tuple(next(counted) if exemplar.on else None for exemplar in whole.exemplars)

    async def _ready(self) -> Engine | None:
        """The engine, if it is there now."""
        if self._host.status.phase != "ready":
            return None
        try:
            engine = await asyncio.wait_for(self._host.ready(), AT_MOST_SECONDS)
        except (TimeoutError, ThoughtscopeError):  # it has just gone; the badge says why
            return None
        if engine is not self._engine:
            self._engine, self._counts = engine, {}
        return engine

    def _counting(self, engine: Engine | None) -> tuple[Counting, Count | None]:
        if engine is None:
            return "waiting", None
        if "count" in engine.info.cannot:
            return "cannot", None
        return "counted", partial(self._count, engine)

    async def _count(self, engine: Engine, text: str) -> int:
        counts = self._counts
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if key not in counts:
            if len(counts) >= MAX_KEPT:
                counts.clear()
            counts[key] = await engine.count(text)
        return counts[key]


def checksum(value: str) -> int:
    """Of a value as the page has it; `exemplars.js` makes the same one."""
    return zlib.adler32(value.encode("utf-8", "replace"))


def _question(asked: Asked, language: Language) -> Question:
    """The question; until there is one, a mark in its place, in the reader's language. Raises
    InvalidInput."""
    if asked.question.strip():
        return asked.asks()
    drafted = Question(DRAFT, "number", language)
    kind, spoken = asked.said_kind, asked.said_language
    return replace(drafted, kind=kind or drafted.kind, language=spoken or language)


def _fits(question: Question) -> str:
    """The id of the bundled set that fits, "" where none does."""
    try:
        fitting = exemplars.matching(question)
    except InvalidInput:
        return ""
    return next(name for name, known in exemplars.bundled().items() if known is fitting)


def _edited(value: str, question: Question, editor: str) -> ExemplarSet:
    """The set of an editor, with those switched off that lack what no prompt can do without; so a
    half-written one does not hide what the others cost. Raises InvalidInput."""
    if not value.strip():
        return exemplars.matching(question) if editor == "exemplars" else exemplars.MATCHING
    if len(value) > exemplars.MAX_BYTES:
        return exemplars.load(value)  # refuses it
    try:
        data = json.loads(value)
        for exemplar in data["exemplars"]:
            complete = exemplar["question"].strip() and exemplar["answer"].strip()
            exemplar["on"] = bool(exemplar["on"] and complete)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return exemplars.load(value)  # says what is wrong
    return exemplars.parse(data)


def _complete(exemplar: exemplars.Exemplar) -> exemplars.Exemplar:
    """Switched on, if it can be."""
    return replace(exemplar, on=bool(exemplar.question.strip() and exemplar.answer.strip()))


async def _made(
    dialogue: Dialogue, engine: Engine | None, count: Count | None
) -> tuple[str, tuple[Part, ...]]:
    """The prompt and its parts; without an engine as plain turns, a line between them."""
    messages = dialogue.messages
    prompt = await engine.render(messages) if engine else _plain(messages)
    return prompt, await parts_of(prompt, dialogue, count)


def _plain(messages: Sequence[Message]) -> str:
    return "\n\n".join(message["content"] for message in messages)


def _refused(strategy: Strategy, question: Question, params: Any) -> Mapping[str, Any] | None:
    """What the strategy's own check says, as ThoughtscopeError.as_dict()."""
    if strategy.check is None:
        return None
    try:
        strategy.check(question, params)
    except InvalidInput as error:
        return error.as_dict()
    return None
