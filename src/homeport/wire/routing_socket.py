"""What macOS and the BSDs tell of addresses, routes and links: route(4).  Pure.

net/route.h of macOS 14 and of FreeBSD 14, OpenBSD 7.5, NetBSD 10 (read 2026-11-21): every message
begins with its length, a version and its kind; kinds below 0x10 mean the same everywhere.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_LENGTH = struct.Struct("=HBB")  # length, version, kind
_FLAGS = struct.Struct("=i")
_FLAGS_AT = 8  # of a route's message, on macOS and FreeBSD
_ADD, _DELETE, _CHANGE, _NEW_ADDRESS, _DEL_ADDRESS, _LINK, _NETBSD_LINK = 0x1, 0x2, 0x3, 0xC, 0xD, 0xE, 0x14
_GATEWAY, _HOST = 0x2, 0x4  # RTF_GATEWAY, RTF_HOST

_WORDS = {
    _NEW_ADDRESS: "an address of this machine is new",
    _DEL_ADDRESS: "an address of this machine is gone",
    _LINK: "a network interface has changed",
    _NETBSD_LINK: "a network interface has changed",
}
_ROUTES = {_ADD: "a route is new", _DELETE: "a route is gone", _CHANGE: "a route has changed"}


def news(octets: bytes, *, flags: bool) -> list[str]:
    """What of one read is worth a look at the address, in plain words.

    With `flags`, as on macOS and FreeBSD, a route to a single host is left out: the system makes one for
    every peer it speaks with.
    """
    found = [_word(kind, message, flags=flags) for kind, message in _messages(octets)]
    return list(dict.fromkeys(word for word in found if word is not None))


def _messages(octets: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _LENGTH.size <= len(octets):
        length, _, kind = _LENGTH.unpack_from(octets, at)
        if length < _LENGTH.size or at + length > len(octets):
            return
        yield kind, octets[at : at + length]
        at += length


def _word(kind: int, message: bytes, *, flags: bool) -> str | None:
    if kind in _ROUTES and flags:
        if len(message) < _FLAGS_AT + _FLAGS.size:
            return None
        (said,) = _FLAGS.unpack_from(message, _FLAGS_AT)
        if said & (_GATEWAY | _HOST) != _GATEWAY:
            return None
    return _ROUTES.get(kind) or _WORDS.get(kind)
