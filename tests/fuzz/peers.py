"""What holds for peers that write in pieces: a name server over TCP, and a gateway that tells an event."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import IPv4Address, ip_address
from random import Random
from typing import Any
from zlib import crc32

import h11

from homeport.core.errors import NoAnswer
from homeport.core.hint import Hint
from homeport.net.callback import Callback
from homeport.net.dns import TcpDns, _Stream
from homeport.net.gena import _Events
from homeport.net.once import Once
from homeport.wire import gena

from . import samples
from .laws import Law

_LOOP = asyncio.new_event_loop()
_QUIET = logging.getLogger(__name__)
_QUIET.disabled = True


def pieces(octets: bytes) -> Iterator[bytes]:
    """The same octets as they may come; the octets themselves choose where they are cut."""
    random, at = Random(crc32(octets)), 0
    while at < len(octets):
        size = random.choice((1, 1, 2, 3, 7, 64, 1460, 70_000))
        yield octets[at : at + size]
        at += size


# -- DNS over TCP --------------------------------------------------------------------------------

ASKED = (b"\x12\x34", b"\x12\x35", b"\0\0")


def messages(octets: bytes) -> tuple[list[bytes], bytes]:
    """RFC 1035, 4.2.2: those that are whole, and what is left."""
    found: list[bytes] = []
    while len(octets) >= 2 and len(octets) - 2 >= (length := struct.unpack("!H", octets[:2])[0]):
        found.append(octets[2 : 2 + length])
        octets = octets[2 + length :]
    return found, octets


def check_dns_tcp(octets: bytes) -> None:
    """Whatever the pieces, the stream has what one would read who had all octets before him."""
    stream = _Stream(ASKED)
    for piece in pieces(octets):
        stream.data_received(piece)
        assert len(stream._buffer) < 2 + 65_535
    whole, rest = messages(octets)
    first: dict[bytes, bytes] = {}
    for message in whole:
        if message[:2] in ASKED:
            first.setdefault(message[:2], message)
    assert stream.answers == first
    assert stream.missing == set(ASKED) - first.keys()
    assert stream.strange == (len(first) < len(whole))
    assert stream.lost == stream.strange
    assert bytes(stream._buffer) == rest
    stream.connection_lost(None)
    assert stream.lost
    assert stream.progress.is_set()
    _LOOP.run_until_complete(_converse(octets, first, strange=stream.strange))


class _Way:
    """To a server that answers whatever it likes, and ends the connection."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.serving: list[asyncio.Task[None]] = []

    async def connect(self, host: str, port: int) -> socket.socket:
        mine, theirs = socket.socketpair()
        for one in (mine, theirs):
            one.setblocking(False)
        self.serving.append(asyncio.ensure_future(self._serve(theirs)))
        return mine

    async def _serve(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with sock, suppress(OSError):  # who has heard enough ends it
            await loop.sock_recv(sock, 4096)
            for piece in pieces(self.octets):
                await loop.sock_sendall(sock, piece)


async def _converse(octets: bytes, first: dict[bytes, bytes], *, strange: bool) -> None:
    way = _Way(octets)
    line: Any = way
    questions = [number + b"question" for number in ASKED]
    try:
        found = await TcpDns(line).exchange("192.0.2.1", 53, questions)
    except NoAnswer as error:
        assert len(str(error)) < 200
        assert strange or len(first) < len(ASKED)
    else:
        assert found == [first[number] for number in ASKED]
    assert len(way.serving) <= len(ASKED)
    await asyncio.gather(*way.serving)


def _framed(*some: bytes) -> bytes:
    return b"".join(struct.pack("!H", len(one)) + one for one in some)


_ANSWERS = [number + message[2:] for number, message in zip(ASKED, samples.DNS, strict=False)]
DNS_TCP = (
    _framed(*_ANSWERS),
    _framed(*reversed(_ANSWERS)),
    _framed(_ANSWERS[0]),
    _framed(_ANSWERS[1], _ANSWERS[1], b"\0\0"),
    _framed(_ANSWERS[2] + bytes(60_000)),
)
DNS_TCP_WORDS = (b"\0\0", b"\0\1", b"\0\2\x12\x34", b"\xff\xff", b"\0\x0c\x12\x35", *ASKED, bytes(9000))

# -- a gateway that tells an event (UPnP's GENA) -------------------------------------------------

PATH = "/s3cr3t-p4th"
SID = "uuid:7"
GATEWAY = IPv4Address("192.168.1.1")
MAY = {200, 400, 404, 405, 412, 413, 431, 501, 505}


class _Writer:
    """Keeps what it is given."""

    transport: Any = None

    def __init__(self) -> None:
        self.transport, self.said, self.aborted = self, b"", False

    def write(self, octets: bytes) -> None:
        self.said += octets

    def close(self) -> None: ...

    async def wait_closed(self) -> None: ...

    def abort(self) -> None:
        self.aborted = True


async def _notified(octets: bytes, chunks: Callable[[bytes], Iterator[bytes]]) -> tuple[bytes, list[Hint]]:
    hints: list[Hint] = []
    events = _Events("home", hints.append, asyncio.Event(), Once(_QUIET))
    events.start("http://192.168.1.1:5000/evt", SID)
    callback = Callback("NOTIFY", GATEWAY, gena.LONGEST_BODY, events.notified)
    callback._path = PATH
    reader, writer = asyncio.StreamReader(limit=4096), _Writer()
    sides: Any = (reader, writer)
    serving = asyncio.ensure_future(callback._serve(*sides))
    for chunk in chunks(octets):
        reader.feed_data(chunk)
        if len(octets) < 4000:
            await asyncio.sleep(0)
    reader.feed_eof()
    await serving  # raises what is a bug
    assert writer.aborted
    return writer.said, hints


def check_notify(octets: bytes) -> None:
    """One answer at most, to one request at most; whatever is told stands in the octets."""
    said, hints = _LOOP.run_until_complete(_notified(octets, pieces))
    assert len(said) < 200
    if said:
        client = h11.Connection(h11.CLIENT)
        client.send(h11.Request(method="NOTIFY", target=PATH, headers=[("host", "192.168.1.2")]))
        client.send(h11.EndOfMessage())
        client.receive_data(said)
        reply = client.next_event()
        assert isinstance(reply, h11.Response)
        assert reply.status_code in MAY
        assert isinstance(client.next_event(), h11.EndOfMessage)
        assert reply.status_code == 200 or not hints
    assert len(hints) <= 1
    for hint in hints:
        assert octets.lstrip(b"\r\n").split(b" ")[:2] == [b"NOTIFY", PATH.encode()]
        assert re.search(rb"(?im)^sid:[ \t]*uuid:7[ \t]*\r?$", octets)
        assert hint.address is None or str(ip_address(str(hint.address))) in octets.decode("latin-1")
    # However it is cut, it is the same.
    assert (said, hints) == _LOOP.run_until_complete(
        _notified(octets, lambda whole: iter([whole] if whole else []))
    )


def _request(
    body: bytes, *more: bytes, start: str = f"NOTIFY {PATH}", sid: str = SID, length: bool = True
) -> bytes:
    head = [
        f"{start} HTTP/1.1".encode(),
        b"HOST: 192.168.1.2:40000",
        b"CONTENT-TYPE: text/xml",
        b"NT: upnp:event",
        b"NTS: upnp:propchange",
        f"SID: {sid}".encode(),
        b"SEQ: 0",
        *more,
    ]
    head += [b"CONTENT-LENGTH: %d" % len(body)] if length else []
    return b"\r\n".join([*head, b"", body])


_CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(samples.GENA[0]), samples.GENA[0])
NOTIFY = (
    _request(samples.GENA[0]),
    _request(samples.GENA[0], b"EXPECT: 100-continue"),
    _request(_CHUNKED, b"TRANSFER-ENCODING: chunked", length=False),
    _request(samples.GENA[0], start=f"POST {PATH}"),
    _request(samples.GENA[0], start=f"NOTIFY {PATH}/x"),
    _request(samples.GENA[0], sid="uuid:8"),
    _request(b"x" * (gena.LONGEST_BODY + 1)),
)
NOTIFY_WORDS = (
    *(b"\r\n", b"\n", b": ", b"\0", b"\xff", b"HTTP/1.0", b"SEQ: 4294967296\r\n", b"SID: uuid:8\r\n"),
    *(b"CONTENT-LENGTH: 99999999999999999999\r\n", b"CONTENT-LENGTH: " + b"9" * 5000 + b"\r\n"),
    *(b"TRANSFER-ENCODING: gzip, chunked\r\n", b"ffffffffffffffff\r\n", b"CONNECTION: upgrade\r\n"),
    *(b"NOTIFY http://192.168.1.2" + PATH.encode(), b"CONNECT ", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    *(PATH.encode(), b"x: y\r\n" * 900, b"203.0.113.9", *samples.XML_WORDS),
)

LAWS = {
    "dns_tcp": Law(DNS_TCP, check_dns_tcp, DNS_TCP_WORDS, 6),
    "notify": Law(NOTIFY, check_notify, NOTIFY_WORDS, 2),
}
