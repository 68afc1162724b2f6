"""What only Hostinger does: zones in no list, addresses that are disabled."""

from __future__ import annotations

import pytest

from homeport.core.errors import Refused
from tests.contract.test_every_driver import agent, only, want
from tests.fakes.hostinger import FakeHostinger

HOME = "home.example.com"


def test_a_zone_of_a_domain_that_is_registered_elsewhere_is_found() -> None:
    fake = FakeHostinger()
    fake.put("www.example.com", "A", ["192.0.2.9"])
    fake.portfolio = []
    assert only(agent(fake).bring_about(want(HOME, "192.0.2.1"))) is None
    assert fake.held(HOME, "A") == ["192.0.2.1"]


@pytest.mark.parametrize("goal", [["192.0.2.1"], []])
def test_an_address_that_is_disabled_is_left_alone(goal: list[str]) -> None:
    fake = FakeHostinger()
    fake.add(HOME, "A", "192.0.2.7", is_disabled=True)
    assert type(only(agent(fake).bring_about(want(HOME, *goal)))) is Refused
    assert fake.held(HOME, "A") == ["192.0.2.7"]
