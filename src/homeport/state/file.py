"""The file itself: its tables, how it is opened, checked and brought up to date, and what can be saved of
one that is damaged.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from .codec import COLUMNS

_VERSION = 3
_APPLICATION = 0x686F6D65  # "home", in the header of each file of ours
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS target (
    name TEXT NOT NULL, type TEXT NOT NULL, account TEXT NOT NULL,
    acknowledged TEXT, acknowledged_ttl INTEGER, acknowledged_at REAL, sent_at REAL,
    failures INTEGER NOT NULL, not_before REAL, waiting TEXT, stopped_by TEXT,
    error TEXT, error_at REAL, live TEXT, live_at REAL, verified_at REAL, wanted TEXT,
    outcome TEXT, writes TEXT,
    PRIMARY KEY (name, type, account)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS change (
    version INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, trace TEXT NOT NULL,
    name TEXT NOT NULL, type TEXT NOT NULL, account TEXT NOT NULL,
    event TEXT NOT NULL, before TEXT, after TEXT, note TEXT
);
CREATE TABLE IF NOT EXISTS spent (key TEXT PRIMARY KEY, groups TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS circuit (
    scope TEXT NOT NULL, who TEXT NOT NULL, kind TEXT NOT NULL, account TEXT NOT NULL, why TEXT NOT NULL,
    since REAL NOT NULL, span REAL, strikes INTEGER NOT NULL, behind REAL, lifted INTEGER NOT NULL,
    PRIMARY KEY (scope, who)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sighting (
    id INTEGER PRIMARY KEY AUTOINCREMENT, uplink TEXT NOT NULL, type TEXT NOT NULL,
    at REAL NOT NULL, addresses TEXT NOT NULL, told TEXT, listening INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS owned (
    name TEXT NOT NULL, type TEXT NOT NULL, account TEXT NOT NULL, addresses TEXT NOT NULL,
    PRIMARY KEY (name, type, account)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS asked (
    day INTEGER NOT NULL, service TEXT NOT NULL, times INTEGER NOT NULL, PRIMARY KEY (day, service)
) WITHOUT ROWID;
"""
# What must be done to a file of that version first; the schema then adds the tables that it does not have.
_UPGRADES = {
    2: """
ALTER TABLE target ADD COLUMN writes TEXT;
INSERT OR IGNORE INTO spent SELECT 'account ' || account, '[[' || since || ', ' || used || ']]' FROM budget;
DROP TABLE budget;
"""
}
_TABLES = {
    "meta": "key, value",
    "target": ", ".join(("name", "type", "account", *COLUMNS)),
    "change": "version, at, trace, name, type, account, event, before, after, note",
    "spent": "key, groups",
    "circuit": "scope, who, kind, account, why, since, span, strikes, behind, lifted",
    "sighting": "id, uplink, type, at, addresses, told, listening",
    "asked": "day, service, times",
    "owned": "name, type, account, addresses",
}
_APPENDED = ("change", "sighting")
_NEW = {"sighting": 2, "asked": 2, "owned": 2, "spent": 3, "circuit": 3}  # tables that older files lack
_LONGER = {"target": 3}  # the version that gave a table its last column
TableRow = tuple[str, tuple[Any, ...]]
_LOG = 1 << 20  # octets to which SQLite cuts its write-ahead log when it has emptied it
TROUBLE = (sqlite3.DatabaseError, UnicodeDecodeError)  # SQLite quotes rotten octets in its messages


class NotOurs(Exception):
    """The file was written by another program, or by a newer Homeport."""


class Saved(NamedTuple):
    """What could be read of a file."""

    rows: list[TableRow]
    whole: bool  # are these all?


def open_file(path: Path, *, patience: float = 5.0) -> sqlite3.Connection:
    """`patience`, in seconds, with another process that writes."""
    old = os.path.isfile(path)  # noqa: PTH113 - raises nothing where we may not look
    with suppress(OSError):  # then SQLite says the same, in its own words
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite's files beside it get its mode
    db = sqlite3.connect(path, timeout=patience)
    try:
        if old:
            _check(db)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA journal_size_limit = {_LOG}")
        if (version := db.execute("PRAGMA user_version").fetchone()[0]) < _VERSION:
            ready(db, version)
        _readable(db)
    except BaseException:
        db.close()
        raise
    return db


