"""The gateway's connection to the Internet, as UPnP shows it: found once, then asked.

Nothing is believed that does not come from the default gateway, and no page is read elsewhere.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address
from typing import Protocol

from ..core.device import Device
from ..core.dns import IPAddress, RRType
from ..core.errors import ProviderError, SourceError
from ..wire import igd, ssdp
from ..wire.http import Reply, Request, Transport
from .ssdp import Search, prepare


class Line(Protocol):
    """What is needed of an uplink: `net.uplink.UplinkNet` has it."""

    async def gateway(self) -> IPv4Address: ...

    def near(self) -> Transport:
        """HTTP to the local network."""
        ...

    def source(self, rrtype: RRType | None) -> IPAddress | None:
        """The address that its sockets are bound to already, if any."""
        ...

    def udp(self, rrtype: RRType) -> socket.socket: ...


class Igd:
    """Remembers the device of its line.  Every method raises `SourceError` for what cannot be had."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._known: Device | None = None
        self._finding = asyncio.Lock()

    async def device(self) -> Device:
        """The gateway's connection; looked for if it is not known or if there is another gateway."""
        gateway = await self._line.gateway()
        async with self._finding:
            if self._known is None or self._known.host != str(gateway):
                self._known = None
                self._known = await self._find(gateway)
            return self._known

    def forget(self) -> None:
        """Look for it anew the next time."""
        self._known = None

    async def ask(self, action: str) -> dict[str, str]:
        """The answer to an action, by the names of its arguments."""
        remembered = self._known
        device = await self.device()
        try:
            reply = await self._control(device, action)
        except SourceError:
            self.forget()
            if device is not remembered:
                raise
            # It has restarted, and its port or its pages are others now.
            reply = await self._control(await self.device(), action)
        return igd.arguments(reply, action)

    async def _control(self, device: Device, action: str) -> Reply:
        """The reply, be it a UPnP error; `SourceError` if this is not the place to ask."""
        reply = await self._send(igd.request(device, action))
        if reply.status not in (200, 500):
            raise SourceError(f"answered with HTTP status {reply.status} where UPnP was expected")
        return reply

    async def _find(self, gateway: IPv4Address) -> Device:
        with self._search_socket(gateway) as sock:
            search = Search(sock, gateway)
            trouble: SourceError | None = None
            while (location := await search.next()) is not None:
                try:
                    return await self._read(location)
                except SourceError as error:
                    trouble = error
        raise trouble or SourceError(
            f"{gateway} does not answer by UPnP; switch it on in the settings of the router"
            ' (FRITZ!Box: "Transmit status information over UPnP"), or use another source'
        )

    async def _read(self, location: str) -> Device:
        """The connection that the description tells, the one that is up if there are several."""
        reply = await self._send(Request("GET", location))
        if reply.status != 200:
            raise SourceError(f"its UPnP description answered with HTTP status {reply.status}")
        found = igd.devices(reply.body, location)
        for device in found if len(found) > 1 else ():
            try:
                said = igd.arguments(await self._control(device, igd.STATUS), igd.STATUS)
            except SourceError:  # one that does not know its status is not the one to take
                continue
            if igd.connected(said):
                return device
        return found[0]

    async def _send(self, request: Request) -> Reply:
        try:
            return await self._line.near().send(request)
        except ProviderError as error:
            raise SourceError(str(error)) from error

    def _search_socket(self, gateway: IPv4Address) -> socket.socket:
        """Bound to the address that this line uses towards the gateway, and to no other."""
        with self._line.udp(RRType.A) as probe:
            try:
                probe.connect((str(gateway), ssdp.PORT))  # a note to the kernel, nothing is sent
                local = IPv4Address(probe.getsockname()[0])
            except OSError as error:
                raise SourceError(f"no way to the gateway {gateway} ({error.strerror})") from error
        sock = self._line.udp(RRType.A)
        try:
            if self._line.source(RRType.A) is None:
                sock.bind((str(local), 0))
            prepare(sock, local)
        except OSError as error:
            sock.close()
            raise SourceError(f"cannot ask from {local} ({error.strerror})") from error
        return sock
