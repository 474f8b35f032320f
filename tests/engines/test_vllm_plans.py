"""What is chosen for a card, and read of a folder and of vLLM's log: pure functions."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from components.texts import error_text, table
from core.errors import EngineUnavailable, ModelError
from engines.models.catalogue import delimiters
from engines.server import metrics
from engines.url.reader import unshared
from engines.vllm import fit
from engines.vllm.card import Card, processor, read_cards, read_used
from engines.vllm.fit import DEFAULTS, GIB, default_model, planned
from engines.vllm.folder import Shape, read_folder
from engines.vllm.progress import Listener

# Qwen3-8B: 36 layers, 8 key heads of 128 numbers.
LARGE = Shape(16_381_470_720, 2 * 36 * 8 * 128, 40_960)
SMALL = Shape(4_063_515_640, 2 * 28 * 8 * 128, 40_960)


def card(total: float, free: float) -> Card:
    return Card("a card", int(total * GIB), int(free * GIB), 0)


@pytest.mark.parametrize(
    ("free", "model"),
    [(79, "8B"), (21, "8B"), (20.9, "4B"), (12, "4B"), (11.9, "1.7B"), (6, "1.7B"), (0, "1.7B")],
)
def test_the_default_is_by_free_memory_and_was_trained_to_think(free: float, model: str) -> None:
    assert default_model(int(free * GIB)) == f"Qwen/Qwen3-{model}"


def test_all_defaults_were_trained_to_think() -> None:
    assert all(delimiters(name) for _, name in DEFAULTS)


@pytest.mark.parametrize(
    ("shape", "total", "free", "context"),
    [
        (LARGE, 80, 79, 32_768),
        (LARGE, 24, 23.6, 32_768),
        (LARGE, 24, 22, 21_504),
        (SMALL, 80, 79, 32_768),
        (SMALL, 8, 7.6, 5_632),
        (replace(LARGE, positions=4096), 80, 79, 4096),
        (replace(SMALL, positions=1000), 80, 79, 1000),
        (replace(LARGE, positions=0), 80, 79, 32_768),
    ],
)
def test_the_longest_context_that_fits(
    shape: Shape, total: float, free: float, context: int
) -> None:
    plan = planned(shape, card(total, free), "m")
    assert plan.context == context
    assert plan.bytes <= free * GIB - fit.MARGIN, "vLLM refuses a share that is not free"
    needed = shape.weights + context * shape.numbers * fit.WIDTH
    assert plan.bytes > needed


def test_a_large_card_is_not_filled_with_what_nobody_needs() -> None:
    """So that a second app finds room beside it, and then a third is told why it does not."""
    plan = planned(SMALL, card(80, 79), "m")
    assert plan.bytes < 40 * GIB
    second = planned(SMALL, card(80, 79 - plan.bytes / GIB), "m")
    assert second.context == 32_768
    with pytest.raises(EngineUnavailable) as caught:
        planned(LARGE, card(80, 12.34), "Qwen/Qwen3-8B")
    assert caught.value.code == "vllm_memory"
    assert caught.value.fields["free"] == 12.3 and caught.value.fields["needed"] == 19.4
    for language in ("en", "zh"):
        sentence = error_text(caught.value.as_dict(), language)
        assert all(word in sentence for word in ("12.3", "19.4", "a card", "Qwen/Qwen3-8B"))


def test_what_is_needed_is_enough() -> None:
    with pytest.raises(EngineUnavailable) as caught:
        planned(LARGE, card(80, 1), "m")
    needed = caught.value.fields["needed"]
    assert isinstance(needed, float) and planned(LARGE, card(80, needed), "m").context >= 2048


def test_smaller_plans_halve_the_context_down_to_2048() -> None:
    plan = planned(LARGE, card(80, 79), "m")
    contexts, shares = [], []
    while (smaller := plan.smaller(lower=bool(contexts))) is not None:
        contexts.append(smaller.context)
        shares.append(plan.share - smaller.share)
        plan = smaller
    assert contexts == [16_384, 8_192, 4_096, 2_048]
    assert shares == pytest.approx([0, 0.05, 0.05, 0.05])


def test_a_processor_has_a_plan_too() -> None:
    plan = planned(Shape(538_000_000, 2 * 30 * 3 * 64, 8192), Card("CPU", 16 * GIB, 8 * GIB), "m")
    assert (plan.context, plan.share, plan.cache) == (8192, 0.0, 3 * GIB)
    here = processor()
    assert here.name.startswith("CPU · ") and 0 < here.free < here.total
    assert here.index is None


TABLE = """0, GPU-aaaa-1, 24576, 20000, NVIDIA L4
1, GPU-bbbb-2, 81559, 80000, NVIDIA H100 80GB HBM3, mig
2, GPU-cccc-3, [N/A], [N/A], Odd, one
garbage"""


@pytest.mark.parametrize(
    ("allowed", "indices"),
    [
        (None, [0, 1]),
        (["1"], [1]),
        (["GPU-aaaa"], [0]),
        ([""], []),
        (["-1"], []),
        (["7", "0"], [0]),
    ],
)
def test_the_cards_that_may_be_used(allowed: list[str] | None, indices: list[int]) -> None:
    assert [card.index for card in read_cards(TABLE, allowed)] == indices


def test_a_card_is_read() -> None:
    assert read_cards(TABLE)[0] == Card("NVIDIA L4", 24576 << 20, 20000 << 20, 0)
    assert read_cards("") == []


def test_the_gpu_memory_of_processes_is_added_up() -> None:
    table_ = "11, 1000\n12, 24\n13, 500\n14, [N/A]\n\nno rows"
    assert read_used(table_, [11, 12, 14]) == 1024 << 20
    assert read_used("", [11]) == 0


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A model's folder, as far as it is looked at."""
    config = {
        "num_hidden_layers": 30,
        "num_attention_heads": 9,
        "num_key_value_heads": 3,
        "hidden_size": 576,
        "max_position_embeddings": 8192,
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model-1.safetensors").write_bytes(b"x" * 70)
    (tmp_path / "model-2.safetensors").write_bytes(b"x" * 30)
    (tmp_path / "tokenizer.json").write_text("{}")
    (tmp_path / "tokenizer_config.json").write_text('{"chat_template": "{{ messages }}"}')
    return tmp_path


def test_a_folder_tells_its_shape(whole: Path) -> None:
    shape = Shape(100, 2 * 30 * 3 * 64, 8192)
    assert read_folder(whole) == shape
    config = (whole / "config.json").read_text()
    (whole / "config.json").write_text(json.dumps({"text_config": json.loads(config)}))
    (whole / "tokenizer_config.json").unlink()
    (whole / "chat_template.jinja").write_text("{{ messages }}")
    assert read_folder(whole) == shape
    (whole / "config.json").write_text('{"max_position_embeddings": "many"}')
    assert read_folder(whole) == Shape(100, 0, 0)


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no config": (lambda folder: (folder / "config.json").unlink(), "model_load"),
    "garbage": (lambda folder: (folder / "config.json").write_text("[1"), "model_load"),
    "no weights": (
        lambda folder: [p.unlink() for p in folder.glob("*.safetensors")],
        "model_load",
    ),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), "model_tokenizer"),
    "no template": (
        lambda folder: (folder / "tokenizer_config.json").write_text("{}"),
        "model_template",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_folder_that_is_not_whole_is_refused_before_anything_is_started(
    whole: Path, fault: str
) -> None:
    damage, code = BROKEN[fault]
    damage(whole)
    with pytest.raises(ModelError) as caught:
        read_folder(whole)
    assert caught.value.code == code


def heard(*lines: str) -> tuple[Listener, list[str]]:
    stages: list[str] = []
    listener = Listener(lambda stage, _log: stages.append(stage))
    for line in lines:
        listener.hear(line)
    return listener, list(dict.fromkeys(stages))


CORE = "(EngineCore pid=6669) {} 11-22 18:19:59 [gpu_model_runner.py:68] "


def test_the_stages_of_a_start_are_heard() -> None:
    info = CORE.format("INFO")
    _, stages = heard(
        "(APIServer pid=1) INFO 11-22 18:19:41 [model.py:733] Resolved architecture: Qwen3",
        f"{info}Starting to load model /models/x...",
        "Loading safetensors checkpoint shards:  50% Completed | 1/2 [00:00<?, ?it/s]",
        f"{info}Loading weights took 2.33 seconds",
        f"{info}Dynamo bytecode transform time: 5.71 s",
        f"{info}torch.compile took 26.52 s in total",
        "Capturing CUDA graphs (decode, FULL):  10%|          | 1/10 [00:00<?, ?it/s]",
    )
    assert stages == [
        "badge.starting_server",
        "badge.weights",
        "badge.warming",
        "badge.compiling",
    ]
    assert all(stage in table("en") for stage in stages)


@pytest.mark.parametrize(
    ("line", "short"),
    [
        ("ValueError: No available memory for the cache blocks. Try increasing", "cache"),
        (
            "ValueError: To serve at least one request with the model's max seq len (40960), (5.6 "
            "GiB KV cache is needed, which is larger than the available KV cache memory (2.1 GiB).",
            "cache",
        ),
        (
            "ValueError: The model's max seq len (131072) is larger than the maximum number of "
            "tokens that can be stored in KV cache (90000).",
            "cache",
        ),
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.", "device"),
        (
            "ValueError: Free memory on device cuda:0 (3.1/23.7 GiB) on startup is less than "
            "desired GPU memory utilization (0.87, 20.6 GiB).",
            "device",
        ),
        ("ValueError: No common block size for 16", ""),
        ("INFO: all is well", ""),
    ],
)
def test_that_memory_is_short_is_heard(line: str, short: str) -> None:
    listener, _ = heard(CORE.format("ERROR") + line)
    assert listener.short == short
    assert listener.cause == (line if "Error: " in line else "")


def test_the_first_cause_is_told_and_not_those_that_repeat_it() -> None:
    listener, _ = heard(
        CORE.format("ERROR") + "  File x.py, line 554, in select",
        CORE.format("ERROR") + "ValueError: No common block size",
        CORE.format("ERROR") + "RuntimeError: Worker failed with error 'No common block size'",
        "RuntimeError: Engine core initialization failed. See root cause above.",
    )
    assert listener.cause == "ValueError: No common block size"
    listener.hear("x" * 10_000 + "end")
    assert len(listener.log) < 1000 * 200 and len(listener.log.splitlines()[-1]) == 500


METRICS = b"""# HELP vllm:num_requests_waiting Number of requests waiting to be processed.
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="a \\"b\\", c=d"} 3.0
vllm:num_requests_waiting{engine="1",model_name="m"} 4.0
vllm:prompt_tokens_by_source_total{engine="0",source="local_compute"} 40.0
vllm:prompt_tokens_by_source_total{engine="0",source="local_cache_hit"} 60.0
vllm:cache_config_info{block_size="16",enable_prefix_caching="True",engine="0"} 1.0
process_cpu_seconds_total 1.5e+2
llamacpp:prompt_tokens_total 12 1700000000
broken{ 1
vllm:odd{engine="0"} +-e
<html>
"""


def test_metrics_are_read() -> None:
    assert metrics.totals(METRICS) == {
        "num_requests_waiting": 7.0,
        "prompt_tokens_by_source_total": 100.0,
        "cache_config_info": 1.0,
        "process_cpu_seconds_total": 150.0,
        "prompt_tokens_total": 12.0,
    }
    labels = next(metrics.readings(METRICS)).labels
    assert labels == {"engine": "0", "model_name": 'a \\"b\\", c=d'}
    assert metrics.computed(METRICS) == {"prompt_tokens_computed_total": 40.0}
    assert metrics.computed(b"") == {}


def test_metrics_are_bounded() -> None:
    assert len(metrics.totals(b"".join(b"m%d 1\n" % i for i in range(30_000)))) == 20_000
    assert metrics.totals(b"\n" * metrics.MAX_BYTES + b"m 1") == {}


def test_in_what_blocks_a_prompt_is_shared() -> None:
    assert metrics.shared_block(METRICS) == 16
    off = METRICS.replace(b'caching="True"', b'caching="False"')
    assert metrics.shared_block(off) == metrics.NOTHING_SHARED
    assert metrics.shared_block(b"") == 0


@pytest.mark.parametrize(
    ("prompt", "block", "left"),
    [(47, 16, 15), (48, 16, 16), (49, 16, 1), (1, 16, 1), (47, 0, 0), (47, 1 << 40, 47)],
)
def test_what_each_further_sample_computes_of_a_prompt(prompt: int, block: int, left: int) -> None:
    """The last token never comes from a cache: the next one is made of it."""
    assert unshared(prompt, block) == left
