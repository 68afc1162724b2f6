"""The words a person writes, and what is said of those that are wrong."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.dns import IPAddress, RRType
from homeport.core.errors import ConfigError
from homeport.core.fritzbox import Login
from homeport.core.secret import Secret
from homeport.sources import pools, spec
from homeport.sources.command import Command
from homeport.sources.dns import Dns
from homeport.sources.file import File
from homeport.sources.gateway import NatPmp, Pcp, Prefix, Upnp
from homeport.sources.http import Http
from homeport.sources.interface import Interface
from homeport.sources.route import Route
from homeport.sources.spec import parse
from homeport.sources.static import Static
from homeport.sources.stun import Stun

from .world import FakeNet, look, one

A, AAAA = RRType.A, RRType.AAAA


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("http:ipify", Http),
        ("http:http://127.0.0.1:8080/ip", Http),
        ("dns:cloudflare", Dns),
        ("dns:opendns", Dns),
        ("dns:google", Dns),
        ("dns:akamai", Dns),
        ("stun:stun.example.com:3478", Stun),
        ("interface", Interface),
        ("interface:eth0", Interface),
        ("route", Route),
        ("gateway:nat-pmp", NatPmp),
        ("gateway:upnp", Upnp),
        ("gateway:pcp", Pcp),
        ("command:echo 192.0.2.1", Command),
        ("file:/run/address", File),
        ("file:C:\\address.txt", File),
        ("static:192.0.2.1", Static),
        (" static : 192.0.2.1 ", Static),
    ],
)
def test_every_word_of_the_design_is_one_source(text: str, kind: type) -> None:
    source = one(text)
    assert type(source) is kind
    assert source.local is (kind in (Interface, Route))
    assert source.deadline == (10 if kind is Command else 5)
    assert source.label
    assert source.operator


@pytest.mark.parametrize("word", ["http", "dns", "stun"])
@pytest.mark.parametrize("rrtype", RRType)
def test_a_pool_is_of_several_operators_with_names_of_their_own(word: str, rrtype: RRType) -> None:
    sources = parse(word, rrtype)
    assert len({source.label for source in sources}) == len(sources)
    assert len({source.operator for source in sources}) >= (8 if word == "http" else 3)
    for source in sources:
        assert parse(source.label, rrtype) == (source,)


def test_the_gateway_is_one_witness_however_it_is_asked_and_nothing_is_opened_unasked() -> None:
    sources = parse("gateway", A)
    assert [type(source) for source in sources] == [NatPmp, Upnp]
    assert {source.operator for source in (*sources, one("gateway:pcp"), one("gateway", AAAA))} == {
        "gateway"
    }
    for source in sources:
        assert parse(source.label, A) == (source,)


def test_for_ipv6_the_gateway_tells_the_prefix_of_an_address_seen_here() -> None:
    prefix = one("gateway", AAAA)
    assert type(prefix) is Prefix
    assert prefix.local


def test_a_fritzbox_is_the_gateway_however_it_is_asked() -> None:
    login = Login(Secret("me"), Secret("s3cret"))
    pinned = login._replace(ca_file=Path("box.pem"))
    for rrtype in RRType:
        found = [
            *parse("fritzbox", rrtype, login=login),
            *parse("fritzbox:192.168.178.1", rrtype, login=login),
        ]
        found += parse("fritzbox:fritz.box", rrtype, login=pinned)
        assert {source.operator for source in found} == {"gateway"}
        assert [source.label for source in found][1:] == ["fritzbox:192.168.178.1", "fritzbox:fritz.box"]
        assert {source.local for source in found} == {rrtype is AAAA}
        assert "s3cret" not in f"{found!r}"
        with pytest.raises(ConfigError, match="the name that the certificate has: fritzbox:fritz"):
            parse("fritzbox", rrtype, login=pinned)
        for name in ("fritz.box:80", "user@fritz.box", "fritz.box/x", "-x"):
            with pytest.raises(ConfigError, match="is no IPv4 address"):
                parse(f"fritzbox:{name}", rrtype, login=pinned)
    assert parse("fritzbox", AAAA)[0].operator == "gateway"  # its prefix needs no login


def test_two_services_of_one_operator_are_one_witness() -> None:
    labels = "http:cloudflare", "http:icanhazip", "dns:cloudflare", "stun:cloudflare"
    written = "http:https://ipv4.icanhazip.com/", "stun:stun.cloudflare.com:3478"
    assert {one(label).operator for label in (*labels, *written)} == {"cloudflare"}
    assert one("dns:google").operator == one("stun:google").operator
    a, b = one("http:https://ip.example.com/a"), one("http:https://ip.example.com/b")
    assert a.operator == b.operator
    assert one("interface:eth0").operator == one("route").operator


def test_addresses_say_nothing_of_who_stands_behind_them() -> None:
    texts = [f"http:http://127.0.0.1:{port}/{path}" for port in (80, 81) for path in "ab"]
    texts += [
        "stun:127.0.0.1:1",
        "stun:127.0.0.1:2",
        "command:echo 1",
        "command:echo 2",
        "file:/a",
        "file:/b",
    ]
    assert len({one(text).operator for text in texts}) == len(texts)


def test_the_pool_is_https_only_and_its_servers_are_addresses_of_the_family() -> None:
    for page in pools.HTTP:
        assert all(urlsplit(url).scheme == "https" for url in page.urls.values())
    for entry in pools.DNS:
        assert entry.servers.keys() == entry.rdtypes.keys()
        assert all(RRType.of(ip_address(server)) is rrtype for rrtype, server in entry.servers.items())


@pytest.mark.parametrize(
    ("text", "rrtype", "said"),
    [
        ("", A, "there is no source ''"),
        ("htpp", A, "did you mean 'http'?"),
        ("HTTP", A, "did you mean 'http'?"),
        ("upnp", A, "there are http, dns, stun"),
        ("https://ip.example.com/", A, "http:https://ip.example.com/"),
        ("http://ip.example.com/?key=s3cret", A, "here http:http://ip.example.com/"),
        ("http:", A, "nothing stands behind 'http':; write http, http:ipify or http:https://"),
        ("http:ipfy", A, "did you mean 'ipify'?"),
        ("http:htps://ip.example.com/?key=s3cret", A, "no http service 'htps://ip.example.com/'"),
        ("http:https://", A, "is not a URL"),
        ("http:https://[::1/?key=s3cret", A, "is not a URL"),
        ("http:https://me:s3cret@host:x/", A, "is not a URL"),
        ("http:amazon", AAAA, "http:amazon does not tell IPv6 addresses"),
        ("dns:cloudfare", A, "did you mean 'cloudflare'?"),
        ("dns:akamai", AAAA, "does not tell IPv6"),
        ("stun:host:port", A, "is not HOST:PORT"),
        ("stun:host:99999", A, "is not HOST:PORT"),
        ("stun:host:0", A, "is not HOST:PORT"),
        ("stun:2001:db8::1", AAAA, "stun:[2001:db8::1]:3478"),
        ("stun:[2001:db8::1", AAAA, "is not HOST:PORT"),
        ("stun:host/path", A, "is not HOST:PORT"),
        ("route:eth0", A, "stands alone"),
        ("gateway:192.168.1.1", A, "not asked by '192.168.1.1'; there are nat-pmp, upnp, pcp"),
        ("gateway:upnpn", A, "did you mean 'upnp'?"),
        ("gateway:", A, "write gateway, gateway:upnp"),
        ("gateway:upnp", AAAA, "IPv4 addresses only; for IPv6 write gateway or interface"),
        ("fritzbox", A, "asks with a login: write router_user and router_password beside it, or gateway"),
        (
            "fritzbox:fritz.box",
            AAAA,
            "'fritz.box' is no IPv4 address of a local network, such as fritzbox:1",
        ),
        ("fritzbox:8.8.4.4", AAAA, "is no IPv4 address of a local network"),
        ("fritzbox:fe80::1", AAAA, "is no IPv4 address of a local network"),
        ("command", A, "write command:/usr"),
        ("command:", A, "nothing stands behind"),
        ("file", A, "write file:/run"),
        ("static", A, "write static:192.0.2.1"),
        ("static:192.0.2", A, "'192.0.2' is not an address"),
        ("static:192.0.2.1,", A, "'' is not an address"),
        ("static:fe80::1%eth0", AAAA, "is not an address"),
        ("static:2001:db8::1", A, "type A; move it to ipv6"),
        ("static:192.0.2.1", AAAA, "type AAAA; move it to ipv4"),
    ],
)
def test_a_wrong_word_is_told_with_its_remedy(text: str, rrtype: RRType, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, rrtype)
    assert said in str(caught.value)
    assert "s3cret" not in f"{caught.value!r} {caught.value.__cause__!r}"


@given(
    st.text(max_size=30)
    | st.sampled_from(list(spec.WORDS)).flatmap(lambda w: st.text(max_size=30).map((w + ":").__add__))
)
def test_any_text_is_sources_or_a_configuration_error(text: str) -> None:
    for rrtype in RRType:
        try:
            assert parse(text, rrtype)
        except ConfigError as error:
            assert str(error)


def test_secrets_of_a_url_and_a_command_are_not_shown() -> None:
    page = one("http:https://me:s3cret@ip.example.com/my?token=s3cret&plain#key")
    command = one("command:curl -u me:s3cret https://ip.example.com/")
    for source in (page, command):
        assert "s3cret" not in f"{source!r} {source} {source.label} {source.operator}"
    assert page.label == "http:https://ip.example.com/my?..."
    assert command.label == "command:curl ..."


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("stun:stun.example.com", "stun.example.com", 3478),
        ("stun:stun.example.com:19302", "stun.example.com", 19302),
        ("stun:[2001:db8::1]", "2001:db8::1", 3478),
        ("stun:[2001:db8::1]:5", "2001:db8::1", 5),
        ("stun:192.0.2.1:5", "192.0.2.1", 5),
        ("stun:google", "stun.l.google.com", 19302),
    ],
)
def test_hosts_and_ports_of_stun(text: str, host: str, port: int) -> None:
    source = one(text)
    assert isinstance(source, Stun)
    assert (source.host, source.port) == (host, port)


@given(st.lists(st.ip_addresses(v=4), min_size=1) | st.lists(st.ip_addresses(v=6), min_size=1))
def test_static_addresses_are_what_was_written(addresses: list[IPAddress]) -> None:
    rrtype = RRType.of(addresses[0])
    source = one("static:" + ", ".join(map(str, addresses)), rrtype)
    assert look(source, FakeNet(), rrtype) == sorted({str(address) for address in addresses})


def test_none_on_purpose_is_an_empty_set() -> None:
    assert look(one("static:none"), FakeNet()) == []
    assert look(one("static:none", AAAA), FakeNet(), AAAA) == []


def test_the_bare_interface_is_that_of_the_uplink() -> None:
    [bound] = parse("interface", A, interface="ppp0")
    [named] = parse("interface:br0", A, interface="ppp0")
    assert isinstance(bound, Interface)
    assert isinstance(named, Interface)
    assert (bound.name, named.name) == ("ppp0", "br0")
