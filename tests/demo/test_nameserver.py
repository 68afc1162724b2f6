"""The demo's name server, asked and updated by clients that are not ours: dnspython, dig and nsupdate."""

import asyncio
import hashlib
import hmac
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.tsigkeyring
import dns.update
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeport.core.errors import ConfigError
from homeport.demo.nameserver import Nameserver

ZONE = "example.com"
KEY_NAME = "homeport."
KEY = b"a secret of thirty-two octets..."
BASE64 = "YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBvY3RldHMuLi4="
KEYRING = dns.tsigkeyring.from_text({KEY_NAME: BASE64})
SECONDS = 5.0


@contextmanager
def serving(**wishes: Any) -> Iterator[Nameserver]:
    """A server in a thread of its own, so that blocking clients can be its peers."""
    stop, ready = threading.Event(), threading.Event()
    servers: list[Nameserver] = []

    async def serve() -> None:
        async with Nameserver.serving(ZONE, tsig_name=KEY_NAME, tsig_key=KEY, **wishes) as server:
            servers.append(server)
            ready.set()
            await asyncio.to_thread(stop.wait)

    with ThreadPoolExecutor(1) as threads:
        run = threads.submit(asyncio.run, serve())
        run.add_done_callback(lambda _: ready.set())
        try:
            ready.wait()
            if not servers:
                run.result()
            yield servers[0]
        finally:
            stop.set()
            run.result()


@pytest.fixture
def server() -> Iterator[Nameserver]:
    with serving() as running:
        yield running


def ask(server: Nameserver, name: str, rrtype: str, *, tcp: bool = False) -> dns.message.Message:
    query = dns.message.make_query(name, rrtype)
    over = dns.query.tcp if tcp else dns.query.udp
    return over(query, server.host, timeout=SECONDS, port=server.port)


def update(*, signed: bool = True) -> dns.update.UpdateMessage:
    return dns.update.UpdateMessage(ZONE, keyring=KEYRING if signed else None)


def send(server: Nameserver, message: dns.message.Message, *, tcp: bool = False) -> dns.rcode.Rcode:
    over = dns.query.tcp if tcp else dns.query.udp
    return over(message, server.host, timeout=SECONDS, port=server.port).rcode()


