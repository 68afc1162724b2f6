"""The listeners to the system, with the real kernel: in a network of their own, and with the real clock.

Linux and root: the lab says so where they are missing.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from homeport.core.errors import SourceError
from homeport.core.hint import Hint
from homeport.net import system_events
from homeport.net.ears import Listener
from homeport.wire import rtnetlink
from tests.lab.network import Network, ip

if sys.platform != "linux":
    raise ImportError("tests/conftest.py leaves this file out elsewhere")

from homeport.net import clock_events, netlink
from homeport.net.clock_events import ClockEvents
from homeport.net.netlink import NetlinkEvents

LONG = 10.0  # seconds; nothing waits so long unless it fails


class Ear:
    """What a listener tells, one by one."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[Hint] = asyncio.Queue()

    async def next(self) -> str:
        async with asyncio.timeout(LONG):
            return (await self.heard.get()).says

    async def after(self, *commands: str, says: str, marker: str = "") -> None:
        """Of these lines of ip(8), this is told and nothing else; the lines of `marker` come after."""
        ip(*commands)
        assert await self.next() == says
        assert self.heard.empty()

    async def nothing(self, *commands: str) -> None:
        """Of these lines of ip(8) nothing is told: what comes next is the news of another route."""
        ip(*commands, "route add default via 192.168.5.99 metric 99")
        assert await self.next() == "the IPv4 default route via 192.168.5.99 on eth0 is new"
        ip("route del default via 192.168.5.99 metric 99")
        assert await self.next() == "the IPv4 default route via 192.168.5.99 on eth0 is gone"
        assert self.heard.empty()


@pytest.fixture
def machine() -> Iterator[None]:
    """A machine with eth0 at 192.168.5.5; the other end of the cable is "far"."""
    network = Network(["machine"])
    try:
        network.build()
        with network.inside("machine"):
            ip(
                "link add eth0 type veth peer name far",
                "link set eth0 up",
                "link set far up",
                "addr add 192.168.5.5/24 dev eth0",
            )
            yield
    finally:
        network.down()


def listen(act: Callable[[Ear], Awaitable[None]], listener: Listener | None = None) -> None:
    """Run the listener while `act` does something."""

    async def main() -> None:
        ear = Ear()
        task = asyncio.ensure_future((listener or NetlinkEvents()).run(ear.heard.put_nowait))
        await asyncio.sleep(0)  # it has begun to listen
        try:
            await act(ear)
        finally:
            task.cancel()
            await asyncio.wait({task})
        assert task.cancelled()

    asyncio.run(main())


def test_an_ipv4_address_that_comes_and_goes_is_told(machine: None) -> None:
    async def act(ear: Ear) -> None:
        ip("addr add 203.0.113.7/24 dev eth0")
        async with asyncio.timeout(LONG):
            hint = await ear.heard.get()
        assert hint == Hint("system", "eth0 has got 203.0.113.7", None, ip_address("203.0.113.7"))
        await ear.after("addr del 203.0.113.7/24 dev eth0", says="eth0 has lost 203.0.113.7")

    listen(act)


def test_an_ipv6_address_is_told_once_when_its_detection_of_duplicates_is_over(machine: None) -> None:
    async def act(ear: Ear) -> None:
        await ear.after("addr add 2001:db8::7/64 dev eth0", says="eth0 has got 2001:db8::7")

    listen(act)


def test_lifetimes_that_are_refreshed_are_not_told_but_their_end_is(machine: None) -> None:
    async def act(ear: Ear) -> None:
        address = "addr change 2001:db8::7/64 dev eth0 nodad valid_lft 3600 preferred_lft"
        await ear.after(f"{address} 1800", says="eth0 has got 2001:db8::7")
        await ear.nothing(f"{address} 1700", f"{address} 900")
        await ear.after(f"{address} 0", says="eth0: 2001:db8::7 is deprecated now")

    listen(act)


def test_what_was_there_before_is_known(machine: None) -> None:
    ip(
        "addr add 2001:db8::7/64 dev eth0 nodad valid_lft 3600 preferred_lft 1800",
        "route add default via 192.168.5.1",
        "route add ::/0 via 2001:db8::1",
    )

    async def act(ear: Ear) -> None:
        await ear.nothing(
            "addr change 2001:db8::7/64 dev eth0 nodad valid_lft 3600 preferred_lft 900",
            "route replace default via 192.168.5.1",
            "route replace ::/0 via 2001:db8::1",
        )
        await ear.after(
            "addr add 192.168.5.6/24 dev eth0", says="eth0 has got the address 192.168.5.6"
        )  # it matters, for the default route is known

    listen(act)


def test_default_routes_are_told(machine: None) -> None:
    async def act(ear: Ear) -> None:
        for gateway in ("192.168.5.1", "192.168.5.2", "192.168.5.1"):
            await ear.after(
                f"route replace default via {gateway}",
                says=f"the IPv4 default route via {gateway} on eth0 is new",
            )
        await ear.after("route del default", says="the IPv4 default route via 192.168.5.1 on eth0 is gone")
        await ear.nothing("route add 198.51.100.0/24 via 192.168.5.1")

    listen(act)


