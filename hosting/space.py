"""A Hugging Face Space, as files: what stands in it for which hardware. Nothing is written here.

The front matter's words are those of https://huggingface.co/docs/hub/spaces-config-reference.
"""

import json
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import InvalidInput
from hosting.folder import LIST
from hosting.requirements import flattened, pinned

# What Spaces has of Python 3; ZeroGPU knows this one and 3.10.13 only.
PYTHON = "3.12.12"


@dataclass(frozen=True, slots=True)
class Hardware:
    """`flavour` is the Hub's name of it, `requirements` the file that it needs, `packages` those of
    Debian. `what` says in a sentence what runs there."""

    flavour: str
    requirements: str
    packages: tuple[str, ...]
    what: str


HARDWARE: Mapping[str, Hardware] = {
    "cpu-basic": Hardware(
        "cpu-basic",
        "requirements.txt",
        ("libgomp1",),  # llama.cpp computes with it
        "an embedded llama.cpp server on two virtual cores",
    ),
    "zero": Hardware(
        "zero-a10g",
        "requirements-zero.txt",
        (),
        "transformers in the app's process, on a GPU that ZeroGPU lends for each request",
    ),
    "gpu": Hardware(
        "l4x1",
        "requirements-gpu.txt",
        ("build-essential",),  # Triton, which vLLM compiles with, calls a C compiler
        "a vLLM server on a GPU of the Space's own",
    ),
}


@dataclass(frozen=True, slots=True)
class Preload:
    """A model that is fetched while the Space is built: a repository on the Hub, and the one file
    of it that is needed, or "" for all."""

    repo: str
    file: str = ""

    def __str__(self) -> str:
        return f"{self.repo} {self.file}".strip()


def space_files(root: Path, hardware: str, preload: Preload) -> dict[str, bytes]:
    """All files of the Space, by path, from the project's own folder `root`.

    Raises InvalidInput ("space_source") where that is not the whole project.
    """
    machine = HARDWARE[hardware]
    if (root / LIST).exists() or not (root / machine.requirements).exists():
        raise InvalidInput("space_source", path=str(root))
    requirements = flattened(root / machine.requirements)
    files = app_files(root)
    files["requirements.txt"] = requirements.encode()
    files["README.md"] = card(root, machine, pinned(requirements, "gradio"), preload).encode()
    if machine.packages:
        files["packages.txt"] = "".join(f"{name}\n" for name in machine.packages).encode()
    return files


# What the app is made of. No picture: the Hub takes binary files by other ways than a push.
ROOMS = ("core", "engines", "strategies", "components", "hosting", "assets")
SUFFIXES = {".py", ".json", ".jsonl", ".js", ".css", ".md", ".LICENSE"}


def app_files(root: Path) -> dict[str, bytes]:
    """The app's own files: its code and what that reads, and the licence."""
    found = [root / "app.py", root / "LICENSE"]
    for room in ROOMS:
        within = sorted((root / room).rglob("*"))
        found += [path for path in within if path.is_file() and ours(path.relative_to(root))]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def ours(path: Path) -> bool:
    """Whether a file is the app's, and not left behind by Python or an editor."""
    aside = any(part.startswith(".") or part == "__pycache__" for part in path.parts)
    return path.suffix in SUFFIXES and not aside


def card(root: Path, machine: Hardware, gradio: str, preload: Preload) -> str:
    """README.md: the front matter that Spaces reads, and a few words for people."""
    words = string.Template((root / "hosting" / "card.md").read_text(encoding="utf-8"))
    body = words.substitute(what=machine.what, model=preload.repo)
    return front_matter(machine, gradio, preload) + body


def front_matter(machine: Hardware, gradio: str, preload: Preload) -> str:
    """The YAML at the top of README.md. Numbers that are names stand in quotes."""
    told = {
        "title": "Thoughtscope",
        "emoji": "🔭",
        "colorFrom": "indigo",
        "colorTo": "yellow",
        "sdk": "gradio",
        "sdk_version": gradio,
        "python_version": PYTHON,
        "app_file": "app.py",
        "fullWidth": True,
        "pinned": False,
        "license": "apache-2.0",
        "short_description": "Watch a language model think, and see what more buys",
        "suggested_hardware": machine.flavour,
        "models": [preload.repo],
        "preload_from_hub": [str(preload)],
        "tags": ["reasoning", "self-consistency", "tree-of-thoughts", "budget-forcing"],
    }
    # JSON is YAML, too.
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in told.items()]
    return "".join(("---\n", *lines, "---\n"))
