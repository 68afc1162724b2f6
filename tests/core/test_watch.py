"""The agent's judgement of itself."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.watch import HOUR, LEAST_RISE, MINUTE, RISES, STRETCHES, Finding, Sample, Watch

MIB = 2**20
DAY = 24 * HOUR


def lived(samples: list[Sample]) -> list[tuple[float, Finding]]:
    """What was found, and when."""
    known, told = Watch.begin(samples[0]), []
    for sample in samples[1:]:
        known, findings = known.after(sample)
        told += [(sample.at, one) for one in findings]
    return told


def sample(at: float, memory: float, cpu: float = 0.0) -> Sample:
    return Sample(at, int(memory), cpu, 20, 8)


@given(st.integers(0, 2**32), st.lists(st.tuples(st.floats(0, 30), st.floats(0, 20)), max_size=3))
def test_a_month_of_a_healthy_agent_is_no_reason_to_warn(
    seed: int, added: list[tuple[float, float]]
) -> None:
    """It grows while it gets warm, jumps in a round, rises when names are added, and wavers."""
    chance = random.Random(seed)
    samples = []
    for n in range(30 * 24 * 6):
        at = n * 10 * MINUTE
        warm = 2 * MIB * min(1.0, at / HOUR)
        names = sum(size * MIB for day, size in added if at >= day * DAY)
        spike = 6 * MIB * (chance.random() < 0.1)
        samples.append(sample(at, 28 * MIB + warm + names + spike + chance.random() * 0.4 * MIB, at / 1000))
    assert lived(samples) == []


@pytest.mark.parametrize(
    ("a_day", "within"), [(30 * MIB, 4 * HOUR), (4 * MIB, 2 * DAY), (0.5 * MIB, 13 * DAY)]
)
def test_a_leak_is_found_and_the_faster_the_sooner(a_day: float, within: float) -> None:
    chance = random.Random(1)
    samples = [
        sample(at, 28 * MIB + a_day * at / DAY + chance.random() * 3 * MIB * (chance.random() < 0.2))
        for at in (n * MINUTE for n in range(int(15 * DAY / MINUTE)))
    ]
    first, found = lived(samples)[0]
    assert found.word == "memory" and first <= within


@given(st.lists(st.integers(0, 4 * LEAST_RISE), min_size=RISES + 1, max_size=40))
def test_nothing_is_said_before_five_rises_in_a_row(memories: list[int]) -> None:
    length = STRETCHES[0]
    samples = [sample(n * length, memory) for n, memory in enumerate([*memories, 0])]
    row, rises = 0, 0
    for before, after in pairwise(memories):
        row = row + 1 if after - before >= LEAST_RISE else 0
        rises = max(rises, row)
    short = [one for at, one in lived(samples) if one.word == "memory"]
    if rises < RISES:
        assert all("2.5 h" not in one.says for one in short)
    else:
        assert short


@given(st.lists(st.floats(0, 60), min_size=2, max_size=60))
def test_it_is_busy_when_four_fifths_of_a_minute_were_spent_and_says_so_once(spent: list[float]) -> None:
    samples, cpu = [sample(0, MIB)], 0.0
    for n, seconds in enumerate(spent, 1):
        cpu += seconds
        samples.append(sample(n * MINUTE, MIB, cpu))
    told = [at for at, one in lived(samples) if one.word == "busy"]
    busy = [False, *(seconds > 48.0 for seconds in spent)]
    begins = [n * MINUTE for n in range(1, len(busy)) if busy[n] and not busy[n - 1]]
    assert told == pytest.approx(begins)


def test_evidence_says_what_grew() -> None:
    samples = [Sample(n * HOUR / 2, n * MIB, 0, 20 + n, 8 * n) for n in range(1, 9)]
    [(_, found), *_] = lived(samples)
    assert "from 1.0 to 6.0 MiB in 2.5 h; tasks 8 -> 48, open files 21 -> 26" in found.says
