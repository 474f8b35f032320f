"""all-MiniLM-L6-v2 makes the map, from its package, and asks nobody for it."""

import socket
import threading

import numpy as np
import pytest
from huggingface_hub import constants

from strategies.demonstrations.chart import Chart, charting
from strategies.demonstrations.embedding import BATCH, MiniLm, embedder
from tests.strategies.questions import ALL, KINDS

SEED = 192


@pytest.fixture(scope="module", autouse=True)
def nobody_is_asked(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No network and an empty cache: the settings of the Hub's client would allow it to ask."""

    def refused(*address: object, **_how: object) -> None:
        raise AssertionError(f"asked {address}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constants, "HF_HUB_CACHE", str(tmp_path_factory.mktemp("huggingface")))
        patch.setattr(constants, "HF_HUB_OFFLINE", False)
        patch.setattr(socket.socket, "connect", refused)
        patch.setattr(socket, "getaddrinfo", refused)
        yield


@pytest.fixture(scope="module")
def minilm() -> MiniLm:
    taken = embedder()
    assert isinstance(taken, MiniLm)
    return taken


def vectors(minilm, texts, asked="How far?"):
    steps, said = minilm.embed(texts, asked), []
    while True:
        try:
            said.append(next(steps))
        except StopIteration as end:
            return end.value, said


def chart(minilm, texts, k) -> Chart:
    last = list(charting(texts, ALL[0], k, SEED, minilm))[-1]
    assert isinstance(last, Chart)
    return last


def test_it_is_loaded_from_the_package_without_a_word(capfd):
    taken = embedder()
    assert (taken.name, taken.why) == ("all-MiniLM-L6-v2", "embedding.minilm")
    assert capfd.readouterr() == ("", "")


def test_what_means_the_same_is_alike_though_no_word_is_shared(minilm):
    texts = ["How much money did the boy spend?", "What sum has a lad paid out?", "A dog barks."]
    made, _ = vectors(minilm, texts)
    assert made.texts.shape == (3, 384)
    assert np.linalg.norm(made.texts, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert made.texts[0] @ made.texts[1] > 0.4 > 0.2 > made.texts[0] @ made.texts[2]


def test_four_kinds_of_questions_are_four_clusters(minilm):
    found = chart(minilm, ALL, 4)
    ends = np.cumsum([0, *map(len, KINDS)])
    kinds = {tuple(range(ends[i], ends[i + 1])) for i in range(4)}
    assert {tuple(sorted(walked)) for walked in found.walks} == kinds
    assert found.by == "all-MiniLM-L6-v2"


def test_it_tells_of_each_batch(minilm):
    _, said = vectors(minilm, ALL * 2)
    assert said == [16, 32, 34] and BATCH == 16


def test_texts_with_nothing_in_them_and_very_long_ones_are_taken(minilm):
    made, _ = vectors(minilm, ["", "???", "word " * 5000, "题目" * 1000])
    assert np.isfinite(made.texts).all()


def test_the_same_input_gives_the_same_chart_in_several_threads_at_once(minilm):
    charts = [chart(minilm, ALL, 4)]
    threads = [
        threading.Thread(target=lambda: charts.append(chart(minilm, ALL, 4))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(charts) == 4 and all(each == charts[0] for each in charts)
