"""The transport against real sockets of this machine, each with a script for what its peer does."""

from __future__ import annotations

import asyncio
import gc
import logging
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.dns import RRType
from homeport.core.errors import (
    ConfigError,
    NoAnswer,
    ProviderError,
    Unintelligible,
    Unreachable,
    Untrusted,
)
from homeport.core.secret import Secret
from homeport.net import http, way
from homeport.net.http import HttpTransport
from homeport.wire.http import Reply, Request

T = TypeVar("T")
SECRET = "s3cr3t-key"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
HALF = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\n"
GZIP = OK.replace(b"\r\n\r\n", b"\r\ncontent-encoding: gzip\r\n\r\n")
STATUS = b"HTTP/1.1 200 OK\r\n"
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(autouse=True)
def no_secret_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    assert SECRET not in caplog.text
    gc.collect()  # so that a socket left open is found by the test that left it


def run(main: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(main, debug=True)


def transport(**settings: Any) -> HttpTransport:
    if "proxy" in settings:
        settings["proxy"] = Secret(settings["proxy"])
    return HttpTransport(**{"user_agent": "homeport/0", "timeout": 5.0, **settings})


def get(url: str, **query: str | Secret) -> Request:
    """A request with a secret wherever one can stand."""
    secret = Secret(SECRET)
    return Request("GET", url, {**query, "token": secret}, {"authorization": secret})


def post(url: str) -> Request:
    return Request("POST", url, {"token": Secret(SECRET)}, {}, f'{{"token": "{SECRET}"}}'.encode())


async def fails(request: Request, kind: type[ProviderError], **settings: Any) -> str:
    """Send; the message of the error, which is of exactly that kind and shows no secret."""
    async with transport(**settings) as http_:
        with pytest.raises(ProviderError) as caught:
            await http_.send(request)
    whole = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert SECRET not in whole
    assert SECRET[2:] not in whole
    assert type(caught.value) is kind, whole
    return str(caught.value)


@dataclass
class Peer:
    port: int
    url: str
    connections: int = 0
    at_once: int = 0
    most_at_once: int = 0
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def hear(self, reader: asyncio.StreamReader) -> str:
        """One request, noted; '' at the end of the connection."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
        except asyncio.IncompleteReadError:
            return ""
        self.heads.append(head)
        length = int(dict(_lines(head)).get("content-length", 0))
        self.bodies.append(await reader.readexactly(length))
        return head


def _lines(head: str) -> list[tuple[str, str]]:
    return [(n, v) for n, _, v in (line.partition(": ") for line in head.split("\r\n")[1:]) if n]


@asynccontextmanager
async def peer(
    script: Callable[[Peer], Script], host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Peer]:
    tasks: set[asyncio.Task[None]] = set()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.create_server((host, 0), family=family)
    port = sock.getsockname()[1]
    name = f"[{host}]" if ":" in host else host
    this = Peer(port, f"http{'s' if tls else ''}://{name}:{port}")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        this.connections += 1
        this.at_once += 1
        this.most_at_once = max(this.most_at_once, this.at_once)
        this.addresses.append(writer.get_extra_info("peername")[0])
        try:
            await script(this)(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            this.at_once -= 1
            this.ended.set()
            writer.transport.abort()

    server = await asyncio.start_server(serve, sock=sock, ssl=tls)
    try:
        yield this
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)


def answers(*replies: bytes) -> Callable[[Peer], Script]:
    """Answer each request of a connection with these in turn, the last one for ever."""

    def make(this: Peer) -> Script:
        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            count = 0
            while await this.hear(reader):
                writer.write(replies[min(count, len(replies) - 1)])
                await writer.drain()
                count += 1

        return script

    return make


def once(reply: bytes, *, reset: bool = False) -> Callable[[Peer], Script]:
    """Answer one request of a connection with these octets, then close it."""

    def make(this: Peer) -> Script:
        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await this.hear(reader)
            writer.write(reply)
            await writer.drain()
            if reset:
                linger = struct.pack("HH" if sys.platform == "win32" else "ii", 1, 0)
                sock = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

        return script

    return make


def greets(words: bytes) -> Callable[[Peer], Script]:
    """Speak first, then wait."""

    def make(this: Peer) -> Script:
        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(words)
            await reader.read()

        return script

    return make


def drips(start: bytes, drop: bytes, pause: float) -> Callable[[Peer], Script]:
    """Send the start, then a drop again and again."""

    def make(this: Peer) -> Script:
        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await this.hear(reader)
            writer.write(start)
            while True:
                await writer.drain()
                await asyncio.sleep(pause)
                writer.write(drop)

        return script

    return make


def exchange(script: Callable[[Peer], Script], request: Callable[[str], Request], **settings: Any) -> Reply:
    async def main() -> Reply:
        async with peer(script) as far, transport(**settings) as http_:
            return await http_.send(request(far.url))

    return run(main())


# What is said


def test_a_request_says_what_it_should_and_no_more() -> None:
    async def main() -> None:
        async with peer(answers(OK)) as far, transport() as http_:
            query: dict[str, str | Secret] = {
                "host": "*.example.com,b.example.com",
                "myip": "2001:db8::1",
                "t": Secret("a+b c&d%/é"),
            }
            await http_.send(Request("GET", far.url + "/u", query, {"x-a": Secret("1")}))
        head, *_ = far.heads
        assert head.split("\r\n") == [
            "GET /u?host=*.example.com,b.example.com&myip=2001:db8::1&t=a%2Bb%20c%26d%25/%C3%A9 HTTP/1.1",
            f"host: 127.0.0.1:{far.port}",
            "user-agent: homeport/0",
            "accept: */*",
            "accept-encoding: identity",
            "connection: keep-alive",
            "x-a: 1",
            "",
            "",
        ]

    run(main())


def test_a_body_has_its_length_and_a_post_without_one_says_so() -> None:
    async def main() -> None:
        async with peer(answers(OK)) as far, transport() as http_:
            await http_.send(Request("POST", far.url, body=b"12345"))
            await http_.send(Request("POST", far.url))
            await http_.send(Request("DELETE", far.url))
        assert [dict(_lines(head)).get("content-length") for head in far.heads] == ["5", "0", None]
        assert far.bodies == [b"12345", b"", b""]

    run(main())


def test_the_hidden_end_of_a_url_arrives_and_is_in_no_message() -> None:
    async def main() -> None:
        async with peer(answers(OK)) as far, transport() as http_:
            hidden = Secret("/u/t0ken/?k=v&t0ken")
            await http_.send(Request("GET", far.url + "/base", {"ip": "192.0.2.1"}, hidden=hidden))
        assert far.heads[0].startswith("GET /base/u/t0ken/?k=v&t0ken&ip=192.0.2.1 HTTP/1.1\r\n")
        for wrong in f"/u/{SECRET}", f"/u/{SECRET} x":
            request = Request("GET", "http://127.0.0.1:1/base", hidden=Secret(wrong))
            assert SECRET not in repr(request) + str(request)
            await fails(request, Unreachable)

    run(main())


def test_a_query_in_the_url_and_one_of_the_request_are_joined() -> None:
    async def main() -> None:
        async with peer(answers(OK)) as far, transport() as http_:
            await http_.send(Request("GET", far.url + "?format=text&v=%20", {"a": "b"}))
        assert far.heads[0].startswith("GET /?format=text&v=%20&a=b HTTP/1.1\r\n")

    run(main())


@given(
    st.dictionaries(st.text(), st.text()), st.text(st.characters(codec="utf-8", exclude_characters="?#"))
)
def test_whatever_is_in_a_query_or_path_arrives_and_is_a_proper_target(
    query: dict[str, str], path: str
) -> None:
    path = "/" + "".join(char for char in path if char > " " and char != "\x7f")
    _, origin, target = http._read_url(Request("GET", "https://h.example" + path, query))
    assert (origin.host, origin.port) == ("h.example", 443)
    assert target.isascii()
    assert not any(char <= " " for char in target)
    assert "+" not in target.partition("?")[2]
    assert dict(parse_qsl(target.partition("?")[2], keep_blank_values=True)) == query


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://EXAMPLE.com/", "example.com"),
        ("https://example.com:443/", "example.com"),
        ("http://example.com:443/", "example.com:443"),
        ("http://[2001:db8::1]/", "[2001:db8::1]"),
        ("https://[2001:db8::1]:8443/", "[2001:db8::1]:8443"),
        ("http://[fe80::1%25eth0]/", "[fe80::1]"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
    ],
)
def test_a_host_is_said_as_the_standard_wants_it(url: str, authority: str) -> None:
    assert http._read_url(Request("GET", url))[1].authority == authority


# What is answered


@pytest.mark.parametrize(
    ("method", "wire", "status", "body"),
    [
        ("GET", CHUNKED + b"3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", 200, b"abcd"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        ("HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 2000000\r\n\r\n", 200, b""),
        ("GET", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx", 200, b"x"),
        ("GET", b"HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n", 302, b""),
        ("GET", b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 7\r\n\r\nbadauth", 401, b"badauth"),
        ("POST", b"HTTP/1.1 503 Busy\r\nretry-after: 9\r\ncontent-length: 0\r\n\r\n", 503, b""),
    ],
    ids=["chunked", "204", "HEAD", "after a 100", "a redirect", "401", "503"],
)
def test_an_answer_comes_back_as_it_is(method: str, wire: bytes, status: int, body: bytes) -> None:
    async def main() -> None:
        async with peer(answers(wire)) as far, transport() as http_:
            for _ in range(2):
                reply = await http_.send(Request(method, far.url))
                assert (reply.status, reply.body) == (status, body)
        assert far.connections == 1
        assert len(far.heads) == 2

    run(main())


def test_an_answer_may_end_with_its_connection() -> None:
    reply = exchange(once(b"HTTP/1.0 200 OK\r\n\r\n203.0.113.7\n"), get)
    assert reply.text == "203.0.113.7"


def test_header_fields_are_in_lower_case_and_those_of_one_name_are_joined() -> None:
    reply = exchange(answers(b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 0\r\n\r\n"), get)
    assert reply.headers == {"x-a": "1, 2", "content-length": "0"}


# Connections


def test_one_connection_carries_request_after_request() -> None:
    async def main() -> None:
        async with peer(answers(OK)) as far, transport() as http_:
            for request in (get(far.url), post(far.url), get(far.url), post(far.url)):
                assert (await http_.send(request)).body == b"ok"
        assert (far.connections, len(far.heads)) == (1, 4)

    run(main())


def test_many_sends_wait_for_few_connections() -> None:
    async def main() -> None:
        async with peer(answers(OK)) as far, transport(connections=3) as http_:
            replies = await asyncio.gather(*(http_.send(get(far.url)) for _ in range(20)))
        assert [reply.body for reply in replies] == [b"ok"] * 20
        assert far.connections == 3

    run(main())


def test_idle_connections_to_other_places_make_room() -> None:
    async def main() -> None:
        async with peer(answers(OK)) as one, peer(answers(OK)) as other, transport(connections=2) as http_:
            await asyncio.gather(http_.send(get(one.url)), http_.send(get(one.url)))
            await asyncio.gather(http_.send(get(other.url)), http_.send(get(other.url)))
            assert len(http_._idle) == 2
            await asyncio.wait_for(one.ended.wait(), 5)

    run(main())


def test_a_server_that_wants_to_close_is_not_asked_again_on_that_connection() -> None:
    async def main() -> None:
        close = OK.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
        async with peer(answers(close)) as far, transport() as http_:
            for _ in range(2):
                await http_.send(post(far.url))
        assert far.connections == 2

    run(main())


@pytest.mark.parametrize("last_words", [b"", b"HTTP/1.1 408 Request Time-out\r\nconnection: close\r\n\r\n"])
def test_an_idle_connection_that_has_ended_or_spoken_is_not_used_even_for_a_post(last_words: bytes) -> None:
    async def main() -> None:
        async with peer(once(OK + last_words)) as far, transport() as http_:
            await http_.send(post(far.url))
            await asyncio.wait_for(far.ended.wait(), 5)
            assert (await http_.send(post(far.url))).status == 200
        assert far.connections == 2

    run(main())


def closes_on_the_second(this: Peer) -> Script:
    """The first connection answers once and closes when it is asked again; the next ones answer."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = this.connections == 1
        while await this.hear(reader):
            if first and len(this.heads) == 2:
                return
            writer.write(OK)

    return script


def test_a_get_that_meets_a_closing_connection_is_sent_once_more() -> None:
    async def main() -> None:
        async with peer(closes_on_the_second) as far, transport() as http_:
            await http_.send(get(far.url))
            assert (await http_.send(get(far.url))).status == 200
        assert (far.connections, len(far.heads)) == (2, 3)

    run(main())


def test_a_post_that_meets_a_closing_connection_is_not_repeated() -> None:
    async def main() -> None:
        async with peer(closes_on_the_second) as far, transport() as http_:
            await http_.send(post(far.url))
            with pytest.raises(NoAnswer):
                await http_.send(post(far.url))
            assert len(far.heads) == 2
            assert (await http_.send(post(far.url))).status == 200
        assert (far.connections, len(far.heads)) == (2, 3)

    run(main())


def test_a_get_whose_answer_has_begun_is_not_repeated() -> None:
    def half_of_the_second(this: Peer) -> Script:
        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await this.hear(reader)
            writer.write(OK)
            await this.hear(reader)
            writer.write(HALF)

        return script

    async def main() -> None:
        async with peer(half_of_the_second) as far, transport() as http_:
            await http_.send(get(far.url))
            with pytest.raises(NoAnswer):
                await http_.send(get(far.url))
            assert len(far.heads) == 2

    run(main())


def test_what_follows_an_answer_is_not_the_next_answer() -> None:
    async def main() -> None:
        stray = b"HTTP/1.1 500 Not yours\r\ncontent-length: 0\r\n\r\n"
        async with peer(answers(OK + stray)) as far, transport() as http_:
            for _ in range(2):
                assert (await http_.send(post(far.url))).status == 200
        assert far.connections == 2

    run(main())


def test_a_get_is_repeated_once_and_no_more() -> None:
    def one_answer_for_ever(this: Peer) -> Script:
        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await this.hear(reader) and len(this.heads) == 1:
                writer.write(OK)

        return script

    async def main() -> None:
        async with peer(one_answer_for_ever) as far, transport() as http_:
            await http_.send(get(far.url))
            with pytest.raises(NoAnswer):
                await http_.send(get(far.url))
            assert len(far.heads) == 3

    run(main())


def test_an_old_idle_connection_is_closed_and_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with peer(answers(OK)) as far, transport() as http_:
            await http_.send(get(far.url))
            monkeypatch.setattr(http, "IDLE", -1.0)
            await http_.send(get(far.url))
        assert far.connections == 2

    run(main())


def test_after_a_failure_every_connection_is_fresh() -> None:
    async def main() -> None:
        async with peer(answers(OK)) as far, transport() as http_:
            await http_.send(get(far.url))
            with pytest.raises(Unreachable):
                await http_.send(get("http://127.0.0.1:9/"))
            await http_.send(get(far.url))
        assert far.connections == 2

    run(main())


def test_a_closed_transport_holds_no_socket_and_can_be_used_again() -> None:
    async def main() -> None:
        async with peer(answers(OK)) as far, transport() as http_:
            await http_.send(get(far.url))
            await http_.aclose()
            await asyncio.wait_for(far.ended.wait(), 5)
            assert (await http_.send(get(far.url))).status == 200

    run(main())


def test_a_connection_that_is_busy_while_the_transport_is_closed_is_not_kept() -> None:
    async def main() -> None:
        go = asyncio.Event()

        def slow(this: Peer) -> Script:
            async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                while await this.hear(reader):
                    await go.wait()
                    writer.write(OK)

            return script

        async with peer(slow) as far, transport() as http_:
            sending = asyncio.create_task(http_.send(get(far.url)))
            while not far.heads:
                await asyncio.sleep(0.001)
            await http_.aclose()
            go.set()
            assert (await sending).status == 200
            await asyncio.wait_for(far.ended.wait(), 5)

    run(main())


def test_a_send_that_is_cancelled_closes_its_connection() -> None:
    async def main() -> None:
        async with peer(drips(b"", b"", 60)) as far, transport() as http_:
            sending = asyncio.create_task(http_.send(get(far.url)))
            while not far.heads:
                await asyncio.sleep(0.001)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            assert not http_._idle
            assert http_._busy == 0

    run(main())


def timers() -> list[asyncio.TimerHandle]:
    loop: Any = asyncio.get_running_loop()
    return [handle for handle in loop._scheduled if not handle.cancelled()]


@pytest.mark.posix("the loop of Windows has a timer of its own")
def test_an_idle_transport_has_neither_task_nor_timer() -> None:
    async def main() -> None:
        async with peer(answers(OK)) as far, transport() as http_:
            await http_.send(get(far.url))
            mine = {task for task in asyncio.all_tasks() if "peer" not in repr(task.get_coro())}
            assert mine == {asyncio.current_task()}
            assert timers() == []

    run(main())


# What goes wrong after the request was sent


def echoes(this: Peer) -> Script:
    """A peer that says our own words, RFC 862."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            writer.write(data)

    return script


def quotes(this: Peer) -> Script:
    """Bad HTTP that quotes our request, secret and all."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await this.hear(reader)
        writer.write(b"HTTP/1.1 what? " + head.encode())

    return script


@pytest.mark.parametrize("request_", [get, post], ids=["GET", "POST"])
@pytest.mark.parametrize(
    ("script", "kind", "settings"),
    [
        pytest.param(once(b""), NoAnswer, {}, id="closed without a word"),
        pytest.param(once(b"", reset=True), NoAnswer, {}, id="reset without a word"),
        pytest.param(once(b"HTTP/1.1 200 OK\r\ncont"), NoAnswer, {}, id="half a head"),
        pytest.param(once(HALF), NoAnswer, {}, id="half a body"),
        pytest.param(once(HALF, reset=True), NoAnswer, {}, id="half a body, then reset"),
        pytest.param(once(CHUNKED + b"5\r\nabc"), NoAnswer, {}, id="half a chunk"),
        pytest.param(drips(b"", b"", 60), NoAnswer, {"timeout": 0.1}, id="hangs"),
        pytest.param(drips(HALF, b"", 60), NoAnswer, {"timeout": 0.1}, id="hangs in the body"),
        pytest.param(drips(STATUS, b"a: b\r\n", 0.01), NoAnswer, {"timeout": 0.2}, id="dripping head"),
        pytest.param(drips(UNTIL_CLOSE, b"x", 0.01), NoAnswer, {"deadline": 0.2}, id="dripping body"),
        pytest.param(drips(UNTIL_CLOSE, b"x" * 50_000, 0), Unintelligible, {}, id="endless body"),
        pytest.param(drips(CHUNKED, b"4\r\nabcd\r\n" * 9999, 0), Unintelligible, {}, id="endless chunks"),
        pytest.param(drips(STATUS, b"a: b\r\n" * 999, 0), Unintelligible, {}, id="endless head"),
        pytest.param(answers(OK), Unintelligible, {"limit": 1}, id="one octet too many"),
        pytest.param(once(b"<html>Log in to the hotel</html>"), Unintelligible, {}, id="HTML"),
        pytest.param(drips(b"SSH-2.0-OpenSSH_9.9\r\n", b"", 60), Unintelligible, {}, id="SSH"),
        pytest.param(drips(b"\x00\x00\x12\x04\x00\x00\x00", b"", 60), Unintelligible, {}, id="HTTP/2"),
        pytest.param(once(b"HTTP/1.1 fine\r\n\r\n"), Unintelligible, {}, id="no status"),
        pytest.param(once(CHUNKED + b"zz\r\nabc"), Unintelligible, {}, id="no chunk"),
        pytest.param(echoes, Unintelligible, {}, id="an echo"),
        pytest.param(quotes, Unintelligible, {}, id="quotes us"),
        pytest.param(answers(GZIP), Unintelligible, {}, id="gzip"),
    ],
)
def test_whatever_a_peer_does_the_error_says_what_we_know(
    script: Callable[[Peer], Script],
    kind: type[ProviderError],
    settings: dict[str, Any],
    request_: Callable[[str], Request],
) -> None:
    async def main() -> None:
        async with peer(script) as far:
            request = request_(far.url + "/nic/update")
            said = await fails(request, kind, **settings)
            assert said.startswith(f"{request}: ")
            assert far.connections == 1, "nothing is sent twice"

    run(main())


def test_an_answer_of_exactly_the_limit_is_taken() -> None:
    assert exchange(answers(OK), get, limit=2).body == b"ok"


def test_a_slow_answer_that_keeps_coming_is_awaited() -> None:
    async def main() -> None:
        start = b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n"
        async with peer(drips(start, b"x", 0.03)) as far, transport(timeout=0.5, deadline=30.0) as http_:
            assert (await http_.send(get(far.url))).body == b"x" * 20

    run(main())


# What goes wrong before


def test_a_refused_connection_reached_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    said = run(fails(post(f"http://127.0.0.1:{port}/x"), Unreachable))
    assert said == f"POST http://127.0.0.1:{port}/x: connection refused (127.0.0.1)"


def test_a_name_without_an_address_reached_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver(monkeypatch)
    said = run(fails(get("http://home.test/"), Unreachable))
    assert said.startswith("GET http://home.test/: no address found for home.test (")
    said = run(fails(get("http://home.test/"), Unreachable, family=RRType.AAAA))
    assert "no IPv6 address found for home.test" in said


def test_a_peer_that_never_finishes_the_tls_handshake_reached_nobody() -> None:
    async def main() -> None:
        async with peer(drips(b"", b"", 60)) as far:
            said = await fails(get(far.url.replace("http", "https")), Unreachable, connect_timeout=0.1)
        assert said.endswith(": no connection within 0.1 s")

    run(main())


@pytest.mark.parametrize(
    "url",
    [
        f"http://user:{SECRET}@127.0.0.1/",
        f"https://{SECRET}@127.0.0.1/",
        f"http://user:{SECRET}/x@127.0.0.1/",
        f"http://user:{SECRET}?x@127.0.0.1/",
        f"http://user:{SECRET}#x@127.0.0.1/",
        f"http://user:{SECRET} x@127.0.0.1/",
        f"user:{SECRET}@127.0.0.1",
        f"ftp://user:{SECRET}@127.0.0.1/",
        f"ftp://127.0.0.1/?{SECRET}",
        f"http://[::1/?{SECRET}",
        f"http://127.0.0.1:99999/#{SECRET}",
        "http://127.0.0.1:http/",
        "http:///path",
        "http://a b/",
        "http://127.0.0.1/\r\nx: y",
        "http://-bücher..example/",
        "127.0.0.1",
        "",
    ],
)
def test_what_is_no_url_is_refused_and_no_password_in_it_is_shown(url: str) -> None:
    said = run(fails(Request("GET", url), Unreachable))
    assert said.startswith("GET ")
    assert said.isprintable()


@pytest.mark.parametrize("value", [SECRET + "\n", SECRET + "\r\nx: y", SECRET + "\0", SECRET + "\ud800"])
def test_a_header_that_http_cannot_carry_is_refused_and_not_shown(value: str) -> None:
    request = Request("GET", "http://127.0.0.1:9/", headers={"authorization": Secret(value)})
    assert "line break" in run(fails(request, Unreachable))


# Which way the sockets go


def resolver(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """`home.test` has these addresses; returns the names that are asked for, as it grows."""
    real, asked = socket.getaddrinfo, []

    def lookup(host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:
        if host != b"home.test":
            return real(host, port, family, type, proto, flags)
        asked.append(host.decode())
        found = [
            row
            for address in addresses
            for row in real(address, port, 0, type, proto, socket.AI_NUMERICHOST)
            if family in (0, row[0])
        ]
        if flags & socket.AI_NUMERICHOST or not found:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return found

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return asked


@asynccontextmanager
async def both_families() -> AsyncIterator[tuple[Peer, Peer]]:
    """A peer on ::1 and one on the same port of 127.0.0.1."""
    async with peer(answers(OK), host="::1") as six:
        real = socket.create_server

        def same_port(address: tuple[str, int], **settings: Any) -> socket.socket:
            return real((address[0], six.port), **settings)

        socket.create_server = same_port  # type: ignore[assignment]
        try:
            four_manager = peer(answers(OK))
            four = await four_manager.__aenter__()
        finally:
            socket.create_server = real
        try:
            yield four, six
        finally:
            await four_manager.__aexit__(None, None, None)


@pytest.mark.parametrize("family", [RRType.A, RRType.AAAA])
@pytest.mark.parametrize("strict", [True, False])
def test_a_family_is_kept_to_for_a_name_that_has_both(
    monkeypatch: pytest.MonkeyPatch, family: RRType, strict: bool
) -> None:
    async def main() -> None:
        async with both_families() as (four, six), transport(family=family, strict_family=strict) as http_:
            resolver(monkeypatch, "::1", "127.0.0.1")
            assert (await http_.send(get(f"http://home.test:{four.port}/"))).status == 200
            assert (four.connections, six.connections) == ((1, 0) if family is RRType.A else (0, 1))

    run(main())


def test_localhost_is_reached_over_the_family_that_was_asked_for() -> None:
    async def main() -> None:
        async with peer(answers(OK)) as far, transport(family=RRType.A) as http_:
            await http_.send(get(f"http://localhost:{far.port}/"))
        assert far.addresses == ["127.0.0.1"]

    run(main())


@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", RRType.AAAA), ("::1", RRType.A)])
def test_an_address_of_the_other_family_is_reached_only_if_the_family_is_a_preference(
    host: str, family: RRType
) -> None:
    async def main() -> None:
        async with peer(answers(OK), host) as far:
            await fails(get(far.url), Unreachable, family=family)
            assert far.connections == 0
            async with transport(family=family, strict_family=False) as http_:
                assert (await http_.send(get(far.url))).status == 200

    run(main())


def test_a_name_without_the_preferred_family_is_reached_over_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        async with peer(answers(OK)) as far:
            resolver(monkeypatch, "127.0.0.1")
            url = f"http://home.test:{far.port}/"
            await fails(get(url), Unreachable, family=RRType.AAAA)
            async with transport(family=RRType.AAAA, strict_family=False) as http_:
                assert (await http_.send(get(url))).status == 200

    run(main())


def test_the_next_address_is_tried_when_one_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with peer(answers(OK)) as far, transport() as http_:
            resolver(monkeypatch, "::1", "127.0.0.1")
            assert (await http_.send(get(f"http://home.test:{far.port}/"))).status == 200

    run(main())


def test_the_next_address_is_tried_when_one_is_a_black_hole(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        real = way.Way.reach

        async def reach(self: Any, family: int, address: Any) -> socket.socket:
            if address[0] == "::1":
                await asyncio.sleep(60)
            return await real(self, family, address)

        monkeypatch.setattr(way.Way, "reach", reach)
        monkeypatch.setattr(way, "STAGGER", 0.01)
        async with both_families() as (four, six), transport() as http_:
            resolver(monkeypatch, "::1", "127.0.0.1")
            assert (await http_.send(get(f"http://home.test:{four.port}/"))).status == 200
            assert (four.connections, six.connections) == (1, 0)

    run(main())


def test_addresses_are_tried_family_by_family_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> list[str]:
        resolver(monkeypatch, "::1", "2001:db8::1", "127.0.0.1", "127.0.0.2")
        return [address[0] for _, address in await way.Way()._addresses("home.test", 80)]

    assert run(main()) == ["::1", "127.0.0.1", "2001:db8::1", "127.0.0.2"]


def test_all_addresses_and_what_each_said_are_in_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver(monkeypatch, "127.0.0.1", "127.0.0.2")
    said = run(fails(get("http://home.test:9/"), Unreachable))
    assert said.endswith(": connection refused (127.0.0.1), connection refused (127.0.0.2)")


def test_a_name_is_looked_up_again_for_every_new_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with peer(once(OK)) as far, transport() as http_:
            asked = resolver(monkeypatch, "127.0.0.1")
            await http_.send(get(f"http://home.test:{far.port}/"))
            first = len(asked)
            await http_.aclose()
            await http_.send(get(f"http://home.test:{far.port}/"))
            assert len(asked) == 2 * first

    run(main())


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has only one loopback address")
def test_the_source_address_is_the_one_that_was_given() -> None:
    async def main() -> None:
        async with peer(answers(OK)) as far, transport(source_address=ip_address("127.0.0.2")) as http_:
            await http_.send(get(far.url))
        assert far.addresses == ["127.0.0.2"]

    run(main())


def test_a_source_address_decides_the_family_and_must_be_ours() -> None:
    six = run(fails(get("http://127.0.0.1:9/"), Unreachable, source_address=ip_address("::1")))
    assert "no IPv6 address found for 127.0.0.1" in six
    foreign = run(fails(get("http://127.0.0.1:9/"), Unreachable, source_address=ip_address("192.0.2.1")))
    assert "cannot send from 192.0.2.1" in foreign


@pytest.mark.linux("SO_BINDTODEVICE")
def test_a_socket_is_bound_to_the_interface() -> None:
    async def main() -> None:
        async with peer(answers(OK)) as far, transport(interface="lo") as http_:
            assert (await http_.send(get(far.url))).status == 200
            said = await fails(get(far.url), Unreachable, interface="nosuch0")
            assert "cannot send from nosuch0: no such device" in said

    run(main())


def test_where_no_interface_can_be_bound_the_message_names_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "plan9")
    said = run(fails(get("http://127.0.0.1:9/"), Unreachable, interface="lo"))
    assert "set source_address instead" in said


# Through a proxy


def test_a_plain_request_goes_to_the_proxy_whole_and_the_environment_is_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        async with (
            peer(answers(OK)) as proxy,
            transport(proxy=f"http://u:p%40w@127.0.0.1:{proxy.port}") as http_,
        ):
            await http_.send(get("http://[2001:db8::1]/ip", a="b"))
        lines = proxy.heads[0].split("\r\n")
        assert lines[0] == f"GET http://[2001:db8::1]/ip?a=b&token={SECRET} HTTP/1.1"
        assert "host: [2001:db8::1]" in lines
        assert "proxy-authorization: Basic dTpwQHc=" in lines
        assert "p%40w" not in repr(vars(http_))
        assert "p@w" not in repr(vars(http_))

        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        async with peer(answers(OK)) as far, transport() as http_:
            await http_.send(get(far.url))
        assert far.connections == 1

    run(main())


def tunnel(port: int, *, reply: bytes = b"HTTP/1.1 200 Connected\r\n\r\n") -> Callable[[Peer], Script]:
    """A proxy that lets through what is sent after CONNECT, to that port."""

    def make(this: Peer) -> Script:
        async def pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(1000):
                sink.write(data)

        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await this.hear(reader)
            writer.write(reply)
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(pipe(reader, there_writer))
                    both.create_task(pipe(there_reader, writer))
            except* ConnectionError:
                pass
            finally:
                there_writer.transport.abort()

        return script

    return make


def test_tls_goes_through_the_proxy_end_to_end(certificates: Certificates) -> None:
    async def main() -> None:
        async with (
            peer(answers(OK), tls=certificates.server("good")) as far,
            peer(tunnel(far.port)) as proxy,
        ):
            settings = {"proxy": f"http://u:p@127.0.0.1:{proxy.port}", "ca_file": certificates.ca}
            async with transport(**settings) as http_:
                for _ in range(2):
                    assert (await http_.send(get(f"https://localhost:{far.port}/ip"))).body == b"ok"
            [connect] = proxy.heads
            assert connect.split("\r\n") == [
                f"CONNECT localhost:{far.port} HTTP/1.1",
                f"host: localhost:{far.port}",
                "user-agent: homeport/0",
                "proxy-authorization: Basic dTpw",
                "",
                "",
            ]
            assert far.connections == 1
            assert "proxy-authorization" not in far.heads[0]
            said = await fails(get(f"https://localhost:{far.port}/"), Untrusted, proxy=settings["proxy"])
            assert "unknown authority" in said

    run(main())


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (b"HTTP/1.1 407 Who are you\r\ncontent-length: 0\r\n\r\n", "answered 407; is its user name"),
        (b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n", "answered 502"),
        (b"SSH-2.0-x\r\n", "does not speak HTTP"),
        (b"", "connection closed"),
    ],
)
def test_a_proxy_that_opens_no_way_is_named(reply: bytes, words: str) -> None:
    async def main() -> None:
        async with peer(once(reply)) as proxy:
            settings = {"proxy": f"http://u:{SECRET}@127.0.0.1:{proxy.port}"}
            said = await fails(post("https://home.test/"), Unreachable, **settings)
        assert said.startswith(f"POST https://home.test/: the proxy 127.0.0.1:{proxy.port} ")
        assert words in said
        assert not any(proxy.bodies)

    run(main())


def test_a_proxy_that_wants_a_password_for_a_plain_request_is_named_too() -> None:
    async def main() -> None:
        async with peer(answers(b"HTTP/1.1 407 Who\r\ncontent-length: 0\r\n\r\n")) as proxy:
            said = await fails(
                get("http://home.test/"), Unreachable, proxy=f"http://127.0.0.1:{proxy.port}"
            )
        assert "answered 407" in said

    run(main())


def test_a_server_behind_a_proxy_may_say_407_itself(certificates: Certificates) -> None:
    async def main() -> None:
        odd = b"HTTP/1.1 407 Odd\r\ncontent-length: 0\r\n\r\n"
        async with (
            peer(answers(odd), tls=certificates.server("good")) as far,
            peer(tunnel(far.port)) as proxy,
        ):
            settings = {"proxy": f"http://127.0.0.1:{proxy.port}", "ca_file": certificates.ca}
            async with transport(**settings) as http_:
                assert (await http_.send(get(f"https://localhost:{far.port}/"))).status == 407

    run(main())


def test_what_a_proxy_slips_in_before_tls_is_not_taken_for_the_answer(certificates: Certificates) -> None:
    async def main() -> None:
        lie = b"HTTP/1.1 200 Connected\r\n\r\n"
        async with peer(answers(OK), tls=certificates.server("good")) as far:
            padding = b"x-padding: " + b"x" * (http.CHUNK - len(lie) - 13) + b"\r\n\r\n"
            reply = lie[:-2] + padding + b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlies"
            async with peer(tunnel(far.port, reply=reply)) as proxy:
                settings = {"proxy": f"http://127.0.0.1:{proxy.port}", "ca_file": certificates.ca}
                said = await fails(get(f"https://localhost:{far.port}/"), Unreachable, **settings)
                assert "spoke out of turn" in said
        assert far.heads == []

    run(main())


@pytest.mark.parametrize(
    "proxy",
    [
        f"https://{SECRET}@h:1",
        f"socks5://{SECRET}@h",
        f"h:{SECRET}",
        "http://",
        f"http://h/{SECRET}",
        "http://h:x",
        "http://h:0",
        f"http://[{SECRET}",
    ],
)
def test_what_is_no_proxy_is_a_mistake_of_the_configuration_and_not_shown(proxy: str) -> None:
    with pytest.raises(ConfigError) as caught:
        transport(proxy=proxy)
    assert str(caught.value).startswith("must be a URL such as http://192.0.2.1:3128")
    assert SECRET not in str(caught.value)


# TLS


@dataclass
class Certificates:
    """A private authority, and servers' certificates by it, made by `openssl`."""

    folder: Path

    @property
    def ca(self) -> str:
        return str(self.folder / "ca.pem")

    def server(self, name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{name}.pem", self.folder / "key.pem")
        return context

    def openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    def make(self, name: str, san: str, start: str, end: str) -> None:
        request = ("req", "-new", "-key", "key.pem", "-subj", f"/CN={name}", "-out", f"{name}.csr")
        (self.folder / "san").write_text(f"subjectAltName={san}\nauthorityKeyIdentifier=keyid\n")
        self.openssl(*request)
        sign = ("ca", "-batch", "-notext", "-config", "ca.cnf", "-in", f"{name}.csr", "-out", f"{name}.pem")
        self.openssl(*sign, "-extfile", "san", "-startdate", start, "-enddate", end)


CA_CNF = """
[ca]
default_ca = it
[it]
database = index
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = dn
x509_extensions = authority
[dn]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
"""


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    assert shutil.which("openssl"), "these tests need the openssl command"
    made = Certificates(tmp_path_factory.mktemp("tls"))
    (made.folder / "ca.cnf").write_text(CA_CNF)
    (made.folder / "index").touch()
    for key in ("ca.key", "key.pem"):
        made.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
    authority = ("-config", "ca.cnf", "-key", "ca.key", "-subj", "/CN=Our authority", "-days", "3650")
    made.openssl("req", "-x509", "-new", *authority, "-out", "ca.pem")
    here = "DNS:localhost,IP:127.0.0.1,IP:::1"
    made.make("good", here, "20200101000000Z", "20990101000000Z")
    made.make("other", "DNS:other.example", "20200101000000Z", "20990101000000Z")
    made.make("expired", here, "20200101000000Z", "20210101000000Z")
    made.make("early", here, "20980101000000Z", "20990101000000Z")
    return made


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_the_authority_of_the_ca_file_is_trusted(certificates: Certificates, host: str) -> None:
    async def main() -> None:
        there = host if ":" in host else "127.0.0.1"
        async with peer(answers(OK), there, tls=certificates.server("good")) as far:
            async with transport(ca_file=certificates.ca, family=None) as http_:
                url = far.url.replace("127.0.0.1", host)
                for _ in range(3):
                    assert (await http_.send(get(url))).body == b"ok"
                assert timers() == []
            assert far.connections == 1

    run(main())


def test_a_servers_own_certificate_may_be_the_ca_file(certificates: Certificates) -> None:
    async def main() -> None:
        own = str(certificates.folder / "good.pem")
        async with (
            peer(answers(OK), tls=certificates.server("good")) as far,
            transport(ca_file=own) as http_,
        ):
            assert (await http_.send(get(far.url))).body == b"ok"

    run(main())


@pytest.mark.parametrize(
    ("name", "ca_file", "words"),
    [
        ("good", False, "from an unknown authority; set ca_file if this is your own server"),
        ("good", "other", "from an unknown authority; it is not in the ca_file "),
        ("other", True, "has the wrong name: it is not for localhost"),
        ("expired", True, "has expired; renew it, or set this machine's clock"),
        ("early", True, "is not valid yet; is this machine's clock right?"),
    ],
)
def test_a_certificate_that_is_not_right_gets_no_request(
    certificates: Certificates, name: str, ca_file: bool | str, words: str
) -> None:
    async def main() -> None:
        async with peer(answers(OK), tls=certificates.server(name)) as far:
            file = str(certificates.folder / "other.pem") if ca_file == "other" else certificates.ca
            settings = {"ca_file": file} if ca_file else {}
            request = post(f"https://localhost:{far.port}/")
            said = await fails(request, Untrusted, family=RRType.A, **settings)
            assert said.startswith(f"{request}: the server's certificate ")
            assert words in said
        assert far.heads == []

    run(main())


def test_a_port_without_tls_reached_nobody() -> None:
    async def main() -> None:
        async with peer(greets(b"220 smtp.example ESMTP\r\n")) as far:
            said = await fails(post(far.url.replace("http", "https")), Unreachable)
        assert "no TLS with that port" in said

    run(main())


def test_a_ca_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    for name in ("missing.pem", "empty.pem"):
        said = run(fails(get("https://127.0.0.1:9/"), Unreachable, ca_file=str(tmp_path / name)))
        assert f"cannot use ca_file {tmp_path / name}: " in said


def test_a_tls_context_is_made_once_and_verifies() -> None:
    context = http._tls_context(None)
    assert http._tls_context(None) is context
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
