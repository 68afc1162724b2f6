"""What may be published, held against Python's own tables and the IANA registries."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.address import (
    ALLOWABLE,
    PLAIN_WORDS,
    AddressClass,
    classify,
    publishable,
    same_network,
)
from homeport.core.dns import IPAddress

ADDRESSES = st.one_of(
    st.ip_addresses(v=4),
    st.ip_addresses(v=6),
    st.integers(0x2000 << 112, (0x4000 << 112) - 1).map(IPv6Address),
)
ALLOWED = [
    frozenset(words)
    for words in chain.from_iterable(combinations(ALLOWABLE, n) for n in range(len(ALLOWABLE) + 1))
]


@given(ADDRESSES)
def test_what_is_not_globally_reachable_is_never_published_unless_allowed(address: IPAddress) -> None:
    if publishable(address):
        assert address.is_global
        assert not (address.is_multicast or address.is_reserved or address.is_link_local)
        assert not (address.is_loopback or address.is_unspecified or address.is_private)


@given(ADDRESSES, st.sampled_from(ALLOWED))
def test_nothing_makes_an_address_publishable_that_no_network_could_use(
    address: IPAddress, allow: frozenset[str]
) -> None:
    useless = address.is_multicast or address.is_loopback or address.is_unspecified
    if useless or address.is_link_local:
        assert not publishable(address, allow)


@given(ADDRESSES, st.sampled_from(ALLOWED), st.sampled_from(ALLOWED))
def test_allowing_more_never_publishes_less(
    address: IPAddress, some: frozenset[str], more: frozenset[str]
) -> None:
    assert publishable(address, some | more) or not publishable(address, some)


@given(ADDRESSES)
def test_every_class_has_words_for_people_and_its_own_name_allows_it(address: IPAddress) -> None:
    kind = classify(address)
    assert PLAIN_WORDS[kind]
    if kind in ALLOWABLE:
        assert publishable(address, (kind,))


def test_allow_knows_the_word_that_is_documented() -> None:
    assert publishable(ip_address("192.168.1.1"), ["private"])
    assert publishable(ip_address("fd00::1"), ["private"])
    assert publishable(ip_address("192.0.2.1"), ["private"])  # laboratories use both
    assert not publishable(ip_address("100.64.0.1"), ["private"])  # shared: it would point at a stranger
    assert not publishable(ip_address("192.168.1.1"), ["cgnat"])


# https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-special-registry (2026-11-21)
REGISTRY = [
    ("0.0.0.0/8", None),  # its first address is "unspecified"
    ("10.0.0.0/8", AddressClass.PRIVATE),
    ("100.64.0.0/10", AddressClass.CGNAT),
    ("127.0.0.0/8", AddressClass.LOOPBACK),
    ("169.254.0.0/16", AddressClass.LINK_LOCAL),
    ("172.16.0.0/12", AddressClass.PRIVATE),
    ("192.0.0.0/24", AddressClass.RESERVED),
    ("192.0.2.0/24", AddressClass.DOCUMENTATION),
    ("192.88.99.0/24", AddressClass.RESERVED),
    ("192.168.0.0/16", AddressClass.PRIVATE),
    ("198.18.0.0/15", AddressClass.BENCHMARKING),
    ("198.51.100.0/24", AddressClass.DOCUMENTATION),
    ("203.0.113.0/24", AddressClass.DOCUMENTATION),
    ("224.0.0.0/4", AddressClass.MULTICAST),
    ("240.0.0.0/4", AddressClass.RESERVED),
    ("::ffff:0:0/96", AddressClass.RESERVED),
    ("64:ff9b::/96", AddressClass.NAT64),
    ("64:ff9b:1::/48", AddressClass.NAT64),
    ("100::/64", AddressClass.RESERVED),
    ("100:0:0:1::/64", AddressClass.RESERVED),
    ("2001::/32", AddressClass.RESERVED),
    ("2001:2::/48", AddressClass.BENCHMARKING),
    ("2001:10::/28", AddressClass.RESERVED),
    ("2001:db8::/32", AddressClass.DOCUMENTATION),
    ("2002::/16", AddressClass.RESERVED),
    ("3fff::/20", AddressClass.DOCUMENTATION),
    ("5f00::/16", AddressClass.RESERVED),
    ("fc00::/7", AddressClass.PRIVATE),
    ("fe80::/10", AddressClass.LINK_LOCAL),
    ("ff00::/8", AddressClass.MULTICAST),
]


@pytest.mark.parametrize(("network", "kind"), REGISTRY)
def test_a_special_network_is_special_from_its_first_address_to_its_last(
    network: str, kind: AddressClass | None
) -> None:
    ends = ip_network(network)[0], ip_network(network)[-1]
    assert not any(map(publishable, ends))
    if kind is not None:
        assert {classify(end) for end in ends} == {kind}


@pytest.mark.parametrize(
    "text",
    [
        *("1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"),
        *("128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.255"),
        *("192.0.3.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255"),
        *("2001:200::", "2001:db7:ffff::1", "2001:db9::", "2003::", "2600::1", "2a00::1", "2000::1"),
        "3ffe:ffff::1",
    ],
)
def test_the_neighbours_of_special_networks_are_ordinary(text: str) -> None:
    assert classify(ip_address(text)) is AddressClass.GLOBAL


@given(st.ip_addresses(v=6), st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_one_ipv6_network_is_what_shares_the_first_64_bits(
    one: IPv6Address, other: IPv6Address, host: int
) -> None:
    beside = IPv6Address(int(one) >> 64 << 64 | host)
    assert same_network(one, beside) and same_network(beside, one)
    assert same_network(one, other) == (one.packed[:8] == other.packed[:8])


@given(st.ip_addresses(v=4), ADDRESSES)
def test_ipv4_is_one_network_only_with_itself(one: IPv4Address, other: IPAddress) -> None:
    assert same_network(one, other) == same_network(other, one) == (one == other)
