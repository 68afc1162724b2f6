"""A gateway that tells, restarts, lies or is imitated: what the name server then holds, and ever held."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import IPv6Address

import pytest

from tests.home.agent import ACCOUNT, OWNER, Zone, occupied, running
from tests.lab import GATEWAY, ISP, NEIGHBOUR, Home, natpmp_answer

pytestmark = pytest.mark.peer
SELDOM = 'interval = "1h"'  # whoever is faster than that was told
BOTH = f"""
[uplink.default]
ipv4 = ["gateway", "http:http://{ISP}/"]
ipv6 = []
agree = 2
{ACCOUNT}
[[record]]
name = "{OWNER}"
account = "ns"
"""
PAGE_ONLY = BOTH.replace('"gateway", ', "").replace("agree = 2", "agree = 1")


@pytest.fixture
def home() -> Iterator[Home]:
    with Home() as found:
        yield found


@pytest.fixture
def zone(home: Home) -> Zone:
    return Zone(home, home.bind())


def pcp_announce(epoch: int) -> bytes:
    """What a PCP server multicasts after a restart (RFC 6887, 14.1.2)."""
    return struct.pack("!BBBBII12x", 2, 0x80, 0, 0, 0, epoch)


def pcp_map(address: str) -> bytes:
    """An unsolicited answer about a mapping (RFC 6887, 11.1 and 14.2): nobody asked for it."""
    external = IPv6Address(f"::ffff:{address}").packed
    return struct.pack("!BBBBII12x12sB3xHH16s", 2, 0x81, 0, 0, 3600, 1, bytes(12), 17, 4000, 4000, external)


FORGED = {
    "nat-pmp": natpmp_answer("6.6.6.6", epoch=0),
    "nat-pmp of a gateway that restarted": natpmp_answer("6.6.6.6", epoch=2**32 - 1),
    "nat-pmp without an address": natpmp_answer("0.0.0.0"),
    "nat-pmp with an error": natpmp_answer("6.6.6.6", result=3),
    "pcp": pcp_announce(0),
    "pcp map": pcp_map("6.6.6.6"),
    "nothing": b"",
    "truncated": natpmp_answer("6.6.6.6")[:7],
    "oversized": natpmp_answer("6.6.6.6") + bytes(1300),
}


def test_each_change_of_the_gateway_is_published_and_nothing_else(home: Home, zone: Zone) -> None:
    changes = [f"45.0.0.{number}" for number in range(20, 26)]
    with running(home, agent=SELDOM) as agent:
        agent.publishes(zone, "45.0.0.10")
        for address in changes:
            home.wan(address)
            agent.publishes(zone, address)
    assert zone.published() == ["45.0.0.10", *changes]


def test_a_line_that_is_down_for_a_while_keeps_its_record(home: Home, zone: Zone) -> None:
    with running(home, agent=SELDOM) as agent:
        agent.publishes(zone, "45.0.0.10")
        home.wan(None)
        agent.cannot_tell("its own line is down")
        assert zone.told() == {"45.0.0.10"}
        home.wan("45.0.0.77")
        agent.publishes(zone, "45.0.0.77")
    assert zone.published() == ["45.0.0.10", "45.0.0.77"]


@pytest.mark.parametrize("source", [NEIGHBOUR, GATEWAY], ids=["as itself", "as the gateway"])
def test_what_a_neighbour_forges_is_never_published(home: Home, zone: Zone, source: str) -> None:
    with running(home, agent=SELDOM) as agent:
        agent.publishes(zone, "45.0.0.10")
        for payload in FORGED.values():
            home.forge(payload, source=(source, 5351))
        if source == GATEWAY:
            agent.says("told by nat-pmp: the gateway announces 6.6.6.6")  # heard, and looked into
            agent.says(r"is right: 45\.0\.0\.10")
        home.wan("45.0.0.77")
        agent.publishes(zone, "45.0.0.77")
        assert agent.status()["state"] == "right"
    assert zone.published() == ["45.0.0.10", "45.0.0.77"]


def test_a_flood_of_forged_announcements_is_not_passed_on_to_the_gateway(home: Home, zone: Zone) -> None:
    with home.liar() as liar, running(home, agent=SELDOM) as agent:
        agent.publishes(zone, "45.0.0.10")
        quiet = len(liar.asked)
        for number in range(2000):
            home.forge(natpmp_answer(f"6.6.{number >> 8}.{number & 255}"), source=(GATEWAY, 5351))
        liar.address = "45.0.0.77"
        liar.announce()
        agent.publishes(zone, "45.0.0.77")
        assert len(liar.asked) - quiet < 100
    assert zone.published() == ["45.0.0.10", "45.0.0.77"]


def test_an_announcement_without_a_change_changes_nothing(home: Home, zone: Zone) -> None:
    with home.liar() as liar, running(home, agent=SELDOM) as agent:
        agent.publishes(zone, "45.0.0.10")
        asked = len(liar.asked)
        for payload in (natpmp_answer("45.0.0.66"), natpmp_answer("45.0.0.10", epoch=1), pcp_announce(1)):
            liar.announce(payload)
        agent.wait(lambda: len(liar.asked) > asked, "the gateway was not asked")
        liar.address = "45.0.0.77"
        liar.announce()
        agent.publishes(zone, "45.0.0.77")
    assert zone.published() == ["45.0.0.10", "45.0.0.77"]


def test_a_gateway_that_has_restarted_is_listened_to_as_before(home: Home, zone: Zone) -> None:
    with running(home, agent=SELDOM) as agent:
        agent.publishes(zone, "45.0.0.10")
        home.restart_miniupnpd()
        agent.says(r"is right: 45\.0\.0\.10")
        home.wan("45.0.0.77")
        agent.publishes(zone, "45.0.0.77")
    assert zone.published() == ["45.0.0.10", "45.0.0.77"]


def test_a_gateway_that_comes_back_with_another_address_is_asked_for_it(home: Home, zone: Zone) -> None:
    with running(home, agent=SELDOM) as agent:
        agent.publishes(zone, "45.0.0.10")
        home.stop_miniupnpd()
        home.wan("45.0.0.77")  # while there is nobody to tell
        home.start_miniupnpd()
        agent.publishes(zone, "45.0.0.77")
    assert zone.published() == ["45.0.0.10", "45.0.0.77"]


@pytest.mark.parametrize(
    ("address", "result", "why"),
    [
        ("0.0.0.0", 0, "its own line is down"),
        ("10.0.0.7", 0, "10.0.0.7 is a private address"),
        ("100.64.0.7", 0, "100.64.0.7 is a carrier-grade NAT address"),
        ("45.0.0.66", 2, "NAT-PMP is switched off"),
    ],
)
def test_a_gateway_without_a_public_address_is_not_believed(
    home: Home, zone: Zone, address: str, result: int, why: str
) -> None:
    with home.liar() as liar, running(home, agent=SELDOM) as agent:
        agent.publishes(zone, "45.0.0.10")
        liar.address, liar.result = address, result
        liar.announce(natpmp_answer("45.0.0.66"))  # a promise that it does not keep
        agent.cannot_tell(why)
        assert zone.told() == {"45.0.0.10"}
        liar.address, liar.result = "45.0.0.77", 0
        liar.announce()
        agent.publishes(zone, "45.0.0.77")
    assert zone.published() == ["45.0.0.10", "45.0.0.77"]


@pytest.mark.parametrize(
    "raw",
    [natpmp_answer("45.0.0.66")[:11], natpmp_answer("45.0.0.66") + bytes(60_000)],
    ids=["truncated", "oversized"],
)
def test_a_gateway_that_talks_nonsense_is_not_believed(home: Home, zone: Zone, raw: bytes) -> None:
    with home.liar() as liar, running(home, agent=SELDOM) as agent:
        agent.publishes(zone, "45.0.0.10")
        liar.raw = raw
        liar.announce()
        liar.announce(natpmp_answer("45.0.0.66"))
        agent.cannot_tell("gateway")
        liar.raw, liar.address = None, "45.0.0.77"
        liar.announce()
        agent.publishes(zone, "45.0.0.77")
    assert zone.published() == ["45.0.0.10", "45.0.0.77"]


def test_a_gateway_that_the_outside_contradicts_is_not_believed(home: Home, zone: Zone) -> None:
    with home.liar() as liar, running(home, BOTH, agent=SELDOM) as agent:
        agent.publishes(zone, "45.0.0.10")
        liar.address = "6.6.6.6"
        liar.announce()
        agent.cannot_tell("disagree")
        home.wan("45.0.0.77")
        liar.address = "45.0.0.77"
        liar.announce()
        agent.publishes(zone, "45.0.0.77")
    assert zone.published() == ["45.0.0.10", "45.0.0.77"]


def test_a_port_that_another_program_holds_is_told_once_and_the_agent_goes_on(
    home: Home, zone: Zone
) -> None:
    with occupied(home, "lan", 5350), running(home, agent=SELDOM) as agent:
        agent.publishes(zone, "45.0.0.10")
        agent.says("5350")
        home.wan("45.0.0.77")
        agent.command("retry")
        agent.publishes(zone, "45.0.0.77")
        assert len([line for line in agent.log.splitlines() if "5350" in line]) == 1


def test_without_any_gateway_service_the_agent_goes_on(zone: Zone, home: Home) -> None:
    home.stop_miniupnpd()
    with running(home, PAGE_ONLY, agent=SELDOM) as agent:
        agent.publishes(zone, "45.0.0.10")
        home.wan("45.0.0.77")
        agent.command("retry")
        agent.publishes(zone, "45.0.0.77")


@pytest.mark.usefixtures("clock_of_the_machine")
def test_a_change_that_nobody_tells_of_is_noticed(home: Home, zone: Zone) -> None:
    home.stop_miniupnpd()
    home.network.nft("gw", COUNTER)
    with running(home, PAGE_ONLY, agent=SELDOM) as agent:
        agent.publishes(zone, "45.0.0.10")
        agent.wait(lambda: questions(home) > 1, "the gateway is not asked whether the address is its own")
        home.wan("45.0.0.77")
        agent.publishes(zone, "45.0.0.77")
        agent.says("told by tripwire")
    assert zone.published() == ["45.0.0.10", "45.0.0.77"]


COUNTER = """
table inet watch {
    chain in {
        type filter hook input priority 0
        udp dport 33434 counter
    }
}
"""


def questions(home: Home) -> int:
    """Datagrams of the tripwire that have reached the gateway."""
    shown = home.run("gw", ["nft", "list", "table", "inet", "watch"]).stdout
    return int(shown.partition("packets ")[2].split()[0])


def test_a_new_address_does_not_wait_for_what_failed_with_the_old(home: Home, zone: Zone) -> None:
    with home.liar() as liar, running(home, agent=SELDOM) as agent:
        agent.publishes(zone, "45.0.0.10")
        home.cut()
        liar.address = "45.0.0.66"
        liar.announce()
        agent.says("failed: .*no connection")
        home.mend()
        liar.address = "45.0.0.77"
        liar.announce()
        agent.publishes(zone, "45.0.0.77")
    assert zone.published() == ["45.0.0.10", "45.0.0.77"]
