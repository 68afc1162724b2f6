"""UPnP Internet Gateway Device, versions 1 and 2: a router tells its external address.

UPnP Device Architecture 1.1 (description, control) and WANIPConnection 1 and 2, WANPPPConnection 1,
read 2026-11-21; the prefix is an action that AVM added to the FRITZ!Box.  Whatever is read here may
have been written by anyone in the local network.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Address, IPv6Address, IPv6Network
from typing import Any
from urllib.parse import urljoin, urlsplit

from ..core.device import Device
from ..core.errors import SourceError
from . import xml
from .http import Reply, Request

ADDRESS = "GetExternalIPAddress"
STATUS = "GetStatusInfo"
PREFIX = "X_AVM_DE_GetIPv6Prefix"

LONGEST = 65_536  # octets of a description or an answer; real descriptions have a tenth of that
SERVICES = 8  # connections of one gateway that are looked at
_LONGEST_URL = 512
_KINDS = (
    "urn:schemas-upnp-org:service:WANIPConnection:1",
    "urn:schemas-upnp-org:service:WANIPConnection:2",
    "urn:schemas-upnp-org:service:WANPPPConnection:1",
)
_DOWN = "has no address at the moment: its own line is down"
_ENVELOPE = (
    '<?xml version="1.0"?>\r\n'
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
    ' s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">'
    '<s:Body><u:{action} xmlns:u="{service}"/></s:Body></s:Envelope>\r\n'
)
_ERRORS = {  # UPnP Device Architecture 1.1, 3.2.2
    401: "does not know this question",
    402: "does not understand this question",
    501: "cannot tell at the moment",
    606: "refused: UPnP is switched off in its settings, or not for this machine",
}


def devices(body: bytes, location: str) -> tuple[Device, ...]:
    """All connections in the device description that was read at `location`; at least one.

    `SourceError` if there is none, if this is no description, or if a URL leads to another host.
    """
    root = xml.read(body, "a device description", LONGEST)
    host = urlsplit(location).hostname or ""
    base = xml.child(root, "URLBase") or location  # UDA 1.0; later devices leave it out
    udn = next((xml.text(one) for one in root.iter() if xml.name(one) == "UDN"), "")
    found: list[Device] = []
    for service in root.iter():
        kind = xml.child(service, "serviceType") if xml.name(service) == "service" else ""
        if kind in _KINDS:
            control = _within(base, xml.child(service, "controlURL"), host)
            events = xml.child(service, "eventSubURL")
            found.append(Device(host, control, _within(base, events, host) if events else "", kind, udn))
    if not found:
        raise SourceError("describes no connection to the Internet by UPnP")
    return tuple(found[:SERVICES])


def request(device: Device, action: str) -> Request:
    """Ask that connection; none of our actions has arguments."""
    body = _ENVELOPE.format(action=action, service=device.service_type).encode()
    # Some devices compare the name of this header letter by letter.
    headers = {
        "content-type": 'text/xml; charset="utf-8"',
        "SOAPAction": f'"{device.service_type}#{action}"',
    }
    return Request("POST", device.control_url, headers=headers, body=body)


def arguments(reply: Reply, action: str, errors: Mapping[int, str] = _ERRORS) -> dict[str, str]:
    """What the gateway answers to that action, by name; `SourceError` with its reason if it refuses.

    `errors` says in plain words what their numbers mean.
    """
    if reply.status not in (200, 500):
        raise SourceError(f"answered with HTTP status {reply.status} where UPnP was expected")
    if reply.is_page:
        raise SourceError("answered with a page for browsers where UPnP was expected")
    root = xml.read(reply.body, "a UPnP answer", LONGEST)
    if reply.status == 500:
        raise SourceError(_refusal(root, action, errors))
    for answer in root.iter():
        if xml.name(answer) == f"{action}Response":
            return {xml.name(one): xml.text(one) for one in answer}
    raise SourceError(f"answered something else than {action}")


def external_address(said: Mapping[str, str]) -> IPv4Address:
    """In the answer to `ADDRESS`; `SourceError` if the gateway has none."""
    text = said.get("NewExternalIPAddress", "")
    if not text:
        raise SourceError(_DOWN)
    try:
        address = IPv4Address(text)
    except AddressValueError as error:
        raise SourceError(f"answered {text[:40]!r}, which is no IPv4 address") from error
    if address.is_unspecified:
        raise SourceError(_DOWN)
    return address


def connected(said: Mapping[str, str]) -> bool:
    """In the answer to `STATUS`: is this connection up?"""
    return said.get("NewConnectionStatus") == "Connected"


def prefix(said: Mapping[str, str]) -> IPv6Network:
    """In the answer to `PREFIX`: what the provider has delegated to the gateway, from /16 to /64.

    `SourceError` if the gateway has none.
    """
    text, slash, written = said.get("NewIPv6Prefix", "").partition("/")
    length = said.get("NewPrefixLength", "") or written
    if not text or text == "::" or length == "0":
        raise SourceError("has no IPv6 prefix at the moment")
    shown = f"{text[:40]}/{length[:8]}"
    if "%" in text or (slash and written != length):
        raise SourceError(f"answered {shown!r}, which is no IPv6 prefix")
    try:
        network = IPv6Network((IPv6Address(text), int(length)), strict=False)
    except ValueError as error:
        raise SourceError(f"answered {shown!r}, which is no IPv6 prefix") from error
    if not 16 <= network.prefixlen <= 64:
        raise SourceError(f"answered {shown!r}, which is no prefix that a provider delegates")
    return network


def on_host(url: str, host: str) -> str:
    """The same URL; `SourceError` unless it is a plain one (http, no user) on that host."""
    try:
        parts = urlsplit(url)
        right = (parts.scheme, parts.hostname) == ("http", host) and parts.port != 0
    except ValueError:
        right = False
    plain = url.isascii() and url.isprintable() and len(url) <= _LONGEST_URL and "@" not in url
    if not right or not plain or " " in url:
        raise SourceError(f"names a page that is not on {host} itself")
    return url


def _within(base: str, reference: str, host: str) -> str:
    if not reference:
        raise SourceError("describes a connection without a control URL")
    try:
        return on_host(urljoin(base, reference), host)
    except ValueError:  # what urljoin cannot read
        raise SourceError(f"names a page that is not on {host} itself") from None


def _refusal(root: Any, action: str, errors: Mapping[int, str]) -> str:
    code = next((xml.text(one) for one in root.iter() if xml.name(one) == "errorCode"), "")
    if not (code.isascii() and code.isdigit() and len(code) < 5):
        return "refused without a UPnP error"
    if action == PREFIX and code in ("401", "602"):  # an action of a vendor, which others do not have
        return "does not tell its IPv6 prefix, as only a FRITZ!Box does; for IPv6 write interface"
    reason = next((xml.text(one) for one in root.iter() if xml.name(one) == "errorDescription"), "")
    plain = errors.get(int(code), "refused")
    return f"{plain} (UPnP error {code}: {reason[:60]!r})" if reason else f"{plain} (UPnP error {code})"
