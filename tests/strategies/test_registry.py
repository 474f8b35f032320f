"""Every strategy is listed under its name, cites its paper, and refuses settings by name."""

import pytest

from core.errors import InvalidInput
from core.exemplars import MATCHING, bundled, dump
from core.params import build, specs
from core.pool import MATCHING as MATCHING_POOL
from core.pool import bundled as pools
from strategies import REGISTRY

BOUNDS = [
    (strategy.name, spec.name, value)
    for strategy in REGISTRY.values()
    for spec in specs(strategy.params)
    if spec.low is not None
    for value in (spec.low - 1, spec.high + 1, "nan", "")
]
CHOICES = [
    (strategy.name, spec.name)
    for strategy in REGISTRY.values()
    for spec in specs(strategy.params)
    if spec.options and not spec.open
]


def test_the_strategies_are_listed_under_their_names():
    assert list(REGISTRY) == [
        "direct",
        "zero_shot_cot",
        "few_shot_cot",
        "auto_cot",
        "self_consistency",
        "tree_of_thoughts",
        "budget_forcing",
    ]
    assert all(strategy.name == name for name, strategy in REGISTRY.items())


def test_every_strategy_cites_its_paper_and_names_its_departures():
    papers = {name: strategy.paper[-10:] for name, strategy in REGISTRY.items()}
    assert papers == {
        "direct": "2205.11916",
        "zero_shot_cot": "2205.11916",
        "few_shot_cot": "2201.11903",
        "auto_cot": "2210.03493",
        "self_consistency": "2203.11171",
        "tree_of_thoughts": "2305.10601",
        "budget_forcing": "2501.19393",
    }
    assert all(strategy.departures for strategy in REGISTRY.values())


def test_the_settings_of_every_strategy_are_these_with_the_papers_values():
    settings = {
        name: {spec.name: (spec.default, spec.paper) for spec in specs(strategy.params)}
        for name, strategy in REGISTRY.items()
    }
    assert settings == {
        "direct": {"answer_tokens": (32, "32")},
        "zero_shot_cot": {
            "trigger": ("step_by_step", "step_by_step"),
            "max_tokens": (400, "128"),
            "answer_tokens": (32, "32"),
        },
        "few_shot_cot": {
            "exemplars": (MATCHING, ""),
            "form": ("cot", "cot"),
            "versus": ("none", ""),
            "max_tokens": (400, "128"),
        },
        "auto_cot": {
            "pool": (MATCHING_POOL, ""),
            "demonstrations": (MATCHING, ""),
            "reuse": ("match", ""),
            "selection": ("cluster", "cluster"),
            "k": (8, "8"),
            "trigger": ("step_by_step", "step_by_step"),
            "max_tokens": (400, "256"),
            "cluster_seed": (192, "192"),
            "same_kind": (True, ""),
            "brief": (True, ""),
            "question_words": (60, "60"),
            "rationale_lines": (5, "5"),
            "rationale_tokens": (256, "256"),
            "tries": (10, ""),
        },
        "self_consistency": {
            "paths": (8, "40"),
            "temperature": (0.7, "0.5 – 0.7"),
            "top_k": (40, "40 / 0"),
            "max_tokens": (400, ""),
            "trigger": ("step_by_step", "exemplars"),
            "exemplars": (MATCHING, ""),
            "weighting": ("count", "count"),
            "rule": ("marker", "marker"),
            "greedy": (False, ""),
        },
        "tree_of_thoughts": {
            "task": ("game24", ""),
            "examples": ("own", ""),
            "exemplars": (MATCHING, ""),
            "generation": ("task", ""),
            "evaluation": ("task", ""),
            "search": ("task", ""),
            "breadth": (2, "5 / 1 / 3"),
            "thoughts": (3, "5"),
            "proposals": (1, "1 / 8"),
            "judge": ("choice", "written"),
            "judgements": (3, "3 / 5"),
            "depth": (0, ""),
            "temperature": (0.7, "0.7"),
            "checked": (True, ""),
            "max_states": (80, "100"),
            "max_tokens": (6000, ""),
            "max_seconds": (300, ""),
        },
        "budget_forcing": {
            "mode": ("both", "both"),
            "waits": (2, "1 – 6"),
            "word": ("Wait", "Wait"),
            "budget": (600, "32000"),
            "budget_for": ("run", "run"),
            "answer_tokens": (64, "32768"),
            "probe": (True, ""),
            "versus": ("none", ""),
            "versus_budget": (0, ""),
        },
    }


@pytest.mark.parametrize(("strategy", "setting", "value"), BOUNDS)
def test_a_setting_out_of_range_is_refused_by_name(strategy, setting, value):
    with pytest.raises(InvalidInput) as refused:
        build(REGISTRY[strategy].params, {setting: value})
    assert refused.value.fields["name"] == setting


def test_every_number_has_both_bounds_and_allows_them():
    for strategy in REGISTRY.values():
        for spec in specs(strategy.params):
            if isinstance(spec.default, int | float) and not isinstance(spec.default, bool):
                for bound in (spec.low, spec.high):
                    assert getattr(build(strategy.params, {spec.name: bound}), spec.name) == bound


@pytest.mark.parametrize(("strategy", "setting"), CHOICES)
def test_a_choice_outside_its_list_is_refused_by_name(strategy, setting):
    with pytest.raises(InvalidInput) as refused:
        build(REGISTRY[strategy].params, {setting: "something else"})
    assert refused.value.fields["name"] == setting


@pytest.mark.parametrize(
    ("strategy", "setting"),
    [
        ("few_shot_cot", "exemplars"),
        ("auto_cot", "demonstrations"),
        ("self_consistency", "exemplars"),
        ("tree_of_thoughts", "exemplars"),
    ],
)
def test_exemplars_are_given_by_name_or_as_the_text_of_their_file(strategy, setting):
    params = REGISTRY[strategy].params
    ours = bundled()["choice_en"]
    for given in ("choice_en", dump(ours), ours):
        assert getattr(build(params, {setting: given}), setting) == ours
    with pytest.raises(InvalidInput, match="exemplars_unknown"):
        build(params, {setting: "nobody's"})


def test_a_pool_is_given_by_name_or_as_text():
    params = REGISTRY["auto_cot"].params
    assert build(params, {"pool": "zh"}).pool == pools()["zh"]
    own = build(params, {"pool": "How many legs?\nHow many arms?"}).pool
    assert (own.name, len(own.questions)) == ("own", 2)
    with pytest.raises(InvalidInput, match="pool_empty"):
        build(params, {"pool": None})


def test_the_rules_and_weightings_of_self_consistency_are_closed_lists():
    assert {setting for name, setting in CHOICES if name == "self_consistency"} == {
        "weighting",
        "rule",
    }
