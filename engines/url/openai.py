"""A completions server in the manner of OpenAI's, with what vLLM and others have beyond that.

What the server at hand can do is in `info.cannot` and in `Manner`: `engines.url.trials` finds out.
"""

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.engine import EngineInfo, Message, Sampling
from core.errors import EngineDied, EngineError
from engines.llamacpp.dialect import clean, quoted
from engines.server.admission import Admission
from engines.server.client import Prompt, ServerEngine, known
from engines.server.connection import Connection
from engines.server.metrics import computed, shared_block, totals
from engines.server.sse import Object, part
from engines.url.reader import OpenAIReader, Telling

# Such a server queues by itself; this only bounds what one request asks for.
SAMPLES = 256
_UNBOUNDED = 2**40
# vLLM refuses to tell more.
_LIKELIEST = 20
_CONTROL = re.compile(r"<[^<>\s]+>|\[/?[A-Z_]+\]")
EXAMPLE: tuple[Message, ...] = (
    {"role": "user", "content": "One , two . It 's\n\n  three:\t你好 🙂 <br> ..."},
    {"role": "assistant", "content": "Yes ."},
    {"role": "user", "content": "And ?"},
)

Style = Literal["structured_outputs", "grammar"]


@dataclass(slots=True)
class Manner:
    """How this server is asked. `choices`: its way of constraining a text. `named`: it takes
    samplers beyond OpenAI's, which are then all named, since it has defaults of its own. `ids`: it
    tells the ids of tokens. `usage`: it counts at the end of a stream, if asked to. `raw`:
    log-probabilities are those before a constraint. `block` and `cached` as in `Telling`."""

    choices: Style = "structured_outputs"
    named: bool = False
    ids: bool = False
    usage: bool = False
    raw: bool = False
    block: int = 0
    cached: bool = False


class OpenAIServer(ServerEngine):
    """A server that makes completions of text, and renders templates in one of two ways."""

    def __init__(self, connection: Connection, info: EngineInfo) -> None:
        super().__init__(connection, info, Admission(SAMPLES, _UNBOUNDED))
        self.manner = Manner()

    async def render(self, messages: Sequence[Message], prefill: str = "") -> str:
        answer = await self._connection.post("/apply-template", {"messages": turns(messages)})
        return part(answer, "prompt", str) + prefill

    async def count(self, text: str) -> int:
        raise EngineError("engine_cannot", feature="count")

    async def _prompt_tokens(self, prompt: str) -> Prompt:
        return clean(prompt)

    def _one_each(self, sampling: Sampling) -> bool:
        # vLLM refuses to make several greedy texts at once.
        return super()._one_each(sampling) or not sampling.temperature

    def _body(self, prompt: Prompt, sampling: Sampling, n: int) -> Object:
        body = self._asked(sampling, n) | {"prompt": prompt} | self._told(sampling)
        # llama.cpp's name for it; vLLM's is in VllmServer.
        return body | {"cache_prompt": sampling.reuse} if self.manner.named else body

    def _asked(self, sampling: Sampling, n: int) -> Object:
        """What every such server understands, and of the rest what this one does."""
        body: Object = {
            "model": self.info.model,
            "stream": True,
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
        }
        if n > 1:
            body["n"] = n
        if "seed" not in self.info.cannot:
            body["seed"] = sampling.seed
        if sampling.stop:
            body["stop"] = [clean(stop) for stop in sampling.stop]
        if self.manner.named:
            body |= {"top_k": sampling.top_k, "min_p": 0.0, "repetition_penalty": 1.0}
        elif sampling.top_k:
            body["top_k"] = sampling.top_k
        if sampling.min_tokens:
            body["min_tokens"] = sampling.min_tokens
        return body | self._constraint(sampling.choices)

    def _constraint(self, choices: Sequence[str]) -> Object:
        if not choices:
            return {}
        if self.manner.choices == "grammar":
            return {"grammar": "root ::= " + " | ".join(map(quoted, choices))}
        return {"structured_outputs": {"choice": [clean(choice) for choice in choices]}}

    def _told(self, sampling: Sampling) -> Object:
        """What the server is to tell of its work. Log-probabilities also count tokens."""
        told: Object = {}
        if "logprobs" not in self.info.cannot:
            told["logprobs"] = self._likeliest(sampling)
        return told | self._counted()

    def _likeliest(self, sampling: Sampling) -> int:
        return _LIKELIEST if sampling.logprobs and sampling.choices else 1

    def _counted(self) -> Object:
        told: Object = {}
        if self.manner.usage:
            told["stream_options"] = {"include_usage": True}
        if self.manner.ids:
            told["return_token_ids"] = True
        return told

    def _reader(self, prompt: Prompt, sampling: Sampling, first: int, n: int) -> OpenAIReader:
        return OpenAIReader(sampling, first, n, self._telling(prompt))

    def _telling(self, prompt: Prompt, *, chat: bool = False) -> Telling:
        manner, special = self.manner, self.info.special_tokens
        return Telling(
            prompt=known(prompt) or None,
            usage=manner.usage,
            raw=manner.raw,
            chat=chat,
            special=special,
            block=manner.block,
            cached=manner.cached,
        )


