"""Every visible string, in English and Chinese: one flat table a language, the same keys."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from core.question import LANGUAGES, Language

Text = Callable[..., str]
"""`text(key, **fields)`: the sentence in the language it was made for."""


@cache
def table(language: Language) -> Mapping[str, str]:
    """The strings of one language."""
    path = Path(__file__).with_name(f"{language}.json")
    loaded: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


@cache
def texts(language: Language) -> Text:
    """A function from key to sentence. Raises KeyError for a key that is in no table."""
    strings = table(language)

    def text(key: str, **fields: Any) -> str:
        return strings[key].format(**fields) if fields else strings[key]

    return text


def known(key: str) -> bool:
    """Whether the tables have `key`; recordings from outside may name notes that they have not."""
    return key in table("en")


def error_text(error: Mapping[str, Any] | None, language: Language) -> str:
    """The sentence of a ThoughtscopeError.as_dict(), also of one that came from a recording."""
    if not error:
        return ""
    return _sentence("error", str(error.get("code")), error.get("fields"), language)


def note_text(code: str, fields: Mapping[str, Any], language: Language) -> str:
    """The sentence of a Noted event."""
    return _sentence("note", code, fields, language)


def _sentence(family: str, code: str, fields: Any, language: Language) -> str:
    key = f"{family}.{code}"
    named = fields if isinstance(fields, Mapping) else {}
    bounded = {str(name): str(value)[:300] for name, value in named.items()}
    given = bounded.get("reason_code", "")
    if known(reason := given if given.startswith(("cannot.", "embedding.")) else f"reason.{given}"):
        bounded["reason_code"] = table(language)[reason]
    if not known(key):
        return texts(language)("unknown", code=code[:80])
    try:
        return table(language)[key].format(**bounded)
    except (KeyError, IndexError):  # a recording made by hand may lack a field
        return texts(language)("unknown", code=code[:80])


__all__ = ["LANGUAGES", "Language", "Text", "error_text", "known", "note_text", "table", "texts"]
