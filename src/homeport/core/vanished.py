"""What becomes of names that the configuration does not have any more.  Pure.

Taking an address away is the one change that cannot be mended by the next round, so all that is doubtful
is left alone: what we did not put there, what somebody else keeps, what cannot be looked at first, and
everything, when the configuration has lost all its records at once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import NamedTuple

from .schedule import Memory, Target
from .wish import Rule


class Parting(NamedTuple):
    """`rules` take away what is ours; `kept` says of the others why they stay as they are."""

    rules: tuple[Rule, ...] = ()
    kept: Mapping[Target, str] = MappingProxyType({})


def parting(
    memories: Mapping[Target, Memory], wanted: Collection[Target], readable: Mapping[str, bool]
) -> Parting:
    """`wanted` are the configuration's targets; `readable` its accounts, and whether each can be read."""
    gone = [target for target in memories.keys() - set(wanted) if memories[target].acknowledged]
    names = {(target.owner, target.rrtype) for target in wanted}
    rules: list[Rule] = []
    kept: dict[Target, str] = {}
    for target in sorted(gone):
        if not wanted:
            kept[target] = "the configuration has no record at all, which is hardly meant"
        elif target.account not in readable:
            kept[target] = "its account is not in the configuration any more"
        elif (target.owner, target.rrtype) in names:
            kept[target] = "another account keeps the name"
        elif not readable[target.account]:
            kept[target] = "its service cannot be read, so nobody knows whether it is still ours"
        else:
            rules.append(Rule(target, (), share=True, gone=True))
    return Parting(tuple(rules), kept)
