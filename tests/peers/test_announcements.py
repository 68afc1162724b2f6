"""A real gateway, miniupnpd, in a LAN with a neighbour who lies: what reaches the listeners."""

from __future__ import annotations

import asyncio
import itertools
import logging
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from ipaddress import IPv4Address, ip_address
from pathlib import Path

import pytest

from homeport.core.hint import Hint
from homeport.net.announcements import Announcements
from homeport.net.gena import UpnpEvents
from homeport.net.uplink import UplinkNet
from tests.lab import Home

GATEWAY, NEIGHBOUR, EVENTS = "192.168.77.1", "192.168.77.3", "http://192.168.77.1:5555/evt/IPConn"
PORT = ":14E6 "  # 5350, as /proc/net/udp writes it
LISTENS = 0x0A
LIES = IPv4Address("66.6.6.6")
_numbers = itertools.count(11)


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with Home() as home:
        yield home


class Listening:
    """Both listeners on the host "lan", joined as the agent joins them."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.hints: asyncio.Queue[Hint] = asyncio.Queue()
        self.net = UplinkNet(user_agent="homeport/test")
        self.announcements = Announcements(self.net, uplink="fiber")
        self.events = UpnpEvents(self.net, uplink="fiber")

    def tell(self, hint: Hint) -> None:
        self.hints.put_nowait(hint)
        if hint.origin in ("nat-pmp", "pcp"):
            self.events.again()

    async def subscribed(self) -> None:
        """A subscription begins with the present state."""
        while (await self.hints.get()).origin != "upnp":
            pass

    async def heard(self, *, origin: str, address: str | None) -> None:
        """Wait for that hint; no other may name an address that the line has not had."""
        wanted = ip_address(address) if address else None
        while True:
            hint = await self.hints.get()
            assert hint.address != LIES
            assert hint.uplink == "fiber"
            if (hint.origin, hint.address) == (origin, wanted):
                return

    def change(self) -> str:
        """Give the line an address that it never had."""
        address = f"45.0.0.{next(_numbers)}"
        self.home.wan(address)
        return address


def listen(
    home: Home, test: Callable[[Listening], Awaitable[None]], *, upnp: bool = False, table: str = "udp"
) -> None:
    """Run the test on the host "lan", when the listeners are ready."""

    async def main() -> None:
        listening = Listening(home)
        tasks = [asyncio.ensure_future(listening.announcements.run(listening.tell))]
        if upnp:
            tasks.append(asyncio.ensure_future(listening.events.run(listening.tell)))
        testing = asyncio.ensure_future(ready(listening))
        try:
            async with asyncio.timeout(30):
                await asyncio.wait({*tasks, testing}, return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    if task.done():
                        task.result()
                await testing
        finally:
            for task in (*tasks, testing):
                task.cancel()
            await asyncio.gather(*tasks, testing, return_exceptions=True)
            await listening.net.aclose()

    async def ready(listening: Listening) -> None:
        while PORT not in Path("/proc/net", table).read_text():
            await asyncio.sleep(0.01)
        if upnp:
            await listening.subscribed()
        await test(listening)

    with home.inside("lan"):
        asyncio.run(main())


def natpmp(address: IPv4Address) -> bytes:
    return struct.pack("!BBHI", 0, 128, 0, 0) + address.packed


PCP = struct.pack("!BBBBII12x", 2, 128, 0, 0, 0, 0)


@pytest.mark.parametrize("way", ["nat-pmp", "upnp"])
def test_a_changed_address_is_heard(home: Home, way: str) -> None:
    async def test(listening: Listening) -> None:
        for _ in range(3):
            await listening.heard(origin=way, address=listening.change())

    listen(home, test, upnp=way == "upnp")


def test_a_line_that_goes_down_is_heard_and_names_no_address(home: Home) -> None:
    async def test(listening: Listening) -> None:
        home.wan(None)
        await listening.heard(origin="pcp", address=None)
        await listening.heard(origin="nat-pmp", address=listening.change())

    listen(home, test)


@pytest.mark.parametrize("way", ["nat-pmp", "upnp"])
def test_a_changed_address_is_heard_after_the_gateway_has_restarted(way: str) -> None:
    """A home of its own: two starts within two seconds cannot be told apart (RFC 6887, 8.5)."""

    async def test(listening: Listening) -> None:
        listening.home.restart_miniupnpd()
        await listening.heard(origin="pcp", address=None)
        await listening.heard(origin=way, address=listening.change())

    with Home() as home:
        listen(home, test, upnp=way == "upnp")


def test_a_neighbour_is_not_believed_and_named_once(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    async def test(listening: Listening) -> None:
        for _ in range(3):
            home.forge(natpmp(LIES))
            home.forge(PCP)
            home.forge(natpmp(LIES), source=(GATEWAY, 5350))
            home.forge(natpmp(LIES), to=("192.168.77.2", 5350), source=(GATEWAY, 5351))
        await listening.heard(origin="nat-pmp", address=listening.change())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("homeport.net.announcements.LOOK_AGAIN", 0.0)
        listen(home, test)

    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert [line.partition(":")[0] for line in said] == [f"{NEIGHBOUR} port 5351", f"{GATEWAY} port 5350"]


def test_a_neighbour_cannot_send_events(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    async def test(listening: Listening) -> None:
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        [port] = [int(row[1].partition(":")[2], 16) for row in rows if int(row[3], 16) == LISTENS]
        # The addresses that listen, in the order of the octets in memory: no other than that of the LAN.
        assert {row[1].partition(":")[0] for row in rows if int(row[3], 16) == LISTENS} == {"024DA8C0"}
        with home.inside("neighbour"):
            stranger = socket.socket()
        with stranger:
            stranger.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(stranger, ("192.168.77.2", port))
            try:
                await loop.sock_sendall(stranger, b"NOTIFY / HTTP/1.1\r\nHost: x\r\n\r\n")
                answer = await loop.sock_recv(stranger, 1)
            except ConnectionError:
                answer = b""
        assert answer == b""
        await listening.heard(origin="upnp", address=listening.change())

    listen(home, test, upnp=True)

    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert [line.partition(":")[0] for line in said] == [NEIGHBOUR]


def test_over_ipv6_the_router_is_heard_and_a_neighbour_is_not(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    def say(host: str, interface: str, message: bytes) -> None:
        with home.inside(host), socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            number = socket.if_nametoindex(interface)
            [mine] = [
                line.split()[3].partition("/")[0]
                for line in home.run(
                    host, ["ip", "-6", "-o", "addr", "show", "dev", interface]
                ).stdout.splitlines()
                if " fe80" in line
            ]
            sock.bind((mine, 5351, 0, number))
            sock.sendto(message, ("ff02::1", 5350, 0, number))

    async def test(listening: Listening) -> None:
        say("neighbour", "eth0", natpmp(LIES))
        say("gw", "lan0", PCP)
        hint = await listening.hints.get()
        assert (hint.origin, hint.address) == ("pcp", None)

    home.prefix("2a0a:1::/64")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("homeport.net.announcements.LOOK_AGAIN", 0.0)
        listen(home, test, table="udp6")

    [said] = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert said.startswith("fe80::")
