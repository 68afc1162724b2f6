"""What the Linux kernel tells; the messages from it are in tests/net/test_system_events.py."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.system import AddressChange, DefaultRoute, LinkChange, RouteChange, Standing
from homeport.wire import rtnetlink
from homeport.wire.rtnetlink import changes, messages, neighbours

MAC = bytes.fromhex("02005e100001")


def attribute(kind: int, value: bytes) -> bytes:
    length = 4 + len(value)
    return struct.pack("=HH", length, kind) + value + bytes(-length % 4)


def message(kind: int, body: bytes, flags: int = 0) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 0, 0) + body + bytes(-len(body) % 4)


def address(
    text: str, *, flags: int = 0, scope: int = 0, gone: bool = False, peer: str | None = None
) -> bytes:
    found = ip_address(text)
    body = struct.pack("=BBBBI", 2 if found.version == 4 else 10, 24, flags & 0xFF, scope, 3)
    if peer is not None:
        body += attribute(1, ip_address(peer).packed) + attribute(2, found.packed)
    else:
        body += attribute(1, found.packed)
    return message(21 if gone else 20, body + attribute(8, struct.pack("=I", flags)))


def route(
    *attributes: bytes,
    family: int = 2,
    length: int = 0,
    kind: int = 1,
    flags: int = 0,
    table: int = 254,
    gone: bool = False,
    replaces: bool = False,
) -> bytes:
    body = struct.pack("=BBBBBBBBI", family, length, 0, 0, table, 3, 0, kind, flags)
    return message(25 if gone else 24, body + b"".join(attributes), 0x100 if replaces else 0)


def link(flags: int, *, name: str = "eth0", family: int = 0, gone: bool = False) -> bytes:
    body = struct.pack("=BxHiII", family, 1, 3, flags, 0) + attribute(3, name.encode() + b"\0")
    return message(17 if gone else 16, body)


def neighbour(text: str = "2001:db8::5", *, state: int = 0x02, mac: bytes = MAC) -> bytes:
    body = struct.pack("=BxxxiHBB", 10, 3, state, 0, 1)
    return message(28, body + attribute(1, ip_address(text).packed) + attribute(2, mac))


def number(value: int) -> bytes:
    return struct.pack("=I", value)


@pytest.mark.parametrize(
    ("flags", "standing"),
    [
        (0x80, Standing()),
        (0x01, Standing(temporary=True)),
        (0x21, Standing(temporary=True, deprecated=True)),
        (0x40, Standing(tentative=True)),
        (0x48, Standing(tentative=True)),  # and failed
        (0x800, Standing()),  # stable privacy: a flag that has no place in the old octet
    ],
)
def test_the_flags_of_an_ipv6_address_are_understood(flags: int, standing: Standing) -> None:
    found = AddressChange(3, IPv6Address("2001:db8::1"), standing)
    assert changes(address("2001:db8::1", flags=flags)) == [found]


def test_an_address_that_goes_has_no_standing() -> None:
    assert changes(address("203.0.113.7", gone=True)) == [
        AddressChange(3, IPv4Address("203.0.113.7"), None)
    ]


def test_of_a_point_to_point_line_the_own_address_is_taken() -> None:
    [found] = changes(address("203.0.113.7", peer="198.51.100.1"))
    assert found == AddressChange(3, IPv4Address("203.0.113.7"), Standing())


def test_a_secondary_ipv4_address_is_not_temporary() -> None:
    assert changes(address("203.0.113.7", flags=0x01)) == [
        AddressChange(3, IPv4Address("203.0.113.7"), Standing())
    ]


@pytest.mark.parametrize("scope", [253, 254, 255])
def test_addresses_of_no_global_scope_are_left_out(scope: int) -> None:
    assert changes(address("fe80::1", scope=scope)) == []


def test_a_default_route_is_understood() -> None:
    octets = route(
        attribute(4, number(3)), attribute(5, bytes([192, 168, 1, 1])), attribute(6, number(100))
    )
    expected = DefaultRoute(4, 254, 100, (3,), (IPv4Address("192.168.1.1"),))
    assert changes(octets) == [RouteChange(expected, there=True)]


def test_a_table_with_a_great_number_is_told_apart() -> None:
    octets = route(attribute(4, number(3)), attribute(15, number(1000)), table=252, gone=True)
    assert changes(octets) == [RouteChange(DefaultRoute(4, 1000, 0, (3,)), there=False)]


def test_a_route_with_several_ways_has_all_their_links_and_gateways() -> None:
    hops = b"".join(
        struct.pack("=HBBi", 16, 0, 0, index) + attribute(5, bytes([10, 0, 0, index])) for index in (3, 4)
    )
    expected = DefaultRoute(4, 254, 0, (3, 4), (IPv4Address("10.0.0.3"), IPv4Address("10.0.0.4")))
    assert changes(route(attribute(9, hops), replaces=True)) == [RouteChange(expected, True, True)]


def test_an_ipv4_route_may_have_an_ipv6_gateway() -> None:
    """RFC 8950."""
    via = struct.pack("=H", 10) + IPv6Address("fe80::1").packed
    [found] = changes(route(attribute(4, number(3)), attribute(18, via)))
    assert found == RouteChange(DefaultRoute(4, 254, 0, (3,), (IPv6Address("fe80::1"),)), there=True)


@pytest.mark.parametrize(
    "octets",
    [
        route(attribute(4, number(3)), length=24),
        route(attribute(4, number(3)), kind=7),  # unreachable
        route(attribute(4, number(3)), flags=0x200),  # made for one peer
        route(attribute(4, number(3)), family=7),
    ],
)
def test_routes_that_are_no_way_to_everywhere_are_left_out(octets: bytes) -> None:
    assert changes(octets) == []


@pytest.mark.parametrize(
    ("flags", "up", "running"), [(0x1 | 0x40, True, True), (0x1, True, False), (0x40, False, False)]
)
def test_a_link_runs_if_it_is_switched_on_and_has_a_carrier(flags: int, up: bool, running: bool) -> None:
    assert changes(link(flags)) == [LinkChange(3, "eth0", up, running)]


def test_a_link_that_goes_is_known_by_name() -> None:
    assert changes(link(0, name="ppp0", gone=True)) == [LinkChange(3, "ppp0", False, False, False)]


def test_loopback_and_what_a_bridge_says_of_its_ports_are_left_out() -> None:
    assert changes(link(0x8 | 0x41)) == []
    assert changes(link(0x41, family=7)) == []


def test_several_messages_of_one_datagram_are_all_heard() -> None:
    octets = address("203.0.113.7") + neighbour() + link(0x41) + route(attribute(4, number(3)))
    assert [type(change) for change in changes(octets)] == [AddressChange, LinkChange, RouteChange]


@pytest.mark.parametrize(
    ("state", "confirmed"), [(0x02, True), (0x80, True), (0x04, False), (0x08, False), (0x10, False)]
)
def test_a_neighbour_is_confirmed_while_it_is_reachable(state: int, confirmed: bool) -> None:
    assert neighbours(neighbour(state=state)) == [
        rtnetlink.Neighbour(3, IPv6Address("2001:db8::5"), MAC, confirmed)
    ]


@pytest.mark.parametrize("state", [0x00, 0x01, 0x20, 0x40])
def test_neighbours_that_do_not_answer_are_left_out(state: int) -> None:
    assert neighbours(neighbour(state=state)) == []


@pytest.mark.parametrize("mac", [b"", MAC[:4], MAC + MAC])
def test_neighbours_without_an_ethernet_address_are_left_out(mac: bytes) -> None:
    assert neighbours(neighbour(mac=mac)) == []


def test_a_request_asks_for_a_whole_table() -> None:
    [found] = messages(rtnetlink.request(rtnetlink.GET_NEIGHBOUR, 10))
    assert (found.kind, found.flags, found.body[0]) == (30, 0x301, 10)


SOUND = [
    address("2001:db8::1", flags=0x80),
    address("203.0.113.7", peer="198.51.100.1"),
    route(attribute(4, number(3)), attribute(5, bytes(4)), attribute(9, struct.pack("=HBBi", 8, 0, 0, 3))),
    route(attribute(18, struct.pack("=H", 10) + bytes(16))),
    link(0x41),
    neighbour(),
]


@pytest.mark.parametrize("octets", SOUND)
def test_what_is_cut_off_is_left_out(octets: bytes) -> None:
    for end in range(len(octets)):
        assert not changes(octets[:end])
        assert not neighbours(octets[:end])


@given(st.sampled_from(SOUND), st.data())
def test_no_broken_message_makes_trouble(octets: bytes, data: st.DataObject) -> None:
    broken = bytearray(octets)
    for place in data.draw(st.lists(st.integers(0, len(octets) - 1), max_size=8)):
        broken[place] = data.draw(st.integers(0, 255))
    changes(bytes(broken))
    neighbours(bytes(broken))


@given(st.integers(16, 30), st.binary(max_size=200))
def test_no_message_of_noise_makes_trouble(kind: int, noise: bytes) -> None:
    octets = message(kind, noise)
    changes(octets)
    neighbours(octets)


@given(st.binary(max_size=300))
def test_no_datagram_of_noise_makes_trouble(noise: bytes) -> None:
    assert len(list(messages(noise))) <= len(noise) // 16
    changes(noise)
    neighbours(noise)
