"""What only bunny.net does: types as numbers or words, records chosen by place or latency."""

from __future__ import annotations

from typing import Any

import pytest

from homeport.core.errors import Refused
from tests.contract.test_every_driver import agent, only, want
from tests.fakes.bunny import FakeBunny

HOME = "home.example.com"


class InWords(FakeBunny):
    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return super().shown(row) | {"Type": row["type"], "SmartRoutingType": "None"}


def test_types_may_come_as_words() -> None:
    fake = InWords()
    fake.put(HOME, "A", ["192.0.2.7", "192.0.2.8"])
    fake.put(HOME, "AAAA", ["2001:db8::7"])
    assert only(agent(fake).bring_about(want(HOME, "192.0.2.1"))) is None
    assert fake.held(HOME, "A") == ["192.0.2.1"]
    assert fake.held(HOME, "AAAA") == ["2001:db8::7"]


@pytest.mark.parametrize("goal", [["192.0.2.1"], []])
def test_records_chosen_by_place_are_never_removed(goal: list[str]) -> None:
    fake = FakeBunny()
    fake.add(HOME, "A", "192.0.2.7", SmartRoutingType=2)
    fake.add(HOME, "A", "192.0.2.8", SmartRoutingType=2)
    assert type(only(agent(fake).bring_about(want(HOME, *goal)))) is Refused
    assert fake.held(HOME, "A") == ["192.0.2.7", "192.0.2.8"]
    assert only(agent(fake).bring_about(want(HOME, "192.0.2.1", "192.0.2.8"))) is None
    assert fake.held(HOME, "A") == ["192.0.2.1", "192.0.2.8"]