def test_the_cable_that_is_pulled_is_told(machine: None) -> None:
    ip("route add default via 192.168.5.1")

    async def act(ear: Ear) -> None:
        await ear.after("link set far down", says="eth0 is down")
        await ear.after("link set far up", says="eth0 is up")

    listen(act)


def test_containers_that_come_and_go_are_not_told(machine: None) -> None:
    async def act(ear: Ear) -> None:
        await ear.nothing(
            "link add docker0 type bridge",
            "addr add 172.17.0.1/16 dev docker0",
            "link set docker0 up",
            "link add veth1 type veth peer name inner",
            "link set veth1 master docker0",
            "link set veth1 up",
            "link set inner up",
            "link del veth1",
            "link del docker0",
        )

    listen(act)


def test_a_link_that_is_gone_is_told_with_what_it_held(machine: None) -> None:
    ip("addr add 203.0.113.7/24 dev eth0")

    async def act(ear: Ear) -> None:
        ip("link del eth0")
        said = {await ear.next(), await ear.next()}
        assert said == {"eth0 is down", "eth0 has lost 203.0.113.7"}

    listen(act)


def test_more_changes_than_the_kernel_keeps_are_told_as_one_and_what_follows_is_heard(
    machine: None,
) -> None:
    async def act(ear: Ear) -> None:
        ip("route add default via 192.168.5.1")
        await ear.next()
        ip(*(f"addr add 10.{i // 250}.{i % 250}.1/32 dev eth0" for i in range(2000)))
        while await ear.next() != "the system has changed more than it could tell":
            pass
        ip("addr add 203.0.113.7/24 dev eth0")
        while await ear.next() != "eth0 has got 203.0.113.7":
            pass
        await ear.nothing("addr change 203.0.113.7/24 dev eth0 valid_lft 3600 preferred_lft 900")

    listen(act)


def test_what_another_process_says_is_not_believed(machine: None) -> None:
    """Root may send to any netlink socket; the kernel's own port is 0."""

    async def act(ear: Ear) -> None:
        lines = Path("/proc/thread-self/net/netlink").read_text().splitlines()[1:]
        listening = [
            int(port)
            for _, protocol, port, groups, *_ in map(str.split, lines)
            if protocol == "0" and int(groups, 16) == rtnetlink.GROUPS
        ]
        [port] = listening
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as stranger:
            stranger.bind((0, 0))
            forged = bytearray(next(netlink.dump(rtnetlink.GET_ADDRESS)))
            stranger.sendto(forged.replace(bytes([192, 168, 5, 5]), bytes([8, 8, 8, 8])), (port, 0))
        await ear.nothing()

    listen(act)


def test_a_kernel_without_netlink_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> socket.socket:
        raise PermissionError(1, "Operation not permitted")

    async def main() -> None:
        with monkeypatch.context() as patch:  # the loop has its sockets by now
            patch.setattr(socket, "socket", refused)
            await NetlinkEvents().run(lambda hint: None)

    with pytest.raises(SourceError, match="does not tell of changes: Operation not permitted"):
        asyncio.run(main())


def test_nothing_stays_open(machine: None) -> None:
    async def act(ear: Ear) -> None:
        await ear.nothing()

    before = len(os.listdir("/proc/self/fd"))
    listen(act)
    listen(act, None)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_kernel_that_refuses_a_table_says_why(machine: None) -> None:
    with pytest.raises(OSError, match="not supported"):
        list(netlink.dump(9999))


# -- the clock -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("clock_of_the_machine")
def test_a_clock_that_is_set_is_told_each_time() -> None:
    async def act(ear: Ear) -> None:
        for _ in range(2):
            time.clock_settime_ns(time.CLOCK_REALTIME, time.time_ns())  # to what it shows
            assert await ear.next() == "the clock was set"
        assert ear.heard.empty()

    before = len(os.listdir("/proc/self/fd"))
    listen(act, ClockEvents())
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.usefixtures("clock_of_the_machine")
def test_after_sleep_it_is_called_that(monkeypatch: pytest.MonkeyPatch) -> None:
    asleep = iter([100.0, 3700.0, 3700.2])
    monkeypatch.setattr(clock_events, "_asleep", lambda: next(asleep))

    async def act(ear: Ear) -> None:
        time.clock_settime_ns(time.CLOCK_REALTIME, time.time_ns())
        async with asyncio.timeout(LONG):
            assert await ear.heard.get() == Hint("resume", "the machine has slept")
        time.clock_settime_ns(time.CLOCK_REALTIME, time.time_ns())
        async with asyncio.timeout(LONG):
            assert await ear.heard.get() == Hint("system", "the clock was set")

    listen(act, ClockEvents())


def test_on_linux_both_are_listened_to() -> None:
    assert [listener.name for listener in system_events.listeners()] == ["system", "clock"]
