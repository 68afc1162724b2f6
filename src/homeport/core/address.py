"""What an address is good for.  Pure.

The classes are those of the IANA special-purpose registries (RFC 6890 and its updates, read
2026-11-21), cut to what a person can be told: which of them may stand in the public DNS, and why not.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from .dns import IPAddress


class AddressClass(StrEnum):
    """One word for what an address is; the words a person may write after `allow`."""

    GLOBAL = "global"
    PRIVATE = "private"
    CGNAT = "cgnat"
    DOCUMENTATION = "documentation"
    BENCHMARKING = "benchmarking"
    NAT64 = "nat64"
    RESERVED = "reserved"
    LINK_LOCAL = "link-local"
    LOOPBACK = "loopback"
    MULTICAST = "multicast"
    UNSPECIFIED = "unspecified"


# What `allow` may name.  `private` stands for everything that only a closed network uses.
ALLOWABLE = ("private", "cgnat", "documentation", "benchmarking")
_IMPLIED = {"private": {AddressClass.PRIVATE, AddressClass.DOCUMENTATION, AddressClass.BENCHMARKING}}

_Network = IPv4Network | IPv6Network
_CLASSES: tuple[tuple[_Network, AddressClass], ...] = tuple(
    (ip_network(network), kind)
    for network, kind in (
        ("0.0.0.0/32", AddressClass.UNSPECIFIED),
        ("0.0.0.0/8", AddressClass.RESERVED),  # RFC 791, "this network"
        ("10.0.0.0/8", AddressClass.PRIVATE),  # RFC 1918
        ("172.16.0.0/12", AddressClass.PRIVATE),
        ("192.168.0.0/16", AddressClass.PRIVATE),
        ("100.64.0.0/10", AddressClass.CGNAT),  # RFC 6598
        ("127.0.0.0/8", AddressClass.LOOPBACK),
        ("169.254.0.0/16", AddressClass.LINK_LOCAL),
        ("192.0.0.0/24", AddressClass.RESERVED),  # RFC 6890, 2.1
        ("192.0.2.0/24", AddressClass.DOCUMENTATION),  # RFC 5737
        ("198.51.100.0/24", AddressClass.DOCUMENTATION),
        ("203.0.113.0/24", AddressClass.DOCUMENTATION),
        ("192.88.99.0/24", AddressClass.RESERVED),  # RFC 7526, 6to4 relay anycast
        ("198.18.0.0/15", AddressClass.BENCHMARKING),  # RFC 2544
        ("224.0.0.0/4", AddressClass.MULTICAST),
        ("240.0.0.0/4", AddressClass.RESERVED),
        ("::/128", AddressClass.UNSPECIFIED),
        ("::1/128", AddressClass.LOOPBACK),
        ("::ffff:0:0/96", AddressClass.RESERVED),  # IPv4-mapped
        ("64:ff9b::/96", AddressClass.NAT64),  # RFC 6052
        ("64:ff9b:1::/48", AddressClass.NAT64),  # RFC 8215
        ("100::/64", AddressClass.RESERVED),  # RFC 6666, discard
        ("2001::/32", AddressClass.RESERVED),  # RFC 4380, Teredo
        ("2001:2::/48", AddressClass.BENCHMARKING),  # RFC 5180
        ("2001:db8::/32", AddressClass.DOCUMENTATION),  # RFC 3849
        ("3fff::/20", AddressClass.DOCUMENTATION),  # RFC 9637
        ("2001::/23", AddressClass.RESERVED),  # RFC 2928
        ("2002::/16", AddressClass.RESERVED),  # RFC 7526, 6to4
        ("fc00::/7", AddressClass.PRIVATE),  # RFC 4193, unique local
        ("fe80::/10", AddressClass.LINK_LOCAL),
        ("fec0::/10", AddressClass.RESERVED),  # RFC 3879, site-local
        ("ff00::/8", AddressClass.MULTICAST),
    )
)
_GLOBAL_IPV6 = IPv6Network("2000::/3")  # RFC 4291, 2.4: all that is assigned as global unicast

PLAIN_WORDS: dict[AddressClass, str] = {
    AddressClass.GLOBAL: "can be reached from the Internet",
    AddressClass.PRIVATE: "a private address of a local network (RFC 1918, RFC 4193)",
    AddressClass.CGNAT: "a carrier-grade NAT address (RFC 6598): the provider shares one public address",
    AddressClass.DOCUMENTATION: "an address for documentation only (RFC 5737, RFC 3849)",
    AddressClass.BENCHMARKING: "an address for benchmarks only (RFC 2544)",
    AddressClass.NAT64: "a NAT64 address (RFC 6052), made by a translator",
    AddressClass.RESERVED: "a reserved address (RFC 6890)",
    AddressClass.LINK_LOCAL: "a link-local address, good on one cable only",
    AddressClass.LOOPBACK: "the machine's own loopback address",
    AddressClass.MULTICAST: "a multicast address",
    AddressClass.UNSPECIFIED: "no address at all",
}


def classify(address: IPAddress) -> AddressClass:
    """The class of one address; `GLOBAL` only for what the Internet can reach."""
    for network, kind in _CLASSES:
        if address.version == network.version and address in network:
            return kind
    if isinstance(address, IPv6Address) and address not in _GLOBAL_IPV6:
        return AddressClass.RESERVED
    return AddressClass.GLOBAL


def publishable(address: IPAddress, allow: Collection[str] = ()) -> bool:
    """May this address stand in DNS?  Only a global one, unless the person allowed its class."""
    kind = classify(address)
    if kind is AddressClass.GLOBAL:
        return True
    return any(kind in _IMPLIED.get(word, {word}) for word in allow)


# Names that no public DNS has: RFC 6761, 6.3; RFC 6762, 3 and appendix G; RFC 8375; ICANN's .internal
# (resolution 2024.07.29.06).
_AT_HOME = ("localhost", "local", "home.arpa", "internal", "lan", "home", "corp", "intranet", "private")


def at_home(host: str) -> bool:
    """Is it this machine, or one of its own network, as far as its address or its name tells?"""
    bare = host.strip("[]").partition("%")[0].rstrip(".").lower()
    try:
        return classify(ip_address(bare)) is not AddressClass.GLOBAL
    except ValueError:
        return "." not in bare or any(bare == name or bare.endswith(f".{name}") for name in _AT_HOME)


def same_network(one: IPAddress, other: IPAddress) -> bool:
    """Are both of one IPv6 /64 (RFC 4291, 2.5.1), or the same IPv4 address?"""
    if isinstance(one, IPv4Address) or isinstance(other, IPv4Address):
        return one == other
    return int(one) >> 64 == int(other) >> 64
