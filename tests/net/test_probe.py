"""Probes on real sockets: what counts as an answer, and what is said where there is none."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from ipaddress import IPv4Address, ip_address

import pytest

from homeport.core.dns import IPAddress
from homeport.core.errors import SourceError
from homeport.core.probe import parse
from homeport.net import probe as probes
from homeport.net.probe import Prober
from homeport.net.uplink import UplinkNet
from tests.lab.network import Network

PATIENCE = 5.0  # seconds; nothing here takes as long, unless it is to be lost
SHORT = 0.2
HERE = ip_address("127.0.0.1")


def asked(word: str, patience: float = PATIENCE, **uplink: str | IPv4Address) -> str | None:
    """What a probe says."""

    async def go() -> str | None:
        net = UplinkNet(user_agent="test", **uplink)  # type: ignore[arg-type]
        try:
            return await Prober(net).ask(parse(word), patience)
        finally:
            await net.aclose()

    return asyncio.run(go())


@asynccontextmanager
async def serving(answer: bytes | None) -> AsyncIterator[int]:
    """A TCP server on loopback that says this to whoever asks; None: it says nothing."""
    ended = asyncio.Event()
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        if await reader.read(4096) and answer is not None:
            writer.write(answer)
        elif answer is None:
            await ended.wait()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        ended.set()
        server.close()
        await server.wait_closed()
        await asyncio.gather(*talks, return_exceptions=True)


def served(answer: bytes | None, word: str, patience: float = PATIENCE) -> str | None:
    """What a probe says of a server with that answer; PORT in the word is its port."""

    async def go() -> str | None:
        net = UplinkNet(user_agent="test")
        async with serving(answer) as port:
            try:
                return await Prober(net).ask(parse(word.replace("PORT", str(port))), patience)
            finally:
                await net.aclose()

    return asyncio.run(go())


# -- pings ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    """A host of its own: loopback, and a line at whose other end nobody is."""
    found = Network(["alone"])
    try:
        found.build()
        found.ip("alone", "link add dead type veth peer name end", "link set dead up", "link set end up")
        found.ip("alone", "addr add 192.0.2.2/24 dev dead")
        yield found
    finally:
        found.down()


@contextmanager
def on_it(network: Network, *, everybody: bool, root: bool) -> Iterator[None]:
    """On that host, where everybody may send pings, or only root; as root, or as nobody."""
    network.sysctl("alone", ipv4__ping_group_range="0 2147483647" if everybody else "1 0")
    with network.inside("alone"):
        if root:
            yield
            return
        os.setegid(65534)
        os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(0)
            os.setegid(0)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
@pytest.mark.parametrize(("everybody", "root"), [(True, False), (True, True), (False, True)])
@pytest.mark.linux("network namespaces")
def test_a_ping_is_answered_by_a_ping_socket_or_a_raw_one(
    network: Network, address: str, *, everybody: bool, root: bool
) -> None:
    with on_it(network, everybody=everybody, root=root):
        assert asked(f"icmp:{address}") is None


@pytest.mark.linux("network namespaces")
def test_where_only_root_may_ping_the_person_is_told_what_to_do(network: Network) -> None:
    with on_it(network, everybody=False, root=False), pytest.raises(SourceError) as caught:
        asked("icmp:127.0.0.1")
    assert "sysctl net.ipv4.ping_group_range='0 2147483647', or write a tcp: probe" in str(caught.value)


@pytest.mark.parametrize("everybody", [True, False])
@pytest.mark.linux("network namespaces")
def test_a_ping_that_nobody_answers_is_lost_in_time(network: Network, *, everybody: bool) -> None:
    with on_it(network, everybody=everybody, root=True):
        assert asked("icmp:192.0.2.1", SHORT) == "no answer within 0.2 s"
        assert asked("icmp:198.51.100.1", SHORT) == "network is unreachable"


@pytest.mark.posix("AF_UNIX sockets")
def test_a_flood_of_other_packets_does_not_stop_the_rest_of_the_agent() -> None:
    """All are there at once, so that the loop is never waited for."""
    token = b"0123456789abcdef"
    strays, reply = [b"\x03\0\0\0\0\0\0\0"] * 5, b"\0" * 8 + token

    async def go() -> int:
        turns = 0

        def turn() -> None:
            nonlocal turns
            turns += 1
            asyncio.get_running_loop().call_soon(turn)

        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with here, there:
            here.setblocking(False)
            for octets in [*strays, reply]:
                there.send(octets)
            turn()
            await probes._reply(here, 4, token)
        return turns

    assert asyncio.run(go()) > len(strays)


@pytest.mark.linux("network namespaces")
def test_every_kind_of_probe_leaves_by_its_line(network: Network) -> None:
    with on_it(network, everybody=True, root=True), socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert asked(f"tcp:127.0.0.1:{port}") is None
        for word in ("icmp:127.0.0.1", f"tcp:127.0.0.1:{port}", f"http:http://127.0.0.1:{port}/"):
            assert asked(word, SHORT, interface="dead") is not None
            assert "cannot send from gone: no such device" in (asked(word, interface="gone") or "")
            away = asked(word, source_address=IPv4Address("192.0.2.99"))
            assert "cannot send from 192.0.2.99" in (away or "")


# -- connections and pages -------------------------------------------------------------------------


def test_an_open_port_is_an_answer_and_a_closed_one_is_none() -> None:
    assert served(None, "tcp:127.0.0.1:PORT") is None
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert "connection refused" in (asked(f"tcp:127.0.0.1:{port}") or "")


@pytest.mark.parametrize(
    ("status", "says"),
    [(200, None), (302, None), (404, None), (499, None), (500, "answered 500"), (501, None)],
)
def test_any_status_is_an_answer_unless_the_server_is_in_trouble(status: int, says: str | None) -> None:
    answer = f"HTTP/1.1 {status} Whatever\r\ncontent-length: 5\r\n\r\n".encode()
    assert served(answer, "http:http://127.0.0.1:PORT/?key=s3cret") == says


@pytest.mark.parametrize("answer", [None, b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nx"])
def test_what_speaks_no_http_is_no_answer_and_no_query_is_told(answer: bytes | None) -> None:
    says = served(answer, "http:http://127.0.0.1:PORT/?key=s3cret", SHORT)
    assert says
    assert "s3cret" not in says


# -- names -----------------------------------------------------------------------------------------


class Resolver:
    """Says what it is told to, and how often it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.says: list[IPAddress] | Exception | None = [HERE]
        self.asked = 0
        monkeypatch.setattr(probes, "_resolve", self)
        monkeypatch.setattr(probes, "RESOLVER", 0.05)

    async def __call__(self, host: str) -> list[IPAddress]:
        self.asked += 1
        if self.says is None:
            await asyncio.Event().wait()
        if isinstance(self.says, Exception):
            raise self.says
        assert self.says is not None
        return self.says


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    return Resolver(monkeypatch)


