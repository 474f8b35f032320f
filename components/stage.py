"""The stage: the picture of a run with its inspector and ledger, the same for live and replay."""

from typing import Any

import gradio as gr

from components.frame import frame, frame_view
from components.listening import QUIET
from components.localize import START, Localizer
from components.sessions import Screen, Session, Sessions
from components.texts import Language, Text, texts
from components.views import (
    candidate_sheet,
    demonstrations,
    growth,
    headline,
    inspector,
    ledger,
    outcome,
    paths,
    pool_map,
    rounds,
    rounds_sheet,
    selecting,
    state_sheet,
    tree,
    votes,
    walks,
)
from components.views.palette import Look, looks
from components.views.reading import Reading, count, read, voting, weighting
from core.answers import RULES
from core.trace import Trace
from core.votes import WEIGHTINGS, Tally

AS_RUN = "as_run"


class Stage:
    """Views and the controls that read the run again. `which`: "explore" or "replay"."""

    def __init__(self, localizer: Localizer, sessions: Sessions, which: str) -> None:
        self._sessions = sessions
        self._which = which
        self.frame = frame_view(which, self.parts(Screen(), START))
        self.headline = headline.headline_view(elem_id=f"{which}-headline")
        with gr.Row(elem_classes=["picture"]):
            with gr.Column(scale=3, min_width=320):
                self.map = pool_map.map_view(elem_id=f"{which}-map")
                self.walks = walks.walks_view(elem_id=f"{which}-walks")
                self.demonstrations = demonstrations.demonstrations_view(
                    elem_id=f"{which}-demonstrations"
                )
                self.paths = paths.paths_view(elem_id=f"{which}-paths")
                self.tree = tree.tree_view(elem_id=f"{which}-tree")
                self.growth = growth.growth_view(elem_id=f"{which}-growth")
                self.rounds = rounds.rounds_view(elem_id=f"{which}-rounds")
            with gr.Column(scale=1, min_width=300, elem_classes=["ballot"]):
                self.votes = votes.votes_view(elem_id=f"{which}-votes")
                self._build_revote(localizer)
        self.outcome = outcome.outcome_view(elem_id=f"{which}-outcome")
        self.inspector = inspector.inspector_view(elem_id=f"{which}-inspector")
        self.ledger = ledger.ledger_view(elem_id=f"{which}-ledger")
        self._bind()

    @property
    def outputs(self) -> list[Any]:
        """The components that `render` updates, in its order."""
        return [self.frame, self.first]

    @property
    def lenses(self) -> list[Any]:
        """The controls that another run puts back to `AS_RUN`."""
        return [self.weighting, self.rule]

    def _build_revote(self, localizer: Localizer) -> None:
        self.first = localizer.make(
            gr.Slider,
            lambda t: {"label": t("revote.first"), "info": t("revote.first.info")},
            minimum=1,
            maximum=40,
            value=40,
            step=1,
            elem_id=f"{self._which}-first",
        )
        self.weighting = localizer.make(
            gr.Dropdown,
            lambda t: {
                "label": t("revote.weighting"),
                "choices": _choices(t, "weighting", WEIGHTINGS),
            },
            value=AS_RUN,
            elem_id=f"{self._which}-weighting",
        )
        self.rule = localizer.make(
            gr.Dropdown,
            lambda t: {"label": t("revote.rule"), "choices": _choices(t, "rule", RULES)},
            value=AS_RUN,
            elem_id=f"{self._which}-rule",
        )

    def screen(self, session: Session) -> Screen:
        """This stage's part of a session."""
        return session.explore if self._which == "explore" else session.replay

    def render(self, screen: Screen, language: Language) -> list[Any]:
        """A frame, and how far the slider goes."""
        return [frame(self.parts(screen, language)), _slider(screen)]

    def reread(self, screen: Screen, language: Language) -> dict[str, Any]:
        """A frame of what is on the page already, read in another way. The texts of the pool, which
        may be half a megabyte, are there, and stay as they are."""
        drawn = self.parts(screen, language)
        return frame({name: part for name, part in drawn.items() if name != "pool"})

    def parts(self, screen: Screen, language: Language) -> dict[str, Any]:
        """What each view shows."""
        trace, lens, text = screen.trace, screen.lens, texts(language)
        readings = read(trace, lens)
        kind = trace.started.kind if trace.started else "text"
        seen = looks((readings[node.id] for node in paths.shown(trace)), kind)
        tally = count(trace, lens, readings)
        chosen = readings.get(lens.selected or "")
        walked = selecting.walks(trace)
        alive = outcome.solved(trace) if lens.solving and outcome.is_game24(trace) else {}
        return {
            "headline": _headline(screen, readings, text, language),
            "pool": _pool(screen, text),
            "map": pool_map.moving(trace, lens, walked, text),
            "walks": walks.cards(trace, lens, walked, text),
            "demonstrations": demonstrations.drawn(trace, text),
            "paths": paths.packed(self._cards(screen, readings, seen, text)),
            "tree": tree.tree(trace, lens, text, alive),
            "growth": growth.growth(trace, lens, readings, seen, text),
            "rounds": rounds.rounds(trace, lens, readings, seen, text),
            "votes": self._votes(screen, tally, seen, text),
            "outcome": outcome.outcome(trace, alive, lens.solving, text),
            "inspector": _inspected(trace, chosen, text),
            "ledger": {"entries": ledger.entries(trace.totals(), text)} if trace.nodes else None,
        }

    def _cards(
        self, screen: Screen, readings: dict[str, Reading], seen: dict[str, Look], text: Text
    ) -> dict[str, Any]:
        """The texts as cards, unless they are drawn as a tree or in rounds."""
        trace = screen.trace
        if any(trace.of_kind("state")) or any(trace.of_kind("round")):
            return paths.empty()
        if not trace.nodes:
            begun = selecting.is_selection(trace)
            return paths.empty("" if begun else text(f"{self._which}.empty"))
        return paths.cards(trace, screen.lens, readings, seen, text)

    def _votes(
        self, screen: Screen, tally: Tally | None, seen: dict[str, Look], text: Text
    ) -> dict[str, Any] | None:
        """The histogram, made anew only where something in it has changed: a figure takes time."""
        trace, lens = screen.trace, screen.lens
        weight, paths = weighting(trace, lens), len(voting(trace, lens))
        key = (id(trace), tally, lens.focus, weight, paths, text)
        if screen.votes is None or screen.votes[0] != key:
            made = votes.histogram(trace, lens, tally, seen, weight, text)
            screen.votes = (key, made)
        return screen.votes[1]

    def _bind(self) -> None:
        sessions, screen_of = self._sessions, self.screen

        def reread(field: str) -> Any:
            async def handler(value: Any, request: gr.Request) -> Any:
                session = sessions.of(request)
                screen = screen_of(session)
                setattr(screen.lens, field, None if value == AS_RUN else value)
                screen.lens.focus = None
                return self.reread(screen, session.language)

            return handler

        latest: dict[str, Any] = {"trigger_mode": "always_last", **QUIET}
        for component, event, field in (
            (self.first, "input", "first"),
            (self.weighting, "input", "weighting"),
            (self.rule, "input", "rule"),
        ):
            listen = getattr(component, event)
            # The slider shows its value already, and may have moved on: the frame alone.
            listen(reread(field), component, self.frame, **latest)

        async def picked(request: gr.Request, event: gr.EventData) -> Any:
            session = sessions.of(request)
            _pick(screen_of(session), event._data)
            return self.reread(screen_of(session), session.language)

        picking = (self.paths, self.tree, self.growth, self.rounds, self.outcome)
        for view in (*picking, self.map, self.walks):
            view.node_select(picked, None, self.frame, **latest)
        self.votes.bar_select(picked, None, self.frame, **latest)
        self.outcome.solver_toggle(picked, None, self.frame, **latest)


