"""What the agent takes of the machine, from the agent to `homeport status`."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.cli.taken import KEEP, Taken
from homeport.core.watch import Finding
from homeport.state.store import Store

SIZES = st.integers(0, 2**40)
TIMES = st.floats(0, 1e10)
WORDS = st.text(max_size=20)


@given(
    st.builds(
        Taken,
        TIMES,
        SIZES,
        TIMES,
        st.none() | SIZES,
        SIZES,
        TIMES,
        st.lists(st.builds(Finding, WORDS, WORDS)).map(tuple),
    )
)
def test_what_was_left_is_read(taken: Taken) -> None:
    with Store(None, pytest.fail) as store:
        taken.keep(store)
        assert Taken.kept(store) == taken


@pytest.mark.parametrize("rot", ["", "{", "[]", "{}", '{"at": "x"}', '{"at": 1, "memory": null}'])
def test_what_cannot_be_read_is_left_out(rot: str) -> None:
    with Store(None, pytest.fail) as store:
        store.put("self", rot)
        assert Taken.kept(store) is None


def test_what_is_the_matter_is_said() -> None:
    now = time.time()
    well = Taken(now - 240, 30 * 2**20, 3.21, 14, 9, 0.5)
    assert well.text() == "agent: 30.0 MiB of memory, 3.2 s of CPU, 14 open files (4 min ago)"
    assert well._replace(files=None).text() == "agent: 30.0 MiB of memory, 3.2 s of CPU (4 min ago)"
    assert well.troubles(now) == []
    ill = well._replace(found=(Finding("busy", "99% of a CPU"),))
    assert ill.troubles(now) == ["  it does not do well: 99% of a CPU"]


def test_an_agent_that_cannot_write_is_told_of() -> None:
    """It keeps its state in memory, where nobody sees it, for as long as its disk is full."""
    now = time.time()
    late = Taken(now - 2 * KEEP + 60, 1, 1.0, 1, 1, 0.0)
    assert late.troubles(now) == []
    [said] = late._replace(at=now - 2 * KEEP - 60).troubles(now)
    assert "has written nothing here since" in said and "its log says why" in said
