"""What stands in the folder of a Space."""

import ast
import re
from pathlib import Path

import pytest
import yaml

from app import SPACE_MODELS, preload
from core.errors import InvalidInput
from engines.choice import KINDS, choose
from engines.models.catalogue import CATALOGUE, DEFAULT, delimiters
from hosting.folder import LIST
from hosting.space import HARDWARE, Preload, space_files
from tests.conftest import ROOT


@pytest.fixture(scope="module", params=list(HARDWARE))
def hardware(request):
    return request.param


@pytest.fixture(scope="module")
def files(hardware):
    return space_files(ROOT, hardware, preload(SPACE_MODELS[hardware]))


@pytest.fixture(scope="module")
def front(files):
    found = re.match(r"---\n(.+?)\n---\n", files["README.md"].decode(), re.DOTALL)
    return yaml.safe_load(found[1])


def test_the_front_matter_says_what_spaces_asks_for(front, hardware):
    assert (front["sdk"], front["app_file"], front["license"]) == ("gradio", "app.py", "apache-2.0")
    assert front["python_version"] == "3.12.12", "a word: as a number 3.10 would be 3.1"
    colours = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
    assert {front["colorFrom"], front["colorTo"]} <= colours
    assert len(front["short_description"]) <= 60, "the Hub refuses a push with a longer one"
    assert front["suggested_hardware"] == HARDWARE[hardware].flavour


def test_the_hardware_is_one_that_the_hub_knows(hardware):
    from huggingface_hub import SpaceHardware

    assert HARDWARE[hardware].flavour in {kind.value for kind in SpaceHardware}


def test_the_sdk_is_the_gradio_that_is_required(front, files):
    assert f"gradio=={front['sdk_version']}\n" in files["requirements.txt"].decode()


def test_the_model_that_is_preloaded_is_the_one_that_is_used(front, hardware):
    (preloaded,) = front["preload_from_hub"]
    if hardware == "cpu-basic":
        model = CATALOGUE[DEFAULT]
        assert preloaded == f"{model.repo} {model.file}"
    else:
        assert preloaded == SPACE_MODELS[hardware]
        assert delimiters(preloaded), "with a GPU it is a model that was trained to think"
    assert front["models"] == [preloaded.split()[0]]


def test_without_options_that_model_is_taken(monkeypatch):
    assert KINDS["llama.cpp"].models()[0] == SPACE_MODELS["cpu-basic"]
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    assert choose(None).kind == "transformers"
    assert KINDS["transformers"].models()[0] == SPACE_MODELS["zero"]


def test_the_readme_names_the_model(files, hardware):
    readme = files["README.md"].decode()
    assert f"(https://huggingface.co/{preload(SPACE_MODELS[hardware]).repo})" in readme
    assert "$" not in readme, "a blank that was not filled"


def test_the_requirements_stand_alone(files, hardware):
    lines = [line for line in files["requirements.txt"].decode().splitlines() if line[0] != "#"]
    names = [re.split("[<>=]", line)[0] for line in lines]
    assert not [line for line in lines if line.startswith("-")], "no other file is there"
    assert len(names) == len(set(names))
    wanted = {"cpu-basic": "xllamacpp", "zero": "spaces", "gpu": "vllm"}[hardware]
    assert wanted in names
    assert ("torch" in names) == (hardware == "zero")


def test_packages_are_names_alone(files, hardware):
    packages = files.get("packages.txt", b"").decode()
    assert tuple(packages.split()) == HARDWARE[hardware].packages
    assert re.fullmatch(r"([a-z0-9.+-]+\n)*", packages), "apt-get is given every word"


def test_every_module_that_the_app_imports_is_there(files):
    missing, seen, left = set(), set(), ["app.py"]
    while left:
        path = left.pop()
        seen.add(path)
        for module in imported(files[path].decode()):
            parts = module.split(".")
            if not (ROOT / parts[0]).is_dir() and not (ROOT / f"{parts[0]}.py").exists():
                continue
            ends = ("/".join(parts) + ".py", "/".join(parts) + "/__init__.py")
            there = [end for end in ends if (ROOT / end).exists()]
            missing |= {end for end in there if end not in files}
            left += [end for end in there if end in files and end not in seen]
    assert missing == set()
    assert len(seen) > 80


def imported(source: str) -> set[str]:
    """Every module that a source may import, wherever in it; of `from a import b` also a.b."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name[:end] for name in names for end in ends_of(name)}


def ends_of(name: str) -> list[int]:
    return [found.start() for found in re.finditer(r"\.", name)] + [len(name)]


def test_what_the_app_reads_is_there_and_nothing_else(files):
    assert {"LICENSE", "assets/style.css", "components/texts/zh.json"} <= files.keys()
    assert {path for path in files if path.endswith(".LICENSE")}, "of what is vendored"
    rooms = {path.partition("/")[0] for path in files}
    assert not rooms & {"tests", "benchmarks", ".ci", ".git", "ARCHITECTURE.md"}
    assert not [path for path in files if "__pycache__" in path or path.endswith(".pyc")]


def test_a_push_takes_every_file(files):
    """The Hub refuses binary files, and those of more than 10 MB, outside of its own store."""
    for path, data in files.items():
        assert len(data) < 10_000_000, path
        assert b"\0" not in data and data.decode("utf-8") is not None, path


def test_a_space_is_not_made_from_a_space(tmp_path):
    files = space_files(ROOT, "zero", Preload("a/b"))
    for path in ("requirements.txt", "app.py", "LICENSE"):
        (tmp_path / path).write_bytes(files[path])
    with pytest.raises(InvalidInput, match="space_source"):
        space_files(tmp_path, "gpu", Preload("a/b"))
    (tmp_path / LIST).write_text("{}")
    with pytest.raises(InvalidInput, match="space_source"):
        space_files(tmp_path, "cpu-basic", Preload("a/b"))


def test_files_of_others_beside_ours_stay_out(tmp_path):
    for path in ("app.py", "LICENSE", "core/a.py", "core/b.pyc", "core/__pycache__/a.py"):
        (tmp_path / path).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / path).write_text("")
    (tmp_path / "core" / ".env.json").write_text("a secret")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "model.gguf").write_text("")
    (tmp_path / "hosting").mkdir()
    (tmp_path / "hosting" / "card.md").write_text("$model $what")
    (tmp_path / "requirements.txt").write_text("gradio==6.0.0\n")
    files = space_files(tmp_path, "cpu-basic", Preload("a/b", "c.gguf"))
    made = {"README.md", "requirements.txt", "packages.txt"}
    assert files.keys() - made == {"app.py", "LICENSE", "core/a.py", "hosting/card.md"}
    assert b'preload_from_hub: ["a/b c.gguf"]\n' in files["README.md"]


def test_the_folder_is_not_the_project(tmp_path: Path):
    from app import main

    assert main(["space", str(ROOT), "--hardware", "zero", "--force"]) == 2
