"""The bytes that each token of a model stands for.

A text is joined, cut and constrained by bytes: a token can be half a character, and a word can be
written with several tokens or others.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.errors import ModelError

_BYTE_TOKEN = re.compile(r"<0x([0-9A-F]{2})>")


class Vocabulary:
    """What tokens say. `special` are the control tokens, by id; they say nothing."""

    def __init__(self, pieces: Sequence[bytes], special: Mapping[int, str]) -> None:
        self.special = special
        self._pieces = pieces
        self._ids: defaultdict[bytes, list[int]] = defaultdict(list)
        for token, piece in enumerate(pieces):
            if piece:
                self._ids[piece].append(token)

    def piece(self, token: int) -> bytes:
        """The bytes of a token; none for a control token, and for a number that no token has."""
        return self._pieces[token] if token < len(self._pieces) else b""

    def beginning(self, text: bytes) -> list[int]:
        """The tokens with which `text` can begin."""
        ends = range(1, len(text) + 1)
        return [token for end in ends for token in self._ids.get(text[:end], ())]


def read_vocabulary(tokenizer: Any) -> Vocabulary:
    """The vocabulary of a transformers tokenizer.

    Raises ModelError ("model_tokenizer") for one that writes its tokens in a manner not known here.
    """
    added = tokenizer.added_tokens_decoder
    tokens = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    if _is_byte_level(tokenizer):
        table = {character: byte for byte, character in _byte_characters()}
        pieces = [bytes(table.get(character, 63) for character in token) for token in tokens]
    else:
        pieces = [_sentence_piece(token) for token in tokens]
    for token, written in added.items():
        pieces[token] = b"" if written.special else written.content.encode()
    return Vocabulary(pieces, {t: w.content for t, w in added.items() if w.special})


def _is_byte_level(tokenizer: Any) -> bool:
    """Whether tokens are written as GPT-2 writes them; otherwise as SentencePiece does."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    decoder = getattr(backend, "decoder", None)
    if decoder is None:
        raise ModelError("model_tokenizer", reason=type(tokenizer).__name__)
    kinds = {part.get("type") for part in _parts(json.loads(decoder.__getstate__()))}
    if not kinds & {"ByteLevel", "ByteFallback", "Metaspace"}:
        raise ModelError("model_tokenizer", reason=", ".join(sorted(map(str, kinds))))
    return "ByteLevel" in kinds


def _parts(decoder: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield decoder
    for part in decoder.get("decoders", ()):
        yield from _parts(part)


def _byte_characters() -> Iterator[tuple[int, str]]:
    """GPT-2's letter for each byte: itself where it can be printed, otherwise the next unused."""
    unused = 256
    for byte in range(256):
        if 33 <= byte <= 126 or 161 <= byte <= 172 or byte >= 174:
            yield byte, chr(byte)
        else:
            yield byte, chr(unused)
            unused += 1


def _sentence_piece(token: str) -> bytes:
    if byte := _BYTE_TOKEN.fullmatch(token):
        return bytes([int(byte[1], 16)])
    return token.replace("\u2581", " ").encode()
