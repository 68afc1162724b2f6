"""Ask the sources of one uplink for one family, until enough of them agree.

Sources run in parallel and hedged: as many as must agree at once, one more whenever one failed or a
quarter of a second has passed.  Each has its own deadline.  What may be believed is decided by
`core.observation`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from ..core.dns import IPAddress, RRType
from ..core.errors import HomeportError
from ..core.observation import PATIENCE, Absent, Reading, Unseen, conclude, judge, to_ask
from ..core.report import Sight
from ..sources.base import Net, Source
from .world import Uplink

Gate = Callable[[Source], str | None]
NOT_ASKED = "not asked"  # so the error of a reading begins, if nothing was sent

_log = logging.getLogger(__name__)

HEDGE = 0.25  # seconds until one more source is asked
USUAL = 2  # sources that must agree where nobody wrote a number


def freely(_: Source) -> str | None:
    """The gate that is always open."""
    return None


async def observe(
    uplink: Uplink,
    net: Net,
    rrtype: RRType,
    clock: Callable[[], float],
    known: frozenset[IPAddress] | None = None,
    *,
    gate: Gate = freely,
) -> Sight:
    """What this uplink sees of that family.  Raises nothing: what cannot be seen is `Unseen`.

    With `known`, the addresses that were believed last, one witness is enough while nothing has changed,
    and a second one has only `PATIENCE` to confirm a change; unless the person wrote how many must agree.
    `gate` says of a source why it must not be asked now.
    """
    sources = uplink.sources.get(rrtype, ())
    operators = len({source.operator for source in sources})
    need = max(1, min(uplink.agree or USUAL, operators))
    waiting = list(enumerate(sources))
    running: dict[asyncio.Task[Reading], int] = {}
    readings: dict[int, Reading] = {}
    strict = uplink.agree is not None
    ends: float | None = None  # of the patience with the second witness
    try:
        while True:
            spoken = [readings[place] for place in sorted(readings)]
            if ends is None and known is not None and any(r.addresses is not None for r in spoken):
                ends = clock() + PATIENCE
            seen = conclude(
                spoken,
                need,
                strict=strict,
                complete=not waiting and not running,
                known=known,
                patience_over=ends is not None and clock() >= ends,
            )
            if seen is not None:
                break
            wanted = to_ask(spoken, need, strict=strict, known=known)
            while waiting and len(running) < wanted:
                place, source = waiting.pop(0)
                running[
                    asyncio.ensure_future(look(source, net, rrtype, uplink.allow, clock, gate=gate))
                ] = place
            limits = [HEDGE] if waiting else []
            if ends is not None and clock() < ends:
                limits.append(ends - clock())
            done, _ = await asyncio.wait(
                running, timeout=min(limits, default=None), return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                place = running.pop(task)
                readings[place] = _reading(task, sources[place])
            if not done and waiting:
                place, source = waiting.pop(0)
                running[
                    asyncio.ensure_future(look(source, net, rrtype, uplink.allow, clock, gate=gate))
                ] = place
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    if isinstance(seen, Unseen) and rrtype in uplink.by_default and await _absent(net, rrtype):
        seen = Absent(f"this machine has no {'IPv6' if rrtype is RRType.AAAA else 'IPv4'} connection")
    spared = {one.source for one in spoken if one.error is not None and one.error.startswith(NOT_ASKED)}
    begun = sources[: len(sources) - len(waiting)]
    asked = [source.label for source in begun if source.label not in spared]
    return Sight(seen, tuple(spoken), tuple(asked))


async def survey(
    uplink: Uplink, net: Net, rrtype: RRType, clock: Callable[[], float], *, gate: Gate = freely
) -> Sight:
    """Ask every source, whatever the others say: for `homeport ip`."""
    sources = uplink.sources.get(rrtype, ())
    looks = [asyncio.ensure_future(look(s, net, rrtype, uplink.allow, clock, gate=gate)) for s in sources]
    await asyncio.gather(*looks, return_exceptions=True)
    readings = [_reading(task, source) for task, source in zip(looks, sources, strict=True)]
    need = max(1, min(uplink.agree or USUAL, len({source.operator for source in sources})))
    seen = conclude(readings, need, strict=uplink.agree is not None, complete=True)
    assert seen is not None, "all sources have spoken"
    return Sight(seen, tuple(readings))


async def look(
    source: Source,
    net: Net,
    rrtype: RRType,
    allow: Sequence[str],
    clock: Callable[[], float],
    *,
    gate: Gate = freely,
) -> Reading:
    """One look of one source within its deadline, judged by what may be published."""
    began = clock()
    if (why := gate(source)) is not None:
        return Reading(source.label, source.operator, source.local, None, f"{NOT_ASKED}: {why}")
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


async def tunnel(net: Net, rrtype: RRType) -> str | None:
    """The interface that this uplink sends by, if its name says that it leads through a tunnel."""
    from ..core.verdict import tunnelled  # noqa: PLC0415 - for `homeport ip` only

    try:
        sender = await net.route(rrtype)
        names = [entry.interface for entry in await net.addresses() if entry.address == sender]
    except HomeportError:
        return None
    return next((name for name in names if tunnelled(name)), None)


async def _absent(net: Net, rrtype: RRType) -> bool:
    """Would the system have no way at all to send to the Internet in that family?"""
    try:
        await net.route(rrtype)
    except HomeportError:
        return rrtype is RRType.AAAA
    return False
