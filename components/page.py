"""The page: title, engine badge, and the three rooms behind the tabs."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from components.about import about
from components.badge import badge_view
from components.explore import Explore
from components.listening import QUIET
from components.localize import START, Localizer
from components.people import People
from components.replays import Replays
from components.sessions import Sessions
from components.texts import Language
from components.theme import theme
from components.view import ASSETS
from core.engine import EngineHost
from core.question import LANGUAGES
from core.strategy import Strategy

PLOTLY = ASSETS / "vendor" / "plotly-basic.min.js"
HIERARCHY = ASSETS / "vendor" / "d3-hierarchy.min.js"

_FIRST_LANGUAGE = """() => {
  const asked = new URLSearchParams(location.search).get('lang');
  const saved = localStorage.getItem('thoughtscope.language');
  const browser = navigator.language.startsWith('zh') ? 'zh' : 'en';
  return [asked, saved, browser].find((code) => code === 'en' || code === 'zh');
}"""
_KEEP_LANGUAGE = "(code) => localStorage.setItem('thoughtscope.language', code)"
_SWITCH_THEME = """() => {
  const dark = document.body.classList.toggle('dark');
  localStorage.setItem('thoughtscope.theme', dark ? 'dark' : 'light');
}"""
_FIRST_THEME = """() => {
  const saved = localStorage.getItem('thoughtscope.theme');
  if (saved) document.body.classList.toggle('dark', saved === 'dark');
}"""


class Page:
    """Everything on the page. `blocks` is the app; `launch_options` belong to its launch.

    `people` knows what each of them may have; by default everybody has all.
    """

    def __init__(
        self, strategies: Mapping[str, Strategy], host: EngineHost, people: People | None = None
    ) -> None:
        self._host = host
        self._people = people or People()
        self._localizer = Localizer()
        self._sessions = Sessions(self._people)
        self.folder = Path(tempfile.mkdtemp(prefix="thoughtscope-"))
        gr.set_static_paths([PLOTLY, HIERARCHY])
        with gr.Blocks(
            title="Thoughtscope",
            fill_width=True,
            analytics_enabled=False,
            delete_cache=(3600, 86400),
        ) as self.blocks:
            self._build(strategies)

    @property
    def launch_options(self) -> dict[str, Any]:
        """What Gradio takes at launch: the look, and that nothing calls out."""
        return {
            "theme": theme(),
            "css_paths": [ASSETS / "style.css"],
            "head": "".join(
                f'<script defer src="gradio_api/file={script}"></script>'
                for script in (PLOTLY, HIERARCHY)
            ),
            "run_history": False,
            "footer_links": [],
            "ssr_mode": False,
            "max_file_size": "8mb",
            "enable_monitoring": False,
        }

    @property
    def app_options(self) -> dict[str, Any]:
        """What the server takes at launch, as `app_kwargs`: the page itself travels compressed.

        Gradio compresses what has a file's name, and so not the page, in which all scripts of ours
        stand. What streams is left alone.
        """
        return {"middleware": [Middleware(GZipMiddleware, minimum_size=1_000)]}

    def close(self) -> None:
        """Remove the recordings made for download."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _build(self, strategies: Mapping[str, Strategy]) -> None:
        localizer = self._localizer
        with gr.Row(elem_classes=["top"]):
            gr.HTML('<h1 class="wordmark">Thoughtscope</h1>', elem_classes=["wordmark-box"])
            self.language = localizer.make(
                gr.Radio,
                lambda t: {"label": t("page.language")},
                choices=[("English", "en"), ("中文", "zh")],
                value=START,
                elem_id="language",
                elem_classes=["segmented"],
            )
            dark = localizer.make(
                gr.Button, lambda t: {"value": t("page.theme")}, size="sm", elem_id="theme"
            )
        self.badge = badge_view(
            lambda: self._host.status, lambda: self._people.line.waiting, elem_id="badge"
        )
        with gr.Tabs(elem_classes=["rooms"]):
            with localizer.make(gr.Tab, lambda t: {"label": t("page.explore")}, id="explore"):
                self.explore = Explore(
                    localizer, self._sessions, strategies, self._host, self.folder, self._people
                )
            with localizer.make(gr.Tab, lambda t: {"label": t("page.replays")}, id="replays"):
                self.replays = Replays(localizer, self._sessions)
            with localizer.make(gr.Tab, lambda t: {"label": t("page.about")}, id="about"):
                about(localizer)
        self._bind(dark)

    def _bind(self, dark: Any) -> None:
        stages = [self.explore.stage, self.replays.stage]
        drawn = [output for stage in stages for output in stage.outputs]
        words = [*self._localizer.components, self.badge, *drawn]
        self.blocks.load(None, None, None, js=_FIRST_THEME)
        # Gradio's page goes through every component that was ever the output of an event, at every
        # event: whoever reads the first language is spared the one that changes all words.
        self.blocks.load(None, None, self.language, js=_FIRST_LANGUAGE)
        self.language.change(self._say, self.language, words, **QUIET)
        self.language.input(None, self.language, None, js=_KEEP_LANGUAGE)
        dark.click(None, None, None, js=_SWITCH_THEME)
        self.blocks.unload(self._sessions.close)

    async def _say(self, code: str, request: gr.Request) -> list[Any]:
        """Everything in another language; what was typed and what was run stay."""
        language: Language = "zh" if code == "zh" else "en"
        assert language in LANGUAGES
        session = self._sessions.of(request)
        session.language = language
        frames = []
        for stage in (self.explore.stage, self.replays.stage):
            frames += stage.render(stage.screen(session), language)
        return [*self._localizer.updates(language), language, *frames]
