"""A prompt in its parts: exemplars folded, what each costs, the share of the context."""

import pytest

from components.texts import texts
from components.views import inspector
from components.views.reading import Lens, read
from core.engine import Sampling
from core.events import Closed, Composed, Opened, Part, Prompted
from tests.components.selections import ASKED, TRIGGER, composed, final, trace_of

EN = texts("en")
EXEMPLARS = ("How many?\nIt is 2. The answer is 2.", "And now? " + "long " * 40)


def pane(trace, node="0"):
    return inspector.inspect(trace, read(trace, Lens())[node], EN)["panes"][0]


def flat(parts):
    """All that is shown, folded or not."""
    pairs = [
        pair for part in parts for pair in (part["parts"] if isinstance(part, dict) else [part])
    ]
    return "".join(words for _, words in pairs)


def folds(parts):
    return [part for part in parts if isinstance(part, dict)]


def broken(*parts, exemplars=EXEMPLARS):
    """A prompt that is said to have these parts."""
    prompt, _ = composed(exemplars)
    sampling = Sampling(seed=1)
    return trace_of(
        Opened("0", (), "few_shot", "cot"), Prompted("0", prompt, sampling), Composed("0", parts)
    )


def test_exemplars_are_folded_and_the_whole_prompt_is_there_character_by_character():
    trace = trace_of(*final("0", "", EXEMPLARS))
    shown = pane(trace)["parts"]
    assert flat(shown) == trace.nodes["0"].prompt
    assert [fold["name"] for fold in folds(shown)] == ["Exemplar 1", "Exemplar 2"]
    assert ["text", ASKED] in shown
    assert shown[-1] == ["forced", TRIGGER]


def test_a_fold_tells_its_tokens_how_it_begins_and_who_changed_it():
    first, second = folds(pane(trace_of(*final("0", "", EXEMPLARS)))["parts"])
    assert first["tokens"] == "10 tokens"
    assert first["begins"] == "How many? It is 2. The answer is 2."
    assert (first["tampered"], second["tampered"]) == ("", "changed by hand")
    assert len(second["begins"]) == 81 and second["begins"].endswith("…")
    assert ["token", "<|im_start|>"] in first["parts"]


def test_the_share_is_counted_by_the_parts_and_then_by_the_engine():
    trace = trace_of(*final("0", "", EXEMPLARS))
    share = pane(trace)["share"]
    assert share["text"] == "50 tokens: 2 % of the context of 2,048"
    assert (share["all"], share["exemplars"], share["of"]) == (2.44, 0.98, "exemplars: 20")
    trace.apply(99.0, Closed("0", "stop", 1024, 10))
    assert pane(trace)["share"]["text"].startswith("1,024 tokens: 50 %")


def test_nobody_counts_and_so_no_share_is_told():
    _, parts = composed(EXEMPLARS)
    uncounted = [Part(p.kind, p.start, p.end, None, p.label) for p in parts]
    shown = pane(broken(*uncounted))
    assert shown["share"] is None
    assert [fold["tokens"] for fold in folds(shown["parts"])] == ["", ""]
    assert pane(trace_of(*final("0", ""), context=0))["share"] is None


@pytest.mark.parametrize(
    "parts",
    [
        (Part("exemplar", 0, 10_000, 5, "1"),),
        (Part("exemplar", 5, 9, 5, "1"),),
        (Part("exemplar", 0, 9, 5, "1"), Part("question", 4, 12, 5)),
        (Part("exemplar", 0, 9, 5, "1"), Part("question", 20, 25, 5)),
        (Part("exemplar", 0, 9, 5, "1"), Part("question", 9, 3, 5)),
        tuple(Part("exemplar", 0, 0, 5, "1") for _ in range(300)),
    ],
)
def test_parts_that_do_not_fit_the_prompt_are_not_believed(parts):
    trace = broken(*parts)
    shown = pane(trace)
    assert folds(shown["parts"]) == []
    assert flat(shown["parts"]) == trace.nodes["0"].prompt
    assert shown["share"] is None


def test_a_prompt_without_exemplars_is_shown_whole():
    trace = broken(Part("frame", 0, 12, 5))
    assert flat(pane(trace)["parts"]) == trace.nodes["0"].prompt
    assert folds(pane(trace)["parts"]) == []


def test_parts_without_a_prompt_break_nothing():
    trace = trace_of(Opened("0", (), "few_shot", "cot"), Composed("0", composed(EXEMPLARS)[1]))
    assert pane(trace)["parts"] == []


def test_a_node_without_parts_has_its_prompt_as_before():
    trace = trace_of(Opened("0", (), "path", "1"), Prompted("0", "<|im_start|>Q", Sampling()))
    assert pane(trace) == {
        "label": "Prompt, exactly as sent",
        "parts": [["token", "<|im_start|>"], ["text", "Q"]],
    }
