"""What the sources and the events said, as lines of JSON: written by `run --record`, read by `replay`.

The first line holds what the decisions depend on: records, uplinks, interval.  After it comes one line
for each hint, each neighbour table and each round.  No account setting is in it, and no secret; the
addresses of this machine and its names are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any, NamedTuple, TextIO

from ..core import host as hosts
from ..core.dns import IPAddress, Name, RRType
from ..core.errors import ConfigError
from ..core.hint import Hint
from ..core.neighbours import NeighbourAddress
from ..core.observation import Absent, Reading
from ..core.report import Report, texts
from ..core.schedule import Target
from ..core.wish import Rule

FORMAT = 1


class _OtherFormat(ConfigError):
    """Written by another version."""


class SourceFacts(NamedTuple):
    """One source, as far as a decision depends on it."""

    label: str
    operator: str
    local: bool


class UplinkFacts(NamedTuple):
    """One uplink, as far as a decision depends on it."""

    name: str
    sources: Mapping[RRType, tuple[SourceFacts, ...]]
    agree: int | None
    allow: tuple[str, ...]
    by_default: frozenset[RRType]


class Round(NamedTuple):
    """One round: what was said, and what was decided."""

    readings: Mapping[tuple[str, RRType], tuple[Reading, ...]]
    absent: frozenset[tuple[str, RRType]]  # this machine had no such family
    down: frozenset[str]  # uplinks that their probes found down
    decided: Mapping[Target, Decided]


class Decided(NamedTuple):
    """What became of one target in one round."""

    outcome: str
    wanted: tuple[str, ...] | None
    live: tuple[str, ...] | None
    error: str | None


Table = tuple[NeighbourAddress, ...]


class Event(NamedTuple):
    """One line after the first."""

    at: float  # seconds since 1970, UTC
    said: Hint | Table | Round


class Recording(NamedTuple):
    """A whole file."""

    at: float
    interval: float  # seconds
    rules: tuple[Rule, ...]
    uplinks: tuple[UplinkFacts, ...]
    events: tuple[Event, ...]


class Recorder:
    """Writes the lines.  Each is flushed: what led to a crash is in the file.

    When nothing can be written any more, `warn` is told, and the recording ends there.
    """

    def __init__(self, stream: TextIO, now: Callable[[], float], warn: Callable[[str], None]) -> None:
        self._stream: TextIO | None = stream
        self._now, self._warn = now, warn

    def begin(self, rules: Iterable[Rule], uplinks: Iterable[UplinkFacts], interval: float) -> None:
        self._write(
            {
                "homeport": FORMAT,
                "interval": interval,
                "rules": [_rule_json(rule) for rule in rules],
                "uplinks": [_uplink_json(uplink) for uplink in uplinks],
            }
        )

    def hint(self, hint: Hint) -> None:
        address = None if hint.address is None else str(hint.address)
        self._write({"hint": {**hint._asdict(), "address": address}})

    def neighbours(self, table: Sequence[NeighbourAddress]) -> None:
        self._write(
            {"neighbours": [[n.interface, str(n.address), n.mac.hex(), n.confirmed] for n in table]}
        )

    def round(self, report: Report, down: Iterable[str]) -> None:
        sights = [
            {
                "uplink": uplink,
                "type": rrtype.value,
                "absent": isinstance(sight.observation, Absent),
                "readings": [_reading_json(reading) for reading in sight.readings],
            }
            for (uplink, rrtype), sight in report.sights.items()
        ]
        decided = [
            {key: value for key, value in one.as_json("").items() if key != "trace"}
            for one in report.targets
        ]
        self._write(
            {"round": report.trace, "sights": sights, "down": sorted(down), "decided": decided}, report.at
        )

    def end(self, why: str) -> None:
        """Write no more."""
        if self._stream is not None:
            self._stream = None
            self._warn(f"the recording ends here: {why}")

    def _write(self, line: dict[str, Any], at: float | None = None) -> None:
        stamped = {"at": round(self._now() if at is None else at, 3), **line}
        if self._stream is None:
            return
        try:
            self._stream.write(json.dumps(stamped, ensure_ascii=False) + "\n")
            self._stream.flush()
        except OSError as error:
            self._stream = None
            self._warn(f"the recording ends here: {error.strerror}")


def read(lines: Iterable[str]) -> Recording:
    """The recording in these lines.  Raises `ConfigError`, which names the line that is wrong.

    A last line that was cut short, by a kill or a full disk, is left out.
    """
    first: dict[str, Any] | None = None
    events: list[Event] = []
    number, broken = 0, 0
    for number, text in enumerate(lines, 1):
        if broken:
            raise ConfigError(f"line {broken} is not what `homeport run --record` writes")
        try:
            line = json.loads(text)
            if first is None:
                first = _header(line)
            else:
                events.append(_event(line))
        except _OtherFormat:
            raise
        except (ValueError, LookupError, TypeError, AttributeError, ConfigError):
            broken = number
    if first is None:
        raise ConfigError("this is no recording; write one with `homeport run --record FILE`")
    return Recording(
        at=first["at"],
        interval=first["interval"],
        rules=first["rules"],
        uplinks=first["uplinks"],
        events=tuple(sorted(events, key=lambda event: event.at)),
    )


def _header(line: dict[str, Any]) -> dict[str, Any]:
    if int(line["homeport"]) != FORMAT:
        raise _OtherFormat(f"this recording is of format {line['homeport']}, not {FORMAT}")
    return {
        "at": float(line["at"]),
        "interval": float(line["interval"]),
        "rules": tuple(map(_rule, line["rules"])),
        "uplinks": tuple(map(_uplink, line["uplinks"])),
    }


def _event(line: dict[str, Any]) -> Event:
    at = float(line["at"])
    if "hint" in line:
        hint = line["hint"]
        address = None if hint["address"] is None else ip_address(hint["address"])
        return Event(at, Hint(str(hint["origin"]), str(hint["says"]), hint["uplink"], address))
    if "neighbours" in line:
        return Event(
            at,
            tuple(
                NeighbourAddress(interface, ip_address(address), bytes.fromhex(mac), bool(confirmed))
                for interface, address, mac, confirmed in line["neighbours"]
            ),
        )
    sights = {(one["uplink"], RRType(one["type"])): one for one in line["sights"]}
    readings = {key: tuple(map(_reading, one["readings"])) for key, one in sights.items()}
    absent = frozenset(key for key, one in sights.items() if one["absent"])
    decided = {
        Target(Name(one["name"]), RRType(one["type"]), one["account"]): Decided(
            str(one["outcome"]), tuple(one["wanted"]), tuple(one["live"]), one["error"]
        )
        for one in line["decided"]
    }
    return Event(at, Round(readings, absent, frozenset(line["down"]), decided))


# -- one by one ------------------------------------------------------------------------------------


def _rule_json(rule: Rule) -> dict[str, Any]:
    return {
        "name": rule.target.owner.text,
        "type": rule.target.rrtype.value,
        "account": rule.target.account,
        "uplinks": list(rule.uplinks),
        "policy": rule.policy,
        "ttl": rule.ttl,
        "host": None if rule.host is None else str(rule.host),
        "written": rule.written,
        "share": rule.share,
        "beside": sorted(rule.beside),
    }


def _rule(line: dict[str, Any]) -> Rule:
    return Rule(
        target=Target(Name(line["name"]), RRType(line["type"]), str(line["account"])),
        uplinks=tuple(map(str, line["uplinks"])),
        policy=str(line["policy"]),
        ttl=line["ttl"],
        host=None if line["host"] is None else hosts.parse(line["host"]),
        written=bool(line["written"]),
        share=bool(line["share"]),
        beside=frozenset(map(RRType, line["beside"])),
    )


def _uplink_json(uplink: UplinkFacts) -> dict[str, Any]:
    return {
        "name": uplink.name,
        "sources": {rrtype.value: [list(one) for one in some] for rrtype, some in uplink.sources.items()},
        "agree": uplink.agree,
        "allow": list(uplink.allow),
        "by_default": sorted(uplink.by_default),
    }


def _uplink(line: dict[str, Any]) -> UplinkFacts:
    return UplinkFacts(
        str(line["name"]),
        {
            RRType(rrtype): tuple(SourceFacts(str(a), str(b), bool(c)) for a, b, c in some)
            for rrtype, some in line["sources"].items()
        },
        line["agree"],
        tuple(map(str, line["allow"])),
        frozenset(map(RRType, line["by_default"])),
    )


def _reading_json(reading: Reading) -> dict[str, Any]:
    said = reading.addresses if reading.addresses is not None else reading.refused or None
    return {
        "source": reading.source,
        "said": None if said is None else texts(said),
        "error": None if said is not None else reading.error,
        "seconds": round(reading.seconds, 4),
    }


def _reading(line: dict[str, Any]) -> Reading:
    """As the source gave it, before it was judged; operator and kind are those of the uplink's source."""
    said: frozenset[IPAddress] | None = None
    if line["said"] is not None:
        said = frozenset(map(ip_address, line["said"]))
    return Reading(
        str(line["source"]),
        "",
        local=False,
        addresses=said,
        error=line["error"],
        seconds=float(line["seconds"]),
    )
