"""When to act and what to remember: laws in simulated time."""

from __future__ import annotations

from ipaddress import ip_address
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.dns import IPAddress, Name, RRset, RRType
from homeport.core.errors import (
    BadCredentials,
    Blocked,
    HomeportError,
    NoAnswer,
    NoSuchName,
    Reaction,
    Refused,
    Stale,
    Throttled,
    Unintelligible,
    Unreachable,
    Untrusted,
)
from homeport.core.schedule import (
    DAY,
    DRIFT_AFTER,
    DRIFT_EVERY,
    HOUR,
    LADDER,
    LEAST_PAUSE,
    LEEWAY,
    LONGEST_WAIT,
    MINUTE,
    Memory,
    acknowledged,
    adoptable,
    believed,
    drifted,
    failed,
    hold,
    looked,
    pause,
    refresh_due,
)

NOW = 1_800_000_000.0
YEAR = 365 * DAY
ONE, TWO = frozenset({ip_address("8.8.8.1")}), frozenset({ip_address("8.8.8.2")})
TIMES = st.floats(0, 4e9)
CHANCES = st.floats(0, 1, exclude_max=True)
ERRORS = st.one_of(
    st.sampled_from([Unreachable, Untrusted, NoAnswer, Stale, Unintelligible]).map(lambda kind: kind("x")),
    st.sampled_from([Refused, BadCredentials, NoSuchName, Blocked]).map(lambda kind: kind("no")),
    st.one_of(st.none(), st.floats(0, 1e12)).map(lambda s: Throttled("slow", retry_after=s)),
)


def wanted(addresses: frozenset[IPAddress] = ONE, ttl: int | None = 60) -> RRset:
    return RRset(Name("home.example.com"), RRType.A, addresses, ttl)


def after(
    *errors: HomeportError, start: Memory | None = None, now: float = NOW, wrote: bool = True
) -> Memory:
    memory = Memory() if start is None else start
    for error in errors:
        memory = failed(memory, error, now, fingerprint="f", jitter=0.0, wrote=wrote)
    return memory


def held(memory: Memory, now: float, *, fingerprint: str = "f", anew: bool = False) -> bool:
    return hold(memory, now, fingerprint, anew=anew) is not None


# -- waits ---------------------------------------------------------------------------------------


@given(st.lists(ERRORS, min_size=1, max_size=12), TIMES, CHANCES)
def test_every_failure_holds_the_next_try_back_but_never_longer_than_a_day(
    errors: list[HomeportError], now: float, jitter: float
) -> None:
    memory = Memory()
    for error in errors:
        memory = failed(memory, error, now, fingerprint="f", jitter=jitter, wrote=True)
        assert held(memory, now)
        if error.reaction is Reaction.HALT:
            assert memory.stopped_by == "f" and memory.not_before is None
        else:
            assert memory.stopped_by is None and memory.not_before is not None
            assert 29.999 <= memory.not_before - now <= LONGEST_WAIT + 1e-3
            assert held(memory, memory.not_before - 1) and not held(memory, memory.not_before + 1)


@given(st.lists(ERRORS, min_size=1, max_size=8), TIMES)
def test_waits_grow_and_never_shrink_while_the_trouble_is_the_same(
    errors: list[HomeportError], now: float
) -> None:
    error, memory, waits = errors[0], Memory(), []
    for _ in range(10):
        memory = failed(memory, error, now, fingerprint="f", jitter=0.5, wrote=False)
        waits.append(memory.not_before)
    assert all(a is None or b is None or a <= b for a, b in pairwise(waits))


@given(st.floats(0, 1e12), CHANCES)
def test_what_a_provider_asks_for_is_given_up_to_a_day(seconds: float, jitter: float) -> None:
    error = Throttled("slow", retry_after=seconds)
    memory = failed(Memory(), error, NOW, fingerprint="f", jitter=jitter, wrote=True)
    if seconds > 1:
        assert held(memory, NOW + min(seconds, LONGEST_WAIT) - 1)
    assert not held(memory, NOW + LONGEST_WAIT + 1)


