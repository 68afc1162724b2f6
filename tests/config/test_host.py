"""The address of another host of the same network."""

from __future__ import annotations

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.errors import ConfigError
from homeport.core.host import InterfaceId, Mac, Neighbour, derive, parse

HERE = IPv6Address("2001:db8:1:2:aaaa:bbbb:cccc:dddd")


def test_an_interface_identifier_takes_the_prefix_of_the_uplink() -> None:
    assert derive(parse("::1234"), HERE) == IPv6Address("2001:db8:1:2::1234")
    assert derive(parse("::1234:5678:9abc:def0"), HERE) == IPv6Address("2001:db8:1:2:1234:5678:9abc:def0")


def test_a_mac_address_makes_the_identifier_of_rfc_4291_appendix_a() -> None:
    """The RFC's own example is 34-56-78-9A-BC-DE: 3656:78FF:FE9A:BCDE (RFC 2464, 4)."""
    for text in ("34:56:78:9A:BC:DE", "34-56-78-9a-bc-de", "3456.789a.bcde"):
        assert parse(text) == Mac(bytes.fromhex("3456789abcde"))
        assert derive(parse(text), HERE) == IPv6Address("2001:db8:1:2:3656:78ff:fe9a:bcde")


def test_a_neighbour_is_understood_but_not_computed() -> None:
    host = parse("neighbour:02:00:5e:10:00:01")
    assert host == Neighbour(Mac(bytes.fromhex("02005e100001")))
    with pytest.raises(ConfigError, match="looked up"):
        derive(host, HERE)


@given(st.integers(1, 2**64 - 1), st.integers(0, 2**128 - 1), st.integers(0, 64))
def test_only_the_bits_behind_the_prefix_change(bits: int, source: int, length: int) -> None:
    found = int(derive(InterfaceId(bits), IPv6Address(source), length))
    assert found >> 128 - length == source >> 128 - length
    assert found & 2**64 - 1 == bits


@given(st.integers(1, 2**64 - 1))
def test_what_is_shown_can_be_written(bits: int) -> None:
    assert parse(str(InterfaceId(bits))) == InterfaceId(bits)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2001:db8::1", "has a prefix"),
        ("fe80::1%eth0", "has a prefix"),
        ("::", "anycast"),
        ("192.0.2.1", "names no host"),
        ("router", "names no host"),
        ("01:00:5e:00:00:01", "of a group"),
        ("neighbour:eth0", "not a MAC address"),
        ("00:11:22:33:44", "names no host"),
    ],
)
def test_what_names_no_host_is_refused_with_an_advice(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse(text)
