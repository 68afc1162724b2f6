"""Ask the sources of one uplink for one family, until enough of them agree.

Sources run in parallel and hedged: as many as must agree at once, one more whenever one failed or a
quarter of a second has passed.  Each has its own deadline.  What may be believed is decided by
`core.observation`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from ..core.dns import RRType
from ..core.errors import HomeportError
from ..core.observation import Absent, Reading, Unseen, conclude, judge
from ..core.report import Sight
from ..sources.base import Net, Source
from .world import Uplink

_log = logging.getLogger(__name__)

HEDGE = 0.25  # seconds until one more source is asked
USUAL = 2  # sources that must agree where nobody wrote a number


async def observe(uplink: Uplink, net: Net, rrtype: RRType, clock: Callable[[], float]) -> Sight:
    """What this uplink sees of that family.  Raises nothing: what cannot be seen is `Unseen`."""
    sources = uplink.sources.get(rrtype, ())
    operators = len({source.operator for source in sources})
    need = max(1, min(uplink.agree or USUAL, operators))
    waiting = list(enumerate(sources))
    running: dict[asyncio.Task[Reading], int] = {}
    readings: dict[int, Reading] = {}
    try:
        while True:
            spoken = [readings[place] for place in sorted(readings)]
            complete = not waiting and not running
            seen = conclude(spoken, need, strict=uplink.agree is not None, complete=complete)
            if seen is not None:
                break
            wanted = max(1, need - len([r for r in spoken if r.addresses is not None]))
            while waiting and len(running) < wanted:
                place, source = waiting.pop(0)
                running[asyncio.ensure_future(look(source, net, rrtype, uplink.allow, clock))] = place
            done, _ = await asyncio.wait(
                running, timeout=HEDGE if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                place = running.pop(task)
                readings[place] = _reading(task, sources[place])
            if not done and waiting:
                place, source = waiting.pop(0)
                running[asyncio.ensure_future(look(source, net, rrtype, uplink.allow, clock))] = place
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    if isinstance(seen, Unseen) and rrtype in uplink.by_default and await _absent(net, rrtype):
        seen = Absent(f"this machine has no {'IPv6' if rrtype is RRType.AAAA else 'IPv4'} connection")
    return Sight(seen, tuple(spoken))


async def survey(uplink: Uplink, net: Net, rrtype: RRType, clock: Callable[[], float]) -> Sight:
    """Ask every source, whatever the others say: for `homeport ip`."""
    sources = uplink.sources.get(rrtype, ())
    looks = [asyncio.ensure_future(look(s, net, rrtype, uplink.allow, clock)) for s in sources]
    await asyncio.gather(*looks, return_exceptions=True)
    readings = [_reading(task, source) for task, source in zip(looks, sources, strict=True)]
    need = max(1, min(uplink.agree or USUAL, len({source.operator for source in sources})))
    seen = conclude(readings, need, strict=uplink.agree is not None, complete=True)
    assert seen is not None, "all sources have spoken"
    return Sight(seen, tuple(readings))


async def look(
    source: Source, net: Net, rrtype: RRType, allow: Sequence[str], clock: Callable[[], float]
) -> Reading:
    """One look of one source within its deadline, judged by what may be published."""
    began = clock()
    try:
        async with asyncio.timeout(source.deadline):
            found = await source.observe(net, rrtype)
    except HomeportError as error:
        text = str(error).removeprefix(f"{source.label}: ")
        return Reading(source.label, source.operator, source.local, None, text, clock() - began)
    except TimeoutError:
        late = f"no answer within {source.deadline:.0f} s"
        return Reading(source.label, source.operator, source.local, None, late, clock() - began)
    return judge(Reading(source.label, source.operator, source.local, found, None, clock() - began), allow)


def _reading(task: asyncio.Task[Reading], source: Source) -> Reading:
    """The reading; a bug in a source is the failure of that source alone."""
    bug = task.exception()
    if bug is None:
        return task.result()
    _log.error("source %s: a bug in Homeport; please report it", source.label, exc_info=bug)
    text = f"a bug in Homeport: {type(bug).__name__}; the log has the details"
    return Reading(source.label, source.operator, source.local, None, text)


async def _absent(net: Net, rrtype: RRType) -> bool:
    """Would the system have no way at all to send to the Internet in that family?"""
    try:
        await net.route(rrtype)
    except HomeportError:
        return rrtype is RRType.AAAA
    return False
