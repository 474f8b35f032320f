"""What is llama.cpp's own in a completions server: its requests, its tokens, its counters."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from core.engine import EngineInfo, Message, Sampling, asker
from engines.llamacpp.lanes import Lanes
from engines.llamacpp.reader import LlamaReader
from engines.server.admission import Admission
from engines.server.client import Prompt, ServerEngine
from engines.server.connection import Connection
from engines.server.sse import Object, parse, part

# The server takes the last 32-bit number for "any seed".
_ANY_SEED = 2**32 - 1
# The likeliest tokens to ask for where choices are weighed: a choice that begins with none of them
# has the weight 0.
_LIKELIEST = 200


class LlamaServer(ServerEngine):
    """A llama.cpp server. Call `learn_bos` before anything is streamed."""

    _bos: tuple[int, ...] = ()

    def __init__(self, connection: Connection, info: EngineInfo, admission: Admission) -> None:
        super().__init__(connection, info, admission)
        self._lanes = Lanes()

    async def render(self, messages: Sequence[Message], prefill: str = "") -> str:
        turns = [{"role": m["role"], "content": clean(m["content"])} for m in messages]
        answer = await self._connection.post("/apply-template", {"messages": turns})
        return part(answer, "prompt", str) + prefill

    async def count(self, text: str) -> int:
        return len(await self._tokenize(text))

    async def active_slots(self) -> int:
        """How many texts the server is making now, by its own account."""
        answer = await self._connection.get("/slots")
        slots = part(parse(b'{"slots":' + answer + b"}"), "slots", list)
        return sum(part(slot, "is_processing", bool) for slot in slots)

    async def learn_bos(self) -> None:
        """Find out which token, if any, this model wants before every text."""
        props = parse(await self._connection.get("/props"))
        added = await self._pieces("", add_special=True)
        if added and added[0]["piece"] == part(props, "bos_token", str):
            self._bos = (part(added[0], "id", int),)

    async def special_tokens(self) -> tuple[str, ...]:
        """The special tokens that the chat template writes, in order of appearance."""
        turns: list[Message] = [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"role": "user", "content": "c"},
        ]
        rendered = await self.render(turns)
        plain = {token["id"] for token in await self._pieces(rendered, parse_special=False)}
        tokens = await self._pieces(rendered)
        pieces = (token["piece"] for token in tokens if token["id"] not in plain)
        return tuple(dict.fromkeys(piece for piece in pieces if isinstance(piece, str)))

    async def _prompt_tokens(self, prompt: str) -> list[int]:
        # Sent as ids, so that a template that writes the BOS itself does not get a second one.
        tokens = await self._tokenize(prompt)
        bos = list(self._bos)
        return tokens if tokens[: len(bos)] == bos else bos + tokens

    async def _tokenize(self, text: str) -> list[int]:
        body = {"content": clean(text), "add_special": False, "parse_special": True}
        tokens = part(await self._connection.post("/tokenize", body), "tokens", list)
        return [int(token) for token in tokens]

    async def _pieces(
        self, text: str, *, add_special: bool = False, parse_special: bool = True
    ) -> list[Object]:
        """Tokens as {"id", "piece"}; a piece that is no whole character is a list of bytes."""
        flags = {"add_special": add_special, "parse_special": parse_special, "with_pieces": True}
        answer = await self._connection.post("/tokenize", {"content": text, **flags})
        tokens = part(answer, "tokens", list)
        for token in tokens:  # Servers of other makes, and older ones, tell no pieces.
            part(token, "id", int)
            part(token, "piece", object)
        return tokens

    async def _detokenize(self, tokens: list[int]) -> str:
        answer = await self._connection.post("/detokenize", {"tokens": tokens})
        return part(answer, "content", str)

    def _turn(
        self, prompt: Prompt, sampling: Sampling, n: int
    ) -> AbstractAsyncContextManager[None]:
        """Short requests that share a prefix are made one at a time: see engines.llamacpp.lanes."""
        if not sampling.reuse or isinstance(prompt, str):
            return super()._turn(prompt, sampling, n)
        return self._lanes.turn(prompt, n * sampling.max_tokens, asker.get())

    def _body(self, prompt: Prompt, sampling: Sampling, n: int) -> Object:
        """Every sampler is named, since the server has defaults of its own (top_k 40 …)."""
        body: Object = {
            "prompt": prompt,
            "n": n,
            "stream": True,
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": sampling.top_k,
            "min_p": 0.0,
            "typical_p": 1.0,
            "repeat_penalty": 1.0,
            "presence_penalty": 0.0,
            "frequency_penalty": 0.0,
            "seed": (sampling.seed or 0) % _ANY_SEED,
            "stop": [clean(stop) for stop in sampling.stop],
            "preserved_tokens": self._written(sampling.stop),
            "cache_prompt": sampling.reuse,
            "timings_per_token": True,
            "return_progress": True,
        }
        if sampling.logprobs or sampling.stop:  # LlamaReader says what it needs them for.
            body["logprobs"] = _LIKELIEST if sampling.logprobs and sampling.choices else 1
        if sampling.choices:
            body["grammar"] = "root ::= " + " | ".join(map(quoted, sampling.choices))
        return body

    def _written(self, stops: Sequence[str]) -> list[str]:
        """The control tokens of the stop strings. llama.cpp writes no other into a text, and so
        would not find the string there; of what is named, it passes over what is not one token."""
        special = [t for t in self.info.special_tokens if any(t in stop for stop in stops)]
        return list(dict.fromkeys(clean(token) for token in (*special, *stops)))

    def _reader(self, prompt: Prompt, sampling: Sampling, first: int, n: int) -> LlamaReader:
        return LlamaReader(sampling, first, n, self._detokenize)


def clean(text: str) -> str:
    """`text` without lone surrogates, which no UTF-8 can carry: U+FFFD stands in their place."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def quoted(text: str) -> str:
    """`text` as a literal of a GBNF grammar."""
    return '"' + "".join(map(_escaped, clean(text))) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character.isprintable() else f"\\U{ord(character):08X}"
