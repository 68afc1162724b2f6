"""Dynamic update of BIND, Knot DNS and PowerDNS: the program itself, and its driver on real sockets."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.query
import dns.rdatatype
import dns.rdtypes.ANY.SOA
import pytest

from homeport.core.dns import Key, Name, Present, RRset, RRType
from homeport.core.errors import (
    BadCredentials,
    NoSuchName,
    ProviderError,
    Refused,
    Unreachable,
)
from homeport.core.secret import Secret
from homeport.driver import Api, Task, Verdict
from homeport.net.dns import TcpDns
from homeport.providers.rfc2136 import RFC2136
from homeport.wire.http import Reply, Request
from tests.peers.servers import Server, bind, knot, powerdns

ZONES = ("example.com", "example.net")
NAME, SECRET = "homeport.", "YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBvY3RldHMuLi4="
WRONG = b64encode(b"quite another secret").decode()
HERE4, HERE6, OLD = "45.0.0.10", "2a00:1450::10", "45.0.0.9"

pytestmark = pytest.mark.peer
Serving = Callable[..., AbstractContextManager[Server]]
every_server = pytest.mark.parametrize("serving", [bind, knot, powerdns])


# -- looking at a server, and changing it, with clients that are not ours ---------------------------


def asked(server: Server, name: str, rrtype: str) -> dns.message.Message:
    return dns.query.tcp(dns.message.make_query(name, rrtype), server.host, 5, server.port)


def told(server: Server, name: str, rrtype: str = "A") -> list[str]:
    answer = asked(server, name, rrtype).answer
    return sorted(rdata.to_text() for rrset in answer for rdata in rrset)


def ttl(server: Server, name: str, rrtype: str = "A") -> int:
    [rrset] = asked(server, name, rrtype).answer
    return rrset.ttl


def serials(server: Server) -> dict[str, int]:
    """The serial of each zone: it rises by one with every update message that changes something."""
    found = {}
    for zone in server.zones:
        soa = asked(server, zone, "SOA").answer[0][0]
        assert isinstance(soa, dns.rdtypes.ANY.SOA.SOA)
        found[zone] = soa.serial
    return found


def messages(server: Server, before: Mapping[str, int]) -> dict[str, int]:
    """How many update messages have changed each zone since then; zones without any are left out."""
    return {z: n - before[z] for z, n in serials(server).items() if n != before[z]}


def by_hand(server: Server, zone: str, *lines: str) -> None:
    words = "\n".join([f"server {server.host} {server.port}", f"zone {zone}", *lines, "send", ""])
    key = f"hmac-sha256:{NAME}:{SECRET}"
    subprocess.run(["nsupdate", "-t", "10", "-y", key], input=words, text=True, timeout=30, check=True)


# -- the program ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    status: int
    lines: list[dict[str, Any]]
    said: str

    @property
    def outcomes(self) -> dict[str, list[str]]:
        """Outcome -> names, each with its type."""
        found: dict[str, list[str]] = {}
        for line in self.lines:
            found.setdefault(line["outcome"], []).append(f"{line['name']} {line['type']}")
        return {outcome: sorted(names) for outcome, names in found.items()}

    @property
    def errors(self) -> set[str]:
        return {line["error"] for line in self.lines if line["error"]}


@dataclass
class House:
    """A person with a configuration, a state directory, and a server."""

    folder: Path
    server: Server
    account: dict[str, Any]
    record: dict[str, Any]
    here: tuple[str | None, str | None] = (HERE4, HERE6)
    verify: bool = False

    def __call__(self, *command: str) -> Run:
        (self.folder / "homeport.toml").write_text(self._toml())
        run = subprocess.run(
            [Path(sys.executable).parent / "homeport", "-c", self.folder / "homeport.toml", *command],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in run.stderr, run.stderr
        for secret in (SECRET, WRONG):
            assert secret not in run.stdout + run.stderr
        lines = [json.loads(line) for line in run.stdout.splitlines()] if "--json" in command else []
        return Run(run.returncode, lines, run.stdout + run.stderr)

    def run(self) -> Run:
        return self("run", "--once", "--json")

    def _toml(self) -> str:
        (self.folder / "key").write_text(self.account["tsig_key"] + "\n")
        (self.folder / "key").chmod(0o600)
        account = self.account | {"tsig_key": f"file:{self.folder / 'key'}"}
        tables: dict[str, dict[str, Any]] = {
            "agent": {"state_dir": str(self.folder / "state"), "verify": self.verify},
            "uplink.default": {
                word: [f"static:{address}"]
                for word, address in zip(("ipv4", "ipv6"), self.here, strict=True)
                if address is not None
            },
            "account.office": account,
            "[record]": {"account": "office"} | self.record,
        }
        return "".join(
            f"[{title}]\n" + "".join(f"{word} = {json.dumps(value)}\n" for word, value in table.items())
            for title, table in tables.items()
        )


@pytest.fixture
def house(tmp_path: Path) -> Callable[..., House]:
    def make(
        server: Server, names: Sequence[str], types: Sequence[str] = ("A", "AAAA"), **more: Any
    ) -> House:
        account = {
            "provider": "rfc2136",
            "server": server.host,
            "port": server.port,
            "tsig_name": NAME,
            "tsig_key": SECRET,
        }
        record = {"name": list(names), "type": list(types)}
        return House(tmp_path, server, account, record | more)

    return make


@every_server
def test_names_of_several_zones_are_created_and_a_second_run_sends_nothing(
    serving: Serving, house: Callable[..., House]
) -> None:
    names = [
        "home.example.com",
        "example.com",
        "*.wild.example.com",
        "a.b.c.example.com",
        "home.example.net",
    ]
    with serving(ZONES, NAME, SECRET) as server:
        mine = house(server, names)
        mine.verify = True
        before = serials(server)
        assert mine("plan").status == 3
        assert messages(server, before) == {}
        first = mine.run()
        both = sorted(f"{name} {rrtype}" for name in names for rrtype in ("A", "AAAA"))
        assert (first.status, first.outcomes, first.errors) == (0, {"updated": both}, set())
        assert messages(server, before) == {"example.com": 1, "example.net": 1}
        for name in [*names, "anything.wild.example.com"]:
            assert (told(server, name), told(server, name, "AAAA")) == ([HERE4], [HERE6])
        assert ttl(server, "home.example.com") == 60
        after = serials(server)
        second = mine.run()
        assert (second.status, second.outcomes) == (0, {"unchanged": both})
        assert all(line["live"] == line["wanted"] for line in second.lines)
        assert mine("plan").status == 0
        assert messages(server, after) == {}
        assert told(server, "ns1.example.com") == [server.host]


@every_server
def test_the_program_says_when_the_name_server_showed_it(
    serving: Serving, house: Callable[..., House]
) -> None:
    with serving(ZONES, NAME, SECRET) as server:
        mine = house(server, ["home.example.com"])
        mine.verify = True
        run = mine("run", "--once")
        assert run.status == 0
        assert run.said.count(f"live at {server.host} port {server.port} after ") == 2


@every_server
def test_an_address_that_changed_or_was_edited_by_hand_is_replaced(
    serving: Serving, house: Callable[..., House]
) -> None:
    rows = (f"home 300 IN A {OLD}", f"home 300 IN A {HERE4}", 'home 300 IN TXT "stays"')
    with serving(ZONES, NAME, SECRET, records=rows) as server:
        mine = house(server, ["home.example.com"], ["A"])
        before = serials(server)
        assert mine.run().outcomes == {"updated": ["home.example.com A"]}
        assert (told(server, "home.example.com"), messages(server, before)) == ([HERE4], {"example.com": 1})
        mine.here = ("45.0.0.11", None)
        assert mine.run().outcomes == {"updated": ["home.example.com A"]}
        assert told(server, "home.example.com") == ["45.0.0.11"]
        by_hand(
            server,
            "example.com",
            "update delete home.example.com A",
            "update add home.example.com 300 A 45.0.0.66",
        )
        repaired = mine.run()
        assert (repaired.status, repaired.lines[0]["live"]) == (0, ["45.0.0.11"])
        assert told(server, "home.example.com") == ["45.0.0.11"]
        by_hand(server, "example.com", "update delete home.example.com A")
        assert mine.run().outcomes == {"updated": ["home.example.com A"]}
        assert told(server, "home.example.com") == ["45.0.0.11"]
        assert told(server, "home.example.com", "TXT") == ['"stays"']
        assert told(server, "home.example.net") == sorted([HERE4, OLD])


@every_server
def test_a_ttl_that_nobody_asks_for_stays_and_one_that_is_asked_for_is_set(
    serving: Serving, house: Callable[..., House]
) -> None:
    rows = (f"home 300 IN A {OLD}", f"right 1234 IN A {HERE4}")
    names = ["home.example.com", "right.example.com", "new.example.com"]
    with serving(ZONES, NAME, SECRET, records=rows) as server:
        mine = house(server, names, ["A"])
        assert mine.run().status == 0
        assert [told(server, name) for name in names] == [[HERE4]] * 3
        assert [ttl(server, name) for name in names] == [300, 1234, 60]
        mine.record["ttl"] = 77
        before = serials(server)
        assert mine("plan").status == 3
        assert mine.run().outcomes == {"updated": sorted(f"{name} A" for name in names)}
        assert messages(server, before) == {"example.com": 1}
        assert [ttl(server, name) for name in names] == [77, 77, 77]
        assert [told(server, name) for name in names] == [[HERE4]] * 3
        assert mine("plan").status == 0
        del mine.record["ttl"]
        assert mine("plan").status == 0
        assert messages(server, before) == {"example.com": 1}


@every_server
@pytest.mark.parametrize("target", ["ns1", "nothing-there", "somewhere.else.example."])
def test_a_name_that_is_an_alias_is_an_error_and_nothing_is_changed(
    serving: Serving, house: Callable[..., House], target: str
) -> None:
    with serving(ZONES[:1], NAME, SECRET, records=[f"home 300 IN CNAME {target}"]) as server:
        mine = house(server, ["home.example.com", "other.example.com"], ["A"])
        before = serials(server)
        run = mine.run()
        assert run.status == 1
        assert run.outcomes == {"failed": ["home.example.com A"], "updated": ["other.example.com A"]}
        [error] = run.errors
        full = f"{target}.example.com" if "." not in target else target.removesuffix(".")
        assert error.startswith(f"home.example.com is a CNAME to {full}; remove it")
        assert (
            asked(server, "home.example.com", "CNAME").answer[0].to_text().startswith("home.example.com.")
        )
        assert (told(server, "other.example.com"), messages(server, before)) == (
            [HERE4],
            {"example.com": 1},
        )
        again = mine.run()
        assert again.outcomes == {"held": ["home.example.com A"], "unchanged": ["other.example.com A"]}
        by_hand(server, "example.com", "update delete home.example.com CNAME")
        assert "free to be tried again" in mine("retry", "home.example.com").said
        assert mine.run().outcomes["updated"] == ["home.example.com A"]
        assert told(server, "home.example.com") == [HERE4]


@every_server
@pytest.mark.parametrize("target", ["ns1", "somewhere.else.example."])
def test_the_alias_of_a_wildcard_is_overridden_by_the_address_of_the_name_itself(
    serving: Serving, house: Callable[..., House], target: str
) -> None:
    with serving(ZONES[:1], NAME, SECRET, records=[f"* 300 IN CNAME {target}"]) as server:
        names = ["home.example.com", "deep.down.example.com"]
        mine = house(server, names)
        run = mine.run()
        assert (run.status, run.errors) == (0, set())
        assert [told(server, name) for name in names] == [[HERE4]] * 2
        assert asked(server, "another.example.com", "CNAME").answer
        assert set(mine.run().outcomes) == {"unchanged"}


@every_server
def test_the_wildcard_itself_that_is_an_alias_is_an_error(
    serving: Serving, house: Callable[..., House]
) -> None:
    with serving(ZONES[:1], NAME, SECRET, records=["* 300 IN CNAME ns1"]) as server:
        run = house(server, ["*.example.com"], ["A"]).run()
        assert run.outcomes == {"failed": ["*.example.com A"]}
        assert "is a CNAME to ns1.example.com" in min(run.errors)


@every_server
def test_an_alias_like_that_of_the_wildcard_is_noticed_by_the_server(serving: Serving) -> None:
    rows = ("* 300 IN CNAME ns1", "home 300 IN CNAME ns1")
    with serving(ZONES[:1], NAME, SECRET, records=rows) as server:
        before = serials(server)
        verdicts = kept(server, {"home.example.com": HERE4, "b.example.com": HERE4, "c.example.com": HERE4})
        error = verdicts.pop("home.example.com")
        assert isinstance(error, Refused)
        assert "YXRRSET" in str(error)
        assert "there is a CNAME" in str(error)
        assert set(verdicts.values()) == {None}
        assert asked(server, "home.example.com", "CNAME").answer
        assert [told(server, f"{name}.example.com") for name in "bc"] == [[HERE4]] * 2
        assert messages(server, before)["example.com"] <= 2


@every_server
def test_names_of_nobody_or_of_another_server_are_told_apart(
    serving: Serving, house: Callable[..., House]
) -> None:
    cut = ("branch 300 IN NS ns1.elsewhere.example.", "branch 300 IN NS ns2.elsewhere.example.")
    strangers = ["home.notexample.com", "home.example.org", "com.example"]
    below = ["branch.example.com", "home.branch.example.com"]
    with serving(ZONES[:1], NAME, SECRET, records=cut) as server:
        before = serials(server)
        mine = house(server, [*strangers, *below, "home.example.com"], ["A"])
        run = mine.run()
        assert (run.status, run.outcomes["updated"]) == (1, ["home.example.com A"])
        said = {line["name"]: line["error"] for line in run.lines}
        for name in strangers:
            assert f"no zone of this server contains {name} (REFUSED)" in said[name]
        for name in below:
            assert f"{name} lies in branch.example.com, which is delegated to" in said[name]
            assert "ns1.elsewhere.example, ns2.elsewhere.example" in said[name]
        assert messages(server, before) == {"example.com": 1}
        assert mine.run().outcomes["held"] == sorted(f"{name} A" for name in [*strangers, *below])


@every_server
@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ({"tsig_key": WRONG}, {"tsig_key": SECRET}),
        ({"tsig_name": "somebody"}, {"tsig_name": NAME}),
        ({"tsig_algorithm": "hmac-sha512"}, {"tsig_algorithm": "hmac-sha256"}),
    ],
    ids=["secret", "name", "algorithm"],
)
def test_a_wrong_key_stops_the_account_until_it_is_changed_or_a_person_asks(
    serving: Serving, house: Callable[..., House], wrong: dict[str, str], right: dict[str, str]
) -> None:
    names = ["home.example.com", "home.example.net"]
    with serving(ZONES, NAME, SECRET) as server:
        before = serials(server)
        mine = house(server, names, ["A"])
        mine.account |= wrong
        refused = mine.run()
        assert refused.status == 1
        assert refused.outcomes == {"failed": sorted(f"{name} A" for name in names)}
        key = mine.account["tsig_name"].removesuffix(".")
        for error in refused.errors:
            assert f"does not accept the TSIG key '{key}' (hmac-sha" in error
            assert re.search(r"compare .*with the server's key file", error)
        held = mine.run()
        assert (held.status, held.outcomes) == (1, {"held": sorted(f"{name} A" for name in names)})
        assert all("does not accept the TSIG key" in error for error in held.errors)
        assert "free to be tried again" in mine("retry").said
        assert set(mine.run().outcomes) == {"failed"}
        assert set(mine.run().outcomes) == {"held"}
        assert messages(server, before) == {}
        mine.account |= right
        assert mine.run().outcomes == {"updated": sorted(f"{name} A" for name in names)}
        assert [told(server, name) for name in names] == [[HERE4]] * 2


@every_server
@pytest.mark.parametrize(
    "algorithm", ["hmac-sha512", "hmac-sha384", "hmac-sha224", "hmac-sha1", "hmac-md5"]
)
def test_every_algorithm_is_understood(serving: Serving, algorithm: str) -> None:
    with serving(ZONES[:1], NAME, SECRET, algorithm) as server:
        verdicts = kept(server, {"home.example.com": HERE4}, tsig_algorithm=algorithm)
        assert verdicts == {"home.example.com": None}
        assert told(server, "home.example.com") == [HERE4]


def test_a_name_that_the_policy_forbids_does_not_spoil_the_others(house: Callable[..., House]) -> None:
    names = [f"n{number}.example.com" for number in range(51)]
    rules = f"deny {NAME} name n17.example.com; grant {NAME} zonesub A AAAA;"
    with bind(ZONES[:1], NAME, SECRET, policy=rules) as server:
        mine = house(server, names, ["A"])
        run = mine.run()
        assert (run.status, run.outcomes["failed"]) == (1, ["n17.example.com A"])
        assert len(run.outcomes["updated"]) == 50
        [error] = run.errors
        assert "REFUSED for an update of example.com; does the server's policy let this key" in error
        assert [told(server, name) for name in names] == [
            [] if name.startswith("n17.") else [HERE4] for name in names
        ]
        before = serials(server)
        again = mine.run()
        assert (again.outcomes["held"], len(again.outcomes["unchanged"])) == (["n17.example.com A"], 50)
        assert messages(server, before) == {}


@pytest.mark.parametrize("serving", [bind, knot])
def test_both_families_are_kept_where_the_policy_allows_only_addresses(
    serving: Serving, house: Callable[..., House]
) -> None:
    policy = f"grant {NAME} zonesub A AAAA;" if serving is bind else "update-type: [A, AAAA]"
    with serving(ZONES[:1], NAME, SECRET, policy=policy) as server:
        assert house(server, ["home.example.com"]).run().status == 0
        assert (told(server, "home.example.com"), told(server, "home.example.com", "AAAA")) == (
            [HERE4],
            [HERE6],
        )


@every_server
def test_a_server_that_was_away_is_updated_when_it_is_back(
    serving: Serving, house: Callable[..., House]
) -> None:
    with serving(ZONES[:1], NAME, SECRET) as server:
        mine = house(server, ["home.example.com"], ["A"])
        server.stop()
        away = mine.run()
        assert (away.status, away.outcomes) == (1, {"failed": ["home.example.com A"]})
        assert away.errors == {f"{server.host} port {server.port}: connection refused"}
        server.start()
        assert mine.run().outcomes == {"updated": ["home.example.com A"]}
        server.restart()
        assert told(server, "home.example.com") == [HERE4]
        assert mine.run().outcomes == {"unchanged": ["home.example.com A"]}


@every_server
def test_a_thousand_names_are_one_message(serving: Serving, house: Callable[..., House]) -> None:
    names = [f"host-{number:04}.dyn.example.com" for number in range(1000)]
    with serving(ZONES[:1], NAME, SECRET) as server:
        mine = house(server, names, ["A"])
        for address in (HERE4, OLD):
            mine.here = (address, None)
            before = serials(server)
            run = mine.run()
            assert (run.status, len(run.outcomes["updated"])) == (0, 1000)
            assert messages(server, before) == {"example.com": 1}
            assert {tuple(told(server, name)) for name in (names[0], names[499], names[-1])} == {(address,)}
        before = serials(server)
        assert len(mine.run().outcomes["unchanged"]) == 1000
        assert messages(server, before) == {}


# -- the driver alone -------------------------------------------------------------------------------


class NoHttp:
    async def send(self, request: Request) -> Reply:
        raise AssertionError(f"{request}: no HTTP here")


def driver(server: Server, **settings: Any) -> RFC2136:
    key: dict[str, Any] = {"tsig_name": NAME, "tsig_key": Secret(SECRET)}
    return RFC2136(server=server.host, port=server.port, **(key | settings))


def seen(server: Server, names: Iterable[str], **settings: Any) -> Mapping[Key, Present | ProviderError]:
    provider = driver(server, **settings)
    keys = [(Name(name), RRType.A) for name in names]
    return asyncio.run(provider.look(Api(provider, NoHttp(), TcpDns(), time.time), keys))


def written(
    server: Server,
    wishes: Mapping[str, str],
    found: Mapping[Key, Present | ProviderError],
    *,
    clock: Callable[[], float] = time.time,
    **settings: Any,
) -> dict[str, Verdict]:
    """Carry out what `found` needs to become what is wished: name -> address."""
    provider = driver(server, **settings)
    tasks = []
    for name, address in wishes.items():
        wanted = RRset(Name(name), RRType.A, frozenset({ip_address(address)}), None)
        present = found[wanted.key]
        assert isinstance(present, Present), present
        tasks.append(Task(wanted, provider.changes(wanted, present.records), present.zone))
    verdicts: dict[str, Verdict] = {}

    def settled(spoken: Mapping[Key, Verdict]) -> None:
        verdicts.update({owner.text: verdict for (owner, _), verdict in spoken.items()})

    asyncio.run(provider.write(Api(provider, NoHttp(), TcpDns(), clock), tasks, settled))
    return verdicts


def kept(server: Server, wishes: Mapping[str, str], **settings: Any) -> dict[str, Verdict]:
    return written(server, wishes, seen(server, wishes, **settings), **settings)


@pytest.fixture(params=[bind, knot, powerdns])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with request.param(ZONES, NAME, SECRET, records=[f"home 300 IN A {OLD}"]) as running:
        yield running


def test_what_a_server_holds_is_read_with_its_zone_and_ttl(server: Server) -> None:
    found = seen(
        server, ["home.example.com", "nothing.example.com", "example.net", "HOME.example.net".lower()]
    )
    shape = {
        owner.text: (present.zone.apex.text, [(str(r.address), r.ttl) for r in present.records])
        for (owner, _), present in found.items()
        if isinstance(present, Present)
    }
    assert shape == {
        "home.example.com": ("example.com", [(OLD, 300)]),
        "nothing.example.com": ("example.com", []),
        "example.net": ("example.net", []),
        "home.example.net": ("example.net", [(OLD, 300)]),
    }


@pytest.mark.parametrize("skew", [-3600, 86400])
def test_clocks_that_differ_are_named_and_the_agent_tries_again(server: Server, skew: int) -> None:
    wishes = {"home.example.com": HERE4}
    verdicts = written(server, wishes, seen(server, wishes), clock=lambda: time.time() + skew)
    error = verdicts["home.example.com"]
    # PowerDNS says no more than NOTAUTH, without a signature.
    assert isinstance(error, BadCredentials if "pdns" in server.command[0] else Unreachable)
    assert "clock" in str(error)
    assert told(server, "home.example.com") == [OLD]


def test_an_alias_made_after_the_look_is_noticed_by_the_server(server: Server) -> None:
    wishes = {"new.example.com": HERE4, "other.example.com": HERE4}
    found = seen(server, wishes)
    by_hand(server, "example.com", "update add new.example.com 60 CNAME ns1.example.com.")
    verdicts = written(server, wishes, found)
    assert isinstance(verdicts["new.example.com"], Refused)
    assert verdicts["other.example.com"] is None
    assert told(server, "other.example.com") == [HERE4]
    assert asked(server, "new.example.com", "CNAME").answer


def test_an_unsigned_update_is_refused_and_the_error_says_what_is_missing(server: Server) -> None:
    unsigned: dict[str, Any] = {"tsig_name": None, "tsig_key": None}
    error = kept(server, {"home.example.com": HERE4}, **unsigned)["home.example.com"]
    assert isinstance(error, Refused)
    assert "tsig_name" in str(error)
    assert told(server, "home.example.com") == [OLD]


def test_a_wrong_key_is_asked_about_once_for_the_whole_account(server: Server) -> None:
    wishes = {f"n{number}.example.com": HERE4 for number in range(20)}
    verdicts = kept(server, wishes, tsig_key=Secret(WRONG))
    assert {type(verdict) for verdict in verdicts.values()} == {BadCredentials}
    assert len(set(verdicts.values())) == 1


def test_an_address_of_a_name_that_shall_have_none_is_removed(server: Server) -> None:
    provider = driver(server)
    wanted = RRset(Name("home.example.com"), RRType.A, frozenset(), None)
    present = seen(server, ["home.example.com"])[wanted.key]
    assert isinstance(present, Present)
    task = Task(wanted, provider.changes(wanted, present.records), present.zone)
    spoken: dict[Key, Verdict] = {}
    api = Api(provider, NoHttp(), TcpDns(), time.time)
    asyncio.run(provider.write(api, [task], spoken.update))
    assert spoken == {wanted.key: None}
    assert told(server, "home.example.com") == []
    assert provider.changes(wanted, ()) == ()


def test_a_thousand_questions_over_one_connection_are_answered(server: Server) -> None:
    names = [f"n{number}.example.{'com' if number % 2 else 'net'}" for number in range(3000)]
    found = dict(seen(server, [*names, "stranger.example.org"]))
    assert isinstance(found.pop((Name("stranger.example.org"), RRType.A)), NoSuchName)
    assert all(isinstance(present, Present) and present.records == () for present in found.values())
