"""What each source makes of what the world says."""

from __future__ import annotations

import struct
import traceback
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.dns import RRType
from homeport.core.errors import NoAnswer, SourceError, Unintelligible, Unreachable
from homeport.core.secret import Secret
from homeport.sources.base import InterfaceAddress
from homeport.sources.http import Http
from homeport.wire.http import Handler, Reply, Request

from .world import ID, FakeNet, look, one

A, AAAA = RRType.A, RRType.AAAA
HERE = b"203.0.113.7\n"


def fails(source: str, net: FakeNet, said: str, rrtype: RRType = A) -> None:
    with pytest.raises(SourceError) as caught:
        look(one(source, rrtype), net, rrtype)
    assert said in str(caught.value)
    assert "s3c" not in "".join(traceback.format_exception(caught.value)[1:])


# Pages


def test_a_page_of_the_pool_is_asked_over_its_family_and_nothing_else() -> None:
    net = FakeNet(lambda request: Reply(200, HERE))
    assert look(one("http:ipify"), net) == ["203.0.113.7"]
    assert net.pinned == [(A, False)]
    [asked] = net.wires[0].seen
    assert (asked.method, asked.url, asked.query, asked.headers) == (
        "GET",
        "https://api4.ipify.org/",
        {},
        {},
    )


def test_for_a_written_page_the_family_is_only_preferred() -> None:
    net = FakeNet(lambda request: Reply(200, b'{"ip": "2001:db8::1"}'))
    assert look(one("http:http://127.0.0.1:8080", AAAA), net, AAAA) == ["2001:db8::1"]
    assert net.pinned == [(AAAA, True)]
    assert net.wires[0].seen[0].url == "http://127.0.0.1:8080/"


def test_a_written_page_is_asked_with_its_query_and_login_and_read_by_its_key() -> None:
    def page(request: Request) -> Reply:
        assert request.url == "https://ip.example.com:8443/my"
        assert request.query == {"token": Secret("s3cret"), "v": ""}
        assert request.headers == {"authorization": Secret("Basic bWU6cHc6QA==")}
        return Reply(200, b'{"ip": "10.0.0.1", "wan": "203.0.113.7"}')

    source = one("http:https://me:pw%3A%40@ip.example.com:8443/my?token=s3cret&v#wan")
    assert look(source, FakeNet(page)) == ["203.0.113.7"]


def test_the_trace_of_the_pool() -> None:
    trace = b"fl=1\nh=api.cloudflare.com\nip=203.0.113.7\nwarp=off\n"
    assert look(one("http:cloudflare"), FakeNet(lambda request: Reply(200, trace))) == ["203.0.113.7"]
    fails("http:cloudflare", FakeNet(lambda request: Reply(200, HERE)), "not an address")
    fails("http:cloudflare", FakeNet(lambda request: Reply(200, trace.replace(b"off", b"on"))), "WARP")


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(403, b"Access denied for 10.1.2.3"), "answered 403 (forbidden)"),
        (Reply(403, b'<svg><path d="M12 1.2.1.1"/></svg>'), "answered 403"),
        (Reply(429, HERE), "answered 429 (asked too often)"),
        (Reply(500, HERE), "answered 500"),
        (Reply(204), "answered 204"),
        (Reply(200), "empty answer"),
        (Reply(200, b"<html>203.0.113.7</html>"), "a captive portal?"),
        (
            Reply(302, headers={"location": "http://portal.example/?s3cret"}),
            "redirected to portal.example (not",
        ),
        (Reply(302, headers={"location": "//portal.example/"}), "redirected to portal.example"),
        (Reply(302, headers={"location": "http://ip.example.com:8080/"}), "redirected to ip.example.com"),
        (Reply(302, headers={"location": "mailto:a@portal.example"}), "redirected to mailto"),
        (Reply(302, headers={"location": "http://[::1/"}), "no URL"),
        (Reply(302, headers={"location": "http://ip.example.com:x/"}), "no URL"),
        (Reply(302, headers={"location": "/again"}), "redirected again and again"),
        (Reply(302), "redirected again and again"),
        (Reply(200, b"no such token s3cret"), "no such token ***"),
        (Reply(200, b"x" * 36 + b" s3cret"), "x ***"),
    ],
    ids=str,
)
def test_what_is_no_address_is_refused_and_named(reply: Reply, said: str) -> None:
    fails("http:http://ip.example.com/?token=s3cret", FakeNet(lambda request: reply), said)


