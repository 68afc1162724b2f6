"""Who is left alone, and until when: laws that no order of errors and no clock may break."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core import circuit
from homeport.core.circuit import LONGEST_BLOCK, Key, Kind, Party, Scope, Trip
from homeport.core.errors import (
    AccountRefused,
    BadCredentials,
    Blocked,
    Doubted,
    NoAnswer,
    NoSuchName,
    NotSent,
    ProviderError,
    Refused,
    Stale,
    Throttled,
    ThrottledAddress,
    Unintelligible,
    Unreachable,
)
from homeport.core.schedule import DAY, LEEWAY

NOW = 1_800_000_000.0
YEAR = 365 * DAY
ME = Party("me", "f", "dyn.example.net")
KEYS = [Key(Scope.ACCOUNT, "f"), Key(Scope.HOST, "dyn.example.net")]
PATIENCE = st.one_of(st.none(), st.integers(0, 10**12).map(float))
ERRORS = st.one_of(
    st.sampled_from([BadCredentials, AccountRefused, Blocked]).map(lambda kind: kind("no")),
    PATIENCE.map(lambda seconds: Throttled("slow", retry_after=seconds)),
    PATIENCE.map(lambda seconds: ThrottledAddress("slow", retry_after=seconds)),
)


def after(error: ProviderError, old: Trip | None = None, now: float = NOW) -> Trip:
    return circuit.tripped(old, error, "me", now)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (BadCredentials("badauth"), Scope.ACCOUNT),
        (AccountRefused("!donator"), Scope.ACCOUNT),
        (Blocked("abuse"), Scope.HOST),
        (Throttled("911"), Scope.ACCOUNT),
        (Doubted("KO"), Scope.ACCOUNT),
        (ThrottledAddress("too many"), Scope.HOST),
        (NotSent("not sent"), None),
        (Refused("no"), None),
        (NoSuchName("nohost"), None),
        (Unreachable("down"), None),
        (NoAnswer("lost"), None),
        (Stale("old"), None),
        (Unintelligible("<html>"), None),
    ],
)
def test_each_error_says_whom_it_concerns(error: ProviderError, expected: Scope | None) -> None:
    assert circuit.scope(error) is expected


@given(ERRORS, st.integers(0, 365 * 86400))
def test_a_silence_lasts_at_least_as_long_as_it_should_and_ends_unless_it_is_a_stop(
    error: ProviderError, later: float
) -> None:
    trip = after(error)
    least = {Kind.STOP: inf, Kind.BLOCK: DAY}.get(trip.kind)
    if least is None:
        assert isinstance(error, Throttled)
        least = 900.0 if error.retry_after is None else min(error.retry_after, DAY)
    assert circuit.left(trip, NOW) == pytest.approx(least)
    assert (circuit.left(trip, NOW + later) > 0) == (later < least)


def test_a_no_without_a_reason_is_asked_about_twice_and_then_no_more() -> None:
    trip, now, waits = after(Doubted("KO")), NOW, list[float]()
    while trip.kind is Kind.DOUBT:
        waits.append(circuit.left(trip, now))
        assert after(Doubted("KO"), trip, now) == trip  # of the same round, it is no second one
        now += waits[-1] + 30 * DAY  # however seldom it is asked
        trip = after(Doubted("KO"), trip, now)
    assert waits == [900.0, 6 * 3600.0]
    assert (trip.kind, circuit.left(trip, now)) == (Kind.STOP, inf)


def test_what_is_doubted_holds_the_account_but_not_another_credential() -> None:
    doubted = {KEYS[0]: after(Doubted("KO"))}

    assert circuit.hold(doubted, ME, NOW) is not None
    assert circuit.hold(doubted, ME._replace(name="renamed"), NOW) is not None
    assert circuit.hold(doubted, ME._replace(fingerprint="of another token"), NOW) is None
    assert "new credential" in circuit.lifts(KEYS[0], doubted[KEYS[0]])
    assert circuit.cleared(doubted[KEYS[0]])
    assert not any(circuit.cleared(after(error)) for error in (BadCredentials("no"), Throttled("slow")))


def test_blocks_double_up_to_a_month_and_are_forgiven_after_a_quarter() -> None:
    trip, now, spans = None, NOW, []
    for _ in range(8):
        trip = after(Blocked("abuse"), trip, now)
        assert trip.span is not None
        spans.append(trip.span / DAY)
        now += trip.span + 60
    assert spans == [1, 2, 4, 8, 16, 32, 32, 32]
    assert after(Blocked("abuse"), trip, now + 91 * DAY).span == DAY


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_what_was_under_way_at_the_same_time_is_no_second_offence(parts: list[float]) -> None:
    trip = first = after(Blocked("abuse"))
    for part in parts:
        trip = after(Blocked("abuse"), trip, NOW + part * (DAY - 1))
    assert trip == first


@given(st.lists(st.tuples(ERRORS, st.floats(0, 10 * DAY)), min_size=1, max_size=12))
def test_no_later_error_shortens_a_silence(story: list[tuple[ProviderError, float]]) -> None:
    trips: dict[Scope, Trip] = {}
    now = NOW
    for error, pause in story:
        scope = circuit.scope(error)
        assert scope is not None
        old = trips.get(scope)
        before = 0.0 if old is None else circuit.left(old, now)
        trips[scope] = new = after(error, old, now)
        assert circuit.left(new, now) >= min(before, DAY) * (1 - 1e-9)
        assert new.span is None or new.span <= LONGEST_BLOCK
        now += pause


def test_waits_of_a_service_that_names_no_time_grow_and_calm_down() -> None:
    trip, now, spans = None, NOW, []
    for _ in range(4):
        trip = after(Throttled("429"), trip, now)
        spans.append(trip.span)
        now += (trip.span or 0) + 1
    assert spans == [900, 3600, 21600, 21600]
    assert after(Throttled("429"), trip, now + 7 * 3600).span == 900


# -- clocks --------------------------------------------------------------------------------------


@given(ERRORS, st.lists(st.floats(-30 * YEAR, 30 * YEAR), max_size=6))
def test_however_the_clock_jumps_while_somebody_watches_what_was_left_is_left(
    error: ProviderError, jumps: list[float]
) -> None:
    trip, now = after(error), NOW
    expected = circuit.left(trip, now)
    for jump in jumps:
        now += jump
        trip = circuit.shifted(trip, jump)
        assert circuit.left(trip, now) == pytest.approx(expected, abs=1e-3)


@given(st.floats(LEEWAY + 1, 50 * YEAR), st.floats(0, 40 * DAY))
def test_a_clock_that_is_found_set_back_lets_the_time_run_once_more_and_not_for_ever(
    back: float, later: float
) -> None:
    now = NOW - back
    trip = circuit.noticed(after(Blocked("abuse")), now)
    assert circuit.left(trip, now) == DAY
    behind = now + later
    if behind < NOW - LEEWAY:
        assert circuit.left(circuit.noticed(trip, behind), behind) == pytest.approx(
            max(0.0, DAY - later), abs=1e-3
        )
    assert circuit.left(trip, NOW + DAY / 2) == DAY / 2  # right again: the beginning counts as it did


# -- whom it concerns ----------------------------------------------------------------------------


@given(ERRORS)
def test_a_name_in_the_configuration_makes_no_other_account(error: ProviderError) -> None:
    scope = circuit.scope(error)
    circuits = {key: after(error) for key in KEYS if key.scope is scope}
    lasts = circuit.left(next(iter(circuits.values())), NOW) > 0
    assert (circuit.hold(circuits, ME, NOW) is not None) == lasts
    renamed = ME._replace(name="other")
    assert (circuit.hold(circuits, renamed, NOW) is not None) == lasts


@given(ERRORS)
def test_another_credential_lifts_a_stop_and_nothing_else(error: ProviderError) -> None:
    scope = circuit.scope(error)
    circuits = {key: after(error) for key in KEYS if key.scope is scope}
    trip = next(iter(circuits.values()))
    changed = ME._replace(fingerprint="g")
    assert (circuit.hold(circuits, changed, NOW) is None) == (
        trip.kind is Kind.STOP or circuit.left(trip, NOW) == 0
    )


def test_a_block_holds_every_account_at_the_host_and_a_stop_does_not() -> None:
    other = Party("other", "g", "dyn.example.net")
    elsewhere = Party("elsewhere", "h", "dyn.example.org")
    block = {KEYS[1]: after(Blocked("abuse"))}
    stop = {KEYS[0]: after(BadCredentials("badauth"))}
    assert circuit.hold(block, other, NOW) and not circuit.hold(block, elsewhere, NOW)
    assert not circuit.hold(stop, other, NOW)


@given(ERRORS)
def test_a_person_lifts_everything_and_the_next_block_is_longer_even_so(error: ProviderError) -> None:
    trip = after(error)
    lifted = circuit.lift(trip)
    assert circuit.left(lifted, NOW) == 0
    again = after(error, lifted, NOW + 1)
    assert again.strikes == trip.strikes + 1 and not again.lifted
    if again.kind is Kind.BLOCK:
        assert again.span == 2 * DAY


def test_of_several_the_one_that_lasts_longest_is_told() -> None:
    circuits = {KEYS[0]: after(Throttled("429")), KEYS[1]: after(Blocked("abuse"))}
    found = circuit.hold(circuits, ME, NOW)
    assert found is not None and found[1].kind is Kind.BLOCK
    assert circuit.due(circuits, NOW) == 900
    assert circuit.due({KEYS[0]: after(BadCredentials("no"))}, NOW) is None


# -- the configuration changes -------------------------------------------------------------------


def test_what_is_shown_follows_the_configuration() -> None:
    stop = {KEYS[0]: after(BadCredentials("badauth"))}
    assert circuit.kept_up(stop, {"me": ME}, NOW) == {}
    renamed = circuit.kept_up(stop, {"you": ME._replace(name="you")}, NOW)[KEYS[0]]
    assert renamed is not None and renamed.account == "you"
    changed = circuit.kept_up(stop, {"me": ME._replace(fingerprint="g")}, NOW)[KEYS[0]]
    assert changed is not None and changed.account == ""
    assert circuit.left(changed, NOW + YEAR) == inf  # should the old credential come back
    assert circuit.kept_up(stop, {}, NOW + YEAR) == {KEYS[0]: None}
    assert circuit.kept_up(stop, {"me": ME}, NOW + YEAR) == {}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (BadCredentials("wrong password"), ["account me is stopped", "homeport retry", "wrong password"]),
        (Blocked("abuse"), ["every account at dyn.example.net", "24 h", "homeport retry", "abuse"]),
        (Throttled("429"), ["account me is waiting 15 min", "429"]),
    ],
)
def test_it_is_told_who_is_held_for_how_long_and_why(error: ProviderError, words: list[str]) -> None:
    key = next(key for key in KEYS if key.scope is circuit.scope(error))
    said = circuit.says(key, after(error), NOW)
    assert all(word in said for word in words)
    assert "retry" in circuit.lifts(key, after(error))
