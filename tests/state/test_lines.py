"""What the state file keeps of the lines: their changes, verdicts, health, and who was asked how often."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from ipaddress import ip_address
from pathlib import Path

import pytest

from homeport.core.advice import Verdict
from homeport.core.circuit import Key, Kind, Scope, Trip
from homeport.core.dns import Name, RRType
from homeport.core.pace import Written
from homeport.core.rhythm import Sighting
from homeport.core.schedule import Memory, Target
from homeport.state.store import FILE, Change, Store

A, AAAA = RRType.A, RRType.AAAA
STOP = Key(Scope.HOST, "dyn.example.net")
TRIP = Trip(Kind.BLOCK, "cf", "abuse", 5.0, 86400.0, 2, 4.0, lifted=False)
FOUND = Verdict("cgnat", "the provider shares it", "ask for another", sure=False)

# The file that Homeport 0.0 of commit c2993bb wrote: its schema, and rows as it kept them.
VERSION_1 = """
PRAGMA journal_mode = WAL;
BEGIN;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE target (
    name TEXT NOT NULL, type TEXT NOT NULL, account TEXT NOT NULL,
    acknowledged TEXT, acknowledged_ttl INTEGER, acknowledged_at REAL, sent_at REAL,
    failures INTEGER NOT NULL, not_before REAL, waiting TEXT, stopped_by TEXT,
    error TEXT, error_at REAL, live TEXT, live_at REAL, verified_at REAL, wanted TEXT,
    outcome TEXT,
    PRIMARY KEY (name, type, account)
) WITHOUT ROWID;
CREATE TABLE change (
    version INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, trace TEXT NOT NULL,
    name TEXT NOT NULL, type TEXT NOT NULL, account TEXT NOT NULL,
    event TEXT NOT NULL, before TEXT, after TEXT, note TEXT
);
CREATE TABLE budget (account TEXT PRIMARY KEY, since REAL NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('salt', '0123456789abcdef0123456789abcdef'), ('doorbell', '7 x');
INSERT INTO target VALUES ('home.example.com', 'A', 'cf', '["8.8.8.1"]', 60, 1.5, 1.25, 0, NULL, NULL,
    NULL, NULL, NULL, '["8.8.8.1"]', 2.0, 3.0, '["8.8.8.1"]', 'updated');
INSERT INTO target VALUES ('home.example.com', 'AAAA', 'cf', NULL, NULL, NULL, NULL, 3, NULL, NULL,
    'ffff', 'the token is refused', 4.0, NULL, NULL, NULL, '["2600:1::6"]', 'failed');
INSERT INTO change VALUES (7, 1.25, 'a1b2', 'home.example.com', 'A', 'cf', 'updated', NULL,
    '["8.8.8.1"]', NULL);
INSERT INTO budget VALUES ('cf', 7.0, 3);
PRAGMA application_id = 1752132965;
PRAGMA user_version = 1;
COMMIT;
"""
HOME, SIX = Target(Name("home.example.com"), A, "cf"), Target(Name("home.example.com"), AAAA, "cf")
ONE = frozenset({ip_address("8.8.8.1")})
REMEMBERED = {
    HOME: Memory(ONE, 60, 1.5, 1.25, live=ONE, live_at=2.0, verified_at=3.0, wanted=ONE, outcome="updated"),
    SIX: Memory(
        failures=3,
        stopped_by="ffff",
        error="the token is refused",
        error_at=4.0,
        wanted=frozenset({ip_address("2600:1::6")}),
        outcome="failed",
    ),
}
HAPPENED = Change(1.25, "a1b2", HOME, "updated", None, ONE, None, 7)


def quiet(text: str) -> None:
    raise AssertionError(f"the store warns: {text}")


def version_1(folder: Path) -> None:
    with closing(sqlite3.connect(folder / FILE)) as db:
        db.executescript(VERSION_1)


def sighting(at: float, address: str, told: str | None = "nat-pmp") -> Sighting:
    return Sighting.of(at, [ip_address(address)], told)


# -- the older file ------------------------------------------------------------------------------


def test_nothing_of_a_file_of_version_1_is_lost(tmp_path: Path) -> None:
    version_1(tmp_path)
    with Store.open(tmp_path, quiet) as store:
        assert store.memories() == REMEMBERED
        assert list(store.history()) == [HAPPENED]
        assert store.spent() == {"account cf": ((7.0, 3),)}
        assert (store.salt(), store.get("doorbell")) == (b"0123456789abcdef0123456789abcdef", "7 x")
        assert (store.sightings(), store.owned(), store.asked(), store.verdicts()) == ({}, {}, {}, {})
        store.save({}, [HAPPENED])
        assert [change.version for change in store.history()] == [7, 8]


def test_a_file_of_version_1_becomes_one_of_version_2_and_stays_it(tmp_path: Path) -> None:
    version_1(tmp_path)
    with Store.open(tmp_path, quiet) as store:
        store.sighted("default", A, sighting(5.0, "8.8.8.1"), keep=9)
        store.own({HOME: ONE})
    with Store.open(tmp_path, quiet) as store:
        assert store.memories() == REMEMBERED
        assert store.sightings() == {("default", A): [sighting(5.0, "8.8.8.1")]}
        assert store.owned() == {HOME: ONE}
    assert [path.name for path in tmp_path.iterdir() if "damaged" in path.name] == []


def test_a_command_that_only_looks_reads_a_file_of_version_1_and_leaves_it_so(tmp_path: Path) -> None:
    version_1(tmp_path)
    with Store.view(tmp_path, quiet) as store:
        assert (store.memories(), list(store.history())) == (REMEMBERED, [HAPPENED])
        assert (store.sightings(), store.down(), store.heard()) == ({}, {}, {})
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)


# -- changes of lines ----------------------------------------------------------------------------


def test_the_changes_of_each_line_come_back_in_their_order(tmp_path: Path) -> None:
    some = [sighting(2.0, "8.8.8.1"), sighting(1.0, "8.8.8.2", None)]  # a clock was set back
    with Store.open(tmp_path, quiet) as store:
        for one in some:
            store.sighted("fiber", A, one, keep=9)
        store.sighted("fiber", AAAA, sighting(3.0, "2600:1::6"), keep=9)
        store.sighted("lte", A, Sighting(4.0, (), None, listening=False), keep=9)
    with Store.open(tmp_path, quiet) as store:
        assert store.sightings() == {
            ("fiber", A): some,
            ("fiber", AAAA): [sighting(3.0, "2600:1::6")],
            ("lte", A): [Sighting(4.0, (), None, listening=False)],
        }


def test_of_each_line_only_the_newest_changes_are_kept(tmp_path: Path) -> None:
    with Store.open(tmp_path, quiet) as store:
        store.sighted("lte", A, sighting(0.0, "8.8.8.1"), keep=3)
        for at in range(10):
            store.sighted("fiber", A, sighting(float(at), f"8.8.8.{at}"), keep=3)
        found = store.sightings()
    assert [one.at for one in found["fiber", A]] == [7.0, 8.0, 9.0]
    assert len(found["lte", A]) == 1


def test_a_change_that_cannot_be_read_costs_no_other(tmp_path: Path) -> None:
    told: list[str] = []
    with Store.open(tmp_path, quiet) as store:
        store.sighted("fiber", A, sighting(1.0, "8.8.8.1"), keep=9)
        store.sighted("fiber", A, sighting(2.0, "8.8.8.2"), keep=9)
    with closing(sqlite3.connect(tmp_path / FILE)) as db, db:
        db.execute("UPDATE sighting SET addresses = 'rotten' WHERE at = 1.0")
    with Store.open(tmp_path, told.append) as store:
        assert store.sightings() == {("fiber", A): [sighting(2.0, "8.8.8.2")]}
    assert ["cannot be read" in text for text in told] == [True]


def test_nothing_stays_of_a_line_that_is_forgotten(tmp_path: Path) -> None:
    with Store.open(tmp_path, quiet) as store:
        for line in (("fiber", A), ("fiber", AAAA), ("lte", A)):
            store.sighted(*line, sighting(1.0, "8.8.8.1"), keep=9)
            store.judged(*line, FOUND)
        store.forget_line("fiber", A)
        assert store.sightings().keys() == store.verdicts().keys() == {("fiber", AAAA), ("lte", A)}


# -- verdicts, health, and who was asked -----------------------------------------------------------


def test_the_last_verdict_of_each_line_counts(tmp_path: Path) -> None:
    with Store.open(tmp_path, quiet) as store:
        store.judged("a line with spaces", A, Verdict("nat", "one NAT"))
        store.judged("a line with spaces", A, FOUND)
    with Store.open(tmp_path, quiet) as store:
        assert store.verdicts() == {("a line with spaces", A): FOUND}


def test_which_lines_are_down_and_who_is_heard_comes_back(tmp_path: Path) -> None:
    with Store.open(tmp_path, quiet) as store:
        assert (store.down(), store.heard()) == ({}, {})
        store.watched({"lte": 7.5}, {"fiber": {"upnp", "nat-pmp"}})
    with Store.open(tmp_path, quiet) as store:
        assert store.down() == {"lte": 7.5}
        assert store.heard() == {"fiber": frozenset({"upnp", "nat-pmp"})}
        for rotten in ("rotten", "[]", '{"down": 1, "heard": {"x": 1}}'):
            store.put("lines", rotten)
            assert (store.down(), store.heard()) == ({}, {})


def test_questions_are_added_up_by_day_and_old_days_go(tmp_path: Path) -> None:
    with Store.open(tmp_path, quiet) as store:
        store.count(100, {"http:a": 2}, keep=7)
        store.count(100, {"http:a": 3, "dns:b": 1}, keep=7)
        store.count(101, {"http:a": 1}, keep=7)
        assert store.asked() == {100: {"dns:b": 1, "http:a": 5}, 101: {"http:a": 1}}
        store.count(107, {"http:a": 1}, keep=7)
        assert store.asked().keys() == {101, 107}


# -- version 2 -----------------------------------------------------------------------------------

# What the file of version 2 had beside that of version 1 (commit a39355b), with rows as it kept them.
VERSION_2 = VERSION_1.replace("user_version = 1", "user_version = 2").replace(
    "COMMIT;",
    """
CREATE TABLE sighting (
    id INTEGER PRIMARY KEY AUTOINCREMENT, uplink TEXT NOT NULL, type TEXT NOT NULL,
    at REAL NOT NULL, addresses TEXT NOT NULL, told TEXT, listening INTEGER NOT NULL
);
CREATE TABLE owned (
    name TEXT NOT NULL, type TEXT NOT NULL, account TEXT NOT NULL, addresses TEXT NOT NULL,
    PRIMARY KEY (name, type, account)
) WITHOUT ROWID;
CREATE TABLE asked (
    day INTEGER NOT NULL, service TEXT NOT NULL, times INTEGER NOT NULL, PRIMARY KEY (day, service)
) WITHOUT ROWID;
INSERT INTO sighting VALUES (3, 'default', 'A', 5.0, '["8.8.8.1"]', 'nat-pmp', 1);
INSERT INTO owned VALUES ('home.example.com', 'A', 'cf', '["8.8.8.1"]');
INSERT INTO asked VALUES (100, 'http:a', 2);
COMMIT;""",
)


@pytest.mark.parametrize("version", [VERSION_1, VERSION_2], ids=["1", "2"])
def test_an_older_file_becomes_one_of_version_3_and_stays_it(version: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.executescript(version)
    for _ in range(2):
        with Store.open(tmp_path, quiet) as store:
            assert store.memories() == REMEMBERED
            assert list(store.history()) == [HAPPENED]
            assert store.spent() == {"account cf": ((7.0, 3),)}
            if version is VERSION_2:
                assert store.sightings() == {("default", A): [sighting(5.0, "8.8.8.1")]}
                assert store.owned() == {HOME: ONE} and store.asked() == {100: {"http:a": 2}}
    with Store.open(tmp_path, quiet) as store:
        store.trip({STOP: TRIP})
        store.save({HOME: REMEMBERED[HOME]._replace(writes=(Written(9.5, mended=True),))})
    with Store.open(tmp_path, quiet) as store:
        assert store.circuits() == {STOP: TRIP}
        assert store.memories()[HOME].writes == (Written(9.5, mended=True),)
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (3,)
        assert not db.execute("SELECT * FROM sqlite_master WHERE name = 'budget'").fetchall()
    assert [path.name for path in tmp_path.iterdir() if "damaged" in path.name] == []


@pytest.mark.parametrize("version", [VERSION_1, VERSION_2], ids=["1", "2"])
def test_a_command_that_only_looks_reads_every_older_file(version: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.executescript(version)
    with Store.view(tmp_path, quiet) as store:
        assert (store.memories(), list(store.history())) == (REMEMBERED, [HAPPENED])
        assert (store.circuits(), store.spent()) == ({}, {})


def test_an_upgrade_that_is_interrupted_is_none(tmp_path: Path) -> None:
    """Here by a budget that is not the one that was there: the whole step is taken back."""
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.executescript(VERSION_2 + "ALTER TABLE budget RENAME COLUMN used TO spoilt;")
    told: list[str] = []
    with Store.open(tmp_path, told.append) as store:
        assert store.memories() == REMEMBERED  # rescued
    assert len(told) == 1
    [path] = tmp_path.glob(FILE)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (2,)
        assert "writes" not in [row[1] for row in db.execute("PRAGMA table_info(target)")]