def test_retries_are_front_weighted_and_then_patient() -> None:
    memory, waits = Memory(), []
    for _ in range(8):
        memory = after(Unreachable("down"), start=memory)
        assert memory.not_before is not None
        waits.append(memory.not_before - NOW)
    assert waits == [30, 60, 120, 300, 900, 3600, 3600, 3600]


def test_jitter_lengthens_a_wait_by_up_to_a_quarter() -> None:
    waits = []
    for jitter in (0.0, 0.999):
        memory = failed(Memory(), Unreachable("x"), NOW, fingerprint="f", jitter=jitter, wrote=False)
        assert memory.not_before is not None
        waits.append(memory.not_before - NOW)
    assert waits[0] == 30 and 37 < waits[1] < 37.5


def test_a_person_need_not_wait_for_our_retries_but_for_the_provider_and_for_stops() -> None:
    assert not held(after(Unreachable("down")), NOW, anew=True)
    assert held(after(Unreachable("down")), NOW, anew=False)
    assert held(after(Throttled("slow", retry_after=60)), NOW, anew=True)
    assert not held(after(Unintelligible("?")), NOW, anew=True)
    assert held(after(BadCredentials("no")), NOW, anew=True)


# -- clocks that jump ----------------------------------------------------------------------------


@given(
    st.lists(ERRORS, min_size=1, max_size=8),
    st.one_of(
        st.floats(-20 * YEAR, 20 * YEAR),
        st.floats(-2 * DAY, 2 * DAY),
        st.sampled_from([-10 * YEAR, 10 * YEAR, -LONGEST_WAIT]),
    ),
)
def test_after_a_jump_of_the_clock_a_wait_still_ends_within_a_day(
    errors: list[HomeportError], jump: float
) -> None:
    memory, jumped = after(*errors), NOW + jump
    if memory.stopped_by is None and held(memory, jumped):
        assert not held(memory, jumped + LONGEST_WAIT + LEEWAY + 1)


@given(st.integers(1, 8), st.floats(-20 * YEAR, 0))
def test_after_a_jump_back_a_retry_waits_no_longer_than_the_longest_retry(
    failures: int, jump: float
) -> None:
    memory, jumped = after(*[Unreachable("down")] * failures), NOW + jump
    assert not held(memory, jumped) or not held(memory, jumped + 1.25 * HOUR + LEEWAY + 1)


@given(st.floats(-60, 60))
def test_a_clock_that_is_set_right_by_a_minute_lifts_no_wait_of_a_day(jump: float) -> None:
    assert held(after(Throttled("banned for a day", retry_after=DAY)), NOW + 120 + jump)
    assert held(after(Throttled("banned for a day", retry_after=1e9)), NOW + jump)


@given(st.lists(st.floats(-20 * YEAR, 20 * YEAR), min_size=1, max_size=20))
def test_a_clock_that_jumps_does_not_make_us_hammer(jumps: list[float]) -> None:
    """One try for each jump; between two jumps the waits are kept."""
    memory, now, tries = after(Throttled("slow")), NOW, 0
    for jump in jumps:
        now = max(0.0, now + jump)
        for _ in range(20):  # a round every ten seconds
            now += 10
            if not held(memory, now):
                tries += 1
                memory = failed(memory, Throttled("slow"), now, fingerprint="f", jitter=0.5, wrote=False)
    assert tries <= len(jumps)


@given(st.sampled_from([-10 * YEAR, 10 * YEAR]))
def test_stops_survive_every_jump_of_the_clock(jump: float) -> None:
    assert held(after(BadCredentials("no")), NOW + jump)


# -- stops ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Refused, BadCredentials, NoSuchName])
def test_a_stop_lasts_until_the_settings_change_or_a_person_asks(kind: type[HomeportError]) -> None:
    memory = after(kind("the provider said no"))
    why = hold(memory, NOW + YEAR, "f", anew=True)
    assert why is not None and "homeport retry" in why and "the provider said no" in why
    assert not held(memory, NOW, fingerprint="another password")
    assert not held(memory.freed(), NOW)
    assert memory.freed().failures == 0 and memory.freed().error == "the provider said no"


