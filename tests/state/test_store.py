"""The state file: what goes in comes out, and no trouble with the file stops the agent."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeport.core.budget import Group
from homeport.core.circuit import Key, Kind, Scope, Trip
from homeport.core.dns import IPAddress, Name, RRType
from homeport.core.errors import Reaction
from homeport.core.pace import Written
from homeport.core.schedule import Memory, Target
from homeport.state import store as store_module
from homeport.state.store import FILE, Change, Store

ONE = frozenset({ip_address("8.8.8.1")})
TWO = frozenset({ip_address("8.8.8.2"), ip_address("8.8.4.4")})
TARGET = Target(Name("home.example.com"), RRType.A, "cf")
OTHER = Target(Name("*.example.com"), RRType.AAAA, "büro 2")
MEMORY = Memory(acknowledged=ONE, acknowledged_ttl=60, acknowledged_at=1.5, outcome="updated")
STOP = Key(Scope.ACCOUNT, "f" * 32)
TRIP = Trip(Kind.STOP, "cf", "badauth", 5.0)
STOPPED = Memory(stopped_by="f" * 64, error="no", failures=3)

ADDRESSES = st.one_of(
    st.none(), st.frozensets(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)), max_size=3)
)
TIMES = st.one_of(st.none(), st.floats(allow_nan=False))
TEXTS = st.one_of(st.none(), st.text(max_size=30))
MEMORIES = st.builds(
    Memory,
    acknowledged=ADDRESSES,
    acknowledged_ttl=st.one_of(st.none(), st.integers(0, 2**31 - 1)),
    acknowledged_at=TIMES,
    sent_at=TIMES,
    failures=st.integers(0, 10**9),
    not_before=TIMES,
    waiting=st.one_of(st.none(), st.sampled_from(Reaction)),
    stopped_by=TEXTS,
    error=TEXTS,
    error_at=TIMES,
    live=ADDRESSES,
    live_at=TIMES,
    verified_at=TIMES,
    wanted=ADDRESSES,
    outcome=TEXTS,
    writes=st.lists(
        st.builds(Written, st.floats(allow_nan=False, allow_infinity=False), st.booleans())
    ).map(tuple),
)
CIRCUITS = st.dictionaries(
    st.builds(Key, st.sampled_from(Scope), st.text(max_size=5)),
    st.builds(
        Trip,
        st.sampled_from(Kind),
        st.text(),
        st.text(),
        st.floats(allow_nan=False),
        TIMES,
        st.integers(1, 99),
        TIMES,
        st.booleans(),
    ),
    max_size=4,
)
TARGETS = st.builds(
    Target,
    st.from_regex(r"[a-z]{1,5}\.example", fullmatch=True).map(Name),
    st.sampled_from(RRType),
    st.text(),
)


class Told(list[str]):
    """A `warn` that remembers."""

    def __call__(self, text: str) -> None:
        self.append(text)


def change(event: str = "updated", before: frozenset[IPAddress] | None = None, version: int = 0) -> Change:
    return Change(2.5, "a1b2", TARGET, event, before, ONE, "because", version)


@contextmanager
def unprivileged(folder: Path) -> Iterator[None]:
    """As a user whom file permissions bind: root is not one, so root becomes nobody for a while."""
    if os.geteuid() != 0:
        yield
        return
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, 65534, 65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A directory that everybody can reach; pytest's own are closed to other users."""
    with tempfile.TemporaryDirectory() as path:
        Path(path).chmod(0o755)
        (Path(path) / "state").mkdir(mode=0o755)
        yield Path(path) / "state"
        (Path(path) / "state").chmod(0o755)


posix = pytest.mark.posix("permission bits")


def filled(folder: Path) -> Path:
    """A store in good order, closed, and its file."""
    told = Told()
    with Store.open(folder, told) as store:
        store.save({TARGET: MEMORY, OTHER: STOPPED}, [change(), change("stopped")])
        store.spend({"cf": (Group(7.0, 3),)})
        store.put("doorbell", "1 x")
        store.salt()
    assert told == []
    return folder / FILE


# -- what goes in comes out ----------------------------------------------------------------------


