"""One uplink of this machine: the real `sources.base.Net`.

Every socket is bound to the uplink's interface or source address, so that what a source says is said
of this line and no other.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import secrets
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

from ..core import commandline
from ..core.children import inherited
from ..core.device import Device
from ..core.dns import IPAddress, RRType
from ..core.errors import ConfigError, SourceError
from ..core.fritzbox import Box
from ..core.neighbours import NeighbourAddress
from ..core.secret import Secret
from ..sources.base import InterfaceAddress
from . import interfaces
from .http import HttpTransport
from .way import FAMILIES, SPOKEN, Way

FAR = {RRType.A: "1.1.1.1", RRType.AAAA: "2606:4700:4700::1111"}  # never sent to: only routed to
DISCARD = 9  # RFC 863: whoever gets it throws it away
LIMIT = 65_536  # octets of a page, a file, or a command's output
DATAGRAM = 4096  # octets; no answer that is waited for comes near it
FIRST_RESEND, LAST_RESEND = 0.5, 4.0  # seconds; doubled each time (RFC 8489, 6.2.1)


class UplinkNet:
    """See `sources.base.Net`.  `proxy` is for HTTP only, as `http://[user:password@]host:port`.

    `withheld` are variables of the environment that no command gets to see.
    Where only Linux can bind to an interface, its present address of the family is bound to instead.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        interface: str | None = None,
        source_address: IPAddress | None = None,
        proxy: Secret | None = None,
        withheld: Collection[str] = (),
        noted: Callable[[Sequence[NeighbourAddress]], None] | None = None,
    ) -> None:
        self._noted = noted  # is told each neighbour table
        self._user_agent = user_agent
        self._interface = interface
        self._source_address = source_address
        self._proxy = proxy
        self._withheld = withheld
        self._http: dict[
            tuple[RRType | None, bool, bool, Path | None, str | None],
            tuple[IPAddress | None, HttpTransport],
        ] = {}
        self._upnp: Any = None  # net.igd.Igd, once somebody asks the gateway
        self._boxes: dict[Box, Any] = {}  # net.fritzbox.FritzBox of each that was asked
        self._closing: set[asyncio.Task[None]] = set()

    def http(self, rrtype: RRType | None, *, written: bool = False) -> HttpTransport:
        """Kept for the next time.  Raises `SourceError` if this uplink has no such family."""
        return self._transport(rrtype, written=written, near=False)

    def near(self, ca_file: Path | None = None, authorities: str | None = None) -> HttpTransport:
        """HTTP to the gateway: no proxy leads there, and it answers at once or not at all."""
        return self._transport(RRType.A, written=False, near=True, ca_file=ca_file, authorities=authorities)

    def _transport(
        self,
        rrtype: RRType | None,
        *,
        written: bool,
        near: bool,
        ca_file: Path | None = None,
        authorities: str | None = None,
    ) -> HttpTransport:
        source = self.source(rrtype, strict=not written)
        key = rrtype, written, near, ca_file, authorities
        known, transport = self._http.get(key, (None, None))
        if transport is not None:
            if known == source:
                return transport
            self._retire(transport)
        transport = HttpTransport(
            user_agent=self._user_agent,
            family=rrtype,
            strict_family=not written,
            interface=self._interface if sys.platform == "linux" else None,
            source_address=source,
            proxy=None if near else self._proxy,
            ca_file=ca_file,
            authorities=authorities,
            limit=LIMIT,
            connect_timeout=2.0 if near else 10.0,
            timeout=3.0 if near else 20.0,
        )
        self._http[key] = source, transport
        return transport

    async def aclose(self) -> None:
        """Close all connections."""
        while self._http:
            _, (_, transport) = self._http.popitem()
            self._retire(transport)
        while self._closing:
            await asyncio.gather(*self._closing)

    async def datagram(self, host: str, port: int, payload: bytes, rrtype: RRType) -> bytes:
        address = await resolve(host, port, rrtype)
        with self.udp(rrtype) as sock:
            try:
                sock.connect(address)  # of a datagram socket: a note to the kernel, nothing is sent
                return await _exchange(sock, payload)
            except OSError as error:
                raise SourceError(f"{host} port {port}: {_why(error)}") from error

    async def addresses(self) -> Sequence[InterfaceAddress]:
        return self._addresses()

    async def neighbours(self) -> Sequence[NeighbourAddress]:
        try:
            table = interfaces.neighbours()
        except (OSError, subprocess.SubprocessError) as error:
            raise SourceError(f"the system does not tell its neighbours: {error}") from error
        if self._noted is not None:
            self._noted(table)
        return table

    async def nudge(self, addresses: Sequence[IPv6Address]) -> None:
        """By an empty datagram to each (RFC 4861, 7.2.2), from whatever interface leads there."""
        try:
            sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        except OSError as error:
            raise SourceError(f"this system has no IPv6: {_why(error)}") from error
        with sock:
            sock.setblocking(False)
            for address in addresses:
                with suppress(OSError):  # no way there: the table will tell
                    sock.sendto(b"", (str(address), DISCARD))

    async def route(self, rrtype: RRType) -> IPAddress:
        with self.udp(rrtype) as sock:
            try:
                sock.connect((FAR[rrtype], 53))
            except OSError as error:
                raise SourceError(f"no {SPOKEN[rrtype]} route to the Internet ({_why(error)})") from error
            address = ip_address(sock.getsockname()[0].partition("%")[0])
        if address.is_unspecified:
            raise SourceError(f"no {SPOKEN[rrtype]} route to the Internet")
        return address

    async def gateway(self) -> IPv4Address:
        try:
            found = interfaces.gateway(self._device())
        except (OSError, subprocess.SubprocessError) as error:
            raise SourceError(f"the system does not tell its default gateway: {error}") from error
        if found is None:
            raise SourceError(
                f"no default IPv4 gateway{f' on {self._interface}' if self._interface else ''}"
            )
        return found

    async def device(self) -> Device:
        """The UPnP connection of the gateway: remembered; `SourceError` if there is none."""
        device: Device = await self._igd().device()
        return device

    def forget_device(self) -> None:
        self._igd().forget()

    async def soap(self, action: str) -> Mapping[str, str]:
        said: Mapping[str, str] = await self._igd().ask(action)
        return said

    async def fritzbox(self, box: Box, action: str) -> Mapping[str, str]:
        if box not in self._boxes:
            from .fritzbox import FritzBox  # noqa: PLC0415 - most agents never ask one

            self._boxes[box] = FritzBox(self, box)
        said: Mapping[str, str] = await self._boxes[box].ask(action)
        return said

    async def command(self, command: str) -> tuple[int, bytes]:
        """Its errors go nowhere: they might quote what it was called with.  No shell reads the line.

        If the caller gives up, the command and what it has started are killed.
        """
        try:
            words = _split(command)
        except ConfigError as error:
            raise SourceError(str(error)) from error
        settings: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            settings = {"creationflags": subprocess.CREATE_NO_WINDOW}
        # Shielded: asyncio kills a command that is given up while it starts, but not what that has started.
        starting = asyncio.ensure_future(
            asyncio.get_running_loop().subprocess_exec(
                _Output,
                _program(words[0]),
                *words[1:],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=inherited(os.environ, self._withheld),
                **settings,
            )
        )
        try:
            transport, protocol = await asyncio.shield(starting)
        except OSError as error:
            raise SourceError(f"cannot be run: {_why(error)}") from error
        except asyncio.CancelledError:
            with suppress(OSError):  # it could not be run
                await _end(*await starting)
            raise
        try:
            output = await protocol.ended
        except BaseException:
            await _end(transport, protocol)
            raise
        transport.close()
        return transport.get_returncode() or 0, output

    async def file(self, path: str) -> str:
        """UTF-8, or UTF-16 with a byte order mark, which PowerShell writes."""
        return await asyncio.to_thread(_text, path)  # a network drive may keep it waiting

    def identity(self) -> bytes:
        return secrets.token_bytes(12)

    def _igd(self) -> Any:
        if self._upnp is None:
            from .igd import Igd  # noqa: PLC0415 - most agents never ask a gateway by UPnP

            self._upnp = Igd(self)
        return self._upnp

    def _retire(self, transport: HttpTransport) -> None:
        task = asyncio.get_running_loop().create_task(transport.aclose())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _addresses(self) -> list[InterfaceAddress]:
        try:
            return interfaces.addresses()
        except OSError as error:
            raise SourceError(f"the system does not tell its addresses: {_why(error)}") from error

    def _device(self) -> str | None:
        """The interface of this uplink, if it is bound at all."""
        if self._interface is None and self._source_address is not None:
            every = self._addresses()
            return next((e.interface for e in every if e.address == self._source_address), None)
        return self._interface

    def source(self, rrtype: RRType | None, *, strict: bool = True) -> IPAddress | None:
        """The address to bind to, if any; `SourceError` if it must be of that family and is not."""
        source = self._source_address
        if source is not None:
            if strict and rrtype not in (None, RRType.of(source)):
                raise SourceError(f"this uplink sends from {source} and has no {_address_of(rrtype)}")
            return source
        if self._interface is None or sys.platform == "linux":
            return None
        for entry in self._addresses():
            fitting = rrtype in (None, RRType.of(entry.address)) and not entry.address.is_link_local
            if entry.interface == self._interface and fitting and not (entry.tentative or entry.deprecated):
                return entry.address
        if strict:
            raise SourceError(f"{self._interface} has no {_address_of(rrtype)} to send from")
        return None

    def way(self) -> Way | None:
        """For what does not ask for addresses, and may take this uplink; None if it is not bound.

        Raises `SourceError` if it is, and has no address.
        """
        if self._interface is None and self._source_address is None:
            return None
        return Way(interface=self._interface if sys.platform == "linux" else None, source=self.source(None))

    def attach(self, sock: socket.socket, rrtype: RRType) -> None:
        """Make a socket leave by this uplink.  Raises `SourceError` if it cannot."""
        source = self.source(rrtype)
        try:
            if self._interface is not None and sys.platform == "linux":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self._interface.encode())
            if source is not None:
                sock.bind((str(source), 0))
        except OSError as error:
            raise SourceError(f"cannot send from {source or self._interface}: {_why(error)}") from error

    def udp(self, rrtype: RRType) -> socket.socket:
        """A datagram socket that leaves by this uplink and does not block; the caller closes it.

        Raises `SourceError` if this uplink has no such family.
        """
        try:
            sock = socket.socket(FAMILIES[rrtype], socket.SOCK_DGRAM)
        except OSError as error:
            raise SourceError(f"this system has no {SPOKEN[rrtype]}: {_why(error)}") from error
        try:
            sock.setblocking(False)
            self.attach(sock, rrtype)
        except SourceError:
            sock.close()
            raise
        return sock


