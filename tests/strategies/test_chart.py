"""A pool as a map: clusters, walks outward from the centres, and the plane."""

import threading
import warnings

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from strategies.demonstrations import vectors
from strategies.demonstrations.chart import Chart, Progress, charting, clustered
from strategies.demonstrations.tfidf import TfIdf
from strategies.demonstrations.vectors import Embedded, one_thread
from tests.strategies.questions import ALL, CHINESE, KINDS, LETTERS, SHOPPING

SEED = 192


class Given:
    """An embedding of numbers: a text such as "1 2" lies there."""

    name = why = "given"

    def embed(self, texts, asked):
        yield len(texts)
        rows = np.array([[float(number) for number in text.split()] for text in (*texts, asked)])
        return Embedded(rows[:-1], rows[-1])


def steps(texts, k, asked=ALL[0], seed=SEED, embedder=None):
    return list(charting(texts, asked, k, seed, embedder or TfIdf("embedding.tfidf")))


def chart(*given, **also) -> Chart:
    last = steps(*given, **also)[-1]
    assert isinstance(last, Chart)
    return last


def coordinates(found: Chart) -> np.ndarray:
    return np.array([*found.points, *found.centres, found.asked])


def test_four_kinds_of_questions_are_four_clusters():
    found = chart(ALL, 4)
    kinds = {tuple(sorted(walked)) for walked in found.walks}
    ends = np.cumsum([0, *map(len, KINDS)])
    assert kinds == {tuple(range(ends[i], ends[i + 1])) for i in range(4)}
    assert all(found.clusters[text] == c for c, walked in enumerate(found.walks) for text in walked)


def test_chinese_questions_are_told_apart():
    found = chart(CHINESE, 2)
    assert {tuple(sorted(walked)) for walked in found.walks} == {(0, 1, 2), (3, 4, 5)}


def test_progress_is_told_step_by_step_and_the_chart_comes_last():
    told = steps(ALL * 5, 4)
    total = len(ALL) * 5
    assert all(isinstance(step, Progress) for step in told[:-1])
    assert [(step.code, step.done, step.total) for step in told[:-1]] == [
        ("embedding", 0, total),
        ("embedding", 64, total),
        ("embedding", total, total),
        ("clustering", 0, total),
        ("projecting", 0, total),
    ]
    assert (told[-1].by, told[-1].why) == ("TF-IDF", "embedding.tfidf")


def test_a_walk_goes_outward_from_the_centre_and_ties_stay_in_order():
    # Two clusters: around (0, 0.2), and far off. The centre of the first is (0, 0.2) itself.
    texts = ["0 0.2", "0 1.2", "0.5 0.2", "0 -0.8", "-0.5 0.2", "9 9", "9 9.5", "9 8.5"]
    found = chart(texts, 2, asked="0 0", embedder=Given())
    assert sorted(found.walks) == [(0, 2, 4, 1, 3), (5, 6, 7)]


def test_the_nearest_come_by_cosine_and_ties_stay_in_order():
    texts = ["0 1", "0.6 0.8", "0.8 0.6", "-1 0", "0.6 -0.8", "1 0"]
    assert chart(texts, 2, asked="1 0", embedder=Given()).nearest == (5, 2, 1, 4, 0, 3)


def test_the_nearest_question_is_the_one_asked_where_it_is_in_the_pool():
    assert chart(ALL, 4, asked=LETTERS[1]).nearest[0] == ALL.index(LETTERS[1])