@given(st.dictionaries(TARGETS, MEMORIES, max_size=4), st.dictionaries(TARGETS, MEMORIES, max_size=4))
@settings(max_examples=60)
def test_memories_come_back_as_they_were_kept_and_the_later_one_counts(
    first: dict[Target, Memory], second: dict[Target, Memory]
) -> None:
    told = Told()
    with Store(None, told) as store:
        store.save(first)
        store.save(second)
        assert store.memories() == first | second
        store.forget(first)
        assert store.memories() == {t: m for t, m in second.items() if t not in first}
    assert told == []


@given(MEMORIES)
@settings(max_examples=20)
def test_they_come_back_from_the_disk_too(memory: Memory) -> None:
    with tempfile.TemporaryDirectory() as folder:
        told = Told()
        with Store.open(Path(folder), told) as store:
            store.save({TARGET: memory})
        for opened in (Store.open, Store.view):
            with opened(Path(folder), told) as store:
                assert store.memories() == {TARGET: memory}
        assert told == []


@given(CIRCUITS, CIRCUITS)
@settings(max_examples=40)
def test_who_is_left_alone_comes_back_as_it_was_kept(
    first: dict[Key, Trip], second: dict[Key, Trip]
) -> None:
    with Store(None, Told()) as store:
        store.trip(first)
        store.trip(second)
        assert store.circuits() == first | second
        store.trip(dict.fromkeys(first))
        assert store.circuits() == {key: trip for key, trip in second.items() if key not in first}


def test_none_and_no_addresses_are_not_confused(tmp_path: Path) -> None:
    with Store.open(tmp_path, Told()) as store:
        store.save({TARGET: Memory(acknowledged=frozenset()), OTHER: Memory(acknowledged=None)})
        kept = store.memories()
    assert kept[TARGET].acknowledged == frozenset() and kept[OTHER].acknowledged is None


def test_the_change_log_is_append_only_and_its_version_rises_over_restarts(tmp_path: Path) -> None:
    with Store.open(tmp_path, Told()) as store:
        store.save({TARGET: MEMORY}, [change("failed"), change("updated", TWO)])
        store.forget([TARGET])
    with Store.open(tmp_path, Told()) as store:
        store.save({}, [change("recovered")])
        lines = list(store.history())
        assert [line.event for line in lines] == ["failed", "updated", "recovered"]
        assert [line.version for line in lines] == [1, 2, 3]
        assert lines[1] == change("updated", TWO, version=2)
        assert [line.version for line in store.history(limit=2)] == [2, 3]
        assert list(store.history("home.example.com")) == lines
        assert list(store.history("other.example.com")) == []


def test_memories_and_their_lines_are_kept_together_or_not_at_all(tmp_path: Path) -> None:
    told = Told()
    with Store.open(tmp_path, told) as store:
        store.save({OTHER: STOPPED})
        with pytest.raises(sqlite3.IntegrityError):
            store.save({TARGET: MEMORY}, [change(), change(None)])  # type: ignore[arg-type]
        assert store.memories() == {OTHER: STOPPED}
    with Store.open(tmp_path, told) as store:
        assert store.memories() == {OTHER: STOPPED} and list(store.history()) == []
    assert told == []  # caught: a good file was put aside for a mistake of the program


def test_budgets_and_words_are_kept(tmp_path: Path) -> None:
    with Store.open(tmp_path, Told()) as store:
        assert store.spent() == {} and store.get("doorbell") is None
        store.spend({"cf": (Group(1000.5, 7), Group(1001.5, 1)), "other": (Group(1.0, 1),)})
        store.spend({"other": ()})
        store.put("doorbell", "1 x")
        store.put("doorbell", "2 y")
        salt = store.salt()
    with Store.open(tmp_path, Told()) as store:
        assert store.spent() == {"cf": ((1000.5, 7), (1001.5, 1))} and store.get("doorbell") == "2 y"
        assert store.salt() == salt and len(salt) >= 16
    with Store(None, Told()) as other:
        assert other.salt() != salt


def test_what_is_kept_is_on_the_disk_before_the_agent_goes_on(tmp_path: Path) -> None:
    """A kill cannot show it, only a power cut could: so the setting itself is held to."""
    for _ in range(2):
        with Store.open(tmp_path, Told()) as store:
            [journal] = store._db.execute("PRAGMA journal_mode").fetchone()
            [synchronous] = store._db.execute("PRAGMA synchronous").fetchone()
            assert (journal, synchronous) == ("wal", 2)  # FULL
            assert not store._db.in_transaction


