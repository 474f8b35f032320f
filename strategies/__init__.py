"""One file a method, plus its prompts. A new strategy is a file here and a line in REGISTRY."""

from core.strategy import Strategy
from strategies import (
    auto_cot,
    budget_forcing,
    direct,
    few_shot_cot,
    self_consistency,
    tree_of_thoughts,
    zero_shot_cot,
)

REGISTRY: dict[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        direct.STRATEGY,
        zero_shot_cot.STRATEGY,
        few_shot_cot.STRATEGY,
        auto_cot.STRATEGY,
        self_consistency.STRATEGY,
        tree_of_thoughts.STRATEGY,
        budget_forcing.STRATEGY,
    )
}
