"""A recording, replayed, comes to the decisions that were taken; and what is no recording is said so."""

from __future__ import annotations

import asyncio
import errno
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeport.agent.hearing import everybody
from homeport.cli.main import main
from homeport.cli.setup import begin
from homeport.core.dns import RRType
from homeport.core.errors import ConfigError, SourceError
from homeport.core.hint import Hint
from homeport.core.report import Report
from homeport.replay.decisions import again, by_target, recorded
from homeport.report.record import Recorder, read
from homeport.state.store import Store
from tests.days.world import HOUR, START, Readable, Shop, Told, World, live, quiet

ADDRESSES = ["8.8.8.1", "8.8.8.2", "8.8.8.3"]
TROUBLE = "no answer"
KNOWN = Hint("nat-pmp", "the gateway announces something", "default")

says = st.sampled_from([*ADDRESSES, "10.0.0.1", TROUBLE])
# What changes twice within `AHEAD` cannot be told apart, nor what comes at the moment of a poll; so
# changes lie 73 s apart, which never adds up to one of the waits between two looks.
moments = st.integers(1, 98).map(lambda number: 73 * number)
lives = st.lists(st.tuples(moments, says, says, st.booleans()), max_size=8, unique_by=lambda one: one[0])


def lived(changes: list[tuple[int, str, str, bool]]) -> list[str]:
    """The lines that an agent records whose two sources change what they say at those times."""
    said = [ADDRESSES[0], ADDRESSES[0]]

    def one(place: int) -> str | BaseException:
        return SourceError(TROUBLE) if said[place] == TROUBLE else said[place]

    stream = io.StringIO()
    world = World(
        {"cf": Readable(shop=Shop())},
        hears=everybody,
        sources={
            RRType.A: [
                Told(label="http:a", operator="a", says=lambda: one(0)),
                Told(label="dns:b", operator="b", says=lambda: one(1)),
            ]
        },
    )
    recorder = Recorder(stream, world.now, quiet)

    class Reports(list[Report]):
        def append(self, report: Report) -> None:
            recorder.round(report, [])

    world.reports = Reports()

    async def happen() -> None:
        for at, first, second, told in sorted(changes):
            await asyncio.sleep(at - world.elapsed())
            said[:] = first, second
            if told:
                recorder.hint(KNOWN)
                world.tell(KNOWN)

    async def life() -> None:
        asked = world.setup()
        begin(recorder, asked)
        happening = asyncio.ensure_future(happen())
        with Store(None, quiet) as store:
            await world.run(store, 3 * HOUR)
        await happening

    live(life())
    return stream.getvalue().splitlines(keepends=True)


@settings(max_examples=30)
@given(lives)
def test_a_recording_replayed_comes_to_the_same_decisions(
    changes: list[tuple[int, str, str, bool]],
) -> None:
    recording = read(lived(changes))

    assert by_target(again(recording)) == by_target(recorded(recording))


@pytest.fixture
def lines() -> list[str]:
    return lived([(600, ADDRESSES[1], ADDRESSES[1], True)])


def test_the_decisions_are_those_that_were_taken(lines: list[str]) -> None:
    found = again(read(lines))

    assert [(round(one.at - START), one.addresses) for one in found] == [
        (0, ("8.8.8.1",)),
        (600, ("8.8.8.2",)),
    ]


def test_another_observation_is_another_decision(lines: list[str]) -> None:
    changed = [line.replace('"said": ["8.8.8.2"]', '"said": ["8.8.8.3"]') for line in lines]

    assert again(read(changed))[-1].addresses == ("8.8.8.3",)
    assert recorded(read(changed))[-1].addresses == ("8.8.8.2",)


def test_what_is_refused_stays_refused(lines: list[str]) -> None:
    changed = [line.replace('"said": ["8.8.8.2"]', '"said": ["10.9.9.9"]') for line in lines]

    assert [one.addresses for one in again(read(changed))] == [("8.8.8.1",)]


def test_a_last_line_that_was_cut_short_is_left_out(lines: list[str]) -> None:
    cut = [*lines, lines[-1][: len(lines[-1]) // 2]]

    assert read(cut) == read(lines)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("wrong", ["", "{}", "[]", "nonsense", '{"at": "noon", "hint": {}}', "null"])
def test_a_wrong_line_is_named(lines: list[str], wrong: str, place: int) -> None:
    lines[place] = wrong + "\n"
    with pytest.raises(ConfigError, match=f"line {place + 1} is not what"):
        read(lines)


def test_a_recording_of_a_later_format_is_refused(lines: list[str]) -> None:
    lines[0] = json.dumps(json.loads(lines[0]) | {"homeport": 2}) + "\n"
    with pytest.raises(ConfigError, match="format 2"):
        read(lines)


def test_the_command_shows_them_and_tells_by_its_status(
    lines: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "recording"
    file.write_text("".join(lines))

    assert main(["replay", str(file)]) == 0
    assert "the same decisions" in capsys.readouterr().out

    file.write_text("".join(lines).replace('"said": ["8.8.8.2"]', '"said": ["8.8.8.3"]'))
    assert main(["replay", "--json", str(file)]) == 1
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["wanted"] for one in told if one["decision"] == "replayed"] == [["8.8.8.1"], ["8.8.8.3"]]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"hello\n", b"hello\nworld\n"])
def test_a_file_that_is_none_is_a_wrong_call(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "recording"
    file.write_bytes(content)

    assert main(["replay", str(file)]) == 2
    assert str(file) in capsys.readouterr().err
    assert main(["replay", str(tmp_path / "nowhere")]) == 2


def test_a_full_disk_ends_the_recording_and_nothing_else() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    said: list[str] = []
    recorder = Recorder(Full(), lambda: START, said.append)
    for _ in range(3):
        recorder.hint(KNOWN)

    assert said == ["the recording ends here: No space left on device"]