def test_the_same_input_gives_the_same_chart_in_whatever_thread():
    texts = [f"{text} {word}" for text in ALL for word in ("Why?", "Truly?", "Explain.")]
    charts: list[Chart] = [chart(texts, 6)]
    threads = [threading.Thread(target=lambda: charts.append(chart(texts, 6))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(charts) == 4 and all(each == charts[0] for each in charts)


def test_clusters_and_walks_do_not_depend_on_the_question_asked():
    one, other = chart(ALL, 4, asked=ALL[0]), chart(ALL, 4, asked=CHINESE[0])
    assert (one.clusters, one.walks) == (other.clusters, other.walks)
    assert one.nearest != other.nearest


def test_another_seed_may_give_other_clusters():
    texts = [f"{number % 10} {number // 10}" for number in range(100)]
    found = {chart(texts, 5, asked="0 0", seed=seed, embedder=Given()).clusters for seed in (1, 2)}
    assert len(found) == 2


def test_duplicates_may_leave_clusters_without_a_text():
    texts = [SHOPPING[0], LETTERS[0]] * 3
    found = chart(texts, 4)
    assert sorted(found.walks) == [(), (), (0, 2, 4), (1, 3, 5)]
    assert found.walks[2:] == ((), ())
    assert len(found.centres) == 2 and set(found.clusters) == {0, 1}


@pytest.mark.parametrize("texts", [["???"] * 3, [""] * 3, ["x"], ["", "???", "!"]])
def test_texts_without_any_word_have_a_map(texts):
    found = chart(texts, 1, asked="")
    assert found.walks == (tuple(sorted(found.walks[0])),) or len(set(texts)) > 1
    assert np.isfinite(coordinates(found)).all()


def test_as_many_clusters_as_texts():
    found = chart(ALL, len(ALL))
    assert sorted(walked[0] for walked in found.walks) == list(range(len(ALL)))
    own = np.array([found.centres[cluster] for cluster in found.clusters])
    assert np.linalg.norm(np.array(found.points) - own, axis=1).max() < 0.02


def test_one_cluster_has_a_map_with_two_axes():
    found = chart(ALL, 1)
    assert sorted(found.walks[0]) == list(range(len(ALL)))
    assert (np.ptp(np.array(found.points), axis=0) > 0.2).all()


def test_one_cluster_is_seen_from_where_its_texts_differ_most():
    texts = ["0 0 0.01", "4 0 0", "4 1 0.01", "0 1 0"]
    found = chart(texts, 1, asked="2 0.5 0", embedder=Given())
    assert np.sort(np.ptp(np.array(found.points), axis=0)) == pytest.approx([0.25, 1], abs=2e-3)


def test_a_text_of_five_thousand_words_is_taken():
    found = chart((*ALL, "A train travels to the shop. " * 834), 4)
    assert len(found.points) == len(ALL) + 1


@pytest.mark.parametrize("k", [0, -1, 5])
def test_a_pool_smaller_than_k_is_refused_before_anything_is_made(k):
    with pytest.raises(ValueError, match=f"from 1 to 4, not {k}"):
        charting(LETTERS, "?", k, SEED, TfIdf("embedding.tfidf"))


def test_the_map_lies_within_one_and_keeps_its_proportions():
    texts = ["0 0", "4 0", "4 1", "0 1"]
    found = chart(texts, 4, asked="4 1", embedder=Given())
    assert coordinates(found).min() == 0 and coordinates(found).max() == 1
    sides = sorted(np.linalg.norm(np.subtract(found.points[0], found.points[i])) for i in (1, 2, 3))
    assert sides == pytest.approx([0.25, 1, np.hypot(1, 0.25)], abs=2e-4)
    assert found.asked == found.points[2]
    assert all(round(number, 4) == number for number in coordinates(found).flat)


def test_on_the_map_a_walk_goes_outward():
    found = chart(ALL, 3)
    for centre, walked in zip(found.centres, found.walks, strict=True):
        far = [np.linalg.norm(np.subtract(found.points[text], centre)) for text in walked]
        assert far == sorted(far) and len(set(far)) == len(far)


def test_a_question_farther_than_all_of_the_nearest_cluster_lies_outside_of_it():
    texts = ["0 0", "0 1", "1 0", "9 9", "9 8", "8 9"]
    found = chart(texts, 2, asked="4 4", embedder=Given())
    for centre, walked in zip(found.centres, found.walks, strict=True):
        far = max(np.linalg.norm(np.subtract(found.points[text], centre)) for text in walked)
        assert np.linalg.norm(np.subtract(found.asked, centre)) > far


@pytest.mark.parametrize("k", [2, 3, 4])
def test_on_the_map_a_text_lies_nearest_to_the_centre_of_its_cluster(k):
    found = chart(ALL, k)
    apart = [
        [np.linalg.norm(np.subtract(p, centre)) for centre in found.centres] for p in found.points
    ]
    assert tuple(np.argmin(apart, axis=1)) == found.clusters


def test_more_clusters_than_a_plane_has_corners_are_seen_apart():
    """Eight kinds, each along an axis of its own: any plane through them would hide five."""
    rng = np.random.default_rng(1)
    rows = [np.eye(8)[number % 8] + 0.05 * rng.normal(size=8) for number in range(80)]
    texts = [" ".join(f"{number:.6f}" for number in row) for row in rows]
    found = chart(texts, 8, asked=texts[3], embedder=Given())
    points, centres = np.array(found.points), np.array(found.centres)
    between = min(np.linalg.norm(centres[i] - centres[j]) for i in range(8) for j in range(i))
    within = np.linalg.norm(points - centres[list(found.clusters)], axis=1)
    assert within.max() < between / 2
    assert found.asked == found.points[3]


def test_a_question_asked_that_is_in_the_pool_lies_where_it_lies_there():
    found = chart(ALL, 4, asked=ALL[7])
    assert found.asked == pytest.approx(found.points[7], abs=2e-4)


def test_numbers_are_computed_in_one_thread_by_one_caller_and_then_as_before():
    chart(ALL, 2)  # all libraries are loaded
    before = threads()
    with one_thread():
        assert set(threads()) == {1}
        assert vectors._ALONE.locked()
    assert threads() == before
    assert not vectors._ALONE.locked()


def threads():
    return [library["num_threads"] for library in threadpool_info()]


def test_no_pool_of_near_duplicates_makes_scikit_learn_warn():
    rng = np.random.default_rng(0)
    with warnings.catch_warnings(), one_thread():
        warnings.simplefilter("error")
        for trial in range(40):
            few = rng.normal(size=(int(rng.integers(1, 6)), 5))
            rows = few[rng.integers(len(few), size=30)] + rng.choice([0, 1e-7]) * rng.normal(
                size=(30, 5)
            )
            found = clustered(rows.round(6), 5, trial)
            assert 1 <= len(found.centres) <= 5
            assert set(found.of.tolist()) == set(range(len(found.centres)))
