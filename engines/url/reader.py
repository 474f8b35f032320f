"""Reading the stream of a completions server in the manner of OpenAI's, plain or of a chat."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from core.engine import Chunk, Finish, Sampling, Usage
from core.errors import EngineDied
from engines.llamacpp.tokens import log_of
from engines.server.sse import Object, part
from engines.server.weights import Step, Weighing

_FINISH: dict[str, Finish] = {"stop": "stop", "length": "length"}
# What vLLM writes for the logarithm of 0.
_LOG_ZERO = -9999.0


@dataclass(frozen=True, slots=True)
class Telling:
    """What a server tells of its work. `prompt`: the prompt's tokens, where they were counted
    before. `usage`: it counts at the end of a stream. `raw`: log-probabilities are those before a
    constraint. `chat`: its answers are messages. `special`: its control tokens."""

    prompt: int | None = None
    usage: bool = False
    raw: bool = False
    chat: bool = False
    special: tuple[str, ...] = ()


@dataclass(slots=True)
class _Sample:
    weighing: Weighing | None
    tokens: int = 0
    finish: Finish | None = None
    held: str = ""


class _Token(NamedTuple):
    text: str
    logprob: float | None
    likeliest: Sequence[tuple[str, float | None]] = ()


class OpenAIReader:
    """Turns the events of one request, for samples `first` to `first + n - 1`, into chunks."""

    def __init__(self, sampling: Sampling, first: int, n: int, telling: Telling) -> None:
        self._logprobs = sampling.logprobs and (telling.raw or not sampling.choices)
        weighed = sampling.choices if sampling.logprobs and _plain(sampling.choices) else ()
        self._samples = [_Sample(Weighing(weighed) if weighed else None) for _ in range(n)]
        self._first = first
        self._telling = telling
        self._ended: list[int] = []
        self._usage: Object = {}

    async def take(self, event: Object) -> list[Chunk]:
        """The chunks of an event. Raises EngineDied for what does not belong here."""
        if isinstance(event.get("usage"), dict):
            self._usage = event["usage"]
        chunks = [
            chunk for choice in part(event, "choices", list) for chunk in self._chunks(choice)
        ]
        return chunks + list(self._release())

    def end(self) -> list[Chunk]:
        """The ends of samples for which the server was to tell something more, and did not."""
        return self._drained()

    def _chunks(self, choice: Object) -> Iterator[Chunk]:
        index = part(choice, "index", int)
        if not 0 <= index < len(self._samples) or self._samples[index].finish:
            raise EngineDied(f"the server sent text for a sample {index} that is not open")
        sample = self._samples[index]
        tokens = _tokens(choice.get("logprobs"))
        ids = choice.get("token_ids")
        count = len(ids) if isinstance(ids, list) else len(tokens)
        self._weigh(sample, tokens)
        sample.tokens += count
        sample.finish = _finish(choice.get("finish_reason"))
        text = _whole(sample, _text(choice, chat=self._telling.chat))
        if text or count:
            yield Chunk(self._first + index, text, count, self._sum(tokens, count))
        if sample.finish:
            self._ended.append(index)

    def _sum(self, tokens: Sequence[_Token], count: int) -> float | None:
        """The log-probability of all tokens of a chunk; None where one's is not known."""
        known = [token.logprob for token in tokens if token.logprob is not None]
        told = self._logprobs and known and len(known) == count
        return math.fsum(known) if told else None

    def _weigh(self, sample: _Sample, tokens: Sequence[_Token]) -> None:
        if sample.weighing is None:
            return
        for token in tokens:
            likeliest = [self._choice(*other) for other in token.likeliest]
            sample.weighing.take(Step(*self._choice(token.text, token.logprob), likeliest))

    def _choice(self, text: str, log: float | None) -> tuple[bytes, float]:
        """A token's bytes and probability; those of a control token are none."""
        written = "" if text in self._telling.special else text
        return written.encode("utf-8", "replace"), 0.0 if log is None else math.exp(log)

    def _release(self) -> Iterator[Chunk]:
        """The ends of those samples of which all is known. Where the server counts at the end of
        the stream, the last one waits for that; all do where only it knows the prompt's tokens."""
        if all(sample.finish for sample in self._samples) and (
            self._usage or not self._telling.usage
        ):
            yield from self._drained()
        elif self._telling.prompt is not None:
            while self._ended and not all(sample.finish for sample in self._samples):
                yield self._last(self._ended.pop(0), None)

    def _drained(self) -> list[Chunk]:
        """The ends that are left; the first of them carries what was computed of the prompt."""
        ended, self._ended = self._ended, []
        computed = self._computed()
        carried = None if computed is None else 0
        return [self._last(i, carried if at else computed) for at, i in enumerate(ended)]

    def _last(self, index: int, computed: int | None) -> Chunk:
        """The chunk that ends a sample."""
        sample = self._samples[index]
        # The count of one text alone is that text's.
        alone = len(self._samples) == 1 and not sample.tokens
        tokens = _count(self._usage, "completion_tokens") if alone else 0
        weights = sample.weighing.weights if sample.weighing else None
        return Chunk(
            self._first + index,
            tokens=tokens or 0,
            finish=sample.finish,
            usage=Usage(self._prompt(), computed),
            weights=weights,
        )

    def _prompt(self) -> int | None:
        return self._telling.prompt or _count(self._usage, "prompt_tokens")

    def _computed(self) -> int | None:
        """The prompt's tokens that the server did not have already, where it tells."""
        prompt, details = self._prompt(), self._usage.get("prompt_tokens_details")
        cached = details.get("cached_tokens") if isinstance(details, dict) else None
        return prompt - cached if prompt is not None and isinstance(cached, int) else None


