"""Thoughtscope: watch a language model think. Wiring only.

python app.py                                  the page, with the best engine that is here
python app.py --engine http://host:8000/v1     the page, on a server that runs already
python app.py run STRATEGY "QUESTION" …        one run, without a page
python app.py models                           the models known by name
python app.py space DIR --hardware cpu-basic   a folder to be pushed to Hugging Face Spaces
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

# Gradio and the Hub's client look at these when they are imported: nothing calls out by itself.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from components.limits import add_hosting_options, described, is_public, limits_of, proxies_of
from components.texts import error_text, texts
from core.engine import URL, Feature
from core.errors import EngineError, InvalidInput, ThoughtscopeError
from engines.choice import KINDS, Choice, choose
from engines.host import LocalHost
from engines.in_process.zerogpu import DEFAULT as ON_ZEROGPU
from engines.models import catalogue
from engines.switch import Switch, maker
from engines.url.engine import Place, at_url, place, what_it_lacks
from hosting.folder import write_space
from hosting.space import HARDWARE, Preload, space_files
from strategies import REGISTRY

KEY = "THOUGHTSCOPE_API_KEY"
QUEUE = 1_000  # events of pages that are not yet looked at; on ZeroGPU Gradio would take 1
EXIT_ANSWER, EXIT_FAILED, EXIT_USAGE, EXIT_NO_ANSWER = 0, 1, 2, 3

_ENGINE = (
    f"{', '.join(KINDS)}, or the address of an OpenAI-compatible server that runs already, such "
    f"as http://host:8000/v1, whose key, if it wants one, is taken from {KEY}; default: the best "
    "one here"
)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    given = parser().parse_args(arguments)
    try:
        return int(given.command(given))
    except InvalidInput as error:
        return say(error, EXIT_USAGE)
    except ThoughtscopeError as error:
        return say(error, EXIT_FAILED)
    except KeyboardInterrupt:
        return EXIT_FAILED


def parser() -> argparse.ArgumentParser:
    """The command line."""
    whole = argparse.ArgumentParser(prog="app.py", description="Watch a language model think.")
    model = argparse.ArgumentParser(add_help=False)
    model.add_argument(
        "--model",
        default=argparse.SUPPRESS,  # What stands before the command counts, too.
        help="a name from `app.py models`, a .gguf file, or a Hub id (owner/repo or "
        f"owner/repo:file.gguf), default {catalogue.DEFAULT}; with --engine the name of a model "
        "there, default the first one",
    )
    model.add_argument("--engine", metavar="ENGINE", default=argparse.SUPPRESS, help=_ENGINE)
    whole.set_defaults(command=serve, model=None, engine=None)
    add_page_options(whole)
    commands = whole.add_subparsers(title="commands")
    commands.add_parser("models", help="list the models known by name").set_defaults(
        command=listing
    )
    run = commands.add_parser("run", parents=[model], help="run a strategy once, without a page")
    run.add_argument("strategy", choices=list(REGISTRY))
    run.add_argument("question")
    run.add_argument("--set", action="append", default=[], metavar="name=value", dest="settings")
    run.add_argument("--seed", type=int, default=0, help="default 0")
    run.add_argument("--reference", default="", help="the right answer, kept in the recording")
    run.add_argument("--record", type=Path, metavar="FILE", help="write the run to a recording")
    run.set_defaults(command=run_once)
    add_space_options(commands.add_parser("space", help="write a folder for Hugging Face Spaces"))
    return whole


def add_page_options(page: argparse.ArgumentParser) -> None:
    """Options of the page itself."""
    page.add_argument("--model", help="see `app.py run --help`")
    page.add_argument("--engine", metavar="ENGINE", help=_ENGINE)
    page.add_argument("--host", help="address to listen on; default 127.0.0.1")
    page.add_argument("--port", type=int, help="default: the first free one from 7860")
    add_hosting_options(page)


def add_space_options(space: argparse.ArgumentParser) -> None:
    """Options of `app.py space`."""
    space.add_argument(
        "folder",
        type=Path,
        metavar="DIR",
        help="a new folder, or a clone of the Space's repository",
    )
    space.add_argument("--hardware", choices=list(HARDWARE), required=True)
    space.add_argument(
        "--force", action="store_true", help="write over what was changed there, too"
    )
    space.set_defaults(command=make_space)


def chosen(given: argparse.Namespace) -> Choice:
    """The engine that was asked for, or the best one here; it is said which, and why.

    Raises InvalidInput, and EngineUnavailable for one that cannot be had here.
    """
    choice, text = choose(given.engine), texts("en")
    name = text(f"engine.{choice.kind}")
    print(text("choice.said", engine=name, why=text(choice.why)), file=sys.stderr)
    return choice


def host_of(
    given: argparse.Namespace, choice: Choice, cannot: Mapping[Feature, str] | None = None
) -> LocalHost:
    """The engine that was chosen; nothing is started yet. Raises InvalidInput and ModelError."""
    if choice.kind == URL:
        return at_url(server_of(given), given.model or "", cannot)
    return KINDS[choice.kind].make(given.model)


def server_of(given: argparse.Namespace) -> Place:
    """The server that was named. Raises InvalidInput."""
    return place(given.engine, os.environ.get(KEY, ""))


def lacking(given: argparse.Namespace) -> Mapping[Feature, str]:
    """What the server cannot do, so that the page can show it from the beginning; where the server
    cannot be asked now, that is said, and the page is made all the same."""
    print(f"Asking {server_of(given).host} what it can do …", file=sys.stderr)
    try:
        return asyncio.run(what_it_lacks(server_of(given), given.model or ""))
    except EngineError as error:
        say(error, EXIT_FAILED)
        return {}


def listing(_given: argparse.Namespace) -> int:
    """Print the catalogue."""
    for model in catalogue.CATALOGUE.values():
        default = " (default)" if model.id == catalogue.DEFAULT else ""
        print(f"{model.id}\t{model.bytes / 1e6:,.0f} MB\t{model.licence}\t{model.repo}{default}")
    return EXIT_ANSWER


def make_space(given: argparse.Namespace) -> int:
    """Write the folder of a Space. Raises InvalidInput and HostingError."""
    root = Path(__file__).resolve().parent
    if given.folder.resolve() == root:
        raise InvalidInput("space_itself", path=str(given.folder))
    files = space_files(root, given.hardware, preload(SPACE_MODELS[given.hardware]))
    write_space(given.folder, given.hardware, files, given.force)
    size = sum(map(len, files.values())) / 1e6
    print(f"{given.folder}: {len(files)} files, {size:.1f} MB, for {given.hardware}")
    return EXIT_ANSWER


# What each hardware runs by itself: it is on the Space's disk before the Space first starts.
SPACE_MODELS = {"cpu-basic": catalogue.DEFAULT, "zero": ON_ZEROGPU, "gpu": "Qwen/Qwen3-8B"}


def preload(name: str) -> Preload:
    """Where the Hub has a model of the catalogue, or one with a Hub id."""
    model = catalogue.CATALOGUE.get(name)
    return Preload(model.repo, model.file) if model else Preload(name)


def run_once(given: argparse.Namespace) -> int:
    """One run; progress to stderr, the answer to stdout."""
    from components.console import run_in_console

    return asyncio.run(
        run_in_console(
            host_of(given, chosen(given)),
            REGISTRY[given.strategy],
            given.question,
            given.settings,
            seed=given.seed,
            reference=given.reference,
            record=given.record,
        )
    )


def serve(given: argparse.Namespace) -> int:
    """The page, until it is interrupted."""
    # Gradio takes seconds to import; the other commands need none.
    from components.page import Page
    from components.people import People

    choice = chosen(given)
    cannot = lacking(given) if choice.kind == URL else None
    first = host_of(given, choice, cannot)
    host = Switch(choice, given.model or "", first, maker(os.environ.get(KEY, "")))
    print(described(given, os.environ), file=sys.stderr)
    people = People(limits_of(given, os.environ), proxies_of(given, os.environ))
    page = Page(REGISTRY, host, people, switch=host, shared=is_public(given, os.environ))
    signal.signal(signal.SIGTERM, interrupt)
    try:
        page.blocks.queue(default_concurrency_limit=None, max_size=QUEUE).launch(
            server_name=given.host,
            server_port=given.port,
            app_kwargs={"lifespan": lifespan(host), **page.app_options},
            **page.launch_options,
        )
    except KeyboardInterrupt:  # Gradio listens for it only once it has said where it serves
        page.blocks.close(verbose=False)
    except OSError as error:
        print(f"The page cannot listen there: {error}", file=sys.stderr)
        return EXIT_FAILED
    finally:
        page.close()
    return EXIT_ANSWER


def interrupt(*_: object) -> None:
    """To be ended is to be interrupted; also where a shell made the process deaf to SIGINT."""
    raise KeyboardInterrupt


def lifespan(host: Switch | LocalHost) -> Any:
    """The engine lives as long as the server, on the server's own event loop."""

    @asynccontextmanager
    async def live(_app: object) -> AsyncIterator[None]:
        host.begin()
        try:
            yield
        finally:
            await host.close()

    return live


def say(error: ThoughtscopeError, code: int) -> int:
    """Print an error's sentence; returns `code`."""
    print(error_text(error.as_dict(), "en"), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
