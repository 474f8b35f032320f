"""The folder of a Space, and the environment that Spaces would make from it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app import main
from tests.conftest import say

Built = Callable[[str], tuple[Path, Path]]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """`built(hardware)`: the folder, and the Python of its environment; minutes, once each."""
    made: dict[str, tuple[Path, Path]] = {}

    def build(hardware: str) -> tuple[Path, Path]:
        if hardware not in made:
            folder = tmp_path_factory.mktemp("spaces") / hardware
            assert main(["space", str(folder), "--hardware", hardware]) == 0
            made[hardware] = folder, environment(folder)
        return made[hardware]

    return build


def environment(folder: Path) -> Path:
    """A new environment with what the folder requires; its Python."""
    place = folder.with_name(f"{folder.name}-environment")
    say(f"\n{folder.name}: an environment is made, with all that a Space is built with")
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    install(place / "bin" / "python", folder)
    return place / "bin" / "python"


def install(python: Path, folder: Path, *options: str) -> None:
    """Install as Spaces does: our requirements and theirs in one command."""
    gradio = next(
        line.removeprefix("gradio==")
        for line in (folder / "requirements.txt").read_text().splitlines()
        if line.startswith("gradio==")
    )
    also = [f"gradio[oauth,mcp]=={gradio}", "uvicorn>=0.14.0", "websockets>=10.4", "spaces"]
    command = [str(python), "-m", "pip", "install", "-q", "--no-input", *options]
    done = subprocess.run(
        [*command, "-r", str(folder / "requirements.txt"), *also],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
