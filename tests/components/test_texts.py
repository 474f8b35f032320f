"""The string tables: the same keys and blanks in both languages, and a string for everything."""

import ast
import re
import string
from pathlib import Path

import pytest

from components import replays
from components.asking import form
from components.asking.examples import examples
from components.texts import error_text, note_text, table, texts
from core import errors
from core.answers import RULES
from core.errors import EngineDied, InvalidInput, InvalidRecording
from core.params import specs
from core.question import KINDS, LANGUAGES
from core.votes import WEIGHTINGS
from strategies import REGISTRY

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("core", "engines", "strategies", "components", "hosting")
ERRORS = {
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.ThoughtscopeError)
}
OWN_CODE = {"EngineDied": "engine_died", "ContextOverflow": "context_overflow"}


def calls() -> list[tuple[str, ast.Call]]:
    """Every call in the app's sources, with the name of what is called."""
    found = []
    for path in [
        ROOT / "app.py",
        *(file for room in ROOMS for file in (ROOT / room).rglob("*.py")),
    ]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else None
                found.append((name or getattr(node.func, "id", ""), node))
    return found


def words_of(argument: ast.expr) -> set[str]:
    """The strings that an argument may be; a variable's are not known here."""
    if isinstance(argument, ast.IfExp):
        return words_of(argument.body) | words_of(argument.orelse)
    return {argument.value} if isinstance(argument, ast.Constant) else set()


def raised() -> dict[str, set[str]]:
    """The code of every error that is made, with the names of its fields."""
    found: dict[str, set[str]] = {}
    for name, call in calls():
        if name in ERRORS and call.args and name not in OWN_CODE:
            for code in words_of(call.args[0]):
                fields = {word.arg for word in call.keywords if word.arg}
                if name == "InvalidRecording":
                    fields.add("line")
                if all(word.arg for word in call.keywords):
                    found[code] = found.get(code, fields) & fields
    return found


def blanks(sentence: str) -> set[str]:
    return {name for _text, name, _form, _how in string.Formatter().parse(sentence) if name}


def test_both_tables_have_the_same_keys_and_no_empty_string():
    assert table("en").keys() == table("zh").keys()
    assert [
        key for code in LANGUAGES for key, words in table(code).items() if not words.strip()
    ] == []


def test_both_sentences_of_a_key_have_the_same_blanks():
    assert {key: blanks(words) for key, words in table("en").items()} == {
        key: blanks(words) for key, words in table("zh").items()
    }


def test_the_chinese_table_is_chinese():
    alike = {key for key in table("en") if table("en")[key] == table("zh")[key]}
    worded = {
        key for key in alike if re.search(r"[A-Za-z]{3}", re.sub(r"{\w+}", "", table("en")[key]))
    }
    assert worded == set()


def test_every_error_that_is_made_has_a_sentence():
    codes = raised().keys() | OWN_CODE.values() | {"internal"}
    assert {code for code in codes if f"error.{code}" not in table("en")} == set()


def test_every_sentence_of_an_error_gets_its_blanks_filled():
    lacking = {
        code: blanks(table("en")[f"error.{code}"]) - fields
        for code, fields in raised().items()
        if blanks(table("en").get(f"error.{code}", "")) - fields
    }
    assert lacking == {}


def test_the_reader_of_the_source_finds_the_errors():
    assert {"question_empty", "recording_syntax", "param_range", "param_whole"} <= raised().keys()
    assert raised()["recording_version"] == {"line", "found", "known"}


def test_every_note_has_a_sentence():
    codes = {code for name, call in calls() if name == "note" for code in words_of(call.args[0])}
    assert "tie" in codes
    assert {code for code in codes if f"note.{code}" not in table("en")} == set()


def test_every_reason_why_an_engine_cannot_has_a_sentence():
    keys = {
        node.value
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"cannot\.\w+", node.value)
    }
    assert keys
    assert keys - table("en").keys() == set()


def test_every_key_that_is_written_out_is_in_the_tables():
    keys = {
        word
        for name, call in calls()
        if name in ("text", "t", "_accordion")
        for argument in call.args[:1]
        for word in words_of(argument)
    }
    assert len(keys) > 40
    assert keys - table("en").keys() == set()


@pytest.mark.parametrize("strategy", REGISTRY.values(), ids=list(REGISTRY))
def test_a_strategy_has_all_its_strings(strategy):
    wanted = {f"strategy.{strategy.name}", f"strategy.{strategy.name}.what"}
    wanted |= {f"departure.{key}" for key in strategy.departures}
    for spec in specs(strategy.params):
        wanted |= {f"option.{spec.name}.{option}" for option in spec.options}
        if not spec.editor and f"param.{strategy.name}.{spec.name}" not in table("en"):
            wanted.add(f"param.{spec.name}")
    assert wanted - table("en").keys() == set()


def test_all_kinds_languages_rules_and_weights_have_strings():
    wanted = {f"kind.{kind}" for kind in (*KINDS, form.DETECT)}
    wanted |= {f"language.{language}" for language in (*LANGUAGES, form.DETECT)}
    wanted |= {f"{family}.{rule}" for rule in RULES for family in ("rule", "option.rule")}
    wanted |= {f"option.weighting.{weighting}" for weighting in WEIGHTINGS}
    wanted |= {f"votes.axis.{weighting}" for weighting in WEIGHTINGS}
    wanted |= {f"finish.{finish}" for finish in ("stop", "length", "aborted")}
    wanted |= {f"headline.{status}" for status in ("answered", "no_answer", "stopped", "failed")}
    wanted |= {bundled.title for bundled in replays.bundled_recordings()}
    assert wanted - table("en").keys() == set()


def test_an_error_is_said_in_either_language_with_its_fields():
    error = InvalidRecording("recording_changed", 12)
    assert error_text(error.as_dict(), "en").startswith("Line 12: the recording was changed")
    assert "12" in error_text(error.as_dict(), "zh")
    assert error_text(EngineDied("killed").as_dict(), "en").endswith("killed")
    assert error_text(None, "en") == ""


@pytest.mark.parametrize(
    "error",
    [
        {"code": "not_known", "fields": {}},
        {"code": "param_range", "fields": {"name": "x"}},
        {"code": "param_range", "fields": None},
        {"code": None},
        {"code": "x" * 10_000},
    ],
)
def test_an_error_from_a_foreign_recording_is_named_and_never_breaks_the_page(error):
    said = error_text(error, "en")
    assert "no words" in said and len(said) < 300


def test_fields_are_data_and_never_a_format():
    hostile = "{given.__class__} {0} ${x}"
    error = InvalidInput("param_choice", name=hostile, given="{name}", allowed="a")
    said = error_text(error.as_dict(), "en")
    assert hostile in said and "“{name}”" in said
    assert note_text("nothing", {"a": hostile}, "en") == texts("en")("unknown", code="nothing")


def test_the_examples_are_enough_in_both_languages_and_of_every_kind():
    assert len(examples()) >= 12
    assert {example.language for example in examples()} == set(LANGUAGES)
    assert {example.kind for example in examples()} == set(KINDS)
    assert len({example.id for example in examples()}) == len(examples())
    assert all(example.question.strip() for example in examples())
    # What a tree of thoughts finds is checked, not compared.
    assert all(example.answer.strip() or example.task for example in examples())
