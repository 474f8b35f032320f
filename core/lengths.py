"""How long a text is, as the rules of a selection count it and as the page tells it."""

import re

CHARACTERS_A_WORD = 2

_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")


def words(text: str) -> int:
    """Words between blanks; of Chinese characters, where there are none, two count as one."""
    characters = len(_CHINESE.findall(text))
    return len(_CHINESE.sub(" ", text).split()) + -(-characters // CHARACTERS_A_WORD)


def lines(text: str) -> int:
    """Lines with something in them."""
    return sum(bool(line.strip()) for line in text.split("\n"))
