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
Missed = Callable[[str, Collection[str]], None]  # of an uplink, origins that told nothing of a change


def nobody(_: str) -> Collection[str]:
    """For one round, nobody listens."""
    return ()


def everybody(_: str) -> Collection[str]:
    """Whatever could tell is heard."""
    return TELLERS.keys()


def never_mind(_: str, __: Collection[str]) -> None:
    """For who has no listeners of his own."""


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

    def missed(self, uplink: str, origins: Collection[str]) -> None:
        """A look found a change of an uplink that these had told before, and did not: they may hang."""
        for ear in self._up:
            if ear.uplink in (None, uplink) and not {*origins}.isdisjoint(ear.origins):
                ear.doubted.set()


class Ear:
    """A listener in the roll."""

    def __init__(
        self, inner: Listener, origins: Collection[str], uplink: str | None, up: dict[Ear, None]
    ) -> None:
        self.name, self.origins, self.uplink = inner.name, origins, uplink
        self.doubted = asyncio.Event()
        self._inner: Any = inner
        self._up = up

    @property
    def armed(self) -> bool:
        """Does it hear anything now?  Only a tripwire may run and not watch."""
        return bool(getattr(self._inner, "armed", True))

    async def run(self, tell: Tell) -> None:
        """Let it listen; when it ends by itself after a while, that is told: what it told must be asked.

        When it is doubted, it is ended, for whoever keeps it running to begin it anew.
        """
        began = asyncio.get_running_loop().time()
        self._up[self] = None
        self.doubted.clear()
        work = asyncio.ensure_future(self._inner.run(tell))
        doubt = asyncio.ensure_future(self.doubted.wait())
        try:
            await asyncio.wait({work, doubt}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
        except SourceError:
            if asyncio.get_running_loop().time() - began > LISTENED:
                tell(Hint(DEAF, f"{self.name} cannot be heard any more", self.uplink))
            raise
        finally:
            del self._up[self]
            for task in (work, doubt):
                task.cancel()
            await asyncio.gather(work, doubt, return_exceptions=True)
        if self.doubted.is_set():
            raise SourceError("told nothing of a change that a look found; it begins anew")

    def again(self) -> None:
        """See `net.ears.Subscriber`; nothing to one that is on no list."""
        if (again := getattr(self._inner, "again", None)) is not None:
            again()