def test_a_view_is_a_copy_that_changes_nothing(tmp_path: Path) -> None:
    path = filled(tmp_path)
    before = path.read_bytes()
    with Store.view(tmp_path, Told()) as store:
        assert store.memories() == {TARGET: MEMORY, OTHER: STOPPED}
        assert [line.version for line in store.history()] == [1, 2]
        store.save({TARGET: Memory()})
    assert path.read_bytes() == before


def test_a_view_sees_what_a_running_agent_has_just_kept(tmp_path: Path) -> None:
    with Store.open(tmp_path, Told()) as agent:
        agent.save({TARGET: MEMORY})
        with Store.view(tmp_path, Told()) as store:
            assert store.memories() == {TARGET: MEMORY}


def test_a_view_of_nothing_is_empty_and_makes_nothing(tmp_path: Path) -> None:
    told = Told()
    with Store.view(tmp_path / "none", told) as store:
        assert store.memories() == {}
    assert not (tmp_path / "none").exists() and told == []


@posix
def test_others_on_this_machine_cannot_read_the_state(tmp_path: Path) -> None:
    with Store.open(tmp_path / "new", Told()) as store:
        store.save({TARGET: MEMORY})
        modes = {path.name: path.stat().st_mode & 0o077 for path in (tmp_path / "new").iterdir()}
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0
    assert modes and not any(modes.values()), modes


# -- damage --------------------------------------------------------------------------------------


def other_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript("CREATE TABLE target (x, y); INSERT INTO target VALUES (1, 2);")


def newer(path: Path) -> None:
    filled(path.parent)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")


def truncated(path: Path) -> None:
    with Store.open(path.parent, Told()) as store:
        store.save({TARGET: MEMORY}, [change(note) for note in ["x" * 500] * 200])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def folder_in_its_place(path: Path) -> None:
    path.mkdir()
    (path / "somebody's file").write_text("precious")


DAMAGES = {
    "random octets": lambda path: path.write_bytes(random.Random(1).randbytes(9000)),
    "a text": lambda path: path.write_text("{}\n" * 400),
    "truncated": truncated,
    "header only": lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(84)),
    "a directory": folder_in_its_place,
    "another program's": other_program,
    "newer": newer,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_cannot_be_used_is_put_aside_and_named_and_the_agent_goes_on(
    damage: str, tmp_path: Path
) -> None:
    path, told = tmp_path / FILE, Told()
    DAMAGES[damage](path)
    whole = path.read_bytes() if path.is_file() else None
    with Store.open(tmp_path, told) as store:
        store.save({TARGET: MEMORY}, [change()])
        assert store.memories() == {TARGET: MEMORY}
    aside = tmp_path / f"{FILE}.damaged-1"
    assert len(told) == 1 and str(path) in told[0] and aside.name in told[0]
    assert aside.is_dir() if whole is None else aside.read_bytes() == whole
    with Store.open(tmp_path, told) as store:  # and the new one is a file like any other
        assert store.memories() == {TARGET: MEMORY}
    assert len(told) == 1


def test_what_was_put_aside_before_is_not_overwritten(tmp_path: Path) -> None:
    for number in range(1, 4):
        (tmp_path / FILE).write_text(f"junk {number}" * 100)
        with Store.open(tmp_path, Told()):
            pass
        assert f"junk {number}" in (tmp_path / f"{FILE}.damaged-{number}").read_text()


def test_an_empty_file_is_nothing_to_be_told_of(tmp_path: Path) -> None:
    told = Told()
    (tmp_path / FILE).touch()
    with Store.open(tmp_path, told) as store:
        store.save({TARGET: MEMORY})
    with Store.open(tmp_path, told) as store:
        assert store.memories() == {TARGET: MEMORY}
    assert told == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_command_that_only_looks_survives_every_damage_and_mends_nothing(
    damage: str, tmp_path: Path
) -> None:
    path = tmp_path / FILE
    DAMAGES[damage](path)
    with Store.view(tmp_path, Told()) as store:
        store.memories()
        list(store.history())
    assert path.exists() and not list(tmp_path.glob("*.damaged*"))