class VllmServer(OpenAIServer):
    """A server with vLLM's `/tokenize`, which also renders templates, and its `/detokenize`."""

    async def render(self, messages: Sequence[Message], prefill: str = "") -> str:
        return await self._text(await self._chat_tokens(messages)) + prefill

    async def count(self, text: str) -> int:
        return len(await self._tokenize(text))

    async def exact(self) -> bool:
        """Whether a rendered chat is read again as the same tokens; only then can it be continued
        as text. Raises as Connection does where there is no template."""
        tokens = await self._chat_tokens(EXAMPLE)
        return bool(tokens) and await self._tokenize(await self._text(tokens)) == tokens

    async def learn_block(self) -> None:
        """Ask in what blocks samples share a prompt, so that what is computed of it can be told."""
        self.manner.block = shared_block(await self._metrics())

    async def metrics(self) -> Mapping[str, float]:
        """As in ServerEngine, and `prompt_tokens_computed_total`: those not found in its cache."""
        answer = await self._metrics()
        return totals(answer) | computed(answer)

    async def special_tokens(self) -> tuple[str, ...]:
        """The control tokens that the template writes: names in brackets that are one token."""
        names = dict.fromkeys(_CONTROL.findall(await self.render(EXAMPLE)))
        return tuple([name for name in names if await self.count(name) == 1])

    async def _prompt_tokens(self, prompt: str) -> list[int]:
        return await self._tokenize(prompt)

    def _body(self, prompt: Prompt, sampling: Sampling, n: int) -> Object:
        body = super()._body(prompt, sampling, n)
        # Prompts with different salts share nothing that was read before.
        if sampling.reuse or not self.manner.named:
            return body
        return body | {"cache_salt": secrets.token_urlsafe(32)}

    async def _tokenize(self, text: str) -> list[int]:
        return await self._tokens({"prompt": clean(text), "add_special_tokens": False})

    async def _chat_tokens(self, messages: Sequence[Message]) -> list[int]:
        chat = {"messages": turns(messages), "add_generation_prompt": True}
        return await self._tokens(chat)

    async def _tokens(self, body: Object) -> list[int]:
        body["model"] = self.info.model
        tokens = part(await self._connection.post("/tokenize", body), "tokens", list)
        if not all(isinstance(token, int) for token in tokens):
            raise EngineDied("the server sent tokens that are no numbers")
        return tokens

    async def _text(self, tokens: list[int]) -> str:
        body = {"model": self.info.model, "tokens": tokens}
        return part(await self._connection.post("/detokenize", body), "prompt", str)


class ChatServer(OpenAIServer):
    """A server that only takes whole chats. A prompt is the chat, written out as JSON."""

    _path = "/v1/chat/completions"

    async def render(self, messages: Sequence[Message], prefill: str = "") -> str:
        if prefill:
            raise EngineError("engine_cannot", feature="continue")
        return json.dumps(turns(messages), ensure_ascii=False, indent=1)

    def _body(self, prompt: Prompt, sampling: Sampling, n: int) -> Object:
        return self._asked(sampling, n) | {"messages": _chat(prompt)} | self._told(sampling)

    def _told(self, sampling: Sampling) -> Object:
        if "logprobs" in self.info.cannot:
            return self._counted()
        return {"logprobs": True} | self._counted()

    def _telling(self, prompt: Prompt, *, chat: bool = True) -> Telling:
        return super()._telling(prompt, chat=chat)


def turns(messages: Sequence[Message]) -> list[dict[str, str]]:
    """The messages, as they can be sent."""
    return [{"role": m["role"], "content": clean(m["content"])} for m in messages]


def _chat(prompt: Prompt) -> list[Any]:
    """The messages that `render` wrote out. Raises EngineError where anything follows them."""
    try:
        chat = json.loads(str(prompt))
    except ValueError as error:
        raise EngineError("engine_cannot", feature="continue") from error
    if not isinstance(chat, list):
        raise EngineError("engine_cannot", feature="continue")
    return chat
