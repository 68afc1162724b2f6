"""Watches whether a line is up, with the probes that the person wrote; see `core.health`.

What nobody can measure is taken for healthy: a probe that cannot be run never withdraws an address.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from ..core import health
from ..core.errors import SourceError
from ..core.health import Health, Terms
from ..core.hint import HEALTH, Hint, Tell
from ..core.probe import Probe
from .probe import Prober

FIRST_TIMEOUT = 1.5  # seconds for one probe of a line that nobody knows yet: somebody waits for it

_log = logging.getLogger(__name__)


class Monitor:
    """One line.  A listener, and what it knows: `healthy`."""

    def __init__(
        self,
        uplink: str,
        probes: Sequence[Probe],
        terms: Terms,
        prober: Prober,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = f"the probes of {uplink}"
        self._uplink, self._probes, self._terms = uplink, probes, terms
        self._prober, self._clock = prober, clock
        self._health = Health()
        self._turn = asyncio.Lock()  # of rounds: the first may be run by whoever needs it first
        self._missed: dict[Probe, str] = {}  # why probes were not answered in the last round
        self._unable: dict[Probe, str] = {}  # why this machine cannot run them
        self._warned: dict[Probe, str] = {}  # what was said of that, which a new start does not say again

    @property
    def healthy(self) -> bool:
        """False only if the probes have shown that the line is down."""
        return self._health.up is not False

    async def proved(self) -> None:
        """Wait until something is known of the line; probe it, if nobody else does.

        Takes one answer where the line is up, and twice `FIRST_TIMEOUT` at most.
        """
        while self._unproved():
            async with self._turn:
                if self._unproved():
                    await self._round()

    async def run(self, tell: Tell) -> None:
        """See the listeners of `net`.  `SourceError` if none of the probes can be run here."""
        try:
            self._unable.clear()
            await self.proved()
            told = True  # what the agent takes for granted
            while True:
                if len(self._unable) == len(self._probes):
                    if not told:
                        tell(Hint(HEALTH, f"{self._uplink} cannot be probed any more", self._uplink))
                    raise SourceError("; ".join(f"{p.label}: {why}" for p, why in self._unable.items()))
                if self.healthy is not told:
                    told = self.healthy
                    tell(Hint(HEALTH, self._says(), self._uplink))
                async with self._turn:
                    await self._round()
        finally:
            self._health = Health()  # nobody looks any more, so nothing is known
            await self._prober.aclose()

    def _unproved(self) -> bool:
        return self._health.up is None and len(self._unable) < len(self._probes)

    async def _round(self) -> None:
        """Wait until it is time, ask all probes at once, and judge."""
        if self._health.last is not None:
            await asyncio.sleep(max(0.0, health.due(self._health, self._terms) - self._clock()))
        began = self._clock()
        patience = self._terms.timeout
        if self._health.up is None:
            patience = min(patience, FIRST_TIMEOUT)
        answers = await asyncio.gather(*(self._ask(probe, patience) for probe in self._probes))
        weighed = [(probe.weight, said) for probe, said in zip(self._probes, answers, strict=True)]
        good = sum(weight for weight, answered in weighed if answered)
        total = sum(weight for weight, answered in weighed if answered is not None)
        self._health = health.heard(self._health, good, total, began, self._terms)

    async def _ask(self, probe: Probe, patience: float) -> bool | None:
        """Was it answered?  None if it could not be asked."""
        try:
            missed = await self._prober.ask(probe, patience)
        except SourceError as error:
            self._unable[probe] = str(error)
            if self._warned.get(probe) != str(error):
                self._warned[probe] = str(error)
                _log.warning("uplink %s: %s: %s", self._uplink, probe.label, error)
            return None
        self._unable.pop(probe, None)
        self._warned.pop(probe, None)
        self._missed.pop(probe, None)
        if missed is not None:
            self._missed[probe] = missed
        return missed is None

    def _says(self) -> str:
        if self.healthy:
            return f"{self._uplink} is up again"
        why = "; ".join(f"{probe.label}: {missed}" for probe, missed in self._missed.items())
        return f"{self._uplink} is down: {why}"
