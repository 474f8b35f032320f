"""What is sent past the page, straight to the queue, is checked all the same."""

import asyncio
import json
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from gradio.routes import App

from components.page import Page as AppPage
from engines.scripted import ScriptedEngine, ScriptedHost
from strategies import REGISTRY
from tests.browser.conftest import SECONDS, ScriptedApp
from tests.browser.scripted_app import reply

DEFAULTS = {"Paths": 8, "Temperature": 0.7, "Top-k (0 is off)": 40}


class Queue:
    """The page's own Run, without the page."""

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        self._client = httpx.Client(base_url=f"{url}/gradio_api", timeout=SECONDS, headers=headers)
        config = httpx.get(f"{url}/config", timeout=SECONDS).json()
        self._components = {made["id"]: made["props"] for made in config["components"]}
        run = next(i for i, props in self._components.items() if props.get("elem_id") == "run")
        functions = config["dependencies"]
        self._gather = next(
            function
            for function in functions
            if [run, "click"] in function["targets"] and function["inputs"]
        )
        after = {function["trigger_after"]: function for function in functions}
        self._begin = after[self._gather["id"]]
        self._stream = after[self._begin["id"]]

    def run(self, changed: dict[str, object], session: str = "") -> list[object]:
        """Press Run with other values than the form's, and stream; all that came back."""
        data = [
            changed.get(props.get("elem_id") or props["label"], props.get("value"))
            for props in (self._components[i] for i in self._gather["inputs"])
        ]
        return self.send(data, session)

    def send(self, form: object, session: str = "") -> list[object]:
        """What the page sends when Run is pressed, and then the stream."""
        session = session or secrets.token_hex(5)
        begun = self._call(self._begin, [form], session)
        return begun + self._call(self._stream, [], session)

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def press(self, form: object) -> int:
        """Press Run in a tab of its own and look no further; the status that is answered."""
        body = {"data": [form], "fn_index": self._begin["id"], "session_hash": secrets.token_hex(5)}
        return self._client.post("/queue/join", json=body).status_code

    def _call(self, function: dict[str, Any], data: list[object], session: str) -> list[object]:
        body = {"data": data, "fn_index": function["id"], "session_hash": session}
        self._client.post("/queue/join", json=body).raise_for_status()
        with self._client.stream("GET", "/queue/data", params={"session_hash": session}) as lines:
            came = []
            for line in lines.iter_lines():
                if line.startswith("data:"):
                    came.append(json.loads(line[5:]))
                    if came[-1]["msg"] in ("process_completed", "close_stream"):
                        break
        return came


@pytest.fixture
def queue(scripted: ScriptedApp) -> Queue:
    return Queue(scripted.url)


def test_the_queue_runs_what_the_form_would(queue: Queue, scripted: ScriptedApp):
    asked = len(scripted.calls)
    came = json.dumps(queue.run({"question": "How many?"}), ensure_ascii=False)
    assert "5 of 8 paths agree" in came
    assert len(scripted.calls) == asked + 1


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("Paths", 0, "Setting “paths” is 0; it must be a whole number between 1 and 40."),
        ("Paths", 41, "Setting “paths” is 41"),
        ("Paths", 2.5, "Setting “paths” is 2.5"),
        ("Paths", "many", "Setting “paths” is many"),
        ("Paths", None, "Setting “paths” is None"),
        ("Paths", [8], "Setting “paths” is [8]"),
        (
            "Temperature",
            1e9,
            "Setting “temperature” is 1000000000.0; it must lie between 0.1 and 2.",
        ),
        ("Longest path (tokens)", -1, "Setting “max_tokens” is -1"),
        ("How answers are found", "guess", "Setting “rule”: “guess” is not allowed."),
        ("Also show the greedy path (has no vote)", "maybe", "Setting “greedy”: “maybe”"),
        ("seed", -1, "Setting “seed” is -1"),
    ],
)
def test_a_setting_out_of_range_is_refused_and_named(
    queue: Queue, scripted: ScriptedApp, setting: str, value: object, said: str
):
    asked = len(scripted.calls)
    came = json.dumps(queue.run({"question": "How many?", setting: value}), ensure_ascii=False)
    assert said in came
    assert len(scripted.calls) == asked


@pytest.mark.parametrize("form", [None, {}, [], ["How many?"], "How many?", [[]] * 40])
def test_what_is_not_the_form_is_refused(queue: Queue, scripted: ScriptedApp, form: object):
    asked = len(scripted.calls)
    came = json.dumps(queue.send(form), ensure_ascii=False)
    assert "What the page sent is not this form." in came
    assert len(scripted.calls) == asked


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("question", 7, "Write a question first."),
        ("question", ["How many?"], "Write a question first."),
        ("strategy", ["direct"], "There is no strategy"),
        ("strategy", None, "There is no strategy"),
        ("kind", {"a": 1}, "Setting “kind”"),
        ("prompt-language", [], "Setting “language”"),
        ("seed", [1], "Setting “seed” is [1]"),
    ],
)
def test_a_field_of_another_type_is_refused(
    queue: Queue, scripted: ScriptedApp, field: str, value: object, said: str
):
    asked = len(scripted.calls)
    came = queue.run({"question": "How many?", field: value})
    assert said in json.dumps(came, ensure_ascii=False)
    assert len(scripted.calls) == asked


def test_nothing_that_can_be_fetched_tells_of_the_runs_of_others(
    queue: Queue, scripted: ScriptedApp
):
    session, question = secrets.token_hex(5), f"How many {secrets.token_hex(5)}?"
    assert "5 of 8 paths agree" in json.dumps(queue.run({"question": question}, session))
    with httpx.Client(base_url=scripted.url, timeout=SECONDS) as client:
        answers = {path: fetched(client, path) for path in gradio_paths()}
    assert {"/config", "/gradio_api/info", "/gradio_api/queue/status"} <= answers.keys()
    told = {path for path, text in answers.items() if session in text or question in text}
    assert told == set()


def fetched(client: httpx.Client, path: str) -> str:
    """What comes; of a stream of events, which may never end, the first."""
    with client.stream("GET", path) as answer:
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            return answer.read().decode("utf-8", "replace")
        return next(answer.iter_lines(), "")


def gradio_paths() -> set[str]:
    """Everything that Gradio serves and that can be fetched by whoever knows no names."""

    async def build() -> App:
        return App.create_app(AppPage(REGISTRY, ScriptedHost(ScriptedEngine(reply))).blocks)

    with ThreadPoolExecutor() as thread:  # a browser of other tests may have this one's loop
        paths = thread.submit(asyncio.run, build()).result().openapi()["paths"]
    return {path for path, ways in paths.items() if "get" in ways and "{" not in path}


@pytest.mark.parametrize("path", ["", "/", "/gradio", "/.."])
def test_no_folder_is_listed(scripted: ScriptedApp, path: str):
    url = f"{scripted.url}/gradio_api/file={scripted.log.parent}{path}"
    assert httpx.get(url, timeout=SECONDS).status_code == 403