@pytest.mark.parametrize(
    "error", [Unreachable("GET x: no"), NoAnswer("GET x: no"), Unintelligible("GET x: no")]
)
def test_what_the_transport_says_is_passed_on(error: Exception) -> None:
    def broken(request: Request) -> Reply:
        raise error

    fails("http:ipify", FakeNet(broken), "GET x: no")


def redirecting(start: str, location: str) -> Handler:
    def server(request: Request) -> Reply:
        if request.url == start:
            return Reply(301, headers={"location": location})
        assert request.url == "https://ip.example.com/new"
        assert request.query == {"a": "b"}
        return Reply(200, HERE)

    return server


def test_one_hop_within_the_same_server_is_followed() -> None:
    for start, location in (
        ("http://ip.example.com/", "https://ip.example.com/new?a=b"),
        ("https://ip.example.com/old", "/new?a=b"),
        ("https://ip.example.com/old", "new?a=b"),
    ):
        net = FakeNet(redirecting(start, location))
        assert look(one(f"http:{start}"), net) == ["203.0.113.7"]


def test_a_redirect_never_leads_out_of_tls() -> None:
    net = FakeNet(lambda request: Reply(301, headers={"location": "http://ip.example.com/"}))
    fails("http:https://ip.example.com/", net, "not followed")


@given(st.text(max_size=40), st.sampled_from([301, 302, 303, 307, 308]))
def test_no_redirect_reaches_another_host(location: str, status: int) -> None:
    net = FakeNet(lambda request: Reply(status, headers={"location": location}))
    with pytest.raises(SourceError):
        look(one("http:https://ip.example.com/"), net)
    assert {request.url.split("/")[2] for request in net.wires[0].seen} == {"ip.example.com"}


# Datagrams


def whoami(payload: bytes) -> bytes:
    """An A record for whatever was asked."""
    rr = b"\xc0\x0c" + payload[-4:] + struct.pack("!IH4B", 0, 4, 203, 0, 113, 7)
    return payload[:2] + b"\x84\x00" + payload[4:6] + b"\0\1" + payload[8:] + rr


def test_dns_asks_the_server_itself_with_an_unpredictable_id() -> None:
    net = FakeNet(datagrams=whoami)
    assert look(one("dns:opendns"), net) == ["203.0.113.7"]
    assert net.sent == [("208.67.222.222", 53, A)]
    fails(
        "dns:opendns", FakeNet(datagrams=lambda payload: whoami(b"\0\0" + payload[2:])), "another question"
    )


def binding(payload: bytes) -> bytes:
    return b"\x01\x01\0\x0c" + payload[4:] + bytes.fromhex("002000080001a147e112a643")


def test_stun_asks_with_an_unpredictable_id_and_wants_the_family() -> None:
    net = FakeNet(datagrams=binding)
    assert look(one("stun:[::1]:5", AAAA), FakeNet(datagrams=binding6), AAAA) == ["2001:db8::7"]
    assert look(one("stun:stun.example.com"), net) == ["192.0.2.1"]
    assert net.sent == [("stun.example.com", 3478, A)]
    fails("stun:stun.example.com", FakeNet(datagrams=binding), "where AAAA was asked", AAAA)
    fails("stun:stun.example.com", FakeNet(datagrams=lambda p: binding(p[:-1] + b"x")), "another request")


def binding6(payload: bytes) -> bytes:
    address = bytes(a ^ b for a, b in zip(ip_address("2001:db8::7").packed, payload[4:], strict=True))
    return b"\x01\x01\0\x18" + payload[4:] + bytes.fromhex("0020001400020000") + address


# This machine


def at(text: str, **flags: bool) -> InterfaceAddress:
    """`eth0 2001:db8::1`."""
    interface, address = text.split()
    return InterfaceAddress(interface, ip_address(address), **flags)


CLOSED = [at("lo 127.0.0.1"), at("lo ::1"), at("eth0 fe80::1"), at("eth0 169.254.1.1")]


