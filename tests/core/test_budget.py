"""How often somebody is asked: never more often than was said, in any stretch of time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from homeport.core.budget import Budget, Spent, current, reserve, shifted, spend, used, wait

NOW = 1_800_000_000.0
BUDGETS = st.builds(Budget, st.integers(1, 40), st.integers(1, 90_000))
# gaps between two attempts, in parts of the window
GAPS = st.lists(st.floats(0, 1.5), min_size=1, max_size=120)


def sent(budget: Budget, gaps: list[float]) -> list[float]:
    """When requests are sent, if one is wanted after each gap."""
    spent: Spent = ()
    moments, now = [], NOW
    for gap in gaps:
        now += gap * budget.seconds
        if wait(spent, budget, now) == 0:
            spent = spend(spent, budget, now)
            moments.append(now)
    return moments


@given(BUDGETS, GAPS)
def test_no_stretch_of_time_holds_more_than_the_budget_wherever_it_begins(
    budget: Budget, gaps: list[float]
) -> None:
    moments = sent(budget, gaps)
    for first, last in zip(moments, moments[budget.requests :], strict=False):
        assert last - first >= budget.seconds * (1 - 1e-9)


@given(BUDGETS, GAPS)
def test_who_waits_as_long_as_he_is_told_may_ask(budget: Budget, gaps: list[float]) -> None:
    spent: Spent = ()
    now = NOW
    for gap in gaps:
        now += gap * budget.seconds / 10
        seconds = wait(spent, budget, now)
        assert 0 <= seconds <= budget.seconds * 1.1 + 1e-6
        assert seconds == 0 or used(spent, budget, now) >= budget.requests
        now += seconds + 1e-3
        assert wait(spent, budget, now) == 0
        spent = spend(spent, budget, now)


@given(BUDGETS)
def test_the_whole_budget_can_be_used_at_once(budget: Budget) -> None:
    spent: Spent = ()
    for _ in range(budget.requests):
        assert wait(spent, budget, NOW) == 0
        spent = spend(spent, budget, NOW)
    assert wait(spent, budget, NOW) > 0


@given(BUDGETS, GAPS)
def test_what_is_kept_stays_small(budget: Budget, gaps: list[float]) -> None:
    spent: Spent = ()
    now = NOW
    for gap in gaps:
        now += gap * budget.seconds / 50
        spent = spend(spent, budget, now)
    assert len(spent) <= 12


@given(BUDGETS, st.floats(-1e9, 1e9))
def test_a_clock_that_jumps_back_forgets_nothing_and_locks_nobody_out(budget: Budget, jump: float) -> None:
    spent = spend((), budget, NOW, budget.requests)
    now = NOW - abs(jump)
    assert used(spent, budget, now) == budget.requests
    assert wait(current(spent, budget, now), budget, now) <= budget.seconds * 1.1 + 1e-3
    assert wait(shifted(spent, jump), budget, NOW + jump) > 0


@given(BUDGETS)
def test_only_a_small_part_is_put_down_before_it_is_used(budget: Budget) -> None:
    assert 1 <= reserve(budget) <= max(1, budget.requests / 32)
