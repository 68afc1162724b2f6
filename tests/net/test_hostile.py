"""Peers that want our memory or our time get a bounded share of both."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import tracemalloc
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from homeport.core.dns import Name, RRType
from homeport.core.errors import NoAnswer, ProviderError, Unintelligible, Unreachable
from homeport.net import dns as net_dns
from homeport.net import resolver
from homeport.net.dns import TcpDns
from homeport.net.http import HttpTransport
from homeport.wire import dns
from homeport.wire.http import Reply, Request

T = TypeVar("T")
Stream = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]
MOST = 8_000_000  # octets; the limit of an answer is 1,000,000


@asynccontextmanager
async def listening(serve: Stream, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    async def quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(quietly, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


def forever(start: bytes, drop: bytes) -> Stream:
    """As fast as the peer can read."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(start)
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(0)

    return serve


def measured(main: Callable[[], Coroutine[Any, Any, T]]) -> tuple[T, int]:
    """The result, and the most memory that was in use on the way."""
    tracemalloc.start()
    try:
        return asyncio.run(main()), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


OK = b"HTTP/1.1 200 OK\r\n"
DROP = b"x" * 60_000
HINTS = b"HTTP/1.1 103 Hints\r\nLink: " + b"x" * 30_000 + b"\r\n\r\n"
HUGE = OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("start", "drop", "kind"),
    [
        pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 500, Unintelligible, id="1xx without end"),
        pytest.param(b"", HINTS, Unintelligible, id="long 1xx"),
        pytest.param(OK, b"A: b\r\n" * 5000, Unintelligible, id="headers without end"),
        pytest.param(OK + b"A: ", DROP, Unintelligible, id="one header without end"),
        pytest.param(b"HTTP/1.1 200 ", DROP, Unintelligible, id="a reason without end"),
        pytest.param(OK + b"\r\n", DROP, Unintelligible, id="a body without end"),
        pytest.param(
            OK + b"Content-Length: 99999999999999999\r\n\r\n",
            b"x" * 60_000,
            Unintelligible,
            id="a huge body",
        ),
        pytest.param(HUGE, DROP, Unintelligible, id="a huge length"),
        pytest.param(CHUNKED, b"1\r\nx\r\n" * 5000, (NoAnswer, Unintelligible), id="tiny chunks"),
        pytest.param(CHUNKED, b"1;a=" + b"x" * 30_000 + b"\r\nx\r\n", NoAnswer, id="long chunk extensions"),
        pytest.param(CHUNKED + b"1;a=", DROP, Unintelligible, id="a chunk extension without end"),
        pytest.param(CHUNKED + b"FFFFFFFFFFFFFFFF\r\n", DROP, Unintelligible, id="a huge chunk"),
        pytest.param(CHUNKED + b"F" * 5000 + b"\r\n", DROP, Unintelligible, id="a huge size of a chunk"),
        pytest.param(CHUNKED + b"0\r\n", b"A: b\r\n" * 5000, Unintelligible, id="trailers without end"),
    ],
)
def test_no_http_answer_takes_more_than_its_share(
    start: bytes, drop: bytes, kind: type[ProviderError] | tuple[type[ProviderError], ...]
) -> None:
    async def main() -> None:
        transport = HttpTransport(user_agent="homeport/0", timeout=1.0, deadline=2.0)
        async with listening(forever(start, drop)) as port, transport:
            with pytest.raises(kind):
                await transport.send(Request("GET", f"http://127.0.0.1:{port}/"))

    _, most = measured(main)
    assert most < MOST


def test_a_flood_leaves_the_rest_of_the_agent_its_turns() -> None:
    """While a peer sends as fast as it can, timers of others still run."""

    async def main() -> int:
        turns = 0

        async def others() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        transport = HttpTransport(user_agent="homeport/0", timeout=1.0, deadline=1.0)
        async with listening(forever(CHUNKED, b"1;a=" + DROP[:30_000] + b"\r\nx\r\n")) as port, transport:
            beside = asyncio.ensure_future(others())
            with pytest.raises(NoAnswer):
                await transport.send(Request("GET", f"http://127.0.0.1:{port}/"))
            beside.cancel()
        return turns

    assert asyncio.run(main()) > 5


@pytest.mark.parametrize("depth", [100_000])
def test_json_without_end_is_unintelligible(depth: int) -> None:
    for body in (b"[" * depth, b'{"a":' * depth, b"[" * depth + b"]" * depth, b"1" * depth):
        with pytest.raises(Unintelligible):
            Reply(200, body).json()


