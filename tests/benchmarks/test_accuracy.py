"""The accuracy benchmark: its interval, and that it can be stopped and taken up again."""

import json
import sys

import pytest

from benchmarks import accuracy


@pytest.mark.parametrize(
    ("right", "asked", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0)],
)
def test_wilsons_interval(right, asked, low, high):
    assert accuracy.wilson(right, asked) == pytest.approx((low, high), abs=1e-4)


def test_it_prints_a_table_and_asks_nothing_twice(smollm2, tmp_path, monkeypatch, capsys):
    data, results = tmp_path / "data.jsonl", tmp_path / "results.jsonl"
    rows = [{"question": f"What is {n} plus {n}?", "answer": str(2 * n)} for n in (1, 2, 3)]
    data.write_text("\n".join(map(json.dumps, rows)))
    command = ["accuracy", "--data", str(data), "--model", str(smollm2), "--first", "2"]
    command += ["--strategies", "direct,self_consistency", "--results", str(results)]
    command += ["--set", "self_consistency.paths=2", "--set", "self_consistency.max_tokens=16"]
    monkeypatch.setattr(sys, "argv", command)
    accuracy.main()
    table = capsys.readouterr().out
    assert "| direct |" in table
    assert "| self_consistency (paths=2, max_tokens=16) |" in table
    written = results.read_text().splitlines()
    assert len(written) == 4

    results.write_text("\n".join(written[:3]) + '\n{"strategy": "dir')  # killed while writing
    accuracy.main()
    again = [json.loads(line) for line in results.read_text().splitlines()]
    assert [json.dumps(row, ensure_ascii=False) for row in again[:3]] == written[:3]
    asked = {(row["strategy"], row["question"]) for row in again}
    assert (len(again), len(asked)) == (4, 4)
