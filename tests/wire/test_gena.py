"""UPnP events, UPnP Device Architecture 1.1, chapter 4."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.errors import SourceError
from homeport.wire import gena
from homeport.wire.gena import Granted, Notice
from homeport.wire.http import Reply

URL = "http://192.168.77.1:5555/evt/IPConn"
EVENT = {"nt": "upnp:event", "nts": "upnp:propchange", "sid": "uuid:1", "seq": "0"}
# As miniupnpd 2.3.1 sends it.
INITIAL = (
    b'<e:propertyset xmlns:e="urn:schemas-upnp-org:event-1-0" '
    b'xmlns:s="urn:schemas-upnp-org:service:WANIPConnection:1">'
    b"<e:property><PossibleConnectionTypes>IP_Routed</PossibleConnectionTypes></e:property>"
    b"<e:property><ConnectionStatus>Connected</ConnectionStatus></e:property>"
    b"<e:property><ExternalIPAddress>45.0.0.10</ExternalIPAddress></e:property>"
    b"<e:property><PortMappingNumberOfEntries>0</PortMappingNumberOfEntries></e:property>"
    b"</e:propertyset>"
)


def test_the_requests_are_those_of_the_standard() -> None:
    first = gena.subscribe(URL, "http://192.168.77.2:40000/x", 300)
    again = gena.renew(URL, "uuid:1", 300)
    last = gena.unsubscribe(URL, "uuid:1")

    assert (first.method, first.url) == ("SUBSCRIBE", URL)
    assert first.headers == {
        "connection": "close",
        "callback": "<http://192.168.77.2:40000/x>",
        "nt": "upnp:event",
        "timeout": "Second-300",
    }
    assert again.method == "SUBSCRIBE"
    assert again.headers == {"connection": "close", "sid": "uuid:1", "timeout": "Second-300"}
    assert last.method == "UNSUBSCRIBE"
    assert last.headers == {"connection": "close", "sid": "uuid:1"}


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [
        ("Second-300", 300.0),
        ("second-1800 ", 1800.0),
        ("Second-infinite", 1800.0),
        ("infinite", 1800.0),
        ("", 1800.0),
        ("Second-0", 1800.0),
        ("Second--5", 1800.0),
        ("Second-99999999999999999999", 1800.0),
    ],
)
def test_the_granted_time_is_read_or_the_usual_one_is_taken(timeout: str, seconds: float) -> None:
    assert gena.granted(Reply(200, headers={"sid": "uuid:1", "timeout": timeout})) == Granted(
        "uuid:1", seconds
    )


@pytest.mark.parametrize("sid", ["", "two words", "x" * 129, "a\r\nb", "ä"])
def test_a_subscription_needs_an_identifier_that_can_stand_in_a_header(sid: str) -> None:
    with pytest.raises(SourceError, match="without an identifier"):
        gena.granted(Reply(200, headers={"sid": sid}))


@pytest.mark.parametrize("status", [301, 404, 412, 500, 503])
def test_a_refused_subscription_is_told_with_its_status(status: int) -> None:
    with pytest.raises(SourceError, match=str(status)):
        gena.granted(Reply(status, headers={"sid": "uuid:1"}))


@given(st.integers(0, gena.LAST_SEQ))
def test_the_head_of_an_event_names_its_subscription_and_its_number(seq: int) -> None:
    assert gena.notice(EVENT | {"seq": str(seq)}) == Notice("uuid:1", seq)


@pytest.mark.parametrize(
    "wrong",
    [
        {"nt": "upnp:rootdevice"},
        {"nts": "ssdp:alive"},
        {"seq": ""},
        {"seq": "-1"},
        {"seq": "1.5"},
        {"seq": "²"},
        {"seq": "4294967296"},
        {"seq": "1" * 5000},
    ],
    ids=str,
)
def test_what_is_no_event_is_none(wrong: dict[str, str]) -> None:
    assert gena.notice(EVENT | wrong) is None


@given(st.integers(0, gena.LAST_SEQ))
def test_after_every_event_comes_another_and_never_number_zero(seq: int) -> None:
    assert 0 < gena.following(seq) <= gena.LAST_SEQ
    assert gena.following(seq) == (seq + 1 if seq < gena.LAST_SEQ else 1)


def test_the_variables_of_a_real_event_are_read() -> None:
    assert gena.properties(INITIAL) == {
        "PossibleConnectionTypes": "IP_Routed",
        "ConnectionStatus": "Connected",
        "ExternalIPAddress": "45.0.0.10",
        "PortMappingNumberOfEntries": "0",
    }


@pytest.mark.parametrize(
    "body",
    [
        (
            b'<?xml version="1.0"?>\r\n<propertyset><property><ExternalIPAddress> 45.0.0.10\n'
            b"</ExternalIPAddress></property></propertyset>"
        ),
        (
            b'<x:propertyset xmlns:x="urn:y"><x:property><z:ExternalIPAddress xmlns:z="urn:z">45.0.0.10'
            b"</z:ExternalIPAddress></x:property></x:propertyset>"
        ),
        (
            b"<propertyset><property><Other/><ExternalIPAddress>45.0.0.10</ExternalIPAddress></property>"
            b"</propertyset>"
        ),
    ],
)
def test_an_event_may_be_written_in_several_ways(body: bytes) -> None:
    assert gena.properties(body)[gena.ADDRESS] == "45.0.0.10"


BOMB = b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]>"
EXTERNAL = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not XML",
        b"<propertyset>",
        b"<other/>",
        BOMB + b"<propertyset>&b;</propertyset>",
        EXTERNAL + b"<propertyset>&a;</propertyset>",
        b"<!DOCTYPE propertyset><propertyset/>",
        b'<?xml version="1.0" encoding="martian"?><propertyset/>',
        b'<?xml version="1.0" encoding="utf-16"?><propertyset/>',
        b'<?xml version="1.0" encoding="shift_jis"?><propertyset/>',
        b"<propertyset>\xff</propertyset>",
        b"<propertyset>" + b" " * 20_000 + b"</propertyset>",
    ],
)
def test_what_is_no_property_set_or_a_trap_is_refused(body: bytes) -> None:
    with pytest.raises(SourceError, match="answered with an event"):
        gena.properties(body)


def test_a_crowd_of_variables_is_cut() -> None:
    crowd = b"".join(b"<property><a%d/></property>" % number for number in range(500))

    assert len(gena.properties(b"<propertyset>" + crowd + b"</propertyset>")) <= 64


def test_a_deep_event_is_read_to_no_harm() -> None:
    deep = b"<a>" * 2000 + b"</a>" * 2000

    assert gena.properties(b"<propertyset>" + deep + b"</propertyset>") == {}


PIECES = [b"<propertyset>", b"</propertyset>", b"<property>", b"</property>", b"<ExternalIPAddress>"]
PIECES += [b"</ExternalIPAddress>", b"45.0.0.10", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"&amp;", b"&x;"]
PIECES += [b"<?xml version='1.0' encoding='x'?>", b"<!DOCTYPE a>", b"\0", b"\xff\xfe", b"\xef\xbb\xbf"]


@given(st.binary(max_size=200) | st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join))
def test_any_octets_are_variables_or_a_source_error(body: bytes) -> None:
    try:
        found = gena.properties(body)
    except SourceError as error:
        assert str(error)
    else:
        assert all(isinstance(value, str) for value in found.values())


@given(st.text(max_size=20) | st.ip_addresses().map(str))
def test_the_address_of_an_event_is_one_or_none(text: str) -> None:
    found = gena.address(text)

    assert found is None or (str(found) == text and found != IPv4Address(0))


@pytest.mark.parametrize("text", ["", "0.0.0.0", "none", "45.0.0", "2001:db8::1", "45.0.0.010"])
def test_a_gateway_without_an_address_names_none(text: str) -> None:
    assert gena.address(text) is None
