"""A stand-in for an OpenAI-compatible server, which can lack each feature, or fail.

Its model is a function: a text is made of words chosen by a digest of prompt and seed. A token is a
byte, so that most characters are split over several; a control token is one.
"""

import ast
import asyncio
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from engines.url.engine import Place, place

Body = dict[str, Any]
Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
SPECIAL = ("<|user|>", "<|assistant|>", "<|end|>")
WORDS = ("the sea", "a light", "two", "你好", "🚀", "naïve", "and", "then it", "was.", "龘")
CONTEXT = 4096
EVERYTHING = frozenset(
    {
        *("completions", "chat", "n", "seed", "stop", "top_k", "logprobs", "structured_outputs"),
        *("min_tokens", "usage", "ids", "tokenize", "template", "context", "cached"),
    }
)
# What a body may hold, and the feature without which it is ignored, or refused.
OPTIONS = {
    "n": "n",
    "seed": "seed",
    "stop": "stop",
    "logprobs": "logprobs",
    "top_k": "top_k",
    "min_p": "top_k",
    "repetition_penalty": "top_k",
    "min_tokens": "min_tokens",
    "structured_outputs": "structured_outputs",
    "grammar": "grammar",
    "stream_options": "usage",
    "return_token_ids": "ids",
    "cache_salt": "top_k",
}


def tokens_of(text: str) -> list[int]:
    """Bytes, and one number for each control token."""
    for number, name in enumerate(SPECIAL):
        if name in text:
            before, _, after = text.partition(name)
            return [*tokens_of(before), 256 + number, *tokens_of(after)]
    return list(text.encode())


def text_of(tokens: list[int]) -> str:
    """The text of whole characters."""
    pieces = [SPECIAL[t - 256].encode() if t > 255 else bytes([t]) for t in tokens]
    return b"".join(pieces).decode()


def templated(messages: list[dict[str, str]]) -> str:
    turns = "".join(f"<|{m['role']}|>{m['content']}<|end|>" for m in messages)
    return f"{turns}<|assistant|>"


def words(prompt: str, seed: int | None) -> Iterator[str]:
    """An endless text."""
    for place_ in range(1_000_000):
        digest = hashlib.sha256(f"{prompt}/{seed}/{place_}".encode("utf-8", "replace")).digest()
        yield f"{digest.hex()[:5]} {WORDS[digest[0] % len(WORDS)]} "


