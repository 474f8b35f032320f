"""Reading a trace again: under another rule, by another weight, over fewer paths."""

import math

import pytest

from components.views.palette import COLOURS, INKS, looks
from components.views.reading import Lens, count, read, verdict, voting, weighting
from core.events import Ended
from tests.components.runs import SAYS, opened, told, trace_of, voted

TEXTS = (SAYS(7), "First 3. " + SAYS(7), SAYS(8), "nothing")


def answers(trace, lens):
    return [reading.answer for reading in read(trace, lens).values()]


def weights(trace, lens):
    votes = count(trace, lens, read(trace, lens))
    assert votes
    return {candidate.answer: candidate.weight for candidate in votes.candidates}


def test_as_the_run_did_it():
    assert answers(voted(*TEXTS), Lens()) == ["7", "7", "8", None]
    assert weights(voted(*TEXTS), Lens()) == {"7": 2, "8": 1}


def test_another_rule_reads_the_paths_again():
    assert answers(voted(*TEXTS), Lens(rule="first")) == ["7", "3", "8", None]


def test_another_rule_leaves_a_second_stage_alone():
    trace = trace_of(*opened("0", "answer"), *told("0", "2, no, 5"), Ended("answered", "5"))
    assert answers(trace, Lens(rule="first")) == answers(trace, Lens()) == ["5"]


def test_a_path_that_is_not_finished_is_not_read():
    trace = trace_of(*opened("0"), *opened("1", sample=1), *told("1", SAYS(4)))
    assert answers(trace, Lens(rule="last")) == [None, "4"]
    votes = count(trace, Lens(), read(trace, Lens()))
    assert votes and votes.abstained == ()


def test_only_the_first_paths_vote():
    lens = Lens(first=1)
    assert [node.id for node in voting(voted(*TEXTS), lens)] == ["0"]
    assert weights(voted(*TEXTS), lens) == {"7": 1}


def test_votes_weigh_what_their_texts_are_worth():
    trace = voted(SAYS(7), SAYS(8), SAYS(8), logprobs=(-0.1, -2.0, None))
    assert weights(trace, Lens(weighting="probability")) == {
        "7": pytest.approx(math.exp(-0.1)),
        "8": pytest.approx(math.exp(-2.0)),
    }
    assert weighting(voted(*TEXTS, params={"weighting": "probability"}), Lens()) == "probability"
    assert weighting(voted(*TEXTS, params={"weighting": 5}), Lens()) == "count"


def test_without_paths_there_is_no_vote():
    trace = trace_of(*opened("0", "rationale"))
    assert count(trace, Lens(), read(trace, Lens())) is None


@pytest.mark.parametrize(
    ("reference", "answer", "expected"),
    [("15", "15.0", "right"), ("15", "16", "wrong"), (" ", "15", ""), ("15", None, "")],
)
def test_right_and_wrong_are_told_only_against_a_reference(reference, answer, expected):
    assert verdict(trace_of(reference=reference), answer) == expected


def test_an_answer_gets_its_look_when_it_is_first_reached():
    trace = voted(*TEXTS, order=(2, 0, 1, 3))
    seen = looks(read(trace, Lens()).values(), "number")
    assert {key: look.letter for key, look in seen.items()} == {"8": "A", "7": "B"}
    assert [look.colour for look in seen.values()] == list(COLOURS[:2])


def test_looks_do_not_change_while_more_paths_finish():
    events = [event for n in range(3) for event in opened(str(n), sample=n)]
    for n, answer in ((1, 5), (2, 6), (0, 7)):
        before = looks(read(trace_of(*events), Lens()).values(), "number")
        events += told(str(n), SAYS(answer))
        after = looks(read(trace_of(*events), Lens()).values(), "number")
        assert list(after)[: len(before)] == list(before)
        assert all(after[key] == look for key, look in before.items())


def test_a_choice_keeps_its_own_letter():
    trace = voted("The answer is (C).", "The answer is (A).", kind="choice")
    seen = looks(read(trace, Lens()).values(), "choice")
    assert {key: look.letter for key, look in seen.items()} == {"C": "C", "A": "A"}


def test_there_are_letters_for_more_answers_than_colours():
    trace = voted(*(SAYS(n) for n in range(40)))
    seen = list(looks(read(trace, Lens()).values(), "number").values())
    assert len({look.letter for look in seen}) == 40
    assert [seen[n].letter for n in (0, 25, 26, 39)] == ["A", "Z", "AA", "AN"]


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2."""

    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    bright, dark = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_letters_can_be_read_on_their_colours():
    assert len(COLOURS) == len(INKS)
    # Letters are bold; 3 to 1 is asked of large or bold text.
    assert all(contrast(colour, ink) >= 3 for colour, ink in zip(COLOURS, INKS, strict=True))
