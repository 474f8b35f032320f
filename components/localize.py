"""Gradio components whose words follow the reader's language."""

from collections.abc import Callable
from typing import Any, TypeVar

import gradio as gr

from components.texts import Language, Text, texts

Words = Callable[[Text], dict[str, Any]]
"""From the strings of a language to the component's arguments in that language."""

C = TypeVar("C")

START: Language = "en"


class Localizer:
    """Makes components in the first language, and remembers how to put them into another."""

    def __init__(self) -> None:
        self._entries: list[tuple[Any, Words]] = []

    def make(self, kind: Callable[..., C], words: Words, **options: Any) -> C:
        """A component with `words` in the first language beside its other `options`."""
        component = kind(**words(texts(START)), **options)
        self._entries.append((component, words))
        return component

    @property
    def components(self) -> list[Any]:
        """All of them, in the order of `updates`."""
        return [component for component, _words in self._entries]

    def updates(self, language: Language) -> list[Any]:
        """An update for each component. Values that a person typed are never touched."""
        text = texts(language)
        return [gr.update(**words(text)) for _component, words in self._entries]
