"""Replays: recorded runs, bundled or uploaded, played on the same stage as a live run."""

import asyncio
import json
import math
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from components.asking.controls import bounded
from components.listening import LIVE, QUIET
from components.localize import Localizer
from components.sessions import Notice, Session, Sessions, sentence
from components.stage import AS_RUN, Stage
from components.texts import Text
from components.uploads import first_bytes
from components.view import ASSETS
from components.views.headline import Origin
from core import recording
from core.driver import FRAME_SECONDS
from core.errors import InvalidInput, InvalidRecording, ThoughtscopeError
from core.recording import Playback, Recording

SPEEDS = ("0.5", "1", "2", "5", "20")
FOLDER = ASSETS / "recordings"


@dataclass(frozen=True, slots=True)
class Bundled:
    """A recording that ships with the app: its file and the key of its title."""

    file: str
    title: str


class Replays:
    """The list, the transport and a stage."""

    def __init__(self, localizer: Localizer, sessions: Sessions) -> None:
        self._sessions = sessions
        with gr.Row(elem_classes=["desk"]):
            with gr.Column(scale=0, min_width=340, elem_classes=["side"]):
                self._build_list(localizer)
                self._build_transport(localizer)
            with gr.Column(scale=1, min_width=320, elem_classes=["stage"]):
                self.stage = Stage(localizer, sessions, "replay")
        self._bind()

    def _build_list(self, localizer: Localizer) -> None:
        self.choice = localizer.make(
            gr.Radio,
            lambda t: {"label": t("replay.bundled"), "choices": _choices(t)},
            value=None,
            elem_id="recordings",
            elem_classes=["stacked"],
        )
        self.upload = localizer.make(
            gr.UploadButton,
            lambda t: {"label": t("replay.upload")},
            file_types=[".jsonl"],
            size="sm",
            elem_id="upload",
        )

    def _build_transport(self, localizer: Localizer) -> None:
        with gr.Row(elem_classes=["buttons"]):
            self.play = localizer.make(
                gr.Button,
                lambda t: {"value": t("replay.play")},
                variant="primary",
                interactive=False,
                elem_id="play",
            )
            self.pause = localizer.make(
                gr.Button,
                lambda t: {"value": t("replay.pause")},
                interactive=False,
                elem_id="pause",
            )
        self.speed = localizer.make(
            gr.Radio,
            lambda t: {
                "label": t("replay.speed"),
                "choices": [(f"{speed}×", speed) for speed in SPEEDS],
            },
            value="2",
            elem_id="speed",
        )
        self.scrubber = localizer.make(
            gr.Slider,
            lambda t: {"label": t("replay.position")},
            minimum=0,
            maximum=1,
            value=0,
            step=0.1,
            interactive=False,
            elem_id="scrubber",
        )

    @property
    def _outputs(self) -> list[Any]:
        return [*self.stage.outputs, self.scrubber, self.play, self.pause]

    @property
    def _loaded(self) -> list[Any]:
        return [*self._outputs, *self.stage.lenses]

    def _bind(self) -> None:
        opened = self.choice.input(self._open_bundled, self.choice, self._loaded, **QUIET)
        opened.success(self._play, self.speed, self._outputs, **LIVE)
        self.upload.upload(self._open_upload, self.upload, [*self._loaded, self.choice], **QUIET)
        self.play.click(self._play, self.speed, self._outputs, **LIVE)
        self.speed.input(self._set_speed, self.speed, None, **QUIET)
        self.pause.click(self._pause, None, self._outputs, **QUIET)
        self.scrubber.input(
            self._scrub, self.scrubber, self._outputs, trigger_mode="always_last", **QUIET
        )

    async def _open_bundled(self, file: str, request: gr.Request) -> list[Any]:
        known = {bundled.file for bundled in bundled_recordings()}
        session = self._sessions.of(request)
        if file not in known:
            return self._refuse(session, InvalidInput("recording_unknown"))
        return await self._load(session, FOLDER / file)

    async def _open_upload(self, path: str, request: gr.Request) -> list[Any]:
        return [*await self._load(self._sessions.of(request), Path(path)), None]

    async def _load(self, session: Session, path: Path) -> list[Any]:
        """Take in a recording and show its end; a bad one is refused and the old one stays."""
        try:
            loaded = await asyncio.to_thread(
                lambda: recording.read(first_bytes(path, recording.MAX_BYTES))
            )
        except InvalidRecording as error:
            return self._refuse(session, error)
        session.playing = False
        session.playback, session.position = Playback(loaded), 0.0
        session.replay.show(session.playback.seek(loaded.seconds), _origin(loaded))
        end = max(math.ceil(loaded.seconds * 10) / 10, 0.1)  # the scrubber's steps are tenths
        return [
            *self.stage.render(session.replay, session.language),
            gr.update(maximum=end, value=end, interactive=True),
            gr.update(interactive=True),
            gr.update(interactive=False),
            *[AS_RUN] * len(self.stage.lenses),
        ]

    def _refuse(self, session: Session, error: ThoughtscopeError) -> list[Any]:
        session.replay.notice = Notice(sentence(error), "error")
        drawn = self.stage.render(session.replay, session.language)
        return [*drawn, *[gr.skip()] * (len(self._loaded) - len(drawn))]

    async def _play(self, speed: str, request: gr.Request) -> AsyncGenerator[list[Any], None]:
        """Play from where it stands, or from the beginning when it stands at the end."""
        session = self._sessions.of(request)
        playback = session.playback
        if playback is None or session.playing:
            return
        session.playing, session.replay.notice = True, None
        session.plays = mine = session.plays + 1  # a pause and a new start end this loop too
        end = playback.recording.seconds
        if session.position >= end:
            session.position = 0.0
        await self._set_speed(speed, request)
        yield self._frame(session, buttons=self._buttons(playing=True))
        moment = time.monotonic()
        while session.playing and session.plays == mine and session.position < end:
            await asyncio.sleep(FRAME_SECONDS)
            if not session.playing or session.plays != mine:
                break  # what is held does not move
            now = time.monotonic()
            session.position = min(session.position + (now - moment) * session.rate, end)
            moment = now
            yield self._frame(session)
        if session.playback is playback and session.plays == mine:
            session.playing = False
            yield self._frame(session, buttons=self._buttons(playing=False))

    async def _set_speed(self, speed: str, request: gr.Request) -> None:
        """Also while it plays."""
        self._sessions.of(request).rate = float(speed) if speed in SPEEDS else 1.0

    async def _pause(self, request: gr.Request) -> list[Any]:
        session = self._sessions.of(request)
        session.playing = False
        return self._frame(session, buttons=self._buttons(playing=False))

    async def _scrub(self, position: float, request: gr.Request) -> list[Any]:
        session = self._sessions.of(request)
        session.playing, session.replay.notice = False, None
        if session.playback is None:
            return [gr.skip()] * len(self._outputs)
        session.position = bounded(position, 0.0, session.playback.recording.seconds)
        frame = self._frame(session, buttons=self._buttons(playing=False))
        frame[len(self.stage.outputs)] = gr.skip()
        return frame

    def _frame(self, session: Session, buttons: list[Any] | None = None) -> list[Any]:
        if session.playback is not None:
            session.replay.trace = session.playback.seek(session.position)
        return [
            *self.stage.render(session.replay, session.language),
            gr.update(value=round(session.position, 1)),
            *(buttons or [gr.skip(), gr.skip()]),
        ]

    def _buttons(self, *, playing: bool) -> list[Any]:
        return [gr.update(interactive=not playing), gr.update(interactive=playing)]


def bundled_recordings() -> list[Bundled]:
    """The recordings that ship, in the order in which they are offered."""
    index = FOLDER / "index.json"
    rows = json.loads(index.read_text(encoding="utf-8")) if index.exists() else []
    return [Bundled(**row) for row in rows]


def _choices(text: Text) -> list[tuple[str, str]]:
    return [(text(bundled.title), bundled.file) for bundled in bundled_recordings()]


def _origin(loaded: Recording) -> Origin:
    return Origin(replayed=True, date=loaded.header.date)
