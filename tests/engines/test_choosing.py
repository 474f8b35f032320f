"""A text is kept to its choices by bytes, whatever tokens there are."""

import pytest

from core.errors import EngineError
from engines.in_process.choosing import Choosing
from engines.in_process.vocabulary import Vocabulary

PIECES = [b"", *(bytes([letter]) for letter in b"abcde"), b"ab", b"cd", b"\xe6", b"\x98\xaf"]
END = 0
WORDS = Vocabulary(PIECES, {END: "<end>"})


def allowed(choosing: Choosing) -> set[bytes]:
    return {WORDS.piece(token) for token in choosing.allowed()}


def test_every_token_that_goes_on_with_a_choice_is_allowed() -> None:
    choosing = Choosing(("abc", "cde"), WORDS, (END,))
    assert allowed(choosing) == {b"a", b"ab", b"c", b"cd"}
    choosing.take(b"a")
    assert allowed(choosing) == {b"b"}
    choosing.take(b"b")
    choosing.take(b"c")
    assert choosing.whole


def test_the_end_is_allowed_where_another_choice_goes_on() -> None:
    choosing = Choosing(("a", "ab"), WORDS, (END,))
    choosing.take(b"a")
    assert not choosing.whole and allowed(choosing) == {b"b", b""}
    choosing.take(b"")
    assert choosing.whole


def test_half_a_character_is_allowed() -> None:
    choosing = Choosing(("是",), WORDS, (END,))
    choosing.take(b"\xe6")
    assert allowed(choosing) == {b"\x98\xaf"}


def test_a_choice_that_no_token_begins_is_refused() -> None:
    with pytest.raises(EngineError, match="engine_cannot"):
        Choosing(("xyz",), WORDS, (END,)).allowed()


def test_a_number_that_no_token_has_says_nothing() -> None:
    assert WORDS.piece(len(PIECES) + 5) == b""
