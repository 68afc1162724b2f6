"""Tencent Cloud DNSPod: what the contract cannot know."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from homeport.core.errors import (
    AccountRefused,
    BadCredentials,
    Blocked,
    NoSuchName,
    ProviderError,
    Refused,
    Stale,
    Throttled,
    ThrottledAddress,
    Unreachable,
)
from homeport.core.secret import Secret
from tests.contract.test_every_driver import Agent, agent, only, want
from tests.fakes import answer, header
from tests.fakes.tencentcloud import FakeTencentDNSPod


def error(code: str) -> object:
    return {"Response": {"Error": {"Code": code, "Message": "no"}, "RequestId": "R"}}


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AuthFailure.SignatureFailure", BadCredentials),
        ("AuthFailure.SecretIdNotFound", BadCredentials),
        ("AuthFailure.UnauthorizedOperation", BadCredentials),
        ("UnauthorizedOperation", BadCredentials),
        ("AuthFailure.SignatureExpire", Unreachable),
        ("OperationDenied.DomainOwnerAllowedOnly", Refused),
        ("OperationDenied.NoPermissionToOperateDomain", NoSuchName),
        ("InvalidParameterValue.DomainNotExists", NoSuchName),
        ("FailedOperation.NotDomainOwner", NoSuchName),
        ("InvalidParameter.SubdomainInvalid", Refused),
        ("InvalidParameter.RecordValueInvalid", Refused),
        ("LimitExceeded.SubdomainRollLimit", Refused),
        ("LimitExceeded.RecordTtlLimit", Refused),
        ("FailedOperation.DomainIsLocked", Refused),
        ("FailedOperation.DomainIsSpam", Refused),
        ("FailedOperation.AccountIsLocked", AccountRefused),
        ("IpInBlacklist", Blocked),
        ("InvalidParameter.DomainRecordExist", Stale),
        ("InvalidParameter.RecordIdInvalid", Stale),
        ("RequestLimitExceeded", Throttled),
        ("RequestLimitExceeded.UinLimitExceeded", Throttled),
        ("RequestLimitExceeded.IPLimitExceeded", ThrottledAddress),
        ("LimitExceeded.FailedLoginLimitExceeded", Throttled),
        ("InvalidParameter.OperationIsTooFrequent", Throttled),
        ("InternalError", Unreachable),
        ("FailedOperation", Unreachable),
        ("FailedOperation.UnknowError", Unreachable),
        ("InvalidParameter.OperateFailed", Unreachable),
        ("InvalidParameter.DomainIsModifyingDns", Unreachable),
        ("SomethingNew", Refused),
    ],
)
def test_an_error_is_told_by_its_code(code: str, kind: type[ProviderError]) -> None:
    guest = agent(FakeTencentDNSPod(), {3: lambda fake, request: answer(error(code))})
    verdict = only(guest.bring_about(want("home.example.com", "192.0.2.1")))
    assert type(verdict) is kind
    assert code in str(verdict)
    assert not isinstance(verdict, Throttled) or verdict.retry_after == 60


def test_a_list_of_nothing_that_is_an_error_is_a_list_of_nothing() -> None:
    fake = FakeTencentDNSPod()
    guest = agent(fake, {2: lambda fake, request: answer(error("ResourceNotFound.NoDataOfRecord"))})
    assert only(guest.bring_about(want(fake.owner, "192.0.2.1"))) is None
    assert fake.held(fake.owner, "A") == ["192.0.2.1"]


def test_other_lines_and_disabled_records_are_left_alone() -> None:
    fake = FakeTencentDNSPod()
    others = [
        dict(fake.add(fake.owner, "A", "192.0.2.7", LineId="10=1", Line="联通")),
        dict(fake.add(fake.owner, "A", "192.0.2.8", Status="DISABLE")),
    ]
    guest = agent(fake)
    assert only(guest.bring_about(want(fake.owner, "192.0.2.1"))) is None
    assert only(guest.bring_about(want(fake.owner))) is None
    assert fake.rows == others


@pytest.mark.parametrize("line", ["10=1", "联通"])
def test_records_of_the_line_of_the_settings_are_ours(line: str) -> None:
    fake = FakeTencentDNSPod()
    first = dict(fake.add(fake.owner, "A", "192.0.2.7"))
    fake.add(fake.owner, "A", "192.0.2.8", LineId="10=1", Line="联通")
    guest = agent(fake)
    guest.provider = replace(fake.driver(fake.good), line=line)
    assert only(guest.bring_about(want(fake.owner, "192.0.2.1", "192.0.2.2"))) is None
    assert fake.rows[0] == first
    assert [(row["address"], row["LineId"]) for row in fake.rows[1:]] == [
        ("192.0.2.1", "10=1"),
        ("192.0.2.2", "10=1"),
    ]


def zones(guest: Agent, **more: str) -> None:
    """From now on the list of zones says that of the zone."""
    row = {"DomainId": 81345824, "Name": "example.com", "Status": "ENABLE", "Grade": "DP_FREE"} | more
    guest.wire.faults[1] = lambda fake, request: answer({"Response": {"DomainList": [row]}})


def test_the_free_plan_has_a_least_ttl_that_old_records_are_raised_to() -> None:
    fake = FakeTencentDNSPod()
    fake.add(fake.owner, "A", "192.0.2.7", ttl=120)
    guest = agent(fake)
    zones(guest)
    assert only(guest.bring_about(want(fake.owner, "192.0.2.1"))) is None
    assert [row["ttl"] for row in fake.rows] == [600]


def test_a_banned_zone_is_not_written_to() -> None:
    guest = agent(FakeTencentDNSPod())
    zones(guest, Status="SPAM")
    assert type(only(guest.bring_about(want("home.example.com", "192.0.2.1")))) is Refused
    assert len(guest.wire.sent) == 1


def test_a_lent_key_says_its_token_and_errors_come_in_english() -> None:
    fake = FakeTencentDNSPod()
    guest = agent(fake, {1: lambda fake, request: answer({}, 500)})
    guest.provider = replace(fake.driver("k"), security_token=Secret("lent"))
    guest.bring_about(want(fake.owner, "192.0.2.1"))
    [request] = guest.wire.sent
    assert header(request, "x-tc-token") == "lent"
    assert header(request, "x-tc-language") == "en-US"
    assert json.loads(request.body) == {"Offset": 0, "Limit": 3000}
