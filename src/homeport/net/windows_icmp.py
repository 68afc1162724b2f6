"""ICMP echo on Windows, where everybody may send pings through iphlpapi.

Learn.microsoft.com, IcmpSendEcho2Ex, Icmp6SendEcho2, ICMP_ECHO_REPLY, ICMPV6_ECHO_REPLY_LH (read
2026-11-21).
"""

from __future__ import annotations

import sys

from ..core.dns import IPAddress
from ..core.errors import SourceError

assert sys.platform == "win32"

import ctypes  # noqa: E402 - a module for one system says so first
from ctypes import wintypes  # noqa: E402

_DATA = b"homeport"
_NOT_VALID = ctypes.c_void_p(-1).value  # INVALID_HANDLE_VALUE
_TIMED_OUT = 11010  # IP_REQ_TIMED_OUT
_ROOM = 256  # octets for the reply, its data, and an ICMP error
_INET6 = 23
# Where the status lies: behind IPAddr; behind IPV6_ADDRESS_EX, which is packed, 26 octets long.
_STATUS4, _STATUS6 = 4, 28


def echo(address: IPAddress, source: IPAddress | None, timeout: float) -> str | None:
    """One echo request, waited for `timeout` seconds in this thread: None, or what there was instead.

    Raises `SourceError` if this system sends no pings at all.
    """
    api = ctypes.WinDLL("iphlpapi", use_last_error=True)
    opened = api.IcmpCreateFile if address.version == 4 else api.Icmp6CreateFile
    opened.restype = wintypes.HANDLE
    api.IcmpCloseHandle.argtypes = [wintypes.HANDLE]
    handle = opened()
    if handle in (None, _NOT_VALID):
        raise SourceError(
            f"this system sends no pings (error {ctypes.get_last_error()}); write a tcp: probe instead"
        )
    room = ctypes.create_string_buffer(_ROOM)
    tail = (_DATA, wintypes.WORD(len(_DATA)), None, room, wintypes.DWORD(_ROOM))
    limit = wintypes.DWORD(int(timeout * 1000))
    none = ctypes.c_void_p(None)
    file = wintypes.HANDLE(handle)
    try:
        if address.version == 4:
            where = [wintypes.DWORD(_plain4(one)) for one in (source, address)]
            count = api.IcmpSendEcho2Ex(file, none, none, none, *where, *tail, limit)
        else:
            ends = [ctypes.create_string_buffer(_socket_address(one), 28) for one in (source, address)]
            count = api.Icmp6SendEcho2(file, none, none, none, *ends, *tail, limit)
        error = ctypes.get_last_error()
    finally:
        api.IcmpCloseHandle(file)
    at = _STATUS4 if address.version == 4 else _STATUS6
    status = int.from_bytes(room.raw[at : at + 4], "little") if count else error
    if status == 0 and count:
        return None
    return f"no answer within {timeout:g} s" if status == _TIMED_OUT else f"not reached (error {status})"


def _plain4(address: IPAddress | None) -> int:
    """IPAddr: the octets as they travel."""
    return int.from_bytes(address.packed, "little") if address is not None else 0


def _socket_address(address: IPAddress | None) -> bytes:
    """sockaddr_in6: family, port, flow information, address, scope."""
    packed = address.packed if address is not None else bytes(16)
    return _INET6.to_bytes(2, "little") + bytes(6) + packed + bytes(4)
