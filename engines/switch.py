"""The engine in use, and its exchange for another while the app runs."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace

from core.engine import URL, Engine, EngineOption, EngineStatus, Feature
from core.errors import EngineUnavailable, InvalidInput
from engines.choice import KINDS, Choice, Kind
from engines.host import LocalHost
from engines.url.engine import at_url, place, what_it_lacks

Make = Callable[[str, str, str], Awaitable[LocalHost]]
"""`make(kind, model, address)`: a host that has not begun. Raises InvalidInput, ModelError,
EngineError."""


class Switch:
    """A `core.engine.EngineSwitch`, of one event loop. It begins with `host`, for the `choice`."""

    def __init__(
        self,
        choice: Choice,
        model: str,
        host: LocalHost,
        make: Make,
        kinds: Mapping[str, Kind] = KINDS,
    ) -> None:
        self.kind, self.model = choice.kind, model
        self.cannot: Mapping[Feature, str] = Cannot(self)
        self.host = host
        self._why = choice.why
        self._make = make
        self._kinds = kinds
        self._options: tuple[EngineOption, ...] = ()
        self._changing = asyncio.Lock()
        self._closed = False

    @property
    def status(self) -> EngineStatus:
        """What is going on now, and why with this engine."""
        return replace(self.host.status, why=self._why)

    def begin(self) -> None:
        """Start in the background."""
        self.host.begin()

    async def ready(self) -> Engine:
        """As core.engine.EngineHost.ready. While engines are exchanged: the next one."""
        async with self._changing:
            host = self.host
        return await host.ready()

    async def close(self) -> None:
        """End everything."""
        self._closed = True
        await self.host.close()

    def options(self) -> tuple[EngineOption, ...]:
        """As core.engine.EngineSwitch.options. Looked up once: it may take a second."""
        if not self._options:
            known = (kind.option for kind in self._kinds.values())
            self._options = (*known, EngineOption(URL))
        return self._options

    async def change(
        self, kind: str, model: str, address: str, leave: Callable[[], Awaitable[None]]
    ) -> None:
        """As core.engine.EngineSwitch.change. Two that change at once do so one after the other."""
        async with self._changing:
            host = await self._make(kind, model, address)
            if self._closed:
                raise EngineUnavailable("engine_closed")
            await leave()
            await self.host.close()
            self.kind, self.model = kind, model
            self.host, self._why = host, "choice.picked"
            self.host.begin()


class Cannot(Mapping[Feature, str]):
    """What the engine in use cannot do, whichever that is."""

    def __init__(self, switch: Switch) -> None:
        self._switch = switch

    def __getitem__(self, feature: Feature) -> str:
        return self._switch.host.cannot[feature]

    def __iter__(self) -> Iterator[Feature]:
        return iter(self._switch.host.cannot)

    def __len__(self) -> int:
        return len(self._switch.host.cannot)


def _made(kind: Kind, model: str) -> LocalHost:
    """A host of that kind. Raises what is missing for it, and ModelError."""
    if (lacking := kind.missing()) is not None:
        raise lacking
    return kind.make(model)


def maker(key: str, kinds: Mapping[str, Kind] = KINDS) -> Make:
    """Makes hosts; servers at an address are asked with `key`."""

    async def make(kind: str, model: str, address: str) -> LocalHost:
        if kind == URL:
            server = place(address, key)
            return at_url(server, model, await what_it_lacks(server, model))
        if kind not in kinds:
            raise InvalidInput("engine_unknown", given=kind[:80], known=", ".join(kinds))
        # A GPU may be asked for its memory, which takes a second.
        return await asyncio.to_thread(_made, kinds[kind], model)

    return make
