"""What macOS and the BSDs tell, as their headers describe it."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.wire.routing_socket import news

ADD, DELETE, CHANGE, MISS, NEW_ADDRESS, DEL_ADDRESS, LINK = 0x1, 0x2, 0x3, 0x7, 0xC, 0xD, 0xE
UP, GATEWAY, HOST = 0x1, 0x2, 0x4


def message(kind: int, flags: int = 0) -> bytes:
    return struct.pack("=HBBHHi", 92, 5, kind, 4, 0, flags) + bytes(80)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (NEW_ADDRESS, "an address of this machine is new"),
        (DEL_ADDRESS, "an address of this machine is gone"),
        (LINK, "a network interface has changed"),
    ],
)
def test_addresses_and_links_are_told(kind: int, said: str) -> None:
    for flags in (True, False):
        assert news(message(kind), flags=flags) == [said]


@pytest.mark.parametrize(
    ("kind", "said"),
    [(ADD, "a route is new"), (DELETE, "a route is gone"), (CHANGE, "a route has changed")],
)
def test_routes_through_a_gateway_are_told(kind: int, said: str) -> None:
    assert news(message(kind, UP | GATEWAY), flags=True) == [said]


def test_the_route_that_the_system_makes_for_a_peer_is_not() -> None:
    assert news(message(ADD, UP | HOST), flags=True) == []
    assert news(message(ADD, UP | GATEWAY | HOST), flags=True) == []
    assert news(message(ADD, UP), flags=True) == []


def test_where_the_flags_lie_elsewhere_every_route_is_told() -> None:
    assert news(message(ADD), flags=False) == ["a route is new"]


def test_a_look_up_that_found_nothing_is_not_told() -> None:
    assert news(message(MISS, UP | GATEWAY), flags=True) == []


def test_a_burst_of_the_same_is_told_once() -> None:
    assert news(message(NEW_ADDRESS) * 3 + message(LINK), flags=True) == [
        "an address of this machine is new",
        "a network interface has changed",
    ]


def test_what_is_cut_off_is_left_out() -> None:
    whole = message(ADD, UP | GATEWAY)
    for end in range(len(whole)):
        assert news(whole[:end], flags=True) == []
    assert news(struct.pack("=HBB", 4, 5, ADD), flags=True) == []


@given(st.binary(max_size=300), st.booleans())
def test_no_noise_makes_trouble(noise: bytes, flags: bool) -> None:
    assert len(news(noise, flags=flags)) <= len(noise)