def _plain(choices: Sequence[str]) -> bool:
    """Whether choices can be weighed by tokens told as text: halves of characters cannot be."""
    return bool(choices) and all(choice.isascii() for choice in choices)


def _text(choice: Object, *, chat: bool) -> str:
    if not chat:
        return part(choice, "text", str)
    content = part(choice, "delta", dict).get("content")
    if content is not None and not isinstance(content, str):
        raise EngineDied("the server sent a message whose content is no text")
    return content or ""


def _whole(sample: _Sample, text: str) -> str:
    """`text` without the half of a character at its end; that of a finished text is dropped."""
    text = sample.held + text
    kept = text.rstrip("\ufffd")
    sample.held = text[len(kept) :]
    return kept


def _tokens(logprobs: object) -> list[_Token]:
    """The tokens that an event tells of: as in completions, or as in chats."""
    if not isinstance(logprobs, dict):
        return []
    if "content" in logprobs:
        return [_of_chat(entry) for entry in _list(logprobs, "content")]
    texts, logs = _list(logprobs, "tokens"), _list(logprobs, "token_logprobs")
    tops = _list(logprobs, "top_logprobs") or [None] * len(texts)
    if not len(texts) == len(logs) == len(tops):
        raise EngineDied("the server sent log-probabilities of other tokens than it sent")
    return [
        _Token(str(text), _log(log), [(str(t), _log(v)) for t, v in _dict(top).items()])
        for text, log, top in zip(texts, logs, tops, strict=True)
    ]


def _list(whole: Object, name: str) -> list[Any]:
    """A list that may be left out."""
    return [] if whole.get(name) is None else part(whole, name, list)


def _dict(top: object) -> Object:
    """An object that may be null."""
    return {} if top is None else part({"top_logprobs": top}, "top_logprobs", dict)


def _of_chat(entry: Object) -> _Token:
    text = part(entry, "token", str)
    others = _list(entry, "top_logprobs")
    likeliest = [(part(other, "token", str), _log(other.get("logprob"))) for other in others]
    return _Token(text, _log(entry.get("logprob")), likeliest)


def _log(value: object) -> float | None:
    """A log-probability, or None for that of 0. Raises EngineDied for what is none."""
    found = log_of(value)
    return None if found is None or found <= _LOG_ZERO else min(found, 0.0)


def _finish(reason: object) -> Finish | None:
    if reason is None or reason == "":
        return None
    if not isinstance(reason, str) or reason not in _FINISH:
        raise EngineDied(f"the server ended a text for an unknown reason: {str(reason)[:50]}")
    return _FINISH[reason]


def _count(whole: Object, name: str) -> int | None:
    value = whole.get(name)
    return value if isinstance(value, int) and value > 0 else None
