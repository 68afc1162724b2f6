"""Alibaba Cloud DNS: what the contract cannot know."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeport.core.errors import (
    BadCredentials,
    NoSuchName,
    ProviderError,
    Refused,
    Stale,
    Throttled,
    Unreachable,
)
from homeport.core.secret import Secret
from tests.contract.test_every_driver import agent, only, want
from tests.fakes import answer, header
from tests.fakes.aliyun import FakeAliyun


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "DomainRecordDuplicate", Stale),
        (400, "DomainRecordNotBelongToUser", Stale),
        (400, "InvalidRecordId.NotFound", Stale),
        (400, "InvalidDomainName.NoExist", NoSuchName),
        (403, "IncorrectDomainUser", NoSuchName),
        (400, "InvalidRR.Format", Refused),
        (400, "InvalidTTL", Refused),
        (403, "DomainRecordLocked", Refused),
        (404, "UnsupportedLine", Refused),
        (404, "InvalidAccessKeyId.NotFound", BadCredentials),
        (400, "InvalidAccessKeyId.Inactive", BadCredentials),
        (400, "SignatureDoesNotMatch", BadCredentials),
        (400, "IncompleteSignature", BadCredentials),
        (403, "Forbidden.RAM", BadCredentials),
        (403, "NoPermission", BadCredentials),
        (400, "InvalidTimeStamp.Expired", Unreachable),
        (400, "SignatureNonceUsed", Unreachable),
        (400, "InternalError", Unreachable),
        (400, "UnKnownError", Unreachable),
        (400, "DomainForbidden", Refused),
        (400, "RecordForbidden.BlackHole", Refused),
        (400, "QuotaExceeded.ARecord", Refused),
        (400, "Throttling", Throttled),
        (400, "Throttling.User", Throttled),
        (400, "LastOperationNotFinished", Throttled),
        (400, "SomethingNew", Refused),
        (200, "Throttling.Api", Throttled),
        (200, "SomethingNew", Refused),
    ],
)
def test_an_error_is_told_by_its_code(status: int, code: str, kind: type[ProviderError]) -> None:
    said = {"RequestId": "R", "Code": code, "Message": "no"}
    guest = agent(FakeAliyun(), {3: lambda fake, request: answer(said, status)})
    verdict = only(guest.bring_about(want("home.example.com", "192.0.2.1")))
    assert type(verdict) is kind
    assert code in str(verdict)
    assert not isinstance(verdict, Throttled) or verdict.retry_after == 60


def test_other_lines_and_paused_records_are_left_alone() -> None:
    fake = FakeAliyun()
    others = [
        dict(fake.add(fake.owner, "A", "192.0.2.7", Line="telecom")),
        dict(fake.add(fake.owner, "A", "192.0.2.8", Status="DISABLE")),
    ]
    guest = agent(fake)
    assert only(guest.bring_about(want(fake.owner, "192.0.2.1"))) is None
    assert only(guest.bring_about(want(fake.owner))) is None
    assert fake.rows == others


def test_a_paused_record_with_the_wanted_address_is_named() -> None:
    fake = FakeAliyun()
    fake.add(fake.owner, "A", "192.0.2.1", Status="DISABLE")
    verdict = only(agent(fake).bring_about(want(fake.owner, "192.0.2.1")))
    assert isinstance(verdict, Stale)
    assert "paused record" in str(verdict)


def test_records_of_the_line_of_the_settings_are_ours() -> None:
    fake = FakeAliyun()
    first = dict(fake.add(fake.owner, "A", "192.0.2.7"))
    fake.add(fake.owner, "A", "192.0.2.8", Line="telecom")
    guest = agent(fake)
    guest.provider = replace(fake.driver(fake.good), line="telecom")
    assert only(guest.bring_about(want(fake.owner, "192.0.2.1", "192.0.2.2"))) is None
    assert fake.rows[0] == first
    assert [(row["address"], row["Line"]) for row in fake.rows[1:]] == [
        ("192.0.2.1", "telecom"),
        ("192.0.2.2", "telecom"),
    ]


def test_a_region_has_an_endpoint_and_a_lent_key_a_token() -> None:
    fake = FakeAliyun()
    guest = agent(fake, {1: lambda fake, request: answer({}, 500)})
    guest.provider = replace(fake.driver("k"), region="cn-beijing", security_token=Secret("lent"))
    guest.bring_about(want(fake.owner, "192.0.2.1"))
    [request] = guest.wire.sent
    assert request.url == "https://alidns.cn-beijing.aliyuncs.com/"
    assert header(request, "x-acs-security-token") == "lent"
