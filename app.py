"""Thoughtscope: watch a language model think. Wiring only.

python app.py                                  the page
python app.py --engine http://host:8000/v1     the page, on a server that runs already
python app.py run STRATEGY "QUESTION" …        one run, without a page
python app.py models                           the models known by name
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

from components.hosting import add_hosting_options, described, limits_of, proxies_of
from components.texts import error_text
from core.engine import Feature
from core.errors import EngineError, InvalidInput, ThoughtscopeError
from engines.host import LocalHost
from engines.llamacpp.host import embedded
from engines.models import catalogue
from engines.url.engine import Place, at_url, place, what_it_lacks
from strategies import REGISTRY

KEY = "THOUGHTSCOPE_API_KEY"
EXIT_ANSWER, EXIT_FAILED, EXIT_USAGE, EXIT_NO_ANSWER = 0, 1, 2, 3

_ENGINE = (
    "an OpenAI-compatible server that runs already, such as http://host:8000/v1; its key, if it "
    f"wants one, is taken from {KEY}"
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
    model.add_argument("--engine", metavar="URL", default=argparse.SUPPRESS, help=_ENGINE)
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
    return whole


def add_page_options(page: argparse.ArgumentParser) -> None:
    """Options of the page itself."""
    page.add_argument("--model", help="see `app.py run --help`")
    page.add_argument("--engine", metavar="URL", help=_ENGINE)
    page.add_argument("--host", help="address to listen on; default 127.0.0.1")
    page.add_argument("--port", type=int, help="default: the first free one from 7860")
    add_hosting_options(page)


def host_of(given: argparse.Namespace, cannot: Mapping[Feature, str] | None = None) -> LocalHost:
    """The engine that was chosen; nothing is started yet. Raises InvalidInput and ModelError."""
    if given.engine is None:
        return embedded(given.model or catalogue.DEFAULT)
    return at_url(server_of(given), given.model or "", cannot or {})


def server_of(given: argparse.Namespace) -> Place:
    """The server that was named. Raises InvalidInput."""
    return place(given.engine, os.environ.get(KEY, ""))


def lacking(given: argparse.Namespace) -> Mapping[Feature, str]:
    """What the server cannot do, so that the page can show it from the beginning; where the server
    cannot be asked now, that is said, and the page is made all the same."""
    if given.engine is None:
        return {}
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


def run_once(given: argparse.Namespace) -> int:
    """One run; progress to stderr, the answer to stdout."""
    from components.console import run_in_console

    return asyncio.run(
        run_in_console(
            host_of(given),
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

    host = host_of(given, lacking(given))
    print(described(given, os.environ), file=sys.stderr)
    people = People(limits_of(given, os.environ), proxies_of(given, os.environ))
    page = Page(REGISTRY, host, people)
    signal.signal(signal.SIGTERM, interrupt)
    try:
        page.blocks.queue(default_concurrency_limit=None).launch(
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


def lifespan(host: LocalHost) -> Any:
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
