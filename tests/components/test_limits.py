"""What counts as public, and what is allowed there if nothing else was said."""

import pytest

from app import parser
from components.limits import PRIVATE, PUBLIC, described, is_public, limits_of, proxies_of
from core.allowance import Limits


def given(*arguments):
    return parser().parse_args(arguments)


@pytest.mark.parametrize(
    ("arguments", "environment", "public"),
    [
        ((), {}, False),
        (("--host", "127.0.0.1"), {}, False),
        (("--host", "127.0.0.5"), {}, False),
        (("--host", "localhost"), {}, False),
        (("--host", "::1"), {}, False),
        (("--host", "0.0.0.0"), {}, True),
        (("--host", "::"), {}, True),
        (("--host", "192.168.1.5"), {}, True),
        (("--host", "my.machine"), {}, True),
        ((), {"GRADIO_SERVER_NAME": "0.0.0.0"}, True),
        ((), {"GRADIO_SERVER_NAME": "127.0.0.1"}, False),
        (("--host", "127.0.0.1"), {"GRADIO_SERVER_NAME": "0.0.0.0"}, False),
        (("--host", "127.0.0.1"), {"SPACE_ID": "someone/thoughtscope"}, True),
        ((), {"GRADIO_SHARE": "True"}, True),
        ((), {"GRADIO_SHARE": "False"}, False),
        (("--behind-proxy",), {}, True),
        (("--behind-proxy", "0"), {}, False),
    ],
)
def test_a_page_is_public_where_others_can_reach_it(arguments, environment, public):
    assert is_public(given(*arguments), environment) is public
    assert limits_of(given(*arguments), environment) == (PUBLIC if public else PRIVATE)


def test_a_public_page_limits_everything_and_a_private_one_nobody():
    assert min(PUBLIC.at_once, PUBLIC.runs, PUBLIC.run_tokens, PUBLIC.hour_tokens, PUBLIC.tabs) > 0
    assert Limits(at_once=PRIVATE.at_once) == PRIVATE


def test_what_is_asked_for_overrules_and_the_rest_stays_safe():
    asked = given("--host", "0.0.0.0", "--at-once", "9", "--tokens-per-run", "0")
    limits = limits_of(asked, {})
    assert (limits.at_once, limits.run_tokens) == (9, 0)
    assert (limits.runs, limits.hour_tokens) == (PUBLIC.runs, PUBLIC.hour_tokens)
    asked = given("--runs-per-person", "3", "--tokens-per-hour", "500")
    assert limits_of(asked, {}) == Limits(at_once=PRIVATE.at_once, runs=3, hour_tokens=500)


@pytest.mark.parametrize(
    ("arguments", "environment", "proxies"),
    [
        ((), {}, 0),
        (("--behind-proxy",), {}, 1),
        (("--behind-proxy", "2"), {}, 2),
        ((), {"SPACE_ID": "someone/thoughtscope"}, "space"),
        (("--behind-proxy", "2"), {"SPACE_ID": "someone/thoughtscope"}, 2),
    ],
)
def test_the_proxies_that_are_trusted(arguments, environment, proxies):
    assert proxies_of(given(*arguments), environment) == proxies


@pytest.mark.parametrize("option", ["--at-once", "--runs-per-person", "--tokens-per-run"])
@pytest.mark.parametrize("value", ["-1", "many", "1.5", "", "٣"])
def test_what_is_no_number_is_refused_by_its_option(option, value, capsys):
    with pytest.raises(SystemExit) as ended:
        given(f"{option}={value}")
    assert ended.value.code == 2
    assert f"argument {option}" in capsys.readouterr().err


def test_the_limits_are_told_as_the_options_that_set_them():
    said = described(given("--host", "0.0.0.0"), {})
    assert said == (
        "Others can reach this page. Its limits (0 is none): --at-once 2 --runs-per-person 1 "
        "--tokens-per-run 20000 --tokens-per-hour 60000"
    )
    assert described(given(), {}).startswith("Only this machine can reach this page.")
