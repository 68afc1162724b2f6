"""Descriptions and answers of routers, honest, careless and hostile."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.device import Device
from homeport.core.errors import SourceError
from homeport.wire import igd
from homeport.wire.http import Reply

BOX = "http://192.168.178.1:49000/igddesc.xml"
IP1 = "urn:schemas-upnp-org:service:WANIPConnection:1"
IP2 = "urn:schemas-upnp-org:service:WANIPConnection:2"
PPP1 = "urn:schemas-upnp-org:service:WANPPPConnection:1"


def service(
    kind: str = IP1, control: str = "/igdupnp/control/WANIPConn1", events: str | None = None
) -> str:
    return (
        f"<service><serviceType>{kind}</serviceType>"
        f"<serviceId>urn:upnp-org:serviceId:WANIPConn1</serviceId>"
        f"<controlURL>{control}</controlURL>"
        f"<eventSubURL>{control if events is None else events}</eventSubURL>"
        "<SCPDURL>/igdconnSCPD.xml</SCPDURL></service>"
    )


def description(*services: str, base: str = "") -> bytes:
    """As a FRITZ!Box nests it."""
    return f"""<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0">
<specVersion><major>1</major><minor>0</minor></specVersion>{base}
<device><deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType>
<UDN>uuid:75802409-bccb-40e7-8e6c-3431c4e5a8b7</UDN>
<serviceList>{service("urn:schemas-any-com:service:Any:1", "/igdupnp/control/any")}</serviceList>
<deviceList><device><deviceType>urn:schemas-upnp-org:device:WANDevice:1</deviceType><UDN>uuid:two</UDN>
<serviceList>{service("urn:schemas-upnp-org:service:WANCommonInterfaceConfig:1", "/x")}</serviceList>
<deviceList><device><deviceType>urn:schemas-upnp-org:device:WANConnectionDevice:1</deviceType>
<UDN>uuid:three</UDN><serviceList>{"".join(services)}</serviceList>
</device></deviceList></device></deviceList></device></root>""".encode()


# Descriptions


def test_the_connection_in_the_description_of_a_fritz_box() -> None:
    control = "http://192.168.178.1:49000/igdupnp/control/WANIPConn1"
    expected = Device("192.168.178.1", control, control, IP1, "uuid:75802409-bccb-40e7-8e6c-3431c4e5a8b7")
    assert igd.devices(description(service()), BOX) == (expected,)


@pytest.mark.parametrize("kind", [IP1, IP2, PPP1])
def test_every_kind_of_connection_is_known(kind: str) -> None:
    [device] = igd.devices(description(service(kind)), BOX)
    assert device.service_type == kind


def test_several_connections_are_told_in_their_order_up_to_a_limit() -> None:
    found = igd.devices(description(service(PPP1, "/ppp"), service(IP1, "/ip")), BOX)
    assert [device.control_url.rpartition("/")[2] for device in found] == ["ppp", "ip"]
    assert len(igd.devices(description(*[service()] * 50), BOX)) == igd.SERVICES


def test_urls_may_be_relative_to_a_base_on_the_same_host() -> None:
    base = "<URLBase>http://192.168.178.1:1780/</URLBase>"
    [device] = igd.devices(description(service(control="control?WANIPConnection"), base=base), BOX)
    assert device.control_url == "http://192.168.178.1:1780/control?WANIPConnection"
    [device] = igd.devices(description(service(control="ctl")), "http://192.168.178.1:1/a/b.xml")
    assert device.control_url == "http://192.168.178.1:1/a/ctl"


def test_a_connection_without_events_has_no_event_url() -> None:
    [device] = igd.devices(description(service(events="")), BOX)
    assert device.event_url == ""


FOREIGN = [
    "http://192.0.2.1/control",
    "//192.0.2.1/control",
    "https://192.168.178.1/control",
    "http://fritz.box/control",
    "http://192.168.178.1@192.0.2.1/",
    "http://192.168.178.1:0/",
    "http://[192.168.178.1/",
    "file:///etc/passwd",
    "/a b",
]


@pytest.mark.parametrize("url", FOREIGN)
def test_no_url_leads_to_another_host(url: str) -> None:
    for text in (
        description(service(control=url)),
        description(service(events=url)),
        description(service(control="x"), base=f"<URLBase>{url}</URLBase>"),
    ):
        if b"<URLBase>/a b" in text:
            continue  # as a base it is read away again
        with pytest.raises(SourceError, match=r"names a page that is not on 192\.168\.178\.1 itself"):
            igd.devices(text, BOX)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="<&"), max_size=40))
def test_any_url_is_on_the_gateway_or_refused(url: str) -> None:
    for text in (url, f"http:{url}", f"//{url}", f"http://192.168.178.1{url}"):
        try:
            [device] = igd.devices(description(service(control=text)), BOX)
        except SourceError:
            continue
        assert re.match(r"http://192\.168\.178\.1(:\d*)?([/?#]|$)", device.control_url)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "a device description that is no XML"),
        (b"<html><body>Login</body></html>", "no connection to the Internet"),
        (description(), "no connection to the Internet"),
        (description(service(IP1 + "0")), "no connection to the Internet"),
        (description(service(IP1 + '"\r\nX: y')), "no connection to the Internet"),
        (description(service(control="")), "without a control URL"),
        (description(service())[:-9], "no XML"),
        (b"<?xml version='1.0' encoding='nonsense'?><a/>", "no XML"),
        (b"<?xml version='1.0' encoding='utf-32'?><a/>", "no XML"),
        (b"\xff\xfe\x00", "no XML"),
        (b" " * 70_000, "of more than 65536 octets"),
    ],
)
def test_what_describes_no_connection_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        igd.devices(body, BOX)


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "dtd",
    [
        f'<!DOCTYPE root [<!ENTITY l0 "lol">{LAUGHS}]>',
        f'<!DOCTYPE root [<!ENTITY l9 "{"a" * 10_000}">]>',
        '<!DOCTYPE root [<!ENTITY l9 SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE root [<!ENTITY l9 SYSTEM "http://192.0.2.1/x">]>',
        '<!DOCTYPE root [<!ENTITY % x SYSTEM "http://192.0.2.1/x.dtd"> %x;]>',
        '<!DOCTYPE root SYSTEM "http://192.0.2.1/x.dtd">',
        "<!DOCTYPE root>",
    ],
)
def test_bombs_and_references_are_refused_before_they_are_read(dtd: str) -> None:
    body = description(service(control="/&l9;")).replace(b"<root", dtd.encode() + b"<root")
    with pytest.raises(SourceError, match="a DTD, which may be an attack"):
        igd.devices(body, BOX)
    with pytest.raises(SourceError, match="a DTD"):
        igd.arguments(Reply(200, answer(igd.ADDRESS, NewExternalIPAddress="&l9;", dtd=dtd)), igd.ADDRESS)


def test_deep_nesting_is_survived() -> None:
    deep = b"<a>" * 9_000 + b"</a>" * 9_000
    with pytest.raises(SourceError, match="no connection"):
        igd.devices(deep, BOX)


@given(st.binary(max_size=200), st.integers(0, 1200), st.integers(0, 100))
def test_any_octets_give_connections_of_the_host_or_a_source_error(
    octets: bytes, place: int, cut: int
) -> None:
    whole = description(service())
    for body in (octets, whole[:place], whole[:place] + octets + whole[place + cut :]):
        try:
            for device in igd.devices(body, BOX):
                assert device.control_url.startswith("http://192.168.178.1")
        except SourceError as error:
            assert str(error)


# Questions and answers

DEVICE = Device("192.168.178.1", "http://192.168.178.1:49000/igdupnp/control/WANIPConn1", "", IP1, "u")


def answer(action: str, dtd: str = "", **said: str) -> bytes:
    told = "".join(f"<{name}>{value}</{name}>" for name, value in said.items())
    return (
        f'<?xml version="1.0"?>{dtd}<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
        's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>'
        f'<u:{action}Response xmlns:u="{IP1}">{told}</u:{action}Response></s:Body></s:Envelope>'
    ).encode()


def refusal(code: str, reason: str) -> bytes:
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>'
        "<faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail>"
        f'<UPnPError xmlns="urn:schemas-upnp-org:control-1-0"><errorCode>{code}</errorCode>'
        f"<errorDescription>{reason}</errorDescription></UPnPError></detail></s:Fault></s:Body></s:Envelope>"
    ).encode()


def test_a_question_is_one_post_that_names_service_and_action() -> None:
    asked = igd.request(DEVICE, igd.ADDRESS)
    assert (asked.method, asked.url) == ("POST", DEVICE.control_url)
    assert asked.headers == {
        "content-type": 'text/xml; charset="utf-8"',
        "SOAPAction": f'"{IP1}#GetExternalIPAddress"',
    }
    assert f'<s:Body><u:GetExternalIPAddress xmlns:u="{IP1}"/></s:Body>'.encode() in asked.body


def test_the_external_address_in_an_answer() -> None:
    said = igd.arguments(
        Reply(200, answer(igd.ADDRESS, NewExternalIPAddress=" 203.0.113.7\n")), igd.ADDRESS
    )
    assert said == {"NewExternalIPAddress": "203.0.113.7"}
    assert igd.external_address(said) == IPv4Address("203.0.113.7")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "its own line is down"),
        ("0.0.0.0", "its own line is down"),
        ("2001:db8::1", "no IPv4 address"),
        ("203.0.113.7 ", "no IPv4 address"),
        ("203.0.113.007", "no IPv4 address"),
        ("٣.1.1.1", "no IPv4 address"),
        ("x" * 1000, f"'{'x' * 40}', which"),
    ],
)
def test_an_address_that_is_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        igd.external_address({"NewExternalIPAddress": text})
    with pytest.raises(SourceError, match="its own line is down"):
        igd.external_address({})


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (
            Reply(500, refusal("401", "Invalid Action")),
            "know this question .UPnP error 401: 'Invalid Action'",
        ),
        (Reply(500, refusal("501", "")), r"cannot tell at the moment \(UPnP error 501\)"),
        (Reply(500, refusal("606", "Action not authorized")), "switched off in its settings"),
        (Reply(500, refusal("718", "x" * 500)), f"refused .UPnP error 718: '{'x' * 60}'"),
        (Reply(500, refusal("9" * 900, "")), "refused without a UPnP error"),
        (Reply(500, refusal("٣", "")), "refused without a UPnP error"),
        (Reply(500, b"oops"), "a UPnP answer that is no XML"),
        (Reply(404), "HTTP status 404"),
        (Reply(302, headers={"location": "http://192.0.2.1/"}), "HTTP status 302"),
        (Reply(401), "HTTP status 401"),
        (Reply(200, b"<!DOCTYPE html><html>Login</html>"), "a page for browsers"),
        (Reply(200, b"<a/>"), "something else than GetExternalIPAddress"),
        (Reply(200, answer(igd.STATUS)), "something else than GetExternalIPAddress"),
        (Reply(200, refusal("501", "")), "something else than GetExternalIPAddress"),
        (Reply(200, answer(igd.ADDRESS) + b" " * 70_000), "more than 65536 octets"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_refusal_is_told_with_its_reason(reply: Reply, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        igd.arguments(reply, igd.ADDRESS)


@pytest.mark.parametrize(("status", "up"), [("Connected", True), ("Disconnected", False), ("", False)])
def test_a_connection_is_up_only_if_it_says_so(status: str, up: bool) -> None:
    body = answer(
        igd.STATUS, NewConnectionStatus=status, NewLastConnectionError="ERROR_NONE", NewUptime="7"
    )
    assert igd.connected(igd.arguments(Reply(200, body), igd.STATUS)) is up


def test_the_prefix_as_a_fritz_box_tells_it() -> None:
    for text in ("2a01:71a0:8406:7600::", "2a01:71a0:8406:7600::/56"):
        body = answer(
            igd.PREFIX,
            NewIPv6Prefix=text,
            NewPrefixLength="56",
            NewValidLifetime="501",
            NewPreferedLifetime="451",
        )
        assert igd.prefix(igd.arguments(Reply(200, body), igd.PREFIX)) == IPv6Network(
            "2a01:71a0:8406:7600::/56"
        )


@pytest.mark.parametrize(
    ("text", "length", "said"),
    [
        ("", "", "no IPv6 prefix at the moment"),
        ("::", "0", "no IPv6 prefix at the moment"),
        ("::", "56", "no IPv6 prefix at the moment"),
        ("2a01::", "0", "no IPv6 prefix at the moment"),
        ("2a01::", "", "no IPv6 prefix"),
        ("2a01::", "x", "no IPv6 prefix"),
        ("2a01::", "-1", "no IPv6 prefix"),
        ("2a01::", "129", "no IPv6 prefix"),
        ("2a01::", "9" * 5000, "no IPv6 prefix"),
        ("2a01::", "65", "no prefix that a provider delegates"),
        ("2a01::", "3", "no prefix that a provider delegates"),
        ("2a01::/48", "56", "no IPv6 prefix"),
        ("1.2.3.4", "56", "no IPv6 prefix"),
        ("fe80::%eth0", "64", "no IPv6 prefix"),
    ],
)
def test_a_prefix_that_is_none_is_refused(text: str, length: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        igd.prefix({"NewIPv6Prefix": text, "NewPrefixLength": length})


def test_a_router_without_that_action_is_told_with_the_word_to_write() -> None:
    with pytest.raises(SourceError, match="only a FRITZ!Box does; for IPv6 write interface"):
        igd.arguments(Reply(500, refusal("401", "Invalid Action")), igd.PREFIX)


@given(st.sampled_from([200, 500]), st.binary(max_size=100), st.integers(0, 500), st.integers(0, 60))
def test_any_answer_gives_words_or_a_source_error(status: int, octets: bytes, place: int, cut: int) -> None:
    for whole in (answer(igd.ADDRESS, NewExternalIPAddress="203.0.113.7"), refusal("501", "x")):
        for body in (octets, whole[:place], whole[:place] + octets + whole[place + cut :]):
            try:
                said = igd.arguments(Reply(status, body), igd.ADDRESS)
                assert igd.external_address(said).version == 4
            except SourceError as error:
                assert str(error)


@given(st.dictionaries(st.sampled_from(["NewIPv6Prefix", "NewPrefixLength"]), st.text(max_size=20)))
def test_any_words_give_a_prefix_or_a_source_error(said: dict[str, str]) -> None:
    try:
        assert 16 <= igd.prefix(said).prefixlen <= 64
    except SourceError as error:
        assert str(error)
