"""What the README says can be done."""

import re
import shlex

import pytest

from app import parser
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    (python .*)$", README, re.MULTILINE)


def test_the_two_commands_stand_there_as_they_are():
    assert "\n    pip install -r requirements.txt && python app.py\n" in README
    assert "\n    pip install -r requirements-dev.txt && pytest\n" in README


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("python app.py")])
def test_every_command_of_the_app_is_understood(line):
    words = shlex.split(line, comments=True)[2:]
    assert callable(parser().parse_args(words).command)


@pytest.mark.parametrize("name", re.findall(r"python -m benchmarks\.(\w+)", README))
def test_every_benchmark_that_is_named_is_there(name):
    assert (ROOT / "benchmarks" / f"{name}.py").exists()


@pytest.mark.parametrize("target", re.findall(r"\]\(((?!http)[^)#]+)\)", README))
def test_every_file_that_is_linked_is_there(target):
    assert (ROOT / target).exists()


def test_the_front_matter_names_the_pinned_gradio():
    version = re.search(r"^sdk_version: (.+)$", README, re.MULTILINE)[1]
    assert f"gradio=={version}\n" in (ROOT / "requirements.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", sorted(path.name for path in ROOT.glob("requirements*.txt")))
def test_every_requirement_is_pinned_and_explained(file):
    explained = False
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            explained = True
        elif line and not line.startswith("-r"):
            assert re.search(r"==\S+$|>=\S+$", line), line
            assert explained, f"no line says why {line} is there"


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_nothing_heavy_is_required_by_default(file):
    required = (ROOT / file).read_text(encoding="utf-8")
    assert not re.search(r"^(torch|vllm|transformers)", required, re.MULTILINE)


def test_the_strategy_shown_in_the_readme_works():
    code = re.search(r"```python\n(.+?)```", README, re.DOTALL)[1]
    names: dict[str, object] = {}
    header = (
        "from dataclasses import dataclass\n"
        "from core.engine import Sampling\n"
        "from core.params import param\n"
        "from core.strategy import Strategy\n"
        "from strategies import prompts\n"
    )
    exec(header + code, names)
    assert names["STRATEGY"].name == "hm"
