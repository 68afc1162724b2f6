"""Route 53's driver over real sockets, against moto's server: somebody else's reading of the same API."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from ipaddress import ip_address
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from defusedxml.ElementTree import fromstring

from homeport.core.dns import Key, Name, Present, RRset, RRType
from homeport.core.errors import NoSuchName, Refused
from homeport.core.secret import Secret
from homeport.driver import Api, Task, Verdict
from homeport.net.http import HttpTransport
from homeport.providers.route53 import Route53
from homeport.wire import xml

pytestmark = pytest.mark.peer
HOST, DEADLINE = "127.0.0.1", 60.0  # seconds until it answers: it imports a lot
SPACE = "https://route53.amazonaws.com/doc/2013-04-01/"
SIGNED = {
    "authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/route53/aws4_request, "
    "SignedHeaders=host, Signature=0"
}


class Moto:
    """The server, spoken to by a client that is not ours."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, method: str, path: str, body: str = "") -> bytes:
        connection = HTTPConnection(HOST, self.port, timeout=20)
        try:
            connection.request(method, path, body.encode(), SIGNED | {"host": "route53.amazonaws.com"})
            reply = connection.getresponse()
            data = reply.read()
        finally:
            connection.close()
        assert reply.status < 300, data
        return data

    def zone(self, name: str, *, private: bool = False) -> str:
        """Make a hosted zone; its id."""
        config = "<HostedZoneConfig><PrivateZone>true</PrivateZone></HostedZoneConfig>" if private else ""
        vpc = "<VPC><VPCRegion>us-east-1</VPCRegion><VPCId>vpc-1</VPCId></VPC>" if private else ""
        body = (
            f'<CreateHostedZoneRequest xmlns="{SPACE}"><Name>{name}.</Name>{vpc}'
            f"<CallerReference>{time.monotonic_ns()}</CallerReference>{config}</CreateHostedZoneRequest>"
        )
        root = fromstring(self.ask("POST", "/2013-04-01/hostedzone", body))
        return xml.child(xml.need(root, "HostedZone"), "Id").removeprefix("/hostedzone/")

    def change(self, zone: str, inside: str) -> None:
        self.ask(
            "POST",
            f"/2013-04-01/hostedzone/{zone}/rrset/",
            f'<ChangeResourceRecordSetsRequest xmlns="{SPACE}"><ChangeBatch><Changes><Change>'
            f"<Action>CREATE</Action><ResourceRecordSet>{inside}</ResourceRecordSet></Change></Changes>"
            "</ChangeBatch></ChangeResourceRecordSetsRequest>",
        )

    def plain(self, zone: str, name: str, rrtype: str, *values: str) -> None:
        records = "".join(f"<ResourceRecord><Value>{escape(v)}</Value></ResourceRecord>" for v in values)
        self.change(
            zone,
            f"<Name>{name}.</Name><Type>{rrtype}</Type><TTL>60</TTL>"
            f"<ResourceRecords>{records}</ResourceRecords>",
        )

    def held(self, zone: str) -> dict[tuple[str, str], tuple[str, list[str]]]:
        """(owner, type) -> (TTL, values), of all sets but the zone's own NS and SOA."""
        root = fromstring(self.ask("GET", f"/2013-04-01/hostedzone/{zone}/rrset"))
        found = {}
        for row in xml.need(root, "ResourceRecordSets"):
            rrtype = xml.child(row, "Type")
            if rrtype not in ("NS", "SOA"):
                name = xml.child(row, "Name").replace("\\052", "*").removesuffix(".")
                records = [one for part in xml.children(row, "ResourceRecords") for one in part]
                found[name, rrtype] = (
                    xml.child(row, "TTL"),
                    sorted(xml.child(record, "Value") for record in records),
                )
        return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Its port.  A server that is not installed is a failure, never a skip."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("moto") / "server.log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
        )
    try:
        wait_for(process, port, log)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + DEADLINE
    while True:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"no moto server ('moto[server]' of PyPI): {log.read_text()[-2000:]}")
            time.sleep(0.05)  # between two tries, not for luck
        else:
            return


