"""Ask the zone's authoritative servers until they show what was acknowledged, and say when they did."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import NamedTuple

from ..core.dns import IPAddress, Server
from ..core.errors import HomeportError, Unreachable
from ..core.schedule import Target
from .world import World

FIRST_PAUSE, LONGEST_PAUSE = 0.02, 5.0  # seconds between two looks at one server
UNREACHABLE_AFTER = 3  # looks without an answer; then the server is out of order, not late


class Proof(NamedTuple):
    """What the authoritative servers of one target showed after a change."""

    target: Target
    addresses: frozenset[IPAddress]
    seconds: float | None  # from the acknowledgement until the first server was right; None: none was
    right: tuple[str, ...]  # servers that show it
    late: tuple[str, ...]  # servers that do not, or do not answer, each with what it says
    why_not: str | None = None  # why no server could be asked

    @property
    def live(self) -> bool:
        return bool(self.right)


async def verify(
    world: World,
    target: Target,
    addresses: frozenset[IPAddress],
    primary: tuple[str, int] | None,
    *,
    budget: float,
    shared: bool = False,
) -> Proof:
    """Look at every authoritative server for at most `budget` seconds.  Raises nothing.

    Of a `shared` name a server may show more addresses than these.
    """
    began = world.elapsed()
    try:
        async with asyncio.timeout(budget):
            servers = await world.servers(target.owner, primary)
    except (Unreachable, TimeoutError) as error:
        why = str(error) or "no answer in time"
        return Proof(target, addresses, None, (), (), f"its name servers cannot be found: {why}")
    said: dict[Server, str] = {}
    times: dict[Server, float] = {}

    async def watch(server: Server) -> None:
        pause, silent = FIRST_PAUSE, 0
        while True:
            try:
                found = await world.authoritative(server, target.owner, target.rrtype)
            except HomeportError as error:
                said[server] = f"{server.name}: {error}"
                silent += 1
                if silent >= UNREACHABLE_AFTER:
                    return
            else:
                if found == addresses or (shared and found >= addresses):
                    times[server] = world.elapsed() - began
                    return
                said[server] = f"{server.name} still shows {_listed(found)}"
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    watches = [asyncio.ensure_future(watch(server)) for server in servers]
    try:
        if watches:
            await asyncio.wait(watches, timeout=max(0.0, budget - (world.elapsed() - began)))
    finally:
        for task in watches:
            task.cancel()
        await asyncio.gather(*watches, return_exceptions=True)
    right = tuple(server.name for server in servers if server in times)
    late_ones = tuple(said.get(s, f"{s.name}: no answer") for s in servers if s not in times)
    return Proof(target, addresses, min(times.values(), default=None), right, late_ones)


def _listed(addresses: Collection[IPAddress]) -> str:
    return ", ".join(sorted(map(str, addresses))) or "nothing"
