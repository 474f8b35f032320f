"""Puzzles for the Tree of Thoughts: all that the Game of 24 has, and crosswords from a file."""

from pathlib import Path
from typing import Any

import gradio as gr

from components.asking.controls import bounded
from components.asking.examples import crossword_answer, crossword_question
from components.listening import QUIET
from components.localize import Localizer
from components.sessions import Notice, Sessions, sentence
from components.uploads import first_bytes
from core import crossword
from core.arithmetic import puzzles
from core.errors import InvalidInput


class Puzzles:
    """Two controls that write into the form. `filled` are its question, right answer and task."""

    def __init__(self, localizer: Localizer) -> None:
        count = len(puzzles())
        self.number = localizer.make(
            gr.Slider,
            lambda t: {
                "label": t("explore.puzzle", n=f"{count:,}"),
                "info": t("explore.puzzle.info"),
            },
            minimum=1,
            maximum=count,
            value=1,
            step=1,
            elem_id="puzzle",
        )
        self.upload = localizer.make(
            gr.UploadButton,
            lambda t: {"label": t("explore.crosswords")},
            file_types=[".json"],
            size="sm",
            elem_id="crosswords",
        )
        self.choice = localizer.make(
            gr.Dropdown,
            lambda t: {"label": t("explore.crossword_choice")},
            choices=[],
            visible=False,
            elem_id="crossword-choice",
        )

    def bind(self, filled: list[Any], stage: Any, sessions: Sessions) -> None:
        """Listen; `stage` shows what is wrong with a file."""

        async def take_number(number: float) -> list[Any]:
            place = int(bounded(number, 1, len(puzzles()))) - 1
            return [" ".join(map(str, puzzles()[place])), "", "game24"]

        async def take_file(path: str, request: gr.Request) -> list[Any]:
            session = sessions.of(request)
            try:
                session.crosswords = crossword.load(first_bytes(Path(path), crossword.MAX_BYTES))
                if not session.crosswords:
                    raise InvalidInput("crossword_file", reason="no puzzles")
            except InvalidInput as error:
                session.explore.notice = Notice(sentence(error), "error")
                drawn = stage.render(session.explore, session.language)
                return [*[gr.skip()] * len(filled), gr.skip(), None, *drawn]
            session.explore.notice = None
            drawn = stage.render(session.explore, session.language)
            named = [(f"{n}. {p.clues[0][:40]}", n) for n, p in enumerate(session.crosswords, 1)]
            choice = gr.update(choices=named, value=1, visible=True)
            return [*_crossword(session.crosswords[0]), choice, None, *drawn]

        async def take_choice(number: float, request: gr.Request) -> list[Any]:
            known = sessions.of(request).crosswords
            if not isinstance(number, int) or not 1 <= number <= len(known):
                return [gr.skip()] * len(filled)
            return _crossword(known[number - 1])

        self.number.input(
            take_number, self.number, filled, **{"trigger_mode": "always_last", **QUIET}
        )
        self.upload.upload(
            take_file, self.upload, [*filled, self.choice, self.upload, *stage.outputs], **QUIET
        )
        self.choice.input(take_choice, self.choice, filled, **QUIET)


def _crossword(puzzle: crossword.Puzzle) -> list[Any]:
    return [crossword_question(puzzle), crossword_answer(puzzle), "crossword"]
