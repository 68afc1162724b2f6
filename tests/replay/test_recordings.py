"""Every recording in `recordings/` still leads to the decisions that were taken when it was made.

They were made in the lab (`tests/lab`) by `homeport run --record`.  One from the field is laid beside
them as CONTRIBUTING.md says, and is a test from then on.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from homeport.cli.main import main
from homeport.core.hint import Hint
from homeport.replay.decisions import again, by_target, recorded
from homeport.report.record import Recording, Round, read

RECORDINGS = sorted((Path(__file__).parent / "recordings").glob("*.jsonl"))


def load(name: str) -> Recording:
    [path] = [one for one in RECORDINGS if one.stem == name]
    with path.open(encoding="utf-8") as lines:
        return read(lines)


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_a_recording_leads_to_its_decisions(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(path)]) == 0, capsys.readouterr().out
    assert by_target(recorded(load(path.stem))), "nothing was decided in it"


def test_what_the_gateway_tells_is_published_as_it_changes() -> None:
    recording = load("told-by-the-gateway")

    told = {event.said.origin for event in recording.events if isinstance(event.said, Hint)}
    assert told == {"nat-pmp", "pcp", "upnp", "hand"}
    assert list(by_target(again(recording)).values()) == [[("45.0.0.10",), ("45.0.0.77",), ("45.0.0.78",)]]


def test_a_line_that_is_lost_is_left_and_taken_again() -> None:
    recording = load("failover-of-two-lines")

    down = [event.said.down for event in recording.events if isinstance(event.said, Round)]
    assert down == [frozenset(), {"fiber"}, frozenset()]
    assert list(by_target(again(recording)).values()) == [[("45.0.0.10",), ("62.0.0.10",), ("45.0.0.10",)]]
