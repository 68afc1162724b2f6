"""What only Huawei Cloud does: sets that are not plain, regions, and a 403 that asks for patience."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from homeport.core.errors import (
    BadCredentials,
    NoSuchName,
    ProviderError,
    Refused,
    Stale,
    Throttled,
    Unintelligible,
    Unreachable,
)
from homeport.core.secret import Secret
from homeport.net.http import IN_QUERY
from homeport.wire.http import Reply, Request
from tests.contract.test_every_driver import agent, only, want
from tests.fakes import Fake, answer
from tests.fakes.huaweicloud import FakeHuaweiCloud

IAM = "Incorrect IAM authentication information: "


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            401,
            {"error_code": "APIGW.0301", "error_msg": IAM + "verify aksk signature fail"},
            BadCredentials,
        ),
        (
            401,
            {"error_code": "APIGW.0301", "error_msg": IAM + "AK access failed to reach the limit"},
            Throttled,
        ),
        (401, {"error_code": "APIGW.0301", "error_msg": IAM + "x-sdk-date is expired"}, Unreachable),
        (401, {"code": "DNS.0005", "message": "Authentication required."}, BadCredentials),
        (403, {"code": "DNS.0013", "message": "You do not have the permission"}, BadCredentials),
        (403, {"code": "DNS.0014", "message": "Request forbidden by flow control."}, Throttled),
        (
            429,
            {"error_code": "APIGW.0308", "error_msg": "The throttling threshold has been reached"},
            Throttled,
        ),
        (500, {"code": "DNS.0000", "message": "The system is busy. Try again later."}, Unreachable),
        (500, {"code": "DNS.0021", "message": "Could not acquire the lock"}, Unreachable),
        (400, {"code": "DNS.0308", "message": "The value of the record is invalid"}, Refused),
        (404, {"code": "DNS.0004", "message": "No record sets found."}, Stale),
        (404, {"code": "DNS.0313", "message": "This record set does not exist."}, Stale),
        (400, {"code": "DNS.0312", "message": "This record set already exists."}, Stale),
        (404, {"code": "DNS.0302", "message": "This zone does not exist."}, NoSuchName),
    ],
)
def test_each_error_has_its_class(status: int, body: object, expected: type[ProviderError]) -> None:
    fake = FakeHuaweiCloud()

    def no(fake: Fake, request: Request) -> Reply:
        return answer(body, status)

    verdict = only(agent(fake, {3: no}).bring_about(want(fake.owner, "192.0.2.1")))
    assert type(verdict) is expected
    assert not isinstance(verdict, Throttled) or (verdict.retry_after or 0) >= 60


def row(fake: Fake, **more: Any) -> dict[str, Any]:
    plain = {"id": "other", "name": f"{fake.owner}.", "type": "A", "ttl": 60, "records": ["192.0.2.7"]}
    return plain | {"line": "default_view", "weight": 1, "status": "ACTIVE"} | more


@pytest.mark.parametrize(
    "rows",
    [
        [{"id": "one", "weight": 1}, {"id": "two", "weight": 9}],
        [{"alias_target": {"resource_type": "cloudsite", "resource_domain_name": "x.test"}}],
    ],
)
def test_weighted_and_alias_sets_are_refused(rows: list[dict[str, Any]]) -> None:
    fake = FakeHuaweiCloud()
    fake.odd_sets = [row(fake, **one) for one in rows]
    guest = agent(fake)
    assert type(only(guest.bring_about(want(fake.owner, "192.0.2.1")))) is Refused
    assert {request.method for request in guest.wire.sent} == {"GET"}


def test_sets_of_other_lines_are_left_alone() -> None:
    fake = FakeHuaweiCloud()
    fake.odd_sets = [row(fake, line="Dianxin")]
    assert only(agent(fake).bring_about(want(fake.owner, "192.0.2.1"))) is None
    assert fake.held(fake.owner, "A") == ["192.0.2.1"]


def test_the_other_values_of_a_set_are_seen() -> None:
    fake = FakeHuaweiCloud()
    fake.put(fake.owner, "A", ["192.0.2.1", "192.0.2.2"])
    guest = agent(fake)
    assert only(guest.bring_about(want(fake.owner, "192.0.2.1", "192.0.2.2"))) is None
    assert {request.method for request in guest.wire.sent} == {"GET"}


@pytest.mark.parametrize("start", [[], ["192.0.2.7"]])
def test_an_answer_that_holds_other_addresses_is_no_success(start: list[str]) -> None:
    def other(fake: Fake, request: Request) -> Reply:
        return answer(row(fake, status="PENDING_UPDATE"), 202)

    fake = FakeHuaweiCloud()
    fake.put(fake.owner, "A", start)
    assert type(only(agent(fake, {3: other}).bring_about(want(fake.owner, "192.0.2.1")))) is Unintelligible


def test_a_region_has_its_host_and_a_temporary_key_its_token() -> None:
    provider = FakeHuaweiCloud().driver("k")
    assert provider.address() == "https://dns.myhuaweicloud.com"
    there = replace(provider, region="ap-southeast-1", security_token=Secret("temporary"))
    assert there.address() == "https://dns.ap-southeast-1.myhuaweicloud.com"
    signed = there.sign(Request("GET", there.address() + "/v2/zones"), 0.0, "").headers["authorization"]
    assert isinstance(signed, Secret)
    assert "SignedHeaders=host;x-sdk-date;x-security-token" in signed.reveal()


@pytest.mark.parametrize("owner", ["{zone}", "*.{zone}"])
def test_no_query_holds_what_the_wire_may_escape_otherwise_than_the_signature(owner: str) -> None:
    fake = FakeHuaweiCloud()
    guest = agent(fake)
    assert only(guest.bring_about(want(owner.format(zone=fake.zone), "192.0.2.1"))) is None
    told = [str(value) for request in guest.wire.sent for value in request.query.values()]
    assert all(quote(value, safe="~") == quote(value, safe=IN_QUERY) for value in told)
