"""What is made of what a router says."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from homeport.agent.observe import look as judged
from homeport.core.dns import RRType
from homeport.core.errors import SourceError
from homeport.sources.base import InterfaceAddress
from homeport.wire import igd

from .world import ID, FakeNet, look, one

A, AAAA = RRType.A, RRType.AAAA
HERE = IPv4Address("192.168.1.10")


def fails(source: str, net: FakeNet, said: str, rrtype: RRType = A) -> None:
    with pytest.raises(SourceError, match=said):
        look(one(source, rrtype), net, rrtype)


def natpmp(address: str, result: int = 0) -> Callable[[bytes], bytes]:
    return lambda payload: struct.pack("!BBHI4s", 0, 128, result, 3600, IPv4Address(address).packed)


def upnp(address: str) -> FakeNet:
    return FakeNet(device=lambda action: {"NewExternalIPAddress": address})


# NAT-PMP


def test_by_nat_pmp_the_gateway_is_asked_for_its_external_address() -> None:
    net = FakeNet(datagrams=natpmp("203.0.113.7"))
    assert look(one("gateway:nat-pmp"), net) == ["203.0.113.7"]
    assert net.sent == [("192.168.1.1", 5351, A)]
    fails("gateway:nat-pmp", FakeNet(datagrams=natpmp("0.0.0.0", 3)), "line is down")
    fails("gateway:nat-pmp", FakeNet(datagrams=natpmp("0.0.0.0")), "line is down")


# UPnP


def test_by_upnp_the_gateway_is_asked_for_its_external_address() -> None:
    net = upnp("203.0.113.7")
    assert look(one("gateway:upnp"), net) == ["203.0.113.7"]
    assert net.actions == [igd.ADDRESS]
    assert net.forgotten == 0


@pytest.mark.parametrize("address", ["", "0.0.0.0", "none"])
def test_a_connection_that_is_down_is_looked_for_anew(address: str) -> None:
    net = upnp(address)
    fails("gateway:upnp", net, "line is down" if address != "none" else "'none', which is no IPv4 address")
    assert net.forgotten == 1


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("192.168.0.10", "192.168.0.10 is a private address"),
        ("100.64.1.2", "100.64.1.2 is a carrier-grade NAT address"),
        ("127.0.0.1", "loopback"),
        ("224.0.0.1", "multicast"),
    ],
)
def test_an_address_that_nobody_reaches_is_refused_however_it_was_told(address: str, said: str) -> None:
    for source, net in (
        ("gateway:upnp", upnp(address)),
        ("gateway:nat-pmp", FakeNet(datagrams=natpmp(address))),
        ("gateway:pcp", pcp_net(address)[0]),
    ):
        reading = asyncio.run(judged(one(source), net, A, (), lambda: 0.0))
        assert reading.addresses is None
        assert said in str(reading.error)
        assert reading.refused == {ip_address(address)}


# PCP


def pcp_net(address: str, result: int = 0, deleted: bool = True) -> tuple[FakeNet, list[bytes]]:
    """A gateway that maps, and what it was asked."""
    asked: list[bytes] = []

    def server(payload: bytes) -> bytes:
        asked.append(payload)
        if len(asked) > 1 and not deleted:
            raise SourceError("refused")
        mapped = bytes(10) + b"\xff\xff" + IPv4Address(address).packed
        lifetime = payload[4:8]
        return b"\2\x81\0" + bytes([result]) + lifetime + bytes(16) + payload[24:44] + mapped

    return FakeNet(datagrams=server, routes={A: HERE}), asked


def test_by_pcp_a_mapping_is_made_for_the_address_and_deleted() -> None:
    net, asked = pcp_net("203.0.113.7")
    assert look(one("gateway:pcp"), net) == ["203.0.113.7"]
    assert net.sent == [("192.168.1.1", 5351, A)] * 2
    made, deleted = asked
    assert (made[4:8], deleted[4:8]) == (bytes([0, 0, 0, 120]), bytes(4))
    assert made[24:42] == deleted[24:42]
    assert made[24:36] == ID
    assert made[8:24] == bytes(10) + b"\xff\xff" + HERE.packed


def test_an_address_is_told_although_the_deletion_got_lost() -> None:
    assert look(one("gateway:pcp"), pcp_net("203.0.113.7", deleted=False)[0]) == ["203.0.113.7"]


def test_what_was_not_mapped_is_not_deleted() -> None:
    net, asked = pcp_net("203.0.113.7", result=2)
    fails("gateway:pcp", net, "refused: PCP is switched off")
    assert len(asked) == 1


def test_an_older_gateway_is_told_with_the_word_to_write() -> None:
    net = FakeNet(datagrams=lambda payload: bytes.fromhex("0080000100000e10"), routes={A: HERE})
    fails("gateway:pcp", net, "write gateway:nat-pmp")


# The prefix of a FRITZ!Box


def at(text: str, **flags: bool) -> InterfaceAddress:
    interface, address = text.split()
    return InterfaceAddress(interface, ip_address(address), **flags)


PREFIX = {"NewIPv6Prefix": "2a01:71a0:8406:7600::", "NewPrefixLength": "56"}
OTHERS = [
    at("lo ::1"),
    at("eth0 fe80::1"),
    at("eth0 fd00::5"),
    at("eth0 2a01:71a0:8406:7600:9::1", temporary=True),
    at("eth0 2a01:71a0:8406:7601::1", deprecated=True),
    at("eth0 2a01:71a0:8406:7602::1", tentative=True),
    at("eth0 2a01:71a0:8406:7500::5"),  # of the prefix of yesterday
    at("eth0 192.168.178.20"),
]


def box(*here: InterfaceAddress, **said: str) -> FakeNet:
    return FakeNet(here=[*OTHERS, *here], device=lambda action: PREFIX | said)


def test_the_stable_address_within_the_delegated_prefix_is_told() -> None:
    net = box(at("eth0 2a01:71a0:8406:7600::20"))
    assert look(one("gateway", AAAA), net, AAAA) == ["2a01:71a0:8406:7600::20"]
    assert net.actions == [igd.PREFIX]
    deep = box(at("eth0 2a01:71a0:8406:76ff::20"))
    assert look(one("gateway", AAAA), deep, AAAA) == ["2a01:71a0:8406:76ff::20"]


def test_of_several_it_is_the_one_that_the_interface_would_tell() -> None:
    net = box(at("wlan0 2a01:71a0:8406:7600::9"), at("eth0 2a01:71a0:8406:7600::20"))
    net.here = [entry for entry in net.here if "7500" not in str(entry.address)]
    net.routes[AAAA] = IPv6Address("2a01:71a0:8406:7600::20")
    assert look(one("gateway", AAAA), net, AAAA) == ["2a01:71a0:8406:7600::20"]
    assert look(one("interface", AAAA), net, AAAA) == ["2a01:71a0:8406:7600::20"]


def test_a_prefix_without_an_address_here_is_named() -> None:
    fails("gateway", box(), "has the prefix 2a01:71a0:8406:7600::/56, but no stable address of this", AAAA)
    fails("gateway", box(NewIPv6Prefix="::", NewPrefixLength="0"), "no IPv6 prefix at the moment", AAAA)
