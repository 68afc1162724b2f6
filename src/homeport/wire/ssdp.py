"""SSDP, the discovery of UPnP (UPnP Device Architecture 1.1, chapter 1; read 2026-11-21).

Everybody in the network hears the question and may answer.  An answer is worth something only if it
comes from the gateway and names a page of the gateway itself.
"""

from __future__ import annotations

from ipaddress import IPv4Address

from ..core.errors import SourceError
from .igd import on_host

GROUP = IPv4Address("239.255.255.250")
PORT = 1900
TTL = 2  # hops that a question may make (UDA 1.1, 1.3.2)
LONGEST = 2048  # octets of an answer; real ones have a quarter of that

_WAIT = 1  # seconds over which the devices spread their answers
_TARGETS = (
    "urn:schemas-upnp-org:device:InternetGatewayDevice:1",
    "urn:schemas-upnp-org:device:InternetGatewayDevice:2",
    "urn:schemas-upnp-org:service:WANIPConnection:1",
    "urn:schemas-upnp-org:service:WANIPConnection:2",
    "urn:schemas-upnp-org:service:WANPPPConnection:1",
)


def searches() -> tuple[bytes, ...]:
    """The questions: one for each kind of device and service that knows the external address."""
    head = f"M-SEARCH * HTTP/1.1\r\nHOST: {GROUP}:{PORT}\r\n"
    rest = f'MAN: "ssdp:discover"\r\nMX: {_WAIT}\r\n'
    return tuple(f"{head}{rest}ST: {target}\r\n\r\n".encode() for target in _TARGETS)


def location(message: bytes, source: IPv4Address) -> str:
    """The URL of the device's description in an answer from `source`; `SourceError` for anything else.

    The URL must lie on the machine that answered.
    """
    if len(message) > LONGEST:
        raise SourceError(f"answered with more than {LONGEST} octets")
    first, *lines = message.decode("latin-1").split("\r\n")
    version, _, status = first.partition(" ")
    if version not in ("HTTP/1.1", "HTTP/1.0") or status.split(" ")[0] != "200":
        raise SourceError("answered with no SSDP message of status 200")
    found: set[str] = set()
    for line in lines:
        name, colon, value = line.partition(":")
        if colon and name.strip().lower() == "location":
            found.add(value.strip())
    if len(found) != 1:
        raise SourceError("answered without one location")
    url = found.pop()
    on_host(url, str(source))
    return url
