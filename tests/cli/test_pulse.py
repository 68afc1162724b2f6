"""The agent's pulse: what hangs or stands still is told with where it was."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
import time
from pathlib import Path
from typing import Any, cast

import pytest

from homeport.agent.loop import HUNG, Agent
from homeport.cli import pulse
from homeport.cli.pulse import Pulse
from homeport.cli.taken import Taken
from homeport.core import watch
from homeport.core.watch import Sample
from homeport.service import measure
from homeport.service.host import Nobody
from homeport.state.lock import STANDSTILL
from homeport.state.store import Store


class Host(Nobody):
    def __init__(self) -> None:
        self.beats = 0

    def alive(self) -> None:
        self.beats += 1


class Patient:
    """Stands for the agent."""

    def __init__(self) -> None:
        self.late = 0.0
        self.tasks: list[tuple[str, asyncio.Task[Any]]] = []
        self.given_up: list[asyncio.Task[Any]] = []

    def hung(self) -> list[tuple[str, asyncio.Task[Any]]]:
        return self.tasks

    def give_up(self, task: asyncio.Task[Any]) -> None:
        self.tasks = []
        self.given_up.append(task)
        task.cancel()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(pulse, "BEAT", 0.02)
    monkeypatch.setattr(pulse, "SAMPLE", 0.05)
    monkeypatch.setattr(watch, "WORTH", 0.3)
    monkeypatch.setattr(logging.getLogger("homeport"), "propagate", True)
    caplog.set_level(logging.INFO, "homeport")


def lived(folder: Path, script: Any, patient: Patient | None = None) -> tuple[Host, Store]:
    """Let the pulse beat as long as the script goes on."""
    host, store = Host(), Store(None, lambda _: None)

    async def go() -> None:
        beating = Pulse(cast("Agent", patient or Patient()), store, host, folder)
        work = asyncio.ensure_future(beating.run())
        try:
            await script(host)
            assert not work.done() or work.result()
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    asyncio.run(go())
    return host, store


async def beats(host: Host, number: int) -> None:
    """Wait for so many more."""
    enough = host.beats + number
    while host.beats < enough:
        await asyncio.sleep(0.01)


async def stand_still() -> None:
    time.sleep(1.5)  # this is what is tested


def test_a_loop_that_stands_still_is_told_with_where_it_was(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def script(host: Host) -> None:
        await beats(host, 2)
        await stand_still()
        await beats(host, 2)

    lived(tmp_path, script)
    [told] = [one.getMessage() for one in caplog.records if "nothing went on" in one.getMessage()]
    assert "in stand_still" in told
    assert (tmp_path / STANDSTILL).read_text() == ""


def test_an_agent_that_never_went_on_is_told_of_by_the_next(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / STANDSTILL).write_text(
        'Thread 0x1 (most recent call first):\n  File "x.py", line 1 in stuck\n'
    )

    async def script(host: Host) -> None:
        await beats(host, 1)

    lived(tmp_path, script)
    [told] = [one.getMessage() for one in caplog.records if "agent before this one" in one.getMessage()]
    assert "in stuck" in told
    assert (tmp_path / STANDSTILL).read_text() == ""


def test_a_task_that_hangs_is_given_up_with_its_stack_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def innermost() -> None:
        await asyncio.Event().wait()

    async def outer() -> None:
        await innermost()

    patient = Patient()

    async def script(host: Host) -> None:
        task = asyncio.ensure_future(outer())
        await asyncio.sleep(0)
        patient.tasks = [("account p: no sign of progress for 301 s", task)]
        await beats(host, 2)
        assert patient.given_up == [task] and task.cancelled()

    lived(tmp_path, script, patient)
    [told] = [one.getMessage() for one in caplog.records if "no sign of progress" in one.getMessage()]
    assert told.index("in test_a_task") < told.index(".outer") < told.index(".innermost")


def test_the_host_is_not_told_that_all_is_well_while_a_round_hangs(tmp_path: Path) -> None:
    patient = Patient()

    async def script(host: Host) -> None:
        await beats(host, 2)
        patient.late = HUNG + pulse.GRACE + 1
        await asyncio.sleep(0.1)
        before = host.beats
        await asyncio.sleep(0.2)
        assert host.beats == before
        patient.late = 0.0
        await beats(host, 1)

    lived(tmp_path, script, patient)


def test_the_first_beat_says_that_another_agent_is_here_now(tmp_path: Path) -> None:
    async def script(host: Host) -> None:
        await beats(host, 1)

    began = time.time()
    _, store = lived(tmp_path, script)
    told = Taken.kept(store)
    assert told is not None and began <= told.at <= time.time()


@pytest.mark.posix("Wine counts no handles")
def test_what_the_process_takes_is_left_in_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "KEEP", 0.0)

    async def script(host: Host) -> None:
        await beats(host, 8)

    _, store = lived(tmp_path, script)
    told = json.loads(store.get("self") or "{}")
    assert told["memory"] > 2**20 and told["tasks"] >= 2 and told["files"] > 2 and told["found"] == []


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (lambda known, one: known.after(one._replace(at=known.last.at + 3e5, cpu=1e9)), "of a CPU"),
        (
            lambda known, one: (known, [watch.Finding("memory", "its memory has risen")]),
            "the most objects are: ",
        ),
    ],
)
def test_a_warning_comes_with_evidence(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    after: Any,
    words: str,
) -> None:
    sound = watch.Watch.after
    first = [True]

    def once(known: watch.Watch, one: Sample) -> Any:
        if first:
            first.clear()
            monkeypatch.setattr(watch.Watch, "after", sound)
            return after(known, one)
        return sound(known, one)

    monkeypatch.setattr(watch.Watch, "after", once)
    monkeypatch.setattr(measure, "APART", 0.001)

    async def script(host: Host) -> None:
        while not any("does not do well" in one.getMessage() for one in caplog.records):
            await beats(host, 1)

    lived(tmp_path, script)
    [told] = [one.getMessage() for one in caplog.records if "does not do well" in one.getMessage()]
    assert words in told and len(told) > 60


@pytest.mark.posix("Wine counts no handles")
def test_a_sample_is_true(tmp_path: Path) -> None:
    async def two() -> tuple[Sample, Sample]:
        before = measure.sample()
        held = [(tmp_path / str(n)).open("w") for n in range(7)]
        block = bytearray(os.urandom(1) * (64 << 20))
        after = measure.sample(1.5)
        assert len(block) == 64 << 20
        for one in held:
            one.close()
        return before, after

    before, after = asyncio.run(two())
    assert before.files is not None and after.files == before.files + 7
    assert after.memory - before.memory > 32 << 20
    assert after.lag == 1.5 and after.cpu >= before.cpu and after.tasks == 1


def test_what_a_thread_does_is_found_by_looking_at_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "APART", 0.002)
    stop = threading.Event()

    def busy_bee() -> None:
        while not stop.is_set():
            pass

    thread = threading.Thread(target=busy_bee)
    thread.start()
    try:
        assert thread.ident is not None
        assert any("busy_bee" in line for line in measure.running(thread.ident))
    finally:
        stop.set()
        thread.join()
