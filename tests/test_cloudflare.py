"""What only Cloudflare does: its zones, pages, batches, options and error codes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from homeport.core.dns import Name, RRset, RRType
from homeport.core.errors import (
    BadCredentials,
    NoSuchName,
    ProviderError,
    Refused,
    Stale,
    Throttled,
    Unreachable,
)
from homeport.wire.http import Reply, Request
from tests.contract.test_every_driver import Agent, Wire, act, agent, crowd, only, want
from tests.fakes import Fake
from tests.fakes.cloudflare import FakeCloudflare

HOME = "home.example.com"


def optional(wanted: RRset, **options: object) -> RRset:
    return replace(wanted, options=options)


def calls(guest: Agent) -> list[str]:
    return [f"{r.method} {r.url.partition('/client/v4')[2]}" for r in guest.wire.sent]


def test_one_change_is_a_plain_call_and_says_only_what_differs() -> None:
    fake = FakeCloudflare()
    fake.add(HOME, "A", "192.0.2.7")
    guest = agent(fake)
    guest.bring_about(want(HOME, "192.0.2.1"))
    assert calls(guest)[-1] == "PATCH /zones/z1/dns_records/1"
    assert json.loads(guest.wire.sent[-1].body) == {"content": "192.0.2.1"}


def test_a_new_record_is_not_proxied_and_has_the_automatic_ttl() -> None:
    fake = FakeCloudflare()
    guest = agent(fake)
    guest.bring_about(want(HOME, "192.0.2.1"))
    assert json.loads(guest.wire.sent[-1].body)["proxied"] is False
    assert [(row["proxied"], row["ttl"]) for row in fake.rows] == [(False, 1)]


def test_several_changes_are_one_transaction() -> None:
    fake = FakeCloudflare()
    fake.put(HOME, "A", ["192.0.2.7", "192.0.2.8", "192.0.2.9"])
    guest = agent(fake)
    guest.bring_about(want(HOME, "192.0.2.1"), want(HOME, "2001:db8::1", rrtype=RRType.AAAA))
    assert calls(guest)[4:] == ["POST /zones/z1/dns_records/batch"]
    assert fake.held(HOME, "A") == ["192.0.2.1"]
    assert fake.held(HOME, "AAAA") == ["2001:db8::1"]


@pytest.mark.parametrize("status", [404, 405])
def test_a_server_without_batches_gets_single_calls(status: int) -> None:
    fake = FakeCloudflare()
    fake.batches = False
    fake.put("n1.example.com", "A", ["192.0.2.7", "192.0.2.8", "192.0.2.9"])
    guest = agent(fake)
    batch = "https://api.cloudflare.com/client/v4/zones/z1/dns_records/batch"
    unknown = b'{"success": false, "errors": [{"code": 7000, "message": "No route for that URI"}]}'
    old = {n: lambda f, r: Reply(status, unknown) if r.url == batch else f(r) for n in range(40)}
    guest.wire.faults = old
    verdicts = guest.bring_about(*(want(name, "192.0.2.1") for name in crowd(fake, 9)))
    assert set(verdicts.values()) == {None}
    assert all(fake.held(name, "A") == ["192.0.2.1"] for name in crowd(fake, 9))


@pytest.mark.parametrize("names", [1, 9])
def test_all_pages_are_read(names: int) -> None:
    fake = FakeCloudflare()
    for n in range(250):
        fake.add(HOME if names == 1 else f"other{n}.example.com", "A", f"10.0.0.{n}")
    guest = agent(fake)
    verdicts = guest.bring_about(*(want(name, "192.0.2.1") for name in [HOME, *crowd(fake, names - 1)]))
    assert set(verdicts.values()) == {None}
    assert fake.held(HOME, "A") == ["192.0.2.1"]
    assert len(fake.rows) == (1 if names == 1 else 250 + names)


def test_a_server_that_ignores_the_page_neither_holds_us_nor_makes_us_delete() -> None:
    fake = FakeCloudflare()
    fake.pages = False
    for n in range(240):
        fake.add(f"other{n}.example.com", "A", f"10.0.0.{n}")
    fake.rows.insert(0, fake.add(HOME, "A", "192.0.2.1"))
    fake.rows.pop()
    guest = agent(fake)
    wanted = [want(HOME, "192.0.2.1"), *(want(f"other{n}.example.com", f"10.0.0.{n}") for n in range(50))]
    assert set(guest.bring_about(*wanted).values()) == {None}
    assert set(guest.planned.values()) == {()}
    assert len(guest.wire.sent) < 10


def test_a_filter_that_is_ignored_does_no_harm() -> None:
    fake = FakeCloudflare()
    fake.add("www.example.com", "A", "192.0.2.50")
    fake.add(HOME, "AAAA", "2001:db8::50")
    fake.add("Home.Example.COM", "A", "192.0.2.7")
    guest = agent(
        fake, dict.fromkeys(range(9), lambda f, r: f(replace(r, query={})) if r.method == "GET" else f(r))
    )
    assert only(guest.bring_about(want(HOME, "192.0.2.1"))) is None
    assert fake.held("www.example.com", "A") == ["192.0.2.50"]
    assert fake.held(HOME, "AAAA") == ["2001:db8::50"]
    assert fake.held("Home.Example.COM", "A") == ["192.0.2.1"]


def test_a_name_that_nobody_can_own_is_no_obstacle_in_a_long_list() -> None:
    fake = FakeCloudflare()
    fake.add("-odd-.example.com", "A", "192.0.2.50")
    names = crowd(fake, 9)
    assert set(agent(fake).bring_about(*(want(name, "192.0.2.1") for name in names)).values()) == {None}


@pytest.mark.parametrize("names", [1, 9])
def test_a_zone_whose_name_comes_in_unicode_is_found(names: int) -> None:
    fake = FakeCloudflare()
    fake.add_zone("z2", "münchen.example")
    served = fake.inside
    fake.inside = lambda zone, owner: zone == "z2" or served(zone, owner)  # type: ignore[method-assign]
    owners = [f"n{n}.münchen.example" for n in range(names)]
    assert set(agent(fake).bring_about(*(want(owner, "192.0.2.1") for owner in owners)).values()) == {None}
    assert fake.held("n0.xn--mnchen-3ya.example", "A") == ["192.0.2.1"]


def test_the_deepest_zone_wins() -> None:
    fake = FakeCloudflare()
    fake.add_zone("z2", "sub.example.com")
    guest = agent(fake)
    guest.bring_about(want("a.sub.example.com", "192.0.2.1"), want("a.example.com", "192.0.2.2"))
    assert {c for c in calls(guest) if c.startswith("POST")} == {
        "POST /zones/z1/dns_records",
        "POST /zones/z2/dns_records",
    }


def test_a_zone_that_has_moved_away_is_named_and_spoils_no_other() -> None:
    fake = FakeCloudflare()
    fake.add_zone("z2", "example.net", status="moved")
    verdicts = agent(fake).bring_about(want("a.example.net", "192.0.2.1"), want(HOME, "192.0.2.1"))
    moved = verdicts[Name("a.example.net"), RRType.A]
    assert isinstance(moved, NoSuchName) and "'moved'" in str(moved)
    assert verdicts[Name(HOME), RRType.A] is None


def test_the_same_zone_in_two_accounts_needs_an_account_id() -> None:
    fake = FakeCloudflare()
    fake.add_zone("z2", "example.com", account="a2")
    guest = agent(fake)
    refused = only(guest.bring_about(want(HOME, "192.0.2.1")))
    assert isinstance(refused, Refused) and "account_id" in str(refused)
    told = replace(fake.driver(fake.good), account_id="a2")
    assert only(Agent(fake, Wire(fake), told).bring_about(want(HOME, "192.0.2.1"))) is None
    guest = Agent(fake, Wire(fake, {1: all_zones, 2: all_zones}), told)
    guest.bring_about(want(HOME, "192.0.2.1"))
    assert calls(guest)[-1] == "GET /zones/z2/dns_records"


def all_zones(fake: Fake, request: Request) -> Reply:
    return fake(replace(request, query={}))


def test_a_wildcard_is_no_zone() -> None:
    guest = agent(FakeCloudflare())
    guest.bring_about(want("*.example.com", "192.0.2.1"))
    assert calls(guest).count("GET /zones") == 1


def test_of_two_zones_the_one_that_is_served_is_taken() -> None:
    fake = FakeCloudflare()
    fake.add_zone("z2", "example.com", status="moved", account="a2")
    fake.add_zone("z3", "example.com", status="pending", account="a3")
    assert only(agent(fake).bring_about(want(HOME, "192.0.2.1"))) is None


@pytest.mark.parametrize(
    "options",
    [
        {"proxied": True},
        {"comment": "by homeport"},
        {"tags": ["b:2", "a:1"]},
        {"tags": []},
        {"comment": ""},
    ],
)
@pytest.mark.parametrize("start", [[], ["192.0.2.1"], ["192.0.2.7"]], ids=["new", "same", "other"])
def test_an_option_that_is_written_is_enforced_once(options: dict[str, Any], start: list[str]) -> None:
    fake = FakeCloudflare()
    fake.put(HOME, "A", start)
    guest, wanted = agent(fake), optional(want(HOME, "192.0.2.1", ttl=120), **options)
    assert only(guest.bring_about(wanted)) is None
    [row] = fake.rows
    held = {name: sorted(row[name]) if name == "tags" else row[name] for name in options}
    assert held == {name: sorted(v) if name == "tags" else v for name, v in options.items()}
    guest.bring_about(wanted)
    assert set(guest.planned.values()) == {()}


def test_taking_a_record_off_the_proxy_sets_its_ttl_in_the_same_call() -> None:
    fake = FakeCloudflare()
    fake.add(HOME, "A", "192.0.2.1", proxied=True, ttl=1)
    guest, wanted = agent(fake), want(HOME, "192.0.2.1", ttl=120)
    guest.bring_about(wanted)
    assert set(guest.planned.values()) == {()}, "a proxied record has no TTL of its own"
    guest.bring_about(optional(wanted, proxied=False))
    assert json.loads(guest.wire.sent[-1].body) == {"proxied": False, "ttl": 120}


@pytest.mark.parametrize(
    ("asked", "options", "kept"),
    [(1, {}, 1), (30, {}, 60), (10**6, {}, 86400), (None, {}, None), (60, {"proxied": True}, None)],
)
def test_fit_gives_the_nearest_ttl(
    asked: int | None, options: Mapping[str, object], kept: int | None
) -> None:
    wanted = optional(want(HOME, "192.0.2.1", ttl=asked), **options)
    assert FakeCloudflare().driver("k").fit(wanted).ttl == kept


def test_what_is_not_said_among_the_options_is_no_wish() -> None:
    wanted = optional(want(HOME, "192.0.2.1"), proxied=None, tags=["b", "a"])
    assert FakeCloudflare().driver("k").fit(wanted).options == {"tags": ("a", "b")}


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, 6003, BadCredentials),
        (403, 9109, BadCredentials),
        (403, 10000, BadCredentials),
        (200, 10000, BadCredentials),
        (404, 7003, Stale),
        (404, 81044, Stale),
        (400, 81057, Stale),
        (400, 81058, Stale),
        (400, 81053, Refused),
        (400, 1004, Refused),
        (400, 9021, Refused),
        (400, 971, Throttled),
        (429, 10429, Throttled),
        (400, 10013, Unreachable),
        (500, 10013, Unreachable),
        (400, 4711, Refused),
        (200, 4711, Refused),
        (404, 4711, NoSuchName),
    ],
)
def test_each_error_code_means_what_the_agent_must_do(
    status: int, code: int, expected: type[ProviderError]
) -> None:
    fake = FakeCloudflare()
    told = {"success": False, "errors": [{"code": code, "message": "no"}], "result": None}
    guest = agent(fake, dict.fromkeys(range(9), lambda f, r: Reply(status, json.dumps(told).encode())))
    error = only(guest.bring_about(want(HOME, "192.0.2.1")))
    assert type(error) is expected
    if isinstance(error, Throttled):
        assert error.retry_after == 300


def test_a_longer_retry_after_is_honoured() -> None:
    fake = FakeCloudflare()
    guest = agent(fake, {1: lambda f, r: Reply(429, headers={"retry-after": "900"})})
    error = only(guest.bring_about(want(HOME, "192.0.2.1")))
    assert isinstance(error, Throttled) and error.retry_after == 900


def test_a_record_made_by_somebody_else_meanwhile_is_seen_in_the_next_round() -> None:
    fake = FakeCloudflare()
    guest = agent(fake)

    def meanwhile(f: Any, request: Any) -> Reply:
        f.put(HOME, "A", ["192.0.2.1"])
        return act(f, request)

    guest.wire.faults = {4: meanwhile}
    assert type(only(guest.bring_about(want(HOME, "192.0.2.1")))) is Stale
    assert only(guest.bring_about(want(HOME, "192.0.2.1"))) is None
    assert set(guest.planned.values()) == {()}
