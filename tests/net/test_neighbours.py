"""The neighbour table of this machine, with real neighbours, and how it comes to know them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from ipaddress import IPv6Address

import pytest

from homeport.core.errors import SourceError
from homeport.core.hint import Hint
from homeport.core.neighbours import NeighbourAddress
from homeport.net import interfaces
from homeport.net.uplink import UplinkNet
from tests.lab.network import Network, ip

if sys.platform != "linux":
    raise ImportError("tests/conftest.py leaves this file out elsewhere")

from homeport.net.netlink import NetlinkEvents

MAC = bytes.fromhex("02005e100001")
NAS, PRIVACY = IPv6Address("2001:db8:1:2::5"), IPv6Address("2001:db8:1:2:aaaa::1")
LONG = 10.0  # seconds; nothing waits so long unless it fails


@pytest.fixture
def lan() -> Iterator[Network]:
    """Two machines on one cable; the test is on "here", at 2001:db8:1:2::1."""
    network = Network(["here", "nas"])
    try:
        network.build()
        with network.inside("here"):
            ip(
                "link add eth0 type veth peer name far",
                f"link set far netns {network.netns('nas')}",
                "link set eth0 up",
                "addr add 2001:db8:1:2::1/64 dev eth0 nodad",
            )
            network.ip(
                "nas",
                "link set far address 02:00:5e:10:00:01",
                "link set far up",
                f"addr add {NAS}/64 dev far nodad",
                f"addr add {PRIVACY}/64 dev far nodad",
            )
            yield network
    finally:
        network.down()


def net() -> UplinkNet:
    return UplinkNet(user_agent="homeport/test")


async def met() -> dict[IPv6Address, NeighbourAddress]:
    return {one.address: one for one in await net().neighbours() if isinstance(one.address, IPv6Address)}


def test_a_neighbour_that_is_nudged_is_in_the_table(lan: Network) -> None:
    async def main() -> None:
        assert await met() == {}
        silent = IPv6Address("2001:db8:1:2::99")
        await net().nudge([NAS, PRIVACY, silent])
        async with asyncio.timeout(LONG):
            while len(found := await met()) < 2:
                await asyncio.sleep(0.01)
        assert found == {
            address: NeighbourAddress("eth0", address, MAC, confirmed=True) for address in (NAS, PRIVACY)
        }

    asyncio.run(main())


def test_entries_that_tell_nothing_are_left_out(lan: Network) -> None:
    mac = "lladdr 02:00:5e:10:00:01 dev eth0 nud"
    ip(
        f"neigh replace 2001:db8:1:2::a {mac} stale",
        f"neigh replace 2001:db8:1:2::b {mac} permanent",
        f"neigh replace 2001:db8:1:2::c {mac} noarp",
        f"neigh replace 2001:db8:1:2::d {mac} failed",
        f"neigh replace 192.0.2.7 {mac} permanent",
    )
    assert {str(one.address): one.confirmed for one in interfaces.neighbours()} == {
        "2001:db8:1:2::a": False,
        "2001:db8:1:2::b": True,
    }


def test_a_nudge_that_no_way_leads_to_is_no_trouble(lan: Network) -> None:
    asyncio.run(net().nudge([IPv6Address("2001:db8:ffff::1"), NAS]))


def test_a_great_table_is_read_to_its_end(lan: Network) -> None:
    entries = range(900)
    mac = "lladdr 02:00:5e:10:00:02 dev eth0 nud permanent"
    ip(*(f"neigh add 2001:db8:1:2::1:{number:x} {mac}" for number in entries))
    assert len(interfaces.neighbours()) == len(entries)


def test_a_system_that_does_not_tell_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> list[NeighbourAddress]:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(interfaces, "neighbours", refused)
    with pytest.raises(SourceError, match="does not tell its neighbours"):
        asyncio.run(net().neighbours())


def test_the_wanted_neighbours_are_told_when_they_are_met(lan: Network) -> None:
    async def main() -> None:
        heard: asyncio.Queue[Hint] = asyncio.Queue()
        task = asyncio.ensure_future(NetlinkEvents([MAC]).run(heard.put_nowait))
        await asyncio.sleep(0)  # it has begun to listen
        try:
            async with asyncio.timeout(LONG):
                await net().nudge([NAS])
                assert await heard.get() == Hint("neighbour", f"the neighbour 02:00:5e:10:00:01 has {NAS}")
                entry = f"{NAS} lladdr 02:00:5e:10:00:01 dev eth0 nud"
                ip(f"neigh replace {entry} stale", f"neigh replace {entry} reachable")
                ip("neigh replace 2001:db8:1:2::a lladdr 02:00:5e:10:00:02 dev eth0 nud permanent")
                await net().nudge([PRIVACY])
                assert (await heard.get()).says.endswith(f"has {PRIVACY}")
                ip(f"neigh replace {entry} failed", f"neigh replace {entry} reachable")
                assert (await heard.get()).says.endswith(f"has {NAS}")
                assert heard.empty()
        finally:
            task.cancel()
            await asyncio.wait({task})

    asyncio.run(main())


def test_the_table_of_macos_and_freebsd_is_read() -> None:
    """As ndp(8) of macOS 14 prints it."""
    text = """\
Neighbor                                Linklayer Address  Netif Expire    St Flgs Prbs
2001:db8:1:2::5                         2:0:5e:10:0:1        en0 23s       R
2001:db8:1:2:aaaa::1                    02:00:5e:10:00:01    en0 23h59m58s S  R
2001:db8:1:2::77                        (incomplete)         en0 expired   N
2001:db8:1:2::78                        2:0:5e:10:0:1        en0 expired   I
fe80::1%lo0                             (incomplete)         lo0 permanent R
fe80::5eff:fe10:1%en0                   2:0:5e:10:0:1        en0 10s       D
"""
    assert interfaces.read_ndp(text.splitlines()) == [
        NeighbourAddress("en0", NAS, MAC, confirmed=True),
        NeighbourAddress("en0", PRIVACY, MAC),
        NeighbourAddress("en0", IPv6Address("fe80::5eff:fe10:1"), MAC),
    ]


@pytest.mark.parametrize(
    "noise", ["", "x", "a b c d R", "a 0:0:0:0:0:0 en0 1s R", "a 1:2:3:4:5:6g en0 1s R"]
)
def test_lines_that_are_no_neighbour_are_left_out(noise: str) -> None:
    assert interfaces.read_ndp([noise]) == []
