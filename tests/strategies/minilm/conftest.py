"""The real all-MiniLM-L6-v2, from its package.

These tests need requirements-embeddings.txt. Where sentence-transformers is not installed they are
not collected: `pytest -m embeddings` then fails, since it finds none.
"""

import importlib.util
from pathlib import Path

import pytest

if importlib.util.find_spec("sentence_transformers") is None:
    collect_ignore_glob = ["test_*.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.embeddings)
