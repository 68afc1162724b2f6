"""Which listeners listen now: a line is polled seldom only while whoever tells of it can be heard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Any, Protocol

from ..core.errors import SourceError
from ..core.hint import Hint, Tell
from ..core.rhythm import TELLERS

DEAF = "ears"  # the origin of a hint that a listener listens no more
LISTENED = 60.0  # seconds of listening after which its end is worth a look

Hearing = Callable[[str], Collection[str]]  # the origins that can be heard now of an uplink


def nobody(_: str) -> Collection[str]:
    """For one round, nobody listens."""
    return ()


def everybody(_: str) -> Collection[str]:
    """Whatever could tell is heard."""
    return TELLERS.keys()


class Listener(Protocol):
    """See `net.ears.Listener`."""

    @property
    def name(self) -> str: ...

    async def run(self, tell: Tell) -> None: ...


class Roll:
    """Knows of each of the listeners that it was given whether it listens."""

    def __init__(self) -> None:
        self._up: dict[Ear, None] = {}

    def ear(self, inner: Listener, *origins: str, uplink: str | None = None) -> Ear:
        """That listener, to run in its place; its hints are of these origins and of that uplink, or any."""
        return Ear(inner, origins, uplink, self._up)

    def hears(self, uplink: str) -> frozenset[str]:
        """The origins that can be heard now of an uplink."""
        ears = [ear for ear in self._up if ear.uplink in (None, uplink) and ear.armed]
        return frozenset(origin for ear in ears for origin in ear.origins)


class Ear:
    """A listener in the roll."""

    def __init__(
        self, inner: Listener, origins: Collection[str], uplink: str | None, up: dict[Ear, None]
    ) -> None:
        self.name, self.origins, self.uplink = inner.name, origins, uplink
        self._inner: Any = inner
        self._up = up

    @property
    def armed(self) -> bool:
        """Does it hear anything now?  Only a tripwire may run and not watch."""
        return bool(getattr(self._inner, "armed", True))

    async def run(self, tell: Tell) -> None:
        """Let it listen; when it ends by itself after a while, that is told: what it told must be asked."""
        began = asyncio.get_running_loop().time()
        self._up[self] = None
        try:
            await self._inner.run(tell)
        except SourceError:
            if asyncio.get_running_loop().time() - began > LISTENED:
                tell(Hint(DEAF, f"{self.name} cannot be heard any more", self.uplink))
            raise
        finally:
            del self._up[self]

    def again(self) -> None:
        """See `net.ears.Subscriber`; nothing to one that is on no list."""
        if (again := getattr(self._inner, "again", None)) is not None:
            again()
