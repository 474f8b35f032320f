"""Exemplars: questions with their rationales and answers, shown to a model before the one asked.

Written by hand (Wei et al. 2022, arXiv 2201.11903) or by a model itself (Zhang et al. 2022, arXiv
2210.03493, where they are called demonstrations). Sets of ours lie in `assets/exemplars`, in the
form in which people save theirs:

    {"thoughtscope_exemplars": 1, "name": "arithmetic", "kind": "number", "language": "en",
     "exemplars": [{"question": "…", "rationale": "…", "equation": "5 + 6 = 11", "answer": "11"}]}

A file from outside is untrusted: bounded, checked against this form, refused by what is wrong.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from core.errors import InvalidInput
from core.question import Kind, Language, Question, is_encodable

SCHEMA = 1
MAX_BYTES = 1_000_000
MAX_EXEMPLARS = 40
MAX_TEXT = 8_000
FOLDER = Path(__file__).resolve().parent.parent / "assets" / "exemplars"

Written = Annotated[str, Field(max_length=MAX_TEXT)]
Name = Annotated[str, Field(max_length=120)]


_checked = with_config(ConfigDict(extra="forbid"))


@_checked
@dataclass(frozen=True, slots=True)
class Exemplar:
    """One question with the way to its answer. The rationale is without its closing sentence.

    `equation` is the calculation in one line, "" where there is none. One that is not `on` stays in
    its set and out of the prompt. `made` is the digest of its texts as they were first written by
    us or by a model; "" is a person's own.
    """

    question: Written
    rationale: Written
    answer: Written
    equation: Written = ""
    on: bool = True
    made: Annotated[str, Field(max_length=64)] = ""

    @property
    def tampered(self) -> bool:
        """Whether a person has changed what we or a model had written."""
        return bool(self.made) and self.made != self.digest

    @property
    def digest(self) -> str:
        """Of its texts; equal texts have equal digests."""
        texts = (self.question, self.rationale, self.answer, self.equation)
        return hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:16]

    def sealed(self) -> "Exemplar":
        """The same, as first written: from now on it tells when it is changed."""
        return replace(self, made=self.digest)


@_checked
@dataclass(frozen=True, slots=True)
class Origin:
    """How a model came to write a set: its name, the pool of questions by name and digest, how they
    were selected, and every setting (`settings`) that the rationales depend on."""

    model: Name
    pool: Name
    digest: Annotated[str, Field(max_length=64)]
    selection: Name
    k: int
    seed: int
    by: Name
    settings: Annotated[str, Field(max_length=1_000)]


@_checked
@dataclass(frozen=True, slots=True)
class ExemplarSet:
    """Exemplars for one kind of answer, in the order of the prompt. `origin` is None where people
    wrote them. The empty set stands for the bundled one that fits the question."""

    name: Name = ""
    kind: Kind = "number"
    language: Language = "en"
    exemplars: Annotated[tuple[Exemplar, ...], Field(max_length=MAX_EXEMPLARS)] = ()
    origin: Origin | None = None

    @property
    def shown(self) -> tuple[Exemplar, ...]:
        """Those that are in the prompt."""
        return tuple(exemplar for exemplar in self.exemplars if exemplar.on)


MATCHING = ExemplarSet()
"""The bundled set that fits the question, whatever it is."""

_SET: TypeAdapter[ExemplarSet] = TypeAdapter(ExemplarSet)


@cache
def bundled() -> Mapping[str, ExemplarSet]:
    """Our own sets, by the names of their files."""
    files = sorted(FOLDER.glob("*.json"))
    return {file.stem: _sealed(load(file.read_bytes())) for file in files}


def matching(question: Question) -> ExemplarSet:
    """The bundled set for a question's kind and language; English where there is none in its own.

    Raises InvalidInput where there is none at all.
    """
    fit = [known for known in bundled().values() if known.kind == question.kind]
    if not fit:
        raise InvalidInput("exemplars_kind", kind=question.kind)
    return next((known for known in fit if known.language == question.language), fit[0])


def load(content: str | bytes) -> ExemplarSet:
    """Read a set from its file. Raises InvalidInput that says what is wrong with it."""
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    if len(raw) > MAX_BYTES:
        raise InvalidInput("exemplars_large", bytes=len(raw), limit=MAX_BYTES)
    try:
        data = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput("exemplars_syntax") from error
    return parse(data)


def parse(data: Any) -> ExemplarSet:
    """A set from plain data, as it stands in a file. Raises InvalidInput."""
    if not isinstance(data, dict) or "thoughtscope_exemplars" not in data:
        raise InvalidInput("exemplars_syntax")
    schema = data["thoughtscope_exemplars"]
    if schema != SCHEMA:
        raise InvalidInput("exemplars_version", found=str(schema)[:20], known=SCHEMA)
    fields = {name: value for name, value in data.items() if name != "thoughtscope_exemplars"}
    try:
        plain = json.dumps(fields, allow_nan=False, ensure_ascii=False)
        if not is_encodable(plain):
            raise InvalidInput("question_encoding")
        made = _SET.validate_json(plain, strict=True)
    except ValidationError as error:
        raise InvalidInput("exemplars_schema", reason=_first(error)) from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput("exemplars_syntax") from error
    _check_texts(made)
    return made


def dump(exemplars: ExemplarSet) -> str:
    """A set as the text of its file."""
    plain = {"thoughtscope_exemplars": SCHEMA, **asdict(exemplars)}
    return json.dumps(plain, ensure_ascii=False, indent=2) + "\n"


def taken(value: Any) -> ExemplarSet:
    """A set from whatever was given for one: a set, its data, the text of its file, or the name of
    a bundled one; "" is the one that fits the question. Raises InvalidInput."""
    if isinstance(value, ExemplarSet):
        return value
    if isinstance(value, dict):
        return parse(value)
    if not isinstance(value, str):
        raise InvalidInput("exemplars_syntax")
    if not value.strip():
        return MATCHING
    if value in bundled():
        return bundled()[value]
    if value.lstrip().startswith("{"):
        return load(value)
    raise InvalidInput("exemplars_unknown", given=value[:80], known=", ".join(bundled()))


def _sealed(exemplars: ExemplarSet) -> ExemplarSet:
    return replace(exemplars, exemplars=tuple(each.sealed() for each in exemplars.exemplars))


def _check_texts(exemplars: ExemplarSet) -> None:
    """Raises InvalidInput for the first exemplar that lacks what no prompt can do without."""
    for number, exemplar in enumerate(exemplars.exemplars, start=1):
        if exemplar.on and not (exemplar.question.strip() and exemplar.answer.strip()):
            raise InvalidInput("exemplar_empty", number=number)


def _first(error: ValidationError) -> str:
    """The first complaint, by place and kind; never the hostile value itself."""
    complaint = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(map(str, complaint['loc']))}: {complaint['type']}"[:120]
