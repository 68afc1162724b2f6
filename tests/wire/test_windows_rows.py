"""Windows' rows: their layout is that which a C compiler gives the structures of netioapi.h."""

from __future__ import annotations

import ctypes
import struct
from ctypes import c_int, c_int64, c_uint8, c_uint16, c_uint32, c_uint64
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.dns import IPAddress
from homeport.core.system import DefaultRoute, Standing
from homeport.wire import windows_rows
from homeport.wire.windows_rows import ADDRESS, HEAD, KEY, NEIGHBOUR, ROUTE, AddressRow, NeighbourRow

MAC = bytes.fromhex("02005e100001")


class SockaddrInet(ctypes.Structure):
    """SOCKADDR_INET, a union, as its greater half SOCKADDR_IN6."""

    _fields_ = [
        ("family", c_uint16),
        ("port", c_uint16),
        ("flow", c_uint32),
        ("address", c_uint8 * 16),
        ("scope", c_uint32),
    ]


class UnicastRow(ctypes.Structure):
    """MIB_UNICASTIPADDRESS_ROW."""

    _fields_ = [
        ("address", SockaddrInet),
        ("luid", c_uint64),
        ("index", c_uint32),
        ("prefix_origin", c_int),
        ("suffix_origin", c_int),
        ("valid", c_uint32),
        ("preferred", c_uint32),
        ("length", c_uint8),
        ("skip", c_uint8),
        ("dad_state", c_int),
        ("scope", c_uint32),
        ("created", c_int64),
    ]


class Prefix(ctypes.Structure):
    """IP_ADDRESS_PREFIX."""

    _fields_ = [("prefix", SockaddrInet), ("length", c_uint8)]


class ForwardRow(ctypes.Structure):
    """MIB_IPFORWARD_ROW2."""

    _fields_ = [
        ("luid", c_uint64),
        ("index", c_uint32),
        ("destination", Prefix),
        ("next_hop", SockaddrInet),
        ("site_prefix_length", c_uint8),
        ("valid", c_uint32),
        ("preferred", c_uint32),
        ("metric", c_uint32),
        ("protocol", c_int),
        ("truths", c_uint8 * 4),
        ("age", c_uint32),
        ("origin", c_int),
    ]


class NetRow(ctypes.Structure):
    """MIB_IPNET_ROW2."""

    _fields_ = [
        ("address", SockaddrInet),
        ("index", c_uint32),
        ("luid", c_uint64),
        ("physical", c_uint8 * 32),
        ("physical_length", c_uint32),
        ("state", c_int),
        ("flags", c_uint8),
        ("reachability", c_uint32),
    ]


class UnicastTable(ctypes.Structure):
    _fields_ = [("count", c_uint32), ("rows", UnicastRow * 2)]


class NetTable(ctypes.Structure):
    _fields_ = [("count", c_uint32), ("rows", NetRow * 2)]


def sockaddr(text: str) -> SockaddrInet:
    found = ip_address(text)
    if found.version == 4:
        return SockaddrInet.from_buffer_copy(struct.pack("<HH4s20x", 2, 0, found.packed))
    return SockaddrInet.from_buffer_copy(struct.pack("<HHI16sI", 23, 0, 0, found.packed, 0))


def unicast(text: str, *, prefix: int = 1, suffix: int = 1, state: int = 4) -> bytes:
    return bytes(
        UnicastRow(
            address=sockaddr(text),
            luid=2**64 - 1,
            index=12,
            prefix_origin=prefix,
            suffix_origin=suffix,
            valid=2**32 - 1,
            preferred=2**32 - 1,
            length=64,
            dad_state=state,
            created=-1,
        )
    )


def forward(destination: str, hop: str, length: int = 0) -> bytes:
    return bytes(
        ForwardRow(
            luid=2**64 - 1,
            index=12,
            destination=Prefix(sockaddr(destination), length),
            next_hop=sockaddr(hop),
            metric=35,
            origin=-1,
        )
    )


def net(text: str = "2001:db8::5", *, state: int = 5, length: int = 6) -> bytes:
    row = NetRow(address=sockaddr(text), index=12, luid=2**64 - 1, physical_length=length, state=state)
    row.physical[:6] = list(MAC)
    return bytes(row)


