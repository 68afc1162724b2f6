"""Our update messages, read by dnspython."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import dns.message
import dns.name
import dns.opcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.update
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.dns import IPAddress, Name, RRset, RRType, in_order
from homeport.wire import update

ZONE = Name("example.com")
owners = st.sampled_from(["", "home.", "*.", "a.b.c.", "nas.home.", "*.home.", "x" * 63 + "."]).map(
    lambda left: Name(f"{left}example.com")
)
v4: st.SearchStrategy[IPAddress] = st.integers(0, 2**32 - 1).map(IPv4Address)
v6: st.SearchStrategy[IPAddress] = st.integers(0, 2**128 - 1).map(IPv6Address)


@st.composite
def rrsets(draw: st.DrawFn) -> RRset:
    rrtype = draw(st.sampled_from(RRType))
    addresses = draw(st.frozensets(v4 if rrtype is RRType.A else v6, max_size=3))
    return RRset(draw(owners), rrtype, addresses, draw(st.none() | st.integers(0, 86400)))


many = st.lists(rrsets(), max_size=5, unique_by=lambda rrset: rrset.key)


def read(wire: bytes) -> dns.update.UpdateMessage:
    message = dns.message.from_wire(wire, one_rr_per_rrset=True)
    assert isinstance(message, dns.update.UpdateMessage)
    return message


def lines(section: list[dns.rrset.RRset]) -> list[tuple[str, RdataType, RdataClass, int, str]]:
    return [
        (
            rrset.name.to_text(omit_final_dot=True),
            rrset.rdtype,
            rrset.deleting if rrset.deleting is not None else rrset.rdclass,
            rrset.ttl,
            str(ip_address(rrset[0].to_text())) if len(rrset) else "",
        )
        for rrset in section
    ]


@given(many, many, st.integers(0, 0xFFFF))
def test_a_message_says_delete_and_add_for_what_is_replaced_and_add_for_what_is_new(
    replaced: list[RRset], created: list[RRset], id: int
) -> None:
    message = read(update.message(id, ZONE, replaced, created, 77))
    assert (message.id, message.opcode()) == (id, dns.opcode.UPDATE)
    [zone] = message.zone
    assert (zone.name, zone.rdtype) == (dns.name.from_text("example.com."), RdataType.SOA)
    told = lines(message.update)
    deletions = [
        (rrset.owner.text, RdataType.make(rrset.rrtype), RdataClass.ANY, 0, "") for rrset in replaced
    ]
    additions = [
        (
            rrset.owner.text,
            RdataType.make(rrset.rrtype),
            RdataClass.IN,
            77 if rrset.ttl is None else rrset.ttl,
            str(address),
        )
        for rrset in (*replaced, *created)
        for address in in_order(rrset.addresses)
    ]
    assert told == deletions + additions


@given(many, many)
def test_a_message_demands_that_no_new_name_is_an_alias(
    replaced: list[RRset], created: list[RRset]
) -> None:
    message = read(update.message(1, ZONE, replaced, created, 60))
    demanded = sorted({rrset.owner.text for rrset in created})
    assert lines(message.prerequisite) == [
        (owner, RdataType.CNAME, RdataClass.NONE, 0, "") for owner in sorted(demanded)
    ]


def test_the_same_wish_is_the_same_message() -> None:
    addresses = [IPv4Address(f"192.0.2.{number}") for number in range(1, 9)]
    for order in (addresses, addresses[::-1]):
        wanted = RRset(Name("home.example.com"), RRType.A, frozenset(order), 60)
        message = read(update.message(1, ZONE, [wanted], [], 60))
        assert [line[-1] for line in lines(message.update)[1:]] == [str(a) for a in addresses]


def test_a_thousand_names_with_an_address_fit_one_message() -> None:
    wanted = [
        RRset(Name(f"host-{number:04}.dyn.example.com"), RRType.A, frozenset({IPv4Address(number)}), None)
        for number in range(1000)
    ]
    for replaced, created in ((wanted, []), ([], wanted)):
        wire = update.message(1, ZONE, replaced, created, 60)
        assert len(wire) <= update.LARGEST
        assert len(read(wire).update) == len(replaced) * 2 + len(created)


def test_both_families_of_a_name_are_demanded_once() -> None:
    owner = Name("home.example.com")
    both = [
        RRset(owner, RRType.A, frozenset({IPv4Address("192.0.2.1")})),
        RRset(owner, RRType.AAAA, frozenset({IPv6Address("2001:db8::1")})),
    ]
    message = read(update.message(1, ZONE, [], both, 60))
    assert (len(message.prerequisite), len(message.update)) == (1, 2)


@given(many, many, st.lists(st.tuples(owners, v4 | v6), max_size=5))
def test_single_records_are_taken_away_before_others_are_added(
    replaced: list[RRset], created: list[RRset], deleted: list[tuple[Name, IPAddress]]
) -> None:
    told = lines(read(update.message(1, ZONE, replaced, created, 60, deleted=deleted)).update)
    expected = [
        (owner.text, RdataType.make(RRType.of(address)), RdataClass.NONE, 0, str(address))
        for owner, address in deleted
    ]
    assert told[: len(deleted)] == expected
    assert told[len(deleted) :] == lines(read(update.message(1, ZONE, replaced, created, 60)).update)
