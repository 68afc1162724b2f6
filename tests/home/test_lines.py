"""Addresses of the machine itself, and several lines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from homeport.core.dns import RRType
from tests.home.agent import ACCOUNT, OWNER, Zone, running
from tests.lab import ISP, Home

pytestmark = pytest.mark.peer
SELDOM = 'interval = "1h"'  # whoever is faster than that was told
TWO = f"""
[uplink.fiber]
interface = "eth0"
ipv4 = ["http:http://{ISP}/"]
ipv6 = []
probe = ["icmp:{ISP}", "tcp:{ISP}:80"]
probe_interval = "1s"
detect = "1s"
recover = "1s"

[uplink.lte]
interface = "eth1"
ipv4 = ["http:http://{ISP}/"]
ipv6 = []
probe = ["icmp:{ISP}", "tcp:{ISP}:80"]
probe_interval = "1s"
detect = "1s"
recover = "1s"
{ACCOUNT}
[[record]]
name = "{OWNER}"
account = "ns"
uplink = ["fiber", "lte"]
"""


@pytest.fixture
def home() -> Iterator[Home]:
    with Home(lines=("fiber", "lte")) as found:
        yield found


@pytest.fixture
def zone(home: Home) -> Zone:
    return Zone(home, home.bind())


def test_an_address_of_an_interface_is_published_when_the_system_tells(home: Home, zone: Zone) -> None:
    """The agent runs on the gateway itself."""
    config = f"""
[uplink.default]
ipv4 = ["interface:wan0"]
ipv6 = []
{ACCOUNT}
[[record]]
name = "{OWNER}"
account = "ns"
"""
    with running(home, config, host="gw", agent=SELDOM) as agent:
        agent.publishes(zone, "45.0.0.10")
        for address in ("45.0.0.77", "45.0.0.78"):
            home.wan(address)
            agent.publishes(zone, address)
    assert zone.published() == ["45.0.0.10", "45.0.0.77", "45.0.0.78"]


def test_a_new_prefix_is_published_and_the_deprecated_one_is_not(home: Home, zone: Zone) -> None:
    config = f"""
[uplink.default]
ipv4 = []
ipv6 = ["interface:eth0"]
{ACCOUNT}
[[record]]
name = "{OWNER}"
account = "ns"
"""
    home.prefix("2a0a:100:0:7::/64")
    old, new = ("2a0a:100:0:7:0:5eff:fe00:7702", "2a01:200:0:7:0:5eff:fe00:7702")
    with running(home, config, agent=SELDOM) as agent:
        agent.publishes(zone, old, rrtype=RRType.AAAA)
        home.prefix("2a01:200:0:7::/64")
        agent.publishes(zone, new, rrtype=RRType.AAAA)
    assert zone.published(RRType.AAAA) == [old, new]


def test_a_record_follows_the_first_line_that_works_and_falls_back(home: Home, zone: Zone) -> None:
    with running(home, TWO + 'policy = "failover"\n', agent=SELDOM) as agent:
        agent.publishes(zone, "45.0.0.10")
        home.cut("fiber")
        agent.publishes(zone, "62.0.0.10")
        home.mend("fiber")
        agent.publishes(zone, "45.0.0.10")
        home.unplug("fiber")
        agent.publishes(zone, "62.0.0.10")
    assert zone.published() == ["45.0.0.10", "62.0.0.10", "45.0.0.10", "62.0.0.10"]


def test_a_line_that_is_lost_is_withdrawn_and_comes_back(home: Home, zone: Zone) -> None:
    with running(home, TWO + 'policy = "all"\n', agent=SELDOM) as agent:
        agent.publishes(zone, "45.0.0.10", "62.0.0.10")
        home.cut("fiber")
        agent.publishes(zone, "62.0.0.10")
        home.mend("fiber")
        agent.publishes(zone, "45.0.0.10", "62.0.0.10")


def test_when_every_line_is_lost_the_record_stays(home: Home, zone: Zone) -> None:
    with running(home, TWO + 'policy = "all"\n', agent=SELDOM) as agent:
        agent.publishes(zone, "45.0.0.10", "62.0.0.10")
        home.cut("fiber")
        agent.publishes(zone, "62.0.0.10")
        home.cut("lte")
        agent.cannot_tell("fiber: .* is down; lte: .* is down")
        assert zone.told() == {"62.0.0.10"}
        home.mend("lte")
        agent.wait(lambda: agent.status()["state"] == "right", "the line that is back is not seen")
        assert zone.told() == {"62.0.0.10"}