def test_the_rows_have_the_sizes_of_the_sdk() -> None:
    """80, 104 and 88 octets, 32 and 64 bits alike; a table's first row is aligned as its LUID is."""
    assert (ADDRESS.size, ctypes.sizeof(UnicastRow)) == (80, 80)
    assert (ROUTE.size, ctypes.sizeof(ForwardRow)) == (104, 104)
    assert (NEIGHBOUR.size, ctypes.sizeof(NetRow)) == (88, 88)
    assert UnicastTable.rows.offset == NetTable.rows.offset == HEAD
    assert UnicastRow.prefix_origin.offset == KEY


@pytest.mark.parametrize(
    ("prefix", "suffix", "state", "standing"),
    [
        (4, 5, 4, Standing(temporary=True)),
        (4, 4, 4, Standing()),
        (4, 4, 3, Standing(deprecated=True)),
        (4, 4, 1, Standing(tentative=True)),
        (4, 4, 2, Standing(tentative=True)),  # a duplicate
    ],
)
def test_an_address_is_known_for_what_it_is(
    prefix: int, suffix: int, state: int, standing: Standing
) -> None:
    row = unicast("2001:db8::7", prefix=prefix, suffix=suffix, state=state)
    assert windows_rows.address(row) == AddressRow(12, IPv6Address("2001:db8::7"), standing)


def test_an_ipv4_address_is_never_temporary() -> None:
    row = unicast("203.0.113.7", prefix=4, suffix=5)
    assert windows_rows.address(row) == AddressRow(12, IPv4Address("203.0.113.7"), Standing())


def test_a_default_route_is_one_whose_destination_has_no_bits() -> None:
    found = DefaultRoute(4, 0, 0, (12,), (IPv4Address("192.168.1.1"),))
    assert windows_rows.default_route(forward("0.0.0.0", "192.168.1.1")) == found
    assert windows_rows.default_route(forward("::", "::")) == DefaultRoute(6, 0, 0, (12,))
    assert windows_rows.default_route(forward("0.0.0.0", "192.168.1.1", 1)) is None


@pytest.mark.parametrize(("state", "confirmed"), [(2, False), (3, False), (4, False), (5, True), (6, True)])
def test_a_neighbour_is_confirmed_while_it_is_reachable(state: int, confirmed: bool) -> None:
    found = NeighbourRow(12, IPv6Address("2001:db8::5"), MAC, confirmed)
    assert windows_rows.neighbour(net(state=state)) == found


def test_neighbours_that_do_not_answer_or_have_no_ethernet_address_are_left_out() -> None:
    assert windows_rows.neighbour(net(state=0)) is None
    assert windows_rows.neighbour(net(state=1)) is None
    assert windows_rows.neighbour(net(length=0)) is None


def test_a_table_has_the_rows_that_it_counts() -> None:
    table = NetTable(2, (NetRow * 2)(*(NetRow.from_buffer_copy(net(text)) for text in ("::1", "::2"))))
    rows = list(windows_rows.rows(bytes(table), NEIGHBOUR))
    assert rows == [net("::1"), net("::2")]
    table.count = 1
    assert list(windows_rows.rows(bytes(table), NEIGHBOUR)) == [net("::1")]
    table.count = 2**32 - 1
    assert list(windows_rows.rows(bytes(table), NEIGHBOUR)) == [net("::1"), net("::2")]


@given(st.ip_addresses())
def test_every_address_is_read_as_it_was_written(address: IPAddress) -> None:
    found = windows_rows.address(unicast(str(address)))
    assert found is not None
    assert found.address == address


@given(st.binary(max_size=200))
def test_no_noise_makes_trouble(noise: bytes) -> None:
    list(windows_rows.rows(noise, ADDRESS))
    for size in (ADDRESS.size, ROUTE.size, NEIGHBOUR.size, len(noise)):
        row = noise[:size].ljust(size, b"\2")
        windows_rows.address(row)
        windows_rows.default_route(row)
        windows_rows.neighbour(row)
