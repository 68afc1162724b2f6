"""What "your address is" pages say.  Strict: the page must be one address and nothing else.

Clients that search a page for anything like an address have published a number of a drawing on a
challenge page, the private address on an access-denied page, and half of "300.1.2.3".  Here the
shape is known before the page is read; what has another shape is "cannot tell", never a guess.
All functions raise `SourceError` with what was there instead, to be read after the source's label.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from ..core.dns import IPAddress, RRType
from ..core.errors import SourceError

PLAIN_LIMIT = 256  # octets: an address has at most 45
PAGE_LIMIT = 4096  # octets: JSON with a few facts around the address, or a trace
KEYS = ("ip", "address", "ip_addr", "ipv4", "ipv6", "yourIp")  # where JSON services put it

_FAMILY = {RRType.A: "IPv4", RRType.AAAA: "IPv6"}
_SPACE = " \t\r\n"


def address(text: str, rrtype: RRType) -> IPAddress:
    """The one address that the text is, white space around it aside."""
    found = _address(text)
    if found is None:
        raise SourceError(_instead(text))
    return _of(found, rrtype)


def plain(body: bytes, rrtype: RRType) -> IPAddress:
    """The address of a page that is nothing else."""
    return address(_text(body, PLAIN_LIMIT), rrtype)


def trace(body: bytes, rrtype: RRType, host: str) -> IPAddress:
    """The address of a Cloudflare trace: lines of `key=value`, of which `ip` is the one.

    Refused unless the trace is of the host that was asked (`h`): an interceptor's is not.  Refused
    through WARP, which shows the address of the tunnel's far end.
    """
    text = _text(body, PAGE_LIMIT)
    fields = dict(line.partition("=")[::2] for line in text.splitlines())
    if "ip" not in fields:
        raise SourceError(_instead(text))
    if fields.get("h") != host:
        raise SourceError("answered with the trace of another host: something on the way intercepts it")
    if fields.get("warp", "off") != "off":
        raise SourceError("answered through Cloudflare WARP, which hides this line's address")
    return address(fields["ip"], rrtype)


def page(body: bytes, rrtype: RRType, key: str | None = None) -> IPAddress:
    """The address of a page that is an address, or a JSON object that holds one.

    In an object it lies under `key`; without one, under "ip", or under the only one of the usual
    keys (`KEYS`) that holds an address of that family.
    """
    text = _text(body, PAGE_LIMIT)
    if key is None and not text.startswith(("{", "[")):
        return plain(body, rrtype)
    fields = _object(text)
    if key is not None:
        value = fields.get(key)
        if not isinstance(value, str):
            raise SourceError(f"answered with JSON that has no text under {key!r}")
        return address(value, rrtype)
    held = {name: found for name in KEYS if (found := _address(fields.get(name))) is not None}
    fitting = {name: found for name, found in held.items() if RRType.of(found) is rrtype}
    if "ip" in fitting:
        return fitting["ip"]
    if len(set(fitting.values())) > 1:
        raise SourceError(f"answered with JSON that has addresses under {', '.join(fitting)}: name the key")
    if held:
        return _of(next(iter((fitting or held).values())), rrtype)
    raise SourceError(
        f"answered with JSON that has an address under none of {', '.join(KEYS)}: name the key"
    )


def _address(value: object) -> IPAddress | None:
    text = value.strip(_SPACE) if isinstance(value, str) else ""
    if "%" in text:  # a zone id (RFC 4007, 11) means something on one machine only
        return None
    try:
        return ip_address(text)  # refuses leading zeros, ports, brackets and anything around it
    except ValueError:
        return None


def _of(found: IPAddress, rrtype: RRType) -> IPAddress:
    if (other := RRType.of(found)) is not rrtype:
        raise SourceError(f"answered with an {_FAMILY[other]} address where {_FAMILY[rrtype]} was asked")
    return found


def _text(body: bytes, limit: int) -> str:
    """The body, within the limit.  A byte order mark stays, and makes it no address."""
    try:
        text = body.decode("utf-8").strip(_SPACE)
    except UnicodeDecodeError:
        raise SourceError(_instead(body.decode("utf-8", "replace"))) from None
    if len(body) > limit:
        raise SourceError(_instead(text, f"answered with {len(body)} octets, far more than an address"))
    return text


def _object(text: str) -> Mapping[str, Any]:
    import json  # noqa: PLC0415 - few sources answer with JSON

    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise SourceError(_instead(text)) from None
    if not isinstance(value, dict):
        raise SourceError(f"answered with a JSON {type(value).__name__}, not an address")
    return value


def _instead(text: str, otherwise: str = "") -> str:
    """What was there instead of an address, in a few words."""
    start = text.strip(_SPACE)
    if not start:
        return "empty answer"
    if start.startswith("<") or "<html" in start[:PAGE_LIMIT].lower():
        return "answered with a web page, not an address (a captive portal?)"
    parts = start[:PLAIN_LIMIT].replace(",", " ").split()
    if len(parts) > 1 and all(_address(part) for part in parts):
        return f"answered with {len(parts)} addresses where one was asked"
    return otherwise or f"answered with {start[:40]!r}, not an address"
