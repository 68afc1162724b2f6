"""The DNS vocabulary of the whole program.  Terms: RFC 9499.  Pure values, checked when they are made.

Owner names are absolute A-labels (RFC 1035, 2.3.4; IDNA by UTS 46); RRsets hold addresses only
(A, RFC 1035; AAAA, RFC 3596); TTLs are seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from types import MappingProxyType
from typing import NamedTuple

from .errors import ConfigError

IPAddress = IPv4Address | IPv6Address
# What nearly all names look like, and needs no second look.
_LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_OF_LABELS = re.compile("[a-z0-9_-]+")
_LONGEST_TYPED = 1000  # characters; no name that fits on the wire is written with so many
_PLAIN = re.compile(rf"(?:{_LABEL}\.)+(?![0-9]+$){_LABEL}")
NO_OPTIONS: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """A fully qualified domain name (FQDN).

    `text` is lower case, A-labels, without the final dot: "www.example.com".
    A `Name` is absolute by construction, so no function ever asks "relative to what?".
    """

    text: str

    @classmethod
    def parse(cls, text: str) -> Name:
        """Read what a person typed; raise `ConfigError` if it cannot be an owner name.

        A `*` may stand only as the leftmost label (RFC 4592, 2.1.1).
        """
        if _PLAIN.fullmatch(text) and len(text) <= 253:
            return cls(text)
        typed = text.strip().removesuffix(".")
        if not typed:
            raise ConfigError("an empty name; write an FQDN such as home.example.com")
        if len(typed) > _LONGEST_TYPED:
            raise ConfigError(f"{typed[:40]!r}... is longer than 253 octets")
        labels = [_label(label, typed[:80]) for label in typed.replace("\u3002", ".").split(".")]
        if "*" in labels[1:]:
            raise ConfigError(f"{typed[:80]!r}: '*' may only be the first label")
        if len(labels) == 1:
            raise ConfigError(
                f"{typed[:80]!r} is a single label; write an FQDN such as {typed[:80]}.example.com"
            )
        if labels[-1].isdecimal():
            raise ConfigError(f"{typed[:80]!r} looks like an address, not like a name")
        name = ".".join(labels)
        if len(name) > 253:
            raise ConfigError(f"{typed[:40]!r}... is longer than 253 octets")
        return cls(name)

    def ancestors(self) -> Iterator[Name]:
        """Itself, its parent, ... up to the top-level domain: the zones it may lie in, nearest first."""
        labels = self.text.split(".")
        return (Name(".".join(labels[i:])) for i in range(len(labels)))

    def within(self, zone: Name) -> bool:
        """Is this name the apex of `zone` or below it?  Compared by labels, never by characters."""
        return self == zone or self.text.endswith("." + zone.text)

    def label_in(self, zone: Name, *, apex: str = "@") -> str:
        """The part left of the zone, or `apex` at the zone apex; `ConfigError` outside the zone."""
        if self == zone:
            return apex
        if not self.within(zone):
            raise ConfigError(f"{self.text} is not in {zone.text}")
        return self.text.removesuffix("." + zone.text)

    def __hash__(self) -> int:
        return hash(self.text)  # what a dataclass would make builds a tuple each time

    def __str__(self) -> str:
        return self.text


class RRType(StrEnum):
    """The two types that hold addresses."""

    A = "A"
    AAAA = "AAAA"

    @classmethod
    def of(cls, address: IPAddress) -> RRType:
        return cls.A if address.version == 4 else cls.AAAA


@dataclass(frozen=True, slots=True)
class RRset:
    """All wanted addresses of one owner name and type.  Empty means: the RRset shall not exist.

    `ttl` is in seconds; None means "whatever the provider has or defaults to".  `options` are the
    wishes that only one provider knows (`proxied = false`), by the name of the setting.
    """

    owner: Name
    rrtype: RRType
    addresses: frozenset[IPAddress]
    ttl: int | None = None
    options: Mapping[str, object] = field(default_factory=lambda: NO_OPTIONS, hash=False)

    def __post_init__(self) -> None:
        if any(RRType.of(address) is not self.rrtype for address in self.addresses):
            raise ValueError(f"{self.rrtype} cannot hold {sorted(map(str, self.addresses))}")

    @property
    def key(self) -> Key:
        return self.owner, self.rrtype


Key = tuple[Name, RRType]


class Record(NamedTuple):
    """One resource record as a provider stores it; `id` is the provider's own handle."""

    id: str
    address: IPAddress
    ttl: int | None = None
    options: Mapping[str, object] = NO_OPTIONS


class Zone(NamedTuple):
    """A zone of the account; `id` is the provider's handle (often just the apex name)."""

    apex: Name
    id: str
    least_ttl: int = 0  # seconds, where each zone has its own

    def fit(self, wanted: RRset) -> RRset:
        """The nearest thing to `wanted` that this zone can hold."""
        return replace(wanted, ttl=max(wanted.ttl, self.least_ttl)) if wanted.ttl is not None else wanted


class Present(NamedTuple):
    """What a provider said it holds for one (owner, type), at the moment it was asked."""

    zone: Zone
    records: tuple[Record, ...]


class Server(NamedTuple):
    """One authoritative name server of a zone."""

    name: str  # as a person knows it
    address: str  # to send to; empty if it cannot be found
    port: int = 53


def in_order(addresses: frozenset[IPAddress]) -> list[IPAddress]:
    """The addresses of one RRset in a stable order, for messages and for the wire."""
    return sorted(addresses, key=lambda address: address.packed)


def _label(label: str, typed: str) -> str:
    plain = label.lower()
    if not plain.isascii():
        import idna  # noqa: PLC0415 - its tables are megabytes; most names never need them

        try:
            plain = idna.encode(label, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise ConfigError(f"{typed!r} is not a domain name: {str(error)[:160]}") from error
    if not plain:
        raise ConfigError(f"{typed!r} is not a domain name: it has an empty label")
    if len(plain) > 63:
        raise ConfigError(f"{typed[:40]!r} is not a domain name: a label is longer than 63 octets")
    if plain == "*":
        return plain
    if not _OF_LABELS.fullmatch(plain):
        raise ConfigError(
            f"{typed!r} is not a domain name: the label {label[:63]!r} has a forbidden character"
        )
    if plain.startswith("-") or plain.endswith("-"):
        raise ConfigError(
            f"{typed!r} is not a domain name: the label {label[:63]!r} starts or ends with '-'"
        )
    return plain
