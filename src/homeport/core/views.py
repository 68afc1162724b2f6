"""The readings of one look, sorted by who can see what.  Pure.

Three views of one line: what this machine has (`interface`, `route`), what the router says that it
has (`gateway`, `fritzbox`), and what the Internet sees (`http`, `dns`, `stun`).  A source's kind is the
first word of its label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from typing import NamedTuple

from .address import AddressClass, classify, same_network
from .dns import IPAddress, in_order
from .observation import Reading

HERE, GATEWAY, OUTSIDE = ("interface", "route"), ("gateway", "fritzbox"), ("http", "dns", "stun")
# How sources.http, wire.echo and net.http begin, or put it, when somebody answers in another's place.
LOGIN = ("redirected to ", "answered 511")  # 511: RFC 6585, 6
PORTAL = (*LOGIN, "answered with a web page")
IMPOSTOR = ("the server's certificate has the wrong name", "the server's certificate is from an unknown")
TRANSLATOR = IPv4Network("192.0.0.0/29")  # RFC 6333, 5.7; RFC 7335, 4
_LINE = (AddressClass.GLOBAL, AddressClass.DOCUMENTATION, AddressClass.BENCHMARKING)

Value = frozenset[IPAddress]  # what one source says
NOTHING: Value = frozenset()


class Views(NamedTuple):
    """One look at one line and family."""

    readings: tuple[Reading, ...]  # by label
    here: Value  # the addresses of this machine, whatever they are good for
    sender: Value  # ... of these, the one it sends from, if that was looked at
    gateway: Value  # what the router says of its line, whatever it is good for
    outside: Mapping[Value, frozenset[str]]  # what the Internet sees, and which operators said so
    kinds: Mapping[str, Mapping[Value, frozenset[str]]]  # the same for each kind of source
    labels: Mapping[Value, tuple[str, ...]]  # ... and the labels of their sources
    given: Value  # what a person wrote, or their program said
    temporary: bool  # does it send from another address of the same IPv6 network (RFC 8981)?
    portals: tuple[Reading, ...]  # pages that were asked for an address and showed something else
    impostors: tuple[Reading, ...]  # pages whose server could not prove who it is
    inside: tuple[Reading, ...]  # outside sources whose answer only a closed network can give

    @property
    def seen(self) -> Value:
        """What the Internet sees: the only thing said, or what most operators and at least two say."""
        if len(self.outside) == 1:
            return next(iter(self.outside))
        votes = {value: len(operators) for value, operators in self.outside.items()}
        most = max(votes.values(), default=0)
        best = [value for value, count in votes.items() if count == most]
        return best[0] if most > 1 and len(best) == 1 else NOTHING

    @property
    def voices(self) -> int:
        """How many operators outside say `seen`."""
        return len(self.outside.get(self.seen, ()))


def sort(readings: Sequence[Reading]) -> Views:
    """The views, from judged readings in any order.

    From outside counts only what may be published.  What is seen of this machine's own IPv6 /64 is
    its own address, as in `observation.conclude`.
    """
    ordered = tuple(sorted(readings, key=lambda reading: (reading.source, reading.operator)))
    here = _said(ordered, HERE)
    outside: dict[Value, set[str]] = {}
    labels: dict[Value, tuple[str, ...]] = {}
    kinds: dict[str, dict[Value, set[str]]] = {}
    temporary = False
    for reading in ordered:
        if kind(reading) in OUTSIDE and reading.addresses:
            value = _own(reading.addresses, here)
            temporary |= value != reading.addresses
            outside.setdefault(value, set()).add(reading.operator)
            labels[value] = (*labels.get(value, ()), reading.source)
            kinds.setdefault(kind(reading), {}).setdefault(value, set()).add(reading.operator)
    return Views(
        ordered,
        here,
        _said(ordered, ("route",)),
        _said(ordered, GATEWAY),
        _frozen(outside),
        {word: _frozen(values) for word, values in kinds.items()},
        labels,
        frozenset(
            address
            for reading in ordered
            if kind(reading) not in HERE + GATEWAY + OUTSIDE
            for address in reading.addresses or ()
        ),
        temporary,
        tuple(r for r in ordered if kind(r) == "http" and (r.error or "").startswith(PORTAL)),
        tuple(
            r for r in ordered if kind(r) == "http" and any(text in (r.error or "") for text in IMPOSTOR)
        ),
        tuple(r for r in ordered if kind(r) in OUTSIDE and r.refused),
    )


def kind(reading: Reading) -> str:
    """The word that the person wrote for the source, without what follows its colon."""
    return reading.source.partition(":")[0]


def operators(readings: Sequence[Reading]) -> set[str]:
    return {reading.operator for reading in readings}


def of_class(value: Value, kind: AddressClass) -> str:
    return listed(frozenset(address for address in value if classify(address) is kind))


def translators(value: Value) -> str:
    return listed(frozenset(address for address in value if address in TRANSLATOR))


def public(value: Value) -> Value:
    """Those that may be a line's own; documentation and benchmark ones are, in a laboratory."""
    return frozenset(address for address in value if classify(address) in _LINE)


def texts(value: Value) -> tuple[str, ...]:
    return tuple(map(str, in_order(value)))


def listed(value: Value) -> str:
    return ", ".join(texts(value))


def _said(readings: Sequence[Reading], words: Sequence[str]) -> Value:
    return frozenset(
        address
        for reading in readings
        if kind(reading) in words
        for address in reading.addresses or reading.refused
    )


def _own(value: Value, here: Value) -> Value:
    """The addresses of this machine in the same IPv6 networks, if it has one in each of them."""
    own = frozenset(mine for mine in here for seen in value if same_network(mine, seen))
    covered = all(any(same_network(mine, seen) for mine in own) for seen in value)
    return own if covered else value


def _frozen(values: Mapping[Value, set[str]]) -> dict[Value, frozenset[str]]:
    return {value: frozenset(operators) for value, operators in values.items()}
