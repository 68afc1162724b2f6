"""Our codec of DNS messages; dnspython is the oracle."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from dns.rdatatype import RdataType
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.dns import IPAddress, Name, RRType
from homeport.wire.dns import (
    AAAA,
    CLASS_ANY,
    CNAME,
    IN,
    NS,
    SOA,
    TXT,
    A,
    MalformedMessage,
    Message,
    Rcode,
    Writer,
    decode,
    encode_name,
    last_record,
    query,
    read_name,
)

HOME = Name("home.example.com")
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-_"

labels = st.text(_LETTERS, min_size=1, max_size=63)
names = st.lists(labels, min_size=1, max_size=8).map(".".join).filter(lambda name: len(name) <= 253)
# Few names with common ends, so that the oracle compresses them.
kin = st.sampled_from(["example.com", "home.example.com", "a.b.home.example.com", "*.example.com", "com"])
ttls = st.integers(0, 2**31 - 1)
v4 = st.integers(0, 2**32 - 1).map(lambda number: str(IPv4Address(number)))
v6 = st.integers(0, 2**128 - 1).map(lambda number: str(IPv6Address(number)))


def oracle(name: str) -> dns.name.Name:
    return dns.name.from_text(f"{name}.")


@st.composite
def rrsets(draw: st.DrawFn) -> dns.rrset.RRset:
    """An RRset of a type that we read, or TXT, which we do not."""
    rdtype = draw(st.sampled_from([A, NS, CNAME, SOA, AAAA, TXT]))
    other = f"{draw(kin)}."
    rows: list[str] = {
        A: draw(st.lists(v4, min_size=1, max_size=2)),
        AAAA: draw(st.lists(v6, min_size=1, max_size=2)),
        NS: [other, "ns.elsewhere.example."],
        CNAME: [other],
        SOA: [f"{other} hostmaster.{other} 1 3600 900 604800 60"],
        TXT: ['"some text"'],
    }[rdtype]
    return dns.rrset.from_text(f"{draw(kin)}.", draw(ttls), "IN", RdataType(rdtype).name, *rows)


@st.composite
def responses(draw: st.DrawFn) -> dns.message.Message:
    asked = dns.message.make_query(oracle(draw(kin)), draw(st.sampled_from(["A", "AAAA", "SOA", "NS"])))
    asked.id = draw(st.integers(0, 0xFFFF))
    message = dns.message.make_response(asked)
    message.set_rcode(dns.rcode.Rcode(draw(st.integers(0, 10))))
    if draw(st.booleans()):
        message.flags |= dns.flags.AA
    message.answer, message.authority, message.additional = (
        draw(st.lists(rrsets(), max_size=3)) for _ in range(3)
    )
    return message


def text_of(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower() if name != dns.name.root else ""


def rows_of(section: list[dns.rrset.RRset]) -> list[tuple[str, int, int, object]]:
    """The records of a section, as our reader should show them."""

    def data(rdata: dns.rdata.Rdata) -> object:
        match rdata.rdtype:
            case dns.rdatatype.A:
                return IPv4Address(rdata.to_text())
            case dns.rdatatype.AAAA:
                return IPv6Address(rdata.to_text())
            case dns.rdatatype.SOA:
                return text_of(oracle(rdata.to_text().split()[0].removesuffix(".")))
            case dns.rdatatype.NS | dns.rdatatype.CNAME:
                return rdata.to_text().removesuffix(".")
            case _:
                return rdata.to_wire()

    return [
        (text_of(rrset.name), int(rrset.rdtype), rrset.ttl, data(r)) for rrset in section for r in rrset
    ]


@given(st.integers(0, 0xFFFF), names, st.sampled_from([A, AAAA, SOA, NS, CNAME, TXT]), st.booleans())
def test_a_question_is_what_the_oracle_reads(id: int, name: str, rdtype: int, recursive: bool) -> None:
    read = dns.message.from_wire(query(id, name, rdtype, recursive=recursive))
    [asked] = read.question
    assert (read.id, asked.name, asked.rdtype, asked.rdclass) == (id, oracle(name), rdtype, IN)
    assert read.flags == (dns.flags.RD if recursive else 0)
    assert read.opcode() == dns.opcode.QUERY


@given(names)
def test_a_name_is_written_as_the_oracle_writes_it_and_read_back(name: str) -> None:
    wire = encode_name(name)
    assert wire == oracle(name).to_wire()
    assert read_name(b"12345" + wire + b"rest", 5) == (name, 5 + len(wire))
    assert read_name(encode_name(name.upper()), 0)[0] == name


def test_the_root_is_the_empty_name() -> None:
    assert encode_name("") == b"\0"
    assert read_name(b"\0", 0) == ("", 1)


@pytest.mark.parametrize("name", ["a..b", ".a", "x" * 64 + ".com"])
def test_what_is_no_name_is_not_written(name: str) -> None:
    with pytest.raises(MalformedMessage, match="label"):
        encode_name(name)


@given(responses())
def test_an_answer_is_read_as_the_oracle_wrote_it(message: dns.message.Message) -> None:
    read = decode(message.to_wire())
    [asked] = message.question
    assert (read.id, read.rcode, read.truncated) == (message.id, message.rcode(), False)
    assert read.authoritative == bool(message.flags & dns.flags.AA)
    assert read.question == (text_of(asked.name), asked.rdtype)
    for ours, theirs in (
        (read.answer, message.answer),
        (read.authority, message.authority),
        (read.additional, message.additional),
    ):
        assert sorted(map(repr, rows_of(theirs))) == sorted(
            repr((row.owner, row.rdtype, row.ttl, row.data)) for row in ours
        )


@given(responses(), kin.filter(lambda name: "." in name), st.sampled_from(RRType))
def test_the_addresses_of_an_owner_are_found_and_no_others(
    message: dns.message.Message, owner: str, rrtype: RRType
) -> None:
    wanted = [r for r in message.answer if (text_of(r.name), r.rdtype.name) == (owner, rrtype)]
    found, ttl = decode(message.to_wire()).addresses(Name(owner), rrtype)
    assert sorted(map(str, found)) == sorted(str(data) for *_, data in rows_of(wanted))
    assert ttl == min((rrset.ttl for rrset in wanted), default=None)


@given(
    st.lists(st.tuples(kin | names, st.ip_addresses()), max_size=30),
    st.integers(0, 0xFFFF),
    kin,
)
def test_what_the_writer_compresses_is_what_the_oracle_reads(
    rows: list[tuple[str, IPAddress]], id: int, zone: str
) -> None:
    writer = Writer(id, 0x8400, (1, len(rows), 0, 0))
    writer.question(zone, SOA, IN)
    for owner, address in rows:
        writer.record(owner, A if address.version == 4 else AAAA, IN, 60, address.packed)
    wire = writer.octets()
    read = dns.message.from_wire(wire, one_rr_per_rrset=True)
    assert [asked.name for asked in read.question] == [oracle(zone)]
    assert [(rrset.name, ip_address(rrset[0].to_text())) for rrset in read.answer] == [
        (oracle(owner), address) for owner, address in rows
    ]
    assert [(row.owner, row.data) for row in decode(wire).answer] == rows


def test_a_long_message_is_compressed_only_as_far_as_pointers_reach() -> None:
    owners = [f"host-{number:05}.of.a.zone.example.com" for number in range(2000)]
    writer = Writer(1, 0x8400, (1, len(owners), 0, 0))
    writer.question("zone.example.com", SOA, IN)
    for owner in owners:
        writer.record(owner, A, IN, 60, b"\xc0\0\2\1")
    wire = writer.octets()
    assert 0x4000 < len(wire) < sum(map(len, owners))
    assert [row.owner for row in decode(wire).answer] == owners
    assert len(dns.message.from_wire(wire).answer) == len(owners)


def answer(*rows: str, flags: int = dns.flags.AA, section: str = "answer", asked: str = "A") -> Message:
    """A response for `HOME`; each row is a line of a zone file."""
    message = dns.message.make_response(dns.message.make_query(f"{HOME}.", asked))
    message.flags |= flags
    for row in rows:
        owner, ttl, _, rdtype, rdata = row.split(maxsplit=4)
        getattr(message, section).append(dns.rrset.from_text(owner, int(ttl), "IN", rdtype, rdata))
    return decode(message.to_wire())


_NS = "example.com. 60 IN NS ns1.example.com."
_SOA = "example.com. 60 IN SOA ns1.example.com. hostmaster.example.com. 1 3600 900 604800 60"


@pytest.mark.parametrize("section", ["answer", "authority"])
@pytest.mark.parametrize("row", [_NS, _SOA])
def test_soa_and_ns_of_an_authoritative_answer_name_the_zone(row: str, section: str) -> None:
    assert answer(row, section=section).apex(HOME) == Name("example.com")
    assert answer(row, section=section).apex(Name("example.com")) == Name("example.com")


@pytest.mark.parametrize(
    "message",
    [
        answer(_SOA, section="authority", flags=0),
        answer(_SOA.replace("example.com. 60", "other.example. 60"), section="authority"),
        answer(_SOA.replace("example.com. 60", "e.example.com. 60"), section="authority"),
        answer(_NS.replace("example.com. 60", ". 60"), section="authority"),
        answer(f"{HOME}. 60 IN A 192.0.2.1"),
    ],
    ids=["without authority", "another zone", "a look-alike", "the root", "only the address"],
)
def test_what_does_not_name_the_zone_of_the_owner_names_none(message: Message) -> None:
    assert message.apex(HOME) is None


def test_a_referral_names_the_zone_cut_and_its_servers() -> None:
    cut = [f"{HOME}. 60 IN NS ns{n}.elsewhere.example." for n in (2, 1)]
    referral = answer(*cut, section="authority", flags=0)
    assert referral.delegation(HOME) == (HOME.text, ["ns1.elsewhere.example", "ns2.elsewhere.example"])
    assert referral.delegation(Name("a.home.example.com")) is not None
    assert referral.delegation(Name("example.com")) is None
    assert referral.delegation(Name("athome.example.com")) is None


def test_a_referral_to_the_root_or_an_answer_is_no_delegation() -> None:
    assert answer(". 60 IN NS a.root-servers.net.", section="authority", flags=0).delegation(HOME) is None
    assert answer(_NS, section="authority").delegation(HOME) is None
    assert answer(_NS, flags=0).delegation(HOME) is None
    assert answer(flags=0).delegation(HOME) is None
    # What a resolver adds to an answer is no referral either.
    message = dns.message.make_response(dns.message.make_query(f"{HOME}.", "A"))
    message.answer.append(dns.rrset.from_text(f"{HOME}.", 60, "IN", "A", "192.0.2.1"))
    message.authority.append(dns.rrset.from_text("example.com.", 60, "IN", "NS", "ns1.example.com."))
    assert decode(message.to_wire()).delegation(HOME) is None


def test_an_alias_is_told_by_its_own_name_only() -> None:
    alias = answer(f"{HOME}. 60 IN CNAME Portal.Example.NET.", "portal.example.net. 60 IN A 192.0.2.9")
    assert alias.alias(HOME) == "portal.example.net"
    assert alias.alias(Name("portal.example.net")) is None
    assert alias.addresses(HOME, RRType.A) == ([], None)


def test_a_dot_inside_a_label_does_not_make_two_labels() -> None:
    # The one label "home.example" below com is another name than home.example.com.
    wire = bytearray(b"\0\1\x84\0\0\0\0\1\0\0\0\0" + b"\x0chome.example\3com\0")
    wire += b"\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
    [row] = decode(bytes(wire)).answer
    assert row.owner == r"home\.example.com"
    assert decode(bytes(wire)).addresses(HOME, RRType.A) == ([], None)


def test_only_the_letters_of_ascii_have_two_cases() -> None:
    assert read_name(b"\3A\xc0Z\0", 0) == ("a\u00c0z", 5)


def test_a_ttl_with_the_top_bit_set_counts_as_zero() -> None:
    wire = b"\0\1\x84\0\0\0\0\1\0\0\0\0\0" + b"\0\1\0\1\x80\0\0\x3c\0\4\xc0\0\2\1"
    assert decode(wire).answer[0].ttl == 0
    assert dns.message.from_wire(wire).answer[0].ttl == 0


def test_of_a_truncated_message_nothing_but_the_question_is_used() -> None:
    whole = answer(f"{HOME}. 60 IN A 192.0.2.1")
    message = dns.message.make_response(dns.message.make_query(f"{HOME}.", "A"))
    message.answer.append(dns.rrset.from_text(f"{HOME}.", 60, "IN", "A", "192.0.2.1"))
    message.flags |= dns.flags.TC
    for wire in (message.to_wire(), message.to_wire()[:-7]):  # some servers cut in the midst of a record
        read = decode(wire)
        assert (read.truncated, read.question, read.answer) == (True, whole.question, ())


_HEAD = b"\0\1\x84\0\0\0\0\1\0\0\0\0"
BAD: dict[str, bytes] = {
    "nothing": b"",
    "half a header": _HEAD[:7],
    "a query": query(1, "example.com", A),
    "fewer records than promised": _HEAD,
    "octets behind the end": b"\0\1\x84\0\0\0\0\0\0\0\0\0!",
    "a pointer to itself": _HEAD + b"\xc0\x0c" + b"\0\1\0\1\0\0\0\0\0\4\1\2\3\4",
    "a pointer forward": _HEAD + b"\xc0\x20" + b"\0\1\0\1\0\0\0\0\0\4\1\2\3\4" * 3,
    "two pointers in a circle": _HEAD + b"\1a\xc0\x10\1b\xc0\x0c" + b"\0\1\0\1\0\0\0\0\0\4\1\2\3\4",
    "half a pointer": _HEAD + b"\xc0",
    "a label of an unknown kind": _HEAD + b"\x41a\0" + b"\0\1\0\1\0\0\0\0\0\4\1\2\3\4",
    "a label behind the end": _HEAD + b"\x3fa",
    "a name of 256 octets": _HEAD + b"\x3f" + b"a" * 63 + (b"\x3f" + b"a" * 63) * 3 + b"\0" + b"\0" * 10,
    "an A of three octets": _HEAD + b"\0" + b"\0\1\0\1\0\0\0\0\0\3\1\2\3",
    "an AAAA of four octets": _HEAD + b"\0" + b"\0\x1c\0\1\0\0\0\0\0\4\1\2\3\4",
    "RDATA behind the end": _HEAD + b"\0" + b"\0\1\0\1\0\0\0\0\0\4\1\2\3",
    "a CNAME longer than its RDATA": _HEAD + b"\0" + b"\0\5\0\1\0\0\0\0\0\2\1a\0",
    "a CNAME shorter than its RDATA": _HEAD + b"\0" + b"\0\5\0\1\0\0\0\0\0\5\1a\0xx",
    "an empty NS": _HEAD + b"\0" + b"\0\2\0\1\0\0\0\0\0\0",
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_response_is_told_so(name: str) -> None:
    with pytest.raises(MalformedMessage):
        decode(BAD[name])


def test_the_longest_name_is_read() -> None:
    longest = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])
    assert read_name(encode_name(longest), 0) == (longest, 255)
    with pytest.raises(MalformedMessage, match="too long"):
        read_name(encode_name(longest + "d"), 0)


def survives(read: Callable[[bytes], object], wire: bytes) -> bool:
    try:
        read(wire)
    except MalformedMessage:
        return False
    return True


@given(st.binary(max_size=80), st.binary(max_size=12))
def test_any_octets_are_a_message_or_malformed(octets: bytes, counts: bytes) -> None:
    for wire in (octets, b"\0\1\x84\0\0\1\0\1\0\1\0\1" + octets, b"\0\1\x84\0" + counts[:8] + octets):
        survives(decode, wire)
        survives(last_record, wire)
        survives(lambda wire: read_name(wire, 0), wire)


@given(responses(), st.data())
def test_a_damaged_message_is_read_only_where_the_oracle_reads_the_same(
    message: dns.message.Message, data: st.DataObject
) -> None:
    wire = bytearray(message.to_wire())
    for _ in range(data.draw(st.integers(1, 5))):
        wire[data.draw(st.integers(2, len(wire) - 1))] = data.draw(st.integers(0, 255))
    octets = bytes(wire[: data.draw(st.integers(0, len(wire)))] if data.draw(st.booleans()) else wire)
    survives(last_record, octets)
    if not survives(decode, octets) or decode(octets).truncated:
        return
    try:
        theirs = dns.message.from_wire(octets, one_rr_per_rrset=True)
    except (dns.exception.DNSException, ValueError):
        return  # it looks into more types than we do
    if theirs.opcode() == dns.opcode.QUERY and theirs.opt is None:
        assert [(r.rdtype, r.ttl) for r in decode(octets).answer] == [
            (int(rrset.rdtype), rrset.ttl) for rrset in theirs.answer
        ]


def test_the_last_record_is_found_with_its_end() -> None:
    message = dns.message.make_response(dns.message.make_query(f"{HOME}.", "A"))
    message.answer.append(dns.rrset.from_text(f"{HOME}.", 60, "IN", "A", "192.0.2.1"))
    with pytest.raises(MalformedMessage, match="no additional"):
        last_record(message.to_wire())
    message.additional.append(dns.rrset.from_text("x.", 60, "IN", "A", "192.0.2.1"))
    wire = message.to_wire()
    assert last_record(wire + b"more") == (len(wire) - 17, len(wire))


def test_every_rcode_has_the_name_that_the_oracle_gives_it() -> None:
    for rcode in Rcode:
        if rcode not in (16, 17, 18, 22):  # of TSIG; RFC 6891 gave 16 a second meaning
            assert dns.rcode.to_text(dns.rcode.Rcode(rcode)) == rcode.name
    assert Rcode.name_of(5) == "REFUSED"
    assert Rcode.name_of(77) == "RCODE 77"
    assert (CLASS_ANY, IN) == (dns.rdataclass.ANY, dns.rdataclass.IN)