class _Output(asyncio.SubprocessProtocol):
    """Collects what a command prints until it has ended and all its ends of the pipe are closed."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.exited = asyncio.Event()
        self._output = bytearray()

    def process_exited(self) -> None:
        self.exited.set()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._output += data
        if len(self._output) > LIMIT and not self.ended.done():
            self._output.clear()
            self.ended.set_exception(SourceError(f"printed more than {LIMIT} octets"))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(bytes(self._output))


_split = commandline.windows if sys.platform == "win32" else commandline.posix


def _program(name: str) -> str:
    """Its path where that is found, since Windows would not find what PATHEXT adds to a name."""
    import shutil  # noqa: PLC0415 - only a `command:` pays for it

    return shutil.which(name) or name


async def _end(transport: asyncio.SubprocessTransport, protocol: _Output) -> None:
    """Kill the command and all that it has started."""
    await _kill(transport.get_pid())
    await protocol.exited.wait()
    transport.close()


async def _kill(pid: int) -> None:
    if sys.platform == "win32":
        ended = await asyncio.create_subprocess_exec(
            "taskkill", "/F", "/T", "/PID", str(pid), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        await ended.wait()
    else:
        with suppress(ProcessLookupError):  # it has ended by itself
            os.killpg(pid, signal.SIGKILL)


def _text(path: str) -> str:
    place = Path(path)
    try:
        if not stat.S_ISREG(place.stat().st_mode):  # a pipe would keep everything waiting
            raise SourceError(f"{path} is not a regular file")
        with place.open("rb") as stream:
            octets = stream.read(LIMIT + 1)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {_why(error)}") from error
    except ValueError as error:  # a NUL in the path
        raise SourceError("there can be no file of that name") from error
    if len(octets) > LIMIT:
        raise SourceError(f"{path} has more than {LIMIT} octets")
    wide = octets.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return octets.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not text in UTF-8") from error


async def resolve(host: str, port: int, rrtype: RRType) -> Any:
    """The first socket address of that family; `SourceError` if there is none."""
    name, family = host.encode(), FAMILIES[rrtype]  # octets: for text, Python loads its "idna" codec
    try:
        try:
            found = socket.getaddrinfo(
                name, port, family, socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
            )
        except socket.gaierror:  # a name, not an address
            found = await asyncio.get_running_loop().getaddrinfo(
                name, port, family=family, type=socket.SOCK_DGRAM
            )
    except OSError as error:
        raise SourceError(f"no {SPOKEN[rrtype]} address found for {host} ({_why(error)})") from error
    return found[0][4]


async def _exchange(sock: socket.socket, payload: bytes) -> bytes:
    """Send, and again after ever longer waits, until there is an answer.  Raises `OSError`."""
    loop = asyncio.get_running_loop()
    answer = asyncio.ensure_future(loop.sock_recv(sock, DATAGRAM))
    wait = FIRST_RESEND
    try:
        while True:
            await loop.sock_sendall(sock, payload)
            await asyncio.wait({answer}, timeout=wait)
            if answer.done():
                return answer.result()
            wait = min(2 * wait, LAST_RESEND)
    finally:
        answer.cancel()
        await asyncio.wait({answer})  # the loop must have let go of the socket before it is closed
        if not answer.cancelled():
            answer.exception()


def _address_of(rrtype: RRType | None) -> str:
    return f"{SPOKEN[rrtype]} address" if rrtype else "address"


def _why(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
