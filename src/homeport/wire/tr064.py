"""TR-064: what a FRITZ!Box tells whoever has a login of it.

AVM's "TR-064 First Steps" and its descriptions of WANIPConnection, WANPPPConnection, Layer3Forwarding and
DeviceInfo, and the list of all services of a 7590 with FRITZ!OS 7.27, read 2026-11-21.  The messages are
UPnP's.  No service of TR-064 tells the IPv6 prefix: that is an action of AVM's in the UPnP service of the
same port, which needs no login, but the permission to tell the state of the line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..core.device import Device
from ..core.errors import SourceError
from . import igd
from .http import Reply, Request

PORT = 49_000
INFO = "GetInfo"
SECURITY_PORT = "GetSecurityPort"
DEFAULT_CONNECTION = "GetDefaultConnectionService"

_OFF = (
    "does not answer by TR-064; allow it in the FRITZ!Box under Home Network > Network > Network Settings: "
    '"Allow access for applications" for IPv4, "Transmit status information over UPnP" for the IPv6 prefix'
)
_ERRORS = {
    401: "does not know this question",
    606: 'refused: the user of router_user lacks the right "FRITZ!Box settings"',
    820: "failed inside",
}


class Service(NamedTuple):
    """A service of it, and where it is asked."""

    kind: str
    path: str


DEVICE = Service("urn:dslforum-org:service:DeviceInfo:1", "/upnp/control/deviceinfo")
FORWARDING = Service("urn:dslforum-org:service:Layer3Forwarding:1", "/upnp/control/layer3forwarding")
PREFIXES = Service("urn:schemas-upnp-org:service:WANIPConnection:1", "/igdupnp/control/WANIPConn1")
_CONNECTIONS = {
    "WANIPConnection": Service(
        "urn:dslforum-org:service:WANIPConnection:1", "/upnp/control/wanipconnection1"
    ),
    "WANPPPConnection": Service("urn:dslforum-org:service:WANPPPConnection:1", "/upnp/control/wanpppconn1"),
}


def request(base: str, service: Service, action: str) -> Request:
    """Ask that service of the box at `base`, such as "http://192.168.178.1:49000"."""
    return igd.request(Device("", base + service.path, "", service.kind, ""), action)


def arguments(reply: Reply, action: str) -> dict[str, str]:
    """What it answers, by name; `SourceError` with its reason if it refuses."""
    if reply.status in (403, 404, 405):
        raise SourceError(_OFF)
    return igd.arguments(reply, action, _ERRORS)


def connection(said: Mapping[str, str]) -> Service:
    """In the answer to `DEFAULT_CONNECTION`, such as "1.WANPPPConnection.1": the one that is in use."""
    words = said.get("NewDefaultConnectionService", "")
    for part in words.split("."):
        if part in _CONNECTIONS:
            return _CONNECTIONS[part]
    raise SourceError(f"names {words[:60]!r} as its connection to the Internet, which is unknown here")


def security_port(said: Mapping[str, str]) -> int:
    """In the answer to `SECURITY_PORT`: where it speaks TLS."""
    text = said.get("NewSecurityPort", "")
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) < 65_536):
        raise SourceError(f"names {text[:20]!r} as its port for TLS")
    return int(text)


def condition(said: Mapping[str, str]) -> str:
    """In the answer to `INFO`: how the connection is, for a message; "" if nothing is wrong with it."""
    state, trouble = said.get("NewConnectionStatus", ""), said.get("NewLastConnectionError", "")
    words = [] if state in ("", "Connected") else [f"it says {state[:40]!r}"]
    if trouble not in ("", "ERROR_NONE"):
        words.append(f"last error {trouble[:60]!r}")
    return f" ({', '.join(words)})" if words else ""
