"""Auto-CoT runs made by hand: a pool of 24 questions in 4 clusters, its map, its walks."""

from collections.abc import Sequence
from dataclasses import replace

from core.answers import Extraction
from core.engine import Sampling
from core.events import (
    Answered,
    Closed,
    Composed,
    Delta,
    Demonstrated,
    Ended,
    Event,
    Mapped,
    Marked,
    Opened,
    Part,
    Progressed,
    Prompted,
    Started,
)
from core.exemplars import Exemplar, ExemplarSet
from core.trace import Trace

ASKED = "A crate holds 12 jars. How many jars are in 3 crates?"
TRIGGER = "Let's think step by step."
PLACES = ((0.2, 0.75), (0.75, 0.8), (0.3, 0.2), (0.8, 0.25))
TOPICS = ("pens", "buses", "ages", "prices")
LONG = "How many, if it is said with " + "very " * 70 + "many words?"
PARAMS = {"k": 4, "question_words": 60, "rationale_lines": 5, "demonstrations": {"exemplars": []}}

STARTED = Started(
    strategy="auto_cot",
    question=ASKED,
    kind="number",
    language="en",
    params=PARAMS,
    seed=192,
    model="a-model",
    engine="an-engine",
    device="cpu",
    context=2048,
    special_tokens=("<|im_start|>",),
)


def pool(size: int = 24, **texts: str) -> tuple[str, ...]:
    """Questions, the i-th about topic i mod 4; `q5="…"` writes the sixth by hand."""
    made = [f"Question {i} about {TOPICS[i % 4]}: how many are {i} and 2?" for i in range(size)]
    for name, text in texts.items():
        made[int(name[1:])] = text
    return tuple(made)


def mapped(questions: Sequence[str] = (), **fields) -> Mapped:
    """The map: question i lies on a spiral around the centre of cluster i mod 4."""
    questions = tuple(questions) or pool()
    per = max(len(questions) // 4, 1)
    turns = [
        (complex(0, 1) ** (1.7 * (i // 4))) * 0.16 * (i // 4 + 1) / per
        for i in range(len(questions))
    ]
    points = tuple(
        (round(PLACES[i % 4][0] + turn.real, 4), round(PLACES[i % 4][1] + turn.imag, 4))
        for i, turn in enumerate(turns)
    )
    clusters = tuple(i % 4 for i in range(len(questions)))
    drawn = Mapped(questions, points, clusters, PLACES, (0.5, 0.5), "TF-IDF", 192)
    return replace(drawn, **fields)


def walk(number: int, label: str = "") -> Event:
    """A walk is begun: root node `number`."""
    return Opened(str(number), (), "walk", label or str(number))


def tried(node: str, index: int) -> Event:
    """A walk comes to question `index`."""
    return Opened(node, (node.rpartition(".")[0],), "candidate", str(index))


def passed(node: str, index: int, reason: str = "long_question") -> list[Event]:
    """A candidate that its question alone rules out."""
    return [tried(node, index), Marked(node, "rejected", reason)]


def asked(node: str, index: int, text: str, question: str = "") -> list[Event]:
    """A candidate whose rationale is being written, and has come as far as `text`."""
    prompt = f"<|im_start|>{question or 'a question'}\n"
    return [
        tried(node, index),
        Prompted(node, prompt + TRIGGER, Sampling(seed=1)),
        Delta(node, TRIGGER, 6, forced=True),
        *([Delta(node, text, max(len(text.split()), 1), -0.5)] if text else []),
    ]


def read(node: str, answer: str | None) -> list[Event]:
    """Its rationale is whole, and its answer is read out of a second stage."""
    second, words = f"{node}.0", f" {answer}."
    found = Extraction(answer, 1, 1 + len(answer), "first") if answer else None
    return [
        Closed(node, "stop", 30, 30),
        Opened(second, (node,), "answer"),
        Prompted(second, "so far. Therefore, the answer is", Sampling(seed=1)),
        Delta(second, words, 2, -0.1),
        Closed(second, "stop", 40, 10),
        Answered(second, found),
    ]


def taken(node: str, index: int, text: str = " It is 2.", answer: str = "2") -> list[Event]:
    """A candidate that becomes a demonstration."""
    return [*asked(node, index, text), *read(node, answer), Marked(node, "taken")]


def rejected(node: str, index: int, reason: str, text: str = " Who knows") -> list[Event]:
    """A candidate that its rationale rules out."""
    return [*asked(node, index, text), *read(node, "3"), Marked(node, "rejected", reason)]


def made(*questions: str, changed: int = -1) -> ExemplarSet:
    """Demonstrations; the one at `changed` was edited by a person."""
    exemplars = [Exemplar(q, f"Because of {q}.", "2").sealed() for q in questions]
    if changed >= 0:
        exemplars[changed] = replace(exemplars[changed], answer="3")
    return ExemplarSet("made", exemplars=tuple(exemplars))


def final(node: str, text: str, exemplars: Sequence[str] = ("first", "second")) -> list[Event]:
    """The question is asked with its demonstrations, and the answer has come as far as `text`."""
    prompt, parts = composed(exemplars)
    return [
        Opened(node, (), "rationale"),
        Composed(node, parts),
        Prompted(node, prompt + TRIGGER, Sampling(seed=1)),
        Delta(node, TRIGGER, 6, forced=True),
        *([Delta(node, text, 8, -0.5)] if text else []),
    ]


def composed(exemplars: Sequence[str]) -> tuple[str, tuple[Part, ...]]:
    """A prompt of a frame, exemplars, the question and a frame, with its parts."""
    pieces = [
        ("frame", "<|im_start|>"),
        *(("exemplar", f"{each}<|im_start|>") for each in exemplars),
    ]
    pieces += [("question", ASKED), ("frame", "\n")]
    parts, end = [], 0
    for number, (kind, words) in enumerate(pieces):
        label = str(number) if kind == "exemplar" else ""
        parts.append(Part(kind, end, end + len(words), 10, label, tampered=number == 2))  # type: ignore[arg-type]
        end += len(words)
    return "".join(words for _, words in pieces), tuple(parts)


def whole(questions: Sequence[str] = ()) -> list[Event]:
    """A whole run: one cluster takes its first, one rejects three, one finds none, one is empty."""
    questions = tuple(questions) or pool(q5=LONG, q9=LONG)
    return [
        Progressed("embedding", 12, 24),
        mapped(questions),
        *(walk(number) for number in range(4)),
        *taken("0.0", 0, " 0 and 2 are 2.", "2"),
        Marked("0", "found"),
        *passed("1.0", 5),
        *passed("1.1", 9),
        *rejected("1.2", 13, "no_full_stop"),
        *taken("1.3", 17, " 17 and 2 are 19.", "19"),
        Marked("1", "found"),
        *rejected("2.0", 2, "many_lines", "\n".join(" a line" for _ in range(7))),
        *rejected("2.1", 6, "answer_not_at_end"),
        Marked("2", "exhausted"),
        Marked("3", "empty"),
        Demonstrated(made(questions[0], questions[17])),
        *final("4", " 12 times 3 is 36. The answer is 36."),
        Closed("4", "stop", 50, 50),
        Answered("4", Extraction("36", 33, 35, "marker")),
        Ended("answered", "36"),
    ]


def trace_of(*events: Event, **started) -> Trace:
    """The events a second apart, after a Started with these fields."""
    trace = Trace()
    for time, event in enumerate((replace(STARTED, **started), *events)):
        trace.apply(float(time), event)
    return trace
