"""Questions to the system's recursive resolvers: who is authoritative for a zone, and where are they.

Only for that.  What a name holds is never decided by a recursive answer: caches and home routers lie.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from ..core.dns import Name, Server
from ..core.errors import ProviderError, Unreachable
from ..wire import dns
from .dns import addresses, ask
from .way import Way

_RESOLV_CONF = Path("/etc/resolv.conf")
_PATIENCE = 1.0  # seconds that one server has to tell the address of a name server
_ALL_PATIENCE = 2.0  # seconds that all of them have

_MOST_SERVERS = 16  # of a zone that are asked; who lists thousands wants us to ask for thousands

_Peer = tuple[str, int, bool]  # address and port of a server, and whether it shall ask others for us


async def servers(
    owner: Name, primary: tuple[str, int] | None, way: Way | None = None
) -> tuple[Name, list[Server]]:
    """The apex of the zone of `owner` and its authoritative servers, the configured primary first.

    The primary is asked by that way; the system's resolvers are in the local network, as a rule.
    A server whose address cannot be found is among them, without one.  Raises `Unreachable` if nobody
    can say which servers there are.
    """
    if primary is None:
        apex, names, teller = await _zone_servers(owner)
        return apex, await _placed(names, teller)
    host, port = primary
    first = Server(host if port == 53 else f"{host} port {port}", (await addresses(host))[0], port)
    try:
        soa = await ask(first.address, port, owner.text, dns.SOA, way=way)
        found = soa.apex(owner)
        listed = await ask(first.address, port, found.text, dns.NS, way=way) if found else soa
    except ProviderError:
        return owner, [first]  # it is out of order, which the question for the address will tell
    apex = found or owner
    others = await _placed(_names(listed, apex), (first.address, port, False))
    return apex, [first, *(other for other in others if other.address != first.address)]


async def _placed(names: Sequence[str], teller: _Peer) -> list[Server]:
    names = names[:_MOST_SERVERS]
    places = await asyncio.gather(*(_place(name, teller) for name in names))
    return [Server(name, *place) for name, place in zip(names, places, strict=True)]


async def _zone_servers(owner: Name) -> tuple[Name, list[str], _Peer]:
    """The nearest apex above `owner`, its NS names, and the resolver that told them."""
    trouble: ProviderError = Unreachable("this system has no DNS resolver")
    for resolver in recursive():
        try:
            for name in owner.ancestors():
                answer = await ask(resolver, 53, name.text, dns.NS, recursive=True)
                if answer.rcode not in (dns.Rcode.NOERROR, dns.Rcode.NXDOMAIN):
                    raise Unreachable(f"resolver {resolver}: {dns.Rcode.name_of(answer.rcode)}")
                if names := _names(answer, name):
                    return name, names, (resolver, 53, True)
        except ProviderError as error:
            trouble = error
            continue
        raise Unreachable(f"nobody is authoritative for {owner}")
    raise trouble


async def _place(name: str, teller: _Peer) -> tuple[str, int]:
    """An address of a name server; the empty one if nobody tells it in time."""
    try:
        async with asyncio.timeout(_ALL_PATIENCE):
            return await _asked_for(name, teller)
    except TimeoutError:
        return "", 53


async def _asked_for(name: str, teller: _Peer) -> tuple[str, int]:
    """As the one says who named the server, else as the resolvers say."""
    others = [(resolver, 53, True) for resolver in recursive()]
    for host, port, wish in dict.fromkeys([teller, *others]):
        for rdtype in (dns.A, dns.AAAA):
            try:
                async with asyncio.timeout(_PATIENCE):
                    answer = await ask(host, port, name, rdtype, recursive=wish)
            except (ProviderError, TimeoutError):
                break  # the next one may know it; no address at all is told by the empty one
            for row in answer.answer:
                if isinstance(row.data, IPv4Address | IPv6Address):
                    return str(row.data), 53
    return "", 53


def _names(message: dns.Message, apex: Name) -> list[str]:
    """The name servers of that zone, in a stable order; not those of an alias' target."""
    rows = (*message.answer, *message.authority)
    return sorted(
        {
            str(r.data)
            for r in rows
            if r.rdtype == dns.NS and r.owner == apex.text and isinstance(r.data, str)
        }
    )


def recursive() -> list[str]:
    """Addresses of the system's resolvers, in its order; at most three, as resolv.conf(5) has it."""
    return list(dict.fromkeys(_valid(_configured())))[:3]


if sys.platform == "win32":
    import winreg

    def _configured() -> Iterator[str]:
        """What each interface was given, by hand or by DHCP."""
        for root in ("Tcpip", "Tcpip6"):
            path = rf"SYSTEM\CurrentControlSet\Services\{root}\Parameters\Interfaces"
            try:
                with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path) as interfaces:
                    for index in range(winreg.QueryInfoKey(interfaces)[0]):
                        with winreg.OpenKey(interfaces, winreg.EnumKey(interfaces, index)) as interface:
                            yield from _values(interface)
            except OSError:
                continue  # this family is not installed

    def _values(interface: winreg.HKEYType) -> Iterator[str]:

        for value in ("NameServer", "DhcpNameServer"):
            try:
                text = str(winreg.QueryValueEx(interface, value)[0])
            except OSError:
                continue  # not set
            yield from text.replace(",", " ").split()

else:

    def _configured() -> Iterator[str]:
        try:
            lines = _RESOLV_CONF.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return  # none: the caller says that there is no resolver
        for line in lines:
            words = line.split()
            if len(words) > 1 and words[0] == "nameserver":
                yield words[1]


def _valid(texts: Iterator[str]) -> Iterator[str]:
    for text in texts:
        try:
            yield str(ip_address(text))
        except ValueError:
            continue  # not an address, so nothing to ask
