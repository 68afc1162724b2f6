"""What services of records and RRsets say no with, and what that means."""

from __future__ import annotations

import json

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
from homeport.wire.http import Reply
from tests.contract.test_every_driver import agent, only, want
from tests.fakes import Fake
from tests.fakes.bunny import FakeBunny
from tests.fakes.dnsimple import FakeDNSimple
from tests.fakes.gandi import FakeGandi
from tests.fakes.hostinger import FakeHostinger
from tests.fakes.infomaniak import FakeInfomaniak
from tests.fakes.linode import FakeLinode
from tests.fakes.luadns import FakeLuaDNS
from tests.fakes.ns1 import FakeNS1
from tests.fakes.vercel import FakeVercel
from tests.fakes.vultr import FakeVultr

NOT_FOUND = {"code": 404, "message": "Unknown domain", "object": "dns-domain", "cause": "Not Found"}
FORBIDDEN = {"code": 403, "message": "Access was denied", "object": "HTTPForbidden", "cause": "Forbidden"}
ERROR = {"result": "error", "error": {"code": "unprocessable", "description": "no"}}
LINODES = {"domain": "example.com", "id": 7, "type": "master", "status": "active"}
FULL = {"status": "Too Many Requests", "request_id": "r1", "message": "Rate limit exceeded"}
FAULT = {"ErrorKey": "validation_error", "Field": "Ttl", "Message": "no"}


@pytest.mark.parametrize(
    ("make", "n", "status", "body", "kind"),
    [
        (FakeGandi, 1, 403, FORBIDDEN, BadCredentials),
        (FakeGandi, 2, 404, NOT_FOUND, NoSuchName),
        (FakeGandi, 3, 400, {"status": "error", "errors": [{"name": "rrset_ttl"}]}, Refused),
        (FakeVultr, 1, 401, {"error": "Unauthorized IP address: 192.0.2.9", "status": 401}, BadCredentials),
        (FakeVultr, 3, 404, {"error": "Invalid record.", "status": 404}, Stale),
        (FakeLinode, 1, 200, {"data": [LINODES | {"type": "slave"}], "pages": 1}, Refused),
        (FakeLinode, 1, 200, {"data": [LINODES | {"status": "disabled"}], "pages": 1}, Refused),
        (FakeLinode, 3, 400, {"errors": [{"field": "target", "reason": "Invalid IP"}]}, Refused),
        (FakeVercel, 1, 403, {"error": {"code": "forbidden", "invalidToken": True}}, BadCredentials),
        (FakeVercel, 3, 409, {"error": {"code": "record_conflict"}}, Stale),
        (FakeNS1, 1, 200, [{"zone": "example.com", "link": "example.org"}], Refused),
        (FakeNS1, 1, 200, [{"zone": "example.com", "secondary": {"enabled": True}}], Refused),
        (FakeNS1, 2, 404, {"message": "zone not found"}, NoSuchName),
        (FakeNS1, 4, 400, {"message": "record already exists"}, Stale),
        (FakeNS1, 2, 429, {"message": "rate limit exceeded"}, Throttled),
        (FakeDNSimple, 1, 402, {"message": "Your account is not subscribed"}, BadCredentials),
        (FakeDNSimple, 4, 400, {"message": "Zone record already exists"}, Stale),
        (FakeDNSimple, 2, 429, {"message": "quota exceeded"}, Throttled),
        (FakeBunny, 1, 401, {"Message": "Authorization has been denied"}, BadCredentials),
        (FakeBunny, 4, 400, FAULT, Refused),
        (FakeInfomaniak, 1, 200, ERROR, Refused),
        (FakeInfomaniak, 2, 500, ERROR, Unreachable),
        (FakeLuaDNS, 3, 429, FULL, Throttled),
        (FakeLuaDNS, 3, 422, FULL | {"status": "Unprocesable Entity"}, Refused),
        (FakeHostinger, 3, 422, {"error": "invalid", "correlation_id": "c"}, Refused),
    ],
)
def test_errors(make: type[Fake], n: int, status: int, body: object, kind: type[ProviderError]) -> None:
    fake = make()
    fake.put(fake.owner, "A", ["192.0.2.7"])
    guest = agent(fake, {n: lambda f, r: Reply(status, json.dumps(body).encode())})
    verdict = only(guest.bring_about(want(fake.owner, "192.0.2.1")))
    assert type(verdict) is kind, verdict
    assert not isinstance(verdict, Throttled) or verdict.retry_after
    assert fake.held(fake.owner, "A") == ["192.0.2.7"]


def test_dnsimple_asks_which_account_is_meant_where_several_have_the_zone() -> None:
    fake = FakeDNSimple()
    accounts = json.dumps({"data": [{"id": 731}, {"id": 732}]}).encode()
    zones = json.dumps({"data": [{"name": fake.zone}], "pagination": {"total_pages": 1}}).encode()
    guest = agent(fake, {1: lambda f, r: Reply(200, accounts), 3: lambda f, r: Reply(200, zones)})
    verdict = only(guest.bring_about(want(fake.owner, "192.0.2.1")))
    assert type(verdict) is Refused
    assert "account_id" in str(verdict)
    assert fake.rows == []
