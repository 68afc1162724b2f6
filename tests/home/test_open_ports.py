"""What a running agent listens on, in a home with a gateway that speaks everything."""

from __future__ import annotations

import re

import pytest

from tests.home.agent import Zone, running
from tests.lab import LAN, Home

pytestmark = pytest.mark.peer


def test_a_running_agent_listens_where_it_says_and_nowhere_else() -> None:
    """The three lines of SECURITY.md: none is open to all addresses of the machine."""
    with Home() as home:
        zone = Zone(home, home.bind())
        with running(home, agent='interval = "1h"') as agent:
            agent.publishes(zone, "45.0.0.10")
            agent.says("tells us its UPnP events")
            found = home.run("lan", ["ss", "-Hlntup"]).stdout.splitlines()
        mine = [line.split() for line in found if f"pid={agent.process.pid}," in line]
        places = sorted(f"{words[0]} {words[4]}" for words in mine)
        assert [re.sub(r":(?!5350$)\d+$", "", place) for place in places] == [
            f"tcp {LAN}",
            "udp 127.0.0.1",
            "udp 224.0.0.1:5350",
        ]
