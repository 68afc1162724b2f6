"""Hear the events of a UPnP gateway: it tells a new ExternalIPAddress the moment it has it.

SSDP's own announcements (ssdp:alive, ssdp:byebye) are left alone on purpose.  Every television and
loudspeaker of the house sends them to port 1900 all day, each would wake the agent, and on Windows the
port belongs to a service.  A gateway that has restarted without a word is found out by the next
renewal instead, which is never more than `LONGEST_WAIT` away.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from ipaddress import IPv4Address
from typing import Protocol
from urllib.parse import urlsplit

from ..core.device import Device
from ..core.dns import IPAddress, RRType
from ..core.errors import ProviderError, SourceError
from ..core.hint import Hint, Tell
from ..wire import gena
from ..wire.http import Reply, Request, Transport
from . import routers
from .callback import Callback
from .once import Once

_log = logging.getLogger(__name__)

WANTED = 300  # seconds that are asked for; the gateway decides
LONGEST_WAIT = 150.0  # seconds between two signs of life of the gateway
SPACING = 2.0  # seconds from one renewal to the next, however often somebody cries wolf
# While miniupnpd (2.3.1) tells one change it forgets to tell the next, and a new address is two changes:
# the old one goes, the new one comes.  So after a change the gateway is asked once more, by a new
# subscription, which begins with the present state.
DOUBT = 2.0  # seconds from a change to that
FAREWELL = 2.0  # seconds for the end of a subscription
EARLY = 4  # events that are kept for a subscription that is not granted yet


class Line(Protocol):
    """What is needed of an uplink: `net.uplink.UplinkNet` has it."""

    async def device(self) -> Device:
        """The UPnP gateway, remembered; `SourceError` if there is none."""
        ...

    def forget_device(self) -> None:
        """Look for it anew the next time."""
        ...

    def near(self) -> Transport:
        """HTTP to the local network."""
        ...

    def udp(self, rrtype: RRType) -> socket.socket:
        """A datagram socket that leaves by this uplink."""
        ...


class UpnpEvents:
    """The listener for one uplink."""

    name = "UPnP events"

    def __init__(self, line: Line, *, uplink: str | None = None) -> None:
        self._line, self._uplink = line, uplink
        self._wake = asyncio.Event()
        self._once = Once(_log)

    def again(self) -> None:
        """Somebody says that the gateway has restarted: see at once whether it still knows us."""
        self._wake.set()

    async def run(self, tell: Tell) -> None:
        """Until it is cancelled.  Raises `SourceError`: no gateway with events, or it is gone."""
        try:
            gateway = _gateway(await self._line.device())
        except SourceError:
            self._line.forget_device()  # it may be that of another network, with the same address
            raise
        mine = self._towards(gateway)
        events = _Events(self._uplink, tell, self._wake, self._once)
        async with Callback("NOTIFY", gateway, gena.LONGEST_BODY, events.notified) as callback:
            await callback.open(mine)
            try:
                seconds = await self._begin_anew(gateway, events, callback.url)
                spacing = SPACING
                while True:
                    await self._pause(min(seconds / 2, LONGEST_WAIT), spacing, events)
                    if self._towards(gateway) != mine:
                        raise SourceError(f"UPnP events: {mine} is no longer this machine's address")
                    # Some gateway may count so that something always seems to be missing.
                    spacing = min(2 * spacing, LONGEST_WAIT) if events.missing else SPACING
                    seconds = await self._go_on(gateway, events, callback.url)
            finally:
                await self._end(events)

    async def _begin(self, device: Device, events: _Events, callback: str) -> float:
        """Subscribe; the granted time.  Raises `SourceError`."""
        with events.awaited():
            asked = gena.subscribe(device.event_url, callback, WANTED)
            granted = gena.granted(await self._send(asked))
            events.start(device.event_url, granted.sid)
        _log.debug("gateway %s: tells us its UPnP events for %.0f s", device.host, granted.seconds)
        return granted.seconds

    async def _go_on(self, gateway: IPv4Address, events: _Events, callback: str) -> float:
        """Renew, or subscribe anew if an event may be missing or the gateway has forgotten us."""
        if events.missing or events.changed:
            await self._end(events)
        else:
            with suppress(SourceError):
                asked = gena.renew(events.url, events.sid, WANTED)
                return gena.granted(await self._send(asked)).seconds
        return await self._begin_anew(gateway, events, callback)

    async def _begin_anew(self, gateway: IPv4Address, events: _Events, callback: str) -> float:
        """Subscribe at the device that is remembered, or at the one that is there now."""
        device = await self._line.device()
        try:
            return await self._begin(device, events, callback)
        except SourceError:  # its URLs may have changed, or it is in another network
            self._line.forget_device()
        device = await self._line.device()
        if _gateway(device) != gateway:
            raise SourceError(f"UPnP events: the gateway is {device.host} now, no longer {gateway}")
        return await self._begin(device, events, callback)

    async def _pause(self, seconds: float, spacing: float, events: _Events) -> None:
        """Wait, so long at most and `spacing` at least, until there is a reason to ask the gateway."""
        await asyncio.sleep(spacing)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds - spacing):
                await self._wake.wait()
        if events.changed:
            await asyncio.sleep(DOUBT)
        self._wake.clear()

    async def _end(self, events: _Events) -> None:
        """Unsubscribe.  If the gateway does not hear it, the subscription ends when its time is over."""
        url, sid = events.url, events.sid
        events.stop()
        if sid:
            with suppress(SourceError, TimeoutError):
                async with asyncio.timeout(FAREWELL):
                    await self._send(gena.unsubscribe(url, sid))

    def _towards(self, gateway: IPv4Address) -> IPAddress:
        with self._line.udp(RRType.A) as probe:
            return routers.address_towards(probe, gateway)

    async def _send(self, request: Request) -> Reply:
        try:
            return await self._line.near().send(request)
        except ProviderError as error:
            raise SourceError(f"UPnP events: {error}") from error


class _Events:
    """The events of all subscriptions, one after the other, told as hints if they tell something new."""

    def __init__(self, uplink: str | None, tell: Tell, wake: asyncio.Event, once: Once) -> None:
        self.url = self.sid = ""
        self.missing = False  # has an event got lost?
        self.changed = False  # did one tell a change, so that another may have got lost beside it?
        self._uplink, self._tell, self._wake, self._once = uplink, tell, wake, once
        self._seq: int | None = None
        self._address: str | None = None
        self._asking = False
        self._early: list[tuple[gena.Notice, bytes]] = []

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """While the gateway is asked for a subscription: its first event may come before its answer."""
        self._asking, self._early = True, []
        try:
            yield
        finally:
            self._asking, self._early = False, []

    def start(self, url: str, sid: str) -> None:
        self.url, self.sid = url, sid
        self.missing, self.changed, self._seq = False, False, None
        for notice, body in self._early:
            if notice.sid == sid:
                self._hear(notice, body)

    def stop(self) -> None:
        self.start("", "")

    async def notified(self, headers: Mapping[str, str], body: bytes) -> int:
        """The HTTP status for one NOTIFY, after what it says has been told."""
        notice = gena.notice(headers)
        if notice is None or not notice.sid:
            return 400
        if notice.sid == self.sid:
            return self._hear(notice, body)
        if self._asking:
            # Not kept waiting: a gateway may answer us only when its first event has been accepted.
            self._early = [*self._early, (notice, body)][-EARLY:]
            return 200
        return 412

    def _hear(self, notice: gena.Notice, body: bytes) -> int:
        try:
            said = gena.properties(body).get(gena.ADDRESS)
        except SourceError as error:
            self._once.warn(str(error), f"UPnP events: the gateway {error}; ignored")
            return 400
        first = self._seq is None
        self._count(notice.seq, complete=said is not None)
        if said is not None and said != self._address:
            self._address = said
            if not first:
                self.changed = True
                self._wake.set()
            address = gena.address(said)
            says = f"the gateway's UPnP event names {address or 'no address: its line is down'}"
            self._tell(Hint("upnp", says, self._uplink, address))
        return 200

    def _count(self, seq: int, *, complete: bool) -> None:
        """Is this the next one?  If not, what was in between has not been heard.

        Of a first event that has the address nothing is missing, however the gateway counts.
        """
        if self._seq is None:
            in_order = complete or seq == 0
        else:
            in_order = seq in (self._seq, gena.following(self._seq))
        self._seq = seq
        if not in_order:
            self.missing = True
            self._wake.set()


def _gateway(device: Device) -> IPv4Address:
    """Its address; `SourceError` if it has no events, or would have them ordered from somebody else."""
    if not device.event_url:
        raise SourceError(f"gateway {device.host}: offers no UPnP events")
    try:
        gateway, there = IPv4Address(device.host), urlsplit(device.event_url).hostname
    except ValueError as error:
        raise SourceError(f"gateway {device.host}: offers UPnP events at what is no URL") from error
    if there != str(gateway):
        raise SourceError(f"gateway {gateway}: offers UPnP events at another machine; ignored")
    return gateway
