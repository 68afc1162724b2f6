"""SSDP: who may say where the gateway's description is."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.errors import SourceError
from homeport.wire import ssdp

GATEWAY = IPv4Address("192.168.178.1")
URL = "http://192.168.178.1:49000/igddesc.xml"
# As a FRITZ!Box answers.
ANSWER = (
    "HTTP/1.1 200 OK\r\n"
    f"LOCATION: {URL}\r\n"
    "SERVER: fritz.box UPnP/1.0 AVM FRITZ!Box 7590 154.07.57\r\n"
    "CACHE-CONTROL: max-age=1800\r\n"
    "EXT: \r\n"
    "ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n"
    "USN: uuid:75802409-bccb-40e7-8e6c-3431c4e5a8b7::"
    "urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n"
    "\r\n"
)


def told(text: str) -> str:
    return ssdp.location(text.encode(), GATEWAY)


def test_the_questions_are_those_of_the_standard() -> None:
    asked = [question.decode() for question in ssdp.searches()]
    for question in asked:
        assert question.startswith("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n")
        assert '\r\nMAN: "ssdp:discover"\r\nMX: 1\r\nST: urn:schemas-upnp-org:' in question
        assert question.endswith("\r\n\r\n")
    kinds = [question.partition("upnp-org:")[2].strip() for question in asked]
    assert kinds == [
        "device:InternetGatewayDevice:1",
        "device:InternetGatewayDevice:2",
        "service:WANIPConnection:1",
        "service:WANIPConnection:2",
        "service:WANPPPConnection:1",
    ]


def test_the_location_in_the_answer_of_the_gateway() -> None:
    assert told(ANSWER) == URL
    assert told(ANSWER.replace("LOCATION: ", "location:")) == URL
    assert told(ANSWER.replace("1.1 200 OK", "1.0 200")) == URL
    assert told(ANSWER.replace("EXT: ", f"Location: {URL}")) == URL


@pytest.mark.parametrize(
    "url",
    [
        "http://192.168.178.2:49000/igddesc.xml",
        "http://fritz.box:49000/igddesc.xml",
        "http://192.168.178.1.evil.example/",
        "http://192.168.178.1@192.0.2.1/",
        "http://user:pw@192.168.178.1/",
        "http://192.0.2.1#192.168.178.1",
        "http://192.0.2.1\\@192.168.178.1/",
        "http://3232281089/",
        "http://[::ffff:192.168.178.1]/",
        "https://192.168.178.1/",
        "file:///etc/passwd",
        "ftp://192.168.178.1/",
        "//192.168.178.1/",
        "/igddesc.xml",
        "http://192.168.178.1:0/",
        "http://192.168.178.1:99999/",
        "http://192.168.178.1:x/",
        "http://[192.168.178.1/",
        "http://192.168.178.1/ HTTP/1.1",
        "http://192.168.178.1/\tx",
        "http://192.168.178.1/\nX: y",
        "http://192.168.178.1/é",
        "http://192.168.178.1/" + "a" * 600,
    ],
)
def test_a_page_elsewhere_is_never_looked_at(url: str) -> None:
    with pytest.raises(SourceError, match=r"not on 192\.168\.178\.1 itself"):
        told(ANSWER.replace(URL, url))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no SSDP message of status 200"),
        (ANSWER.replace("200 OK", "404 Not Found"), "no SSDP message of status 200"),
        (ANSWER.replace("200 OK", "2000"), "no SSDP message of status 200"),
        (ANSWER.replace("HTTP/1.1 200 OK", "NOTIFY * HTTP/1.1"), "no SSDP message of status 200"),
        (ANSWER.replace("HTTP/1.1 200 OK", "M-SEARCH * HTTP/1.1"), "no SSDP message of status 200"),
        (ANSWER.replace("LOCATION", "LOCATIONS"), "without one location"),
        (ANSWER.replace("LOCATION: " + URL, "LOCATION: "), "not on 192.168.178.1 itself"),
        (ANSWER.replace("EXT: ", "LOCATION: http://192.168.178.1/x"), "without one location"),
        (ANSWER + "a" * 2048, "more than 2048 octets"),
    ],
)
def test_an_answer_that_is_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        told(text)


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda rest: b"HTTP/1.1 200 OK\r\n" + rest))
def test_any_octets_give_a_page_of_the_gateway_or_a_source_error(message: bytes) -> None:
    try:
        assert ssdp.location(message, GATEWAY).startswith("http://192.168.178.1")
    except SourceError as error:
        assert str(error)


@given(st.text(max_size=60))
def test_any_location_is_on_the_gateway_or_refused(url: str) -> None:
    for text in (url, f"http://{url}", f"http://192.168.178.1{url}", f"http://{url}192.168.178.1/"):
        try:
            found = told(ANSWER.replace(URL, text))
        except SourceError:
            continue
        host = found.removeprefix("http://").split("/")[0].split("?")[0].split("#")[0].partition(":")[0]
        assert host == "192.168.178.1"


@given(st.integers(0, len(ANSWER)))
def test_a_truncated_answer_gives_no_other_host(length: int) -> None:
    try:
        assert URL.startswith(told(ANSWER[:length]))
    except SourceError as error:
        assert str(error)