def _check(db: sqlite3.Connection) -> None:
    found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(found)
    if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
        return  # nothing was ever written to it
    if db.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION:
        raise NotOurs("another program wrote it")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > _VERSION:
        raise NotOurs(f"it is of version {version}, from a newer Homeport")
    try:
        for table in _TABLES:
            if version >= _NEW.get(table, 1):
                db.execute(f"SELECT {_columns(table, version)} FROM {table} LIMIT 0")  # noqa: S608
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:
            raise NotOurs(str(error)) from None
        raise


def _columns(table: str, version: int) -> str:
    """The columns that a table has in files of that version; new ones are the last."""
    columns = _TABLES[table]
    return columns if version >= _LONGER.get(table, 1) else columns.rpartition(", ")[0]


def ready(db: sqlite3.Connection, version: int = 0) -> sqlite3.Connection:
    """A file of this version, made of an older one if it is one (0: an empty one), all or nothing."""
    header = f"PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {_VERSION};"
    steps = "".join(_UPGRADES.get(step, "") for step in range(version, _VERSION)) if version else ""
    db.executescript(f"BEGIN; {_SCHEMA} {steps} {header} COMMIT;")
    return _readable(db)


def _readable(db: sqlite3.Connection) -> sqlite3.Connection:
    """Rows by column; text that is not UTF-8, where a disk has rotted, is an ordinary wrong value."""
    db.row_factory = sqlite3.Row
    db.text_factory = _decode
    return db


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def read_only(path: Path) -> Saved | None:
    """What a file holds, whether or not it can be written; None if it cannot be read either.

    `immutable` is the last resort: it works on a read-only disk, but sees no write-ahead log.
    """
    for mode in ("mode=ro", "mode=ro&immutable=1"):
        try:
            db = _readable(sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, timeout=5))
        except sqlite3.OperationalError:
            continue
        try:
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            found = rescue(db)
            return found._replace(whole=found.whole and mode == "mode=ro")
        except TROUBLE:
            continue
        finally:
            db.close()
    return None


def refill(db: sqlite3.Connection, rows: Iterable[TableRow]) -> None:
    with db:
        for table, values in rows:
            marks = ", ".join("?" * len(values))
            columns = ", ".join(_TABLES[table].split(", ")[: len(values)])
            db.execute(f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})", values)  # noqa: S608


def replace(db: sqlite3.Connection, rows: Iterable[TableRow], *, all_of_it: bool) -> None:
    """Put the rows into a file, all or nothing: instead of what it holds; or over that, as they are newer.

    Lines that are only ever appended then get new numbers, but for those that it has already.
    """
    with db:
        if all_of_it:
            for table in _TABLES:
                db.execute(f"DELETE FROM {table}")  # noqa: S608
        for table, values in rows:
            columns, marks = _TABLES[table], ", ".join("?" * len(values))
            new = values
            if table in _APPENDED and not all_of_it:
                same = f"SELECT 1 FROM {table} WHERE ({columns}) IS ({marks})"  # noqa: S608
                if db.execute(same, values).fetchone():
                    continue
                new = (None, *values[1:])
            db.execute(f"REPLACE INTO {table} ({columns}) VALUES ({marks})", new)  # noqa: S608


def rescue(db: sqlite3.Connection) -> Saved:
    """What can still be read of a file in trouble, so that going on forgets as little as possible."""
    rows: list[TableRow] = []
    try:
        version = db.execute("PRAGMA user_version").fetchone()[0]
    except TROUBLE:
        return Saved(rows, whole=False)  # not even the first page
    whole = True
    for table in _TABLES:
        try:
            for row in db.execute(f"SELECT {_columns(table, version)} FROM {table}"):  # noqa: S608
                rows.append((table, tuple(row)))  # noqa: PERF401 - those before the damage are kept
        except TROUBLE:
            whole = False  # this is the damage; the other tables may be whole
    return Saved(rows, whole)


def unused(path: Path) -> Path:
    numbers = iter(range(1, 10_000))
    return next(p for n in numbers if not (p := path.with_name(f"{path.name}.damaged-{n}")).exists())


def in_memory() -> sqlite3.Connection:
    """An empty one that nothing outlasts."""
    return ready(sqlite3.connect(":memory:"))