def test_wherever_a_disk_rots_nothing_is_raised(tmp_path: Path) -> None:
    """Hundreds of damaged files: single octets, whole sectors, the end cut off."""
    with Store.open(tmp_path, Told()) as store:
        store.save({TARGET: MEMORY, OTHER: STOPPED}, [change(str(n)) for n in range(100)])
        store.spend({"cf": (Group(7.0, 3),)})
        store.salt()
    path, chance = tmp_path / FILE, random.Random(4711)
    whole = path.read_bytes()
    put_aside = 0
    for _ in range(150):
        rotten = bytearray(whole)
        match chance.randrange(3):
            case 0:
                for _ in range(chance.choice([1, 2, 20])):
                    rotten[chance.randrange(len(rotten))] = chance.randrange(256)
            case 1:
                start = chance.randrange(0, len(rotten), 512)
                rotten[start : start + 512] = chance.choice([bytes(512), chance.randbytes(512)])
            case _:
                del rotten[chance.randrange(len(rotten)) :]
        for old in tmp_path.iterdir():
            old.unlink()
        path.write_bytes(rotten)
        told = Told()
        with Store.view(tmp_path, told) as store:
            store.memories()
            list(store.history())
        with Store.open(tmp_path, told) as store:
            for memory in store.memories().values():
                assert isinstance(memory.failures, int)
            list(store.history())
            store.spent()
            store.circuits()
            store.salt()
            store.save({TARGET: MEMORY}, [change()])
            store.spend({"cf": (Group(8.0, 1),)})
            store.trip({STOP: TRIP})
            assert store.memories()[TARGET] == MEMORY
        put_aside += bool(list(tmp_path.glob("*.damaged-1")))
    assert put_aside > 15  # the damage was real


def test_damage_that_shows_while_the_agent_runs_loses_as_little_as_possible(tmp_path: Path) -> None:
    told = Told()
    with Store.open(tmp_path, told) as store:
        store.save({TARGET: MEMORY, OTHER: STOPPED}, [change(str(n)) for n in range(300)])
        store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        path = tmp_path / FILE
        with closing(sqlite3.connect(path)) as db:
            [root] = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'change'").fetchone()
            [size] = db.execute("PRAGMA page_size").fetchone()
        with path.open("r+b") as file:
            file.seek((root - 1) * size)
            file.write(b"\xff" * size)
        store._db.execute("PRAGMA shrink_memory")
        store.save({TARGET: MEMORY._replace(failures=1)}, [change("after")])
        assert store.memories() == {TARGET: MEMORY._replace(failures=1), OTHER: STOPPED}
        assert [line.event for line in store.history()][-1] == "after"
    assert len(told) == 1 and "damaged-1" in told[0]


def test_one_row_that_makes_no_sense_costs_no_other_row(tmp_path: Path) -> None:
    filled(tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE)) as db, db:
        db.execute("UPDATE target SET not_before = 'soon' WHERE type = 'A'")
        db.execute("UPDATE change SET type = 'MX' WHERE version = 1")
        db.execute("UPDATE meta SET value = 'short' WHERE key = 'salt'")
    told = Told()
    with Store.open(tmp_path, told) as store:
        assert store.memories() == {OTHER: STOPPED}
        assert [line.version for line in store.history()] == [2]
        assert len(store.salt()) >= 16
    assert any("home.example.com A" in text and "begins anew" in text for text in told)


# -- nothing can be written ----------------------------------------------------------------------


def in_memory(told: Told, path: Path) -> bool:
    return len(told) == 1 and str(path) in told[0] and "going on in memory" in told[0]


@posix
@pytest.mark.parametrize("what", ["file", "directory", "both"])
def test_where_nothing_can_be_written_the_agent_goes_on_in_memory_and_knows_what_it_knew(
    what: str, folder: Path
) -> None:
    path, told = filled(folder), Told()
    with unprivileged(folder):
        if what != "directory":
            path.chmod(0o400)
        if what != "file":
            folder.chmod(0o500)
        with Store.open(folder, told) as store:
            assert store.memories() == {TARGET: MEMORY, OTHER: STOPPED}
            store.save({TARGET: MEMORY._replace(failures=9)}, [change("failed")])
            assert store.memories()[TARGET].failures == 9
            assert [line.event for line in store.history()] == ["updated", "stopped", "failed"]
            assert store.spent() == {"cf": ((7.0, 3),)}
    if what != "directory":
        assert in_memory(told, path)
        with Store.view(folder, Told()) as store:
            assert store.memories()[TARGET] == MEMORY


def writable(folder: Path) -> None:
    """All files of it: SQLite has given those beside the first one its mode."""
    for path in folder.iterdir():
        path.chmod(0o600)


