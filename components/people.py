"""Who asks, and what this host lets each person have.

A person is an address: a tab is not, since anybody can open tabs. All who share an address, such as
a household or a classroom behind one router, are one person here. Addresses are kept as keyed
hashes, by a key that this process made and forgets: they are neither shown, nor logged, nor
recorded.
"""

import hashlib
import ipaddress
import math
import secrets
import time
from collections.abc import Sequence
from typing import Literal

import gradio as gr

from core.allowance import Clock, Limits, Rationed, Spending
from core.engine import Engine
from core.errors import LimitReached
from core.line import Line, Ticket

Proxies = int | Literal["space"]
"""How many proxies stand before the page, each of which adds to X-Forwarded-For the address that it
was asked from. "space": as many as Hugging Face has before a Space, all with private addresses."""

Person = str


class People:
    """Everybody who uses this page. To be used from one event loop."""

    def __init__(
        self,
        limits: Limits | None = None,
        proxies: Proxies = 0,
        clock: Clock = time.monotonic,
    ) -> None:
        self.limits = limits or Limits()
        self.line = Line(self.limits.at_once)
        self._proxies = proxies
        self._spending = Spending(self.limits.hour_tokens, clock)
        self._key = secrets.token_bytes(32)

    def who(self, request: gr.Request) -> Person:
        """The person who sent a request."""
        peer = request.client.host if request.client else ""
        told = request.headers.getlist("x-forwarded-for")
        address = client_address(peer, told, self._proxies)
        return hashlib.blake2b(household(address).encode(), key=self._key).hexdigest()

    def check(self, person: Person) -> None:
        """Raises LimitReached where a person may not begin a run now."""
        if self.limits.runs and self.line.of(person) >= self.limits.runs:
            raise LimitReached("limit_runs", limit=self.limits.runs)
        if (seconds := self._spending.seconds_to_wait(person)) > 0:
            minutes = math.ceil(seconds / 60)
            raise LimitReached("limit_hour", limit=self.limits.hour_tokens, minutes=minutes)

    def join(self, person: Person) -> Ticket:
        """A place in the line. Raises LimitReached as `check` does."""
        self.check(person)
        return self.line.join(person)

    def rationed(self, engine: Engine, person: Person) -> Engine:
        """The engine for one run of a person."""
        return Rationed(engine, self.limits.run_tokens, person, self._spending)


def client_address(peer: str, forwarded: Sequence[str], proxies: Proxies) -> str:
    """The address that a request came from; `peer` is who sent it to us, `forwarded` the values of
    its X-Forwarded-For headers.

    Only what trusted proxies have written counts, and they write at the end: what stands before
    was sent by the client, and may say anything.
    """
    written = [entry.strip() for value in forwarded for entry in value.split(",")]
    if proxies == "space":
        public = [entry for entry in written if _is_public(entry)]
        return public[-1] if public else peer
    return written[-proxies] if 0 < proxies <= len(written) else peer


def household(address: str) -> str:
    """An address without what one person may change at will: the port, and of IPv6 all but the
    network, of which everybody has 2^64 addresses."""
    parsed = _parsed(address)
    if parsed is None:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed.packed, 64), strict=False))
    return str(parsed)


def _is_public(address: str) -> bool:
    parsed = _parsed(address)
    return parsed is not None and parsed.is_global


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """None for what is no address. A port may stand behind it."""
    if address.startswith("["):
        address = address[1:].partition("]")[0]
    elif address.count(":") == 1:
        address = address.partition(":")[0]
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None
