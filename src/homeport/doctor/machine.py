"""The checks that every platform has.  What was looked at comes in; what to think of it comes out."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from .finding import Finding

CLOCK_WARNS, CLOCK_WRONG = (
    30.0,
    300.0,
)  # seconds; RFC 8945, 10: TSIG takes 300, signatures of clouds 300 to 900
DISK_WARNS = 100_000_000  # octets
MOST_NAMED = 5  # files of a list


class Clock(NamedTuple):
    """How far this machine's clock is ahead (seconds, below zero: behind), as a time server says."""

    server: str
    ahead: float


def clock(found: Clock | None, why_not: str) -> Finding:
    """A wrong clock makes signatures and certificates fail, and dates in the history wrong."""
    if found is None:
        return Finding("clock", "unknown", f"no time server could be asked: {why_not}")
    off = abs(found.ahead)
    says = f"{off:.1f} s {'ahead' if found.ahead > 0 else 'behind'}, as {found.server} says"
    if off < CLOCK_WARNS:
        return Finding("clock", "right", says)
    remedy = "let the system set it: Windows: `w32tm /resync`; Linux: `timedatectl set-ntp true`"
    if off < CLOCK_WRONG:
        return Finding("clock", "warning", says, remedy)
    return Finding("clock", "wrong", f"{says}: providers refuse what is signed at a wrong time", remedy)


def state_folder(folder: str, why_not: str | None, free: int | None) -> Finding:
    """`why_not`: the reason that it cannot be written; `free`: octets of its disk, None if unknown."""
    if why_not is not None:
        return Finding(
            "state",
            "wrong",
            f"{folder} cannot be written: {why_not}; nothing would be remembered after a restart",
            "give the user that runs the agent the right to write there, or set state_dir in [agent]",
        )
    if free is not None and free < DISK_WARNS:
        return Finding(
            "state", "warning", f"{folder}: the disk has {free // 1_000_000} MB left", "free some of it"
        )
    return Finding("state", "right", f"kept in {folder}")


def agent(*, running: bool, start: str) -> Finding:
    """`start` is how one is started on this machine."""
    if running:
        return Finding("agent", "right", "an agent is running")
    return Finding("agent", "wrong", "no agent is running: a changed address is not published", start)


def program(missing: Collection[str]) -> Finding:
    """`missing`: files of the installation that are not there any more."""
    if not missing:
        return Finding("program", "right", "all files of the installation are there")
    named = ", ".join(sorted(missing)[:MOST_NAMED])
    more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
    return Finding(
        "program",
        "wrong",
        f"files of the installation are gone: {named}{more}; a virus scanner may have taken them away",
        "look into the scanner's quarantine, tell it that the folder is fine, and install again",
    )