def lost_and_found(
    folder: Path, told: Told, trouble: Callable[[], object], mended: Callable[[], object]
) -> None:
    """The file cannot be written for a while, in which much is kept and something forgotten."""
    with unprivileged(folder):
        trouble()
        store = Store.open(folder, told)
        store.forget([OTHER])
        store.save({TARGET: MEMORY._replace(failures=8)}, [change("failed")])
        store.go_home()
        assert len(told) == 1, "it can still not be written, and that is told once"
        mended()
        store.save({TARGET: MEMORY._replace(failures=9)}, [change("failed")])
        store.go_home()
        store.save({}, [change("updated")])
        store._db.close()  # killed: nothing is kept after this


@posix
def test_what_was_kept_in_memory_is_in_the_file_once_that_can_be_written_again(folder: Path) -> None:
    path, told = filled(folder), Told()
    lost_and_found(folder, told, lambda: path.chmod(0o400), lambda: writable(folder))
    assert told[1:] == [f"the state is kept in {path} again"]
    with Store.view(folder, Told()) as store:
        assert store.memories() == {TARGET: MEMORY._replace(failures=9)}
        lines = [(line.version, line.event) for line in store.history()]
        assert lines == [(1, "updated"), (2, "stopped"), (3, "failed"), (4, "failed"), (5, "updated")]
        assert store.spent() == {"cf": ((7.0, 3),)}


@posix
def test_what_was_in_a_file_that_could_not_even_be_read_is_not_lost(folder: Path) -> None:
    path, told = filled(folder), Told()
    lost_and_found(folder, told, lambda: folder.chmod(0), lambda: folder.chmod(0o700))
    assert told[1:] == [f"the state is kept in {path} again"]
    with Store.view(folder, Told()) as store:
        assert store.memories() == {TARGET: MEMORY._replace(failures=9), OTHER: STOPPED}
        assert [line.event for line in store.history()] == [
            "updated", "stopped", "failed", "failed", "updated"
        ]  # fmt: skip
        assert store.spent() == {"cf": ((7.0, 3),)}


def test_what_could_not_be_read_in_time_of_trouble_is_not_lost_when_the_trouble_is_over(
    folder: Path,
) -> None:
    path, told = filled(folder), Told()

    def ill(action: int, table: str | None, *_: object) -> int:
        return (
            sqlite3.SQLITE_DENY if (action, table) == (sqlite3.SQLITE_READ, "target") else sqlite3.SQLITE_OK
        )

    with Store.open(folder, told) as store:
        store._db.execute("PRAGMA query_only = ON")
        store._db.set_authorizer(ill)  # a part of the disk cannot be read just now
        store.save({TARGET: MEMORY._replace(failures=9)}, [change("failed")])
        assert in_memory(told, path) and store.memories() == {TARGET: MEMORY._replace(failures=9)}
        store.go_home()
        assert store.memories() == {TARGET: MEMORY._replace(failures=9), OTHER: STOPPED}
        lines = [(line.version, line.event) for line in store.history()]
        assert lines == [(1, "updated"), (2, "stopped"), (3, "failed")]


