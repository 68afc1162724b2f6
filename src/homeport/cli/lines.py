"""What `homeport status` and `homeport ip` say of the lines: what is the matter, and how it is watched."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple

from ..agent.lines import Rhythm
from ..config.model import Config
from ..core import rhythm
from ..core.advice import Verdict
from ..core.dns import RRType
from ..core.rhythm import Sighting
from ..state.store import Store
from .term import paint

CHANGES = 5  # that are shown


class LineView(NamedTuple):
    """One uplink in one family, as the agent last knew it."""

    uplink: str
    rrtype: RRType
    verdict: Verdict | None
    looks: str  # how often it is looked at and why, in plain words
    sightings: tuple[Sighting, ...]
    up: bool | None = None  # by its probes; None: nobody watches it
    down_since: float | None = None  # seconds since 1970

    @property
    def known(self) -> bool:
        """Was it ever looked at?"""
        return self.verdict is not None or bool(self.sightings)

    @property
    def name(self) -> str:
        return line_name(self.uplink, self.rrtype)

    def as_json(self) -> dict[str, object]:
        verdict = self.verdict
        return {
            "uplink": self.uplink,
            "type": self.rrtype.value,
            "up": self.up,
            "down_since": None if self.down_since is None else iso(self.down_since),
            "verdict": verdict and verdict.word,
            "says": verdict and verdict.says,
            "advice": verdict and verdict.advice,
            "sure": verdict and verdict.sure,
            "looks": self.looks,
            "changes": [
                {"at": iso(one.at), "addresses": list(one.addresses), "told": one.told}
                for one in self.sightings[-CHANGES:]
            ],
        }

    def text(self) -> str:
        lines = [self._said(), f"  {self.looks}"]
        if self.down_since is not None:
            down = f"{self.name}: its probes say that it is down, since {iso(self.down_since)}"
            lines.insert(0, paint(down, "red"))
        return "\n".join(lines)

    def _said(self) -> str:
        """The verdict; where too few sources were asked for one, what they said."""
        if self.verdict is not None:
            return verdict_text(self.name, self.verdict)
        if not self.sightings:
            return f"{self.name}: not seen yet"
        last = self.sightings[-1]
        return f"{self.name}: {', '.join(last.addresses) or 'none, on purpose'} since {iso(last.at)}"


def iso(at: float) -> str:
    """RFC 3339, UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def ago(at: float) -> str:
    """How long that is behind us, in the unit that fits."""
    seconds = max(0.0, time.time() - at)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def line_name(uplink: str, rrtype: RRType) -> str:
    return f"{rrtype}" if uplink == "default" else f"{rrtype} of {uplink}"


def verdict_text(name: str, verdict: Verdict) -> str:
    """The verdict, and what to do about it, on lines of their own."""
    sure = "" if verdict.sure else " (not certain)"
    colour = "yellow" if verdict.advice else "green"
    said = paint(f"{name}: {verdict.word}{sure}: {verdict.says}", colour)
    return f"{said}\n  {verdict.advice}" if verdict.advice else said


def line_views(config: Config, store: Store, now: float) -> list[LineView]:
    """All lines of the configuration that have sources."""
    verdicts, sightings = store.verdicts(), store.sightings()
    down, heard = store.down(), store.heard()
    base = config.agent.interval.total_seconds()
    found = []
    for name, uplink in config.uplinks.items():
        for rrtype, sources in uplink.sources.items():
            if sources:
                known = sightings.get((name, rrtype), [])
                trust, window = Rhythm.of(known, heard.get(name, ()), now)
                looks = rhythm.words(base, trust, window, now)
                since = down.get(name) if uplink.probes else None
                up = since is None if uplink.probes else None
                said = verdicts.get((name, rrtype))
                found.append(LineView(name, rrtype, said, looks, tuple(known), up, since))
    return found


def asked_text(asked: Mapping[int, Mapping[str, int]], now: float) -> str:
    """How often services outside were asked today (UTC) and yesterday."""
    today = int(now // rhythm.DAY)
    now_and_then = [sum(asked.get(day, {}).values()) for day in (today, today - 1)]
    most = sorted(asked.get(today, {}).items(), key=lambda one: (-one[1], one[0]))
    by = f": {', '.join(f'{service} {times}' for service, times in most)}" if most else ""
    return f"asked outside today {now_and_then[0]} times{by}; yesterday {now_and_then[1]}"
