"""When a line counts as lost, and when it is trusted again."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import assume, given
from hypothesis import strategies as st

from homeport.core.health import AGAIN, Health, Terms, due, heard

TERMS = Terms(interval=10, detect=30, recover=120)
SECONDS = st.integers(1, 600).map(float)
TERMS_OF_ALL_KINDS = st.builds(Terms, SECONDS, SECONDS, st.integers(0, 600).map(float))
UP, DOWN = Health(up=True, vain=None), Health(up=False, vain=None)
Line = Callable[[float], int]  # how much of 12 is answered of what is asked at that second


def rounds(line: Line, terms: Terms, until: float, health: Health = UP) -> list[tuple[float, Health]]:
    """Every round that begins before `until`, and what was known when it was over."""
    found, at = [], 0.0
    while at < until:
        good = line(at)
        health = heard(health, good, 12, at, terms)
        found.append((at, health))
        over = at + (terms.timeout if good < 12 else 0.01)
        at = max(due(health, terms), over)
    return found


@given(TERMS_OF_ALL_KINDS, st.integers(0, 5000).map(lambda tenths: tenths / 10))
def test_a_loss_is_known_after_detect_one_interval_and_one_timeout(terms: Terms, lost: float) -> None:
    known = rounds(lambda at: 0 if at >= lost else 12, terms, lost + terms.detect + 3 * terms.interval + 10)
    at = next(at for at, health in known if not health.up)
    assert at <= lost + max(terms.detect, terms.timeout) + terms.interval + 1e-6  # and then its timeout
    assert at - next(at for at, health in known if health.since is not None) >= terms.detect - 1e-6


@given(TERMS_OF_ALL_KINDS, st.sets(st.integers(0, 60)))
def test_one_lost_packet_is_nothing(terms: Terms, lost: set[int]) -> None:
    assume(not any(number + 1 in lost for number in lost))
    health, at = UP, 0.0
    for number in range(62):
        health = heard(health, 0 if number in lost else 1, 1, at, terms)
        at = max(due(health, terms), at + terms.timeout)
        assert health.up


@given(TERMS_OF_ALL_KINDS, st.lists(st.integers(6, 7), min_size=1, max_size=80), st.booleans())
def test_nothing_changes_between_a_half_and_two_thirds(terms: Terms, answered: list[int], up: bool) -> None:
    health, at = (UP if up else DOWN), 0.0
    for good in answered:
        health = heard(health, good, 12, at, terms)
        assert health.up is up
        at = due(health, terms)


@given(TERMS_OF_ALL_KINDS, st.lists(st.integers(0, 12), min_size=2, max_size=200))
def test_a_line_changes_at_most_once_in_the_time_that_a_change_takes(
    terms: Terms, answered: list[int]
) -> None:
    noise = iter(answered * 100)
    known = rounds(lambda _: next(noise), terms, len(answered) * terms.interval)
    before, since = True, -1e9
    for at, health in known:
        if health.up is not before:
            assert at - since >= (terms.detect if before else terms.recover) - 1e-6
            before, since = bool(health.up), at


@given(TERMS_OF_ALL_KINDS, st.integers(0, 600))
def test_a_line_that_is_back_is_used_after_its_quiet_time_without_a_break(
    terms: Terms, broken: int
) -> None:
    def line(at: float) -> int:
        return 0 if broken <= at < broken + terms.interval + terms.timeout else 12

    known = rounds(line, terms, broken + terms.recover + 5 * terms.interval, DOWN)
    at = next(at for at, health in known if health.up)
    failed = [moment for moment, health in known if line(moment) == 0 and moment < at]
    since = max(failed, default=0.0)
    assert at - since >= terms.recover
    assert at - since <= terms.recover + 3 * terms.interval + 2 * terms.timeout


def test_weights_decide_which_probes_matter() -> None:
    heavy = [heard(UP._replace(since=0.0, last=20.0), good, 4, 30.0, TERMS).up for good in (0, 1, 2, 3)]
    assert heavy == [False, False, True, True]


def test_a_round_in_which_nothing_could_be_asked_says_nothing() -> None:
    for health in (UP, DOWN, Health(), UP._replace(since=0.0)):
        after = heard(health, 0, 0, 500.0, TERMS)
        assert after == health._replace(last=500.0)
        assert due(after, TERMS) > 500.0


def test_what_was_before_a_sleep_of_the_machine_does_not_count() -> None:
    health = heard(UP, 0, 1, 0.0, TERMS)
    asleep = heard(health, 0, 1, 8 * 3600.0, TERMS)
    assert asleep.up
    assert heard(asleep, 0, 1, 8 * 3600.0 + 30, TERMS).up is False
    back = heard(DOWN, 1, 1, 0.0, TERMS)
    assert heard(back, 1, 1, 8 * 3600.0, TERMS).up is False


def test_a_line_that_nobody_knows_is_up_after_one_good_round() -> None:
    assert heard(Health(), 1, 2, 5.0, TERMS) == Health(up=True, last=5.0, vain=None)


def test_a_line_that_nobody_knows_is_down_after_two_bad_rounds_one_after_the_other() -> None:
    first = heard(Health(), 0, 1, 5.0, TERMS)
    assert first.up is None
    assert due(first, TERMS) == 5.0 + AGAIN
    second = heard(first, 0, 1, 6.0, TERMS)
    assert second.up is False


def test_before_it_has_ever_been_up_a_line_owes_no_quiet_time_and_is_asked_ever_more_seldom() -> None:
    health, at = Health(), 0.0
    waits = []
    for _ in range(6):
        health = heard(health, 0, 1, at, TERMS)
        waits.append(due(health, TERMS) - at)
        at += waits[-1]
    assert waits == [1, 2, 4, 8, 10, 10]
    assert heard(health, 1, 1, at, TERMS).up is True


@given(TERMS_OF_ALL_KINDS, st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=60))
def test_time_goes_on_from_round_to_round_whatever_is_answered(
    terms: Terms, answered: list[tuple[int, int]]
) -> None:
    health, at = Health(), 0.0
    for good, total in answered:
        health = heard(health, min(good, total), total, at, terms)
        later = due(health, terms)
        assert later > at
        assert later <= at + terms.interval + terms.timeout
        at = later
