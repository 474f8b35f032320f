"""Reading an answer out of a model's text, and telling when two answers are the same.

The rules are those of Kojima et al. 2022 (arXiv 2205.11916, appendix A.6, "answer cleansing"):
a number, a letter of the range, yes or no, or a short text; the first match after the answer
trigger, or with exemplars after the last "The answer is", otherwise the last match.

Ours, and named on the page: a comma is dropped only between thousands; fractions are one
number; a letter must stand alone where any does; a text answer ends with its line, sentence or
quotation; `\\boxed{` and `####` count as "The answer is"; full-width digits and Chinese answers.
"""

import re
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from core.question import Kind

Rule = Literal["marker", "marker_only", "first_marker", "last", "first"]
RULES: tuple[Rule, ...] = get_args(Rule)
LETTERS = "ABCDE"
MAX_TEXT_ANSWER = 200

# One character for one, so that spans in the narrowed text are spans in the original.
_NARROW = str.maketrans("０１２３４５６７８９．－−＋／ＡＢＣＤＥＦＧＨ", "0123456789.--+/ABCDEFGH")

_MARKER = re.compile(
    r"\banswer(?:\s+\([^)\n]{1,20}\))?\s*(?:is|:|：)|\\boxed\{|####"
    r"|答案(?:\s?[(（][^)）\n]{1,20}[)）])?[^。\n是为：:]{0,12}(?:是|为|：|:)",
    re.IGNORECASE,
)
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+"
_NUMBER = re.compile(
    rf"(?:(?<![\w).])-\s?(?:[$€£¥￥]\s?)?|(?<=[$€£¥￥])-)?(?:{_DIGITS})"
    r"(?:\s?/\s?\d+(?:\.\d+)?(?![\d/]))?"
    r"|\\d?frac\{(?P<over>\d{1,20})\}\{(?P<under>\d{1,20})\}"
)
_WIDE_THOUSANDS = re.compile(r"(?<=[０-９])，(?=[０-９]{3}(?![０-９]))")
# Chinese has no spaces: a word counts at the start of a clause only, and a short one only alone.
_YES_NO = re.compile(
    r"\b(yes|no)\b|(?<![一-鿿])(?:(不是|不对|不能|不会|不可以|不可能|没有|错误|否|不)"
    r"|(是的|是(?![否不])|正确|没错|可以|(?:对|能|会|有)(?![一-鿿])))",
    re.IGNORECASE,
)
_OPENING = " \t\r\n:：*_`\"'“”‘’「」『』《》()（）[]{}$\\"
_CLOSING = _OPENING + ".,;!?。，；！？"
_WRAPPED = re.compile(r"(?<=\\)(?:boxed|text)\{")
_QUOTED = re.compile(r"[\"“「『]([^\"”」』\n]+)[\"”」』]")
_OPTION = re.compile(r"(?:^|[\s(（])([A-H])[).）．:、：]", re.MULTILINE)
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[。！？\n]")


@dataclass(frozen=True, slots=True)
class Extraction:
    """An answer: its canonical `value`, where it stands in the text (`start` to `end`, in
    characters of the sampled text), and the `rule` that found it."""

    value: str
    start: int
    end: int
    rule: Rule


def extract(
    text: str, kind: Kind, rule: Rule = "marker", letters: str = LETTERS
) -> Extraction | None:
    """The answer in `text`, or None: then the text abstains.

    `marker` is the paper's rule for exemplars: the first match after the last marker, and without
    one the last match. `marker_only` abstains without one. `first` is the paper's rule for text
    that follows an answer trigger. `first_marker` goes by the first marker, for a text that reasons
    after it has answered. `letters` is the range of a choice.
    """
    text = _narrow(text)
    if rule == "first_marker":
        first = _MARKER.search(text)
        found = next(_matches(text, kind, letters, first.end() if first else 0), None)
        return _extraction(found, "first_marker" if first else "first")
    if rule in ("marker", "marker_only"):
        after = _after_marker(text)
        if after is not None:
            return _extraction(next(_matches(text, kind, letters, after), None), "marker")
        if rule == "marker_only":
            return None
        return _extraction(_last(text, kind, letters), "last")
    if rule == "last":
        return _extraction(_last(text, kind, letters), "last")
    return _extraction(next(_matches(text, kind, letters, 0), None), "first")


