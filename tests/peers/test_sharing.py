"""A name at which several agents keep addresses, on real name servers: single records come and go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.peers.servers import Server, bind, knot, powerdns
from tests.peers.test_rfc2136 import (
    HERE4,
    HERE6,
    NAME,
    SECRET,
    ZONES,
    House,
    by_hand,
    messages,
    serials,
    told,
    ttl,
)

OWNER = "home.example.com"
THERE4, NEW4 = "45.0.0.20", "45.0.0.11"

pytestmark = pytest.mark.peer


@pytest.fixture(params=[bind, knot, powerdns])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    rows = (f"alias 300 IN CNAME {OWNER}.", 'home 300 IN TXT "stays"')
    with request.param(ZONES, NAME, SECRET, records=rows) as found:
        yield found


@pytest.fixture
def agent(tmp_path: Path, server: Server) -> Callable[..., House]:
    """An agent with a state of its own, which shares the name."""

    def make(place: str, address: str | None, six: str | None = None, **record: Any) -> House:
        folder = tmp_path / place
        folder.mkdir()
        account = {
            "provider": "rfc2136",
            "server": server.host,
            "port": server.port,
            "tsig_name": NAME,
            "tsig_key": SECRET,
        }
        types = [t for t, known in (("A", address), ("AAAA", six)) if known]
        told_by = {"name": OWNER, "type": types, "share": True} | record
        return House(folder, server, account, told_by, (address, six))

    return make


def test_each_agent_keeps_its_own_address_and_leaves_the_others(
    server: Server, agent: Callable[..., House]
) -> None:
    here, there = agent("here", HERE4, HERE6), agent("there", THERE4)
    before = serials(server)
    assert here.run().outcomes == {"updated": [f"{OWNER} A", f"{OWNER} AAAA"]}
    assert there.run().outcomes == {"updated": [f"{OWNER} A"]}
    assert told(server, OWNER) == sorted([HERE4, THERE4])
    assert messages(server, before) == {"example.com": 2}

    before = serials(server)
    for house in (here, there):
        assert set(house.run().outcomes) == {"unchanged"}
        assert house("plan").status == 0
    again = there.run()
    assert messages(server, before) == {}
    assert again.lines[0]["wanted"] == [THERE4]
    assert again.lines[0]["live"] == sorted([HERE4, THERE4])

    here.here = (NEW4, HERE6)
    plan = here("plan")
    assert f"- {HERE4}" in plan.said
    assert f"- {THERE4}" not in plan.said
    assert here.run().outcomes == {"updated": [f"{OWNER} A"], "unchanged": [f"{OWNER} AAAA"]}
    assert messages(server, before) == {"example.com": 1}, "added and removed in one message"
    assert told(server, OWNER) == sorted([NEW4, THERE4])
    assert told(server, OWNER, "AAAA") == [HERE6]
    assert told(server, OWNER, "TXT") == ['"stays"']


def test_the_last_address_of_one_agent_goes_without_taking_others_along(
    server: Server, agent: Callable[..., House]
) -> None:
    here, there = agent("here", HERE4), agent("there", THERE4)
    here.run()
    there.run()
    here.here = ("none", None)
    assert here.run().outcomes == {"updated": [f"{OWNER} A"]}
    assert told(server, OWNER) == [THERE4]


def test_an_address_that_somebody_took_away_is_put_back(
    server: Server, agent: Callable[..., House]
) -> None:
    here = agent("here", HERE4)
    here.run()
    by_hand(
        server,
        "example.com",
        f"update delete {OWNER} A",
        f"update add {OWNER} 300 A {THERE4}",
    )
    assert here.run().outcomes == {"updated": [f"{OWNER} A"]}
    assert told(server, OWNER) == sorted([HERE4, THERE4])


def test_agents_that_ask_for_different_ttls_do_not_set_them_in_turn(
    server: Server, agent: Callable[..., House]
) -> None:
    here, there = agent("here", HERE4, ttl=120), agent("there", THERE4, ttl=600)
    assert here.run().status == there.run().status == 0
    assert ttl(server, OWNER) == 120
    for house in (here, there):
        assert set(house.run().outcomes) == {"unchanged"}
    there.here = (NEW4, None)
    assert there.run().status == 0
    assert (told(server, OWNER), ttl(server, OWNER)) == (sorted([HERE4, NEW4]), 120)


def test_a_ttl_that_nobody_asks_for_is_left_to_the_others(
    server: Server, agent: Callable[..., House]
) -> None:
    here, there = agent("here", HERE4), agent("there", THERE4, ttl=300)
    assert there.run().status == here.run().status == 0
    assert ttl(server, OWNER) == 300
    here.here = (NEW4, None)
    assert here.run().status == 0
    assert (told(server, OWNER), ttl(server, OWNER)) == (sorted([NEW4, THERE4]), 300)


def test_alone_at_the_name_the_ttl_that_is_asked_for_is_set(
    server: Server, agent: Callable[..., House]
) -> None:
    here = agent("here", HERE4, ttl=120)
    here.run()
    here.record["ttl"] = 240
    assert here.run().outcomes == {"updated": [f"{OWNER} A"]}
    assert (told(server, OWNER), ttl(server, OWNER)) == ([HERE4], 240)
    assert set(here.run().outcomes) == {"unchanged"}


def test_a_shared_name_that_is_an_alias_is_refused(server: Server, agent: Callable[..., House]) -> None:
    here = agent("here", HERE4, name="alias.example.com")
    assert here.run().outcomes == {"failed": ["alias.example.com A"]}