def test_freed_lifts_a_wait_too_and_forgets_no_acknowledgement() -> None:
    memory = after(Throttled("slow"), start=acknowledged(Memory(), wanted(), NOW, sent=True))
    assert held(memory, NOW) and not held(memory.freed(), NOW)
    assert believed(memory.freed(), wanted())


def test_success_lifts_everything() -> None:
    for error in (BadCredentials("no"), Throttled("slow"), Unreachable("down")):
        memory = acknowledged(after(error, error), wanted(), NOW + 60, sent=True)
        assert not held(memory, NOW + 60)
        assert (memory.failures, memory.error, memory.error_at, memory.waiting) == (0, None, None, None)


def test_a_wait_tells_how_long_and_why() -> None:
    why = hold(after(Throttled("too fast", retry_after=7200)), NOW, "f", anew=False)
    assert why == "waiting 2 h: too fast"
    assert hold(after(Unreachable("down")), NOW, "f", anew=False) == "waiting 30 s: down"


# -- what is believed ----------------------------------------------------------------------------


def test_an_acknowledgement_is_believed_for_just_that_address_and_ttl() -> None:
    memory = acknowledged(Memory(), wanted(), NOW, sent=True)
    assert believed(memory, wanted())
    assert not believed(memory, wanted(TWO)) and not believed(memory, wanted(ttl=61))
    assert not believed(Memory(), wanted(frozenset(), None))


@pytest.mark.parametrize("error", [NoAnswer("cut off"), Unintelligible("<html>")])
def test_a_write_without_an_answer_that_we_understand_is_believed_neither_way(error: HomeportError) -> None:
    before = acknowledged(Memory(), wanted(ONE), NOW, sent=True)
    memory = after(error, start=before)
    assert not believed(memory, wanted(ONE)) and not believed(memory, wanted(TWO))
    assert memory.acknowledged is None and memory.sent_at == NOW


@pytest.mark.parametrize("error", [Unreachable("down"), Throttled("slow"), Refused("no"), Stale("old")])
def test_what_was_not_taken_leaves_what_was_acknowledged(error: HomeportError) -> None:
    assert believed(after(error, start=acknowledged(Memory(), wanted(), NOW, sent=True)), wanted())


def test_a_read_without_an_answer_leaves_what_was_acknowledged() -> None:
    before = acknowledged(Memory(), wanted(), NOW, sent=True)
    assert believed(after(NoAnswer("cut off"), start=before, wrote=False), wanted())


def test_trouble_is_dated_by_its_beginning() -> None:
    memory = after(Unreachable("first"), now=NOW)
    memory = after(Unreachable("second"), start=memory, now=NOW + 60)
    assert (memory.error, memory.error_at, memory.failures) == ("second", NOW, 2)


# -- what cannot be read -------------------------------------------------------------------------


@given(st.integers(0, 4 * 24 * 30))
def test_an_idle_name_is_refreshed_on_its_day_and_not_before(quarters: int) -> None:
    now = NOW + quarters * 15 * MINUTE
    memory = acknowledged(Memory(), wanted(), NOW, sent=True)
    assert refresh_due(memory, 28, now, 0.0) == (now - NOW >= 28 * DAY)
    assert refresh_due(memory, 28, now, 0.5) == (now - NOW >= 26.6 * DAY)
    assert not refresh_due(memory, None, now, 0.0)


def test_looking_at_a_name_does_not_put_its_refresh_off() -> None:
    """Caught: a name that was adopted, never sent, was never refreshed, and the service dropped it."""
    for sent in (True, False):
        memory = acknowledged(Memory(), wanted(), NOW, sent=sent)
        for day in range(1, 31):
            memory = acknowledged(memory, wanted(), NOW + day * DAY, sent=False)
        assert memory.acknowledged_at == NOW
        assert refresh_due(memory, 28, NOW + 30 * DAY, 0.0)


