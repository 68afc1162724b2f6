"""The HTTP API of a real PowerDNS: its driver over the real transport."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import dns.message
import dns.query
import pytest

from homeport.core.dns import Key, Name, Present, RRset, RRType
from homeport.core.errors import BadCredentials, NoSuchName, ProviderError, Refused, Unreachable
from homeport.core.secret import Secret
from homeport.driver import Api, Task, Verdict
from homeport.net.dns import TcpDns
from homeport.net.http import HttpTransport
from homeport.providers.powerdns import PowerDNS
from homeport.wire.http import Reply, Request
from tests.peers.servers import Server, powerdns

ZONE, KEY = "example.com", "a-secret+of/PowerDNS=="
TSIG = "homeport.", "YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBvY3RldHMuLi4="
RECORDS = ("alias 300 IN CNAME ns1", "old 300 IN A 192.0.2.7", "old 300 IN TXT text")

pytestmark = pytest.mark.peer


@dataclass
class Counted:
    """The real transport, and what went through it."""

    inside: HttpTransport
    sent: list[Request]

    async def send(self, request: Request) -> Reply:
        self.sent.append(request)
        return await self.inside.send(request)


@dataclass
class Client:
    """An agent of one account at the server."""

    server: Server
    provider: PowerDNS
    sent: list[Request]

    def bring_about(self, *wanted: RRset) -> dict[Key, Verdict]:
        self.sent.clear()
        return asyncio.run(self._bring_about({rrset.key: self.provider.fit(rrset) for rrset in wanted}))

    async def _bring_about(self, goals: Mapping[Key, RRset]) -> dict[Key, Verdict]:
        verdicts: dict[Key, Verdict] = {}
        async with HttpTransport(user_agent="homeport") as transport:
            api = Api(self.provider, Counted(transport, self.sent), TcpDns(), lambda: 0.0)
            tasks = []
            for key, found in (await self.provider.look(api, goals.keys())).items():
                match found:
                    case Present(zone, records):
                        changes = self.provider.changes(goals[key], records)
                        tasks += [Task(goals[key], changes, zone)] if changes else []
                        verdicts[key] = None
                    case ProviderError():
                        verdicts[key] = found
            await self.provider.write(api, tasks, verdicts.update)
        return verdicts

    def told(self, owner: str, rrtype: str = "A") -> list[str]:
        """What the name server says."""
        question = dns.message.make_query(owner, rrtype)
        answer = dns.query.tcp(question, self.server.host, 5, self.server.port).answer
        return sorted(
            rdata.to_text()
            for rrset in answer
            for rdata in rrset
            if rrset.name == question.question[0].name
        )

    def by_hand(self, path: str, rrsets: list[dict[str, Any]] | None = None) -> Any:
        """A request to the API that is not ours."""
        request = urllib.request.Request(
            f"{self.provider.address()}{path}",
            None if rrsets is None else json.dumps({"rrsets": rrsets}).encode(),
            {"X-API-Key": KEY},
            method="GET" if rrsets is None else "PATCH",
        )
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.loads(reply.read() or "null")

    def rrset(self, owner: str, rrtype: str = "A") -> dict[str, Any]:
        rrsets = self.by_hand(f"/zones/{ZONE}.")["rrsets"]
        [found] = [row for row in rrsets if (row["name"], row["type"]) == (f"{owner}.", rrtype)]
        return dict(found)


def client(at: Server, **more: Any) -> Client:
    settings: dict[str, Any] = {
        "endpoint": f"http://{at.host}:{at.api_port}",
        "api_key": Secret(KEY),
    } | more
    return Client(at, PowerDNS(**settings), [])


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with powerdns([ZONE], *TSIG, records=RECORDS, api_key=KEY, secondaries=["second.example"]) as running:
        yield running


def want(owner: str, *addresses: str, rrtype: RRType = RRType.A, ttl: int | None = None) -> RRset:
    return RRset(Name.parse(owner), rrtype, frozenset(map(ip_address, addresses)), ttl)


@pytest.mark.parametrize(
    "owner", ["home.example.com", "example.com", "*.wild.example.com", "a.b.example.com"]
)
def test_both_families_come_change_and_go(server: Server, owner: str) -> None:
    guest = client(server)
    for n in 1, 2:
        wanted = (
            want(owner, f"192.0.2.{n}", ttl=60),
            want(owner, f"2001:db8::{n}", rrtype=RRType.AAAA, ttl=0),
        )
        assert set(guest.bring_about(*wanted).values()) == {None}
        assert [request.method for request in guest.sent].count("PATCH") == 1
        assert (guest.told(owner), guest.told(owner, "AAAA")) == ([f"192.0.2.{n}"], [f"2001:db8::{n}"])
        assert (guest.rrset(owner)["ttl"], guest.rrset(owner, "AAAA")["ttl"]) == (60, 0)
        guest.bring_about(*wanted)
        assert {request.method for request in guest.sent} == {"GET"}
    assert set(guest.bring_about(want(owner)).values()) == {None}
    assert (guest.told(owner), guest.told(owner, "AAAA")) == ([], ["2001:db8::2"])
    guest.bring_about(want(owner, rrtype=RRType.AAAA))
    assert guest.told(owner, "AAAA") == []


def test_several_addresses_of_a_name_and_its_other_types(server: Server) -> None:
    guest = client(server)
    assert set(guest.bring_about(want("old.example.com", "192.0.2.1", "192.0.2.2")).values()) == {None}
    assert guest.told("old.example.com") == ["192.0.2.1", "192.0.2.2"]
    assert guest.rrset("old.example.com")["ttl"] == 300
    assert guest.told("old.example.com", "TXT") == ['"text"']


def test_comments_and_disabled_records_are_kept(server: Server) -> None:
    guest = client(server)
    for owner, disabled in ("kept.example.com", False), ("parked.example.com", True):
        rows = [
            {"content": "192.0.2.7", "disabled": disabled},
            {"content": "192.0.2.8", "disabled": True},
            {"content": "192.0.2.9", "disabled": True},
        ]
        said = {"name": f"{owner}.", "type": "A", "ttl": 60, "changetype": "REPLACE", "records": rows}
        guest.by_hand(f"/zones/{ZONE}.", [said | {"comments": [{"content": "mine", "account": "me"}]}])
        assert set(guest.bring_about(want(owner, "192.0.2.1", "192.0.2.8")).values()) == {None}
        assert guest.told(owner) == ["192.0.2.1", "192.0.2.8"]
        found = guest.rrset(owner)
        assert [comment["content"] for comment in found["comments"]] == ["mine"]
        still = sorted(row["content"] for row in found["records"] if row["disabled"])
        assert still == (["192.0.2.7"] if disabled else []) + ["192.0.2.9"]
        guest.bring_about(want(owner))
        assert guest.told(owner) == []
        assert all(row["disabled"] for row in guest.rrset(owner)["records"])


def test_many_names_are_one_patch_and_a_bad_one_does_not_spoil_them(server: Server) -> None:
    guest = client(server)
    names = [f"n{n}.example.com" for n in range(200)]
    wanted = [want(name, "192.0.2.1") for name in names]
    wanted += [want(name, "2001:db8::1", rrtype=RRType.AAAA) for name in names]
    assert set(guest.bring_about(*wanted).values()) == {None}
    assert [request.method for request in guest.sent].count("PATCH") == 1
    assert guest.told(names[199]) == ["192.0.2.1"]
    wanted = [want(name, "192.0.2.2") for name in [*names[:20], "alias.example.com"]]
    verdicts = guest.bring_about(*wanted)
    error = verdicts.pop((Name("alias.example.com"), RRType.A))
    assert type(error) is Refused and "Conflicts with pre-existing RRset" in str(error)
    assert set(verdicts.values()) == {None}
    assert [guest.told(name) for name in names[:20]] == [["192.0.2.2"]] * 20
    assert guest.told("alias.example.com", "CNAME") == ["ns1.example.com."]


@pytest.mark.parametrize(
    ("owner", "more", "expected", "words"),
    [
        ("home.example.org", {}, NoSuchName, "no zone of this account"),
        ("home.notexample.com", {}, NoSuchName, "no zone of this account"),
        ("home.second.example", {}, Refused, "change it at its primary"),
        ("home.example.com", {"server": "elsewhere"}, NoSuchName, "404"),
        ("home.example.com", {"api_key": Secret("wrong")}, BadCredentials, "401"),
        ("home.example.com", {"endpoint": "http://127.0.0.1:1"}, Unreachable, ""),
    ],
)
def test_what_it_refuses_is_named(
    server: Server, owner: str, more: dict[str, Any], expected: type[ProviderError], words: str
) -> None:
    guest = client(server, **more)
    [error] = guest.bring_about(want(owner, "192.0.2.1")).values()
    assert type(error) is expected
    assert words in str(error) and "wrong" not in str(error)
    assert {request.method for request in guest.sent} == {"GET"}


def test_the_endpoint_may_name_the_path_of_the_api(server: Server) -> None:
    endpoint = f"http://{server.host}:{server.api_port}/api/v1/"
    wanted = want("path.example.com", "192.0.2.1")
    assert set(client(server, endpoint=endpoint).bring_about(wanted).values()) == {None}
