"""What holds for whatever octets: for each reader its samples, its words, and a check that fails otherwise.

A check passes if the reader answers as its documentation says, or refuses with the error that it names.
Any other exception is a finding, and so is an address that is not in the octets.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from json import loads
from typing import NamedTuple
from zlib import crc32

import dns.message

from homeport.core import host as hosts
from homeport.core import probe as probes
from homeport.core.dns import IPAddress, Name, RRType
from homeport.core.errors import ConfigError, ProviderError, SourceError
from homeport.core.secret import Secret
from homeport.report.record import Recording
from homeport.report.record import read as read_recording
from homeport.wire import (
    digest,
    echo,
    gena,
    icmp,
    igd,
    natpmp,
    pcp,
    routing_socket,
    rtnetlink,
    ssdp,
    stun,
    tr064,
    tsig,
    whoami,
    windows_rows,
    xml,
)
from homeport.wire import dns as wire_dns
from homeport.wire.dyndns2 import read as read_dyndns2
from homeport.wire.dyndns2_services import SERVICES
from homeport.wire.http import Reply

from . import samples


class Law(NamedTuple):
    """One reader."""

    samples: tuple[bytes, ...]
    check: Callable[[bytes], None]
    words: tuple[bytes, ...] = ()
    slow: int = 1  # so many times fewer examples than the others


def inside(address: IPAddress, octets: bytes) -> bool:
    return address.packed in octets


# -- datagrams -------------------------------------------------------------------------------------


def check_stun(octets: bytes) -> None:
    stun.echoes(octets, samples.TRANSACTION)
    try:
        found = stun.answer(octets, samples.TRANSACTION)
    except SourceError:
        return
    mask = octets[4:8] + samples.TRANSACTION
    masked = bytes(a ^ b for a, b in zip(found.packed, mask, strict=False))
    assert inside(found, octets) or masked in octets
    assert stun.answer(samples.stun_answer(found), samples.TRANSACTION) == found


def check_natpmp(octets: bytes) -> None:
    try:
        found = natpmp.answer(octets)
    except SourceError:
        pass
    else:
        assert octets[8:] == found.packed
        assert not found.is_unspecified
    try:
        said = natpmp.announcement(octets)
    except SourceError:
        return
    assert said.address is None or inside(said.address, octets)
    assert octets[4:8] == said.epoch_seconds.to_bytes(4)


def check_pcp(octets: bytes) -> None:
    try:
        found = pcp.answer(octets, samples.TRANSACTION)
    except SourceError:
        pass
    else:
        assert inside(found.address, octets)
        assert not found.address.is_unspecified
    try:
        assert pcp.announcement(octets).to_bytes(4) in octets
    except SourceError:
        return


def check_ssdp(octets: bytes) -> None:
    try:
        url = ssdp.location(octets, IPv4Address("192.168.1.1"))
    except SourceError:
        return
    assert url.encode() in octets
    assert url.lower().startswith("http://192.168.1.1")
    assert igd.on_host(url, "192.168.1.1") == url


def check_icmp(octets: bytes) -> None:
    for version in (4, 6):
        if icmp.is_reply(version, octets, samples.TRANSACTION):
            assert octets.endswith(samples.TRANSACTION)


# -- DNS -------------------------------------------------------------------------------------------


class Counted(bytes):
    """Octets that count how often one of them is looked at by itself."""

    looks: int

    def __getitem__(self, key):  # type: ignore[no-untyped-def]
        if isinstance(key, int):
            self.looks += 1
        return super().__getitem__(key)


def check_dns(octets: bytes) -> None:
    """Against the full library; work and memory grow with the octets, whatever compression says."""
    counted = Counted(octets)
    counted.looks = 0
    try:
        found = wire_dns.decode(counted)
    except wire_dns.MalformedMessage:
        found = None
    assert counted.looks <= 100 * len(octets) + 1000
    if found is None:
        return
    rows = [*found.answer, *found.authority, *found.additional]
    assert len(rows) * 11 <= len(octets)
    assert all(len(row.owner) <= 508 for row in rows)
    for row in rows:
        if isinstance(row.data, IPv4Address | IPv6Address):
            assert inside(row.data, octets)
    try:
        theirs = dns.message.from_wire(octets, one_rr_per_rrset=True, ignore_trailing=False)
    except Exception:
        return
    assert found.id == theirs.id
    if found.truncated:
        return
    addresses = {
        ip_address(rdata.address)
        for rrset in theirs.answer
        for rdata in rrset
        if rrset.rdclass == 1 and rrset.rdtype in (1, 28)
    }
    assert addresses == {row.data for row in found.answer if row.rdclass == 1 and row.rdtype in (1, 28)}


def check_whoami(octets: bytes) -> None:
    for question in samples.QUESTIONS:
        for rrtype in RRType:
            try:
                found = whoami.answer(octets, question, rrtype)
            except SourceError:
                continue
            assert RRType.of(found) is rrtype
            strings = (octets[at + 1 : at + 1 + octets[at]].decode("latin-1") for at in range(len(octets)))
            assert inside(found, octets) or any(reads_as(found, text) for text in strings)


def check_tsig(octets: bytes) -> None:
    """What verifies is what was signed, the message id and the case of the key's name aside."""
    try:
        tsig.verify(octets, samples.KEY, samples.MAC, samples.NOW)
    except tsig.BadSignature:
        return
    signed = samples.SIGNED
    assert octets[2:].lower() == signed[2:].lower()
    assert octets[12 : samples.SIGNED_END] == signed[12 : samples.SIGNED_END]


