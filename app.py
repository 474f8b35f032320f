"""Thoughtscope: watch a language model think. Wiring only.

python app.py                                  the page
python app.py run STRATEGY "QUESTION" …        one run, without a page
python app.py models                           the models known by name
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

# Gradio and the Hub's client look at these when they are imported: nothing calls out by itself.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from components.texts import error_text
from core.errors import InvalidInput, ThoughtscopeError
from engines import models
from engines.embedded import embedded
from engines.host import LocalHost
from strategies import REGISTRY

EXIT_ANSWER, EXIT_FAILED, EXIT_USAGE, EXIT_NO_ANSWER = 0, 1, 2, 3


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
        default=models.DEFAULT,
        help="a name from `app.py models`, a .gguf file, or a Hub id (owner/repo or "
        "owner/repo:file.gguf)",
    )
    whole.set_defaults(command=serve, model=models.DEFAULT)
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
    page.add_argument("--model", default=models.DEFAULT, help="see `app.py run --help`")
    page.add_argument("--host", help="address to listen on; default 127.0.0.1")
    page.add_argument("--port", type=int, help="default: the first free one from 7860")


def listing(_given: argparse.Namespace) -> int:
    """Print the catalogue."""
    for model in models.CATALOGUE.values():
        default = " (default)" if model.id == models.DEFAULT else ""
        print(f"{model.id}\t{model.bytes / 1e6:,.0f} MB\t{model.licence}\t{model.repo}{default}")
    return EXIT_ANSWER


def run_once(given: argparse.Namespace) -> int:
    """One run; progress to stderr, the answer to stdout."""
    from components.console import run_in_console

    return asyncio.run(
        run_in_console(
            embedded(given.model),
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
    from components.page import Page  # Gradio takes seconds to import; the other commands need none

    host = embedded(given.model)
    page = Page(REGISTRY, host)
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
