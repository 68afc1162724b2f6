"""What only Dynadot does: answers of three shapes, and a domain that changes along if it is asked to."""

from __future__ import annotations

import pytest

from homeport.core.errors import (
    BadCredentials,
    NoSuchName,
    Refused,
    Throttled,
    Unintelligible,
)
from homeport.wire.http import Reply
from tests.contract.test_every_driver import agent, only, want
from tests.fakes.dynadot import FakeDynadot, failed


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(200, b"ok\n"), type(None)),
        (Reply(200, b'{"error_code": 0, "content": ["ok"]}'), type(None)),
        (Reply(200, b'{"status": "success", "error_code": -1, "content": []}'), type(None)),
        (Reply(200, b"fail: invalid password"), BadCredentials),
        (failed("invalid password"), BadCredentials),
        (failed("domain not found"), NoSuchName),
        (failed("Invalid IP"), Refused),
        (failed("too many requests"), Throttled),
        (failed("system error"), Unintelligible),
        (Reply(200, b'{"error_code": -1, "content": ["system error"]}'), Unintelligible),
        (Reply(200, b"bad token, look at your cookie"), Unintelligible),
        (Reply(200, b'{"content": ["ok"]}'), Unintelligible),
    ],
)
def test_what_an_answer_means(reply: Reply, kind: type[object]) -> None:
    guest = agent(FakeDynadot(), {1: lambda fake, request: reply})
    assert type(only(guest.bring_about(want("home.example.com", "192.0.2.1")))) is kind


def test_a_name_leaves_the_domain_itself_alone() -> None:
    fake = FakeDynadot()
    fake.put("example.com", "A", ["192.0.2.99"])
    assert only(agent(fake).bring_about(want("home.example.com", "192.0.2.1"))) is None
    assert fake.held("example.com", "A") == ["192.0.2.99"]