@dataclass
class Standin:
    """`can` are its features. What it lacks it ignores, or with `refuses` answers with 400. `fault`
    takes over the answer to a stream; `status` is answered to all but the questions about it.
    `masked`: log-probabilities are those after a constraint. `inexact`: its `/detokenize` tidies
    the text. `mute`: it never answers at this path. `metrics`: what it answers at /metrics."""

    can: frozenset[str] = EVERYTHING
    refuses: bool = False
    masked: bool = False
    inexact: bool = False
    mute: str = ""
    metrics: bytes = b""
    model: str = "standin"
    key: str = ""
    fault: Play | None = None
    status: int = 0
    active: int = 0
    read: int = 0
    bodies: list[Body] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        try:
            path, headers, body = await _request(reader)
            self.paths.append(path)
            await self._answer(path, headers, body, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(
        self,
        path: str,
        headers: str,
        body: Body,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        if self.key and f"Bearer {self.key}" not in headers:
            return _json(writer, {"error": {"message": f"no key but {self.key}"}}, 401)
        if path == "/metrics" and self.metrics:
            writer.write(b"HTTP/1.1 200 Said\r\nConnection: close\r\n\r\n" + self.metrics)
            return None
        if path == self.mute:
            await reader.read()
            return None
        if path in ("/v1/completions", "/v1/chat/completions"):
            return await self._complete("chat" in path, body, reader, writer)
        answer = self._asked(path, body)
        return _json(writer, answer, 404 if "error" in answer else 200)

    def _asked(self, path: str, body: Body) -> Body:
        if path == "/v1/models":
            told = {"max_model_len": CONTEXT} if "context" in self.can else {}
            return {"data": [{"id": self.model} | told, {"id": "other"}]}
        if path == "/apply-template" and "apply" in self.can:
            return {"prompt": templated(body["messages"])}
        if path == "/detokenize" and "tokenize" in self.can:
            text = text_of(body["tokens"])
            return {"prompt": text.replace(" ,", ",") if self.inexact else text}
        if path == "/tokenize" and "tokenize" in self.can and "content" not in body:
            if "messages" in body and "template" not in self.can:
                return {"error": {"message": "no template"}}
            text = templated(body["messages"]) if "messages" in body else body["prompt"]
            tokens = tokens_of(text)
            return {"tokens": tokens, "count": len(tokens), "max_model_len": CONTEXT}
        return {"error": {"message": f"nothing at {path}"}}

    async def _complete(
        self, chat: bool, body: Body, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.bodies.append(body)
        if ("chat" if chat else "completions") not in self.can:
            return _json(writer, {"error": {"message": "not served"}}, 404)
        unknown = [name for name in body if OPTIONS.get(name, "chat") not in self.can]
        unknown = [name for name in unknown if name in OPTIONS]
        if self.refuses and unknown:
            return _json(writer, {"error": {"message": f"unknown: {unknown}"}}, 400)
        if self.status:
            return _json(writer, {"error": {"message": "as told to"}}, self.status)
        given = {name: value for name, value in body.items() if name not in unknown}
        prompt = _prompt(given)
        counted = len(tokens_of(prompt))
        if counted + given["max_tokens"] > CONTEXT:
            return _json(writer, {"error": {"message": _overflow(counted, given)}}, 400)
        if given.get("n", 1) > 1 and not given["temperature"]:
            return _json(writer, {"error": {"message": "n must be 1 when greedy"}}, 400)
        if not given.get("stream"):
            return _json(writer, {"choices": [{"text": "x", "message": {"content": "x"}}]})
        if self.fault is not None:
            return await self.fault(reader, writer)
        self.read += counted
        return await self._stream(chat, given, prompt, reader, writer)

    async def _stream(
        self,
        chat: bool,
        body: Body,
        prompt: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Samples advance in turn, a token each; a client that hangs up ends them."""
        writer.write(HEAD)
        n = body.get("n", 1)
        self.active += n
        gone = asyncio.ensure_future(reader.read())
        sampled = 0
        try:
            samples = [_Sample(self, chat, body, prompt, i) for i in range(n)]
            while running := [sample for sample in samples if not sample.finish]:
                for sample in running:
                    writer.write(event(sample.step()))
                    sampled += 1
                await writer.drain()
                await asyncio.sleep(0)
                if gone.done():
                    return
            if "stream_options" in body:
                writer.write(event({"choices": [], "usage": self._usage(prompt, sampled)}))
            writer.write(b"data: [DONE]\n\n")
            await writer.drain()
        finally:
            self.active -= n
            gone.cancel()

    def _usage(self, prompt: str, sampled: int) -> Body:
        counted = len(tokens_of(prompt))
        usage: Body = {"prompt_tokens": counted, "completion_tokens": sampled}
        if "cached" in self.can:
            usage["prompt_tokens_details"] = {"cached_tokens": 0}
        return usage


class _Sample:
    """One text being made, a token at each step."""

    def __init__(self, server: Standin, chat: bool, body: Body, prompt: str, index: int) -> None:
        self.finish: str | None = None
        self._server, self._chat, self._body, self._index = server, chat, body, index
        self._choices = _choices(body)
        self._tokens = self._made(prompt, index)
        self._text = b""
        self._sent = ""
        self._count = 0

    def _made(self, prompt: str, index: int) -> Iterator[int]:
        seed = self._seed(index)
        if self._choices:
            digest = hashlib.sha256(f"{prompt}/{seed}".encode("utf-8", "replace")).digest()
            return iter(self._choices[digest[1] % len(self._choices)].encode())
        return (byte for word in words(prompt, seed) for byte in word.encode())

    def _seed(self, index: int) -> int | None:
        if not self._body["temperature"] or self._body.get("top_k") == 1:
            return None
        seed = self._body.get("seed")
        return secrets.randbits(60) if seed is None else int(seed) + index

    def step(self) -> Body:
        """The next token as a choice of an event."""
        token = next(self._tokens, None)
        if token is None:
            self.finish = "stop"
            return {"choices": [self._choice("", None)]}
        before, self._text = self._text.decode("utf-8", "ignore"), self._text + bytes([token])
        self._count += 1
        text = self._text.decode("utf-8", "ignore")
        end = self._stopped(text)
        if end is not None:
            text, self.finish = text[:end], "stop"
        elif self._count == self._body["max_tokens"]:
            self.finish = "length"
        held = 0 if self.finish else self._held(text)
        new = text[len(self._sent) : len(text) - held]
        self._sent += new
        return {"choices": [self._choice(new, (before, token))]}

    def _stopped(self, text: str) -> int | None:
        if self._count <= self._body.get("min_tokens", 0):
            return None
        found = [text.index(stop) for stop in self._body.get("stop", []) if stop in text]
        return min(found, default=None)

    def _held(self, text: str) -> int:
        """What may become a stop string is not sent yet."""
        stops = self._body.get("stop", [])
        longest = max(map(len, stops), default=1)
        return min(longest - 1, len(text) - len(self._sent))

    def _choice(self, text: str, made: tuple[str, int] | None) -> Body:
        content = {"delta": {"content": text}} if self._chat else {"text": text}
        choice: Body = {"index": self._index, "finish_reason": self.finish} | content
        if self._body.get("logprobs"):
            choice["logprobs"] = self._logprobs(made)
        if self._body.get("return_token_ids"):
            choice["token_ids"] = [made[1]] if made else []
        return choice

    def _logprobs(self, made: tuple[str, int] | None) -> Body | None:
        if made is None:
            return None
        so_far, token = made
        shown = chr(token)
        log = 0.0 if self._server.masked and self._choices else -1.5
        following = [c[len(so_far)] for c in self._choices if c.startswith(so_far) and c != so_far]
        likeliest = dict.fromkeys([*following, shown], -1.5)
        if self._chat:
            return {"content": [{"token": shown, "logprob": log, "top_logprobs": []}]}
        return {"tokens": [shown], "token_logprobs": [log], "top_logprobs": [likeliest]}


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def event(data: Body) -> bytes:
    return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"


@asynccontextmanager
async def serving(standin: Standin, port: int = 0) -> AsyncIterator[Place]:
    """The stand-in at an address of this machine; `port` 0 is any free one."""
    server = await asyncio.start_server(standin.serve, "127.0.0.1", port, limit=1 << 24)
    bound = server.sockets[0].getsockname()[1]
    try:
        yield place(f"http://127.0.0.1:{bound}/v1", standin.key)
    finally:
        server.close()


def lacking(*features: str, **options: Any) -> Standin:
    """A stand-in with everything but these."""
    return Standin(EVERYTHING - set(features), **options)


async def _request(reader: asyncio.StreamReader) -> tuple[str, str, Body]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    lengths = [
        int(line[15:]) for line in head.lower().split("\r\n") if line[:15] == "content-length:"
    ]
    body = await reader.readexactly(lengths[0]) if lengths else b""
    return head.split(" ")[1], head, json.loads(body) if body else {}


def _json(writer: asyncio.StreamWriter, answer: Body, status: int = 200) -> None:
    head = f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + json.dumps(answer).encode())


def _prompt(body: Body) -> str:
    if "messages" in body:
        return templated(body["messages"])
    given = body["prompt"]
    return given if isinstance(given, str) else text_of(given)


def _overflow(counted: int, body: Body) -> str:
    asked = counted + body["max_tokens"]
    return (
        f"This model's maximum context length is {CONTEXT} tokens, however you requested {asked} "
        f"tokens ({counted} in your prompt; {body['max_tokens']} for the completion)."
    )


def _choices(body: Body) -> list[str]:
    if "structured_outputs" in body:
        return list(body["structured_outputs"]["choice"])
    if "grammar" in body:
        literals = body["grammar"].removeprefix("root ::= ").split(" | ")
        return [ast.literal_eval(literal) for literal in literals]
    return []
