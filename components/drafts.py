"""What a form comes to before it is run: prompts, what they cost, and what is wrong with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from core.events import Part
from core.exemplars import Origin

Counting = Literal["counted", "waiting", "cannot"]


@dataclass(frozen=True, slots=True)
class Costs:
    """What is known of the exemplars of an editor, in their order. `of` is the check sum of the
    value that was looked at: the page knows by it whether it still has that one. Tokens are those
    of an exemplar with the template's words around it, None where nobody counts them. `origin`
    tells how a model came to write them."""

    of: int
    tokens: tuple[int | None, ...] = ()
    tampered: tuple[bool, ...] = ()
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A prompt before it is sent, and its parts. `form`: what was made of the exemplars."""

    prompt: str
    parts: tuple[Part, ...]
    form: str = ""

    @property
    def tokens(self) -> int | None:
        """Of the whole prompt; None where they are not counted."""
        counted = [part.tokens for part in self.parts if part.tokens is not None]
        return sum(counted) if len(counted) == len(self.parts) else None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a form comes to: the prompts that it makes, and what is wrong with it.

    `fits` is the bundled set that fits the question. `costs` are those of each editor's set.
    `writes` is how many tokens may be written behind the prompt, `context` how many both may have.
    `unused`: with these settings the prompt has no exemplars. `unasked`: there is no question yet.
    """

    fits: str = ""
    costs: Mapping[str, Costs] = field(default_factory=dict)
    drafts: tuple[Draft, ...] = ()
    special: tuple[str, ...] = ()
    writes: int = 0
    context: int = 0
    counting: Counting = "waiting"
    error: Mapping[str, Any] | None = None
    unused: bool = False
    unasked: bool = False

    @property
    def over(self) -> int:
        """Tokens by which the longest prompt, with what may be written, is longer than the
        context."""
        return max(map(self.over_by, self.drafts), default=0)

    def over_by(self, draft: Draft) -> int:
        """The same of one of the prompts."""
        if draft.tokens is None or not self.context:
            return 0
        return max(draft.tokens + self.writes - self.context, 0)
