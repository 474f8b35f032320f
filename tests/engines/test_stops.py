"""Stop strings are found in pieces of any size, and nothing that is certain is held back."""

import pytest

from engines.in_process.stops import StopFinder


def fed(stops: tuple[str, ...], *pieces: str) -> list[str]:
    """What was let through at each piece, and at the end where no stop string came."""
    finder = StopFinder(stops)
    shown = []
    for piece in pieces:
        shown.append(finder.feed(piece))
        if finder.found:
            return shown
    return [*shown, finder.rest()]


def test_without_stop_strings_all_passes() -> None:
    assert fed((), "one ", "two") == ["one ", "two", ""]


@pytest.mark.parametrize("cut", range(1, 11))
def test_a_stop_string_is_found_wherever_it_is_divided(cut: int) -> None:
    text = "so it STOPs"
    assert "".join(fed(("STOP",), text[:cut], text[cut:])) == "so it "
    assert "".join(fed(("STOP",), *text)) == "so it "


def test_the_first_one_counts() -> None:
    assert fed(("cd", "b"), "abcd") == ["a"]
    assert fed(("bcd", "c"), "ab", "cd") == ["a", ""]


def test_what_may_become_one_is_held_back_and_let_go() -> None:
    assert fed(("\n\n",), "a\n", "b\n", "\nc") == ["a", "\nb", ""]
    assert fed(("aab",), "aa", "ab") == ["", "a"]
    assert fed(("never",), "I ne", "ed ", "nev") == ["I ", "need ", "", "nev"]
