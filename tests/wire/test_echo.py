"""What pages say instead of an address, and what is said of it."""

from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from homeport.core.dns import IPAddress, RRType
from homeport.core.errors import SourceError
from homeport.wire import echo

A, AAAA = RRType.A, RRType.AAAA
ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))

PORTAL = b"""<!DOCTYPE html><html><head><title>Hotel Wi-Fi</title></head>
<body><a href="http://10.0.0.1/login">Log in</a> Your IP: 203.0.113.7</body></html>"""
CHALLENGE = (  # the "1.2.1.1" of this drawing was once published as an address
    b'<html lang="en-US"><head><title>Just a moment...</title></head><body><svg viewBox="0 0 24 24">'
    b'<path d="M12 2a10 10 0 1.2.1.1 0 20zm1 15h-2v-2h2v2z"/></svg></body></html>'
)

BAD = {
    "captive portal": (PORTAL, "a web page, not an address (a captive portal?)"),
    "a large portal": (PORTAL * 40, "a web page"),
    "a fragment of HTML": (b"\n  <p>203.0.113.7</p>", "a web page"),
    "a portal in another language": ("<p>请登录 203.0.113.7</p>".encode(), "a web page"),
    "challenge": (CHALLENGE, "a web page"),
    "empty": (b"", "empty answer"),
    "blank": (b" \r\n\t", "empty answer"),
    "IPv6 for IPv4": (b"2001:db8::1\n", "answered with an IPv6 address where IPv4 was asked"),
    "two addresses": (b"203.0.113.7\n203.0.113.8\n", "2 addresses where one was asked"),
    "two with a comma": (b"203.0.113.7, 10.0.0.1", "2 addresses"),
    "UTF-16": ("203.0.113.7".encode("utf-16"), "not an address"),
    "UTF-8 with a mark": ("\ufeff203.0.113.7".encode(), "not an address"),
    "long": (b"203.0.113.7" + b" " * 300, "octets, far more than an address"),
    "a sentence": (b"Your address is 203.0.113.7", "not an address"),
    "half a number": (b"300.1.2.3", "not an address"),
    "five numbers": (b"1.2.3.4.5", "not an address"),
    "leading zeros": (b"203.000.113.007", "not an address"),
    "a port": (b"203.0.113.7:443", "not an address"),
    "a prefix": (b"203.0.113.0/24", "not an address"),
    "a number": (b"3405803783", "not an address"),
    "other digits": ("\u0662\u0660\u0663.0.113.7".encode(), "not an address"),
    "JSON list": (b'["203.0.113.7"]', "not an address"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_page_that_is_not_one_address_is_refused_and_named(name: str) -> None:
    body, said = BAD[name]
    for read in (echo.plain, echo.page):
        with pytest.raises(SourceError) as caught:
            read(body, A)
        if (name, read) != ("JSON list", echo.page):
            assert said in str(caught.value)
        assert len(str(caught.value)) < 120


@pytest.mark.parametrize(
    "text", ["fe80::1%eth0", "[2001:db8::1]", "[2001:db8::1]:80", "2001:db8::1/64", "::g"]
)
def test_ipv6_with_anything_around_it_is_no_address(text: str) -> None:
    with pytest.raises(SourceError, match="not an address"):
        echo.address(text, AAAA)


def test_ipv4_for_ipv6_is_named() -> None:
    with pytest.raises(SourceError, match="an IPv4 address where IPv6 was asked"):
        echo.address("203.0.113.7", AAAA)


@given(ADDRESSES, st.sampled_from(["{}", "{}\n", " {}\r\n", "\t{} "]))
def test_a_page_that_is_one_address_is_that_address(address: IPAddress, form: str) -> None:
    body = form.format(address).encode()
    assert echo.plain(body, RRType.of(address)) == echo.page(body, RRType.of(address)) == address


@given(st.text(max_size=60).map(str.encode) | st.binary(max_size=60), st.sampled_from(RRType))
@example(b'{"ip":' * 600, A)
@example(b'{"ip": null}', A)
@example(b"{", A)
def test_any_octets_give_an_address_of_the_family_or_a_source_error(body: bytes, rrtype: RRType) -> None:
    for read in (
        echo.plain,
        echo.page,
        lambda b, t: echo.page(b, t, "ip"),
        lambda b, t: echo.trace(b, t, ""),
    ):
        try:
            assert RRType.of(read(body, rrtype)) is rrtype
        except SourceError as error:
            assert str(error)


@given(
    st.dictionaries(st.sampled_from([*echo.KEYS, "city"]), ADDRESSES.map(str) | st.integers() | st.none())
)
def test_json_is_believed_only_if_it_is_clear_which_address_is_meant(fields: dict[str, object]) -> None:
    body = json.dumps(fields).encode()
    fours = {ip_address(v) for k, v in fields.items() if k in echo.KEYS and isinstance(v, str)}
    fours = {address for address in fours if address.version == 4}
    try:
        found = echo.page(body, A)
    except SourceError:
        assert len(fours) != 1
    else:
        assert found in fours
        assert len(fours) == 1 or str(found) == fields["ip"]


def test_json_keys() -> None:
    both = b'{"ipv4": "203.0.113.7", "ipv6": "2001:db8::1", "city": "K\xc3\xb6ln", "country": "DE"}'
    assert echo.page(both, A) == IPv4Address("203.0.113.7")
    assert echo.page(both, AAAA) == IPv6Address("2001:db8::1")
    assert echo.page(b'{"wan": "203.0.113.7", "ip": "10.0.0.1"}', A, "wan") == IPv4Address("203.0.113.7")
    for body, key, said in (
        (b'{"wan": "203.0.113.7"}', None, "under none of ip, address"),
        (b'{"wan": "203.0.113.7"}', "lan", "no text under 'lan'"),
        (b'{"wan": ["203.0.113.7"]}', "wan", "no text under 'wan'"),
        (b'{"address": "203.0.113.7", "ipv4": "203.0.113.8"}', None, "under address, ipv4: name the key"),
        (b'{"ip": "2001:db8::1"}', None, "an IPv6 address where IPv4"),
        (b'["203.0.113.7"]', None, "a JSON list, not an address"),
        (b"203.0.113.7", "ip", "a JSON"),
        (b"{'ip': '203.0.113.7'}", None, "not an address"),
        (PORTAL, "ip", "a web page"),
    ):
        with pytest.raises(SourceError) as caught:
            echo.page(body, A, key)
        if body != b"203.0.113.7":
            assert said in str(caught.value)


TRACE = b"fl=1f1\nh=api.cloudflare.com\nip=203.0.113.7\nts=1.5\nvisit_scheme=https\nwarp=off\ngateway=off\n"


def test_a_trace_is_believed_if_it_is_of_the_host_that_was_asked_and_not_through_warp() -> None:
    assert echo.trace(TRACE, A, "api.cloudflare.com") == IPv4Address("203.0.113.7")
    for body, said in (
        (TRACE.replace(b"api.cloudflare", b"portal.example"), "another host"),
        (TRACE.replace(b"h=api.cloudflare.com\n", b""), "another host"),
        (TRACE.replace(b"warp=off", b"warp=on"), "WARP"),
        (TRACE.replace(b"warp=off", b"warp=plus"), "WARP"),
        (TRACE.replace(b"ip=", b"ip=x"), "not an address"),
        (TRACE.replace(b"ip=", b"pi="), "not an address"),
        (TRACE + b"x" * 5000, "octets"),
        (PORTAL, "a web page"),
    ):
        with pytest.raises(SourceError, match=said):
            echo.trace(body, A, "api.cloudflare.com")
