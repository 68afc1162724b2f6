"""Ask one thing over one line: does anybody answer?

An answer is all that counts: an echo reply, an open TCP port, an HTTP status that shows no trouble of
the server.  Every packet leaves by the uplink.  Names are a weak spot: the resolver may sit behind the
very line that is lost, or behind another one, so the last known addresses of a name are used while it
cannot be found.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import sys
from ipaddress import IPv6Address, ip_address

from ..core.dns import IPAddress, RRType
from ..core.errors import ProviderError, SourceError
from ..core.probe import Probe
from ..wire import icmp
from ..wire.http import Request
from .uplink import UplinkNet
from .way import FAMILIES, SPOKEN

RESOLVER = 1.0  # seconds for the resolver; then the addresses that were known before are used
DATAGRAM = 2048  # octets; no echo reply of ours comes near it
_PROTOCOLS = {RRType.A: socket.IPPROTO_ICMP, RRType.AAAA: socket.IPPROTO_ICMPV6}
_ROOT_ONLY = (
    "this system lets only root send pings: allow all groups to, with "
    "sysctl net.ipv4.ping_group_range='0 2147483647', or write a tcp: probe"
)


class Prober:
    """Runs the probes of one line; remembers the addresses of the names it asked for."""

    def __init__(self, net: UplinkNet) -> None:
        self._net = net
        self._known: dict[str, list[IPAddress]] = {}  # of each name, the first of each family
        self._asking: dict[str, asyncio.Future[list[IPAddress]]] = {}

    async def ask(self, probe: Probe, patience: float) -> str | None:
        """None if there is an answer within `patience` seconds, else what there was instead.

        Raises `SourceError` if this machine cannot ask at all, which says nothing about the line.
        """
        try:
            async with asyncio.timeout(patience):
                return await self._ask(probe, patience)
        except TimeoutError:
            return f"no answer within {patience:g} s"

    async def _ask(self, probe: Probe, patience: float) -> str | None:
        addresses, fresh = await self._find(probe.host)
        if probe.kind == "http" and fresh:
            return await self._page(probe)
        asked = [
            self._echo(address, patience) if probe.kind == "icmp" else self._connect(address, probe.port)
            for address in addresses
        ]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        told = [answer for answer in answers if not isinstance(answer, BaseException)]
        if None in told:
            return None
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return "; ".join(filter(None, told))

    # -- names -------------------------------------------------------------------------------------

    async def _find(self, host: str) -> tuple[list[IPAddress], bool]:
        """The first address of each family, and whether that is known by now, not from before."""
        try:
            return [ip_address(host)], True
        except ValueError:
            pass
        asking = self._asking.get(host)
        if asking is None:
            asking = self._asking[host] = asyncio.ensure_future(_resolve(host))
        await asyncio.wait({asking}, timeout=RESOLVER)  # a slow one goes on, for the next round
        if asking.done():
            self._asking.pop(host, None)
            try:
                self._known[host] = asking.result()
            except OSError:
                pass
            else:
                return self._known[host], True
        if host in self._known:
            return self._known[host], False
        raise SourceError(f"no address found for {host}; write an address, which needs no resolver")

    async def aclose(self) -> None:
        """Forget the questions that nobody answered yet."""
        late = list(self._asking.values())
        self._asking.clear()
        for asking in late:
            asking.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    # -- the three ways to ask -----------------------------------------------------------------------

    async def _page(self, probe: Probe) -> str | None:
        try:
            reply = await self._net.http(None, written=True).send(Request("HEAD", probe.url))
        except (ProviderError, SourceError) as error:
            return str(error).partition(": ")[2] or str(error)
        # 501 is the answer of a server that knows GET only (RFC 9110, 15.6.2).
        return None if reply.status < 500 or reply.status == 501 else f"answered {reply.status}"

    async def _connect(self, address: IPAddress, port: int) -> str | None:
        try:
            await self._net.http(RRType.of(address)).reach(str(address), port)
        except SourceError as error:
            return str(error)
        except OSError as error:
            return (error.strerror or str(error) or type(error).__name__).lower()
        return None

    async def _echo(self, address: IPAddress, patience: float) -> str | None:
        rrtype = RRType.of(address)
        if sys.platform == "win32":
            from . import windows_icmp  # noqa: PLC0415 - only there

            try:
                source = self._net.source(rrtype)
            except SourceError as error:
                return str(error)
            return await asyncio.to_thread(windows_icmp.echo, address, source, patience)
        try:
            sock = _icmp_socket(rrtype)
        except OSError as error:
            return f"this system has no {SPOKEN[rrtype]}: {(error.strerror or '').lower()}"
        with sock:
            try:
                self._net.attach(sock, rrtype)
                sock.connect(_endpoint(address))  # a note to the kernel, nothing is sent
                await _ping(sock, address.version)
            except SourceError as error:
                return str(error)
            except OSError as error:
                return (error.strerror or type(error).__name__).lower()
        return None


async def _resolve(host: str) -> list[IPAddress]:
    """The first address of each family.  Raises `OSError`."""
    loop = asyncio.get_running_loop()
    try:
        name = host.encode("ascii" if host.isascii() else "idna")  # octets: for text, the codec is loaded
    except UnicodeError as error:
        raise OSError(f"{host} is no host name") from error
    found = await loop.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    every = [ip_address(where[0]) for *_, where in found]
    first = {address.version: address for address in reversed(every)}
    return list(first.values())


def _icmp_socket(rrtype: RRType) -> socket.socket:
    """For everybody where the system allows it (icmp(7), ping_group_range), else a raw one."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            sock = socket.socket(FAMILIES[rrtype], kind, _PROTOCOLS[rrtype])
        except PermissionError:
            continue
        sock.setblocking(False)
        return sock
    raise SourceError(_ROOT_ONLY)


def _endpoint(address: IPAddress) -> tuple[str, int] | tuple[str, int, int, int]:
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return str(address).partition("%")[0], 0, 0, socket.if_nametoindex(address.scope_id)
    return str(address), 0


async def _ping(sock: socket.socket, version: int) -> None:
    """One echo request, and its reply.  Raises `OSError`; waits until the caller's deadline."""
    token = secrets.token_bytes(16)
    octets = icmp.request(version, secrets.randbits(16), token)
    loop = asyncio.get_running_loop()
    answer = asyncio.ensure_future(_reply(sock, version, token))
    try:
        await loop.sock_sendall(sock, octets)
        await asyncio.wait({answer})
        answer.result()
    finally:
        answer.cancel()
        await asyncio.wait({answer})  # the loop must have let go of the socket before it is closed
        if not answer.cancelled():
            answer.exception()


async def _reply(sock: socket.socket, version: int, token: bytes) -> None:
    loop = asyncio.get_running_loop()
    while True:
        heard = await loop.sock_recv(sock, DATAGRAM)
        if icmp.is_reply(version, heard, token):
            return
        await asyncio.sleep(0)  # whoever floods us shall not stop the rest of the agent
