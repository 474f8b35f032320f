"""Who may reach the page, and what each may have of it: the options of a host."""

import argparse
import ipaddress
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from core.allowance import Limits

if TYPE_CHECKING:  # Gradio, which that needs, takes seconds to import
    from components.people import Proxies

# On a page of one's own nobody is kept from anything. Runs beyond these only slow each other down.
PRIVATE = Limits(at_once=4)
PUBLIC = Limits(at_once=2, runs=1, run_tokens=20_000, hour_tokens=60_000, tabs=20)

_OPTIONS = {
    "at_once": ("--at-once", "runs made at the same time, in all; the others wait in a line"),
    "runs": ("--runs-per-person", "runs of one person, going or waiting"),
    "run_tokens": ("--tokens-per-run", "tokens sampled in a run"),
    "hour_tokens": ("--tokens-per-hour", "tokens sampled in any hour for one person"),
}


def add_hosting_options(page: argparse.ArgumentParser) -> None:
    """The limits, and where a person's address is to be read."""
    hosting = page.add_argument_group(
        "many people", "0 is no limit; a page that others can reach has limits by default"
    )
    for name, (option, what) in _OPTIONS.items():
        default = f"{_said(getattr(PRIVATE, name))}, public {_said(getattr(PUBLIC, name))}"
        hosting.add_argument(
            option, type=_count, metavar="N", dest=name, help=f"{what}; default {default}"
        )
    hosting.add_argument(
        "--behind-proxy",
        type=_count,
        nargs="?",
        const=1,
        metavar="N",
        help="N proxies (default 1) stand before the page and tell in X-Forwarded-For who asks; "
        "makes the page public",
    )


def is_public(given: argparse.Namespace, environment: Mapping[str, str]) -> bool:
    """Whether others than this machine's users can reach the page, as far as is known here."""
    host = given.host or environment.get("GRADIO_SERVER_NAME") or "127.0.0.1"
    shared = environment.get("GRADIO_SHARE", "").lower() == "true"
    return shared or "SPACE_ID" in environment or bool(given.behind_proxy) or not _loopback(host)


def limits_of(given: argparse.Namespace, environment: Mapping[str, str]) -> Limits:
    """What was asked for, and otherwise what is safe there."""
    default = PUBLIC if is_public(given, environment) else PRIVATE
    asked = {name: getattr(given, name) for name in _OPTIONS}
    return replace(default, **{name: n for name, n in asked.items() if n is not None})


def proxies_of(given: argparse.Namespace, environment: Mapping[str, str]) -> "Proxies":
    """What was asked for; before a Space stand Hugging Face's own."""
    if given.behind_proxy is not None:
        return int(given.behind_proxy)
    return "space" if "SPACE_ID" in environment else 0


def described(given: argparse.Namespace, environment: Mapping[str, str]) -> str:
    """The limits as the options that set them, and whether the page is public."""
    limits = limits_of(given, environment)
    options = (f"{option} {getattr(limits, name)}" for name, (option, _) in _OPTIONS.items())
    reach = "Others can reach" if is_public(given, environment) else "Only this machine can reach"
    return f"{reach} this page. Its limits (0 is none): {' '.join(options)}"


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _count(given: str) -> int:
    """Raises ArgumentTypeError for what is no whole number from 0."""
    if not given.isascii() or not given.isdigit():
        raise argparse.ArgumentTypeError(f"{given!r} is no whole number from 0 on")
    return int(given)


def _said(limit: int) -> str:
    return f"{limit:,}" if limit else "none"
