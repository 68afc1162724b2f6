"""Tencent EdgeOne: what the contract cannot know."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homeport.core.dns import RRType
from homeport.core.errors import (
    BadCredentials,
    NoSuchName,
    ProviderError,
    Refused,
    Stale,
    Throttled,
    Unreachable,
)
from homeport.providers.edgeone import EdgeOne
from tests.contract.test_every_driver import Agent, agent, only, want
from tests.fakes import answer
from tests.fakes.edgeone import FakeEdgeOne


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("UnauthorizedOperation.CamUnauthorized", BadCredentials),
        ("AuthFailure.SignatureFailure", BadCredentials),
        ("InvalidParameterValue.ZoneNotFound", NoSuchName),
        ("ResourceUnavailable.ZoneNotFound", NoSuchName),
        ("InvalidParameterValue.ConflictRecord", Refused),
        ("InvalidParameterValue.ConflictWithDomain", Refused),
        ("OperationDenied.RecordIsForbidden", Refused),
        ("LimitExceeded.RateLimitExceeded", Throttled),
        ("RequestLimitExceeded", Throttled),
        ("ResourceNotFound.RecordNotFound", Stale),
        ("FailedOperation.FailedToCallDNSPod", Unreachable),
        ("InternalError.BackendError", Unreachable),
    ],
)
def test_an_error_is_told_by_its_code(code: str, kind: type[ProviderError]) -> None:
    said = {"Response": {"Error": {"Code": code, "Message": "no"}, "RequestId": "R"}}
    guest = agent(FakeEdgeOne(), {3: lambda fake, request: answer(said)})
    assert type(only(guest.bring_about(want("home.example.com", "192.0.2.1")))) is kind


def test_other_lines_and_disabled_records_are_left_alone() -> None:
    fake = FakeEdgeOne()
    others = [
        dict(fake.add(fake.owner, "A", "192.0.2.7", Location="CN.BJ")),
        dict(fake.add(fake.owner, "A", "192.0.2.8", Status="disable")),
    ]
    guest = agent(fake)
    assert only(guest.bring_about(want(fake.owner, "192.0.2.1"))) is None
    assert only(guest.bring_about(want(fake.owner))) is None
    assert fake.rows == others


def test_records_of_the_line_of_the_settings_are_ours() -> None:
    fake = FakeEdgeOne()
    first = dict(fake.add(fake.owner, "A", "192.0.2.7"))
    fake.add(fake.owner, "A", "192.0.2.8", Location="CN.BJ")
    guest = agent(fake)
    guest.provider = replace(fake.driver(fake.good), line="CN.BJ")
    assert only(guest.bring_about(want(fake.owner, "192.0.2.1", "192.0.2.2"))) is None
    assert fake.rows[0] == first
    assert {row["Location"] for row in fake.rows[1:]} == {"CN.BJ"}


def test_a_site_without_name_servers_has_no_records_and_its_twin_is_not_taken_for_it() -> None:
    fake = FakeEdgeOne()
    twin = fake.sites[0] | {"ZoneId": "zone-other", "Type": "partial"}
    fake.sites.append(twin)
    assert only(agent(fake).bring_about(want(fake.owner, "192.0.2.1"))) is None
    fake.sites = [twin]
    assert type(only(agent(fake).bring_about(want(fake.owner, "192.0.2.2")))) is Refused
    fake.sites = [twin | {"Type": "full"}, twin | {"Type": "full", "ZoneId": "zone-third"}]
    assert type(only(agent(fake).bring_about(want(fake.owner, "192.0.2.2")))) is Refused
    assert fake.held(fake.owner, "A") == ["192.0.2.1"]


def accelerated(origin: str, kind: str = "IP_DOMAIN", **more: Any) -> tuple[FakeEdgeOne, Agent]:
    fake = FakeEdgeOne()
    fake.sites[0]["Type"] = "partial"
    detail = {"OriginType": kind, "Origin": origin, **more}
    fake.domains = [
        {"DomainName": f"x{fake.owner}", "OriginDetail": dict(detail)},
        {"DomainName": fake.owner, "OriginDetail": detail},
    ]
    guest = agent(fake)
    guest.provider = replace(fake.driver(fake.good), mode="acceleration")
    return fake, guest


def test_the_origin_of_an_acceleration_domain_follows_and_keeps_its_host_header() -> None:
    fake, guest = accelerated("192.0.2.7", HostHeader="nas.example.com")
    assert only(guest.bring_about(want(fake.owner, "192.0.2.1", ttl=600))) is None
    assert [one["OriginDetail"]["Origin"] for one in fake.domains] == ["192.0.2.7", "192.0.2.1"]
    assert fake.domains[1]["OriginDetail"]["HostHeader"] == "nas.example.com"
    guest.bring_about(want(fake.owner, "192.0.2.1", ttl=600))
    assert set(guest.planned.values()) == {()}
    assert guest.provider.veiled({})
    assert isinstance(guest.provider, EdgeOne)
    assert not replace(guest.provider, mode="dns").veiled({})


@pytest.mark.parametrize(
    ("origin", "kind"),
    [("2001:db8::7", "IP_DOMAIN"), ("nas.example.org", "IP_DOMAIN"), ("og-1", "ORIGIN_GROUP")],
)
def test_an_origin_of_another_kind_is_never_overwritten(origin: str, kind: str) -> None:
    fake, guest = accelerated(origin, kind)
    assert type(only(guest.bring_about(want(fake.owner, "192.0.2.1")))) is Refused
    assert fake.domains[1]["OriginDetail"]["Origin"] == origin


def test_an_acceleration_domain_is_neither_made_nor_removed() -> None:
    fake, guest = accelerated("192.0.2.7")
    assert type(only(guest.bring_about(want("new.example.com", "192.0.2.1")))) is Refused
    assert type(only(guest.bring_about(want(fake.owner)))) is Refused
    assert only(guest.bring_about(want(fake.owner, rrtype=RRType.AAAA))) is None
    assert len(fake.domains) == 2