@pytest.mark.parametrize("trouble", [OSError("no answer"), None], ids=["it fails", "it hangs"])
@pytest.mark.parametrize("word", ["tcp:line.example:PORT", "http:http://line.example:PORT/"])
def test_a_name_that_cannot_be_found_any_more_is_asked_at_its_last_address(
    resolver: Resolver, trouble: Exception | None, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go() -> None:
        net = UplinkNet(user_agent="test")
        prober = Prober(net)
        try:
            async with serving(None) as port:
                probe = parse(word.replace("PORT", str(port)))
                await prober.ask(probe, SHORT)
                resolver.says = trouble
                assert await prober.ask(probe, PATIENCE) is None
                assert await prober.ask(probe, PATIENCE) is None
            assert "refused" in (await prober.ask(probe, PATIENCE) or "")
        finally:
            await prober.aclose()
            await net.aclose()

    asyncio.run(go())
    assert resolver.asked == (2 if trouble is None else 4), "no question while one is open"


def test_a_name_that_was_never_found_says_nothing_about_the_line(resolver: Resolver) -> None:
    resolver.says = OSError("no answer")
    for word in ("icmp:line.example", "tcp:line.example:443", "http:https://line.example/"):
        with pytest.raises(SourceError, match=r"line\.example; write an address"):
            asked(word)


def test_of_a_name_with_both_families_one_answer_is_enough(resolver: Resolver) -> None:
    resolver.says = [ip_address("::1"), HERE]
    assert served(None, "tcp:line.example:PORT") is None


def test_the_system_s_resolver_gives_one_address_of_each_family() -> None:
    found = asyncio.run(probes._resolve("localhost"))
    assert HERE in found
    assert len({address.version for address in found}) == len(found)