@pytest.mark.parametrize(
    ("rrtype", "here", "best"),
    [
        (A, [at("eth0 192.168.1.2")], "192.168.1.2"),
        (A, [at("docker0 172.17.0.1"), at("eth0 10.9.9.9"), at("ppp0 9.8.7.6")], "9.8.7.6"),
        (A, [at("lan 10.0.0.1"), at("wan 203.0.113.7")], "203.0.113.7"),
        (A, [at("lan 10.0.0.1"), at("wan 100.64.0.7"), at("lab 203.0.113.7")], "203.0.113.7"),
        (AAAA, [at("eth0 2a00::2", temporary=True), at("eth0 2a00::3")], "2a00::3"),
        (AAAA, [at("eth0 2a00::2", temporary=True)], "2a00::2"),
        (AAAA, [at("eth0 fd00::1"), at("eth0 2a00::3")], "2a00::3"),
        (AAAA, [at("eth0 fd00::1"), at("eth0 2a00::2", temporary=True)], "2a00::2"),
        (AAAA, [at("eth0 2a00::1", deprecated=True), at("eth0 2a00::3")], "2a00::3"),
        (AAAA, [at("eth0 2a00::1", tentative=True), at("eth0 2a00::3")], "2a00::3"),
        (AAAA, [at("eth0 2a00::3"), at("eth0 2a00::2")], "2a00::2"),
    ],
)
def test_the_interface_address_to_be_found_at(
    rrtype: RRType, here: list[InterfaceAddress], best: str
) -> None:
    for order in (here, here[::-1]):
        assert look(one("interface", rrtype), FakeNet(here=[*CLOSED, *order]), rrtype) == [best]


def test_of_two_interfaces_the_one_with_the_default_route_is_taken() -> None:
    here = [at("lte 2a00::1"), at("fiber 2a00::2"), at("fiber 2a00::3", temporary=True)]
    net = FakeNet(here=here, routes={AAAA: IPv6Address("2a00::3")})
    assert look(one("interface", AAAA), net, AAAA) == ["2a00::2"]
    assert look(one("interface:lte", AAAA), net, AAAA) == ["2a00::1"]


@pytest.mark.parametrize(
    "unfit", [{"deprecated": True}, {"tentative": True}], ids=["deprecated", "tentative"]
)
def test_no_usable_address_is_unknown_not_none(unfit: dict[str, bool]) -> None:
    net = FakeNet(here=[*CLOSED, at("eth0 2a00::1", **unfit)])
    fails("interface", net, "no usable IPv6 address on any interface", AAAA)
    fails("interface:eth0", net, "no usable IPv4 address on eth0")


def test_an_unknown_interface_is_told_with_those_there_are() -> None:
    fails("interface:eth9", FakeNet(here=CLOSED), "there are eth0, lo")


def test_the_route() -> None:
    assert look(one("route"), FakeNet(routes={A: IPv4Address("192.0.2.2")})) == ["192.0.2.2"]
    fails("route", FakeNet(), "no route")


# What a person keeps


def test_a_command() -> None:
    assert look(one("command:x"), FakeNet(ran=(0, b"203.0.113.7\r\n"))) == ["203.0.113.7"]
    fails("command:x s3cret", FakeNet(ran=(7, HERE)), "ended with exit status 7")
    fails("command:x", FakeNet(ran=(0, b"")), "empty answer")
    fails("command:x", FakeNet(ran=(0, HERE)), "an IPv4 address where IPv6", AAAA)


def test_a_file() -> None:
    assert look(one("file:/x"), FakeNet(text=" 203.0.113.7\n")) == ["203.0.113.7"]
    fails("file:/x", FakeNet(text=""), "empty answer")
    fails("file:/x", FakeNet(text="203.0.113.7\n203.0.113.8"), "2 addresses")


def test_a_transaction_has_twelve_octets_of_the_net() -> None:
    seen: list[bytes] = []

    def note(payload: bytes) -> bytes:
        seen.append(payload)
        return binding(payload)

    look(one("stun:stun.example.com"), FakeNet(datagrams=note))
    assert seen[0][8:] == ID


def test_a_source_can_be_compared_and_kept_in_a_set() -> None:
    source = one("http:https://ip.example.com/?token=s3cret")
    assert isinstance(source, Http)
    assert {source, one("http:https://ip.example.com/?token=s3cret")} == {source}
    assert source != one("http:https://ip.example.com/?token=other")
