"""The embedding that needs no model."""

import subprocess
import sys

import numpy as np
import pytest

from strategies.demonstrations import vectors
from strategies.demonstrations.tfidf import LEAST, READ, TfIdf
from strategies.demonstrations.vectors import batches
from tests.conftest import ROOT
from tests.strategies.questions import ALL, CHINESE, KINDS


def embedded(texts, asked="How far?"):
    """What TF-IDF makes of the texts, and how far it said that it was."""
    steps, said = TfIdf("embedding.tfidf").embed(texts, asked), []
    while True:
        try:
            said.append(next(steps))
        except StopIteration as end:
            return end.value, said


def likeness(texts):
    """The cosine of each text with each."""
    rows = embedded(texts)[0].texts
    return rows @ rows.T


def test_a_question_is_most_like_one_of_its_own_kind():
    alike = likeness(ALL) - 2 * np.eye(len(ALL))
    kind = [number for number, questions in enumerate(KINDS) for _ in questions]
    assert [kind[other] for other in alike.argmax(axis=1)] == kind


def test_every_vector_has_length_one():
    made, _ = embedded(ALL, "A train travels. How far?")
    assert np.linalg.norm(made.texts, axis=1) == pytest.approx(np.ones(len(ALL)))
    assert np.linalg.norm(made.asked) == pytest.approx(1)


def test_pieces_of_words_make_forms_of_a_word_alike():
    alike = likeness(["Walking dogs barked", "A walker's doggy barks", "Seven purple kites"])
    assert alike[0, 1] > 0.1 and alike[0, 2] < 0.03


def test_the_order_of_words_counts():
    alike = likeness(["dog bites man", "dog bites boy", "man bites dog"])
    assert alike[0, 1] < 1 and alike[0, 2] < 0.99


def test_numbers_make_no_questions_alike_and_none_different():
    alike = likeness(["He has 1,250 pens", "He has 3.5 pens", "Seven birds sang 1,250 songs"])
    assert alike[0, 1] == pytest.approx(1, abs=1e-5)
    assert alike[0, 2] < 0.2


def test_chinese_is_compared_by_its_characters():
    alike = likeness(CHINESE)
    assert alike[0, 1:3].min() > alike[0, 3:].max()
    assert alike[5, 3:5].min() > alike[5, :3].max()


def test_the_vectors_of_a_pool_do_not_depend_on_the_question_asked():
    one, other = embedded(ALL, ALL[0])[0], embedded(ALL, CHINESE[0])[0]
    assert np.array_equal(one.texts, other.texts)
    assert one.asked == pytest.approx(one.texts[0], abs=1e-6)


def test_many_texts_are_reduced_and_told_of_batch_by_batch():
    texts = [f"{ALL[number % len(ALL)]} {'abcdefghij'[number % 10] * 4}" for number in range(150)]
    made, said = embedded(texts)
    assert made.texts.shape == (150, 38)
    assert said == [64, 128, 150]


def test_few_texts_are_reduced_to_few_dimensions():
    assert embedded(ALL)[0].texts.shape == (len(ALL), LEAST)
    assert embedded(ALL[:5])[0].texts.shape == (5, 5)


@pytest.mark.parametrize("texts", [["???"], ["", " "], ["", "a b", "???"], ["word"]])
def test_texts_with_little_or_nothing_in_them_are_taken(texts):
    made, _ = embedded(texts, "")
    assert np.isfinite(made.texts).all() and len(made.texts) == len(texts)
    lengths = np.linalg.norm(made.texts, axis=1)
    assert lengths == pytest.approx([1.0 if text.strip() else 0.0 for text in texts])


def test_of_a_very_long_text_the_beginning_is_read():
    begun = "A train travels to the sea. " * (READ // 28 + 1)
    alike = likeness([begun + "penguin " * 5000, begun, "penguin " * 5000])
    assert alike[0, 1] == pytest.approx(1, abs=1e-5)
    assert alike[0, 2] < 0.1


def test_batches_keep_the_order_and_have_bounds(monkeypatch):
    monkeypatch.setattr(vectors, "BATCH_CHARACTERS", 10)
    texts = ["a", "b", "c", "d", "e" * 8, "f" * 3, "g" * 40, "h"]
    assert list(batches(texts, 3)) == [texts[:3], texts[3:5], texts[5:6], texts[6:7], texts[7:]]
    assert list(batches([])) == []


def test_nothing_heavy_is_imported_before_it_is_needed():
    script = """
import sys
import strategies.demonstrations.chart, strategies.demonstrations.embedding
heavy = {"torch", "sentence_transformers", "transformers", "sklearn", "scipy"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
