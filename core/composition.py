"""What a prompt with exemplars is made of, so that it can be shown folded and its cost be told."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.engine import Message
from core.events import Part

Count = Callable[[str], Awaitable[int]]
Render = Callable[[Sequence[Message]], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Turn:
    """An exemplar as it stands in a prompt: what a person asked, and what the model replied."""

    asked: str
    told: str
    tampered: bool = False


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Exemplars as turns of a chat that have been taken, then the question asked now.

    `form`: what was made of the exemplars, where a run makes several things of the same ones."""

    turns: tuple[Turn, ...]
    asked: str
    form: str = ""

    @property
    def messages(self) -> list[Message]:
        """The chat, to be put into the model's template."""
        said: list[Message] = []
        for turn in self.turns:
            said.append({"role": "user", "content": turn.asked})
            said.append({"role": "assistant", "content": turn.told})
        return [*said, {"role": "user", "content": self.asked}]


async def parts_of(prompt: str, dialogue: Dialogue, count: Count | None) -> tuple[Part, ...]:
    """The parts of a rendered dialogue: what comes before it, each exemplar with the template's
    words around its turns, the question, and what follows.

    One part in all where the template has changed the texts. `count` None: nobody counts tokens.
    """
    places = _places(prompt, dialogue)
    if places is None:
        return (Part("frame", 0, len(prompt), await _counted(prompt, count)),)
    end = places[-1] + len(dialogue.asked.strip())
    edges = [0, *places, end, len(prompt)]
    parts = []
    for number, (start, stop) in enumerate(pairwise(edges)):
        tokens = await _counted(prompt[start:stop], count)
        parts.append(_part(number, dialogue, start, stop, tokens))
    return tuple(parts)


def _part(number: int, dialogue: Dialogue, start: int, stop: int, tokens: int | None) -> Part:
    """Part `number` of: frame, exemplars, question, frame."""
    if 1 <= number <= len(dialogue.turns):
        tampered = dialogue.turns[number - 1].tampered
        return Part("exemplar", start, stop, tokens, str(number), tampered)
    kind = "question" if number == len(dialogue.turns) + 1 else "frame"
    return Part(kind, start, stop, tokens)  # type: ignore[arg-type]


def _places(prompt: str, dialogue: Dialogue) -> list[int] | None:
    """Where each question stands, the one asked now as the last; None where one does not.

    A reply is passed over first, since it may hold the next question's words; not where the
    template has changed it, as some do with what was thought.
    """
    places: list[int] = []
    after = 0
    for asked, told in [
        *((turn.asked, turn.told) for turn in dialogue.turns),
        (dialogue.asked, ""),
    ]:
        place = prompt.find(asked.strip(), after)
        if place < 0:
            return None
        places.append(place)
        after = place + len(asked.strip())
        if (reply := prompt.find(told.strip(), after)) >= 0:
            after = reply + len(told.strip())
    return places


async def _counted(text: str, count: Count | None) -> int | None:
    return await count(text) if count is not None else None
