"""IONOS's codes of errors."""

from __future__ import annotations

import json

import pytest

from homeport.core.errors import BadCredentials, NoSuchName, ProviderError, Stale
from homeport.wire.http import Reply
from tests.contract.test_every_driver import agent, only, want
from tests.fakes.ionos import FakeIONOS


@pytest.mark.parametrize(
    ("n", "status", "code", "kind"),
    [
        (1, 401, "UNAUTHORIZED", BadCredentials),
        (2, 404, "ZONE_NOT_FOUND", NoSuchName),
        (3, 404, "ZONE_NOT_FOUND", Stale),  # it was there a moment ago
        (3, 404, "RECORD_NOT_FOUND", Stale),
        (3, 400, "RECORD_ALREADY_EXISTS", Stale),
    ],
)
def test_codes(n: int, status: int, code: str, kind: type[ProviderError]) -> None:
    fake = FakeIONOS()
    fake.put(fake.owner, "A", ["192.0.2.7"])
    said = json.dumps([{"code": code, "message": "no"}]).encode()
    guest = agent(fake, {n: lambda f, r: Reply(status, said)})
    assert type(only(guest.bring_about(want(fake.owner, "192.0.2.1")))) is kind
