"""What the engine cannot do stands at the control that would ask for it.

Coroutines, since Gradio makes an event loop of its own, and leaves it, where none runs.
"""

import gradio as gr
import pytest

from components.asking.form import Form
from components.localize import Localizer
from components.texts import known, texts
from strategies import REGISTRY

EN, ZH = texts("en"), texts("zh")
NEEDING = {"direct", "zero_shot_cot", "auto_cot", "budget_forcing"}


def made(cannot):
    localizer = Localizer()
    with gr.Blocks():
        form = Form(localizer, REGISTRY, cannot)
    return form, localizer


def updated(localizer, component, language="en"):
    """What a component is told when the page's words are put into a language."""
    at = next(i for i, one in enumerate(localizer.components) if one is component)
    return localizer.updates(language)[at]


def marked(choices, reason):
    return {name for words, name in choices if reason in words}


async def test_a_strategy_that_the_engine_cannot_serve_is_marked_with_the_reason():
    form, _localizer = made({"continue": "cannot.continue", "count": "cannot.count"})
    assert marked(form.strategy.choices, EN("cannot.continue")) == NEEDING
    form, _localizer = made({"count": "cannot.count"})
    assert marked(form.strategy.choices, EN("cannot.count")) == {"budget_forcing"}
    form, _localizer = made({})
    assert [words for words, _ in form.strategy.choices] == [EN(f"strategy.{n}") for n in REGISTRY]


async def test_what_is_found_out_later_is_shown_with_the_next_words():
    cannot = {}
    form, localizer = made(cannot)
    cannot["continue"] = "cannot.continue"
    told = updated(localizer, form.strategy, "zh")
    assert marked(told["choices"], ZH("cannot.continue")) == NEEDING


@pytest.mark.parametrize(
    ("feature", "strategy", "name"),
    [
        ("usage", "tree_of_thoughts", "max_tokens"),
        ("logprobs", "self_consistency", "weighting"),
        ("continue", "budget_forcing", "word"),
    ],
)
async def test_a_control_is_disabled_with_the_reason(feature, strategy, name):
    for cannot, able in (({}, True), ({feature: f"cannot.{feature}"}, False)):
        form, localizer = made(cannot)
        named = [spec for spec in form._settings[strategy] if spec.label == _label(strategy, name)]
        told = updated(localizer, named[0])
        assert named[0].interactive is told["interactive"] is able
        assert (EN(f"cannot.{feature}") in told.get("info", "")) is not able


def _label(strategy, name):
    own = f"param.{strategy}.{name}"
    return EN(own if known(own) else f"param.{name}")


async def test_the_seed_says_where_it_is_not_kept_to():
    form, _localizer = made({})
    assert form.seed.info == EN("explore.seed.info")
    form, _localizer = made({"seed": "cannot.seed"})
    assert EN("cannot.seed") in form.seed.info
