"""A completions server that answers at a given pace, in vLLM's dialect; a process of its own.

    python -m benchmarks.paced [--rate 50] [--seconds 20] [--together]

Its texts are the same few words, each a token. All samples of a request go on at `rate` tokens a
second for so many seconds. Each token is an event, and leaves alone, as vLLM's do. The events of
one step are spread over its time, so that a client is woken for each of them, which costs it most;
with `together` they leave at once. Prints its port.
"""

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from typing import Any, ClassVar

WORDS = (" so", " 12", " pens", " and", " 24", " boxes", " make", " a", " lot", ".\n")
ANSWER = " The answer is 28"
CONTEXT = 32_768

Body = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.paced", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--rate", type=float, default=50.0, help="tokens a second, each sample")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--together", action="store_true")
    given = parser.parse_args()
    Paced.rate, Paced.seconds, Paced.together = given.rate, given.seconds, given.together
    ThreadingHTTPServer.request_queue_size = 128
    server = ThreadingHTTPServer(("127.0.0.1", 0), Paced)
    print(server.server_port, flush=True)
    server.serve_forever()


class Paced(BaseHTTPRequestHandler):
    """One request."""

    rate: ClassVar[float]
    seconds: ClassVar[float]
    together: ClassVar[bool]
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/v1/completions":
            with suppress(ConnectionError):  # The client may hang up.
                self._stream(body)
            return None
        if self.path == "/tokenize":
            text = body.get("prompt") or "".join(m["content"] for m in body["messages"])
            tokens = list(text.encode())
            return self._json({"tokens": tokens, "count": len(tokens), "max_model_len": CONTEXT})
        return self._json({"prompt": bytes(body["tokens"]).decode()})

    def _json(self, answer: Body) -> None:
        written = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    def _stream(self, body: Body) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        n, steps = body.get("n", 1), int(self.rate * self.seconds)
        answers = (self._events(body, index, steps) for index in range(n))
        began = time.monotonic()
        for number, event in enumerate(self._in_turn(list(answers))):
            step = number // n if self.together else number / n
            time.sleep(max(0.0, began + step / self.rate - time.monotonic()))
            self._send(event)
        for event in (_usage(body, n * steps), b"[DONE]"):
            self._send(event)
        self.wfile.write(b"0\r\n\r\n")

    def _in_turn(self, answers: list[Iterator[bytes]]) -> Iterator[bytes]:
        """An event of each sample, and again."""
        for step in zip(*answers, strict=True):
            yield from step

    def _events(self, body: Body, index: int, steps: int) -> Iterator[bytes]:
        """The events of one sample; its last words are an answer."""
        ending = [*ANSWER.partition(" 28")[:1], f" {28 + index % 3}."]
        for step, word in enumerate([*islice(_words(index), steps - 2), *ending], start=1):
            yield _event(body, index, word, step, "stop" if step == steps else None)

    def _send(self, event: bytes) -> None:
        line = b"data: " + event + b"\n\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))


def _words(index: int) -> Iterator[str]:
    """An endless text; each sample begins elsewhere in it."""
    place = index
    while True:
        yield WORDS[place % len(WORDS)]
        place += 1


def _event(body: Body, index: int, word: str, step: int, finish: str | None) -> bytes:
    """With all the fields that vLLM writes."""
    choice: Body = {
        "index": index,
        "text": word,
        "logprobs": {
            "text_offset": [4 * step],
            "token_logprobs": [-0.6931471805599453],
            "tokens": [word],
            "top_logprobs": [{word: -0.6931471805599453, " the": -0.7985076962177716}],
        },
        "finish_reason": finish,
        "stop_reason": None,
        "token_ids": [1000 + index],
        "prompt_token_ids": None,
    }
    return _line(body, choices=[choice], usage=None)


def _usage(body: Body, sampled: int) -> bytes:
    prompt = len(body["prompt"])
    usage = {"prompt_tokens": prompt, "total_tokens": prompt + sampled}
    told = {"cached_tokens": 0}
    usage |= {"completion_tokens": sampled}
    return _line(body, choices=[], usage=usage | {"prompt_tokens_details": told})


def _line(body: Body, **fields: Any) -> bytes:
    head = {"id": "cmpl-5f4dcc3b5aa765d61d8327deb882cf99", "object": "text_completion"}
    made = {"created": 1795000000, "model": body["model"]}
    return json.dumps(head | made | fields, separators=(",", ":")).encode()


if __name__ == "__main__":
    main()
