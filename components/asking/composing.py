"""What the prompts of a form come to before they are sent: made, counted and checked, never run.

It uses the engine if that is there, and never waits for it: without one the prompt lacks the
words of the model's template, and nobody counts.
"""

import asyncio
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from components.asking.form import Asked
from components.drafts import Costs, Counting, Draft, Preview
from core import exemplars
from core.composition import Count, Dialogue, parts_of
from core.engine import Engine, EngineHost, Message
from core.errors import InvalidInput, ThoughtscopeError
from core.exemplars import ExemplarSet
from core.params import build
from core.question import Language, Question
from core.strategy import Strategy

UNASKED = "…"
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
        try:
            question = _question(asked, language)
        except InvalidInput as error:
            return Preview(error=error.as_dict())
        engine = await self._ready()
        counting, count = self._counting(engine)
        unasked = not asked.question.strip()
        seen = Preview(fits=_fits(question), counting=counting, unasked=unasked)
        look = _Look(strategy, question, asked.params, editors, engine, count)
        try:
            seen = replace(seen, costs=await look.costs())
            return await look.composed(seen)
        except ThoughtscopeError as error:
            return replace(seen, error=error.as_dict())

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
        return "counted", partial(_counted, engine, self._counts)


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at a form."""

    strategy: Strategy
    question: Question
    params: Mapping[str, Any]
    editors: Mapping[str, str]
    engine: Engine | None
    count: Count | None

    async def composed(self, seen: Preview) -> Preview:
        """With the prompts, as far as there can be any, and what is wrong beside them. Raises
        ThoughtscopeError."""
        edited = {name: self._edited(editor) for editor, name in self.editors.items()}
        filled = {name: made for name, made in edited.items() if self._value(name).strip()}
        params: Any = build(self.strategy.params, {**self.params, **filled})
        error = self._refused()
        dialogues = self._dialogues(params)
        return replace(
            seen,
            unused=not dialogues,
            drafts=tuple([await self._made(dialogue) for dialogue in dialogues]),
            special=self.engine.info.special_tokens if self.engine else (),
            writes=getattr(params, "max_tokens", 0),
            context=self.engine.info.context if self.engine else 0,
            error=error,
        )

    async def costs(self) -> dict[str, Costs]:
        """Of every set that is edited, also of the exemplars that are switched off."""
        made = {}
        for editor, name in self.editors.items():
            edited = self._edited(editor)
            whole = replace(edited, exemplars=tuple(map(_complete, edited.exemplars)))
            tampered = tuple(exemplar.tampered for exemplar in edited.exemplars)
            of = checksum(self._value(name))
            made[editor] = Costs(of, await self._tokens(whole), tampered, edited.origin)
        return made

    async def _tokens(self, whole: ExemplarSet) -> tuple[int | None, ...]:
        """Of each exemplar, in the first of the forms; None for one that is not complete, and where
        nobody counts."""
        nobody = (None,) * len(whole.exemplars)
        if self.engine is None or self.count is None or not whole.shown:
            return nobody
        values = {**self.params, **dict.fromkeys(self.editors.values(), whole)}
        dialogues = self._dialogues(build(self.strategy.params, values))
        if not dialogues:
            return nobody
        draft = await self._made(dialogues[0])
        found = [part.tokens for part in draft.parts if part.kind == "exemplar"]
        if len(found) != len(whole.shown):  # a template that changes what is said
            return nobody
        counted = iter(found)
        return tuple(next(counted) if exemplar.on else None for exemplar in whole.exemplars)

    def _value(self, name: str) -> str:
        """An editor's value, as it came from the page."""
        given = self.params.get(name)
        return given if isinstance(given, str) else ""

    def _edited(self, editor: str) -> ExemplarSet:
        """The set of an editor, with those switched off that lack what no prompt can do without:
        a half-written one hides neither the prompt nor what the others cost. Raises
        InvalidInput."""
        value = self._value(self.editors[editor])
        if value.strip():
            return _lenient(value)
        return exemplars.matching(self.question) if editor == "exemplars" else exemplars.MATCHING

    def _dialogues(self, params: Any) -> tuple[Dialogue, ...]:
        made = self.strategy.dialogues
        return made(self.question, params) if made else ()

    async def _made(self, dialogue: Dialogue) -> Draft:
        """The prompt and its parts; without an engine as plain turns, a line between them."""
        messages = dialogue.messages
        prompt = await self.engine.render(messages) if self.engine else _plain(messages)
        return Draft(prompt, await parts_of(prompt, dialogue, self.count), dialogue.form)

    def _refused(self) -> Mapping[str, Any] | None:
        """Why the form cannot be run as it stands, as ThoughtscopeError.as_dict()."""
        try:
            params: Any = build(self.strategy.params, self.params)
            if self.strategy.check is not None:
                self.strategy.check(self.question, params)
        except InvalidInput as error:
            return error.as_dict()
        return None


async def _counted(engine: Engine, counts: dict[bytes, int], text: str) -> int:
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
    unasked = Question(UNASKED, "number", language)
    kind, spoken = asked.said_kind, asked.said_language
    return replace(unasked, kind=kind or unasked.kind, language=spoken or language)


def _fits(question: Question) -> str:
    """The id of the bundled set that fits, "" where none does."""
    try:
        fitting = exemplars.matching(question)
    except InvalidInput:
        return ""
    return next(name for name, known in exemplars.bundled().items() if known is fitting)


def _lenient(value: str) -> ExemplarSet:
    """A set, with those exemplars switched off that are not complete. Raises InvalidInput."""
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


def _plain(messages: Sequence[Message]) -> str:
    return "\n\n".join(message["content"] for message in messages)