# DNS


def dns_peer(answer: Callable[[bytes], bytes], *, again: bool = False) -> Stream:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        writer.write(answer(asked))
        await writer.drain()
        while again:
            writer.write(answer(asked))
            await writer.drain()
            await asyncio.sleep(0)
        await reader.read()

    return serve


@pytest.mark.parametrize(
    ("answer", "again"),
    [
        pytest.param(lambda asked: b"\xff\xff" + asked[:1000], False, id="a length that is a lie"),
        pytest.param(lambda asked: b"\x00\x00" * 30_000, True, id="empty messages without end"),
        pytest.param(lambda asked: b"\x00\x01x" * 20_000, True, id="messages of one octet without end"),
        pytest.param(lambda _: b"\xff\xff" + bytes(65_535), True, id="long messages without end"),
        pytest.param(lambda asked: b"\xff", False, id="half a length"),
    ],
)
def test_no_dns_stream_takes_more_than_its_share(
    answer: Callable[[bytes], bytes], again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(net_dns, "ANSWER_TIMEOUT", 0.5)

    async def main() -> None:
        async with listening(dns_peer(answer, again=again)) as port:
            with pytest.raises(NoAnswer):
                await TcpDns().exchange("127.0.0.1", port, [dns.query(1, "example.com", dns.A)])

    _, most = measured(main)
    assert most < MOST


def chained(pointers: int, names: int) -> bytes:
    """A message whose names go through that many compression pointers each."""
    head = bytes.fromhex("000184000000") + (names + 1).to_bytes(2, "big") + bytes(4)
    fields = bytes.fromhex("0063000100000000")  # a type that is none, IN, a TTL
    start = len(head) + 1 + len(fields) + 2  # of the RDATA of the first record, which holds the chain
    places = [start, *(start + 3 + 2 * i for i in range(pointers))]
    chain = b"\x01x\x00" + b"".join((0xC000 | place).to_bytes(2, "big") for place in places[:-2])
    first = bytes(1) + fields + len(chain).to_bytes(2, "big") + chain
    last = (0xC000 | places[-2]).to_bytes(2, "big")
    return head + first + (last + fields + bytes(2)) * names


def test_names_go_through_no_more_pointers_than_they_can_have_labels() -> None:
    fine = dns.decode(chained(127, 3))
    assert [row.owner for row in fine.answer] == ["", "x", "x", "x"]
    for pointers in (128, 8000):
        with pytest.raises(dns.MalformedMessage, match="too many compression pointers"):
            dns.decode(chained(pointers, 4000))


def test_of_a_zone_that_lists_thousands_of_servers_few_are_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listed = [f"ns{n}.example.net" for n in range(4000)]
    asked: list[str] = []

    async def place(name: str, _: object) -> tuple[str, int]:
        asked.append(name)
        return "192.0.2.1", 53

    async def zone(owner: Name) -> tuple[Name, list[str], tuple[str, int, bool]]:
        return owner, listed, ("192.0.2.53", 53, True)

    monkeypatch.setattr(resolver, "_place", place)
    monkeypatch.setattr(resolver, "_zone_servers", zone)
    _, found = asyncio.run(resolver.servers(Name.parse("example.com"), None))
    assert len(found) == len(asked) == 16


# TLS

MAKE = (
    "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost "
    "-addext subjectAltName=DNS:localhost"
)


@pytest.mark.linux("the command openssl")
def test_a_server_of_an_old_tls_gets_no_request(tmp_path: Path) -> None:
    key, pem = tmp_path / "key.pem", tmp_path / "own.pem"
    subprocess.run(
        [*MAKE.split(), "-keyout", key, "-out", pem],
        check=True,
        capture_output=True,
    )
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK + b"Content-Length: 0\r\n\r\n")
        await writer.drain()

    async def ask(version: ssl.TLSVersion) -> int:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, key)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, version
        transport = HttpTransport(user_agent="homeport/0", family=RRType.A, ca_file=pem)
        async with listening(serve, context) as port, transport:
            return (await transport.send(Request("GET", f"https://localhost:{port}/"))).status

    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        with (
            pytest.warns(DeprecationWarning, match="TLSv1"),
            pytest.raises(Unreachable, match=r"no TLS with that port|onnection"),
        ):
            asyncio.run(ask(version))
    assert heard == []
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        assert asyncio.run(ask(ssl.TLSVersion.TLSv1_2)) == 200
