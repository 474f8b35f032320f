"""The page on an engine whose texts are known: `python -m tests.browser.scripted_app PORT LIMITS`.

LIMITS is a JSON object, as of `core.allowance.Limits`; who asks is told in X-Forwarded-For.

Routes of the tests' own stand beside the page's, under /scripted: they tell what was asked of the
engine, and hold it, slow it down or take it away, so that a test decides when text appears.
"""

import asyncio
import json
import math
import os
import random
import sys
from dataclasses import dataclass, field, replace
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

from fastapi.routing import APIRoute

from components.page import Page
from components.people import People
from core.allowance import Limits
from core.engine import Sampling
from core.errors import EngineUnavailable
from engines.choice import Choice, Kind
from engines.models.catalogue import unknown
from engines.scripted import INFO, ScriptedEngine, ScriptedHost
from engines.switch import Switch, maker
from strategies import REGISTRY
from tests.browser.scripted_tree import tree_reply
from tests.browser.scripted_waits import waits_reply

ECHO = "Repeat after me: "
ABSTAINS = 6
ANSWERS = (15, 15, 17, 15, 24, 15, None, 15)
"""What the paths conclude, in their order; None: nothing in the text is an answer."""

STEPS = {
    "en": (
        "we count the pens: 3 packs with 8 each make 24 pens.",
        "She gives away 7, so 24 - 7 = 17 remain.",
        "She loses 2 more.\n",
        "Let me check that again, step by step: 24 - 9 = 15.",
    ),
    "zh": ("先数一数： 3 盒 每盒 8 支， 共 24 支。", "送出 7 支， 还剩 17 支。", "又丢了 2 支。"),
}


def reply(prompt: str, sampling: Sampling, sample: int) -> str:
    """A rationale and its answer, by seed and sample; or what the question says to repeat."""
    for known in (tree_reply, waits_reply):
        if (said := known(prompt)) is not None:
            return said
    language = "zh" if "答案" in prompt or "让我们" in prompt else "en"
    asked = prompt.removeprefix("<|user|>").split("\n\nFinish with")[0].split("\n<|assistant|>")[0]
    if ECHO in asked:
        words = asked.split(ECHO)[1]
        return f" {words} The answer is {words}"
    if not prompt.endswith(("step by step.", "思考。", "First,", "首先，", "Let's think")):
        return " 15." if language == "en" else " 15。"
    return rationale(sampling.seed or 0, sample, language)


def rationale(seed: int, sample: int, language: str) -> str:
    """Some steps, and what they lead to."""
    chance = random.Random(f"{seed}/{sample}")
    answer = ANSWERS[sample % len(ANSWERS)]
    if answer is None:
        return " I would rather talk about the weather of that day, which was fair." * 2
    steps = " ".join(chance.choices(STEPS[language], k=chance.randint(3, 5)))
    return f" {steps} The answer is {answer}." if language == "en" else f"{steps} 答案是 {answer}。"


LOG = "the engine is up\n<img src=x onerror=alert(1)> ${alert(2)} {{alert(3)}}"


@dataclass
class Valve:
    """Lets a word through every `seconds`; after `words` of them it holds until it is told more."""

    seconds: float = 0.001
    words: float = math.inf
    told: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self) -> "asyncio.Future[None]":
        return asyncio.ensure_future(self._pass())

    async def _pass(self) -> None:
        await asyncio.sleep(self.seconds)
        while self.words <= 0:
            await self.told.wait()
        self.words -= 1

    def tell(self, words: float, seconds: float) -> None:
        self.words, self.seconds = words, seconds
        self.told.set()
        self.told.clear()


class Scripted:
    """Engine, host and the routes that steer them."""

    def __init__(self) -> None:
        self.valve = Valve()
        self.engine = ScriptedEngine(reply, gate=self.valve)
        self.there = asyncio.Event()
        self.there.set()
        self.host = ScriptedHost(self.engine, waiting=self.there, log=LOG)
        # Another engine, whose texts carry no log-probabilities, and one that is not to be had.
        other = replace(INFO, model="other", cannot={"logprobs": "cannot.logprobs"})
        self.other = ScriptedHost(ScriptedEngine(reply, other, gate=self.valve))
        self.switch = self._switch()

    def _switch(self) -> Switch:
        lacking = EngineUnavailable("engine_packages", missing="torch")
        kinds = {
            "llama.cpp": Kind("llama.cpp", self._of_model, lambda: ("scripted", "other")),
            "transformers": Kind("transformers", self._of_model, lambda: (), lambda: lacking),
        }
        choice = Choice("llama.cpp", "choice.no_gpu")
        return Switch(choice, "", self.host, maker("", kinds), kinds)  # type: ignore[arg-type]

    def _of_model(self, name: str) -> Any:
        if name not in ("scripted", "other"):
            raise unknown(name)
        return self.other if name == "other" else self.host

    @property
    def routes(self) -> list[APIRoute]:
        named = {"calls": self.calls, "pace": self.pace, "engine": self.presence}
        return [APIRoute(f"/scripted/{name}", do, methods=["POST"]) for name, do in named.items()]

    async def calls(self) -> list[dict[str, object]]:
        """All calls so far."""
        return [
            {"prompt": call.prompt, "n": call.n, "seed": call.sampling.seed, "closed": call.closed}
            for call in self.engine.calls
        ]

    async def pace(self, words: int = -1, seconds: float = 0.001) -> None:
        """Let `words` more through and then hold; a negative number holds nothing back."""
        self.valve.tell(math.inf if words < 0 else words, seconds)

    async def presence(self, there: bool) -> None:
        """Whether there is an engine already."""
        self.there.set() if there else self.there.clear()


def main(port: int, limits: Limits) -> None:
    scripted = Scripted()
    people = People(limits, proxies=1)
    page = Page(REGISTRY, scripted.switch, people, switch=scripted.switch)
    page.blocks.queue(default_concurrency_limit=None).launch(
        server_name="127.0.0.1",
        server_port=port,
        quiet=True,
        app_kwargs={"routes": scripted.routes, **page.app_options},
        **page.launch_options,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), Limits(**json.loads(sys.argv[2])))
