"""Whatever the sources answer, nothing wrong is published, and the person is told what was there."""

from __future__ import annotations

import http.server
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeport.demo.nameserver import Nameserver

from .home import Answer, Home, Page, page, record, rfc2136, uplink

OLD, NEW = "45.0.0.10", "45.0.0.11"
CHALLENGE = (
    "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>"
    '<svg><path d="M12 2C6.48 2 2 6.48 2 12s4.48 1.2.1.1 10 10"/></svg></body></html>'
)
PORTAL = "<html><body>Welcome! Please sign in. Router 192.168.1.254, firmware 3.14.15.92</body></html>"


@pytest.fixture
def web() -> Iterator[Page]:
    with page(OLD) as running:
        yield running


def endless(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"45.0.0.11 " * 1000)
    except OSError:
        return  # the client has had enough


def reset(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    handler.connection.close()
    handler.close_connection = True


BAD = {
    "a captive portal's page": (Answer(PORTAL.encode()), "web page"),
    "a challenge page that contains 1.2.1.1": (Answer(CHALLENGE.encode()), "web page"),
    "a 403 with a private address": (Answer(b"192.168.1.1 blocked", 403), "403"),
    "a 403 with a good address": (Answer(NEW.encode(), 403), "403"),
    "a redirect to another host": (Answer(b"", 302, {"Location": "http://portal.test/"}), "redirect"),
    "an empty answer": (Answer(b""), "empty"),
    "an endless body": (Answer(act=endless), ""),
    "a reset": (Answer(act=reset), ""),
    "IPv6 where IPv4 was asked": (Answer(b"2a00:1450:4001::1"), "IPv6"),
    "a private address": (Answer(b"192.168.1.77"), "private"),
    "a carrier-grade NAT address": (Answer(b"100.64.3.4"), "carrier-grade NAT"),
    "a loopback address": (Answer(b"127.0.0.1"), "loopback"),
    "an address for documentation": (Answer(b"198.51.100.7"), "documentation"),
    "two addresses": (Answer(b"45.0.0.11\n45.0.0.12"), ""),
    "a version number in text": (Answer(b"version 3.14.15.92"), ""),
    "an address with a zero in front": (Answer(b"045.0.0.11"), ""),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_answer_is_told_and_what_is_published_stays(
    bad: str, web: Page, server: Nameserver, tmp_path: Path
) -> None:
    home = Home(tmp_path)
    owner = f"bad{list(BAD).index(bad)}.example.com"
    home.write(uplink(ipv4=[f"http:{web.url}/"]) + rfc2136(server) + record(owner))
    assert home.once().status == 0
    answer, word = BAD[bad]
    updates = server.updates

    web.answer = answer
    done = home.once()

    assert done.status == 1
    assert done.line["outcome"] == "unknown"
    assert word in done.line["error"]
    assert (server.addresses(owner, "A"), server.updates) == ([OLD], updates)


def test_sources_that_disagree_change_nothing(server: Nameserver, tmp_path: Path) -> None:
    home = Home(tmp_path)
    with page(OLD) as one, page(OLD) as other:
        home.write(
            uplink(ipv4=[f"http:{one.url}/", f"http:{other.url}/"])
            + rfc2136(server)
            + record("two.example.com")
        )
        assert home.once().line["outcome"] == "updated"

        other.says(NEW)
        done = home.once()

    assert (done.status, done.line["outcome"]) == (1, "unknown")
    assert "disagree" in done.line["error"]
    assert server.addresses("two.example.com", "A") == [OLD]


def test_two_of_three_overrule_the_third(server: Nameserver, tmp_path: Path) -> None:
    home = Home(tmp_path)
    with page(OLD) as wrong, page(NEW) as one, page(NEW) as other:
        urls = [f"http:{one.url}/" for one in (wrong, one, other)]
        home.write(uplink(ipv4=urls, agree=2) + rfc2136(server) + record("three.example.com"))

        assert home.once().line["wanted"] == [NEW]


def test_agreement_that_was_asked_for_is_not_relaxed(server: Nameserver, tmp_path: Path) -> None:
    home = Home(tmp_path)
    with page(OLD) as one, page("<html>sign in</html>") as portal:
        urls = [f"http:{one.url}/", f"http:{portal.url}/"]
        home.write(uplink(ipv4=urls, agree=2) + rfc2136(server) + record("strict.example.com"))

        assert home.once().line["outcome"] == "unknown"

    assert server.addresses("strict.example.com", "A") == []


def test_one_family_that_is_unknown_does_not_hold_up_the_other(server: Nameserver, tmp_path: Path) -> None:
    home = Home(tmp_path)
    with page("<html>no</html>") as portal:
        sources = uplink(ipv4=[f"http:{portal.url}/"], ipv6=["static:2a00:1450::7"])
        home.write(sources + rfc2136(server) + record("half.example.com"))

        done = home.once()

    assert done.status == 1
    assert done.outcomes == {"half.example.com A": "unknown", "half.example.com AAAA": "updated"}
    assert server.addresses("half.example.com", "AAAA") == ["2a00:1450::7"]


def test_a_private_address_is_published_on_purpose_only(server: Nameserver, tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write(uplink(ipv4=["static:192.168.7.7"]) + rfc2136(server) + record("lan.example.com"))
    assert home.once().line["outcome"] == "unknown"

    sources = uplink(ipv4=["static:192.168.7.7"], allow=["private"])
    home.write(sources + rfc2136(server) + record("lan.example.com"))

    assert home.once().line["outcome"] == "updated"
    assert server.addresses("lan.example.com", "A") == ["192.168.7.7"]


def test_known_to_be_none_removes_the_record(server: Nameserver, tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write(uplink(ipv4=[f"static:{OLD}"]) + rfc2136(server) + record("gone.example.com"))
    home.once()

    home.write(uplink(ipv4=["static:none"]) + rfc2136(server) + record("gone.example.com"))
    done = home.once()

    assert (done.status, done.line["outcome"], done.line["wanted"]) == (0, "updated", [])
    assert server.addresses("gone.example.com", "A") == []
    assert home.once().line["outcome"] == "unchanged"
