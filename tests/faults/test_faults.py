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
from tests.faults.gates import SCENES, WAYS, Way, every
from tests.faults.line import FAULTS
from tests.faults.mutants import MUTANTS, SRC
from tests.faults.world import BEFORE, INSTEAD, SENT, SERVERS, STRANGE, TAKEN

OTHERS = {"source": FAULTS, "name server": SERVERS}
STRIDE = 40  # of the awaits of a short life
SAMPLE = 40  # seeds; each is the life of an agent for hours to a year


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
def test_the_sample_is_struck_by_faults_of_all_kinds() -> None:
    struck: Counter[str] = Counter()
    for story in lived().values():
        struck.update(story["struck"])
    sources, servers = ({f"{who} {fault}" for fault in some} for who, some in OTHERS.items())
    for kind in (BEFORE, SENT, TAKEN, INSTEAD, STRANGE, sources, servers):
        assert struck.keys() & {*kind}, f"none of {sorted(kind)}"
    rest = {"abuse", "outage", "flapping", "lie", "clock", "restart loop", "edited by hand", "revoked"}
    assert {*rest, "disk rots", "name refused"} - struck.keys() == set()
    assert sum(story["kills"] for story in lived().values()) > 20
    assert sum(story["torn"] for story in lived().values()) > 3


@pytest.mark.timeout(300)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("scene", range(SCENES))
def test_whichever_await_is_the_last_one_what_is_promised_holds(scene: int, way: Way) -> None:
    """Every so-manieth await of a short life; `make soak` strikes all of them."""
    struck = 0
    for gate, story in every(scene, way, first=1 + scene, stride=STRIDE):
        assert story.broken == [], f"the whole story: python -m tests.faults {scene} --{way} {gate}"
        struck += story.lives > 1  # at the very last awaits, nobody begins anew
    assert struck * STRIDE > 100


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


def test_every_bug_that_the_lab_must_find_can_still_be_put_in() -> None:
    for one in MUTANTS:
        assert (SRC / "homeport" / one.file).read_text().count(one.old) == 1, one.name
