"""When files that somebody writes are read again."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from homeport.core.stillness import STILL, Look, Stillness

FILE = Path("homeport.toml")


def look(state: int) -> Look:
    """0: the file is not there."""
    return {FILE: (state,) if state else None}


looks = st.lists(st.tuples(st.floats(0.1, 5.0), st.integers(0, 3)), max_size=30)


@given(looks)
def test_files_are_read_only_when_they_differ_and_were_still_for_a_while(
    steps: list[tuple[float, int]],
) -> None:
    now, seen, since = 0.0, 1, 0.0
    known = Stillness.begin(look(1), now)
    read = 1
    for passed, state in steps:
        now += passed
        if state != seen:
            seen, since = state, now
        known = known.looked(look(state), now)
        assert known.due(now) == (state != read and now - since >= STILL)
        if known.due(now):
            known, read = Stillness.begin(look(state), now), state
            assert not known.due(now + 1000)


@given(looks)
def test_whatever_came_before_the_last_state_is_read_in_the_end(steps: list[tuple[float, int]]) -> None:
    now, state = 0.0, 1
    known = Stillness.begin(look(9), now)
    for passed, state in steps:
        now += passed
        known = known.looked(look(state), now)
    known = known.looked(look(state), now).looked(look(state), now + 2 * STILL)
    assert known.due(now + 2 * STILL)
