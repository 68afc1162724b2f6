"""What the gateway multicasts: which of it is new, and from whom it is believed."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.dns import RRType
from homeport.core.errors import SourceError
from homeport.core.hint import Hint
from homeport.net import announcements, routers
from homeport.net.announcements import Announcements, Memory
from homeport.net.way import FAMILIES
from homeport.wire import natpmp

GATEWAY = IPv4Address("192.168.77.1")
REPEATS = [0.25 * (2**n - 1) for n in range(10)]  # seconds after the first (RFC 6886, 3.2.1)


def told(address: str, epoch: float, result: int = 0) -> bytes:
    return struct.pack("!BBHI", 0, 128, result, int(epoch)) + IPv4Address(address).packed


def pcp(epoch: float) -> bytes:
    """An ANNOUNCE of RFC 6887, 14.1: a header and nothing else."""
    return struct.pack("!BBBBII12x", 2, 128, 0, 0, 0, int(epoch))


# -- which announcement is new ---------------------------------------------------------------------


@given(st.ip_addresses(v=4).filter(int), st.integers(0, 2**31), st.floats(0, 1e6))
def test_the_ten_repeats_of_one_announcement_are_one_hint(
    address: IPv4Address, epoch: int, start: float
) -> None:
    memory = Memory()
    for origin, make in (("nat-pmp", lambda age: told(str(address), age)), ("pcp", pcp)):
        hints = [memory.new(make(epoch + after), GATEWAY, start + after) for after in REPEATS]

        assert [hint.origin if hint else None for hint in hints] == [origin] + [None] * 9


def test_a_changed_address_is_news() -> None:
    memory = Memory("fiber")

    first = memory.new(told("45.0.0.10", 100), GATEWAY, 0.0)
    second = memory.new(told("45.0.0.20", 105), GATEWAY, 5.0)

    assert first == Hint("nat-pmp", "the gateway announces 45.0.0.10", "fiber", ip_address("45.0.0.10"))
    assert second is not None and second.address == ip_address("45.0.0.20")


def test_an_epoch_that_went_back_is_news_even_with_the_same_address() -> None:
    memory = Memory()
    memory.new(told("45.0.0.10", 5000), GATEWAY, 0.0)

    assert memory.new(told("45.0.0.10", 0), GATEWAY, 60.0) is not None
    assert memory.new(told("45.0.0.10", 1), GATEWAY, 61.0) is None


def test_a_line_that_goes_down_and_up_is_news_twice_and_names_no_address_while_it_is_down() -> None:
    memory = Memory()
    memory.new(told("45.0.0.10", 100), GATEWAY, 0.0)

    down = memory.new(told("0.0.0.0", 110), GATEWAY, 10.0)
    refused = memory.new(told("0.0.0.0", 111, result=3), GATEWAY, 11.0)
    up = memory.new(told("45.0.0.10", 120), GATEWAY, 20.0)

    assert down is not None and down.address is None and "no address" in down.says
    assert refused is None
    assert up is not None and up.address == ip_address("45.0.0.10")


def test_pcp_names_no_address_and_does_not_hide_nat_pmp() -> None:
    memory = Memory()

    first = memory.new(pcp(0), GATEWAY, 0.0)
    second = memory.new(told("45.0.0.10", 0), GATEWAY, 0.0)
    third = memory.new(pcp(0), IPv6Address("fe80::1"), 0.0)

    assert first is not None and (first.origin, first.address) == ("pcp", None)
    assert second is not None and second.origin == "nat-pmp"
    assert third is not None and third.origin == "pcp"


def test_the_announcement_of_another_gateway_is_news() -> None:
    memory = Memory()
    memory.new(told("45.0.0.10", 100), GATEWAY, 0.0)

    assert memory.new(told("45.0.0.10", 100), IPv4Address("192.168.77.254"), 0.0) is not None


@given(st.lists(st.tuples(st.binary(max_size=70), st.floats(0, 1e6)), max_size=8))
def test_any_octets_are_a_hint_or_nothing_or_a_source_error(heard: list[tuple[bytes, float]]) -> None:
    memory = Memory()
    for message, now in heard:
        try:
            hint = memory.new(message, GATEWAY, now)
        except SourceError:
            continue
        if hint is not None and hint.address is not None:
            assert not hint.address.is_unspecified


# -- who is believed -------------------------------------------------------------------------------


class Lan:
    """The loopback interface as a LAN: 127.0.0.1 is the gateway until `gateways` says otherwise."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.gateways = SimpleNamespace(address="127.0.0.1", asked=0)
        self.client, self.server = free_port(), free_port()
        self.hints: list[Hint] = []
        monkeypatch.setattr(announcements, "PORT", self.client)
        monkeypatch.setattr(announcements, "LOOK_AGAIN", 0.0)
        monkeypatch.setattr(natpmp, "PORT", self.server)
        monkeypatch.setattr(routers, "router", lambda interface: None)

    async def gateway(self) -> IPv4Address:
        self.gateways.asked += 1
        if self.gateways.address is None:
            raise SourceError("no default IPv4 gateway")
        return IPv4Address(self.gateways.address)

    def udp(self, rrtype: RRType) -> socket.socket:
        if rrtype is RRType.AAAA:
            raise SourceError("this uplink has no IPv6 address")
        return socket.socket(FAMILIES[rrtype], socket.SOCK_DGRAM)

    def say(self, message: bytes, source: str = "127.0.0.1", port: int | None = None) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
            sock.bind((source, self.server if port is None else port))
            sock.sendto(message, (str(announcements.ALL_HOSTS), self.client))

    def listen(
        self, test: Callable[[asyncio.Queue[Hint]], Awaitable[None]], *, others: bool = False
    ) -> None:
        """Run the test while the listener runs; the test ends with the last thing it waits for."""

        async def main() -> None:
            hints: asyncio.Queue[Hint] = asyncio.Queue()
            running = asyncio.ensure_future(Announcements(self, uplink="fiber").run(hints.put_nowait))
            try:
                async with asyncio.timeout(60):
                    while not (self.gateways.asked and self.bound()) and not running.done():
                        await asyncio.sleep(0)
                    for _ in range(5):
                        await asyncio.sleep(0)
                    if running.done():
                        running.result()
                    await test(hints)
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
            assert self.bound() is others

        asyncio.run(main())

    def bound(self) -> bool:
        """Does somebody listen?  A socket that does not share its port cannot be bound then."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            try:
                sock.bind((str(announcements.ALL_HOSTS), self.client))
            except OSError:
                return True
        return False


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


GROUP = pytest.mark.posix("the group itself is bound to, which Windows does not let anybody do")


@pytest.fixture
def lan(monkeypatch: pytest.MonkeyPatch) -> Lan:
    return Lan(monkeypatch)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@GROUP
def test_the_gateway_is_heard_and_the_socket_is_gone_afterwards(lan: Lan) -> None:
    async def test(hints: asyncio.Queue[Hint]) -> None:
        lan.say(told("45.0.0.10", 100))
        assert await hints.get() == Hint(
            "nat-pmp", "the gateway announces 45.0.0.10", "fiber", ip_address("45.0.0.10")
        )
        lan.say(told("45.0.0.10", 100))
        lan.say(pcp(100))
        assert (await hints.get()).origin == "pcp"

    lan.listen(test)


@GROUP
def test_a_neighbour_is_not_believed_and_named_once(lan: Lan, caplog: pytest.LogCaptureFixture) -> None:
    async def test(hints: asyncio.Queue[Hint]) -> None:
        for _ in range(3):
            lan.say(told("66.6.6.6", 100), source="127.0.0.2")
            lan.say(pcp(0), source="127.0.0.2")
        lan.say(told("45.0.0.10", 100))
        assert (await hints.get()).address == ip_address("45.0.0.10")

    lan.listen(test)

    [said] = warnings(caplog)
    assert said.startswith("127.0.0.2 port ") and "gateway" in said


@GROUP
def test_the_gateway_is_believed_from_its_own_port_only(lan: Lan, caplog: pytest.LogCaptureFixture) -> None:
    async def test(hints: asyncio.Queue[Hint]) -> None:
        lan.say(told("66.6.6.6", 100), port=0)
        lan.say(told("45.0.0.10", 100))
        assert (await hints.get()).address == ip_address("45.0.0.10")

    lan.listen(test)

    assert len(warnings(caplog)) == 1


@GROUP
def test_a_crowd_of_strangers_does_not_fill_the_log(lan: Lan, caplog: pytest.LogCaptureFixture) -> None:
    async def test(hints: asyncio.Queue[Hint]) -> None:
        for last in range(2, 40):
            lan.say(told("66.6.6.6", 100), source=f"127.0.0.{last}")
            await asyncio.sleep(0)
        for _ in range(5):  # the queue of the listener is short
            await asyncio.sleep(0)
        lan.say(told("45.0.0.10", 100))
        assert (await hints.get()).address == ip_address("45.0.0.10")

    lan.listen(test)

    assert 0 < len(warnings(caplog)) <= 8


@GROUP
def test_a_new_gateway_is_believed_without_a_new_start(lan: Lan, caplog: pytest.LogCaptureFixture) -> None:
    async def test(hints: asyncio.Queue[Hint]) -> None:
        lan.gateways.address = "127.0.0.3"
        lan.say(told("45.0.0.30", 100), source="127.0.0.3")
        assert (await hints.get()).address == ip_address("45.0.0.30")

    lan.listen(test)

    assert not warnings(caplog)


@GROUP
def test_the_system_is_not_asked_for_its_gateway_by_everybody_who_makes_noise(
    lan: Lan, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(announcements, "LOOK_AGAIN", 3600.0)

    async def test(hints: asyncio.Queue[Hint]) -> None:
        for _ in range(5):
            lan.say(told("66.6.6.6", 100), source="127.0.0.2")
        lan.say(told("45.0.0.10", 100))
        await hints.get()

    lan.listen(test)

    assert lan.gateways.asked == 1
    assert not warnings(caplog)


@GROUP
def test_what_the_gateway_says_that_is_no_announcement_is_named_once(
    lan: Lan, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(hints: asyncio.Queue[Hint]) -> None:
        for message in (b"", b"\0", b"\0\x80\0\0", bytes(12), b"x" * 9000):
            lan.say(message)
            lan.say(message)
        lan.say(told("45.0.0.10", 100))
        assert (await hints.get()).address == ip_address("45.0.0.10")

    lan.listen(test)

    said = warnings(caplog)
    assert said and len(said) == len(set(said))
    assert all(text.startswith("gateway 127.0.0.1: ") for text in said)


@GROUP
def test_two_programs_on_one_machine_both_hear(lan: Lan) -> None:
    async def test(hints: asyncio.Queue[Hint]) -> None:
        other: asyncio.Queue[Hint] = asyncio.Queue()
        running = asyncio.ensure_future(Announcements(lan).run(other.put_nowait))
        while lan.gateways.asked < 2:
            await asyncio.sleep(0)
        for _ in range(5):
            await asyncio.sleep(0)
        lan.say(told("45.0.0.10", 100))
        assert (await hints.get()).address == (await other.get()).address
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    lan.listen(test)


@GROUP
def test_an_uplink_without_ipv6_hears_over_ipv4(lan: Lan, monkeypatch: pytest.MonkeyPatch) -> None:
    router = routers.Router(IPv6Address("fe80::1"), 1)
    monkeypatch.setattr(routers, "router", lambda interface: router)

    async def test(hints: asyncio.Queue[Hint]) -> None:
        lan.say(told("45.0.0.10", 100))
        assert (await hints.get()).address == ip_address("45.0.0.10")

    lan.listen(test)

    lan.gateways.address = None
    with pytest.raises(SourceError, match="no IPv6"):
        asyncio.run(Announcements(lan).run(lambda hint: None))


@pytest.mark.parametrize("option", ["SO_REUSEADDR", "SO_REUSEPORT"])
@GROUP
def test_the_port_is_shared_with_a_program_that_shares_it_in_either_way(lan: Lan, option: str) -> None:
    async def test(hints: asyncio.Queue[Hint]) -> None:
        lan.say(told("45.0.0.10", 100))
        assert (await hints.get()).address == ip_address("45.0.0.10")

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.setsockopt(socket.SOL_SOCKET, getattr(socket, option), 1)
        other.bind(("0.0.0.0", lan.client))
        lan.listen(test, others=True)


@GROUP
def test_a_port_that_another_program_does_not_share_is_told(lan: Lan) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", lan.client))
        with pytest.raises(SourceError, match=f"UDP port {lan.client}: address already in use"):
            asyncio.run(Announcements(lan).run(lambda hint: None))


@GROUP
def test_without_a_gateway_there_is_nobody_to_hear(lan: Lan) -> None:
    lan.gateways.address = None

    with pytest.raises(SourceError, match="no default IPv4 gateway"):
        asyncio.run(Announcements(lan).run(lambda hint: None))
