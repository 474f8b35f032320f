"""Who may import whom (ARCHITECTURE, "the house"), read from the source and not by importing.

`engines`, `strategies`, `components` and `hosting` each import `core` and never each other; only
`app.py` and `components` import gradio; only `engines` imports an engine library; only `strategies`
imports scikit-learn, and one file there sentence-transformers; and no file at the top is named like
a module that it would hide.
"""

import ast
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = {"core", "engines", "strategies", "components", "hosting"}
MAY_IMPORT = {
    "core": {"core"},
    "engines": {"core", "engines"},
    "strategies": {"core", "strategies"},
    "components": {"core", "components"},
    "hosting": {"core", "hosting"},
    "app": ROOMS,
}
PAGE_LIBRARIES = {"gradio", "gradio_client"}
ENGINE_LIBRARIES = {"xllamacpp", "llama_cpp", "vllm", "transformers", "torch", "accelerate"}
LEARNING_LIBRARIES = {"sklearn", "scipy", "threadpoolctl"}
EMBEDDING_LIBRARIES = {"sentence_transformers"}
# The one file that loads the embedding's model; transformers only to keep it quiet.
MAY_ALSO = {"strategies/demonstrations/embedding.py": EMBEDDING_LIBRARIES | {"transformers"}}


def imported(source: str) -> set[str]:
    """The top-level names of all modules that a source imports, wherever in it it does so."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0] if not node.level else ".")
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = ast.unparse(node.func)
            if called.endswith(("import_module", "__import__")):
                names.add(str(node.args[0].value).partition(".")[0])
    return names


def violations(room: str, source: str) -> set[str]:
    """What a file of `room` imports and may not."""
    names = imported(source)
    wrong = names & (ROOMS | {"app", "tests", "benchmarks"}) - MAY_IMPORT[room]
    if room not in ("app", "components"):
        wrong |= names & PAGE_LIBRARIES
    if room != "engines":
        wrong |= names & ENGINE_LIBRARIES
    if room != "strategies":
        wrong |= names & LEARNING_LIBRARIES
    return wrong | names & (EMBEDDING_LIBRARIES | {"."})


def sources():
    """The room and the path of every source file of the app."""
    files = [(room, path) for room in sorted(ROOMS) for path in sorted((ROOT / room).rglob("*.py"))]
    return files + [("app", path) for path in [ROOT / "app.py"] if path.exists()]


@pytest.mark.parametrize(
    ("room", "path"), [pytest.param(*s, id=str(s[1].relative_to(ROOT))) for s in sources()]
)
def test_every_file_imports_only_what_its_room_may(room, path):
    also = MAY_ALSO.get(path.relative_to(ROOT).as_posix(), set())
    assert violations(room, path.read_text("utf-8")) - also == set()


def test_the_files_that_may_import_more_do_so():
    for path, also in MAY_ALSO.items():
        assert also <= imported((ROOT / path).read_text("utf-8"))


def test_the_rooms_that_are_read_are_all_there():
    assert {room for room, _ in sources()} >= ROOMS


@pytest.mark.parametrize(
    ("room", "source", "wrong"),
    [
        ("core", "import engines.scripted", "engines"),
        ("core", "from strategies import REGISTRY", "strategies"),
        ("core", "import gradio as gr", "gradio"),
        ("core", "def f():\n    import torch.nn", "torch"),
        ("core", "import app", "app"),
        ("engines", "from strategies.direct import solve", "strategies"),
        ("engines", "import gradio", "gradio"),
        ("strategies", "from engines import scripted", "engines"),
        ("strategies", "if True:\n    from components import paths", "components"),
        ("strategies", "import transformers", "transformers"),
        ("strategies", "def f():\n    import sentence_transformers", "sentence_transformers"),
        ("strategies", "import torch", "torch"),
        ("core", "from sklearn.cluster import KMeans", "sklearn"),
        ("components", "import strategies", "strategies"),
        ("hosting", "from engines.models import catalogue", "engines"),
        ("hosting", "import gradio", "gradio"),
        (
            "components",
            "import importlib\nimportlib.import_module('engines.models.catalogue')",
            "engines",
        ),
        ("components", "import xllamacpp", "xllamacpp"),
        ("app", "from vllm import LLM", "vllm"),
        ("core", "from . import errors", "."),
        ("engines", "import tests.core", "tests"),
    ],
)
def test_the_rule_catches_a_violation(room, source, wrong):
    assert violations(room, source) == {wrong}


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("core", "import asyncio\nfrom core.errors import EngineError\nimport networkx"),
        ("engines", "import xllamacpp, torch\nfrom core.engine import Engine"),
        ("strategies", "from core.run import Run\nfrom strategies import prompts"),
        ("strategies", "from sklearn.cluster import KMeans"),
        ("components", "import gradio as gr\nfrom core.trace import Trace"),
        ("app", "import gradio, core, engines, strategies, components, hosting"),
    ],
)
def test_the_rule_lets_pass_what_is_allowed(room, source):
    assert violations(room, source) == set()


def components_of(source: str) -> set[str]:
    """What a source imports from `components`, by its full name."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.startswith("components.")}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "components/views").glob("*.py")), ids=lambda path: path.stem
)
def test_a_view_knows_no_page_and_no_form(path):
    allowed = ("components.views.", "components.view.", "components.texts.")
    names = components_of(path.read_text("utf-8"))
    assert {name for name in names if not name.startswith(allowed)} == set()


def shadows(names: set[str]) -> set[str]:
    """Those of `names` that hide a module of the standard library or of an installed package."""
    return names & (set(sys.stdlib_module_names) | set(packages_distributions()))


def test_nothing_at_the_top_is_named_like_a_module_that_it_would_hide():
    files = {path.stem for path in ROOT.glob("*.py")}
    folders = {path.parent.name for path in ROOT.glob("*/*.py")}
    assert files | folders >= ROOMS
    assert shadows(files | folders) == set()


def test_a_file_that_hides_a_module_is_noticed():
    assert shadows({"core", "json", "pytest", "queue"}) == {"json", "pytest", "queue"}
