"""Have this machine's neighbour table ready for the rules that want the address of another machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv6Address

from ..core.dns import IPAddress, RRType
from ..core.errors import SourceError
from ..core.host import Neighbour
from ..core.neighbours import NeighbourAddress, candidates, choose
from ..core.observation import Seen, Unseen
from ..core.report import Sight
from ..core.wish import Rule
from .world import World

LOOKS = 5  # at the table, while a neighbour that it does not have is asked for
WAIT = 0.2  # seconds between two of them; one that is awake answers in a few thousandths

Table = tuple[NeighbourAddress, ...]


def awaits(rule: Rule) -> bool:
    """Does it want the address of a neighbour?"""
    return isinstance(rule.host, Neighbour) and rule.target.rrtype is RRType.AAAA


async def meet(
    world: World,
    rules: Sequence[Rule],
    sights: Mapping[tuple[str, RRType], asyncio.Future[Sight]],
    held: Callable[[Rule], frozenset[IPAddress]],
) -> Table | Unseen:
    """The table, once the uplinks of those rules have been seen and their neighbours were asked for.

    Those whose entry is old are asked for too, so that the next round knows whether they are still there.
    """
    wanted = [rule for rule in rules if awaits(rule)]
    if not wanted:
        return ()
    keys = {(uplink, RRType.AAAA) for rule in wanted for uplink in rule.uplinks} & sights.keys()
    if keys:
        await asyncio.wait([sights[key] for key in keys])
    net = world.net(wanted[0].uplinks[0])  # all uplinks are of one machine, and share its table
    for look in range(LOOKS):
        try:
            table = tuple(await net.neighbours())
        except SourceError as error:
            return Unseen(str(error))
        asked, missing = _open(wanted, sights, held, table)
        if look == 0 and asked:
            await net.nudge(asked)
        if not missing or look == LOOKS - 1:
            return table
        await asyncio.sleep(WAIT)
    raise AssertionError


def _open(
    rules: Sequence[Rule],
    sights: Mapping[tuple[str, RRType], asyncio.Future[Sight]],
    held: Callable[[Rule], frozenset[IPAddress]],
    table: Table,
) -> tuple[list[IPv6Address], bool]:
    """Whom to ask, and whether an address is missing that was not known to be silent."""
    asked: dict[IPv6Address, None] = {}
    missing = False
    confirmed = {entry.address for entry in table if entry.confirmed}
    for rule in rules:
        assert isinstance(rule.host, Neighbour)
        for near in _near(rule, sights):
            found = choose(rule.host, near, table, held(rule))
            missing |= found is None
            if found is None:
                asked |= dict.fromkeys(candidates(rule.host, near, table, held(rule)))
            elif found not in confirmed:
                asked[found] = None
    return list(asked), missing


def _near(rule: Rule, sights: Mapping[tuple[str, RRType], asyncio.Future[Sight]]) -> list[IPv6Address]:
    """The addresses of this machine whose prefixes the neighbour shall share."""
    seen = [
        sights[uplink, RRType.AAAA].result() for uplink in rule.uplinks if (uplink, RRType.AAAA) in sights
    ]
    return [
        address
        for sight in seen
        if isinstance(sight.observation, Seen)
        for address in sorted(sight.observation.addresses, key=str)
        if isinstance(address, IPv6Address)
    ]
