"""dns-lexicon as it is, with its provider `powerdns`, against the real server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import NamedTuple

import dns.message
import dns.query
import pytest

from homeport.core.dns import Key, Name, RRset, RRType
from homeport.core.errors import BadCredentials, NoSuchName, ProviderError, Unintelligible, Unreachable
from homeport.core.secret import Secret
from homeport.driver import Api, Provider, Task, Verdict
from homeport.net.dns import TcpDns
from homeport.net.lexicon import Lexicon as Library
from homeport.providers.lexicon import Lexicon
from homeport.wire.http import Reply, Request
from tests.peers.servers import HOST, Server, powerdns

pytestmark = pytest.mark.peer
ZONES = ("example.com", "example.net")
NAME, SECRET = "homeport.", "YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBvY3RldHMuLi4="
KEY = "s3cr3t-of-the-api"
RECORDS = (
    "homes 300 IN A 192.0.2.66",
    "home 300 IN TXT hello",
    "two 77 IN A 192.0.2.1",
    "two 77 IN A 192.0.2.2",
)


class NoHttp:
    async def send(self, request: Request) -> Reply:
        raise AssertionError(f"{request}: lexicon has connections of its own")


class Peer(NamedTuple):
    server: Server
    provider: Lexicon


@pytest.fixture
def pdns() -> Iterator[Peer]:
    with powerdns(ZONES, NAME, SECRET, records=RECORDS, api_key=KEY) as server:
        settings = {"pdns_server": Secret(f"http://{HOST}:{server.api_port}"), "auth_token": Secret(KEY)}
        yield Peer(server, Lexicon(dns="powerdns", settings=settings))


def want(owner: str, *addresses: str, rrtype: RRType = RRType.A) -> RRset:
    return RRset(Name(owner), rrtype, frozenset(map(ip_address, addresses)), None)


def bring_about(provider: Provider, *wanted: RRset) -> dict[Key, Verdict]:
    """One round of the smallest agent."""
    verdicts: dict[Key, Verdict] = {}

    def settled(some: Mapping[Key, Verdict]) -> None:
        verdicts.update(some)

    async def act() -> None:
        api = Api(provider, NoHttp(), TcpDns(), time.time, library=Library())
        goals = {rrset.key: provider.fit(rrset) for rrset in wanted}
        tasks = []
        for key, seen in (await provider.look(api, goals.keys())).items():
            if isinstance(seen, ProviderError):
                verdicts[key] = seen
            elif changes := provider.changes(goals[key], seen.records):
                tasks.append(Task(goals[key], changes, seen.zone))
            else:
                verdicts[key] = None
        await provider.write(api, tasks, settled)

    asyncio.run(act())
    return verdicts


def held(server: Server, owner: str, rrtype: str = "A") -> dict[str, int]:
    """Address: TTL."""
    reply = dns.query.udp(dns.message.make_query(owner, rrtype), server.host, 5, server.port)
    return {rdata.to_text(): rrset.ttl for rrset in reply.answer for rdata in rrset}


def test_powerdns_gets_new_records_other_addresses_and_loses_them_again(pdns: Peer) -> None:
    home = (
        want("home.example.com", "192.0.2.7"),
        want("home.example.com", "2001:db8::7", rrtype=RRType.AAAA),
    )
    assert set(bring_about(pdns.provider, *home).values()) == {None}
    assert held(pdns.server, "home.example.com") == {"192.0.2.7": 300}
    assert held(pdns.server, "home.example.com", "AAAA") == {"2001:db8::7": 300}

    assert set(bring_about(pdns.provider, want("home.example.com", "192.0.2.8")).values()) == {None}
    assert held(pdns.server, "home.example.com") == {"192.0.2.8": 300}
    assert held(pdns.server, "home.example.com", "AAAA") == {"2001:db8::7": 300}

    assert set(bring_about(pdns.provider, want("home.example.com")).values()) == {None}
    assert held(pdns.server, "home.example.com") == {}
    assert held(pdns.server, "homes.example.com") == {"192.0.2.66": 300}
    assert held(pdns.server, "home.example.com", "TXT") == {'"hello"': 300}


def test_of_several_addresses_one_changes_and_the_ttl_stays(pdns: Peer) -> None:
    wanted = want("two.example.com", "192.0.2.2", "192.0.2.3")
    assert set(bring_about(pdns.provider, wanted).values()) == {None}
    assert held(pdns.server, "two.example.com") == {"192.0.2.2": 77, "192.0.2.3": 77}


def test_names_of_two_zones_and_of_none(pdns: Peer) -> None:
    wanted = [want(name, "192.0.2.5") for name in ("example.com", "a.b.example.net", "*.example.com")]
    verdicts = bring_about(pdns.provider, *wanted, want("home.elsewhere.org", "192.0.2.5"))
    assert isinstance(verdicts.pop((Name("home.elsewhere.org"), RRType.A)), NoSuchName)
    assert set(verdicts.values()) == {None}
    for name in ("example.com", "a.b.example.net", "x.example.com"):
        assert held(pdns.server, name) == {"192.0.2.5": 300}


@pytest.mark.parametrize(
    ("setting", "value", "kind"),
    [
        ("auth_token", "wrong-key", BadCredentials),
        ("pdns_server", f"http://{HOST}:1", Unreachable),
        ("auth_token", "", Unintelligible),
    ],
)
def test_what_goes_wrong_has_a_name_and_shows_no_secret(
    pdns: Peer, setting: str, value: str, kind: type[ProviderError]
) -> None:
    settings = {**pdns.provider.settings, setting: Secret(value)}
    provider = Lexicon(dns="powerdns", settings=settings)
    [verdict] = bring_about(provider, want("home.example.com", "192.0.2.7")).values()
    assert type(verdict) is kind, verdict
    assert KEY not in str(verdict) and "wrong-key" not in str(verdict)