def test_a_disk_that_fails_while_the_memory_goes_home_changes_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, told = filled(folder), Told()
    with Store.open(folder, told) as store:
        store._db.execute("PRAGMA query_only = ON")  # as a disk that is read-only from now on
        store.save({TARGET: MEMORY._replace(failures=9)})
        assert in_memory(told, path)

        def full(db: sqlite3.Connection, rows: object, *, all_of_it: bool) -> None:
            with db:
                db.execute("DELETE FROM target")
                raise sqlite3.OperationalError("database or disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(store_module, "replace", full)
            store.go_home()
        with Store.view(folder, Told()) as other:
            assert other.memories() == {TARGET: MEMORY, OTHER: STOPPED}
        assert store.memories()[TARGET].failures == 9
        store.go_home()
        with Store.view(folder, Told()) as other:
            assert other.memories()[TARGET].failures == 9


@posix
def test_a_directory_that_may_not_be_entered_is_told_and_survived(folder: Path) -> None:
    path, told, looked = filled(folder), Told(), Told()
    with unprivileged(folder):
        folder.chmod(0)
        with Store.open(folder, told) as store:
            store.save({TARGET: MEMORY})
            assert store.memories() == {TARGET: MEMORY}
        with Store.view(folder, looked) as store:
            assert store.memories() == {}
    assert in_memory(told, path)
    assert looked == [f"the state file {path} cannot be read: Permission denied"]


@posix
def test_another_user_is_told_that_the_state_is_not_his_to_read(folder: Path) -> None:
    path, told = filled(folder), Told()
    with unprivileged(folder):
        path.chmod(0)
        with Store.view(folder, told) as store:
            assert store.memories() == {}
    assert len(told) == 1 and "another user's" in told[0]


def test_a_state_directory_that_cannot_be_made_is_told_and_survived(tmp_path: Path) -> None:
    told = Told()
    (tmp_path / "file").write_text("not a directory")
    with Store.open(tmp_path / "file" / "state", told) as store:
        store.save({TARGET: MEMORY}, [change()])
        assert store.memories() == {TARGET: MEMORY}
    assert in_memory(told, tmp_path / "file" / "state")


def test_a_full_disk_is_told_and_what_was_known_stays_known(tmp_path: Path) -> None:
    told = Told()
    with Store.open(tmp_path, told) as store:
        store.save({TARGET: MEMORY, OTHER: STOPPED}, [change()])
        [pages] = store._db.execute("PRAGMA page_count").fetchone()
        store._db.execute(f"PRAGMA max_page_count = {pages}")  # SQLITE_FULL, as from a full disk
        store.save({OTHER: STOPPED._replace(error="x" * 100_000)}, [change("failed")])
        assert store.memories() == {TARGET: MEMORY, OTHER: STOPPED._replace(error="x" * 100_000)}
        store.save({TARGET: MEMORY._replace(failures=1)})
        assert [line.event for line in store.history()] == ["updated", "failed"]
        assert in_memory(told, tmp_path / FILE) and "full" in told[0]
        with Store.view(tmp_path, Told()) as other:
            assert other.memories() == {TARGET: MEMORY, OTHER: STOPPED}


def test_a_file_that_another_process_keeps_locked_is_told_and_survived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path)
    told = Told()
    with Store.open(tmp_path, told) as store, closing(sqlite3.connect(tmp_path / FILE)) as other:
        store._db.execute("PRAGMA busy_timeout = 20")
        other.execute("BEGIN IMMEDIATE")
        store.save({TARGET: MEMORY._replace(failures=1)})
        assert store.memories() == {TARGET: MEMORY._replace(failures=1), OTHER: STOPPED}
        store.go_home()
        assert in_memory(told, tmp_path / FILE) and "locked" in told[0]


def test_two_processes_write_in_turn(tmp_path: Path) -> None:
    """The agent and `homeport retry`."""
    told = Told()
    with Store.open(tmp_path, told) as agent, Store.open(tmp_path, told) as retry:
        agent.save({TARGET: STOPPED})
        retry.save({TARGET: retry.memories()[TARGET].freed()}, [change("retried")])
        assert agent.memories()[TARGET].stopped_by is None
        agent.save({OTHER: MEMORY})
        assert set(retry.memories()) == {TARGET, OTHER}
    assert told == []


def test_the_rows_are_plain_enough_to_be_read_with_other_tools(tmp_path: Path) -> None:
    with closing(sqlite3.connect(filled(tmp_path))) as db:
        [text] = db.execute("SELECT acknowledged FROM target WHERE type = 'A'").fetchone()
    assert json.loads(text) == ["8.8.8.1"]


# -- years ---------------------------------------------------------------------------------------


def test_the_change_log_keeps_its_newest_lines_and_their_numbers_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "KEPT", 5)
    for life in range(3):
        with Store.open(tmp_path, Told()) as store:
            for number in range(4):
                store.save({}, [replace(change(), note=f"{life} {number}"), change("failed")])
            store.save({TARGET: MEMORY})
            lines = list(store.history())
        assert [line.version for line in lines] == list(range(8 * life + 4, 8 * life + 9))
        assert [line.note for line in lines if line.event == "updated"] == [f"{life} 2", f"{life} 3"]


def test_a_state_file_that_lives_for_years_stops_growing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "KEPT", 100)
    sizes = []
    with Store.open(tmp_path, Told()) as store:
        for year in range(4):
            for _ in range(200):
                store.save(
                    {TARGET: MEMORY._replace(failures=year)}, [change("failed"), change("recovered")]
                )
            sizes.append(sum(path.stat().st_size for path in tmp_path.iterdir()))
    assert max(sizes) < 5_000_000  # SQLite empties its write-ahead log after four megabytes
    assert (tmp_path / FILE).stat().st_size < 100_000
