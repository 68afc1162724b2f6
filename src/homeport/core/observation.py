"""What the sources said, and what may be believed of it.  Pure.

Four answers must never be confused: "my addresses are these", "I have none, and that is meant",
"this machine does not have that family at all", and "I could not find out".  Only the first two may
ever reach a provider.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .address import PLAIN_WORDS, classify, publishable, same_network
from .dns import IPAddress, in_order

SHOWN = 3  # failures that one message tells
PATIENCE = 1.0  # seconds that a second witness has to confirm a new address, from the first one's answer


@dataclass(frozen=True, slots=True)
class Seen:
    """Known.  `addresses` is empty only if a source says so on purpose."""

    addresses: frozenset[IPAddress]
    witnesses: tuple[str, ...] = ()  # labels of the sources that agree


@dataclass(frozen=True, slots=True)
class Unseen:
    """Unknown; `why` is for the person."""

    why: str


@dataclass(frozen=True, slots=True)
class Absent:
    """This machine has no connection of that family; nobody said that this is meant."""

    why: str


Observation = Seen | Unseen | Absent


class Reading(NamedTuple):
    """What one source said in one look: addresses, or why it could not tell."""

    source: str  # its label
    operator: str
    local: bool
    addresses: frozenset[IPAddress] | None
    error: str | None = None
    seconds: float = 0.0
    refused: frozenset[IPAddress] = frozenset()  # what it said, if that may not be published


def judge(reading: Reading, allow: Collection[str]) -> Reading:
    """The reading, or the same as a failure if one of its addresses may not be published."""
    for address in in_order(reading.addresses or frozenset()):
        if not publishable(address, allow):
            why = f"{address} is {PLAIN_WORDS[classify(address)]}; not for publication"
            refused = reading.addresses or frozenset()
            return reading._replace(addresses=None, error=why, refused=refused)
    return reading


def conclude(
    readings: Sequence[Reading],
    need: int,
    *,
    strict: bool,
    complete: bool,
    known: frozenset[IPAddress] | None = None,
    patience_over: bool = False,
) -> Observation | None:
    """What may be believed, or None if more sources must be asked first.

    `readings` are judged and in the order of the configuration.  `need` independent operators must
    say the same, and more of them than say anything else.  Unless the person asked for that number
    (`strict`), fewer are enough as long as nobody contradicts:

    - one, for the addresses that were believed last (`known`), since nothing will be changed.  It must
      not be a look at this machine alone: that keeps an address of a prefix that the line has lost
      (RFC 8978);
    - one, for other addresses, when all sources have spoken (`complete`), or when a second one had
      `PATIENCE` seconds to confirm them and did not answer (`patience_over`).

    Where sources contradict each other, patience settles nothing: the others are asked too.

    What is promised: with `strict`, an address that fewer than `need` operators say is never believed.
    Without, a new address that somebody contradicted in time is never believed on the word of one.
    What cannot be promised: that a lone witness is right.
    """
    groups = _groups([reading for reading in readings if reading.addresses is not None])
    votes = [len({reading.operator for reading in group}) for group in groups]
    if groups:
        most = max(votes)
        unopposed = not strict and len(groups) == 1
        enough = complete or patience_over or _still(groups[0], known)
        if votes.count(most) == 1 and (most >= need or (unopposed and enough)):
            return _seen(groups[votes.index(most)])
    if not complete:
        return None
    failed = [f"{r.source}: {r.error}" for r in readings if r.addresses is None]
    if len(groups) > 1:
        said = [f"{group[0].source} says {_listed(group[0].addresses)}" for group in groups]
        return Unseen(f"the sources disagree: {'; '.join(said)}")
    if groups:
        agreed = f"only {max(votes)} of {need} sources say {_listed(groups[0][0].addresses)}"
        return Unseen("; ".join([agreed, *_some(failed)]))
    return Unseen("; ".join(_some(failed)) or "there is no source to ask")


def to_ask(
    readings: Sequence[Reading], need: int, *, strict: bool, known: frozenset[IPAddress] | None = None
) -> int:
    """How many sources should be busy answering while `conclude` is not content.

    One, if that may be enough because nothing has changed; else as many as must agree and have not
    spoken yet.
    """
    spoken = [reading for reading in readings if reading.addresses is not None]
    if known is not None and not strict and not any(r.addresses != known for r in spoken):
        return 1
    return max(1, need - len({reading.operator for reading in spoken}))


def _still(group: Sequence[Reading], known: frozenset[IPAddress] | None) -> bool:
    """Does somebody who sees more than this machine say what was believed last?"""
    return group[0].addresses == known and any(not reading.local for reading in group)


def _some(failures: Sequence[str]) -> list[str]:
    """The first few; `homeport ip` shows them all."""
    more = len(failures) - SHOWN
    return [*failures[:SHOWN], *([f"and {more} more (see `homeport ip`)"] if more > 0 else [])]


def _groups(readings: Sequence[Reading]) -> list[list[Reading]]:
    """Readings that support each other, in order of their first member.

    A look at this machine and a look from outside agree if they name the same IPv6 /64: systems send
    from temporary addresses (RFC 8981), while the one to publish is the stable one of the interface.
    """
    groups: list[list[Reading]] = []
    for reading in sorted(readings, key=lambda reading: not reading.local):
        for group in groups:
            if _agree(group[0], reading):
                group.append(reading)
                break
        else:
            groups.append([reading])
    return groups


def _agree(one: Reading, other: Reading) -> bool:
    if one.addresses == other.addresses:
        return True
    if one.local == other.local or not one.addresses or not other.addresses:
        return False
    return all(any(same_network(a, b) for b in one.addresses) for a in other.addresses)


def _seen(group: Sequence[Reading]) -> Seen:
    first = group[0].addresses
    assert first is not None
    return Seen(first, tuple(reading.source for reading in group))


def _listed(addresses: frozenset[IPAddress] | None) -> str:
    return ", ".join(map(str, in_order(addresses or frozenset()))) or "none"
