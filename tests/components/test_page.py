"""The page as it is served: what it asks of the reader's browser."""

from components.page import Page
from engines.choice import Choice
from engines.scripted import ScriptedEngine, ScriptedHost
from engines.switch import Switch, maker
from strategies import REGISTRY

MANY = 20


async def test_an_event_with_many_outputs_shows_its_progress_on_one():
    """Otherwise Gradio's page tells all of them, at each message of every later event, how it
    fared: a run would pay for it."""
    host = ScriptedHost(ScriptedEngine(lambda *_: "text"))
    switch = Switch(Choice("llama.cpp", "choice.no_gpu"), "", host, maker(""))  # type: ignore[arg-type]
    page = Page(REGISTRY, switch, switch=switch)
    try:
        events = page.blocks.config["dependencies"]
        wide = [event for event in events if len(event["outputs"]) > MANY]
        assert len(wide) >= 2
        assert [event["show_progress_on"] for event in wide if not event["show_progress_on"]] == []
    finally:
        page.close()
