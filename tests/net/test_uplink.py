"""The real uplink against real sockets, files and commands of this machine."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from ipaddress import IPv4Address, ip_address
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar, cast

import psutil
import pytest

from homeport.core.dns import RRType
from homeport.core.errors import SourceError
from homeport.net import interfaces, uplink
from homeport.net.uplink import UplinkNet
from homeport.sources.base import InterfaceAddress, Net
from homeport.sources.spec import parse
from homeport.wire.http import Request

A, AAAA = RRType.A, RRType.AAAA
T = TypeVar("T")
LINUX = pytest.mark.linux("its own tables and options")
POSIX = pytest.mark.posix("a POSIX shell")


def run(
    what: Callable[[UplinkNet], Awaitable[T]],
    *,
    interface: str | None = None,
    source_address: IPv4Address | None = None,
) -> T:
    """What the coroutine returns, within a minute; the uplink is closed."""

    async def main() -> T:
        net = UplinkNet(user_agent="homeport/test", interface=interface, source_address=source_address)
        promise: Net = net
        assert promise is net
        try:
            async with asyncio.timeout(60):
                return await what(net)
        finally:
            await net.aclose()
            await asyncio.gather(*served)  # they end when the uplink has closed its connections
            served.clear()

    return asyncio.run(main())


async def observed(net: UplinkNet, text: str, rrtype: RRType = A) -> list[str]:
    [source] = parse(text, rrtype)
    return sorted(map(str, await source.observe(net, rrtype)))


@asynccontextmanager
async def page(body: bytes, status: str = "200 OK", endless: bool = False) -> AsyncIterator[str]:
    """A web server that says one thing; its URL."""

    tasks: list[asyncio.Task[None]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        length = b"" if endless else b"content-length: %d\r\n" % len(body)
        writer.write(b"HTTP/1.1 %s\r\n%s\r\n%s" % (status.encode(), length, body))
        with suppress(ConnectionError):
            while endless:
                writer.write(b"<p>" * 4096)
                await writer.drain()
            await reader.read()  # until the client closes
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.ensure_future(answer(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        served.extend(tasks)


served: list[asyncio.Task[None]] = []


class Peer(asyncio.DatagramProtocol):
    """A server of datagrams: what `answer` makes of the n-th is sent back."""

    def __init__(self, answer: Callable[[int, bytes], bytes | None]) -> None:
        self.answer = answer
        self.seen: list[tuple[bytes, tuple[str, int]]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.seen.append((data, addr))
        if (back := self.answer(len(self.seen), data)) is not None:
            self.transport.sendto(back, addr)


@asynccontextmanager
async def peer(answer: Callable[[int, bytes], bytes | None]) -> AsyncIterator[tuple[int, Peer]]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: Peer(answer), local_addr=("127.0.0.1", 0)
    )
    try:
        yield transport.get_extra_info("sockname")[1], protocol
    finally:
        transport.close()
        await asyncio.sleep(0)


def echo(count: int, data: bytes) -> bytes:
    return b"re: " + data


def closed_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


# HTTP


def test_a_page_through_a_real_socket() -> None:
    async def main(net: UplinkNet) -> None:
        async with page(b"203.0.113.7\n") as url:
            assert await observed(net, f"http:{url}") == ["203.0.113.7"]
            assert net.http(A, written=True) is net.http(A, written=True)

    run(main)


def test_the_family_is_kept_unless_a_person_wrote_the_url() -> None:
    async def main(net: UplinkNet) -> None:
        async with page(b"2001:db8::1") as url:
            assert await observed(net, f"http:{url}", AAAA) == ["2001:db8::1"]
            assert (await net.http(A).send(Request("GET", url))).status == 200
            with pytest.raises(Exception, match="no IPv6 address"):
                await net.http(AAAA).send(Request("GET", url))

    run(main)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"<html>Please log in, 10.0.0.7</html>", "200 OK", "a captive portal?"),
        (b"<html><svg>1.2.1.1</svg></html>", "403 Forbidden", "answered 403"),
        (b"", "200 OK", "empty answer"),
    ],
)
def test_a_bad_page_through_a_real_socket(body: bytes, status: str, said: str) -> None:
    async def main(net: UplinkNet) -> None:
        async with page(body, status) as url:
            with pytest.raises(SourceError) as caught:
                await observed(net, f"http:{url}")
        assert said in str(caught.value)

    run(main)


def test_an_endless_page_ends_at_the_limit() -> None:
    async def main(net: UplinkNet) -> None:
        async with page(b"<html>", endless=True) as url:
            with pytest.raises(SourceError, match="more than 65536 octets"):
                await observed(net, f"http:{url}")

    run(main)


# Datagrams


def test_a_datagram_and_its_answer() -> None:
    async def main(net: UplinkNet) -> None:
        async with peer(echo) as (port, server):
            assert await net.datagram("127.0.0.1", port, b"hello", A) == b"re: hello"
            assert await net.datagram("localhost", port, b"hello", A) == b"re: hello"
            assert len(server.seen) == 2

    run(main)


def test_a_lost_datagram_is_sent_again() -> None:
    async def main(net: UplinkNet) -> None:
        async with peer(lambda count, data: echo(count, data) if count > 1 else None) as (port, server):
            assert await net.datagram("127.0.0.1", port, b"hello", A) == b"re: hello"
            assert [data for data, _ in server.seen] == [b"hello", b"hello"]
            assert len({address for _, address in server.seen}) == 1  # the same question, the same port

    run(main)


def test_silence_lasts_until_the_callers_deadline() -> None:
    async def main(net: UplinkNet) -> None:
        async with peer(lambda count, data: None) as (port, server):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await net.datagram("127.0.0.1", port, b"hello", A)
            assert len(server.seen) == 1

    run(main)


def test_an_answer_from_another_socket_is_not_taken() -> None:
    async def main(net: UplinkNet) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("127.0.0.1", 0))

            def late(count: int, data: bytes) -> bytes | None:
                stranger.sendto(b"forged", server.seen[0][1])
                return echo(count, data) if count > 1 else None

            async with peer(late) as (port, server):
                assert await net.datagram("127.0.0.1", port, b"hello", A) == b"re: hello"

    run(main)


@pytest.mark.parametrize(
    ("host", "rrtype", "said"),
    [
        pytest.param("127.0.0.1", A, "refused", marks=pytest.mark.posix("a socket is told of refusals")),
        ("127.0.0.1", AAAA, "no IPv6 address found for 127.0.0.1"),
        ("::1", A, "no IPv4 address found for ::1"),
        ("no-such-host.invalid", A, "no IPv4 address found for no-such-host.invalid"),
    ],
)
def test_what_cannot_be_reached_is_a_source_error(host: str, rrtype: RRType, said: str) -> None:
    with pytest.raises(SourceError) as caught:
        run(lambda net: net.datagram(host, closed_port(), b"hello", rrtype))
    assert said in str(caught.value)


def test_stun_through_a_real_socket() -> None:
    def binding(count: int, data: bytes) -> bytes:
        return b"\x01\x01\0\x0c" + data[4:] + bytes.fromhex("002000080001a147e112a643")

    async def main(net: UplinkNet) -> None:
        async with peer(binding) as (port, _):
            assert await observed(net, f"stun:127.0.0.1:{port}") == ["192.0.2.1"]

    run(main)


# Which way out


@LINUX
def test_every_socket_leaves_by_the_uplink() -> None:
    async def main(net: UplinkNet) -> None:
        async with peer(echo) as (port, server):
            await net.datagram("127.0.0.1", port, b"hello", A)
            assert server.seen[0][1][0] == "127.0.0.2"
        assert str(await net.route(A)) == "127.0.0.2"

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(uplink.FAR, A, "127.0.0.9")
        run(main, source_address=IPv4Address("127.0.0.2"))


def test_an_uplink_with_an_ipv4_source_address_has_no_ipv6() -> None:
    async def main(net: UplinkNet) -> None:
        for attempt in (
            lambda: net.route(AAAA),
            lambda: net.datagram("::1", 9, b"", AAAA),
            lambda: observed(net, "http:ipify", AAAA),
        ):
            with pytest.raises(SourceError, match=r"sends from 127\.0\.0\.1 and has no IPv6"):
                await attempt()

    run(main, source_address=IPv4Address("127.0.0.1"))


@LINUX  # Wine binds to something else
def test_a_source_address_that_is_not_ours_is_named() -> None:
    with pytest.raises(SourceError, match=r"cannot send from 192\.0\.2\.200"):
        run(lambda net: net.route(A), source_address=IPv4Address("192.0.2.200"))


@LINUX
def test_an_uplink_bound_to_an_interface_uses_no_other() -> None:
    async def main(net: UplinkNet) -> None:
        async with peer(echo) as (port, _):
            assert await net.datagram("127.0.0.1", port, b"hello", A) == b"re: hello"
        async with page(b"203.0.113.7") as url:
            assert await observed(net, f"http:{url}") == ["203.0.113.7"]
        with pytest.raises(SourceError, match="no default IPv4 gateway on lo"):
            await net.gateway()

    run(main, interface="lo")
    with pytest.raises(SourceError, match="cannot send from no-such-if0: no such device"):
        run(lambda net: net.route(A), interface="no-such-if0")


def test_where_no_socket_can_be_bound_to_an_interface_its_address_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uplink, "sys", SimpleNamespace(platform="darwin"))
    monkeypatch.setitem(uplink.FAR, A, "127.0.0.9")
    here = [
        InterfaceAddress("fiber", ip_address("fe80::1")),
        InterfaceAddress("fiber", ip_address("127.0.0.8"), tentative=True),
        InterfaceAddress("lte", ip_address("127.0.0.9")),
        InterfaceAddress("fiber", ip_address("127.0.0.1")),
    ]
    monkeypatch.setattr(interfaces, "addresses", lambda: here)

    async def main(net: UplinkNet) -> None:
        assert str(await net.route(A)) == "127.0.0.1"
        async with page(b"203.0.113.7") as url:
            assert await observed(net, f"http:{url}") == ["203.0.113.7"]
        before = net.http(A)
        assert net.http(A) is before
        here.pop()
        with pytest.raises(SourceError, match="fiber has no IPv4 address to send from"):
            net.http(A)
        here.append(InterfaceAddress("fiber", ip_address("127.0.0.1")))
        assert net.http(A) is before
        here[-1] = InterfaceAddress("fiber", ip_address("127.0.0.3"))
        assert net.http(A) is not before

    run(main, interface="fiber")


# This machine


def test_all_addresses_of_this_machine_are_seen() -> None:
    seen = run(lambda net: net.addresses())
    known = {
        (name, entry.address.partition("%")[0])
        for name, entries in psutil.net_if_addrs().items()
        for entry in entries
        if entry.family in (socket.AF_INET, socket.AF_INET6)
    }
    assert {(entry.interface, str(entry.address)) for entry in seen} == known
    assert IPv4Address("127.0.0.1") in {entry.address for entry in seen}


def test_the_flags_of_the_kernel() -> None:
    text = (
        "fe800000000000000000000000000001 02 40 20 80     eth0\n"
        "20010db8000000000000000000000001 02 40 00 80     eth0\n"
        "20010db8000000000000000000000002 02 40 00 01     eth0\n"
        "20010db8000000000000000000000003 02 40 00 21     eth0\n"
        "20010db8000000000000000000000004 02 40 00 40     eth0\n"
        "20010db8000000000000000000000005 02 40 00 88 wg-home\n"
        "20010db8000000000000000000000006 02 40 00 04     eth0\n"  # optimistic (RFC 4429): may be used
    )
    seen = interfaces.read_if_inet6(text)
    assert [str(entry.address)[-1] for entry in seen] == list("1123456")
    assert [entry.temporary for entry in seen] == [False, False, True, True, False, False, False]
    assert [entry.deprecated for entry in seen] == [False, False, False, True, False, False, False]
    assert [entry.tentative for entry in seen] == [False, False, False, False, True, True, False]
    assert {entry.interface for entry in seen} == {"eth0", "wg-home"}


ROUTES = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
lte0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
ppp0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0
old0\t00000000\t090200C0\t0002\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0000000A\t080200C0\t0003\t0\t0\t0\t000000FF\t0\t0\t0
"""


