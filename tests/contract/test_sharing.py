"""What every driver must do at a name at which others keep addresses of theirs."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from homeport.core.dns import Key, Present
from homeport.core.plan import Change
from homeport.driver import Task, Verdict
from tests.contract.test_every_driver import FAKES, Agent, agent, drivers_of, run, want
from tests.fakes import Fake

every_sharer = drivers_of([fake for fake in FAKES if fake.readable and fake.several and fake.empties])
ADDRESSES = st.sets(st.integers(1, 6), max_size=3).map(lambda found: {f"192.0.2.{n}" for n in found})


def share(guest: Agent, wanted: set[str], old: set[str], ttl: int | None = None) -> tuple[Change, ...]:
    """One round of an agent to which `old` belongs; the changes that it made."""
    goal = guest.provider.fit(want(guest.fake.owner, *wanted, ttl=ttl))
    api = guest.api()
    present = run(guest.provider.look(api, [goal.key]))[goal.key]
    assert isinstance(present, Present)
    ours = want(guest.fake.owner, *(old - wanted)).addresses
    changes = guest.provider.shared_changes(goal, ours, present.records)
    verdicts: dict[Key, Verdict] = {}

    def settled(some: Mapping[Key, Verdict]) -> None:
        verdicts.update(some)

    if changes:
        run(guest.provider.write(api, [Task(goal, changes, present.zone)], settled))
        assert set(verdicts.values()) == {None}
    return changes


@every_sharer
@settings(max_examples=30)
@given(start=ADDRESSES, wanted=ADDRESSES, old=ADDRESSES)
def test_ours_come_and_go_and_what_others_put_there_stays(
    make: type[Fake], start: set[str], wanted: set[str], old: set[str]
) -> None:
    fake = make()
    fake.put(fake.owner, "A", sorted(start))
    share(agent(fake), wanted, old)
    assert fake.held(fake.owner, "A") == sorted(wanted | (start - old))
    assert share(agent(fake), wanted, old) == ()


@every_sharer
def test_a_record_of_others_keeps_everything_that_it_has(make: type[Fake]) -> None:
    fake = make()
    theirs = dict(fake.add(fake.owner, "A", "192.0.2.9", ttl=fake.odd_ttl))
    share(agent(fake), {"192.0.2.1"}, set(), ttl=600)
    share(agent(fake), {"192.0.2.2"}, {"192.0.2.1"}, ttl=600)
    share(agent(fake), set(), {"192.0.2.2"})
    assert fake.rows == [theirs]


@every_sharer
@given(first=st.sampled_from([None, 120, 600, 3600]), second=st.sampled_from([None, 120, 600, 3600]))
def test_two_agents_come_to_rest_whatever_ttl_each_of_them_asks_for(
    make: type[Fake], first: int | None, second: int | None
) -> None:
    fake = make()
    here, there = agent(fake), agent(fake)
    for _ in range(2):
        share(here, {"192.0.2.1"}, set(), first)
        share(there, {"192.0.2.2"}, set(), second)
    assert share(here, {"192.0.2.1"}, set(), first) == ()
    assert share(there, {"192.0.2.2"}, set(), second) == ()
    assert fake.held(fake.owner, "A") == ["192.0.2.1", "192.0.2.2"]
