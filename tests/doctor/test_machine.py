"""What the checks of every platform think of what was found."""

from __future__ import annotations

import pytest

from homeport.doctor import machine
from homeport.doctor.machine import Clock


@pytest.mark.parametrize(
    ("ahead", "state"),
    [
        (0.0, "right"),
        (-29.9, "right"),
        (30.0, "warning"),
        (-299.0, "warning"),
        (301.0, "wrong"),
        (-1e9, "wrong"),
    ],
)
def test_a_clock_is_judged_by_what_its_error_breaks(ahead: float, state: str) -> None:
    found = machine.clock(Clock("time.example", ahead), "")
    assert found.state == state
    assert ("behind" in found.says) == (ahead <= 0)
    assert bool(found.remedy) == (state != "right")


def test_a_clock_that_nobody_could_judge_is_unknown_not_wrong() -> None:
    found = machine.clock(None, "no way out")
    assert (found.state, "no way out" in found.says) == ("unknown", True)


def test_a_state_folder() -> None:
    assert machine.state_folder("/s", None, 10**9).state == "right"
    assert machine.state_folder("/s", None, None).state == "right"
    assert machine.state_folder("/s", None, 5_000_000).says == "/s: the disk has 5 MB left"
    wrong = machine.state_folder("/s", "no right to write", None)
    assert wrong.state == "wrong" and "state_dir" in wrong.remedy


def test_files_that_were_taken_away_are_named_but_not_all_of_them() -> None:
    assert machine.program([]).state == "right"
    found = machine.program([f"homeport/{n}.py" for n in range(7)])
    assert found.state == "wrong"
    assert "homeport/0.py" in found.says and "and 2 more" in found.says


def test_an_agent_that_does_not_run_is_wrong() -> None:
    assert machine.agent(running=True, start="do").state == "right"
    found = machine.agent(running=False, start="do")
    assert (found.state, found.remedy) == ("wrong", "do")
