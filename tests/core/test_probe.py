"""The words of `probe = [...]`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.dns import RRType
from homeport.core.errors import ConfigError
from homeport.core.probe import EXAMPLES, Probe, parse


@pytest.mark.parametrize(
    ("text", "probe"),
    [
        ("icmp:1.1.1.1", Probe("icmp:1.1.1.1", "icmp", "1.1.1.1")),
        ("icmp:1.1.1.1 x2", Probe("icmp:1.1.1.1", "icmp", "1.1.1.1", weight=2)),
        (
            "  icmp:one.one.one.one   X100 ",
            Probe("icmp:one.one.one.one", "icmp", "one.one.one.one", weight=100),
        ),
        ("icmp:2606:4700::1111", Probe("icmp:2606:4700::1111", "icmp", "2606:4700::1111")),
        ("icmp:[2606:4700::1111]", Probe("icmp:[2606:4700::1111]", "icmp", "2606:4700::1111")),
        ("tcp:9.9.9.9:443", Probe("tcp:9.9.9.9:443", "tcp", "9.9.9.9", 443)),
        ("tcp:[2620:fe::fe]:853 x3", Probe("tcp:[2620:fe::fe]:853", "tcp", "2620:fe::fe", 853, weight=3)),
        (
            "http:https://example.com/",
            Probe("http:https://example.com/", "http", "example.com", 443, "https://example.com/"),
        ),
        (
            "http:http://[2001:db8::1]:8080/up?key=s3cret",
            Probe(
                "http:http://[2001:db8::1]:8080/up?...",
                "http",
                "2001:db8::1",
                8080,
                "http://[2001:db8::1]:8080/up?key=s3cret",
            ),
        ),
    ],
)
def test_each_word_is_one_probe(text: str, probe: Probe) -> None:
    assert parse(text) == probe


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "1.1.1.1",
            "there is no such probe; write icmp:1.1.1.1, tcp:9.9.9.9:443 or http:https://example.com/",
        ),
        ("ping:1.1.1.1", "there is no such probe; write icmp:1.1.1.1, tcp:"),
        ("icmp:", "nothing stands behind 'icmp'; write icmp:1.1.1.1"),
        ("tcp:", "nothing stands behind 'tcp'; write tcp:9.9.9.9:443"),
        ("icmp:1.1.1.1:80", "icmp needs a host and nothing else; write icmp:1.1.1.1"),
        ("icmp:1.1.1.1/24", "icmp needs a host and nothing else; write icmp:1.1.1.1"),
        ("tcp:9.9.9.9", "tcp needs HOST:PORT; write tcp:9.9.9.9:443 or tcp:[2620:fe::fe]:443"),
        ("tcp:9.9.9.9:0", "tcp needs HOST:PORT"),
        ("tcp:9.9.9.9:65536", "tcp needs HOST:PORT"),
        ("tcp:2620:fe::fe:443", "tcp needs HOST:PORT"),
        ("tcp:[9.9.9.9]:443", "tcp needs HOST:PORT"),
        ("https://example.com", "a page is written http:URL, as in http:https://example.com/"),
        ("http:example.com", "http needs a URL; write http:https://example.com/"),
        ("http:ftp://example.com", "http needs a URL"),
        ("http:https://example.com:99999/", "http needs a URL"),
        ("http:https://[::1/", "http needs a URL"),
        ("http:https://me:s3cret@example.com/", "a probe needs no password"),
        ("icmp:1.1.1.1 x0", 'a weight is written from x1 to x100, as in "icmp:1.1.1.1 x2"'),
        ("icmp:1.1.1.1 x101", "a weight is written from x1 to x100"),
        ("icmp:1.1.1.1 2", "a weight is written from x1 to x100"),
        ("icmp:1.1.1.1 x2 x3", "a weight is written from x1 to x100"),
    ],
)
def test_a_mistake_says_what_to_write(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert str(caught.value).startswith(says)
    assert "s3cret" not in str(caught.value)


def test_every_example_is_right() -> None:
    assert [parse(text).kind for text in EXAMPLES.values()] == list(EXAMPLES)


def test_an_address_has_a_family_and_a_name_has_none() -> None:
    families = [parse(f"icmp:{host}").rrtype for host in ("1.1.1.1", "2606:4700::1111", "one.one")]
    assert families == [RRType.A, RRType.AAAA, None]


@given(st.text(min_size=1) | st.from_regex(r"(icmp|tcp|http):\S{0,12}( x\d{0,3})?", fullmatch=True))
def test_any_text_is_a_probe_or_a_mistake_with_a_remedy(text: str) -> None:
    if not text.strip():
        return  # the reader of the configuration has refused it
    try:
        probe = parse(text)
    except ConfigError as error:
        assert "write" in str(error) or "written" in str(error)
    else:
        assert probe.host and 1 <= probe.weight <= 100
