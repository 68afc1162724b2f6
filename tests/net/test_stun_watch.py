"""The kept-alive STUN mapping: servers on loopback that say what they are told, and coturn behind a NAT."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from ipaddress import IPv4Address, IPv6Address
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.dns import IPAddress
from homeport.core.errors import SourceError
from homeport.core.hint import Hint
from homeport.net import stun_watch
from homeport.net.stun_watch import Allowance, StunWatch
from homeport.net.uplink import UplinkNet
from tests.lab import ISP, Home

COOKIE = bytes.fromhex("2112a442")
ONE, TWO, THREE = (IPv4Address(f"45.0.0.{last}") for last in (10, 11, 12))
MONTH = 30.44 * 86400  # seconds

Asked = tuple[bytes, int]  # the request, and the port it came from


def success(request: bytes, address: IPAddress, port: int = 40000) -> bytes:
    """A Binding success response with XOR-MAPPED-ADDRESS (RFC 8489, 14.2)."""
    mask = COOKIE + request[8:20]
    hidden = bytes(one ^ other for one, other in zip(address.packed, mask, strict=False))
    value = struct.pack("!BBH", 0, 1 if address.version == 4 else 2, port ^ 0x2112) + hidden
    attribute = struct.pack("!HH", 0x20, len(value)) + value
    return struct.pack("!HH", 0x0101, len(attribute)) + mask[:16] + attribute


def failure(request: bytes) -> bytes:
    """A Binding error response 500 (RFC 8489, 14.8)."""
    return struct.pack("!HH", 0x0111, 8) + request[4:20] + struct.pack("!HHHBB", 9, 4, 0, 5, 0)


class Server(asyncio.DatagramProtocol):
    """Sends back all that `says` makes of a request and its number, from 0."""

    def __init__(self, says: Callable[[int, Asked], list[bytes]]) -> None:
        self.says = says
        self.asked: list[Asked] = []
        self.more = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)
        self.place: tuple[str, int] = transport.get_extra_info("sockname")

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        self.asked.append((data, addr[1]))
        for answer in self.says(len(self.asked) - 1, self.asked[-1]):
            self.transport.sendto(answer, addr)
        self.more.set()

    async def until(self, requests: int) -> None:
        while len(self.asked) < requests:
            self.more.clear()
            await self.more.wait()


@asynccontextmanager
async def serving(says: Callable[[int, Asked], list[bytes]]) -> AsyncIterator[Server]:
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Server(says), local_addr=("127.0.0.1", 0)
    )
    try:
        yield server
    finally:
        transport.abort()  # with close() an answer on its way would outlive the loop on Windows
        await asyncio.sleep(0)


def in_turn(*addresses: IPAddress | tuple[IPAddress, int]) -> Callable[[int, Asked], list[bytes]]:
    """Each address once, with its port if it is given, and the last one for ever."""

    def says(number: int, asked: Asked) -> list[bytes]:
        said = addresses[min(number, len(addresses) - 1)]
        address, port = said if isinstance(said, tuple) else (said, 40000)
        return [success(asked[0], address, port)]

    return says


def at_once() -> float:
    return 0.0


class Watched:
    """A watch at work.  `believed` is what the agent believes in."""

    def __init__(self, *places: tuple[str, int], rests: Callable[[], bool] = lambda: False) -> None:
        self.believed: IPv4Address | None = None
        self.hints: asyncio.Queue[Hint] = asyncio.Queue()
        net = UplinkNet(user_agent="homeport/test")
        self.watch = StunWatch(
            net, places, lambda: self.believed, uplink="fiber", pace=at_once, rests=rests
        )
        self.task = asyncio.ensure_future(self.watch.run(self.hints.put_nowait))


@asynccontextmanager
async def watching(
    *places: tuple[str, int], rests: Callable[[], bool] = lambda: False
) -> AsyncIterator[Watched]:
    watched = Watched(*places, rests=rests)
    try:
        yield watched
    finally:
        watched.task.cancel()
        await asyncio.wait([watched.task])


def run(what: Awaitable[None]) -> None:
    async def main() -> None:
        async with asyncio.timeout(30):
            await what

    asyncio.run(main())


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stun_watch, "TICK", 0.01)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stun_watch, "SENDS", (0.05, 0.05))


def test_another_address_is_told_and_another_port_is_not() -> None:
    async def what() -> None:
        async with (
            serving(in_turn(ONE, (ONE, 40001), (TWO, 40001), (TWO, 40002), THREE)) as server,
            watching(server.place) as watched,
        ):
            first, second = await watched.hints.get(), await watched.hints.get()

            assert first == Hint("stun", f"a STUN server sees {TWO} now", "fiber", TWO)
            assert second.address == THREE
            assert len({port for _, port in server.asked}) == 1  # one mapping, kept

    run(what())


def test_what_the_agent_knows_already_is_not_told() -> None:
    async def what() -> None:
        async with serving(in_turn(ONE, TWO, THREE)) as server, watching(server.place) as watched:
            watched.believed = TWO
            assert (await watched.hints.get()).address == THREE

    run(what())


def test_a_forged_answer_is_passed_over() -> None:
    def says(number: int, asked: Asked) -> list[bytes]:
        request = asked[0]
        forged = success(request[:8] + bytes(12), THREE)
        return [forged, b"", b"\x01\x01", success(request, ONE if number == 0 else TWO)]

    async def what() -> None:
        async with serving(says) as server, watching(server.place) as watched:
            assert (await watched.hints.get()).address == TWO

    run(what())


@pytest.mark.usefixtures("impatient")
def test_a_mapping_that_falls_silent_is_replaced_by_a_new_one() -> None:
    """A NAT may hold the old mapping, with the old address, for as long as somebody uses it."""
    ports: list[int] = []

    def says(number: int, asked: Asked) -> list[bytes]:
        if asked[1] not in ports:
            ports.append(asked[1])
        if ports.index(asked[1]) == 1:
            return [success(asked[0], TWO)]
        return [success(asked[0], ONE)] if number == 0 else []

    async def what() -> None:
        async with serving(says) as server, watching(server.place) as watched:
            assert (await watched.hints.get()).address == TWO

    run(what())
    assert len(ports) == 2


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "says",
    [
        lambda number, asked: [],
        lambda number, asked: [failure(asked[0])],
        lambda number, asked: [success(asked[0], IPv6Address("2001:db8::1"))],
        lambda number, asked: [*[b"junk"] * 40, success(asked[0], ONE)],
        lambda number, asked: [asked[0]],
    ],
    ids=["silent", "refuses", "IPv6", "floods", "echoes"],
)
def test_a_server_that_does_not_tell_is_followed_by_the_next(
    says: Callable[[int, Asked], list[bytes]],
) -> None:
    async def what() -> None:
        before: list[int] = []

        def stumbles(number: int, asked: Asked) -> list[bytes]:
            before.append(len(bad.asked))
            return [] if number in (1, 2) else [success(asked[0], ONE if number == 0 else TWO)]

        async with (
            serving(says) as bad,
            serving(stumbles) as good,
            watching(bad.place, good.place) as watched,
        ):
            assert (await watched.hints.get()).address == TWO
            assert set(before) == {len(bad.asked)}  # stays with the good one, even over a new mapping

    run(what())


@pytest.mark.usefixtures("impatient")
def test_when_no_server_tells_it_says_why_and_remembers_the_address() -> None:
    async def what() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", 0))
            closed = taken.getsockname()[1]
        answers = [ONE]

        def says(number: int, asked: Asked) -> list[bytes]:
            return [success(asked[0], answers.pop(0))] if answers else []

        async with serving(says) as server, watching(server.place, ("127.0.0.1", closed)) as watched:
            with pytest.raises(SourceError) as raised:
                await watched.task
            assert str(raised.value) == (
                f"no STUN server tells the address: 127.0.0.1 port {server.place[1]}: does not answer; "
                f"127.0.0.1 port {closed}: connection refused"
            )
            answers.append(TWO)
            again = asyncio.ensure_future(watched.watch.run(watched.hints.put_nowait))
            assert (await watched.hints.get()).address == TWO
            again.cancel()
            await asyncio.wait([again])

    run(what())


@pytest.mark.usefixtures("impatient")
def test_each_request_is_counted_for_the_server_it_goes_to() -> None:
    labels: list[str] = []

    async def what() -> None:
        async with (
            serving(lambda number, asked: []) as silent,
            serving(in_turn(ONE, TWO)) as good,
        ):
            places = ("127.0.0.1", silent.place[1]), ("localhost", good.place[1])
            hints: asyncio.Queue[Hint] = asyncio.Queue()
            net = UplinkNet(user_agent="homeport/test")
            watch = StunWatch(net, places, lambda: None, pace=at_once, asked=labels.append)
            task = asyncio.ensure_future(watch.run(hints.put_nowait))
            await hints.get()
            task.cancel()
            await asyncio.wait([task])
            assert labels[: len(silent.asked)] == ["stun:127.0.0.1"] * len(silent.asked)
            assert set(labels[len(silent.asked) :]) == {"stun:localhost"}
            assert len(labels) == watch.requests > len(silent.asked) == 2

    run(what())


def test_it_rests_while_somebody_else_watches() -> None:
    async def what() -> None:
        resting = [True]
        asked_about: list[int] = []

        def rests() -> bool:
            asked_about.append(len(server.asked))
            return resting[0]

        async with serving(in_turn(ONE, TWO)) as server, watching(server.place, rests=rests) as watched:
            await server.until(1)
            while len(asked_about) < 5:
                await asyncio.sleep(0.01)
            assert set(asked_about) == {1}
            resting[0] = False
            assert (await watched.hints.get()).address == TWO

    run(what())


def spent(allowance: Allowance, steps: list[tuple[float, int]]) -> tuple[int, float]:
    """Octets, and seconds, of somebody who waits as long as he must before each exchange."""
    now, octets = 0.0, 0
    for pause, exchange in steps:
        now += pause
        now += allowance.wait(now)
        allowance.spend(exchange, now)
        octets += exchange
    return octets, now


@given(st.lists(st.tuples(st.floats(0, 1e6), st.integers(1, 10_000)), min_size=1))
def test_no_more_is_spent_than_is_allowed(steps: list[tuple[float, int]]) -> None:
    octets, seconds = spent(Allowance(rate=2.0, most=5000), steps)

    assert octets <= 5000 + 2.0 * seconds + steps[-1][1] + 1e-3


@pytest.mark.parametrize(("pace", "octets"), [(100.0, 108), (100.0, 176), (1.0, 108), (0.0, 500)])
def test_a_month_costs_less_than_three_megabytes(pace: float, octets: int) -> None:
    allowance = Allowance()
    total, now = 0, 0.0
    while now < MONTH:
        total += octets
        allowance.spend(octets, now)
        now += max(pace, allowance.wait(now))

    assert 2_800_000 < total < 3_000_000


@contextmanager
def behind_a_nat() -> Iterator[Home]:
    with Home(miniupnpd=False) as home:
        home.stun()
        with home.inside("lan"):
            yield home


@pytest.mark.linux("a home of network namespaces")
def test_coturn_sees_another_address_behind_a_real_nat() -> None:
    async def what() -> None:
        async with watching((ISP, 3478)) as watched:
            for new in (TWO, THREE):
                while watched.watch.requests < 2:
                    await asyncio.sleep(0.005)
                home.wan(str(new))
                assert (await watched.hints.get()).address == new

    with behind_a_nat() as home:
        run(what())
