"""What only NS1 does: records whose answers are chosen by filters, linked records."""

from __future__ import annotations

import pytest

from homeport.core.errors import Refused
from tests.contract.test_every_driver import agent, only, want
from tests.fakes.ns1 import FakeNS1

HOME = "home.example.com"


def test_answers_behind_filters_get_another_address_and_stay_as_many() -> None:
    fake = FakeNS1()
    fake.filters = [{"filter": "weighted_shuffle", "config": {}}]
    fake.put(HOME, "A", ["192.0.2.7"])
    assert only(agent(fake).bring_about(want(HOME, "192.0.2.1"))) is None
    assert only(agent(fake).bring_about(want(HOME, "192.0.2.1", "192.0.2.2"))).__class__ is Refused
    assert only(agent(fake).bring_about(want(HOME))).__class__ is Refused
    assert [(row["address"], row["meta"]) for row in fake.rows] == [("192.0.2.1", {"weight": 3})]


@pytest.mark.parametrize("goal", [["192.0.2.1"], []])
def test_a_linked_record_is_left_alone(goal: list[str]) -> None:
    fake = FakeNS1()
    fake.link = "other.example.com"
    fake.put(HOME, "A", ["192.0.2.7"])
    assert only(agent(fake).bring_about(want(HOME, *goal))).__class__ is Refused
    assert fake.held(HOME, "A") == ["192.0.2.7"]
