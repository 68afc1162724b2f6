"""What only GoDaddy does: parked domains, accounts that may not use the API."""

from __future__ import annotations

import json

import pytest

from homeport.core.errors import BadCredentials, NoSuchName, ProviderError
from homeport.wire.http import Reply
from tests.contract.test_every_driver import agent, only, want
from tests.fakes.godaddy import FakeGoDaddy


def test_the_word_parked_is_no_address_and_gives_way_to_ours() -> None:
    fake = FakeGoDaddy()
    fake.parked = [{"type": "A", "name": "@", "data": "Parked", "ttl": 600}]
    assert only(agent(fake).bring_about(want("example.com", "192.0.2.1"))) is None
    assert fake.parked == []
    assert fake.held("example.com", "A") == ["192.0.2.1"]


@pytest.mark.parametrize(
    ("status", "code", "kind", "words"),
    [
        (403, "ACCESS_DENIED", BadCredentials, "ten domains"),
        (401, "UNABLE_TO_AUTHENTICATE", BadCredentials, "UNABLE"),
        (422, "UNKNOWN_DOMAIN", NoSuchName, "UNKNOWN"),
    ],
)
def test_codes(status: int, code: str, kind: type[ProviderError], words: str) -> None:
    fake = FakeGoDaddy()
    guest = agent(fake, {1: lambda f, r: Reply(status, json.dumps({"code": code}).encode())})
    verdict = only(guest.bring_about(want("home.example.com", "192.0.2.1")))
    assert type(verdict) is kind
    assert words in str(verdict)
