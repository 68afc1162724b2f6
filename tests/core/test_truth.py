"""Not one wrong address: worlds whose sources lie, fail and talk nonsense, and what is believed of them.

`HOMEPORT_FUZZ=100000` runs as many looks; the usual number keeps the suite short.

What is promised, of one look:

1. what may not be published is never believed, whoever says it;
2. with `agree = n`, a wrong address is never believed that fewer than n independent operators say;
3. without `agree`, a wrong address that differs from the last one is never believed if one operator
   alone says it and anybody has said something else by then;
4. where two operators tell the truth in time and no two tell the same lie, the truth is believed, or
   nothing changes.

What cannot be: with `agree = 1`, or when all others are silent or later than `PATIENCE`, one witness
is believed, and it may lie; n operators that tell the same lie are believed, too.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple

from hypothesis import event, given, settings
from hypothesis import strategies as st

from homeport.core.address import publishable
from homeport.core.dns import IPAddress, RRType
from homeport.core.errors import SourceError
from homeport.core.observation import Observation, Reading, Seen, Unseen, conclude, judge
from homeport.wire import echo, natpmp, stun

LOOKS = int(os.environ.get("HOMEPORT_FUZZ", "400"))
IDENTITY = bytes(range(12))

TRUE = {RRType.A: "8.8.8.12", RRType.AAAA: "2600:1::211:22ff:fe33:4455"}
SENDER = {RRType.A: "8.8.8.12", RRType.AAAA: "2600:1::a8c1:5cff:9d0e:7788"}  # as seen from outside
WRONG = {
    RRType.A: ["8.8.8.1", "9.9.9.9", "1.2.1.1", "8.8.4.4"],
    RRType.AAAA: ["2600:2::1", "2600:2::2", "2600:3::1", "2001:4860::8"],
}
USELESS = {  # one of each kind that may never be published
    RRType.A: [
        *("10.1.1.1", "192.168.1.2", "100.64.9.9", "169.254.1.1", "0.0.0.0", "127.0.0.1"),
        *("192.0.2.7", "198.18.0.1", "224.0.0.251", "255.255.255.255", "192.0.0.2", "240.0.0.1"),
    ],
    RRType.AAAA: [
        *("::", "::1", "fe80::1", "fd00::1", "2001:db8::1", "::ffff:8.8.8.8", "64:ff9b::808:808"),
        *("2002:808:808::1", "2001::1", "ff02::1", "4000::1"),
    ],
}
PAGES = [
    b"",
    b"<!doctype html><svg><path d='M1.2.1.1 8.8.4.4'/></svg>",
    b"192.168.1.1 blocked",
    b"Current IP Address: 9.9.9.9",
    b"8.8.8.12, 9.9.9.9",
    b"008.008.008.012",
    b"8.8.8.12:443",
    b"300.1.2.3",
    b"8.8.8",
    b"2600:1::1%eth0",
    b'{"ip": "10.1.1.1"}',
    b'{"ip": 134744076}',
    b'{"ipv4": "9.9.9.9", "address": "8.8.4.4"}',
    b"ip=9.9.9.9",
    b"\xef\xbb\xbf8.8.8.12",
    b"x" * 70_000,
]
KINDS = ("plain", "page", "stun", "gateway", "interface")
MANNERS = ("honest", "honest", "honest", "common", "own", "stale", "silent", "useless", "page", "damaged")


class Source(NamedTuple):
    """A source of the world, and what it does this time."""

    operator: str
    kind: str
    manner: str
    choice: int  # which lie, or which nonsense
    at: int  # where a damaged message is damaged


class World(NamedTuple):
    rrtype: RRType
    sources: tuple[Source, ...]
    order: tuple[int, ...]  # in which they answer
    patience: int | None  # it is over when so many have answered; None: not before the last
    need: int
    strict: bool
    known: frozenset[IPAddress] | None


@st.composite
def worlds(draw: st.DrawFn) -> World:
    rrtype = draw(st.sampled_from(RRType))
    names = "abcdef"[: draw(st.integers(1, 6))]
    manners = {name: draw(st.sampled_from(MANNERS)) for name in names}
    sources = []
    for name in names:
        for _ in range(draw(st.integers(1, 2))):
            kind = draw(st.sampled_from(KINDS if name == "a" else KINDS[:3]))
            if kind == "gateway" and rrtype is RRType.AAAA:
                kind = "plain"
            sources.append(
                Source(name, kind, manners[name], draw(st.integers(0, 63)), draw(st.integers(0, 400)))
            )
    strict = draw(st.booleans())
    known = draw(st.sampled_from([None, TRUE[rrtype], *WRONG[rrtype][:2]]))
    return World(
        rrtype,
        tuple(sources),
        tuple(draw(st.permutations(range(len(sources))))),
        draw(st.one_of(st.none(), st.integers(1, len(sources)))),
        draw(st.integers(1, len(names))) if strict else min(2, len(names)),
        strict,
        None if known is None else frozenset({ip_address(known)}),
    )


def said(source: Source, world: World) -> str:
    """The address it says, right or wrong."""
    lies = WRONG[world.rrtype]
    match source.manner:
        case "common":
            return lies[-1]
        case "own":
            return lies[ord(source.operator) % (len(lies) - 1)]
        case "stale" if world.known:
            return str(next(iter(world.known)))
        case "useless":
            return USELESS[world.rrtype][source.choice % len(USELESS[world.rrtype])]
        case _:
            return (TRUE if source.kind == "interface" else SENDER)[world.rrtype]


def message(source: Source, text: str) -> bytes:
    """What it sends to say so."""
    packed = ip_address(text).packed
    match source.kind:
        case "stun":
            mask = struct.pack("!I", 0x2112A442) + IDENTITY
            masked = bytes(a ^ b for a, b in zip(packed, mask, strict=False))
            value = struct.pack("!BBH", 0, 1 if len(packed) == 4 else 2, 0x1234) + masked
            attribute = struct.pack("!HH", 0x0020, len(value)) + value
            return struct.pack("!HHI12s", 0x0101, len(attribute), 0x2112A442, IDENTITY) + attribute
        case "gateway":
            return struct.pack("!BBHI4s", 0, 128, 0, 7, packed)
        case "page":
            return json.dumps({"ip": text, "country": "XX"}).encode()
        case _:
            return text.encode() + b"\n"


def read(source: Source, sent: bytes, rrtype: RRType) -> frozenset[IPAddress]:
    """What the program reads in it.  Raises `SourceError`."""
    match source.kind:
        case "stun":
            found = stun.answer(sent, IDENTITY)
            if RRType.of(found) is not rrtype:
                raise SourceError("of the other family")
            return frozenset({found})
        case "gateway":
            return frozenset({natpmp.answer(sent)})
        case "page":
            return frozenset({echo.page(sent, rrtype)})
        case _:
            return frozenset({echo.plain(sent, rrtype)})


def observed(source: Source, world: World) -> Reading:
    """One reading, from what is sent to what may be published."""
    label, local = f"{source.kind}:{source.operator}", source.kind == "interface"
    sent = message(source, said(source, world))
    if source.manner == "damaged" and not local:
        place = source.at % len(sent)
        sent = (
            sent[:place] + (b"" if source.choice < 32 else bytes([source.choice * 4])) + sent[place + 1 :]
        )
    if source.manner == "page" and not local:
        sent = PAGES[source.choice % len(PAGES)]
    try:
        if source.manner == "silent":
            raise SourceError("no answer within 5 s")
        return judge(Reading(label, source.operator, local, read(source, sent, world.rrtype)), ())
    except SourceError as error:
        return Reading(label, source.operator, local, None, str(error))


def look(world: World, readings: Sequence[Reading]) -> tuple[Observation, list[Reading]]:
    """As the agent does it: after each answer it asks what may be believed.  And who had spoken by then."""
    places: list[int] = []
    for count, place in enumerate(world.order, 1):
        places.append(place)
        spoken = [readings[n] for n in sorted(places)]
        over = world.patience is not None and count >= world.patience
        seen = conclude(
            spoken,
            world.need,
            strict=world.strict,
            complete=count == len(readings),
            known=world.known,
            patience_over=over,
        )
        if seen is not None:
            return seen, spoken
    raise AssertionError("all have spoken, and there is no conclusion")


def network(address: IPAddress) -> object:
    """Addresses of one IPv6 /64 support each other, where one of them is this machine's."""
    return address if isinstance(address, IPv4Address) else ip_network(f"{address}/64", strict=False)


