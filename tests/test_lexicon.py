"""What the bridge to dns-lexicon makes of what its providers say, beside the contract."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from homeport.config import providers
from homeport.core.dns import Key, Name, Present, Record, RRset, RRType, Zone
from homeport.core.errors import BadCredentials, NoSuchName, ProviderError, Refused, Unintelligible
from homeport.core.plan import Delete, Replace
from homeport.core.secret import Secret
from homeport.driver import Api, Failed, Session, Step
from homeport.providers.lexicon import Lexicon
from homeport.wire.http import Reply, Request
from homeport.wire.lexicon_services import ANEW, BLIND, REFUSED, RELATIVE

HOME, ZONE = Name("home.example.com"), Zone(Name("example.com"), "example.com")
TOKEN = "s3cr3t/k&y +1"
ROW = {"id": 7, "type": "A", "name": "home.example.com", "content": "192.0.2.7", "ttl": 60}


class NoHttp:
    async def send(self, request: Request) -> Reply:
        raise AssertionError("no HTTP here")

    async def exchange(self, *_: Any) -> list[bytes]:
        raise AssertionError("no DNS here")


class Scripted:
    """A library that knows one zone; keeps what it was asked."""

    def __init__(self, rows: list[Any] | None = None, fails: Mapping[str, Exception] | None = None) -> None:
        self.rows = rows or []
        self.fails = fails or {}
        self.sessions: list[Session] = []

    async def run(self, session: Session) -> list[Any]:
        self.sessions.append(session)
        if session.zone in self.fails:
            raise self.fails[session.zone]
        if "*" in self.fails:
            raise self.fails["*"]
        return [self.rows if step.action == "list" else True for step in session.steps]


def driver(dns: str = "vultr", **more: Any) -> Lexicon:
    return Lexicon(dns=dns, settings={"auth_token": Secret(TOKEN)}, **more)


def look(library: Scripted, one: Lexicon | None = None) -> Present | ProviderError:
    one = one or driver()
    api = Api(one, NoHttp(), NoHttp(), lambda: 0.0, library=library)
    key: Key = (HOME, RRType.A)
    return asyncio.run(one.look(api, [key]))[key]


def commit(library: Scripted, one: Lexicon, *changes: Any) -> list[Step]:
    api = Api(one, NoHttp(), NoHttp(), lambda: 0.0, library=library)
    asyncio.run(one.commit(api, ZONE, changes))
    return [step for session in library.sessions for step in session.steps]


def answered(status: int, body: bytes = b"") -> Failed:
    url = f"https://api.test/{TOKEN}/zones"
    return Failed("HTTPError", "...", Request("GET", url), Reply(status, body))


@pytest.mark.parametrize(
    ("failed", "kind"),
    [
        (Failed("AuthenticationError", "No domain found"), NoSuchName),
        (Failed("AuthenticationError", "Domain example.com not found"), NoSuchName),
        (Failed("AuthenticationError", "Failed to authenticate: Object does not exist (2303)"), NoSuchName),
        (Failed("AuthenticationError", "Requested domain is not among the owned domains"), NoSuchName),
        (Failed("AuthenticationError", "failed to fetch basic domain info for example.com"), NoSuchName),
        (Failed("AuthenticationError", "Incorrect API keys"), BadCredentials),
        (Failed("AuthenticationError", "Failed to authenticate: wrong password (2200)"), BadCredentials),
        (Failed("AuthenticationError", "the login was not accepted"), BadCredentials),
        (Failed("AuthenticationError", ""), BadCredentials),
        (Failed("Exception", "domain not found: example.com"), NoSuchName),
        (Failed("LexiconError", "There is no zone for example.com."), NoSuchName),
        (Failed("KeyError", "'zones'"), Unintelligible),
        (Failed("Exception", f"no luck at https://api.test/x?k={TOKEN} and {TOKEN}"), Unintelligible),
        (answered(401), BadCredentials),
        (answered(403), BadCredentials),
        (answered(404), NoSuchName),
        (answered(422), Refused),
    ],
)
def test_the_words_of_a_failure_become_what_the_agent_must_do(
    failed: Failed, kind: type[Exception]
) -> None:
    found = look(Scripted(fails={"*": failed}))
    assert type(found) is kind, found
    assert TOKEN not in str(found)


def test_a_zone_is_found_although_its_parent_is_forbidden() -> None:
    library = Scripted([ROW], {"co.uk": answered(403)})
    one = driver()
    api = Api(one, NoHttp(), NoHttp(), lambda: 0.0, library=library)
    found = asyncio.run(one.find_zones(api, {Name("example.co.uk"), Name("co.uk")}))
    assert found == [Zone(Name("example.co.uk"), "example.co.uk")]


def test_zones_that_are_written_are_not_looked_for() -> None:
    library = Scripted([ROW])
    found = look(library, driver(zone=(Name("example.com"), Name("example.net"))))
    told = {"name": "home.example.com", "content": "192.0.2.7"}
    assert found == Present(ZONE, (Record("7", ip_address("192.0.2.7"), 60, told),))
    assert [(one.zone, one.steps) for one in library.sessions] == [
        ("example.com", (Step("list", "A", "home.example.com"),))
    ]


@pytest.mark.parametrize(
    "name", ["home.example.com", "home.example.com.", "HOME.example.com", "home", "home."]
)
def test_rows_are_ours_in_whatever_way_the_name_is_written(name: str) -> None:
    others = [
        {**ROW, "id": n, "name": other} for n, other in enumerate(["homes.example.com", "homes", "x home"])
    ]
    txt = {**ROW, "type": "TXT", "content": "hello"}
    found = look(Scripted([*others, {**ROW, "name": name}, txt]))
    assert isinstance(found, Present)
    assert [record.id for record in found.records] == ["7"]


def test_a_relative_name_of_several_labels_is_ours_too() -> None:
    one, key = driver(), (Name("a.b.example.com"), RRType.A)
    library = Scripted([{**ROW, "name": "a.b"}, {**ROW, "id": 8, "name": "a.b.example.org"}])
    api = Api(one, NoHttp(), NoHttp(), lambda: 0.0, library=library)
    found = asyncio.run(one.look(api, [key]))[key]
    assert isinstance(found, Present)
    assert [record.id for record in found.records] == ["7"]


def test_records_that_cannot_be_told_apart_are_refused() -> None:
    twins = [ROW, {**ROW, "content": "192.0.2.8"}]
    assert "same id" in str(look(Scripted(twins)))
    assert type(look(Scripted([{**ROW, "id": None}]))) is Refused


@pytest.mark.parametrize(
    ("dns", "steps"),
    [
        ("vultr", [Step("update", "A", "home.example.com", "192.0.2.9", "7")]),
        ("glesys", [Step("update", "A", "home", "192.0.2.9", "7")]),
        (
            "powerdns",
            [
                Step("create", "A", "home.example.com", "192.0.2.9"),
                Step("delete", "A", "home.example.com", "192.0.2.7", "7"),
            ],
        ),
    ],
)
def test_an_address_is_replaced_as_the_service_does_it_without_a_gap(dns: str, steps: list[Step]) -> None:
    library = Scripted([ROW])
    found = look(library, driver(dns))
    assert isinstance(found, Present)
    library.sessions.clear()
    wanted = RRset(HOME, RRType.A, frozenset({ip_address("192.0.2.9")}))
    change = Replace(wanted, found.records[0], ip_address("192.0.2.9"))
    assert commit(library, driver(dns), change) == steps
    assert library.sessions[0].ttl == 60


def test_a_deletion_says_all_it_knows_beside_the_id() -> None:
    library = Scripted([{**ROW, "type": "AAAA", "content": "2001:DB8::0:1"}])
    one = driver()
    api = Api(one, NoHttp(), NoHttp(), lambda: 0.0, library=library)
    key: Key = (HOME, RRType.AAAA)
    found = asyncio.run(one.look(api, [key]))[key]
    assert isinstance(found, Present)
    library.sessions.clear()
    change = Delete(RRset(HOME, RRType.AAAA, frozenset()), found.records[0])
    assert commit(library, one, change) == [
        Step("delete", "AAAA", "home.example.com", "2001:DB8::0:1", "7")
    ]


def test_a_failure_that_lexicon_swallows_is_no_success() -> None:
    class Sulking(Scripted):
        async def run(self, session: Session) -> list[Any]:
            return [False for _ in session.steps]

    wanted = RRset(HOME, RRType.A, frozenset({ip_address("192.0.2.9")}))
    record = Record("7", ip_address("192.0.2.7"), 60, {"name": "home.example.com", "content": "192.0.2.7"})
    with pytest.raises(Unintelligible, match=r"could not update home\.example\.com A"):
        commit(Sulking(), driver(), Replace(wanted, record, ip_address("192.0.2.9")))


def test_providers_that_could_harm_others_are_refused_and_blind_ones_need_the_zone() -> None:
    assert [key for key, _ in driver("gandi").mistakes()] == ["dns"]
    assert [key for key, _ in driver("dnsimple").mistakes()] == ["zone"]
    assert not [*driver("dnsimple", zone=(Name("example.com"),)).mistakes(), *driver("vultr").mistakes()]


def test_the_providers_that_are_told_apart_exist() -> None:
    import lexicon

    folder = Path(lexicon.__file__).parent / "_private" / "providers"
    assert {*REFUSED, *ANEW, *BLIND, *RELATIVE} <= {path.stem for path in folder.glob("*.py")}


def test_a_provider_that_is_sent_elsewhere_is_sent_to_a_driver_that_exists() -> None:
    named = {found[1] for why in REFUSED.values() if (found := re.search(r'provider = "(\w+)"', why))}
    assert named and named <= set(providers.names())
