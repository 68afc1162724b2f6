"""How often one name is changed."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from homeport.core.budget import Budget
from homeport.core.pace import DAY, HOUR, QUICK, SLOW, Writes, fights, hold, says, written

NOW = 1_800_000_000.0
LIMIT = Budget(12, 3600)


def after(*ages: float, mended: bool = False) -> Writes:
    """So many seconds ago each."""
    writes: Writes = ()
    for age in sorted(ages, reverse=True):
        writes = written(writes, NOW - age, mended=mended)
    return writes


@given(st.lists(st.floats(0, HOUR), max_size=200))
def test_a_name_is_never_changed_more_often_than_its_limit(gaps: list[float]) -> None:
    writes: Writes = ()
    moments, now = [], NOW
    for gap in gaps:
        now += gap
        if hold(writes, now, LIMIT, mends=False) == 0:
            writes = written(writes, now, mended=False)
            moments.append(now)
    for first, last in zip(moments, moments[LIMIT.requests :], strict=False):
        assert last - first >= LIMIT.seconds - 1e-3
    assert len(writes) <= 64


def test_a_change_now_and_then_never_waits() -> None:
    assert hold(after(*(n * HOUR / 4 for n in range(90))), NOW, LIMIT, mends=False) == 0
    assert hold((), NOW, LIMIT, mends=True) == 0
    assert hold(after(*[1.0] * 60, mended=True), NOW, None, mends=True) == 0  # a server of one's own


def test_who_is_changed_back_again_and_again_lets_the_other_have_it_for_a_while() -> None:
    """Two agents fight: each of the other's changes is there again five minutes later."""
    writes: Writes = ()
    moments, now = [], NOW
    while now < NOW + DAY:
        now += 300
        if hold(writes, now, LIMIT, mends=True) == 0:
            writes = written(writes, now, mended=True)
            moments.append(now)
    gaps = [b - a for a, b in pairwise(moments)]
    assert gaps[: QUICK - 1] == [300.0] * (QUICK - 1)
    assert gaps[QUICK - 1 : QUICK + 2] == list(SLOW)
    assert len(moments) <= QUICK + 2 + 4
    assert hold(writes, now, LIMIT, mends=False) == 0  # a new address of ours is sent even so


def test_a_fight_that_is_over_is_forgotten_after_a_day() -> None:
    writes = after(*[300.0] * 5, mended=True)
    assert fights(writes, NOW) == 5 and hold(writes, NOW, LIMIT, mends=True) > 0
    assert hold(writes, NOW + DAY, LIMIT, mends=True) == 0


@given(st.floats(1, 1e9))
def test_a_clock_that_was_wrong_holds_nobody_back(years: float) -> None:
    assert hold(after(*[0.0] * 20, mended=True), NOW - years, LIMIT, mends=True) == 0


def test_the_message_says_what_to_look_for() -> None:
    fought = says(after(*[300.0] * 3, mended=True), NOW, ["8.8.4.4"], 3300.0, mends=True)
    assert "somebody else has changed it 4 times" in fought and "8.8.4.4" in fought and "55 min" in fought
    flapping = says(after(*[300.0] * 12), NOW, [], 90.0, mends=False)
    assert "changed 12 times within an hour" in flapping and "90 s" in flapping