@pytest.fixture
def moto(server: int) -> Moto:
    """Without any zones of an earlier test."""
    fresh = Moto(server)
    fresh.ask("POST", "/moto-api/reset")
    return fresh


def want(owner: str, *addresses: str, ttl: int | None = None, rrtype: RRType = RRType.A) -> RRset:
    return RRset(Name.parse(owner), rrtype, frozenset(map(ip_address, addresses)), ttl)


def bring_about(moto: Moto, *wanted: RRset, zone_id: str | None = None) -> dict[Key, Verdict]:
    """One round of an agent: look, plan, write; sets that are as wanted get no request."""
    provider = Route53(
        access_key_id="AKIDEXAMPLE",
        secret_access_key=Secret("secret"),
        session_token=Secret("token"),
        endpoint=f"http://{HOST}:{moto.port}",
        zone_id=zone_id,
    )

    async def work() -> dict[Key, Verdict]:
        verdicts: dict[Key, Verdict] = {}

        def settled(some: Mapping[Key, Verdict]) -> None:
            verdicts.update(some)

        async with HttpTransport(user_agent="test") as transport:
            api = Api(provider, transport, dns=None, now=time.time)  # type: ignore[arg-type] # unused
            seen = await provider.look(api, [rrset.key for rrset in wanted])
            tasks = []
            for rrset in wanted:
                present = seen[rrset.key]
                if not isinstance(present, Present):
                    verdicts[rrset.key] = present
                    continue
                if changes := provider.changes(rrset, present.records):
                    tasks.append(Task(rrset, changes, present.zone))
            if tasks:
                await provider.write(api, tasks, settled)
        return verdicts

    return asyncio.run(work())


HOME, SIX = "home.example.com", RRType.AAAA


def test_sets_of_both_families_come_change_and_go(moto: Moto) -> None:
    zone = moto.zone("example.com")
    moto.zone("example.net")
    moto.plain(zone, "aaa.example.com", "A", "192.0.2.99")
    moto.plain(zone, HOME, "TXT", '"stays"')
    others = moto.held(zone)

    first = bring_about(
        moto, want(HOME, "192.0.2.1", "192.0.2.2", ttl=120), want(HOME, "2001:db8::1", rrtype=SIX)
    )
    assert set(first.values()) == {None} and len(first) == 2
    assert moto.held(zone) == others | {
        (HOME, "A"): ("120", ["192.0.2.1", "192.0.2.2"]),
        (HOME, "AAAA"): ("300", ["2001:db8::1"]),
    }
    again = bring_about(
        moto, want(HOME, "192.0.2.2", "192.0.2.1", ttl=120), want(HOME, "2001:db8::1", rrtype=SIX)
    )
    assert again == {}, "nothing is written twice"

    moved = bring_about(
        moto, want(HOME, "192.0.2.3", "192.0.2.2"), want(HOME, "2001:db8::2", rrtype=SIX, ttl=60)
    )
    assert set(moved.values()) == {None}
    assert moto.held(zone) == others | {
        (HOME, "A"): ("120", ["192.0.2.2", "192.0.2.3"]),
        (HOME, "AAAA"): ("60", ["2001:db8::2"]),
    }
    gone = bring_about(moto, want(HOME), want(HOME, rrtype=SIX))
    assert set(gone.values()) == {None}
    assert moto.held(zone) == others


@pytest.mark.parametrize("owner", ["example.com", "a.b.c.example.com", "_x-1.example.com"])
def test_special_names(moto: Moto, owner: str) -> None:
    zone = moto.zone("example.com")
    assert set(bring_about(moto, want(owner, "192.0.2.1")).values()) == {None}
    assert moto.held(zone) == {(owner, "A"): ("300", ["192.0.2.1"])}
    assert bring_about(moto, want(owner, "192.0.2.1")) == {}


