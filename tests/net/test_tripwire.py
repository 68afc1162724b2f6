"""The tripwire against a real gateway: Linux with NAT, in network namespaces."""

from __future__ import annotations

import asyncio
import errno
import re
import struct
from collections.abc import Awaitable, Callable, Iterator
from ipaddress import IPv4Address
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.errors import SourceError
from homeport.core.hint import Hint
from homeport.net import tripwire
from homeport.net.tripwire import Answer, Tripwire, read_errno, read_error
from homeport.net.uplink import UplinkNet
from tests.lab import ISP, Home

WAN, OTHER, THIRD = (IPv4Address(f"45.0.0.{last}") for last in (10, 11, 12))
PORT_UNREACHABLE, TIME_EXCEEDED, NO_ROUTE = (3, 3), (11, 0), (3, 0)

# Every datagram that leaves the house on the WAN side, counted where it leaves it.
COUNTER = """
table inet watch {
    counter left { }
    chain out {
        type filter hook postrouting priority 300;
        oifname "wan0" meta l4proto { icmp, udp } counter name left;
    }
}
"""
# A gateway that takes nothing in for its public address.
SHY = """
table inet shy {
    chain in { type filter hook input priority 0; iifname "lan0" ip daddr 45.0.0.10 drop; }
}
"""


@pytest.fixture(scope="module")
def built() -> Iterator[Home]:
    with Home(miniupnpd=False) as home:
        # The tests ask more often than once a second, which Linux would not answer.
        home.network.sysctl("gw", ipv4__icmp_ratelimit=0)
        home.network.sysctl("isp", ipv4__icmp_ratelimit=0)
        yield home


@pytest.fixture
def home(built: Home) -> Iterator[Home]:
    built.wan(str(WAN))
    built.run("gw", ["nft", "-f", "-"], input=COUNTER)
    yield built
    built.run("gw", ["nft", "-f", "-"], input="delete table inet watch")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tripwire, "AGAIN", (0.01, 0.01, 0.01))
    monkeypatch.setattr(tripwire, "LOOKS", (0.004, 0.03, 0.3))


class Watched:
    """A tripwire at work.  `believed` is what the agent believes in."""

    task: asyncio.Task[None]

    def __init__(self, believed: IPv4Address | None, *, hops: int = 1) -> None:
        self.believed = believed
        self.hints: asyncio.Queue[Hint] = asyncio.Queue()
        self.rounds = 0
        net = UplinkNet(user_agent="homeport/test")
        self.wire = Tripwire(net, self.known, uplink="fiber", pace=0.02, hops=hops)

    def known(self) -> IPv4Address | None:
        self.rounds += 1  # asked before a round, and while it waits for the next
        return self.believed

    async def until(self, so: Callable[[], bool]) -> None:
        while not so():
            assert not self.task.done(), self.task
            await asyncio.sleep(0.005)

    async def armed(self) -> None:
        await self.until(lambda: self.wire.armed)

    async def a_round(self) -> None:
        before = self.rounds
        await self.until(lambda: self.rounds >= before + 4)


def watch(
    home: Home, what: Callable[[Watched], Awaitable[None]], watched: Watched, host: str = "lan"
) -> None:
    async def main() -> None:
        watched.task = asyncio.ensure_future(watched.wire.run(watched.hints.put_nowait))
        try:
            async with asyncio.timeout(30):
                await what(watched)
        finally:
            watched.task.cancel()
            await asyncio.wait([watched.task])
        assert not watched.wire.armed

    with home.inside(host):
        asyncio.run(main())


def left(home: Home, host: str = "gw") -> int:
    """Packets that have left the house, or that host."""
    listed = home.run(host, ["nft", "list", "counter", "inet", "watch", "left"]).stdout
    found = re.search(r"packets (\d+)", listed)
    assert found
    return int(found[1])


