"""Questions and answers of the servers that tell who asks; dnspython is the oracle."""

from __future__ import annotations

from ipaddress import IPv4Address

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.dns import IPAddress, RRType
from homeport.core.errors import SourceError
from homeport.sources import pools
from homeport.wire import whoami
from homeport.wire.whoami import CH, IN, Question

A, TXT = 1, 16
CLOUDFLARE = Question(0x1234, "whoami.cloudflare", TXT, CH)
GOOGLE = Question(7, "o-o.myaddr.l.google.com", TXT, IN)
OPENDNS = Question(9, "myip.opendns.com", A, IN)


def reply(question: Question, *rows: str, rcode: int = 0, owner: str | None = None) -> bytes:
    """An answer, built by the oracle; each row is `TYPE RDATA`."""
    message = dns.message.make_response(dns.message.from_wire(question.octets()))
    message.set_rcode(dns.rcode.Rcode(rcode))
    for row in rows:
        rdtype, _, rdata = row.partition(" ")
        name, rdclass = f"{owner or question.owner}.", dns.rdataclass.RdataClass(question.rdclass)
        message.answer.append(dns.rrset.from_text(name, 0, rdclass, rdtype, rdata))
    return message.to_wire()


def test_the_question_is_that_of_the_notes() -> None:
    # providers/README.md, B; only the RD bit differs: these servers are asked themselves.
    noted = "1234 0000 0001 0000 0000 0000 06 77686f616d69 0a 636c6f7564666c617265 00 0010 0003"
    assert CLOUDFLARE.octets() == bytes.fromhex(noted)


@pytest.mark.parametrize("entry", pools.DNS, ids=lambda entry: entry.name)
def test_every_question_of_the_pool_is_one_for_the_oracle(entry: pools.Whoami) -> None:
    for rdtype in entry.rdtypes.values():
        question = Question(0xBEEF, entry.owner, rdtype, entry.rdclass)
        read = dns.message.from_wire(question.octets())
        [asked] = read.question
        assert (read.id, asked.name.to_text(), asked.rdtype, asked.rdclass) == (
            0xBEEF,
            f"{entry.owner}.",
            rdtype,
            entry.rdclass,
        )


@given(st.ip_addresses())
def test_the_address_in_the_answer_is_found(address: IPAddress) -> None:
    rrtype = RRType.of(address)
    for question in (CLOUDFLARE, GOOGLE):
        assert whoami.answer(reply(question, f'TXT "{address}"'), question, rrtype) == address
    record = Question(3, "myip.opendns.com", dns.rdatatype.from_text(rrtype), IN)
    assert whoami.answer(reply(record, f"{rrtype} {address}"), record, rrtype) == address


def test_googles_remark_about_the_resolver_is_skipped() -> None:
    rows = ('TXT "edns0-client-subnet 198.51.100.0/24"', 'TXT "203.0.113.7"')
    assert whoami.answer(reply(GOOGLE, *rows), GOOGLE, RRType.A) == IPv4Address("203.0.113.7")


BAD = {
    "nothing": (b"", "no DNS message"),
    "junk": (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no DNS message|another question"),
    "the question itself": (OPENDNS.octets(), "no DNS message"),
    "another id": (reply(Question(8, "myip.opendns.com", A, IN), "A 203.0.113.7"), "another question"),
    "another name": (reply(Question(9, "example.com", A, IN), "A 203.0.113.7"), "another question"),
    "another type": (reply(Question(9, "myip.opendns.com", TXT, IN)), "another question"),
    "refused": (reply(OPENDNS, rcode=5), "REFUSED"),
    "no such name": (reply(OPENDNS, rcode=3), "NXDOMAIN"),
    "no answer": (reply(OPENDNS), "no addresses"),
    "an alias": (reply(OPENDNS, "CNAME portal.example."), "no addresses"),
    "an address of another name": (reply(OPENDNS, "A 203.0.113.7", owner="portal.example"), "no addresses"),
    "two addresses": (reply(OPENDNS, "A 203.0.113.7", "A 203.0.113.8"), "2 addresses"),
    "cut off": (reply(OPENDNS, "A 203.0.113.7")[:-1], "no DNS message"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_the_answer_to_our_question_is_refused_and_named(name: str) -> None:
    message, said = BAD[name]
    with pytest.raises(SourceError, match=said):
        whoami.answer(message, OPENDNS, RRType.A)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('TXT "2001:db8::1"', "an IPv6 address where IPv4 was asked"),
        ('TXT "203.0." "113.7"', "not one plain text"),
        ('TXT "203.0.113.7, 10.0.0.1"', "2 addresses"),
        ('TXT ""', "empty answer"),
        ('TXT "203.0.113.\\255"', "not one plain text"),
    ],
)
def test_a_text_that_is_not_one_address_is_refused(row: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        whoami.answer(reply(CLOUDFLARE, row), CLOUDFLARE, RRType.A)


def test_a_truncated_answer_is_refused() -> None:
    octets = bytearray(reply(OPENDNS, "A 203.0.113.7"))
    octets[2] |= 0x02
    with pytest.raises(SourceError, match="truncated"):
        whoami.answer(bytes(octets), OPENDNS, RRType.A)


@given(st.data())
def test_any_octets_give_an_address_or_a_source_error(data: st.DataObject) -> None:
    question = data.draw(st.sampled_from([CLOUDFLARE, GOOGLE, OPENDNS]))
    good = bytearray(reply(question, "A 203.0.113.7" if question.rdtype == A else 'TXT "203.0.113.7"'))
    for _ in range(data.draw(st.integers(0, 6))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    message = data.draw(st.sampled_from([bytes(good), bytes(good[: data.draw(st.integers(0, len(good)))])]))
    tail = data.draw(st.binary(max_size=40))
    for octets in (message, tail, message[:12] + tail):
        try:
            assert whoami.answer(octets, question, RRType.A).version == 4
        except SourceError:
            continue


def test_a_compression_loop_ends() -> None:
    loop = OPENDNS.octets()[:2] + b"\x80\0\0\1\0\1\0\0\0\0" + b"\xc0\x0c" + b"\0\1\0\1"
    with pytest.raises(SourceError, match="no DNS message"):
        whoami.answer(loop, OPENDNS, RRType.A)