def test_a_wildcard_among_many(moto: Moto) -> None:
    """Alone it is asked for as "\\052", as the service's own pages do; moto knows only "*" by that name."""
    zone = moto.zone("example.com")
    goals = [want(f"{label}.example.com", "192.0.2.1") for label in ("*", *"abcdefgh")]
    assert set(bring_about(moto, *goals).values()) == {None}
    assert moto.held(zone)["*.example.com", "A"] == ("300", ["192.0.2.1"])
    assert bring_about(moto, *goals) == {}


def test_the_nearest_public_zone_is_found(moto: Moto) -> None:
    outer, inner = moto.zone("example.com"), moto.zone("sub.example.com")
    private = moto.zone("sub.example.com", private=True)
    verdicts = bring_about(
        moto, want("home.sub.example.com", "192.0.2.1"), want("home.notsub.example.com", "192.0.2.2")
    )
    assert set(verdicts.values()) == {None}
    assert list(moto.held(inner)) == [("home.sub.example.com", "A")]
    assert list(moto.held(outer)) == [("home.notsub.example.com", "A")]
    assert moto.held(private) == {}


def test_a_zone_that_is_not_there_and_two_of_one_name(moto: Moto) -> None:
    first, second = moto.zone("example.com"), moto.zone("example.com")
    [refused] = bring_about(moto, want(HOME, "192.0.2.1")).values()
    assert type(refused) is Refused and "zone_id" in str(refused)
    assert bring_about(moto, want(HOME, "192.0.2.1"), zone_id=second) == {want(HOME).key: None}
    assert (moto.held(first), list(moto.held(second))) == ({}, [(HOME, "A")])
    [unknown] = bring_about(moto, want(HOME, "192.0.2.2"), zone_id="Z0NOTTHERE").values()
    assert type(unknown) is NoSuchName
    [elsewhere] = bring_about(moto, want("home.elsewhere.test", "192.0.2.1")).values()
    assert type(elsewhere) is NoSuchName


def test_many_names_of_a_large_zone(moto: Moto) -> None:
    """More sets than one page of 300 holds, and more names than are asked for one by one."""
    moto.zone("example.com")
    names = [f"n{n}.example.com" for n in range(220)]
    goals = [want(name, "192.0.2.1") for name in names]
    goals += [want(name, "2001:db8::1", rrtype=SIX) for name in names]
    verdicts = bring_about(moto, *goals)
    assert set(verdicts.values()) == {None} and len(verdicts) == 440
    assert bring_about(moto, *goals) == {}
    assert set(bring_about(moto, *(want(name, "192.0.2.2") for name in names)).values()) == {None}


@pytest.mark.parametrize(
    "special",
    [
        (
            "<SetIdentifier>one</SetIdentifier><Weight>10</Weight><TTL>60</TTL><ResourceRecords>"
            "<ResourceRecord><Value>192.0.2.7</Value></ResourceRecord></ResourceRecords>"
        ),
        (
            "<AliasTarget><HostedZoneId>Z2FDTNDATAQYW2</HostedZoneId><DNSName>d1.cloudfront.net.</DNSName>"
            "<EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget>"
        ),
    ],
    ids=["weighted", "alias"],
)
def test_a_set_that_is_not_plain_is_left_alone(moto: Moto, special: str) -> None:
    zone = moto.zone("example.com")
    moto.change(zone, f"<Name>{HOME}.</Name><Type>A</Type>{special}")
    before = moto.held(zone)
    verdicts = bring_about(moto, want(HOME, "192.0.2.1"), want(HOME, "2001:db8::1", rrtype=SIX))
    assert type(verdicts[want(HOME).key]) is Refused
    assert verdicts[want(HOME, rrtype=SIX).key] is None
    assert moto.held(zone) == before | {(HOME, "AAAA"): ("300", ["2001:db8::1"])}
