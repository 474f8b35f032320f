"""A question as a strategy sees it: text, kind of answer, language. Never the right answer."""

import re
from dataclasses import dataclass
from typing import Literal, get_args

from core.errors import InvalidInput

Kind = Literal["number", "choice", "yes_no", "text"]
Language = Literal["en", "zh"]

KINDS: tuple[Kind, ...] = get_args(Kind)
LANGUAGES: tuple[Language, ...] = get_args(Language)
MAX_CHARACTERS = 200_000

_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_LATIN_WORD = re.compile(r"[A-Za-z]+")
_OPTION = re.compile(r"(?:^|[\s(（])[A-EＡ-Ｅ][).）．:、：]", re.MULTILINE)
_YES_NO_EN = re.compile(
    r"(?:^|[.!?]\s+)(?:is|are|was|were|do|does|did|can|could|will|would|has|have|had|should)\b[^.!?]*\?\s*$",
    re.IGNORECASE,
)
_YES_NO_ZH = re.compile(r"(?:吗|么|是不是|是否|对不对|能不能|会不会|可不可以)[？?]?\s*$|是否")
_NUMBER_EN = re.compile(
    r"\bhow (?:many|much|old|far|long|tall|fast)\b|\bcalculate\b|\d\s*[-+*/×÷]\s*\d"
    r"|\bwhat (?:is|are) (?:the )?"
    r"(?:\d|sum|product|total|difference|number|value|remainder|average)",
    re.IGNORECASE,
)
_NUMBER_ZH = re.compile(r"多少|几[^何乎]|多[大长远高重]|等于|求|\d\s*[-+*/×÷]\s*\d")


@dataclass(frozen=True, slots=True)
class Question:
    """The text as it was typed, the kind of answer it wants, and the language of its prompts."""

    text: str
    kind: Kind
    language: Language


def ask(text: str, kind: Kind | None = None, language: Language | None = None) -> Question:
    """Check a question and fill in what was not said. Raises InvalidInput."""
    if not text.strip():
        raise InvalidInput("question_empty")
    if len(text) > MAX_CHARACTERS:
        raise InvalidInput("question_long", characters=len(text), limit=MAX_CHARACTERS)
    if not is_encodable(text):
        raise InvalidInput("question_encoding")
    language = language or detect_language(text)
    return Question(text, kind or detect_kind(text), language)


def is_encodable(text: str) -> bool:
    """Whether the text can be written as UTF-8: it has no lone halves of characters."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def detect_language(text: str) -> Language:
    """Chinese where Chinese characters outnumber Latin words."""
    return "zh" if len(_CHINESE.findall(text)) > len(_LATIN_WORD.findall(text)) else "en"


def detect_kind(text: str) -> Kind:
    """A guess from the form of the question; the page shows it and lets it be changed."""
    if len(_OPTION.findall(text)) >= 2:
        return "choice"
    if _NUMBER_EN.search(text) or _NUMBER_ZH.search(text):
        return "number"
    if _YES_NO_EN.search(text.strip()) or _YES_NO_ZH.search(text.strip()):
        return "yes_no"
    return "text"
