"""The folders as Spaces would build and start them: `pytest -m space`, several minutes.

What cannot be had here is left out, and said in the README: a GPU, ZeroGPU's service, and the Hub.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from app import SPACE_MODELS, main, preload
from engines.models.catalogue import CATALOGUE
from tests.browser.test_api import Queue
from tests.browser.test_space import SPACES
from tests.conftest import App, free_port
from tests.hosting.conftest import install
from tests.hosting.zerogpu_service import Service

pytestmark = pytest.mark.space

HERE = Path(__file__).parent
QUESTION = {"question": "How many legs does a spider have?", "strategy": "direct"}


class Space(App):
    """A Space's app, started in its folder as Spaces does, with nothing of this machine's user."""

    def __init__(
        self, folder: Path, python: Path, home: Path, *arguments: str, **environment: str
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = home / "space.log"
        settings = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(folder)}
        settings |= {**SPACES, "GRADIO_SERVER_PORT": str(self.port), **environment}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(python), *arguments], cwd=folder, env=settings, stdout=log, stderr=log
            )
        self.wait(120)


@contextmanager
def started(built: tuple[Path, Path], *given: str | Path, **environment: str) -> Iterator[Space]:
    home, *arguments = given
    running = Space(*built, Path(home), *map(str, arguments), **environment)
    try:
        yield running
    finally:
        running.close()


@pytest.fixture
def ask() -> Callable[..., str]:
    """Asks a Space as its page would; everything that came back, as text."""

    def asked(space: Space, **headers: str) -> str:
        with closing(Queue(space.url, headers)) as queue:
            return str(queue.run(QUESTION))

    return asked


def at_once(space: Space, tabs: int) -> set[int]:
    """Press Run in many tabs, with a form that is refused; how each was answered."""
    with closing(Queue(space.url)) as queue, ThreadPoolExecutor(tabs) as pool:
        return set(pool.map(queue.press, [None] * tabs))


def preloaded(home: Path, repo: str, file: Path) -> None:
    """Lay a file where Spaces puts what `preload_from_hub` names."""
    place = home / ".cache" / "huggingface" / "hub" / f"models--{repo.replace('/', '--')}"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text("0" * 40)
    (place / "snapshots" / ("0" * 40)).mkdir(parents=True)
    (place / "snapshots" / ("0" * 40) / file.name).symlink_to(file)


# Only the preloaded file can be the model: neither the Hub nor PyPI is there.
NOWHERE = {"HF_HUB_OFFLINE": "1", "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}


def test_cpu_basic_answers_with_the_model_that_was_preloaded(built, smollm2, tmp_path, ask):
    """With a small model in place of the default, which is preloaded and found in the same way."""
    model = CATALOGUE["smollm2-135m"]
    preloaded(tmp_path, model.repo, smollm2)
    command = ("app.py", "--model", model.id)
    with started(built("cpu-basic"), tmp_path, *command, **NOWHERE) as space:
        came = ask(space)
        assert httpx.get(f"{space.url}/gradio_api/mcp/").status_code == 404
    assert '"status": "finished"' in came
    assert not (tmp_path / ".cache" / "thoughtscope").exists(), "it was fetched again"


def test_cpu_basic_listens_without_any_option_and_wants_the_model_that_is_preloaded(
    built, tmp_path, ask
):
    with started(built("cpu-basic"), tmp_path, "app.py", **NOWHERE) as space:
        elsewhere = f"http://127.0.0.2:{space.port}/config"
        assert httpx.get(elsewhere, timeout=30).is_success, "it listens on this machine's inside"
        came = ask(space)
    assert "HF_HUB_OFFLINE" in came, "that it is not here is said"
    log = space.log.read_text()
    assert SPACE_MODELS["cpu-basic"] in log
    assert "Others can reach this page." in log, "so that its limits hold"


def test_zero_lends_a_gpu_for_each_request_and_the_visitor_is_told(built, smollm2, tmp_path, ask):
    """The package `spaces`, and a stand-in for its service and for CUDA: see zerogpu_app.py."""
    (tmp_path / "cgroup").write_text("0::/space\n")
    with Service.serving() as service:
        settings = {
            "SPACES_ZERO_GPU": "true",
            "SPACES_ZERO_DEVICE_API_URL": service.url,
            "ZEROGPU_PROC_SELF_CGROUP_PATH": str(tmp_path / "cgroup"),
        }
        command = (HERE / "zerogpu_app.py", smollm2)
        with started(built("zero"), tmp_path, *command, **settings) as space:
            assert service.asked == ["/startup-report"], "or else: no @spaces.GPU function detected"
            came = ask(space, **{"X-IP-Token": "a.e30.c"})
            assert at_once(space, 20) == {200}, "by itself Gradio lets one wait, and refuses more"
    assert '"status": "finished"' in came
    paths = [asked.partition("?")[0] for asked in service.asked]
    assert paths[1:4] == ["/schedule", "/allow", "/release"]
    assert "token=a.e30.c" in service.asked[1], "the visitor's own quota is used"


def test_zero_answers_on_a_cpu_when_no_gpu_is_lent(built, smollm2, tmp_path):
    folder, python = built("zero")
    command = [str(python), "app.py", "run", "direct", QUESTION["question"]]
    command += ["--engine", "transformers", "--model", str(smollm2)]
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode in (0, 3), done.stderr
    assert "tokens sampled in" in done.stderr


def test_the_packages_of_gpu_can_be_had_together(tmp_path, built):
    """vLLM takes gigabytes and a GPU: nothing is installed or started."""
    folder = tmp_path / "gpu"
    assert main(["space", str(folder), "--hardware", "gpu"]) == 0
    _folder, python = built("cpu-basic")
    install(python, folder, "--dry-run")
    assert str(preload(SPACE_MODELS["gpu"])) in (folder / "README.md").read_text()
