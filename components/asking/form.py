"""The form of Explore: question, strategy, the strategy's own settings, and the buttons."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import gradio as gr

from components.asking.controls import control
from components.asking.editors import Editors
from components.asking.examples import examples
from components.asking.puzzles import Puzzles
from components.listening import QUIET
from components.localize import Localizer
from components.texts import Text
from core.errors import InvalidInput
from core.params import Spec, specs
from core.question import KINDS, LANGUAGES, Kind, Language, Question, ask
from core.strategy import Strategy

DETECT = "detect"

C = TypeVar("C", bound=str)

_GATHER = "(...values) => [values]"
TREE = "tree_of_thoughts"


@dataclass(frozen=True, slots=True)
class Asked:
    """The form as it was sent; nothing in it is checked yet."""

    question: str
    reference: str
    kind: str
    language: str
    seed: Any
    strategy: str
    params: Mapping[str, Any]

    @property
    def said_kind(self) -> Kind | None:
        """The kind of answer that was chosen; None where it is to be found out. Raises
        InvalidInput."""
        return _one_of("kind", self.kind, KINDS)

    @property
    def said_language(self) -> Language | None:
        """The language of the prompt, likewise."""
        return _one_of("language", self.language, LANGUAGES)

    def asks(self) -> Question:
        """The question, checked. Raises InvalidInput."""
        return ask(self.question, self.said_kind, self.said_language)


class Form:
    """The form's components. `cannot` maps what the engine cannot do to the reason's key."""

    def __init__(
        self, localizer: Localizer, strategies: Mapping[str, Strategy], cannot: Mapping[Any, str]
    ) -> None:
        self._localizer = localizer
        self._strategies = strategies
        self._cannot = cannot
        self._build_question()
        self._build_strategy()
        self._build_buttons()
        self._build_settings()
        self.editors = Editors(localizer, strategies, self._first)
        with self._accordion("explore.more"):
            self._build_more()
        self.asked = gr.JSON(visible=False)
        self.composed = gr.JSON(visible=False)
        self._bind()

    @property
    def gather(self) -> dict[str, Any]:
        """An event that puts the whole form into `asked`, on the page."""
        return {"fn": None, "inputs": self._inputs, "outputs": self.asked, "js": _GATHER}

    @property
    def changes(self) -> list[Any]:
        """The events by which the prompt may become another one."""
        settings = [control for name in self.editors.strategies for control in self._settings[name]]
        parts = [self.question, self.kind, self.language, self.strategy, *settings]
        return [*(part.change for part in parts), *self.editors.changes]

    @property
    def _inputs(self) -> list[Any]:
        settings = [component for controls in self._settings.values() for component in controls]
        return [
            self.question,
            self.reference,
            self.kind,
            self.language,
            self.seed,
            self.strategy,
            *settings,
            *self.editors.inputs,
        ]

    def read(self, asked: Any) -> Asked:
        """The form's values by name; of the settings, those of the chosen strategy.

        `asked` comes from the page as it is: raises InvalidInput where it is not the form's, and
        for a pool that cannot be read.
        """
        if not isinstance(asked, list) or len(asked) != len(self._inputs):
            raise InvalidInput("form_unknown")
        question, reference, kind, language, seed, strategy, *rest = asked
        params: dict[str, Any] = {}
        for name, controls in self._settings.items():
            mine, rest = rest[: len(controls)], rest[len(controls) :]
            if name == strategy:
                named = self._drawn(name)
                params = {spec.name: value for spec, value in zip(named, mine, strict=True)}
                edited = asked[-len(self.editors.inputs) :]
                params |= self.editors.read(name, edited)
        return Asked(_text(question), _text(reference), kind, language, seed, strategy, params)

    def _build_question(self) -> None:
        make = self._localizer.make
        self.question = make(
            gr.Textbox,
            lambda t: {"label": t("explore.question"), "placeholder": t("explore.question.hint")},
            lines=4,
            max_lines=12,
            elem_id="question",
        )
        self.example = make(
            gr.Dropdown,
            lambda t: {"label": t("explore.examples")},
            choices=[(example.title, example.id) for example in examples()],
            value=None,
            elem_id="examples",
        )
        self.reference = make(
            gr.Textbox,
            lambda t: {"label": t("explore.reference"), "placeholder": t("explore.reference.hint")},
            max_lines=1,
            elem_id="reference",
        )

    def _build_strategy(self) -> None:
        def words(text: Text) -> dict[str, Any]:
            names = [(self._named(name, text), name) for name in self._strategies]
            return {"label": text("explore.strategy"), "choices": names}

        self.strategy = self._localizer.make(
            gr.Radio, words, value=self._first, elem_id="strategy", elem_classes=["stacked"]
        )

    def _named(self, name: str, text: Text) -> str:
        """A strategy's name, with the reason where the engine cannot serve it."""
        lacks = self._strategies[name].lacks(self._cannot)
        named = text(f"strategy.{name}")
        return f"{named} – {text(lacks)}" if lacks else named

    def _build_buttons(self) -> None:
        make = self._localizer.make
        with gr.Row(elem_classes=["buttons"]):
            self.run = make(
                gr.Button, lambda t: {"value": t("explore.run")}, variant="primary", elem_id="run"
            )
            self.stop = make(
                gr.Button, lambda t: {"value": t("explore.stop")}, interactive=False, elem_id="stop"
            )
            self.again = make(
                gr.Button,
                lambda t: {"value": t("explore.again")},
                interactive=False,
                elem_id="again",
            )

    def _build_settings(self) -> None:
        self._settings: dict[str, list[Any]] = {}
        self._presets: dict[str, tuple[Any, Any]] = {}
        self._groups: list[Any] = []
        for name, strategy in self._strategies.items():
            with gr.Column(visible=name == self._first, elem_classes=["settings"]) as group:
                self._groups.append(group)
                self._markdown(lambda text, name=name: text(f"strategy.{name}.what"))
                if strategy.presets is not None:
                    self._build_presets(name)
                self._settings[name] = self._build_controls(name)
                with self._accordion("explore.departures"):
                    self._markdown(lambda text, strategy=strategy: _departures(strategy, text))

    def _drawn(self, name: str) -> list[Spec]:
        """The settings of a strategy that are controls; the others have editors."""
        return [spec for spec in specs(self._strategies[name].params) if not spec.editor]

    def _build_controls(self, name: str) -> list[Any]:
        """The controls of a strategy, in the order of its settings; the rare ones in a fold."""
        settings = self._drawn(name)
        made = {}

        def make(spec: Spec) -> None:
            made[spec.name] = control(self._localizer, name, spec, self._cannot)

        for spec in (spec for spec in settings if not spec.more):
            make(spec)
            if name == TREE and spec.name == "task":
                self.puzzles = Puzzles(self._localizer)
        rare = [spec for spec in settings if spec.more]
        if rare:
            with self._accordion("explore.rare"):
                for spec in rare:
                    make(spec)
        return [made[spec.name] for spec in settings]

    def _build_presets(self, name: str) -> None:
        """One click puts the paper's settings into the controls, another takes them back."""
        make = self._localizer.make
        with gr.Row(elem_classes=["presets"]):
            self._presets[name] = (
                make(
                    gr.Button,
                    lambda t: {"value": t("explore.paper_settings")},
                    size="sm",
                    elem_id=f"paper-{name}",
                ),
                make(
                    gr.Button,
                    lambda t: {"value": t("explore.own_settings")},
                    size="sm",
                    elem_id=f"own-{name}",
                ),
            )

    def _build_more(self) -> None:
        self.kind = self._detectable("explore.kind", "kind", KINDS, "kind")
        self.language = self._detectable(
            "explore.language", "language", LANGUAGES, "prompt-language"
        )
        self.seed = self._localizer.make(
            gr.Number,
            self._seed_words,
            value=None,
            elem_id="seed",
        )

    def _seed_words(self, text: Text) -> dict[str, Any]:
        unkept = self._cannot.get("seed", "")
        info = [text("explore.seed.info"), text(unkept) if unkept else ""]
        return {"label": text("explore.seed"), "info": " ".join(part for part in info if part)}

    def _detectable(self, label: str, family: str, options: tuple[str, ...], elem_id: str) -> Any:
        """A dropdown whose first option is to find out by itself."""

        def words(text: Text) -> dict[str, Any]:
            named = [(text(f"{family}.{option}"), option) for option in (DETECT, *options)]
            return {"label": text(label), "choices": named}

        return self._localizer.make(gr.Dropdown, words, value=DETECT, elem_id=elem_id)

    def _accordion(self, key: str) -> Any:
        return self._localizer.make(gr.Accordion, lambda t: {"label": t(key)}, open=False)

    def _markdown(self, words: Any) -> None:
        self._localizer.make(gr.Markdown, lambda t: {"value": words(t)})

    @property
    def _first(self) -> str:
        """The strategy that is chosen at first: the one that shows the most at once."""
        return "self_consistency" if "self_consistency" in self._strategies else TREE

    def _bind(self) -> None:
        shown = [*self._groups, *self.editors.folds]
        self.strategy.change(self._show_settings, self.strategy, shown, **QUIET)
        for name, (paper, own) in self._presets.items():
            controls = self._settings[name]
            paper.click(self._paper_settings(name), controls, controls, **QUIET)
            own.click(self._own_settings(name), controls, controls, **QUIET)
        taken = [self.question, self.reference, self.kind, self.strategy, self.task]
        self.example.input(self._take_example, self.example, taken, **QUIET)

    async def _show_settings(self, chosen: str) -> list[Any]:
        groups = [gr.update(visible=name == chosen) for name in self._strategies]
        return [*groups, *self.editors.shown(chosen)]

    def _paper_settings(self, name: str) -> Any:
        strategy = self._strategies[name]
        assert strategy.presets is not None
        presets = strategy.presets

        async def put(*values: Any) -> list[Any]:
            named = [spec.name for spec in self._drawn(name)]
            paper = presets(dict(zip(named, values, strict=True)))
            return [paper.get(setting, gr.skip()) for setting in named]

        return put

    def _own_settings(self, name: str) -> Any:
        """The defaults, but the task that was chosen stays."""
        settings = self._drawn(name)

        async def put(*values: Any) -> list[Any]:
            return [gr.skip() if spec.name == "task" else spec.default for spec in settings]

        return put

    @property
    def task(self) -> Any:
        """The control of the Tree of Thoughts' task, which an example may set."""
        named = [spec.name for spec in self._drawn(TREE)]
        return self._settings[TREE][named.index("task")]

    async def _take_example(self, identifier: str | None) -> list[Any]:
        example = next((e for e in examples() if e.id == identifier), None)
        if example is None:
            return [gr.skip()] * 5
        # Other examples are questions like any: whoever has the tree chosen asks them as such.
        of_task = [TREE, example.task] if example.task else [gr.skip(), "open"]
        return [example.question, example.answer, example.kind, *of_task]


def _one_of(name: str, given: str, allowed: tuple[C, ...]) -> C | None:
    """`given`, or None where it is to be found out. Raises InvalidInput."""
    if given == DETECT:
        return None
    for option in allowed:
        if given == option:
            return option
    listed = ", ".join(allowed)
    raise InvalidInput("param_choice", name=name, given=str(given)[:80], allowed=listed)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _departures(strategy: Strategy, text: Text) -> str:
    lines = "\n".join(f"- {text(f'departure.{key}')}" for key in strategy.departures)
    return f"{text('explore.paper', paper=strategy.paper)}\n\n{lines}"