def true(addresses: frozenset[IPAddress], rrtype: RRType) -> bool:
    return addresses <= {ip_address(TRUE[rrtype]), ip_address(SENDER[rrtype])}


@settings(max_examples=LOOKS)
@given(worlds())
def test_no_wrong_address_is_believed(world: World) -> None:
    readings = [observed(source, world) for source in world.sources]
    seen, spoken = look(world, readings)
    lies: dict[object, set[str]] = {}
    for reading in readings:
        if reading.addresses and not true(reading.addresses, world.rrtype):
            lies.setdefault(network(*reading.addresses), set()).add(reading.operator)
    views = {
        local: frozenset({ip_address(by[world.rrtype])}) for local, by in ((True, TRUE), (False, SENDER))
    }
    honest = {r.operator for r in readings if r.addresses == views[r.local]}
    odd = {  # from outside, they name another address of the true network: true, but no witness of the rest
        r.operator
        for r in readings
        if r.addresses and r.addresses != views[r.local] and true(r.addresses, world.rrtype)
    }
    consistent = max(map(len, lies.values()), default=0)

    if isinstance(seen, Seen):
        assert seen.addresses and all(publishable(address) for address in seen.addresses)
        changes = seen.addresses != world.known
        if not true(seen.addresses, world.rrtype) and (changes or world.strict):
            event("a lie is believed, as it must be")
            voices = lies[network(*seen.addresses)]
            lone = {r.addresses for r in spoken if r.addresses is not None} == {seen.addresses}
            assert len(voices) >= world.need or (not world.strict and lone)
        else:
            event("the truth, or nothing new")
    if world.strict and consistent < world.need:
        assert isinstance(seen, Unseen) or true(seen_addresses(seen), world.rrtype)
    in_time = world.patience is None and len(honest) > 1
    if not world.strict and in_time and consistent < 2 and len(odd) < 2:
        assert isinstance(seen, Seen)
        assert true(seen.addresses, world.rrtype) or seen.addresses == world.known


