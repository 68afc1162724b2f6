"""The address of another host of the same network, or of another one behind the same line."""

from __future__ import annotations

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.errors import ConfigError
from homeport.core.host import InterfaceId, Mac, Neighbour, derive, parse

HERE = IPv6Address("2001:db8:1:2:aaaa:bbbb:cccc:dddd")
MAC = Mac(bytes.fromhex("02005e100001"))


def test_an_interface_identifier_takes_the_prefix_of_the_uplink() -> None:
    assert derive(parse("::1234"), HERE) == IPv6Address("2001:db8:1:2::1234")
    assert derive(parse("::1234:5678:9abc:def0"), HERE) == IPv6Address("2001:db8:1:2:1234:5678:9abc:def0")


def test_a_host_of_another_network_takes_the_prefix_that_the_provider_gives() -> None:
    there = IPv6Address("2001:db8:1:ab02:aaaa:bbbb:cccc:dddd")
    assert derive(parse("0:0:0:5::1234/56"), there) == IPv6Address("2001:db8:1:ab05::1234")
    assert derive(parse("::5:0:0:0:1234/56"), there) == IPv6Address("2001:db8:1:ab05::1234")
    assert derive(parse("0:0:0:cd05::1234/48"), there) == IPv6Address("2001:db8:1:cd05::1234")
    assert derive(parse("0:0:0:f::1234/60"), there) == IPv6Address("2001:db8:1:ab0f::1234")
    assert derive(parse("::1234/56"), there) == IPv6Address("2001:db8:1:ab00::1234")
    assert derive(parse("::1234/64"), there) == derive(parse("::1234"), there)


def test_a_mac_address_makes_the_identifier_of_rfc_4291_appendix_a() -> None:
    """The RFC's own example is 34-56-78-9A-BC-DE: 3656:78FF:FE9A:BCDE (RFC 2464, 4)."""
    for text in ("34:56:78:9A:BC:DE", "34-56-78-9a-bc-de", "3456.789a.bcde"):
        assert parse(text) == Mac(bytes.fromhex("3456789abcde"))
        assert derive(parse(text), HERE) == IPv6Address("2001:db8:1:2:3656:78ff:fe9a:bcde")


def test_a_neighbour_is_understood_but_not_computed() -> None:
    for text in ("neighbour:02:00:5e:10:00:01", "Neighbour: 02-00-5E-10-00-01"):
        assert parse(text) == Neighbour(MAC)
        with pytest.raises(ConfigError, match="looked up"):
            derive(parse(text), HERE)


def test_a_neighbour_lies_behind_the_prefix_of_the_uplink() -> None:
    other = IPv6Address("2001:db8:1:3::1")
    assert not Neighbour(MAC).covers(HERE, other)
    assert parse("neighbour:02:00:5e:10:00:01/56") == Neighbour(MAC, 56)
    assert Neighbour(MAC, 56).covers(HERE, other)


@given(st.integers(1, 2**64 - 1), st.integers(0, 2**128 - 1), st.integers(48, 64))
def test_only_the_bits_behind_the_prefix_change(bits: int, source: int, length: int) -> None:
    found = int(derive(InterfaceId(bits, length), IPv6Address(source)))
    assert found >> 128 - length == source >> 128 - length
    assert found & 2 ** (128 - length) - 1 == bits


@given(st.integers(48, 64).flatmap(lambda n: st.tuples(st.integers(1, 2 ** (128 - n) - 1), st.just(n))))
def test_what_is_shown_can_be_written(host: tuple[int, int]) -> None:
    if host[0] & 2**64 - 1:
        assert parse(str(InterfaceId(*host))) == InterfaceId(*host)


@given(st.binary(min_size=5, max_size=5), st.integers(48, 64))
def test_a_neighbour_that_is_shown_can_be_written(octets: bytes, length: int) -> None:
    host = Neighbour(Mac(b"\2" + octets), length)
    assert parse(str(host)) == host


@given(st.text(max_size=60))
def test_every_text_is_a_host_or_gets_an_advice(text: str) -> None:
    try:
        parse(text)
    except ConfigError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2001:db8::1", "has a prefix"),
        ("2001:db8::1/64", "has a prefix"),
        ("fe80::1%eth0", "has a prefix"),
        ("::", "anycast"),
        ("0:0:0:5::/56", "anycast"),
        ("192.0.2.1", "names no host"),
        ("router", "names no host"),
        ("01:00:5e:00:00:01", "of a group"),
        ("neighbour:eth0", "not a MAC address"),
        ("00:11:22:33:44", "names no host"),
        ("0:0:0:5::1234", 'number 5 of a network .* "::5:0:0:0:1234/56"'),
        ("0:0:0:105::1234/56", 'number 105 of a network .* "::105:0:0:0:1234/52"'),
        ("::1234/65", "not the length of a prefix"),
        ("::1234/47", "not the length of a prefix"),
        ("::1234/", "not the length of a prefix"),
        ("::1234/56/56", "not the length of a prefix"),
        ("02:00:5e:10:00:01/56", 'which of the networks.*"::1:0:5eff:fe10:1/56"'),
    ],
)
def test_what_names_no_host_is_refused_with_an_advice(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse(text)
