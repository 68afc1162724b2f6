"""GENA, the events of UPnP (UPnP Device Architecture 1.1, chapter 4; read 2026-11-21).

A subscriber names a URL of its own; the device sends a NOTIFY there with all its variables at first
(SEQ 0) and then with those that have changed.  The one that matters here is ExternalIPAddress.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import NamedTuple

from ..core.errors import SourceError
from . import xml
from .http import Reply, Request

ADDRESS = "ExternalIPAddress"
LONGEST_BODY = 16_384  # octets of a NOTIFY
USUAL = 1800.0  # seconds: the least that the standard recommends, for a device that does not tell
LAST_SEQ = 2**32 - 1

_SID = re.compile(r"[!-~]{1,128}")  # "uuid:" and a UUID, by the standard; any word, in the wild
_TIMEOUT = re.compile(r"second-(\d{1,9}|infinite)", re.IGNORECASE)
_ONCE = {"connection": "close"}  # the next request is minutes away
_MOST = 64  # properties in one event


class Granted(NamedTuple):
    """A subscription, as the device knows it."""

    sid: str
    seconds: float  # until it ends if it is not renewed


class Notice(NamedTuple):
    """Which event of which subscription."""

    sid: str
    seq: int


def subscribe(url: str, callback: str, seconds: int) -> Request:
    """Ask the device to notify `callback`."""
    headers = {"callback": f"<{callback}>", "nt": "upnp:event", "timeout": f"Second-{seconds}"}
    return Request("SUBSCRIBE", url, headers=_ONCE | headers)


def renew(url: str, sid: str, seconds: int) -> Request:
    """Ask for more time.  A device that has restarted answers 412."""
    return Request("SUBSCRIBE", url, headers=_ONCE | {"sid": sid, "timeout": f"Second-{seconds}"})


def unsubscribe(url: str, sid: str) -> Request:
    return Request("UNSUBSCRIBE", url, headers=_ONCE | {"sid": sid})


def granted(reply: Reply) -> Granted:
    """What the device has granted; `SourceError` if it has not."""
    if reply.status != 200:
        raise SourceError(f"refused the subscription to its events with HTTP status {reply.status}")
    sid = reply.headers.get("sid", "").strip()
    if not _SID.fullmatch(sid):
        raise SourceError("granted a subscription to its events without an identifier")
    found = _TIMEOUT.fullmatch(reply.headers.get("timeout", "").strip())
    if found is None or found[1].lower() == "infinite":
        return Granted(sid, USUAL)
    return Granted(sid, float(found[1]) or USUAL)


def notice(headers: Mapping[str, str]) -> Notice | None:
    """What the head of a NOTIFY says, its names in lower case; None if this is no event."""
    seq = headers.get("seq", "")
    if (headers.get("nt"), headers.get("nts")) != ("upnp:event", "upnp:propchange"):
        return None
    if not (seq.isascii() and seq.isdigit()) or len(seq) > 10 or int(seq) > LAST_SEQ:
        return None
    return Notice(headers.get("sid", ""), int(seq))


def following(seq: int) -> int:
    """The number of the next event: 0 is only ever the first."""
    return 1 if seq == LAST_SEQ else seq + 1


def properties(body: bytes) -> dict[str, str]:
    """The variables of one event by name, without namespaces; `SourceError` if it is no property set."""
    root = xml.read(body, "an event", LONGEST_BODY)
    if xml.name(root) != "propertyset":
        raise SourceError("answered with an event without a property set")
    variables = [variable for one in root if xml.name(one) == "property" for variable in one]
    return {xml.name(variable): xml.text(variable) for variable in variables[:_MOST]}


def address(text: str) -> IPv4Address | None:
    """The value of ExternalIPAddress; None if the gateway has none: empty, 0.0.0.0, or no address."""
    try:
        found = IPv4Address(text)
    except ValueError:
        return None
    return None if found.is_unspecified else found
