"""Rows of the state file as values, and back.  Whatever may stand in a file that has rotted is refused."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

from ..core.circuit import Kind, Trip
from ..core.dns import IPAddress, Name, RRType, in_order
from ..core.errors import Reaction
from ..core.pace import Written
from ..core.schedule import Memory, Target

COLUMNS = Memory._fields
_SETS = ("acknowledged", "live", "wanted")
_TEXTS = ("waiting", "stopped_by", "error", "outcome")
# What a value that is not ours does to whoever reads it: JSON may be nested ten thousand deep.
UNREADABLE = (ValueError, TypeError, KeyError, ArithmeticError, RecursionError)


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the change log."""

    at: float  # seconds since 1970, UTC
    trace: str
    target: Target
    event: str  # updated, refreshed, failed, stopped, recovered, retried
    before: frozenset[IPAddress] | None = None
    after: frozenset[IPAddress] | None = None
    note: str | None = None
    version: int = 0  # rises with every line; given by the store


def key_of(target: Target) -> tuple[str, str, str]:
    return target.owner.text, target.rrtype.value, target.account


def target(row: sqlite3.Row) -> Target:
    return Target(Name(string(row["name"])), RRType(row["type"]), string(row["account"]))


def string(value: object) -> str:
    """SQLite lets every type stand in every column."""
    if not isinstance(value, str):
        raise TypeError(f"text was expected, not {value!r}")
    return value


def row_of(memory: Memory) -> list[object]:
    values: list[object] = []
    for column in COLUMNS:
        value = getattr(memory, column)
        if column in _SETS:
            value = text_of(value)
        elif column == "writes":
            value = json.dumps(value) if value else None
        elif isinstance(value, Reaction):
            value = value.name
        values.append(value)
    return values


def memory(row: sqlite3.Row) -> Memory:
    """Raises `ValueError`, `TypeError` or `KeyError` for what no memory of ours can have been."""
    values = {column: row[column] for column in COLUMNS}
    for column in COLUMNS:
        kind = str if column in (*_SETS, *_TEXTS, "writes") else int | float
        if not isinstance(values[column], kind) and (values[column] is not None or column == "failures"):
            raise ValueError(f"{column} is {values[column]!r}")
    values |= {column: addresses(row[column]) for column in _SETS}
    values["writes"] = tuple(
        Written(float(at), bool(mended)) for at, mended in json.loads(row["writes"] or "[]")
    )
    if values["waiting"] is not None:
        values["waiting"] = Reaction[values["waiting"]]
    return Memory(**values)


def trip(row: sqlite3.Row) -> Trip:
    """Raises `ValueError` or `TypeError` for what can never have been kept."""
    span, behind = (None if row[name] is None else float(row[name]) for name in ("span", "behind"))
    return Trip(
        Kind(row["kind"]),
        str(row["account"]),
        str(row["why"]),
        float(row["since"]),
        span,
        int(row["strikes"]),
        behind,
        bool(row["lifted"]),
    )


def change(row: sqlite3.Row) -> Change:
    return Change(
        at=float(row["at"]),
        trace=string(row["trace"]),
        target=target(row),
        event=string(row["event"]),
        before=addresses(row["before"]),
        after=addresses(row["after"]),
        note=None if row["note"] is None else string(row["note"]),
        version=row["version"],
    )


@lru_cache(maxsize=64)  # a thousand names point at one address
def text_of(addresses: frozenset[IPAddress] | None) -> str | None:
    return None if addresses is None else json.dumps([str(a) for a in in_order(addresses)])


def addresses(text: str | None) -> frozenset[IPAddress] | None:
    return None if text is None else frozenset(map(ip_address, json.loads(text)))
