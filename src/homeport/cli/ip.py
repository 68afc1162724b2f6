"""`homeport ip`: every source side by side, and what they say together."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from ..agent.guard import Guard
from ..agent.loop import TRACE
from ..agent.observe import survey, tunnel
from ..agent.world import Uplink
from ..config.model import Config
from ..core.address import PLAIN_WORDS, AddressClass, classify
from ..core.advice import Verdict
from ..core.dns import RRType
from ..core.observation import Absent, Reading, Seen, Unseen
from ..core.report import Sight, texts
from ..core.verdict import verdict
from ..report.log import LOGGER, start
from ..state.store import FILE, Store
from .exits import NOT_RIGHT, RIGHT
from .lines import line_name, verdict_text
from .setup import configure, setup, world
from .term import paint, progress, table


def ip(path: Path | None, *, as_json: bool) -> int:
    """Every source side by side."""
    config = configure(path, needed=False)
    start("error", config.log.format, None, TRACE.get)
    asked = setup(config, b"")
    looks = [
        (uplink, rrtype)
        for uplink in asked.uplinks.values()
        for rrtype, sources in uplink.sources.items()
        if sources
    ]

    down: list[str] = []

    async def look(store: Store) -> tuple[list[Sight], list[str | None]]:
        real = world(config)
        guard = Guard(store, real.now, real.elapsed)
        try:
            sights, tunnels, _ = await asyncio.gather(
                asyncio.gather(
                    *(
                        survey(uplink, real.net(uplink.name), rrtype, real.elapsed, gate=guard.not_asked)
                        for uplink, rrtype in looks
                    )
                ),
                asyncio.gather(*(tunnel(real.net(uplink.name), rrtype) for uplink, rrtype in looks)),
                asyncio.gather(*map(real.proved, asked.uplinks)),
            )
            down.extend(name for name in asked.uplinks if not real.healthy(name))
            return sights, tunnels
        finally:
            guard.settle()
            await real.rest()

    with _kept(config) as store, progress("asking every source"):
        sightings = store.sightings()
        sights, tunnels = asyncio.run(look(store))
    now = time.time()
    verdicts = [
        verdict(sight.readings, sightings.get((uplink.name, rrtype), ()), now=now, tunnel=through)
        for (uplink, rrtype), sight, through in zip(looks, sights, tunnels, strict=True)
    ]
    rows = [
        _Row(uplink, rrtype, reading, sight, overall, _up(config, uplink.name, down))
        for (uplink, rrtype), sight, overall in zip(looks, sights, verdicts, strict=True)
        for reading in sight.readings
    ]
    if as_json:
        for row in rows:
            print(json.dumps(row.as_json(), ensure_ascii=False))
    else:
        head = ("UPLINK", "TYPE", "SOURCE", "ADDRESS", "TIME", "VERDICT")
        print(table([row.cells() for row in rows], head))
        for (uplink, rrtype), sight, overall in zip(looks, sights, verdicts, strict=True):
            where = line_name(uplink.name, rrtype)
            if uplink.name in down:
                print(paint(f"{where}: its probes say that it is down", "red"))
            print(_conclusion(where, sight))
            if not isinstance(sight.observation, Absent) and overall.word != "unknown":
                print(verdict_text(where, overall))
    return NOT_RIGHT if any(isinstance(sight.observation, Unseen) for sight in sights) else RIGHT


def _up(config: Config, uplink: str, down: Collection[str]) -> bool | None:
    return uplink not in down if config.uplinks[uplink].probes else None


def _kept(config: Config) -> Store:
    """The agent's state, where there is one that we may write: what is asked here counts there, too."""
    directory = config.agent.state_dir
    if os.access(directory / FILE, os.W_OK):
        return Store.open(directory, LOGGER.warning)
    return Store.view(directory, LOGGER.warning)


class _Row(NamedTuple):
    """One source of one uplink, as a line."""

    uplink: Uplink
    rrtype: RRType
    reading: Reading
    sight: Sight
    overall: Verdict  # of the whole line
    up: bool | None  # by its probes; None: nobody watches it

    @property
    def verdict(self) -> tuple[str, str]:
        """One word, and the plain words for it."""
        reading, seen = self.reading, self.sight.observation
        for address in reading.refused:
            if (kind := classify(address)) is not AddressClass.GLOBAL:
                return kind.value, PLAIN_WORDS[kind]
        if reading.addresses is None:
            return "failed", str(reading.error)
        if isinstance(seen, Seen):
            if reading.source in seen.witnesses:
                alone = len(seen.witnesses) == 1
                return ("alone", "no other source could confirm it") if alone else ("agrees", "agrees")
            return "disagrees", "says something else than the others"
        return "unconfirmed", "too few sources say the same"

    def as_json(self) -> dict[str, object]:
        word, plain = self.verdict
        said = self.reading.addresses or self.reading.refused
        return {
            "uplink": self.uplink.name,
            "type": self.rrtype.value,
            "source": self.reading.source,
            "operator": self.reading.operator,
            "address": ", ".join(texts(said)) or None,
            "ms": round(self.reading.seconds * 1000, 1),
            "verdict": word,
            "explanation": plain,
            "chosen": isinstance(seen := self.sight.observation, Seen)
            and self.reading.addresses == seen.addresses,
            "error": self.reading.error,
            "line": {**self.overall._asdict(), "up": self.up},
        }

    def cells(self) -> tuple[str, ...]:
        word, plain = self.verdict
        said = self.reading.addresses or self.reading.refused
        return (
            self.uplink.name,
            self.rrtype.value,
            self.reading.source,
            ", ".join(texts(said)) or "-",
            f"{self.reading.seconds * 1000:.0f} ms",
            plain if word in ("agrees", "failed") else f"{word}: {plain}",
        )


def _conclusion(where: str, sight: Sight) -> str:
    match sight.observation:
        case Seen(addresses, witnesses):
            by = f"{len(witnesses)} of {len(sight.readings)} sources"
            return paint(f"{where}: {', '.join(texts(addresses)) or 'none, on purpose'} ({by})", "green")
        case Absent(why):
            return paint(f"{where}: {why}", "dim")
        case Unseen(why):
            return paint(f"{where}: unknown: {why}", "yellow")