def _pool(screen: Screen, text: Text) -> str | None:
    """What is fixed of the map, made once for a map and a language."""
    drawn = screen.trace.map
    if drawn is None:
        return None
    if screen.pool is None or screen.pool[0] is not drawn or screen.pool[1] is not text:
        screen.pool = (drawn, text, pool_map.fixed(drawn, text))
    return screen.pool[2]


def _headline(
    screen: Screen, readings: dict[str, Reading], text: Text, language: Language
) -> dict[str, Any]:
    """The run's headline, or the notice; over a replay the notice leaves the replay's face."""
    line = headline.headline(screen.trace, screen.lens, readings, screen.origin, text, language)
    notice = screen.notice
    if notice is None:
        return line
    words = notice.words(language)
    if screen.origin.replayed:
        return {**line, "status": words, "tone": notice.tone}
    return headline.message(words, notice.tone)


def _inspected(trace: Trace, chosen: Reading | None, text: Text) -> dict[str, Any]:
    if chosen is None:
        return inspector.empty(text("inspector.empty") if trace.nodes else "")
    sheet = inspector.inspect(trace, chosen, text)
    if chosen.node.kind == "state":
        sheet["panes"] = state_sheet.state_panes(trace, chosen.node, text)
        sheet["facts"] = inspector.facts(
            trace, chosen, text, state_sheet.state_facts(chosen.node, text)
        )
    elif chosen.node.kind == "round":
        sheet["facts"] = rounds_sheet.round_facts(trace, chosen.node, text) + sheet["facts"]
    elif chosen.node.kind == "candidate":
        sheet |= candidate_sheet.sheet(trace, chosen.node, sheet, text)
    return sheet


def _choices(text: Text, family: str, options: tuple[str, ...]) -> list[tuple[str, str]]:
    named = [(text(f"option.{family}.{option}"), option) for option in options]
    return [(text("revote.as_run"), AS_RUN), *named]


def _pick(screen: Screen, data: Any) -> None:
    """A click from the page: untrusted, so only what the trace knows is taken."""
    lens = screen.lens
    if not isinstance(data, dict):
        return
    if isinstance(data.get("id"), str) and data["id"] in screen.trace.nodes:
        lens.selected = data["id"]
    if isinstance(data.get("on"), bool):
        lens.solving = data["on"]
    if "key" in data:
        key = data["key"]
        lens.focus = key if isinstance(key, str) and key != lens.focus else None


def _slider(screen: Screen) -> Any:
    """As far as there are paths; nothing where it is so already."""
    total = len(list(screen.trace.of_kind("path")))
    wanted = (total, screen.lens.first or total)
    if screen.first == wanted:
        return gr.skip()
    screen.first = wanted
    return gr.update(maximum=max(total, 2), value=min(wanted[1], max(total, 1)))
