"""What only Duck DNS does: labels, "KO" without a reason, and both families in a request."""

from __future__ import annotations

import pytest

from homeport.core.dns import Name, RRType
from homeport.core.errors import Doubted, NoSuchName, Refused, Unintelligible
from homeport.driver import Api, Task
from homeport.wire.http import Reply
from tests.contract.test_every_driver import NoDns, agent, only, run, want
from tests.fakes import query
from tests.fakes.duckdns import FakeDuckDNS


def test_names_with_the_same_addresses_go_in_one_request_with_both_families() -> None:
    fake = FakeDuckDNS()
    guest = agent(fake)
    names = ["a.duckdns.org", "b.duckdns.org", "www.b.duckdns.org", "*.a.duckdns.org"]
    guest.bring_about(
        *(want(name, "192.0.2.1") for name in names),
        *(want(name, "2001:db8::1", rrtype=RRType.AAAA) for name in names),
    )
    [request] = guest.wire.sent
    said = query(request) | {"token": ""}
    assert said == {"domains": "a,b", "ip": "192.0.2.1", "ipv6": "2001:db8::1", "token": ""}


def test_ipv6_alone_leaves_ipv4_alone() -> None:
    fake = FakeDuckDNS()
    fake.put(fake.owner, "A", ["192.0.2.7"])
    assert only(agent(fake).bring_about(want(fake.owner, "2001:db8::1", rrtype=RRType.AAAA))) is None
    assert fake.held(fake.owner, "A") == ["192.0.2.7"]


@pytest.mark.parametrize("owner", ["duckdns.org", "*.duckdns.org", "home.example.com", "x.notduckdns.org"])
def test_other_names_are_refused_before_anything_is_sent(owner: str) -> None:
    fake = FakeDuckDNS()
    guest = agent(fake)
    refused = only(guest.bring_about(want(owner, "192.0.2.1")))
    assert type(refused) is Refused and "NAME.duckdns.org" in str(refused)
    assert guest.wire.sent == []
    assert fake.driver("k").why_not(Name("a.b.duckdns.org")) is None


def test_a_ko_beside_an_ok_is_about_the_name_and_not_about_the_token() -> None:
    fake = FakeDuckDNS()
    fake.refused = {"b.duckdns.org"}
    verdicts = agent(fake).bring_about(*(want(f"{n}.duckdns.org", "192.0.2.1") for n in "abc"))
    assert {str(owner)[0]: type(v) for (owner, _), v in verdicts.items()} == {
        "a": type(None),
        "b": NoSuchName,
        "c": type(None),
    }


def test_a_ko_alone_may_be_anything() -> None:
    fake = FakeDuckDNS()
    fake.refused = {fake.owner}
    verdict = only(agent(fake).bring_about(want(fake.owner, "192.0.2.1")))
    assert type(verdict) is Doubted
    assert "a wrong token, not a name of this account, or an outage" in str(verdict)


def test_nothing_but_kos_is_believed_after_a_few_requests() -> None:
    fake = FakeDuckDNS()
    guest = agent(fake, key="of somebody else")
    names = [f"n{number}.duckdns.org" for number in range(20)]
    verdicts = guest.bring_about(*(want(name, "192.0.2.1") for name in names))
    assert {type(verdict) for verdict in verdicts.values()} == {Doubted}
    assert len(guest.wire.sent) < 10
    assert fake.rows == []


@pytest.mark.parametrize("bad", [{"n0"}, {"n0", "n1"}, {"n19"}, {"n3", "n4", "n11", "n12", "n13"}])
def test_names_that_are_not_ours_keep_no_other_name_from_its_address(bad: set[str]) -> None:
    fake = FakeDuckDNS()
    fake.refused = {f"{name}.duckdns.org" for name in bad}
    names = [f"n{number}.duckdns.org" for number in range(20)]
    verdicts = agent(fake).bring_about(*(want(name, "192.0.2.1") for name in names))
    said = {owner.text: verdict for (owner, _), verdict in verdicts.items()}
    assert {name for name in names if type(said[name]) is NoSuchName} == fake.refused
    assert {name for name in names if said[name] is None} == set(names) - fake.refused
    assert {row["owner"] for row in fake.rows} == set(names) - fake.refused


@pytest.mark.parametrize("body", [b"", b"OKAY", b"ok", b"<html>OK</html>", b"KO OK"])
def test_only_ok_is_ok(body: bytes) -> None:
    fake = FakeDuckDNS()
    guest = agent(fake, {1: lambda f, r: Reply(200, body)})
    assert type(only(guest.bring_about(want(fake.owner, "192.0.2.1")))) is Unintelligible


def test_addresses_are_cleared_only_both_together() -> None:
    fake = FakeDuckDNS()
    fake.put(fake.owner, "A", ["192.0.2.7"])
    fake.put(fake.owner, "AAAA", ["2001:db8::7"])
    guest = agent(fake)
    api = Api(guest.provider, guest.wire, NoDns(), now=lambda: 0.0)
    four, six = want(fake.owner), want(fake.owner, rrtype=RRType.AAAA)
    kept = want(fake.owner, "2001:db8::7", rrtype=RRType.AAAA)
    told: list[object] = []
    for sibling in None, kept:
        run(guest.provider.write(api, [Task(four, (), None, sibling)], lambda v: told.extend(v.values())))
    assert [type(verdict) for verdict in told] == [Refused, Refused] and guest.wire.sent == []
    run(guest.provider.write(api, [Task(four, ()), Task(six, ())], lambda v: told.extend(v.values())))
    assert told[2:] == [None, None] and fake.rows == []
