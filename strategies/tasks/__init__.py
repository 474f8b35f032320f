"""The tasks of the Tree of Thoughts: one file each, and a line here."""

from strategies.tasks.creative_writing import CreativeWriting
from strategies.tasks.crossword import Crossword
from strategies.tasks.game24 import Game24
from strategies.tasks.open_question import OpenQuestion
from strategies.tasks.task import Task

TASKS: dict[str, type[Task]] = {
    "game24": Game24,
    "open": OpenQuestion,
    "writing": CreativeWriting,
    "crossword": Crossword,
}
