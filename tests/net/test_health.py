"""A line that is watched, in virtual time: what is told, when, and what it costs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest

from homeport.core.errors import SourceError
from homeport.core.health import Terms
from homeport.core.hint import Hint
from homeport.core.probe import Probe, parse
from homeport.net.health import FIRST_TIMEOUT, Monitor
from homeport.net.probe import Prober
from homeport.net.uplink import UplinkNet
from tests.days.world import live

TERMS = Terms(interval=10, detect=30, recover=120)
PROBES = (parse("icmp:1.1.1.1 x2"), parse("tcp:9.9.9.9:443"))
Says = Callable[[float, Probe], bool | str]  # answered, or why it cannot be asked


def clock() -> float:
    return asyncio.get_running_loop().time()


class Line(Prober):
    """Answers 20 ms after it was asked, or not at all."""

    def __init__(self, says: Says) -> None:
        super().__init__(UplinkNet(user_agent="test"))
        self.says = says
        self.asked: list[float] = []
        self.closed = 0

    async def ask(self, probe: Probe, patience: float) -> str | None:
        self.asked.append(clock())
        said = self.says(clock(), probe)
        if isinstance(said, str):
            raise SourceError(said)
        await asyncio.sleep(0.02 if said else patience)
        return None if said else f"no answer within {patience:g} s"

    async def aclose(self) -> None:
        self.closed += 1


def watched(says: Says, seconds: float) -> tuple[list[tuple[float, Hint]], Line]:
    """What was told, and when, in so many seconds."""
    told: list[tuple[float, Hint]] = []
    line = Line(says)

    async def go() -> None:
        monitor = Monitor("fiber", PROBES, TERMS, line, clock)
        task = asyncio.ensure_future(monitor.run(lambda hint: told.append((clock(), hint))))
        await asyncio.sleep(seconds)
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert monitor.healthy, "what nobody watches any more is taken for up"

    live(go())
    return told, line


def test_a_good_line_is_never_spoken_of_and_asked_at_its_interval() -> None:
    told, line = watched(lambda at, probe: True, 600)
    assert told == []
    assert len(line.asked) == len(PROBES) * 60
    assert line.closed == 1


def test_a_lost_line_is_told_within_its_detection_time_and_one_that_is_back_after_its_quiet_time() -> None:
    told, _ = watched(lambda at, probe: not 100.5 <= at < 400, 600)
    (lost, down), (back, up) = told
    assert lost <= 100.5 + TERMS.detect + TERMS.interval + TERMS.timeout
    assert 400 + TERMS.recover <= back <= 400 + TERMS.recover + 3 * TERMS.interval
    assert down == Hint(
        "health",
        "fiber is down: icmp:1.1.1.1: no answer within 3 s; tcp:9.9.9.9:443: no answer within 3 s",
        "fiber",
    )
    assert up == Hint("health", "fiber is up again", "fiber")


def test_one_lost_packet_and_one_lost_server_are_nothing() -> None:
    assert watched(lambda at, probe: not 100 <= at < 109, 600)[0] == []
    assert watched(lambda at, probe: probe.kind == "icmp", 600)[0] == []


def test_a_line_that_is_down_at_the_start_is_told_soon_and_used_as_soon_as_it_is_up() -> None:
    told, line = watched(lambda at, probe: at > 20, 60)
    (lost, _), (back, _) = told
    assert lost <= 2 * FIRST_TIMEOUT
    assert 20 < back <= 31
    assert len([at for at in line.asked if at < 20]) <= 6 * len(PROBES)


def test_whoever_needs_the_first_word_does_not_wait_for_it_twice() -> None:
    line = Line(lambda at, probe: True)

    async def go() -> float:
        monitor = Monitor("fiber", PROBES, TERMS, line, clock)
        await asyncio.gather(*(monitor.proved() for _ in range(5)))
        assert monitor.healthy
        return clock()

    assert live(go()) == pytest.approx(0.02)
    assert len(line.asked) == len(PROBES)


def test_a_run_of_one_round_probes_the_line_itself() -> None:
    async def go() -> tuple[bool, float]:
        monitor = Monitor("fiber", PROBES, TERMS, Line(lambda at, probe: False), clock)
        await monitor.proved()
        return monitor.healthy, clock()

    healthy, waited = live(go())
    assert not healthy
    assert waited <= 2 * FIRST_TIMEOUT


def test_the_first_word_is_not_asked_for_again_while_the_line_is_watched() -> None:
    async def go() -> float:
        monitor = Monitor("fiber", PROBES, TERMS, Line(lambda at, probe: True), clock)
        task = asyncio.ensure_future(monitor.run(lambda hint: None))
        await asyncio.sleep(55)
        before = clock()
        await monitor.proved()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return clock() - before

    assert live(go()) == 0


def test_probes_that_cannot_be_run_end_the_watch_and_the_line_is_taken_for_up() -> None:
    told: list[Hint] = []

    async def go() -> Monitor:
        line = Line(lambda at, probe: "only root may" if at > 200 else False)
        monitor = Monitor("fiber", PROBES, TERMS, line, clock)
        with pytest.raises(SourceError, match=r"icmp:1\.1\.1\.1: only root may; tcp:9"):
            await monitor.run(told.append)
        await monitor.proved()
        return monitor

    assert live(go()).healthy
    assert [hint.says for hint in told][1:] == ["fiber cannot be probed any more"]


def test_one_probe_that_cannot_be_run_is_warned_of_once_and_the_others_decide(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def says(at: float, probe: Probe) -> bool | str:
        return "only root may" if probe.kind == "icmp" else at < 100

    with caplog.at_level(logging.WARNING):
        told, _ = watched(says, 300)
    assert [record.getMessage() for record in caplog.records] == [
        "uplink fiber: icmp:1.1.1.1: only root may"
    ]
    [(_, hint)] = told
    assert hint.says == "fiber is down: tcp:9.9.9.9:443: no answer within 3 s"


def test_what_cannot_be_run_is_not_warned_of_again_at_each_new_try(
    caplog: pytest.LogCaptureFixture,
) -> None:
    says = ["only root may"]

    async def go() -> None:
        monitor = Monitor("fiber", PROBES[:1], TERMS, Line(lambda at, probe: says[0]), clock)
        for _ in range(5):
            with pytest.raises(SourceError, match=says[0]):
                await monitor.run(lambda hint: None)
        says[0] = "no address found"
        with pytest.raises(SourceError, match=says[0]):
            await monitor.run(lambda hint: None)

    with caplog.at_level(logging.WARNING):
        live(go())
    assert [record.getMessage() for record in caplog.records] == [
        "uplink fiber: icmp:1.1.1.1: only root may",
        "uplink fiber: icmp:1.1.1.1: no address found",
    ]
