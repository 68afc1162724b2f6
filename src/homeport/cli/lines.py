"""What `homeport status` and `homeport ip` say of the lines: what is the matter, and how it is watched."""

from __future__ import annotations

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
            "verdict": verdict and verdict.word,
            "says": verdict and verdict.says,
            "advice": verdict and verdict.advice,
            "looks": self.looks,
            "changes": [
                {"at": one.at, "addresses": list(one.addresses), "told": one.told}
                for one in self.sightings[-CHANGES:]
            ],
        }

    def text(self) -> str:
        return "\n".join([verdict_text(self.name, self.verdict), f"  {self.looks}"])


def line_name(uplink: str, rrtype: RRType) -> str:
    return f"{rrtype}" if uplink == "default" else f"{rrtype} of {uplink}"


def verdict_text(name: str, verdict: Verdict | None) -> str:
    """The verdict, and what to do about it, on lines of their own."""
    if verdict is None:
        return f"{name}: not looked at yet"
    sure = "" if verdict.sure else " (not certain)"
    colour = "yellow" if verdict.advice else "green"
    said = paint(f"{name}: {verdict.word}{sure}: {verdict.says}", colour)
    return f"{said}\n  {verdict.advice}" if verdict.advice else said


def line_views(config: Config, store: Store, now: float) -> list[LineView]:
    """All lines of the configuration that have sources."""
    verdicts, sightings = store.verdicts(), store.sightings()
    base = config.agent.interval.total_seconds()
    found = []
    for name, uplink in config.uplinks.items():
        for rrtype, sources in uplink.sources.items():
            if sources:
                known = sightings.get((name, rrtype), [])
                trust, window = Rhythm.of(known, listening=True)
                looks = rhythm.words(base, trust, window, now)
                found.append(LineView(name, rrtype, verdicts.get((name, rrtype)), looks, tuple(known)))
    return found


def asked_text(asked: Mapping[int, Mapping[str, int]], now: float) -> str:
    """How often services outside were asked today (UTC) and yesterday."""
    today = int(now // rhythm.DAY)
    now_and_then = [sum(asked.get(day, {}).values()) for day in (today, today - 1)]
    most = sorted(asked.get(today, {}).items(), key=lambda one: (-one[1], one[0]))
    by = f": {', '.join(f'{service} {times}' for service, times in most)}" if most else ""
    return f"asked outside today {now_and_then[0]} times{by}; yesterday {now_and_then[1]}"