# -- what the system says --------------------------------------------------------------------------


def check_rtnetlink(octets: bytes) -> None:
    found = rtnetlink.changes(octets)
    table, gone = rtnetlink.neighbours(octets), rtnetlink.departed(octets)
    assert (len(found) + len(table) + len(gone)) * 16 <= 3 * len(octets)
    for entry in table:
        assert inside(entry.address, octets)
        assert entry.mac in octets
    assert all(inside(address, octets) for address in gone)
    for change in found:
        for address in [
            getattr(change, "address", None),
            *getattr(getattr(change, "route", None), "gateways", ()),
        ]:
            assert address is None or inside(address, octets)


def check_routing_socket(octets: bytes) -> None:
    for flags in (True, False):
        assert len(routing_socket.news(octets, flags=flags)) <= 7


def check_windows(octets: bytes) -> None:
    for row, reader in (
        (windows_rows.ADDRESS, windows_rows.address),
        (windows_rows.ROUTE, windows_rows.default_route),
        (windows_rows.NEIGHBOUR, windows_rows.neighbour),
    ):
        every = list(windows_rows.rows(octets, row))
        assert len(every) * row.size <= len(octets)
        for one in (octets, *every):
            found = reader(one)
            for address in [getattr(found, "address", None), *getattr(found, "gateways", ())]:
                assert address is None or inside(address, octets)


# -- XML and HTTP ----------------------------------------------------------------------------------


def check_igd(octets: bytes) -> None:
    try:
        found = igd.devices(octets, samples.PAGE)
    except SourceError:
        found = ()
    assert len(found) <= igd.SERVICES
    for device in found:
        assert device.host == "192.168.1.1"
        for url in (device.control_url, device.event_url or samples.PAGE):
            assert igd.on_host(url, device.host) == url
        assert igd.request(device, igd.ADDRESS).url == device.control_url


def check_soap(octets: bytes) -> None:
    for action in (igd.ADDRESS, igd.PREFIX, tr064.INFO, tr064.DEFAULT_CONNECTION, tr064.SECURITY_PORT):
        for status in (200, 500):
            try:
                said = tr064.arguments(Reply(status, octets), action)
            except SourceError as error:
                assert len(str(error)) < 400
                continue
            for reader in (igd.external_address, igd.prefix, tr064.connection, tr064.security_port):
                try:
                    value = reader(said)
                except SourceError as error:
                    assert len(str(error)) < 200
                else:
                    if isinstance(value, IPv4Address):
                        assert said["NewExternalIPAddress"] == str(value)
                    elif isinstance(value, IPv6Network):
                        assert IPv6Address(said["NewIPv6Prefix"].partition("/")[0]) in value
            igd.connected(said)
            assert len(tr064.condition(said)) < 300


def check_gena(octets: bytes) -> None:
    try:
        said = gena.properties(octets)
    except SourceError:
        said = {}
    for value in said.values():
        address = gena.address(value)
        assert address is None or str(address) == value
    lines = dict(line.split(": ", 1) for line in octets.decode("latin-1").splitlines() if ": " in line)
    headers = {name.lower(): value for name, value in lines.items()}
    notice = gena.notice(headers)
    assert notice is None or str(notice.seq) in headers["seq"]
    try:
        granted = gena.granted(Reply(200, b"", headers))
    except SourceError:
        return
    assert granted.sid in headers["sid"]
    assert 0 < granted.seconds < 1e12


def check_xml(octets: bytes) -> None:
    try:
        root = xml.read(octets, "a thing", 65_536)
    except SourceError:
        return
    assert len(octets) <= 65_536
    assert sum(len(xml.text(one)) + len(xml.name(one)) for one in root.iter()) <= 4 * len(octets)


