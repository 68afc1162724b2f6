"""What every driver of a REST collection must do when another changes the zone at the same time."""

from __future__ import annotations

import pytest

from homeport.core.errors import Stale
from homeport.driver import RestRecords
from homeport.wire.http import Reply, Request
from tests.contract.test_every_driver import FAKES, agent, drivers_of, only, want
from tests.fakes import Fake
from tests.fakes._rest import RestFake

every_rest = drivers_of(
    [fake for fake in FAKES if issubclass(fake, RestFake) and isinstance(fake().driver("k"), RestRecords)]
)


def gone(fake: Fake, request: Request) -> Reply:
    """Another has removed the records just before."""
    fake.rows.clear()
    return fake(request)


@every_rest
@pytest.mark.parametrize("goal", [["192.0.2.1"], []], ids=["replace", "delete"])
def test_a_record_that_is_gone_when_we_write_is_read_again(make: type[Fake], goal: list[str]) -> None:
    probe = make()
    probe.put(probe.owner, "A", ["192.0.2.7"])
    looked = agent(probe)
    looked.bring_about(want(probe.owner, *goal))
    fake = make()
    fake.put(fake.owner, "A", ["192.0.2.7"])
    first = next(n for n, request in enumerate(looked.wire.sent, 1) if not probe.reads(request))
    guest = agent(fake, {first: gone})
    assert type(only(guest.bring_about(want(fake.owner, *goal)))) is Stale
    assert only(guest.bring_about(want(fake.owner, *goal))) is None
    assert fake.held(fake.owner, "A") == goal