@pytest.mark.skipif(sys.byteorder != "little", reason="the sample is of such a machine")
def test_the_gateway_of_the_best_default_route() -> None:
    assert str(interfaces.read_route(ROUTES, None)) == "192.0.2.1"
    assert str(interfaces.read_route(ROUTES, "lte0")) == "192.168.1.1"
    assert interfaces.read_route(ROUTES, "ppp0") is None
    assert interfaces.read_route(ROUTES.partition("\n")[0], None) is None


def test_the_gateway_as_route_get_tells_it() -> None:
    text = "   route to: default\ndestination: default\n    gateway: 192.168.1.1\n  interface: en0\n"
    assert str(interfaces.read_route_get(text.splitlines())) == "192.168.1.1"
    assert interfaces.read_route_get(["gateway: link#5"]) is None
    assert interfaces.read_route_get([]) is None


# Commands and files


def test_a_command_and_its_exit_status() -> None:
    async def main(net: UplinkNet) -> None:
        shell = 'cmd /c "{}"' if sys.platform == "win32" else "sh -c '{}'"
        assert await observed(net, "command:" + shell.format("echo 203.0.113.7")) == ["203.0.113.7"]
        assert await net.command(
            shell.format("echo no& exit 3" if sys.platform == "win32" else "echo no; exit 3")
        ) == (
            3,
            b"no\r\n" if sys.platform == "win32" else b"no\n",
        )

    run(main)


