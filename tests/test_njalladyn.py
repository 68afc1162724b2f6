"""What only Njalla does: the status that counts stands in the JSON."""

from __future__ import annotations

import pytest

from homeport.core.errors import BadCredentials, Refused, Throttled, Unintelligible, Unreachable
from homeport.core.secret import Secret
from homeport.providers.njalladyn import NjallaDynamic
from tests.contract.test_every_driver import Agent, Wire, agent, only, want
from tests.fakes import answer
from tests.fakes.njalladyn import FakeNjallaDynamic


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (401, "invalid host or key", BadCredentials),
        (400, "invalid address", Refused),
        (429, "slow down", Throttled),
        (500, "oops", Unreachable),
        (200, "something unexpected", Unintelligible),
    ],
)
def test_the_status_in_the_json_counts(status: int, message: str, kind: type[Exception]) -> None:
    reply = answer({"status": status, "message": message})
    guest = agent(FakeNjallaDynamic(), {1: lambda f, r: reply})
    assert type(only(guest.bring_about(want("home.example.com", "192.0.2.1")))) is kind


def test_a_wrong_key_of_one_name_stops_that_name_only() -> None:
    fake = FakeNjallaDynamic()
    provider = NjallaDynamic(keys={"home.example.com": Secret("wrong")})
    guest = Agent(fake, Wire(fake), provider)
    assert type(only(guest.bring_about(want("home.example.com", "192.0.2.1")))) is Refused
