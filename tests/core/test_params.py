"""Settings are checked by their own metadata, whether they come from a page or a command line."""

from dataclasses import dataclass

import pytest

from core.errors import InvalidInput
from core.params import MAX_TEXT, Spec, build, param, specs


@dataclass(frozen=True, slots=True)
class Params:
    paths: int = param(8, low=1, high=40, step=1, paper="40")
    heat: float = param(0.7, low=0.1, high=2.0)
    free: float = param(0.0)
    greedy: bool = param(False)
    rule: str = param("last", options=("last", "first"), needs="logprobs")
    trigger: str = param("step", options=("step",), open=True)


def test_the_settings_are_listed_in_order_with_their_metadata():
    assert [spec.name for spec in specs(Params)] == [
        *("paths", "heat", "free", "greedy", "rule", "trigger")
    ]
    assert specs(Params)[0] == Spec("paths", 8, low=1, high=40, step=1, paper="40")
    assert specs(Params)[4].needs == "logprobs"


def test_what_is_not_said_keeps_its_default():
    assert build(Params, {}) == Params()


def test_strings_from_a_command_line_are_read():
    words = {"paths": "12", "heat": "1.5", "greedy": "TRUE", "rule": "first", "trigger": "Hm,"}
    built = build(Params, words)
    assert built == Params(paths=12, heat=1.5, greedy=True, rule="first", trigger="Hm,")
    assert type(built.paths) is int


def test_a_whole_number_may_come_as_a_float_and_both_bounds_are_inside():
    assert build(Params, {"paths": 40.0}).paths == 40
    assert build(Params, {"paths": 1, "heat": 0.1}) == Params(paths=1, heat=0.1)


@pytest.mark.parametrize(
    ("word", "value"),
    [("true", True), ("yes", True), ("1", True), ("False", False), ("no", False), ("0", False)],
)
def test_a_switch_reads_the_usual_words(word, value):
    assert build(Params, {"greedy": word}).greedy is value


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("paths", 0, "param_whole"),
        ("paths", 41, "param_whole"),
        ("paths", 2.5, "param_whole"),
        ("paths", "many", "param_whole"),
        ("paths", "", "param_whole"),
        ("paths", None, "param_whole"),
        ("paths", [3], "param_whole"),
        ("paths", True, "param_whole"),
        ("paths", float("nan"), "param_whole"),
        ("paths", float("inf"), "param_whole"),
        ("paths", 10**400, "param_whole"),
        ("heat", 2.01, "param_range"),
        ("heat", "nan", "param_range"),
        ("heat", False, "param_range"),
        ("free", "-inf", "param_range"),
        ("greedy", "perhaps", "param_choice"),
        ("greedy", 1, "param_choice"),
        ("greedy", None, "param_choice"),
        ("rule", "other", "param_choice"),
        ("rule", "", "param_choice"),
        ("rule", 3, "param_text"),
        ("trigger", "x" * (MAX_TEXT + 1), "param_text"),
        ("trigger", None, "param_text"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_by_name(name, value, code):
    with pytest.raises(InvalidInput) as refused:
        build(Params, {name: value})
    assert refused.value.code == code
    assert refused.value.fields["name"] == name


def test_the_refusal_says_what_was_given_and_what_is_allowed():
    with pytest.raises(InvalidInput) as refused:
        build(Params, {"paths": 41})
    assert refused.value.fields == {"name": "paths", "given": "41", "low": "1", "high": "40"}
    with pytest.raises(InvalidInput) as refused:
        build(Params, {"rule": "z" * 500})
    assert refused.value.fields == {"name": "rule", "given": "z" * 80, "allowed": "last, first"}
    with pytest.raises(InvalidInput) as refused:
        build(Params, {"free": "x"})
    assert (refused.value.fields["low"], refused.value.fields["high"]) == ("−∞", "∞")


def test_an_unknown_setting_is_refused_with_those_that_are_known():
    with pytest.raises(InvalidInput) as refused:
        build(Params, {"path": 3})
    assert refused.value.code == "param_unknown"
    assert refused.value.fields["name"] == "path"
    assert "paths, heat, free, greedy, rule, trigger" in str(refused.value)