def seen_addresses(seen: Observation) -> frozenset[IPAddress]:
    assert isinstance(seen, Seen)
    return seen.addresses


def test_the_worlds_speak_the_languages_that_the_program_reads() -> None:
    for rrtype in RRType:
        for kind in KINDS:
            if (rrtype, kind) == (RRType.AAAA, "gateway"):
                continue
            source = Source("a", kind, "honest", 0, 0)
            world = World(rrtype, (source,), (0,), None, 1, True, None)
            found = observed(source, world).addresses
            assert found is not None and true(found, rrtype)
            assert observed(source._replace(manner="useless"), world).addresses is None
    assert IPv6Address(SENDER[RRType.AAAA]) != IPv6Address(TRUE[RRType.AAAA])


def test_what_cannot_be_promised_one_liar_is_believed_where_one_is_enough() -> None:
    liar, honest = Source("a", "plain", "common", 0, 0), Source("b", "plain", "honest", 0, 0)
    world = World(RRType.A, (liar, honest), (0, 1), None, 1, True, None)
    readings = [observed(source, world) for source in world.sources]
    assert not true(seen_addresses(look(world, readings)[0]), RRType.A)
    hasty = world._replace(strict=False, need=2, patience=1)
    assert not true(seen_addresses(look(hasty, readings)[0]), RRType.A)
    assert isinstance(look(hasty._replace(patience=None), readings)[0], Unseen)
    assert isinstance(look(world._replace(need=2), readings)[0], Unseen)
