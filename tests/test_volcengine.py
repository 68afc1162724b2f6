"""What only Volcengine does: errors inside a 200, lines, and records that somebody disabled."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

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
from homeport.net.http import IN_QUERY
from homeport.wire.http import Reply, Request
from tests.contract.test_every_driver import agent, only, want
from tests.fakes import Fake, answer
from tests.fakes.volcengine import FakeVolcengine, error


@pytest.mark.parametrize("inside", [False, True], ids=["by status", "inside a 200"])
@pytest.mark.parametrize(
    ("status", "code", "message", "expected"),
    [
        (401, "InvalidAccessKey", "The access key is invalid", BadCredentials),
        (401, "SignatureDoesNotMatch", "The request signature does not match", BadCredentials),
        (401, "ErrMissingAccountParameter", "`account` parameter missing", BadCredentials),
        (403, "InvalidSecretToken", "the security token is invalid", BadCredentials),
        (401, "InvalidTimestamp", "the request is too old", Unreachable),
        (403, "AccessDenied", "User is not authorized to perform: dns:UpdateRecord", Refused),
        (403, "FlowLimitExceeded", "Request was rejected because of flow control", Throttled),
        (400, "ErrZoneNotFound", "zone not found", NoSuchName),
        (400, "ErrDBNotFound", "record not found", Stale),
        (409, "ErrDBDuplicated", "duplicated: record", Stale),
        (400, "ErrParamInvalid", "validation fail: host", Refused),
        (400, "ErrZoneInactive", "zone is inactive", Refused),
        (500, "ErrInternalServer", "server internal error", Unreachable),
    ],
)
def test_each_error_has_its_class(
    status: int, code: str, message: str, expected: type[ProviderError], inside: bool
) -> None:
    fake = FakeVolcengine()

    def no(fake: Fake, request: Request) -> Reply:
        return answer(error(status, code, message)[1], 200 if inside else status)

    verdict = only(agent(fake, {3: no}).bring_about(want(fake.owner, "192.0.2.1")))
    assert type(verdict) is expected
    assert fake.rows == []


@pytest.mark.parametrize("special", [{"Line": "telecom"}, {"Enable": False}])
def test_records_of_other_lines_and_disabled_ones_are_left_alone(special: dict[str, object]) -> None:
    fake = FakeVolcengine()
    row = fake.add(fake.owner, "A", "192.0.2.7")
    fake.rows = []
    fake.lines = [fake.shown(row) | {"RecordID": "999"} | special]
    guest = agent(fake)
    assert only(guest.bring_about(want(fake.owner, "192.0.2.1"))) is None
    assert fake.held(fake.owner, "A") == ["192.0.2.1"]
    assert not any(b"999" in request.body for request in guest.wire.sent)


def test_a_list_that_is_not_complete_is_not_believed() -> None:
    def short(fake: Fake, request: Request) -> Reply:
        return answer({"ResponseMetadata": {}, "Result": {"TotalCount": 1, "Records": None}})

    fake = FakeVolcengine()
    verdict = only(agent(fake, {2: short}).bring_about(want(fake.owner, "192.0.2.1")))
    assert isinstance(verdict, ProviderError)
    assert fake.rows == []


def test_a_temporary_key_and_another_region_are_signed() -> None:
    there = replace(
        FakeVolcengine().driver("k"), region="ap-singapore-1", session_token=Secret("temporary")
    )
    signed = there.sign(Request("GET", there.address() + "/"), 0.0, "").headers["authorization"]
    assert isinstance(signed, Secret)
    assert "/ap-singapore-1/DNS/request" in signed.reveal()
    assert "x-security-token" in signed.reveal()


@pytest.mark.parametrize("owner", ["{zone}", "*.{zone}"])
def test_no_query_holds_what_the_wire_may_escape_otherwise_than_the_signature(owner: str) -> None:
    fake = FakeVolcengine()
    guest = agent(fake)
    assert only(guest.bring_about(want(owner.format(zone=fake.zone), "192.0.2.1"))) is None
    told = [str(value) for request in guest.wire.sent for value in request.query.values()]
    assert all(quote(value, safe="~") == quote(value, safe=IN_QUERY) for value in told)
