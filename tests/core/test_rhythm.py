"""When to look: trust in those who tell, and the hour at which a provider changes the address."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from random import Random

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from homeport.core import rhythm
from homeport.core.rhythm import DAY, HOUR, MINUTE, NO_TRUST, Sighting, Trust, Window

NOON = 1_763_726_400.0 - 1_763_726_400.0 % DAY + DAY / 2  # of some day
BASE = 300.0
TOLD = st.sampled_from([None, "nat-pmp", "pcp", "upnp", "system", "stun", "resume", "hand", "health"])
SIGHTINGS = st.lists(
    st.builds(
        Sighting,
        st.floats(NOON - 60 * DAY, NOON),
        st.just(("8.8.8.1",)),
        TOLD,
        st.booleans(),
    ),
    max_size=40,
)
TRUSTS = st.builds(rhythm.trust, SIGHTINGS)
WINDOWS = st.one_of(
    st.none(),
    st.builds(
        Window, st.floats(0, DAY - 1), st.floats(180, 1400), st.just(3), st.floats(NOON - 20 * DAY, NOON)
    ),
)
NOW = st.floats(NOON, NOON + 20 * DAY)


def changes(*told: str | None) -> list[Sighting]:
    """One a day at odd times, the newest a day before noon."""
    first = NOON - DAY * len(told)
    return [Sighting(first + n * (DAY + 97), ("8.8.8.1",), origin) for n, origin in enumerate(told)]


def nightly(days: int, hour: float, *, until: float = NOON, jitter: float = 60.0) -> list[Sighting]:
    """A change each night about `hour` (UTC), the last one before `until`."""
    midnight = until - until % DAY
    at = [midnight - n * DAY + hour * HOUR + (jitter if n % 2 else -jitter) for n in range(days)]
    return [Sighting(moment, ("8.8.8.1",), None) for moment in reversed(at) if moment <= until]


# -- trust ---------------------------------------------------------------------------------------


def test_without_a_history_there_is_no_trust_and_the_interval_is_the_persons() -> None:
    assert rhythm.trust([]) == NO_TRUST
    assert rhythm.interval(BASE, NO_TRUST, None, NOON) == BASE


def test_five_told_changes_stretch_five_minutes_to_an_hour() -> None:
    trust = rhythm.trust(changes(*["nat-pmp"] * 7))
    assert (trust.told, trust.of, trust.streak) == (5, 5, 5)
    assert rhythm.interval(BASE, trust, None, NOON) == HOUR


def test_each_told_change_adds_as_much_as_the_others() -> None:
    waits = [
        rhythm.interval(BASE, rhythm.trust(changes(*["upnp"] * n)), None, NOON) for n in (0, 1, 2, 3, 4, 5)
    ]
    steps = {round(later - earlier) for earlier, later in pairwise(waits)}
    assert steps == {660}


@given(SIGHTINGS)
def test_a_change_that_came_unannounced_ends_all_trust_at_once(history: list[Sighting]) -> None:
    missed = Sighting(NOON, ("8.8.8.2",), None)
    trust = rhythm.trust([*history, missed])
    assert trust.streak == 0 and trust.level(NOON) == 0
    assert rhythm.interval(BASE, trust, None, NOON) == BASE / 2
    assert rhythm.interval(BASE, trust, None, NOON + 2 * DAY) == BASE


@given(SIGHTINGS)
def test_one_more_told_change_never_lowers_trust(history: list[Sighting]) -> None:
    told = Sighting(NOON, ("8.8.8.2",), "pcp")
    assert rhythm.trust([*history, told]).level(NOON) >= rhythm.trust(history).level(NOON)


@pytest.mark.parametrize("origin", ["hand", "resume", "health"])
def test_a_change_after_a_persons_hint_or_after_sleep_is_no_evidence(origin: str) -> None:
    history = changes("stun", "stun")
    assert rhythm.trust([*history, Sighting(NOON, ("8.8.8.2",), origin)]) == rhythm.trust(history)


def test_a_change_while_nobody_listened_is_no_evidence() -> None:
    history = changes("stun", "stun")
    assert rhythm.trust([*history, Sighting(NOON, (), None, listening=False)]) == rhythm.trust(history)


def test_who_told_until_now_and_did_not_tell_the_newest_change_is_silent() -> None:
    assert rhythm.silent([]) == frozenset()
    assert rhythm.silent(changes("nat-pmp", "pcp", None)) == {"nat-pmp", "pcp"}
    assert rhythm.silent(changes("upnp", None, "pcp", "hand", None)) == {"pcp"}
    for history in (
        changes(None),  # nobody ever told
        changes("pcp", "pcp"),  # it was told
        changes("pcp", None, None),  # it is known already
        changes("pcp", "hand"),  # a person was faster
        [*changes("pcp"), Sighting(NOON, ("8.8.8.2",), None, listening=False)],
    ):
        assert rhythm.silent(history) == frozenset()


@given(SIGHTINGS)
def test_whoever_is_silent_is_trusted_no_more(history: list[Sighting]) -> None:
    in_order = sorted(history, key=lambda one: one.at)
    if silent := rhythm.silent(in_order):
        assert rhythm.trust(in_order).streak == 0 < rhythm.trust(in_order[:-1]).streak
        assert silent <= rhythm.TELLERS.keys()


def test_trust_is_forgotten_when_nothing_has_renewed_it_for_a_quarter() -> None:
    trust = rhythm.trust(changes(*["nat-pmp"] * 5))
    assert rhythm.interval(BASE, trust, None, NOON + 120 * DAY) == BASE
    assert rhythm.interval(BASE, trust, None, NOON - 10 * DAY) == BASE  # the clock was set back


@given(SIGHTINGS, st.randoms(use_true_random=False))
def test_the_order_in_which_the_history_is_given_changes_nothing(
    history: list[Sighting], chance: Random
) -> None:
    assume(len({one.at for one in history}) == len(history))
    mixed = history[:]
    chance.shuffle(mixed)
    assert rhythm.trust(mixed) == rhythm.trust(history)
    assert rhythm.reconnect(mixed) == rhythm.reconnect(history)


# -- the hour ------------------------------------------------------------------------------------


@given(st.floats(0, 23.99), st.integers(3, 28))
@example(0.0, 5)  # the nights lie on both sides of midnight
def test_a_nightly_reconnect_is_learned_wherever_midnight_is(hour: float, days: int) -> None:
    window = rhythm.reconnect(nightly(days, hour, until=NOON + DAY / 2 - 1))
    assume(len(nightly(days, hour, until=NOON + DAY / 2 - 1)) == days)
    assert window is not None
    assert abs((window.middle - hour * HOUR + DAY / 2) % DAY - DAY / 2) <= 60.001
    assert window.days == days
    assert 3 * MINUTE <= window.half <= 6 * MINUTE


@pytest.mark.parametrize("days", [0, 1, 2])
def test_two_nights_are_a_coincidence(days: int) -> None:
    assert rhythm.reconnect(nightly(days, 3.2)) is None


def test_many_changes_of_one_night_are_one_event() -> None:
    burst = [Sighting(NOON + 30 * n, ("8.8.8.1",), None) for n in range(20)]
    assert rhythm.reconnect(burst) is None
    window = rhythm.reconnect([*nightly(6, 12.0, until=NOON - DAY / 2), *burst])
    assert window is not None and window.days == 6


def test_a_restless_hour_weighs_no_more_than_one_change() -> None:
    restless = [Sighting(NOON + 30 * n, ("8.8.8.1",), None) for n in range(20)]
    window = rhythm.reconnect([*nightly(6, 3.2), *restless])
    assert window is not None and abs(window.middle - 3.2 * HOUR) < MINUTE


def test_a_reboot_in_the_afternoon_does_not_spoil_what_was_learned() -> None:
    nights = nightly(10, 3.2)
    reboots = [Sighting(NOON + shift, ("8.8.8.9",), None) for shift in (-2 * DAY - 4 * HOUR, -HOUR)]
    window = rhythm.reconnect([*nights, *reboots])
    assert window is not None and abs(window.middle - 3.2 * HOUR) < MINUTE


@pytest.mark.parametrize("shift", [-1, 1])
def test_summer_time_is_followed_after_three_days(shift: int) -> None:
    old = nightly(20, 3.2, until=NOON - 3 * DAY)
    new = nightly(3, 3.2 + shift, until=NOON)
    assert len(new) == 3
    before, after = rhythm.reconnect(old), rhythm.reconnect([*old, *new])
    assert before is not None and abs(before.middle - 3.2 * HOUR) < MINUTE
    assert after is not None and abs(after.middle - (3.2 + shift) * HOUR) < MINUTE


@given(st.lists(st.floats(0, 14), min_size=12, max_size=24, unique=True))
def test_what_is_learned_explains_at_least_half_of_what_was_seen(days: list[float]) -> None:
    history = [Sighting(NOON - day * DAY, ("8.8.8.1",), None) for day in days]
    window = rhythm.reconnect(history)
    if window is not None:
        inside = [
            one
            for one in history
            if abs((one.at - window.middle + DAY / 2) % DAY - DAY / 2) <= window.half + 1e-3
        ]
        assert len(inside) >= 3
        assert len({round((one.at - inside[0].at) / DAY) for one in inside}) >= 3
        assert window.half <= 2 * rhythm.NARROW + rhythm.MARGIN


def test_changes_every_five_hours_teach_nothing() -> None:
    history = [Sighting(NOON - n * 5 * HOUR, ("8.8.8.1",), None) for n in range(100)]
    assert rhythm.reconnect(history) is None


def test_what_happened_before_the_last_weeks_and_while_nobody_listened_teaches_nothing() -> None:
    old = nightly(20, 3.2, until=NOON - 40 * DAY)
    assert rhythm.reconnect(old) is not None
    assert rhythm.reconnect([*old, Sighting(NOON, ("8.8.8.2",), None)]) is None
    assert rhythm.reconnect([one._replace(listening=False) for one in old]) is None


# -- the interval --------------------------------------------------------------------------------


@given(st.floats(60, 2 * DAY), TRUSTS, WINDOWS, NOW, st.floats(0, 1, exclude_max=True))
def test_an_interval_has_a_floor_a_ceiling_and_an_end_where_the_window_begins(
    base: float, trust: Trust, window: Window | None, now: float, jitter: float
) -> None:
    seconds = rhythm.interval(base, trust, window, now, jitter=jitter)
    assert rhythm.FLOOR <= seconds <= max(base, HOUR) * 1.05
    opens = window.opens(now) if window else None
    if opens is not None:
        assert 0 <= opens <= DAY
        assert seconds <= max(opens, rhythm.NEAR_TRUSTED)
        if opens > rhythm.FLOOR:
            assert seconds <= opens
    if opens == 0:
        assert seconds <= rhythm.NEAR + (rhythm.NEAR_TRUSTED - rhythm.NEAR) * trust.level(now)


@given(TRUSTS, WINDOWS, NOW)
def test_asleep_by_these_intervals_nobody_misses_the_beginning_of_a_window(
    trust: Trust, window: Window | None, now: float
) -> None:
    for _ in range(60):
        seconds = rhythm.interval(BASE, trust, window, now)
        opens = window.opens(now) if window else None
        now += seconds
        if window and opens and opens <= seconds and window.opens(now) is not None:
            assert seconds - opens <= rhythm.FLOOR
            assert window.opens(now + 1e-3) in (0, None)  # None: given up in this moment


def test_an_interval_of_two_hours_is_not_shortened_by_trust() -> None:
    trust = rhythm.trust(changes(*["pcp"] * 5))
    assert rhythm.interval(2 * HOUR, trust, None, NOON) == 2 * HOUR


def test_a_short_interval_that_the_person_wrote_stays() -> None:
    missed = rhythm.trust(changes(None))
    assert rhythm.interval(30.0, missed, None, NOON) == 30.0
    assert rhythm.interval(2.0, NO_TRUST, None, NOON) == 2.0


def test_the_watch_ends_with_the_change_of_the_day_and_begins_again_the_next() -> None:
    window = rhythm.reconnect(nightly(5, 12.0, until=NOON - DAY / 2, jitter=0))
    assert window is not None and window.half == 180
    assert rhythm.interval(BASE, NO_TRUST, window, NOON - 400) == 220
    assert rhythm.interval(BASE, NO_TRUST, window, NOON - 100) == rhythm.NEAR
    changed = window._replace(last=NOON - 20)
    assert rhythm.interval(BASE, NO_TRUST, changed, NOON) == BASE
    assert rhythm.interval(BASE, NO_TRUST, changed, NOON - 100 + DAY) == rhythm.NEAR
    assert rhythm.interval(BASE, NO_TRUST, window, NOON + 181) == BASE


def test_a_line_that_tells_of_every_change_is_watched_less_closely() -> None:
    window = Window(DAY / 2, 180, 5, NOON - DAY)
    trust = rhythm.trust(changes(*["nat-pmp"] * 5))
    assert rhythm.interval(BASE, trust, window, NOON) == rhythm.NEAR_TRUSTED


def test_an_hour_that_was_not_kept_for_two_weeks_is_given_up() -> None:
    window = Window(DAY / 2, 180, 5, NOON)
    assert window.opens(NOON + 13 * DAY) == 0
    assert window.opens(NOON + 15 * DAY) is None
    assert rhythm.interval(BASE, NO_TRUST, window, NOON + 15 * DAY) == BASE


# -- words ---------------------------------------------------------------------------------------


WINDOW = Window(3 * HOUR + 14 * MINUTE, 180, 5, NOON - DAY / 2)


@pytest.mark.parametrize(
    ("history", "window", "now", "said"),
    [
        (
            ["nat-pmp"] * 5,
            WINDOW,
            NOON,
            (
                "the gateway tells of changes (5 of the last 5); a look every 60 min; "
                "usually reconnects about 03:14 UTC"
            ),
        ),
        (
            [],
            None,
            NOON,
            "no change has been seen lately that somebody could have told of; a look every 5 min",
        ),
        (
            ["upnp", None],
            None,
            NOON,
            "the last change came unannounced (told: 1 of the last 2); a look every 2.5 min",
        ),
        (
            ["stun"],
            WINDOW._replace(last=NOON - DAY),
            NOON - NOON % DAY + WINDOW.middle,
            (
                "the kept-alive STUN mapping tells of changes (1 of the last 1); a look every 16 min; "
                "usually reconnects about 03:14 UTC: a look every 28 s until then"
            ),
        ),
    ],
)
def test_a_person_is_told_who_tells_how_often_is_looked_and_when_the_line_reconnects(
    history: Sequence[str | None], window: Window | None, now: float, said: str
) -> None:
    assert rhythm.words(BASE, rhythm.trust(changes(*history)), window, now) == said


@given(st.floats(60, 2 * DAY), TRUSTS, WINDOWS, NOW)
def test_there_are_words_for_everything(
    base: float, trust: Trust, window: Window | None, now: float
) -> None:
    said = rhythm.words(base, trust, window, now)
    assert "a look every" in said and "None" not in said and "\n" not in said


def test_a_sighting_is_made_of_simple_values() -> None:
    import json
    from ipaddress import ip_address

    one = Sighting.of(1.5, [ip_address("8.8.8.2"), ip_address("8.8.8.1")], "stun")
    assert one == Sighting(1.5, ("8.8.8.1", "8.8.8.2"), "stun", listening=True)
    assert json.loads(json.dumps(one)) == [1.5, ["8.8.8.1", "8.8.8.2"], "stun", True]
