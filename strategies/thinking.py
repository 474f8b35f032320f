"""What stands around a model's thinking: the words that open it, stretch it and close it.

Budget forcing (Muennighoff et al. 2025, arXiv 2501.19393, section 3.1) writes them into the model's
mouth. A model that was trained to think has delimiters of its own; for any other model there are
stand-ins here, which are ours.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from core.answers import Rule
from core.question import Language
from strategies import prompts

FINAL: dict[Language, str] = {"en": "Final Answer:", "zh": "最终答案："}


@dataclass(frozen=True, slots=True)
class Thinking:
    """The words around the thinking of one model, in one language.

    `opening` and `closing` enclose it, and `final` asks for the answer at once. `before` precedes a
    word that stretches it. At each of `ends` the model ends it by itself; where there is none, the
    end of its turn stands for that. `trained`: these are the model's own delimiters.
    """

    opening: str
    closing: str
    final: str
    before: str
    ends: tuple[str, ...]
    trained: bool

    @property
    def delimiters(self) -> tuple[str, ...]:
        """The model's own, without white space; none for stand-ins, which are plain words."""
        return (self.opening.strip(), *self.ends) if self.trained else ()

    def opened(self, prompt: str) -> tuple[str, str]:
        """`prompt`, and the words after it that open the thinking.

        Some templates open it already: then their end is those words, and nothing is put twice.
        Where a template also closes it, on nothing thought, that empty thought is left out.
        """
        if not self.trained:
            return prompt, self.opening
        opening, closing = (re.escape(delimiter) for delimiter in self.delimiters)
        found = re.search(rf"{opening}\s*(?P<closed>{closing}\s*)?\Z", prompt)
        if not found:
            return prompt, self.opening
        return prompt[: found.start()], self.opening if found["closed"] else found[0]

    def stretched(self, text: str, word: str) -> str:
        """What makes the model think on after `text`, in place of the end of its thinking."""
        return _joined(text, self.before + word)

    def closed(self, text: str, cut: bool) -> str:
        """What ends the thinking after `text`. After thinking that was `cut` the answer is asked
        for, so that it is not a thought more; with stand-ins nothing else tells the two apart."""
        return _joined(text, self.closing + (self.final if self.asks(cut) else ""))

    def rule(self, cut: bool) -> Rule:
        """How the answer that follows is found: at once, where it was asked for."""
        return "first" if self.asks(cut) else "marker"

    def asks(self, cut: bool) -> bool:
        """Whether `final` is put after the closing."""
        return cut or not self.trained

    def forbidden(self, word: str, special_tokens: Iterable[str]) -> str:
        """The first delimiter or special token in `word`, or ""."""
        return next((token for token in (*self.delimiters, *special_tokens) if token in word), "")


def thinking(delimiters: tuple[str, str] | None, language: Language) -> Thinking:
    """The words for a model with these `delimiters`; the stand-ins where it has none."""
    if delimiters:
        opening, closing = delimiters
        return Thinking(opening, closing, FINAL[language], "", (closing.strip(),), trained=True)
    opening = prompts.reasoning_trigger("step_by_step", language)
    return Thinking(opening, "\n\n", FINAL[language], "\n", (), trained=False)


def _joined(text: str, words: str) -> str:
    """`words`, less the newlines at their beginning that stand at the end of `text` already."""
    written = len(text) - len(text.rstrip("\n"))
    wanted = len(words) - len(words.lstrip("\n"))
    return words[min(written, wanted) :]