@POSIX
def test_a_command_sees_no_input_and_its_errors_are_not_ours() -> None:
    assert run(lambda net: net.command("sh -c 'cat; echo s3cret >&2; exit 1'")) == (1, b"")
    with pytest.raises(SourceError, match="cannot be run: no such file"):
        run(lambda net: observed(net, "command:/no/such/program"))


@POSIX
def test_no_shell_reads_the_line_of_a_command(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with pytest.raises(SourceError, match="no shell reads this line"):
        run(lambda net: net.command(f"echo 203.0.113.7; touch {mark}"))
    assert run(lambda net: net.command(f"echo 'a; touch {mark}'")) == (0, f"a; touch {mark}\n".encode())
    assert not mark.exists()


@POSIX
def test_a_command_that_never_stops_printing_is_stopped() -> None:
    with pytest.raises(SourceError, match="printed more than 65536 octets"):
        run(lambda net: net.command("yes"))


@POSIX
def test_a_command_dies_with_all_it_has_started_when_nobody_waits_any_more(tmp_path: Path) -> None:
    pids = tmp_path / "pids"

    async def main(net: UplinkNet) -> None:
        command = f"sh -c 'sleep 600 & echo $! > {pids}; sleep 600 | cat'"
        task = asyncio.ensure_future(net.command(command))
        while not (pids.exists() and pids.read_text().endswith("\n")):
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while alive(int(pids.read_text())):  # an orphan is reaped by init, in its own time
            await asyncio.sleep(0.01)

    run(main)


@POSIX
def test_what_a_command_has_started_dies_with_it_though_it_is_given_up_as_it_starts(tmp_path: Path) -> None:
    pids = tmp_path / "pids"

    async def main(net: UplinkNet) -> None:
        before = psutil.Process().children()
        task = asyncio.ensure_future(net.command(f"sh -c 'sleep 600 & echo $! > {pids}; wait'"))
        while psutil.Process().children() == before:
            await asyncio.sleep(0)
        while not (pids.exists() and pids.read_text().endswith("\n")):
            time.sleep(0.01)  # the loop stands still: it has not seen the start to its end
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while alive(int(pids.read_text())):
            await asyncio.sleep(0.01)

    run(main)


def alive(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_as_editors_and_shells_write_it(tmp_path: Path, encoding: str) -> None:
    place = tmp_path / "address"
    place.write_text("203.0.113.7\r\n", encoding)
    assert run(lambda net: observed(net, f"file:{place}")) == ["203.0.113.7"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    large, broken = tmp_path / "large", tmp_path / "broken"
    large.write_bytes(b"1" * 70_000)
    broken.write_bytes(b"\xff\xfe\x31")
    for place, said in (
        (tmp_path / "none", "cannot be read: "),
        (tmp_path, "not a regular file"),
        (large, "more than 65536 octets"),
        (broken, "not text"),
        (Path("a\0b"), "no file of that name"),
    ):
        with pytest.raises(SourceError) as caught:
            run(lambda net, place=place: net.file(str(place)))  # type: ignore[misc]
        assert said in str(caught.value)


@POSIX
def test_a_pipe_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="not a regular file"):
        run(lambda net: net.file(str(tmp_path / "pipe")))


def test_a_transaction_id_is_never_the_same() -> None:
    net = UplinkNet(user_agent="homeport/test")
    ids = {net.identity() for _ in range(100)}
    assert len(ids) == 100
    assert {len(one) for one in ids} == {12}
