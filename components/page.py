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
from components.picker import Picker
from components.replays import Replays
from components.sessions import Session, Sessions
from components.texts import Language
from components.theme import theme
from components.view import ASSETS
from core.engine import EngineHost, EngineSwitch
from core.question import LANGUAGES
from core.strategy import Strategy

PLOTLY = ASSETS / "vendor" / "plotly-basic.min.js"
HIERARCHY = ASSETS / "vendor" / "d3-hierarchy.min.js"

# What a person chose is kept where the browser lets it: in the frame that a Space is shown in, one
# that blocks other sites' storage raises at its very name.
_RECALL = """const recall = (key) => {
    try { return localStorage.getItem(`thoughtscope.${key}`) } catch { return null }
  };"""
_KEEP = """const keep = (key, value) => {
    try { localStorage.setItem(`thoughtscope.${key}`, value) } catch { /* not kept */ }
  };"""
_FIRST_LANGUAGE = f"""() => {{
  {_RECALL}
  const asked = new URLSearchParams(location.search).get('lang');
  const browser = navigator.language.startsWith('zh') ? 'zh' : 'en';
  return [asked, recall('language'), browser].find((code) => code === 'en' || code === 'zh');
}}"""
_KEEP_LANGUAGE = f"""(code) => {{
  {_KEEP}
  keep('language', code);
}}"""
_SWITCH_THEME = f"""() => {{
  {_KEEP}
  const dark = document.body.classList.toggle('dark');
  keep('theme', dark ? 'dark' : 'light');
}}"""
_FIRST_THEME = f"""() => {{
  {_RECALL}
  const saved = recall('theme');
  if (saved) document.body.classList.toggle('dark', saved === 'dark');
}}"""


class Page:
    """Everything on the page. `blocks` is the app; `launch_options` belong to its launch.

    `people` knows what each of them may have; by default everybody has all. With a `switch` the
    engine can be changed on the page, unless it is `shared` by many.
    """

    def __init__(
        self,
        strategies: Mapping[str, Strategy],
        host: EngineHost,
        people: People | None = None,
        *,
        switch: EngineSwitch | None = None,
        shared: bool = False,
    ) -> None:
        self._host = host
        self._people = people or People()
        self._switch = switch
        self._shared = shared
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
        # On Spaces Gradio's page would fetch its name and likes, and fonts, to write them on top.
        self.blocks.space_id = None

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
            # What Spaces switches on by itself: rendering by Node, tools for programs, an app to
            # install. None is wanted, and the page is to be the same everywhere.
            "ssr_mode": False,
            "mcp_server": False,
            "pwa": False,
            "max_file_size": "12mb",
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
            lambda: self._host.status,
            lambda: self._people.line.waiting,
            logs=not self._shared,
            elem_id="badge",
        )
        self.picker = (
            Picker(localizer, self._sessions, self._switch, self._shared) if self._switch else None
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
        picked = [self.picker.sheet] if self.picker else []
        edited = self.explore.form.editors.frame
        words = [*self._localizer.components, self.badge, *drawn, *picked, edited]
        self.blocks.load(None, None, None, js=_FIRST_THEME)
        # Gradio's page goes through every component that was ever the output of an event, at every
        # event: whoever reads the first language is spared the one that changes all words.
        self.blocks.load(None, None, self.language, js=_FIRST_LANGUAGE)
        told: dict[str, Any] = {"show_progress_on": self.language, **QUIET}
        self.language.change(self._say, self.language, words, **told)
        self.language.input(None, self.language, None, js=_KEEP_LANGUAGE)
        dark.click(None, None, None, js=_SWITCH_THEME)
        if self.picker:
            self.picker.bind(words, self._words)
        self.blocks.unload(self._sessions.close)

    async def _say(self, code: str, request: gr.Request) -> list[Any]:
        """Everything in another language; what was typed and what was run stay."""
        language: Language = "zh" if code == "zh" else "en"
        assert language in LANGUAGES
        session = self._sessions.of(request)
        session.language = language
        return self._words(session)

    def _words(self, session: Session) -> list[Any]:
        """All that has words, in the session's language."""
        frames = []
        for stage in (self.explore.stage, self.replays.stage):
            frames += stage.render(stage.screen(session), session.language)
        said = [self.picker.said(session.language, session.refused)] if self.picker else []
        edited = self.explore.form.editors.render(session)
        return [
            *self._localizer.updates(session.language),
            session.language,
            *frames,
            *said,
            edited,
        ]
