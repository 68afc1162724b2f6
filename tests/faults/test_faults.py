"""A fixed sample of the fault lab; `make soak` lives ten thousand seeds more."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.faults.__main__ import FIXED, stories

SAMPLE = 32  # seeds; each is the life of an agent for hours to a year


@cache
def lived() -> dict[int, dict[str, Any]]:
    """The whole sample, on all cores."""
    return {int(str(story["seed"])): story for story in stories(1, SAMPLE)}


@pytest.mark.timeout(900)  # of the whole sample, which the first test to ask lives through
@pytest.mark.parametrize("seed", range(1, SAMPLE + 1))
def test_whatever_goes_wrong_what_is_promised_holds(seed: int) -> None:
    story = lived()[seed]
    assert story["broken"] == [], f"the whole story: python -m tests.faults {seed}"


@pytest.mark.timeout(900)
def test_the_sample_is_struck_by_every_kind_of_fault() -> None:
    from tests.faults.line import FAULTS
    from tests.faults.world import EXCHANGES, SERVERS

    struck: Counter[str] = Counter()
    for story in lived().values():
        struck.update(story["struck"])
    sources = {f"source {fault}" for fault in FAULTS}
    servers = {f"name server {fault}" for fault in SERVERS}
    rest = {"outage", "flapping", "lie", "clock", "restart loop", "edited by hand", "revoked", "abuse"}
    rest |= {"disk full", "disk read-only", "disk broken", "disk rots", "name refused", "no IPv6"}
    assert {*EXCHANGES, *sources, *servers, *rest} - struck.keys() == set()
    assert sum(story["kills"] for story in lived().values()) > 20
    assert sum(story["torn"] for story in lived().values()) > 5


def test_a_seed_tells_the_same_story_every_time() -> None:
    def digest(hash_seed: str) -> str:
        told = subprocess.run(
            [sys.executable, "-m", "tests.faults", "3"],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        )
        return told.stdout.rpartition("digest ")[2].strip()

    assert digest("1") == digest(FIXED) != ""