def option_letters(question: str) -> str:
    """The letters that a choice question offers, e.g. "ABC"; "ABCDE" where none is seen."""
    seen = _OPTION.findall(question.translate(_NARROW))
    return "".join(sorted(set(seen))) if len(set(seen)) >= 2 else LETTERS


def same(left: str, right: str, kind: Kind) -> bool:
    """Whether two values are the same answer: numbers by value, everything else by its letters."""
    return canonical(left, kind) == canonical(right, kind)


def canonical(value: str, kind: Kind) -> str:
    """The form in which equal answers are equal strings; votes are counted by it."""
    value = _narrow(value).strip()
    if kind == "number":
        return _plain_number(value)
    if kind == "yes_no":
        return _yes_or_no(value)
    if kind == "choice":
        return value.strip(_CLOSING).upper()[:1]
    return re.sub(r"[\"'“”‘’「」『』.。\s]", "", value).casefold()


def _narrow(text: str) -> str:
    """Full-width digits, signs and letters as plain ones; every character keeps its place."""
    return _WIDE_THOUSANDS.sub(",", text).translate(_NARROW)


def _after_marker(text: str) -> int | None:
    ends = [match.end() for match in _MARKER.finditer(text)]
    return ends[-1] if ends else None


Match = tuple[str, int, int]


def _matches(text: str, kind: Kind, letters: str, start: int) -> Iterator[Match]:
    if kind == "number":
        for match in _NUMBER.finditer(text, start):
            fraction = f"{match['over']}/{match['under']}" if match["over"] else match[0]
            yield _plain_number(fraction), match.start(), match.end()
    elif kind == "yes_no":
        for match in _YES_NO.finditer(text[start:]):  # a slice: what is before has no say
            yield _yes_or_no(match[0]), start + match.start(), start + match.end()
    elif kind == "choice":
        alone = list(re.compile(rf"(?<![A-Za-z'’])[{letters}](?![A-Za-z'’])").finditer(text, start))
        for match in alone or re.compile(f"[{letters}]").finditer(text, start):
            yield match[0], match.start(), match.end()
    else:
        short = _short_text(text, start)
        if short is not None:
            yield short


def _last(text: str, kind: Kind, letters: str) -> Match | None:
    if kind == "text":
        lines = [match.start() for match in re.finditer(r"^.*\S.*$", text, re.MULTILINE)]
        return _short_text(text, lines[-1]) if lines else None
    return next(iter(deque(_matches(text, kind, letters, 0), maxlen=1)), None)


def _short_text(text: str, start: int) -> Match | None:
    """From `start`: what is quoted, or else the rest of the sentence, without its wrapping."""
    start = _opened(text, start)
    quoted = _QUOTED.match(text, start)
    if quoted:
        start, end = quoted.span(1)
    else:
        stop = _SENTENCE_END.search(text, start)
        end = min(stop.start() if stop else len(text), start + MAX_TEXT_ANSWER)
    while start < end and text[start] in _OPENING:
        start += 1
    while end > start and text[end - 1] in _CLOSING:
        end -= 1
    return (text[start:end], start, end) if end > start else None


def _opened(text: str, start: int) -> int:
    """Where an answer begins: behind brackets, formatting, `\\boxed{` and `\\text{`."""
    while start < len(text):
        if text[start] in _OPENING and text[start] not in '"“「『':
            start += 1
        elif wrapped := _WRAPPED.match(text, start):
            start = wrapped.end()
        else:
            break
    return start


def _extraction(found: Match | None, rule: Rule) -> Extraction | None:
    return Extraction(*found, rule) if found else None


def _plain_number(value: str) -> str:
    """ "1,200.50" → "1200.5", "3/4" → "0.75", "$-5" → "-5"; "" where it is no number."""
    bare = re.sub(r"[,\s$€£¥￥%]", "", value)
    match = re.match(r"([-+]?(?:\d+\.?\d*|\.\d+))(?:/(\d+\.?\d*))?", bare)
    if not match:
        return ""
    number = Decimal(match[1])
    if match[2]:  # a division keeps 28 digits, so a whole number is never divided
        with suppress(ArithmeticError):
            number /= Decimal(match[2])
    rounded = f"{number:.10f}".rstrip("0").rstrip(".")
    return "0" if rounded in ("-0", "") else rounded


def _yes_or_no(value: str) -> str:
    match = _YES_NO.search(value)
    if not match:
        return ""
    return match[1].lower() if match[1] else "no" if match[2] else "yes"