@given(st.sampled_from([-10 * YEAR, 10 * YEAR]))
def test_a_clock_that_jumps_by_years_refreshes_once(jump: float) -> None:
    """Caught: a name that was sent in a wrong future was not refreshed until that future came."""
    memory = acknowledged(Memory(), wanted(), NOW, sent=True)
    assert refresh_due(memory, 28, NOW + jump, 0.0)
    memory = acknowledged(memory, wanted(), NOW + jump, sent=True)
    assert not refresh_due(memory, 28, NOW + jump + DAY, 0.0)


def test_name_servers_that_show_another_address_are_mended_seldom() -> None:
    memory = acknowledged(Memory(), wanted(ONE), NOW, sent=True)
    assert not drifted(memory, wanted(ONE), TWO, NOW + DRIFT_EVERY - 1)
    assert drifted(memory, wanted(ONE), TWO, NOW + DRIFT_EVERY)
    assert not drifted(memory, wanted(ONE), ONE, NOW + DAY)
    assert not drifted(memory, wanted(ONE), None, NOW + DAY)  # nobody knows
    assert not drifted(Memory(), wanted(ONE), TWO, NOW)


def test_what_was_adopted_is_mended_as_soon_as_it_is_sure_to_be_wrong() -> None:
    """Caught: each look dated the acknowledgement anew, so the name was never mended."""
    memory = acknowledged(Memory(), wanted(ONE), NOW, sent=False)
    memory = looked(acknowledged(memory, wanted(ONE), NOW + DRIFT_AFTER - 1, sent=False), TWO, NOW)
    assert not drifted(memory, wanted(ONE), TWO, NOW + DRIFT_AFTER - 1)
    assert drifted(memory, wanted(ONE), TWO, NOW + DRIFT_AFTER)


def test_name_servers_stand_in_for_an_acknowledgement_only_when_nothing_is_on_its_way() -> None:
    assert adoptable(Memory(), wanted(ONE), ONE, NOW)
    assert not adoptable(Memory(), wanted(ONE), TWO, NOW)
    assert not adoptable(Memory(), wanted(ONE), None, NOW)
    lost = after(NoAnswer("cut off"), start=acknowledged(Memory(), wanted(TWO), NOW - DAY, sent=True))
    assert not adoptable(lost, wanted(ONE), ONE, NOW + DRIFT_AFTER - 1)
    assert adoptable(lost, wanted(ONE), ONE, NOW + DRIFT_AFTER)
    known = acknowledged(Memory(), wanted(TWO), NOW, sent=True)
    assert not adoptable(known, wanted(ONE), ONE, NOW + DAY)


# -- pauses --------------------------------------------------------------------------------------


@given(
    st.floats(1, 86_400),
    st.lists(st.floats(-1e6, 1e6), max_size=4),
    st.none() | st.integers(0, 20),
)
def test_a_pause_is_never_longer_than_the_interval_nor_shorter_than_a_moment(
    regular: float, waits: list[float], rung: int | None
) -> None:
    assert min(LEAST_PAUSE, regular) <= pause(regular, waits, rung=rung) <= regular


def test_the_first_pauses_are_a_ladder_and_the_others_as_long_as_they_should_be() -> None:
    ladder = [pause(3600, [], rung=rung) for rung in range(19)]
    assert ladder == [*LADDER, LADDER[-1], LADDER[-1]] and ladder[:6] == [2, 4, 8, 16, 32, 60]
    assert pause(285, [], rung=None) == 285
    assert pause(300, [500, 40.5, 90], rung=None) == 40.5


def test_memory_is_only_replaced_never_changed() -> None:
    memory = Memory()
    acknowledged(memory, wanted(), NOW, sent=True)
    after(NoAnswer("x"), start=memory)
    looked(memory, ONE, NOW)
    assert memory == Memory()