def check_digest(octets: bytes) -> None:
    text = octets.decode("latin-1")
    try:
        asked = digest.challenge(text)
    except SourceError:
        return
    assert asked.nonce.replace("\\", "") in text.replace("\\", "")
    said = digest.authorization(
        asked, Secret("user"), Secret("s3cret"), method="POST", target="/x", count=1, cnonce="1"
    )["authorization"].reveal()
    assert "s3cret" not in said
    if len(said) < 4000:  # what is longer is not read to its end
        assert digest.challenge(said)[:2] == asked[:2]


# -- pages and answers -----------------------------------------------------------------------------


def check_echo(octets: bytes) -> None:
    """A page, its JSON or its lines hold the address as a text of its own."""
    for rrtype in RRType:
        for reader in (
            partial(echo.plain, octets, rrtype),
            partial(echo.page, octets, rrtype),
            partial(echo.page, octets, rrtype, "address"),
            partial(echo.trace, octets, rrtype, "api.cloudflare.com"),
        ):
            try:
                found = reader()
            except SourceError as error:
                assert len(str(error)) < 300
                continue
            assert RRType.of(found) is rrtype
            assert len(octets) <= echo.PAGE_LIMIT
            text = octets.decode().strip()
            held = [text, *(line.partition("=")[2] for line in text.splitlines())]
            with suppress(ValueError, AttributeError):
                held += [str(value) for value in loads(text).values()]
            assert any(reads_as(found, one) for one in held)


def reads_as(address: IPAddress, text: str) -> bool:
    try:
        return ip_address(text.strip()) == address
    except ValueError:
        return False


def check_dyndns2(octets: bytes) -> None:
    owners = (Name("home.example.com"), Name("www.example.com"))
    sent = [ip_address("192.0.2.1")]
    every = tuple(SERVICES.values())
    for service in (every[(crc32(octets) + place) % len(every)] for place in range(8)):
        for status in (200, 404):
            headers = {service.header: octets[:80].decode("latin-1")} if service.header else {}
            for asked in (owners[:1], owners):
                reply = Reply(status, octets, headers)
                try:
                    found = read_dyndns2(reply, asked, [one.text for one in asked], sent, service)
                except ProviderError as error:
                    assert len(str(error)) < 1000
                    continue
                assert found is None or found.keys() <= set(asked)


def check_recording(octets: bytes) -> None:
    try:
        found: Recording = read_recording(octets.decode("utf-8", "replace").splitlines())
    except ConfigError as error:
        assert len(str(error)) < 300
        return
    assert len(found.events) <= octets.count(b"\n") + octets.count(b"\r") + len(octets)
    assert [event.at for event in found.events] == sorted(event.at for event in found.events)


def check_words(octets: bytes) -> None:
    """Words of the configuration that have a grammar of their own."""
    text = octets.decode("utf-8", "replace")
    for parse in (hosts.parse, probes.parse, Name.parse):
        try:
            parse(text)
        except ConfigError as error:
            assert len(str(error)) < 1000


LAWS: dict[str, Law] = {
    "stun": Law(samples.STUN, check_stun),
    "natpmp": Law(samples.NATPMP, check_natpmp),
    "pcp": Law(samples.PCP, check_pcp),
    "ssdp": Law(samples.SSDP, check_ssdp, samples.SSDP_WORDS),
    "icmp": Law(samples.ICMP, check_icmp),
    "dns": Law(samples.DNS, check_dns, samples.DNS_WORDS),
    "whoami": Law(samples.WHOAMI, check_whoami, samples.DNS_WORDS),
    "tsig": Law((samples.SIGNED,), check_tsig, samples.DNS_WORDS),
    "rtnetlink": Law(samples.RTNETLINK, check_rtnetlink, samples.RTNETLINK_WORDS),
    "routing_socket": Law(samples.ROUTING_SOCKET, check_routing_socket),
    "windows": Law(samples.WINDOWS, check_windows),
    "igd": Law(samples.IGD, check_igd, samples.XML_WORDS, 2),
    "soap": Law(samples.SOAP, check_soap, samples.XML_WORDS, 4),
    "gena": Law(samples.GENA, check_gena, samples.XML_WORDS),
    "xml": Law((*samples.IGD, *samples.SOAP, *samples.GENA), check_xml, samples.XML_WORDS),
    "digest": Law(samples.DIGEST, check_digest, samples.DIGEST_WORDS),
    "echo": Law(samples.ECHO, check_echo, samples.JSON_WORDS),
    "dyndns2": Law(samples.DYNDNS2, check_dyndns2, samples.DYNDNS2_WORDS, 10),
    "recording": Law(samples.RECORDING, check_recording, samples.JSON_WORDS),
    "words": Law(samples.WORDS, check_words, samples.NAME_WORDS),
}