def test_a_lost_address_is_told_and_the_new_one_watched(home: Home) -> None:
    async def what(watched: Watched) -> None:
        for new in (OTHER, THIRD):
            await watched.armed()
            assert watched.hints.empty()
            home.wan(str(new))
            says = f"{watched.believed} is not the gateway's any more"
            assert await watched.hints.get() == Hint("tripwire", says, "fiber")
            assert not watched.wire.armed
            watched.believed = new
            await watched.armed()
            while not watched.hints.empty():  # told again before the agent knew it
                watched.hints.get_nowait()

    watch(home, what, Watched(WAN))
    assert left(home) == 0


def test_who_does_not_find_the_new_address_is_told_a_few_times_and_no_more(home: Home) -> None:
    async def what(watched: Watched) -> None:
        await watched.armed()
        home.wan(str(OTHER))
        await watched.until(lambda: watched.hints.qsize() == 4)
        await watched.a_round()

    watched = Watched(WAN)
    watch(home, what, watched)
    assert watched.hints.qsize() == 1 + len(tripwire.AGAIN)
    assert left(home) == 0


def test_an_address_that_comes_back_is_watched_again(home: Home) -> None:
    async def what(watched: Watched) -> None:
        for _ in range(2):
            await watched.armed()
            home.wan(str(OTHER))
            await watched.hints.get()
            home.wan(str(WAN))
        await watched.armed()

    watch(home, what, Watched(WAN))


def test_a_line_that_is_down_is_told_only_when_it_is_back_with_another_address(home: Home) -> None:
    async def what(watched: Watched) -> None:
        await watched.armed()
        home.wan(None)
        await watched.until(lambda: not watched.wire.armed)
        await watched.a_round()
        assert watched.hints.empty()
        home.wan(str(OTHER))
        await watched.hints.get()

    watch(home, what, Watched(WAN))


def test_a_gateway_that_drops_such_datagrams_is_never_watched(home: Home) -> None:
    async def what(watched: Watched) -> None:
        await watched.until(lambda: watched.rounds > 1)
        assert not watched.wire.armed

    watched = Watched(WAN)
    home.run("gw", ["nft", "-f", "-"], input=SHY)
    try:
        watch(home, what, watched)
    finally:
        home.run("gw", ["nft", "-f", "-"], input="delete table inet shy")
    assert watched.hints.empty()
    assert left(home) == 0


def test_a_gateway_that_falls_silent_is_not_relied_on_and_not_told_of(home: Home) -> None:
    async def what(watched: Watched) -> None:
        await watched.armed()
        home.run("gw", ["nft", "-f", "-"], input=SHY)
        try:
            await watched.until(lambda: not watched.wire.armed)
        finally:
            home.run("gw", ["nft", "-f", "-"], input="delete table inet shy")
        await watched.armed()

    watched = Watched(WAN)
    watch(home, what, watched)
    assert watched.hints.empty()