def raw(server: Nameserver, wire: bytes) -> dns.message.Message:
    """One datagram there, and the answer unverified."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(SECONDS)
        sock.sendto(wire, (server.host, server.port))
        return dns.message.from_wire(sock.recv(65535), keyring=False)


def given_records(server: Nameserver, *records: tuple[Any, ...]) -> None:
    message = update()
    for record in records:
        message.add(*record)
    assert send(server, message) == dns.rcode.NOERROR


def serial(server: Nameserver) -> int:
    soa: Any = ask(server, ZONE, "SOA").answer[0][0]
    return int(soa.serial)


def lines(section: list[dns.rrset.RRset]) -> list[str]:
    return [text for rrset in section for text in rrset.to_text().splitlines()]


# Queries


@pytest.mark.parametrize("tcp", [False, True])
def test_the_zone_starts_with_soa_and_ns_on_one_port_over_udp_and_tcp(
    server: Nameserver, tcp: bool
) -> None:
    soa = ask(server, ZONE, "SOA", tcp=tcp)
    assert soa.rcode() == dns.rcode.NOERROR
    assert soa.flags & dns.flags.AA
    assert not soa.flags & dns.flags.RA
    assert lines(soa.answer) == [
        "example.com. 3600 IN SOA ns1.example.com. hostmaster.example.com. 1 3600 900 604800 60"
    ]
    assert lines(ask(server, ZONE, "NS", tcp=tcp).answer) == ["example.com. 3600 IN NS ns1.example.com."]
    assert lines(ask(server, "ns1.example.com", "A", tcp=tcp).answer) == [
        "ns1.example.com. 3600 IN A 127.0.0.1"
    ]


@pytest.mark.parametrize(
    ("name", "rcode"),
    [
        ("ns1.example.com", dns.rcode.NOERROR),  # exists, without AAAA
        ("b.example.com", dns.rcode.NOERROR),  # exists only because a.b.example.com does
        ("nothing.example.com", dns.rcode.NXDOMAIN),
        ("deep.below.nothing.example.com", dns.rcode.NXDOMAIN),
    ],
)
def test_a_negative_answer_carries_the_soa_and_how_long_to_believe_it(
    server: Nameserver, name: str, rcode: dns.rcode.Rcode
) -> None:
    given_records(server, ("a.b", 60, "A", "192.0.2.1"))
    reply = ask(server, name, "AAAA")
    assert reply.rcode() == rcode
    assert reply.flags & dns.flags.AA
    assert not reply.answer
    assert [(rrset.rdtype, rrset.ttl) for rrset in reply.authority] == [(dns.rdatatype.SOA, 60)]


@pytest.mark.parametrize("name", ["example.net", "notexample.com", "com", "."])
def test_a_name_outside_the_zone_is_refused(server: Nameserver, name: str) -> None:
    reply = ask(server, name, "A")
    assert reply.rcode() == dns.rcode.REFUSED
    assert not reply.flags & dns.flags.AA


def test_a_name_is_compared_without_regard_to_case(server: Nameserver) -> None:
    given_records(server, ("Home", 60, "A", "192.0.2.1"))
    assert lines(ask(server, "hOmE.eXample.COM", "A").answer) == ["hOmE.eXample.COM. 60 IN A 192.0.2.1"]
    assert server.addresses("HOME.example.com", "A") == ["192.0.2.1"]


def test_a_chain_of_aliases_is_followed_to_the_end_of_the_zone(server: Nameserver) -> None:
    given_records(
        server,
        ("www", 60, "CNAME", "web"),
        ("web", 60, "CNAME", "home"),
        ("home", 60, "A", "192.0.2.1"),
        ("out", 60, "CNAME", "example.net."),
        ("gone", 60, "CNAME", "nothing"),
        ("round", 60, "CNAME", "about"),
        ("about", 60, "CNAME", "round"),
    )
    www = ask(server, "www.example.com", "A")
    assert [text.split()[3:] for text in lines(www.answer)] == [
        ["CNAME", "web.example.com."],
        ["CNAME", "home.example.com."],
        ["A", "192.0.2.1"],
    ]
    assert len(ask(server, "www.example.com", "CNAME").answer) == 1
    out = ask(server, "out.example.com", "A")
    assert (out.rcode(), len(out.answer), out.authority) == (dns.rcode.NOERROR, 1, [])
    gone = ask(server, "gone.example.com", "A")
    assert (gone.rcode(), len(gone.answer), len(gone.authority)) == (dns.rcode.NXDOMAIN, 1, 1)
    assert len(ask(server, "round.example.com", "A").answer) == 2


def test_a_wildcard_answers_for_what_does_not_exist_and_for_nothing_else(server: Nameserver) -> None:
    # The examples of RFC 4592, 2.2.1, as far as one zone without delegations has them.
    given_records(
        server,
        ("*", 60, "TXT", '"this is a wildcard"'),
        ("host1", 60, "A", "192.0.2.1"),
        ("_ssh._tcp.host1", 60, "SRV", "0 0 22 host1"),
    )
    for name in ("host3.example.com", "foo.bar.example.com", "*.example.com"):
        found = ask(server, name, "TXT")
        assert [rrset.name for rrset in found.answer] == [dns.name.from_text(name)]
    assert ask(server, "host3.example.com", "MX").rcode() == dns.rcode.NOERROR
    assert not ask(server, "host1.example.com", "TXT").answer
    assert ask(server, "_telnet._tcp.host1.example.com", "SRV").rcode() == dns.rcode.NXDOMAIN
    assert ask(server, "_tcp.host1.example.com", "TXT").rcode() == dns.rcode.NOERROR


def test_any_gives_all_and_a_transfer_nothing(server: Nameserver) -> None:
    assert {rrset.rdtype for rrset in ask(server, ZONE, "ANY").answer} == {
        dns.rdatatype.SOA,
        dns.rdatatype.NS,
    }
    assert ask(server, ZONE, "AXFR", tcp=True).rcode() == dns.rcode.REFUSED
    assert ask(server, ZONE, "MAILB").rcode() == dns.rcode.NOTIMP


def test_what_does_not_fit_a_datagram_is_truncated_and_whole_over_tcp(server: Nameserver) -> None:
    given_records(server, *(("many", 60, "AAAA", f"2001:db8::{i:x}") for i in range(100)))
    query = dns.message.make_query("many.example.com", "AAAA", use_edns=False)
    reply = dns.query.udp(query, server.host, SECONDS, server.port)
    assert reply.flags & dns.flags.TC
    assert len(reply.to_wire()) <= 512
    assert len(ask(server, "many.example.com", "AAAA", tcp=True).answer[0]) == 100
    assert len(server.addresses("many.example.com", "AAAA")) == 100


def test_an_unknown_edns_version_is_told_so(server: Nameserver) -> None:
    query = dns.message.make_query(ZONE, "SOA", use_edns=1)
    reply = dns.query.udp(query, server.host, SECONDS, server.port)
    assert (reply.rcode(), reply.edns, reply.answer) == (dns.rcode.BADVERS, 0, [])


def test_other_opcodes_and_classes_are_not_ours(server: Nameserver) -> None:
    notify = dns.message.make_query(ZONE, "SOA")
    notify.set_opcode(dns.opcode.NOTIFY)
    reply = raw(server, notify.to_wire())
    assert (reply.rcode(), reply.opcode()) == (dns.rcode.NOTIMP, dns.opcode.NOTIFY)
    chaos = dns.message.make_query("version.example.com", "TXT", "CH")
    assert raw(server, chaos.to_wire()).rcode() == dns.rcode.REFUSED
    both = dns.message.make_query(ZONE, "A")
    both.question += dns.message.make_query(ZONE, "AAAA").question
    assert raw(server, both.to_wire()).rcode() == dns.rcode.FORMERR


# Updates


def test_an_update_adds_replaces_and_deletes(server: Nameserver) -> None:
    given_records(server, ("home", 60, "A", "192.0.2.1"), ("home", 60, "AAAA", "2001:db8::1"))
    change = update()
    change.replace("home", 120, "A", "192.0.2.2")
    assert send(server, change, tcp=True) == dns.rcode.NOERROR
    assert lines(ask(server, "home.example.com", "A").answer) == ["home.example.com. 120 IN A 192.0.2.2"]
    change = update()
    change.add("home", 300, "A", "192.0.2.3")  # and its TTL becomes that of the RRset
    assert send(server, change) == dns.rcode.NOERROR
    assert ask(server, "home.example.com", "A").answer[0].ttl == 300
    change = update()
    change.delete("home", "A", "192.0.2.2")
    assert send(server, change) == dns.rcode.NOERROR
    assert lines(ask(server, "home.example.com", "A").answer) == ["home.example.com. 300 IN A 192.0.2.3"]
    change = update()
    change.delete("home")
    assert send(server, change) == dns.rcode.NOERROR
    assert ask(server, "home.example.com", "A").rcode() == dns.rcode.NXDOMAIN
    assert server.updates == 5
    assert server.addresses("home.example.com", "AAAA") == []


def test_the_serial_rises_with_every_change_and_only_then(server: Nameserver) -> None:
    assert serial(server) == 1
    given_records(server, ("home", 60, "A", "192.0.2.1"))
    assert serial(server) == 2
    given_records(server, ("home", 60, "A", "192.0.2.1"))
    same = update()
    same.replace("home", 60, "A", "192.0.2.1")
    same.delete("nothing")
    assert send(server, same) == dns.rcode.NOERROR
    assert serial(server) == 2
    given_records(server, ("home", 90, "A", "192.0.2.1"))  # the TTL alone is a change
    assert serial(server) == 3
    given_records(server, ("@", 60, "SOA", "ns1 hostmaster 2026112101 3600 900 604800 60"))
    assert serial(server) == 2026112101
    given_records(server, ("@", 60, "SOA", "ns1 hostmaster 7 3600 900 604800 60"))  # backwards: ignored
    given_records(server, ("home", 60, "SOA", "ns1 hostmaster 2026112102 3600 900 604800 60"))  # no apex
    assert serial(server) == 2026112101


def test_the_apex_keeps_its_soa_and_its_last_ns(server: Nameserver) -> None:
    given_records(server, ("@", 60, "A", "192.0.2.1"))
    change = update()
    change.delete("@")
    change.delete("@", "SOA")
    change.delete("@", "NS")
    change.delete("@", "NS", "ns1")
    assert send(server, change) == dns.rcode.NOERROR
    kept = {rrset.rdtype for rrset in ask(server, ZONE, "ANY").answer}
    assert kept == {dns.rdatatype.SOA, dns.rdatatype.NS}
    change = update()
    change.add("@", 60, "NS", "ns2")
    change.delete("@", "NS", "ns1")
    assert send(server, change) == dns.rcode.NOERROR
    assert lines(ask(server, ZONE, "NS").answer) == ["example.com. 60 IN NS ns2.example.com."]


def test_an_alias_and_other_data_do_not_share_a_name(server: Nameserver) -> None:
    given_records(server, ("home", 60, "A", "192.0.2.1"), ("www", 60, "CNAME", "home"))
    given_records(server, ("home", 60, "CNAME", "www"), ("www", 60, "A", "192.0.2.2"))
    assert server.addresses("home.example.com", "A") == ["192.0.2.1"]
    assert server.addresses("www.example.com", "A") == []
    given_records(server, ("www", 60, "CNAME", "ns1"))
    assert server.addresses("www.example.com", "CNAME") == ["ns1.example.com."]


@pytest.mark.parametrize(
    ("method", "args", "rcode"),
    [
        ("present", ("home",), dns.rcode.NOERROR),
        ("present", ("home", "A"), dns.rcode.NOERROR),
        ("present", ("home", "A", "192.0.2.1", "192.0.2.2"), dns.rcode.NOERROR),
        ("absent", ("b",), dns.rcode.NOERROR),  # an empty non-terminal is not in use
        ("absent", ("home", "AAAA"), dns.rcode.NOERROR),
        ("present", ("nothing",), dns.rcode.NXDOMAIN),
        ("present", ("b",), dns.rcode.NXDOMAIN),
        ("present", ("home", "AAAA"), dns.rcode.NXRRSET),
        ("present", ("home", "A", "192.0.2.1"), dns.rcode.NXRRSET),
        ("present", ("home", "A", "192.0.2.1", "192.0.2.2", "192.0.2.3"), dns.rcode.NXRRSET),
        ("present", ("nothing", "A", "192.0.2.1"), dns.rcode.NXRRSET),
        ("absent", ("home",), dns.rcode.YXDOMAIN),
        ("absent", ("home", "A"), dns.rcode.YXRRSET),
        ("absent", ("home.example.net.",), dns.rcode.NOTZONE),
    ],
)
def test_an_update_happens_only_if_its_prerequisites_hold(
    server: Nameserver, method: str, args: tuple[str, ...], rcode: dns.rcode.Rcode
) -> None:
    given_records(
        server,
        ("home", 60, "A", "192.0.2.1"),
        ("home", 60, "A", "192.0.2.2"),
        ("a.b", 60, "A", "192.0.2.1"),
    )
    change = update()
    getattr(change, method)(*args)
    change.add("done", 60, "A", "192.0.2.9")
    assert send(server, change) == rcode
    assert server.addresses("done.example.com", "A") == (
        ["192.0.2.9"] if rcode == dns.rcode.NOERROR else []
    )


# One RR each: owner, type, class, TTL, RDATA.
HOME, ELSEWHERE = dns.name.from_text("home.example.com"), dns.name.from_text("home.notexample.com")
A, ANY_TYPE, AXFR = 1, 255, 252
IN, CH, NONE, ANY = 1, 3, 254, 255
FOUR = b"\xc0\x00\x02\x07"


@pytest.mark.parametrize(
    ("rr", "rcode"),
    [
        ((ELSEWHERE, A, IN, 60, FOUR), dns.rcode.NOTZONE),
        ((ELSEWHERE, A, ANY, 0, b""), dns.rcode.NOTZONE),
        ((HOME, ANY_TYPE, IN, 60, b""), dns.rcode.FORMERR),
        ((HOME, AXFR, IN, 60, b"x"), dns.rcode.FORMERR),
        ((HOME, A, CH, 60, FOUR), dns.rcode.FORMERR),
        ((HOME, A, ANY, 1, b""), dns.rcode.FORMERR),
        ((HOME, A, ANY, 0, FOUR), dns.rcode.FORMERR),
        ((HOME, AXFR, ANY, 0, b""), dns.rcode.FORMERR),
        ((HOME, A, NONE, 1, FOUR), dns.rcode.FORMERR),
        ((HOME, ANY_TYPE, NONE, 0, b"x"), dns.rcode.FORMERR),
        ((HOME, A, IN, 60, b"\x00"), dns.rcode.FORMERR),
    ],
)
def test_an_update_that_may_not_stand_changes_nothing_not_even_its_good_part(
    server: Nameserver, rr: tuple[dns.name.Name, int, int, int, bytes], rcode: dns.rcode.Rcode
) -> None:
    owner, rrtype, rrclass, ttl, rdata = rr
    wire = signed_update((HOME, A, IN, 60, b"\xc0\x00\x02\x01"), (owner, rrtype, rrclass, ttl, rdata))
    assert raw(server, wire).rcode() == rcode
    assert server.addresses("home.example.com", "A") == []
    assert (server.updates, serial(server)) == (0, 1)


@pytest.mark.parametrize(
    "prerequisite",
    [(HOME, A, NONE, 1, b""), (HOME, A, IN, 1, FOUR), (HOME, A, CH, 0, FOUR), (HOME, A, ANY, 0, FOUR)],
)
def test_a_prerequisite_that_may_not_stand_is_a_format_error(
    server: Nameserver, prerequisite: tuple[dns.name.Name, int, int, int, bytes]
) -> None:
    wire = signed_update(prerequisite, (HOME, A, IN, 60, FOUR), prerequisites=1)
    assert raw(server, wire).rcode() == dns.rcode.FORMERR
    assert server.updates == 0


def test_the_zone_section_must_name_this_zone(server: Nameserver) -> None:
    for other in ("example.net", "sub.example.com", "com"):
        change = dns.update.UpdateMessage(other, keyring=KEYRING)
        change.add("home", 60, "A", "192.0.2.1")
        assert send(server, change) == dns.rcode.NOTAUTH
    assert raw(server, signed(b"\0\7\x28\0" + b"\0" * 8)).rcode() == dns.rcode.FORMERR  # no zone at all
    assert server.updates == 0


def signed_update(*rrs: tuple[dns.name.Name, int, int, int, bytes], prerequisites: int = 0) -> bytes:
    """An update of these RRs (so many of them prerequisites), as octets: dnspython writes no wrong ones."""
    header = struct.pack("!HHHHHH", 7, 5 << 11, 1, prerequisites, len(rrs) - prerequisites, 0)
    zone = dns.name.from_text(ZONE).to_digestable() + struct.pack("!HH", 6, IN)
    body = b"".join(
        owner.to_digestable() + struct.pack("!HHIH", rrtype, rrclass, ttl, len(rdata)) + rdata
        for owner, rrtype, rrclass, ttl, rdata in rrs
    )
    return signed(header + zone + body)


def tsig_variables(name: dns.name.Name, signed_at: int, fudge: int, error: int, other: bytes) -> bytes:
    """RFC 8945, 4.3.3, written down once more, so that dnspython does not vouch for dnspython."""
    return (
        name.to_digestable()
        + struct.pack("!HI", ANY, 0)
        + dns.name.from_text("hmac-sha256").to_digestable()
        + signed_at.to_bytes(6, "big")
        + struct.pack("!HHH", fudge, error, len(other))
        + other
    )


def signed(wire: bytes, *, at: int | None = None, key: bytes = KEY) -> bytes:
    at = int(time.time()) if at is None else at
    name = dns.name.from_text(KEY_NAME)
    mac = hmac.digest(key, wire + tsig_variables(name, at, 300, 0, b""), "sha256")
    rdata = (
        dns.name.from_text("hmac-sha256").to_digestable()
        + at.to_bytes(6, "big")
        + struct.pack("!HH", 300, len(mac))
        + mac
        + wire[:2]
        + struct.pack("!HH", 0, 0)
    )
    [additional] = struct.unpack("!H", wire[10:12])
    rr = name.to_digestable() + struct.pack("!HHIH", 250, ANY, 0, len(rdata)) + rdata
    return wire[:10] + struct.pack("!H", additional + 1) + wire[12:] + rr


# TSIG


def test_an_unsigned_update_is_refused(server: Nameserver) -> None:
    change = update(signed=False)
    change.add("home", 60, "A", "192.0.2.1")
    assert send(server, change) == dns.rcode.REFUSED
    assert send(server, change, tcp=True) == dns.rcode.REFUSED
    assert server.addresses("home.example.com", "A") == []
    assert server.updates == 0


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (dns.tsig.Key("stranger.", KEY), dns.tsig.PeerBadKey),
        (dns.tsig.Key(KEY_NAME, KEY, "hmac-sha512"), dns.tsig.PeerBadKey),
        (dns.tsig.Key(KEY_NAME, b"another secret"), dns.tsig.PeerBadSignature),
        (dns.tsig.Key(KEY_NAME, KEY, "hmac-sha256-128"), dns.tsig.PeerBadKey),
    ],
)
def test_a_wrong_key_is_named_without_a_signature(
    server: Nameserver, key: dns.tsig.Key, error: type[dns.tsig.PeerError]
) -> None:
    change = dns.update.UpdateMessage(ZONE, keyring=key)
    change.add("home", 60, "A", "192.0.2.1")
    reply = raw(server, change.to_wire())
    assert (reply.rcode(), reply.mac, reply.keyname) == (dns.rcode.NOTAUTH, b"", key.name)
    with pytest.raises(error):
        send(server, change)
    assert server.updates == 0


def test_a_wrong_clock_is_told_the_time_under_signature(server: Nameserver) -> None:
    wire = signed(update(signed=False).to_wire(), at=1_000_000)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(SECONDS)
        sock.sendto(wire, (server.host, server.port))
        answer = sock.recv(65535)
    reply = dns.message.from_wire(answer, keyring=False)
    assert (reply.rcode(), reply.tsig_error) == (dns.rcode.NOTAUTH, dns.rcode.BADTIME)
    assert reply.tsig is not None
    said: Any = reply.tsig[0]
    assert said.time_signed == 1_000_000  # the client's own (RFC 8945, 5.2.3)
    assert abs(int.from_bytes(said.other, "big") - time.time()) < 60
    asked: Any = dns.message.from_wire(wire, keyring=False).tsig
    request_mac: bytes = asked[0].mac
    start = len(answer) - len(signed(b"\0" * 12)) + 12 - 6  # the same TSIG RR, plus six octets of time
    bare = answer[:10] + b"\0\0" + answer[12:start]
    digest = hmac.new(KEY, struct.pack("!H", len(request_mac)) + request_mac + bare, hashlib.sha256)
    digest.update(tsig_variables(reply.tsig.name, 1_000_000, said.fudge, dns.rcode.BADTIME, said.other))
    assert digest.digest() == said.mac


def test_signed_questions_get_signed_answers_also_when_the_answer_is_no(server: Nameserver) -> None:
    for message in (dns.message.make_query(ZONE, "SOA"), dns.message.make_query("x.example.net", "A")):
        message.use_tsig(KEYRING)
        assert dns.query.udp(
            message, server.host, SECONDS, server.port
        ).had_tsig  # and dnspython verified it
    change = update()
    change.present("nothing")
    assert dns.query.udp(change, server.host, SECONDS, server.port).had_tsig


@settings(max_examples=60)
@given(st.data())
def test_no_octet_of_a_signed_update_can_be_altered(data: st.DataObject) -> None:
    whole = signed_update((HOME, A, IN, 60, FOUR))
    before_tsig = len(whole) - (len(signed(b"\0" * 12)) - 12)
    place = data.draw(st.integers(2, before_tsig - 1))  # the first two are the id, which proxies change
    octet = data.draw(st.integers(1, 255))
    altered = bytearray(whole)
    altered[place] ^= octet
    zone = unserved()
    zone.answer(bytes(altered))
    assert zone.addresses("home.example.com", "A") == []
    assert zone.updates == 0
    zone.answer(whole)
    assert zone.updates == 1


# What peers throw at it


def unserved() -> Nameserver:
    """A server that has been stopped: it still knows the answers, without a socket."""

    async def make() -> Nameserver:
        async with Nameserver.serving(ZONE, tsig_name=KEY_NAME, tsig_key=KEY) as server:
            return server

    return asyncio.run(make())


STOPPED = unserved()
OPCODES = st.sampled_from([b"\x00\x00", b"\x28\x00", b"\x20\x00"])
COUNTS = st.lists(st.integers(0, 3), min_size=4, max_size=4).map(lambda four: struct.pack("!4H", *four))
MESSAGES = st.builds(
    lambda flags, counts, body: b"\x12\x34" + flags + counts + body,
    OPCODES,
    COUNTS,
    st.binary(max_size=120),
)
# Updates of which every part is well-formed, so that what is beneath the parser is reached.
OWNERS = st.sampled_from([HOME, ELSEWHERE, dns.name.from_text(ZONE), dns.name.from_text("*.example.com")])
RRS = st.builds(
    lambda owner, rrtype, rrclass, ttl, rdata: (
        owner.to_digestable() + struct.pack("!HHIH", rrtype, rrclass, ttl, len(rdata)) + rdata
    ),
    OWNERS,
    st.sampled_from([0, A, 2, 5, 6, 16, 46, 250, AXFR, ANY_TYPE, 65280]),
    st.sampled_from([IN, CH, NONE, ANY]),
    st.sampled_from([0, 60, 0x80000000]),
    st.sampled_from([b"", FOUR, b"\0", b"\1x\0", b"\0\0" + b"\0\0\0\7" * 5]),
)
SIGNABLE = st.tuples(st.lists(RRS, max_size=2), st.lists(RRS, max_size=4)).map(
    lambda parts: (
        struct.pack("!HHHHHH", 0x1234, 5 << 11, 1, len(parts[0]), len(parts[1]), 0)
        + dns.name.from_text(ZONE).to_digestable()
        + struct.pack("!HH", 6, IN)
        + b"".join(parts[0] + parts[1])
    )
)


@settings(max_examples=400)
@given(st.binary(max_size=600) | MESSAGES)
def test_any_octets_get_an_answer_or_silence(octets: bytes) -> None:
    for tcp in (False, True):
        answer = STOPPED.answer(octets, tcp=tcp)
        if answer is None:
            assert len(octets) < 12 or octets[2] & 0x80
        else:
            reply = dns.message.from_wire(answer, keyring=False)
            assert answer[:2] == octets[:2]
            assert reply.flags & dns.flags.QR
    assert STOPPED.updates == 0


@settings(max_examples=300)
@given(MESSAGES | SIGNABLE)
def test_any_octets_under_a_good_signature_get_an_answer(octets: bytes) -> None:
    zone = unserved()
    answer = zone.answer(signed(octets))
    assert answer is not None
    assert dns.message.from_wire(answer, keyring=False).id == 0x1234
    for owner in ("home.example.com", "x.example.com", ZONE):  # and what it stored can be told
        told = zone.answer(dns.message.make_query(owner, "ANY").to_wire())
        assert told is not None
        assert dns.message.from_wire(told).rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_message_gets_an_answer_or_silence(data: st.DataObject) -> None:
    query = dns.message.make_query("www.example.com", "A").to_wire()
    wire = bytearray(data.draw(st.sampled_from([query, signed_update((HOME, A, IN, 60, FOUR))])))
    for _ in range(data.draw(st.integers(1, 4))):
        wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    STOPPED.answer(bytes(wire[: data.draw(st.integers(0, len(wire)))]))


def test_junk_does_not_stop_the_server(server: Nameserver) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for junk in (
            b"",
            b"\0",
            b"\0" * 11,
            b"\0" * 12,
            b"\xff" * 512,
            b"\x12\x34\x28\0\0\1" + b"\xc0\x0c" * 300,
        ):
            sock.sendto(junk, (server.host, server.port))
    with connected(server) as stream:
        stream.sendall(b"\x00\x03abc")  # a length that no DNS message has
        assert stream.recv(1) == b""
    for tcp in (False, True):
        assert ask(server, ZONE, "SOA", tcp=tcp).rcode() == dns.rcode.NOERROR


def connected(server: Nameserver) -> socket.socket:
    return socket.create_connection((server.host, server.port), timeout=SECONDS)


def test_many_questions_in_one_segment_are_all_answered_in_order(server: Nameserver) -> None:
    questions = [dns.message.make_query(f"h{i}.example.com", "A", id=i) for i in range(50)]
    with connected(server) as stream, stream.makefile("rb") as answers:
        stream.sendall(b"".join(question.to_wire(prepend_length=True) for question in questions))
        for question in questions:
            length = int.from_bytes(answers.read(2), "big")
            assert question.is_response(dns.message.from_wire(answers.read(length)))


def test_a_connection_that_says_nothing_more_is_closed() -> None:
    question = dns.message.make_query(ZONE, "SOA").to_wire(prepend_length=True)
    with serving(idle=0.5) as server, connected(server) as silent, connected(server) as halfway:
        halfway.sendall(question[:-1])
        assert silent.recv(1) == b""
        assert halfway.recv(1) == b""
        assert ask(server, ZONE, "SOA", tcp=True).rcode() == dns.rcode.NOERROR


@pytest.mark.linux("Wine holds all that is not read")
def test_a_connection_whose_answers_are_not_read_is_closed() -> None:
    question = dns.message.make_query("big.example.com", "TXT").to_wire(prepend_length=True)
    with serving(idle=0.5) as server, connected(server) as deaf:
        given_records(server, ("big", 60, "TXT", " ".join(["x" * 250] * 200)))
        with pytest.raises(ConnectionError):
            deaf.sendall(question * 1_000_000)


def test_an_open_connection_does_not_hold_up_the_end() -> None:
    with serving(idle=60) as server:
        stream = connected(server)
        stream.sendall(dns.message.make_query(ZONE, "SOA").to_wire(prepend_length=True))
        assert stream.recv(1)  # so it was accepted
        began = time.monotonic()
    assert time.monotonic() - began < SECONDS
    stream.close()


def test_a_port_that_is_taken_is_told() -> None:
    with (
        serving() as first,
        pytest.raises(ConfigError, match=f"port {first.port}: .*choose another"),
        serving(port=first.port),
    ):
        raise AssertionError("two servers on one port")


def test_a_port_of_which_only_half_is_free_is_not_chosen() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as half:
        half.bind(("127.0.0.1", 0))
        port = half.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port}"), serving(port=port):
            raise AssertionError("half a server")


@pytest.mark.parametrize(
    ("wish", "word"),
    [
        ({"zone": "localdomain"}, "single label"),
        ({"algorithm": "rot13"}, "rot13"),
        ({"tsig_name": "a..b"}, "a..b"),
    ],
)
def test_what_cannot_be_served_is_told(wish: dict[str, str], word: str) -> None:
    async def serve() -> None:
        wishes: dict[str, Any] = {"zone": ZONE, "tsig_name": KEY_NAME, "tsig_key": KEY} | wish
        async with Nameserver.serving(**wishes):
            raise AssertionError("it served")

    with pytest.raises(ConfigError, match=word):
        asyncio.run(serve())


def test_it_does_not_print_its_secret(server: Nameserver) -> None:
    assert BASE64 not in repr(server)
    assert KEY.decode() not in repr(server)


# BIND's own clients


def tool(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    if shutil.which(words[0]) is None:
        pytest.fail(f"{words[0]} is missing: `make test` installs it (Debian: bind9-dnsutils)")
    return subprocess.run(words, input=stdin, capture_output=True, text=True, timeout=30, check=False)


TOOLS = pytest.mark.linux("dig and nsupdate")


def dig(server: Nameserver, *words: str) -> str:
    run = tool("dig", "@127.0.0.1", "-p", str(server.port), "+tries=1", "+time=5", *words)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def nsupdate(server: Nameserver, *script: str, key: str = f"hmac-sha256:{KEY_NAME}:{BASE64}") -> str:
    words = [f"server 127.0.0.1 {server.port}", f"zone {ZONE}", *script, "send", ""]
    run = tool("nsupdate", "-t", "10", *(["-y", key] if key else []), stdin="\n".join(words))
    assert (run.returncode == 0) == (not run.stderr), run.stderr
    return run.stderr


@TOOLS
def test_nsupdate_changes_the_zone_and_dig_sees_it(server: Nameserver) -> None:
    assert (
        nsupdate(
            server,
            "update add home.example.com 60 A 192.0.2.1",
            "update add home.example.com 60 A 192.0.2.2",
        )
        == ""
    )
    assert sorted(dig(server, "home.example.com", "A", "+short").split()) == ["192.0.2.1", "192.0.2.2"]
    assert "SERVFAIL" not in dig(server, "home.example.com", "A", "+tcp", "+keepopen")
    assert nsupdate(server, "prereq yxrrset home.example.com A", "update delete home.example.com A") == ""
    gone = dig(server, "home.example.com", "A")
    assert "status: NXDOMAIN" in gone
    assert "flags: qr aa rd;" in gone
    assert server.updates == 2


@TOOLS
def test_nsupdate_is_told_why_not(server: Nameserver) -> None:
    add = "update add home.example.com 60 A 192.0.2.1"
    assert "REFUSED" in nsupdate(server, add, key="")
    assert "BADKEY" in nsupdate(server, add, key=f"hmac-sha256:stranger:{BASE64}")
    assert "BADSIG" in nsupdate(server, add, key=f"hmac-sha256:{KEY_NAME}:{BASE64.swapcase()}")
    assert "YXDOMAIN" in nsupdate(server, "prereq nxdomain ns1.example.com", add)
    assert server.updates == 0


@TOOLS
def test_dig_verifies_a_signed_answer(server: Nameserver) -> None:
    signed_answer = dig(server, "+norec", "-y", f"hmac-sha256:{KEY_NAME}:{BASE64}", ZONE, "SOA")
    assert "TSIG" in signed_answer
    assert "WARNING" not in signed_answer  # what dig says when it could not verify
    assert "status: NOERROR" in signed_answer
