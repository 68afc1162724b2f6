"""The current fails at any moment: the state file opens, and knows all that it ever said it had kept."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeport.core.dns import Name, RRType
from homeport.core.schedule import Memory, Target
from homeport.state.store import Store
from tests.crash.power import Disk, Op, watch
from tests.state.test_lines import HAPPENED, REMEMBERED, version_1

pytestmark = pytest.mark.linux("strace")

TARGET = Target(Name("home.example.com"), RRType.A, "cf")

# Two lives; checkpoints, which a quiet agent makes once in weeks, come after each few changes.
LIVES = """
import os, sys
from pathlib import Path
from homeport.core.dns import Name, RRType
from homeport.core.schedule import Memory, Target
from homeport.state.store import Change, Store

target = Target(Name("home.example.com"), RRType.A, "cf")
number = 0
for life in range(2):
    with Store.open(Path(sys.argv[1]) / "a" / "state", print) as store:
        store._db.execute("PRAGMA wal_autocheckpoint = 12")
        for _ in range(9):
            number += 1
            lines = [Change(1.0, "t", target, "updated", note=str(number))]
            store.save({target: Memory(acknowledged_ttl=number)}, lines)
            os.write(1, b"kept %d\\n" % number)
"""

# A life that is killed, a disk that rots, and one that puts the file aside and begins anew.
DAMAGE = """
import os, sys
from pathlib import Path
from homeport.core.dns import Name, RRType
from homeport.core.schedule import Memory, Target
from homeport.state.store import Store

target = Target(Name("home.example.com"), RRType.A, "cf")
folder = Path(sys.argv[1]) / "state"
if os.fork() == 0:
    store = Store.open(folder, print)
    store._db.execute("PRAGMA wal_autocheckpoint = 12")
    for number in range(9):
        store.save({target: Memory(acknowledged_ttl=1000)})
    os._exit(0)
os.wait()
file = os.open(folder / "state.db", os.O_RDWR)
os.pwrite(file, os.urandom(os.fstat(file).st_size - 4096), 4096)
os.fsync(file)
told = []
with Store.open(folder, told.append) as store:
    for number in range(3):
        store.save({target: Memory(acknowledged_ttl=number + 1)})
        os.write(1, b"kept %d\\n" % (number + 1))
assert "put aside" in told[0]
"""


@pytest.fixture(scope="module")
def ops(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Op]]:
    folder = tmp_path_factory.mktemp("watched")
    (folder / "root").mkdir()
    return folder / "root", watch(LIVES, folder / "root", folder / "trace")


def test_the_watch_sees_all_that_a_life_does(ops: tuple[Path, list[Op]]) -> None:
    """What was seen, put together again, is what is on the disk."""
    root, seen = ops
    disk = Disk(str(root))
    for op in seen:
        disk.do(op)
    for path, file in disk.files.items():
        file.sync()
        assert Path(path).read_bytes() == file.sure
    assert {op.kind for op in seen} >= {"said", "make", "folder", "write", "sync", "unlink"}
    assert [op.data for op in seen if op.kind == "said"][-1] == b"kept 18\n"


@pytest.fixture
def memory_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, where there is one: what is opened here need not survive anything."""
    shm = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shm if shm.is_dir() else tmp_path) as name:
        yield Path(name)


@pytest.mark.parametrize("seed", range(3))
def test_a_power_cut_costs_nothing_that_was_kept(
    seed: int, ops: tuple[Path, list[Op]], memory_disk: Path
) -> None:
    root, seen = ops
    chance = random.Random(seed)
    disk, kept, here = Disk(str(root)), 0, memory_disk / "disk"
    for number, op in enumerate(seen):
        disk.do(op)
        if op.kind == "said":
            kept = int(op.data.split()[1])
        here.mkdir()
        disk.after_a_cut(here, chance)
        told: list[str] = []
        with Store.open(here / "a" / "state", told.append) as store:
            memory = store.memories().get(TARGET)
            notes = [line.note for line in store.history()]
        found = 0 if memory is None else memory.acknowledged_ttl or 0
        assert (told, found >= kept) == ([], True), (seed, number, op, found, kept)
        assert notes == [str(n + 1) for n in range(found)]
        shutil.rmtree(here)


@pytest.mark.parametrize("seed", range(2))
def test_a_power_cut_while_a_damaged_file_is_put_aside_is_survived(
    seed: int, tmp_path: Path, memory_disk: Path
) -> None:
    (tmp_path / "root").mkdir()
    chance = random.Random(seed)
    disk, kept, here = Disk(str(tmp_path / "root")), 0, memory_disk / "disk"
    renamed = False
    for number, op in enumerate(watch(DAMAGE, tmp_path / "root", tmp_path / "trace")):
        disk.do(op)
        renamed |= op.kind == "rename"
        if op.kind == "said":
            kept = int(op.data.split()[1])
        if not renamed:
            continue
        here.mkdir()
        disk.after_a_cut(here, chance)
        told: list[str] = []
        with Store.open(here / "state", told.append) as store:
            memory = store.memories().get(TARGET)
            found = 0 if memory is None else memory.acknowledged_ttl or 0
            store.save({TARGET: Memory(acknowledged_ttl=2000)})
        with Store.open(here / "state", told.append) as store:
            assert store.memories()[TARGET].acknowledged_ttl == 2000
        if kept:  # nothing of the file that was put aside comes back
            assert found in (kept, kept + 1), (seed, number, op)
        assert (found >= kept, [line for line in told if "memory" in line]) == (True, []), (
            seed,
            number,
            told,
        )
        shutil.rmtree(here)
    assert renamed and kept == 3


UPGRADE = """
import sys
from pathlib import Path
from homeport.state.store import Store

with Store.open(Path(sys.argv[1]) / "state", print):
    pass
"""


@pytest.mark.parametrize("seed", range(3))
def test_a_power_cut_while_an_older_file_is_brought_up_to_date_loses_nothing(
    seed: int, tmp_path: Path, memory_disk: Path
) -> None:
    root, here = tmp_path / "root", memory_disk / "disk"
    (root / "state").mkdir(parents=True)
    version_1(root / "state")
    chance, disk, told = random.Random(seed), Disk.of(root), list[str]()
    ops = watch(UPGRADE, root, tmp_path / "trace")
    assert sum(op.kind == "write" for op in ops) > 5
    for number, op in enumerate(ops):
        disk.do(op)
        here.mkdir()
        disk.after_a_cut(here, chance)
        with Store.open(here / "state", told.append) as store:
            assert (store.memories(), list(store.history())) == (REMEMBERED, [HAPPENED]), (seed, number, op)
            assert store.spent() == {"account cf": ((7.0, 3),)}
        shutil.rmtree(here)
    assert told == []