def test_a_system_that_tells_no_time_exceeded_is_not_relied_on_after_a_change(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its error queue, Linux tells a socket of refused ports only, as any system does."""

    async def what(watched: Watched) -> None:
        await watched.armed()
        home.wan(str(OTHER))
        await watched.until(lambda: not watched.wire.armed)
        watched.believed = OTHER
        await watched.armed()

    monkeypatch.setattr(tripwire, "sys", SimpleNamespace(platform="other"))
    watched = Watched(WAN)
    watch(home, what, watched)
    assert watched.hints.empty()


def test_behind_a_second_nat_it_is_never_strung(home: Home) -> None:
    """The public address is that of a router behind the gateway."""

    async def what(watched: Watched) -> None:
        await watched.until(lambda: watched.rounds > 1)
        assert not watched.wire.armed

    watched = Watched(IPv4Address(ISP))
    watch(home, what, watched)
    assert watched.hints.empty()
    assert left(home) == 0


def test_within_a_container_the_gateway_is_two_hops_away(home: Home) -> None:
    async def what(watched: Watched) -> None:
        await watched.armed()

    watch(home, what, Watched(IPv4Address(ISP), hops=2))


def test_an_address_of_this_machine_itself_is_the_systems_business(home: Home) -> None:
    async def what(watched: Watched) -> None:
        await watched.until(lambda: watched.rounds > 1)
        assert not watched.wire.armed

    watch(home, what, Watched(IPv4Address("192.168.77.2")))


def test_nothing_is_sent_by_another_way_than_by_the_gateway(home: Home) -> None:
    async def what(watched: Watched) -> None:
        await watched.until(lambda: watched.rounds > 1)
        assert not watched.wire.armed
        watched.believed = OTHER  # which has no such way
        await watched.armed()
        home.network.ip("lan", f"route add {OTHER} dev tun0")
        await watched.until(lambda: not watched.wire.armed)
        await watched.a_round()

    home.wan(str(OTHER))
    home.network.ip(
        "lan",
        "link add tun0 type bridge",
        "addr add 10.8.0.2/24 dev tun0",
        "link set tun0 up",
        f"route add {WAN} dev tun0",
    )
    home.run("lan", ["nft", "-f", "-"], input=COUNTER.replace("wan0", "tun0"))
    watched = Watched(WAN)
    try:
        watch(home, what, watched)
        assert left(home, "lan") == 0
    finally:
        home.run("lan", ["nft", "-f", "-"], input="delete table inet watch")
        home.network.ip("lan", "link del tun0")
    assert watched.hints.empty()


def test_it_waits_until_an_address_is_known(home: Home) -> None:
    async def what(watched: Watched) -> None:
        await watched.a_round()
        watched.believed = WAN
        await watched.armed()

    watch(home, what, Watched(None))


def test_a_gateway_that_stays_silent_is_asked_ever_more_seldom() -> None:
    wire = Tripwire(UplinkNet(user_agent="homeport/test"), lambda: WAN)
    assert wire._judge(Answer.OURS) == tripwire.PACE

    waits = [wire._judge(Answer.SILENT) for _ in range(200)]
    assert waits[: 2 * tripwire.SILENCE - 1] == [tripwire.PACE] * (2 * tripwire.SILENCE - 1)
    assert waits == sorted(waits)
    assert waits[-1] == tripwire.SELDOM

    assert wire._judge(Answer.OURS) == tripwire.PACE


def test_without_a_gateway_it_gives_up(home: Home) -> None:
    async def what(watched: Watched) -> None:
        with pytest.raises(SourceError, match="no default IPv4 gateway"):
            await watched.task

    watch(home, what, Watched(WAN), host="isp")


def extended(kind: int, code: int, sender: IPv4Address, *, origin: int = 2) -> bytes:
    """struct sock_extended_err and sockaddr_in, as this machine lays them out."""
    return struct.pack("=IBBBxII", 0, origin, kind, code, 0, 0) + struct.pack("=H2x4s8x", 2, sender.packed)


def test_what_linux_tells() -> None:
    gateway = IPv4Address("192.168.77.1")

    assert read_error(extended(*PORT_UNREACHABLE, WAN), WAN) is Answer.OURS
    assert read_error(extended(*PORT_UNREACHABLE, gateway), WAN) is Answer.SILENT
    assert read_error(extended(*TIME_EXCEEDED, gateway), WAN) is Answer.GONE
    assert read_error(extended(*NO_ROUTE, gateway), WAN) is Answer.DOWN
    assert read_error(extended(*NO_ROUTE, gateway, origin=1), WAN) is Answer.DOWN
    assert read_error(extended(12, 0, gateway), WAN) is Answer.SILENT
    assert read_error(extended(*PORT_UNREACHABLE, WAN)[:-1], WAN) is Answer.SILENT


@given(st.binary(max_size=40))
def test_only_the_owner_can_claim_an_address(octets: bytes) -> None:
    if read_error(octets, WAN) is Answer.OURS:
        assert octets[20:24] == WAN.packed


def test_what_other_systems_tell() -> None:
    assert read_errno(errno.ECONNRESET) is Answer.OURS  # Windows
    assert read_errno(errno.ECONNREFUSED) is Answer.OURS  # macOS
    assert read_errno(errno.ENETRESET) is Answer.GONE
    assert read_errno(errno.EHOSTUNREACH) is Answer.GONE
    assert read_errno(errno.ENETUNREACH) is Answer.DOWN
    assert read_errno(errno.EMSGSIZE) is Answer.SILENT
    assert read_errno(None) is Answer.SILENT
