"""The state file: one row per target, an append-only change log, and what each account has used.

SQLite in WAL mode with full synchronisation: what a provider acknowledged is on the disk before the
agent does anything else, so neither kill -9 nor a power cut makes it send twice.  A damaged file is
put aside and the agent goes on with an empty one; where nothing can be written it goes on in memory.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ..core.advice import Verdict
from ..core.budget import Group, Spent
from ..core.circuit import Key, Kind, Scope, Trip
from ..core.dns import IPAddress, Name, RRType, in_order
from ..core.errors import Reaction
from ..core.pace import Written
from ..core.rhythm import Sighting
from ..core.schedule import Memory, Target
from .folder import make

FILE = "state.db"
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
_COLUMNS = tuple(field.name for field in fields(Memory))
_TABLES = {
    "meta": "key, value",
    "target": ", ".join(("name", "type", "account", *_COLUMNS)),
    "change": "version, at, trace, name, type, account, event, before, after, note",
    "spent": "key, groups",
    "circuit": "scope, who, kind, account, why, since, span, strikes, behind, lifted",
    "sighting": "id, uplink, type, at, addresses, told, listening",
    "asked": "day, service, times",
    "owned": "name, type, account, addresses",
}
_NEW = {"sighting": 2, "asked": 2, "owned": 2, "spent": 3, "circuit": 3}  # tables that older files lack
_LONGER = {"target": 3}  # the version that gave a table its last column
_TableRow = tuple[str, tuple[Any, ...]]
KEPT = 10_000  # lines of the change log: years of a home, in less than a megabyte
_LOG = 1 << 20  # octets to which SQLite cuts its write-ahead log when it has emptied it
_SETS = ("acknowledged", "live", "wanted")
_TEXTS = ("waiting", "stopped_by", "error", "outcome")
_TROUBLE = (sqlite3.DatabaseError, UnicodeDecodeError)  # SQLite quotes rotten octets in its messages


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the change log."""

    at: float  # seconds since 1970, UTC
    trace: str
    target: Target
    event: str  # updated, refreshed, failed, stopped, recovered, retried
    before: frozenset[IPAddress] | None = None
    after: frozenset[IPAddress] | None = None
    note: str | None = None
    version: int = 0  # rises with every line; given by the store


class Store:
    """Open with `Store.open`; use as a context manager.

    `warn` is told, once each, what the person should know: a file put aside, a disk that cannot be
    written.  No method raises for trouble with the file.
    """

    def __init__(self, path: Path | None, warn: Callable[[str], None]) -> None:
        self._path = path
        self._warn = warn
        self._db = self._connect()

    @classmethod
    def open(cls, directory: Path, warn: Callable[[str], None]) -> Self:
        """The store of a state directory, which is made if it does not exist."""
        try:
            make(directory)
        except OSError as error:
            warn(_in_memory(directory, error.strerror or str(error)))
            return cls(None, warn)
        return cls(directory / FILE, warn)

    @classmethod
    def view(cls, directory: Path, warn: Callable[[str], None]) -> Self:
        """A copy in memory, for a command that only looks; empty if there is no file yet."""
        store = cls(None, warn)
        path = directory / FILE
        try:
            path.stat()
        except FileNotFoundError:
            return store
        except OSError as error:
            warn(f"the state file {path} cannot be read: {error.strerror}")
            return store
        rows = _read_only(path)
        if rows is None:
            warn(f"the state file {path} cannot be read: it is damaged, or another user's")
        else:
            _refill(store._db, rows)
        return store

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    # -- memories ------------------------------------------------------------------------------

    def memories(self) -> dict[Target, Memory]:
        """What is remembered of every target there ever was."""
        found = {}
        for row in self._all("SELECT * FROM target"):
            try:
                found[_target(row)] = _memory(row)
            except (ValueError, TypeError, KeyError) as error:
                self._warn(
                    f"the state of {row['name']} {row['type']} cannot be read ({error}); it begins anew"
                )
        return found

    def save(self, memories: Mapping[Target, Memory], changes: Iterable[Change] = ()) -> None:
        """Keep memories and the lines of the change log that belong to them, all or nothing.

        The log keeps its newest `KEPT` lines.
        """
        marks = ", ".join("?" * (3 + len(_COLUMNS)))
        targets = [(*_key(target), *_row(memory)) for target, memory in memories.items()]
        lines = [
            (c.at, c.trace, *_key(c.target), c.event, _text(c.before), _text(c.after), c.note)
            for c in changes
        ]

        def write(db: sqlite3.Connection) -> None:
            db.executemany(f"REPLACE INTO target VALUES ({marks})", targets)  # noqa: S608
            db.executemany(
                "INSERT INTO change (at, trace, name, type, account, event, before, after, note) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                lines,
            )
            if lines:  # in the same commit, so it costs no write of its own
                db.execute(
                    "DELETE FROM change WHERE version <= (SELECT max(version) FROM change) - ?", (KEPT,)
                )

        self._write(write)

    def forget(self, targets: Iterable[Target]) -> None:
        """Drop targets that the configuration no longer has; the change log keeps them."""
        rows = [_key(target) for target in targets]
        self._write(
            lambda db: db.executemany(
                "DELETE FROM target WHERE name = ? AND type = ? AND account = ?", rows
            )
        )

    # -- names shared with others --------------------------------------------------------------

    def owned(self) -> dict[Target, frozenset[IPAddress]]:
        """Of names that others keep addresses at, too: those that are ours, or may be."""
        found = {}
        for row in self._all("SELECT * FROM owned"):
            try:
                found[_target(row)] = _addresses(row["addresses"]) or frozenset()
            except (ValueError, TypeError) as error:
                self._warn(f"which addresses of {row['name']} are ours cannot be read ({error})")
        return found

    def own(self, owned: Mapping[Target, frozenset[IPAddress]]) -> None:
        """Keep what is ours from now on."""
        rows = [(*_key(target), _text(addresses)) for target, addresses in owned.items()]
        self._write(lambda db: db.executemany("REPLACE INTO owned VALUES (?, ?, ?, ?)", rows))

    def disown(self, targets: Iterable[Target]) -> None:
        """These are not shared any more."""
        rows = [_key(target) for target in targets]
        self._write(
            lambda db: db.executemany("DELETE FROM owned WHERE name = ? AND type = ? AND account = ?", rows)
        )

    # -- the change log ------------------------------------------------------------------------

    def history(self, name: str | None = None, *, limit: int = 1000) -> Iterator[Change]:
        """The newest lines of the change log, oldest first."""
        where, values = ("WHERE name = ?", [name]) if name else ("", [])
        rows = self._all(
            f"SELECT * FROM (SELECT * FROM change {where} ORDER BY version DESC LIMIT ?) "  # noqa: S608
            "ORDER BY version",
            [*values, limit],
        )
        for row in rows:
            try:
                yield _change(row)
            except (ValueError, TypeError) as error:
                self._warn(f"line {row['version']} of the change log cannot be read ({error})")

    # -- lines ---------------------------------------------------------------------------------

    def sightings(self) -> dict[tuple[str, RRType], list[Sighting]]:
        """The changes that were seen of each uplink and type, oldest first."""
        found: dict[tuple[str, RRType], list[Sighting]] = {}
        for row in self._all("SELECT * FROM sighting ORDER BY id"):
            try:
                line = (row["uplink"], RRType(row["type"]))
                addresses = _addresses(row["addresses"]) or frozenset()
                one = Sighting.of(
                    float(row["at"]), addresses, row["told"], listening=bool(row["listening"])
                )
            except (ValueError, TypeError) as error:
                self._warn(f"a line of the table of sightings cannot be read ({error}); it is left out")
            else:
                found.setdefault(line, []).append(one)
        return found

    def sighted(self, uplink: str, rrtype: RRType, one: Sighting, *, keep: int) -> None:
        """Add a change of a line, and drop all but the newest `keep` of that line."""
        row = (uplink, rrtype.value, one.at, json.dumps(one.addresses), one.told, one.listening)

        def write(db: sqlite3.Connection) -> None:
            db.execute(
                "INSERT INTO sighting (uplink, type, at, addresses, told, listening) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )
            db.execute(
                "DELETE FROM sighting WHERE uplink = ?1 AND type = ?2 AND id NOT IN ("
                "SELECT id FROM sighting WHERE uplink = ?1 AND type = ?2 ORDER BY id DESC LIMIT ?3)",
                (uplink, rrtype.value, keep),
            )

        self._write(write)

    def forget_line(self, uplink: str, rrtype: RRType) -> None:
        """Drop what is kept of a line that the configuration no longer has."""

        def write(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM sighting WHERE uplink = ? AND type = ?", (uplink, rrtype.value))
            db.execute("DELETE FROM meta WHERE key = ?", (_verdict_key(uplink, rrtype),))

        self._write(write)

    def judged(self, uplink: str, rrtype: RRType, found: Verdict) -> None:
        """Keep what is the matter with a line, in place of what was before."""
        self.put(_verdict_key(uplink, rrtype), json.dumps(found))

    def verdicts(self) -> dict[tuple[str, RRType], Verdict]:
        """What was the matter with each line when it was last looked at."""
        found = {}
        for row in self._all("SELECT key, value FROM meta WHERE key LIKE 'verdict %'"):
            _, rrtype, uplink = str(row["key"]).split(" ", 2)
            try:
                word, says, advice, sure = json.loads(row["value"])
                found[uplink, RRType(rrtype)] = Verdict(str(word), str(says), str(advice), bool(sure))
            except (ValueError, TypeError) as error:
                self._warn(f"what was the matter with {uplink} cannot be read ({error}); it is left out")
        return found

    def watched(self, down: Mapping[str, float], heard: Mapping[str, Collection[str]]) -> None:
        """Keep which uplinks are down, and since when; and the origins that can be heard of each."""
        facts = {"down": dict(down), "heard": {uplink: sorted(some) for uplink, some in heard.items()}}
        self.put("lines", json.dumps(facts))

    def down(self) -> dict[str, float]:
        """The uplinks that their probes found down, and since when (seconds since 1970)."""
        try:
            return {str(uplink): float(at) for uplink, at in self._watched()["down"].items()}
        except (ValueError, TypeError, KeyError, AttributeError):
            return {}

    def heard(self) -> dict[str, frozenset[str]]:
        """The origins that could be heard of each uplink, at the last look."""
        try:
            return {str(one): frozenset(map(str, some)) for one, some in self._watched()["heard"].items()}
        except (ValueError, TypeError, KeyError, AttributeError):
            return {}

    def _watched(self) -> Any:
        return json.loads(self.get("lines") or "{}")

    def count(self, day: int, services: Mapping[str, int], *, keep: int) -> None:
        """Add how often each service was asked on a day (of the days since 1970); keep that many days."""

        def write(db: sqlite3.Connection) -> None:
            db.executemany(
                "INSERT INTO asked VALUES (?, ?, ?) "
                "ON CONFLICT (day, service) DO UPDATE SET times = times + excluded.times",
                [(day, service, times) for service, times in services.items()],
            )
            db.execute("DELETE FROM asked WHERE day <= ?", (day - keep,))

        self._write(write)

    def asked(self) -> dict[int, dict[str, int]]:
        """How often each service was asked, by day."""
        found: dict[int, dict[str, int]] = {}
        for row in self._all("SELECT * FROM asked ORDER BY day, service"):
            found.setdefault(row["day"], {})[str(row["service"])] = row["times"]
        return found

    # -- who is left alone, and how often whom was asked ----------------------------------------

    def circuits(self) -> dict[Key, Trip]:
        """Accounts and services that are left alone, or were."""
        found = {}
        for row in self._all("SELECT * FROM circuit"):
            try:
                found[Key(Scope(row["scope"]), str(row["who"]))] = _trip(row)
            except (ValueError, TypeError) as error:
                self._warn(f"why {row['account']} is left alone cannot be read ({error}); it is forgotten")
        return found

    def trip(self, circuits: Mapping[Key, Trip | None]) -> None:
        """Keep these; None: forget it."""
        gone = [tuple(key) for key, trip in circuits.items() if trip is None]
        kept = [(*key, *trip) for key, trip in circuits.items() if trip is not None]

        def write(db: sqlite3.Connection) -> None:
            db.executemany("DELETE FROM circuit WHERE scope = ? AND who = ?", gone)
            db.executemany("REPLACE INTO circuit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", kept)

        self._write(write)

    def spent(self) -> dict[str, Spent]:
        """How often accounts and services were asked lately."""
        found = {}
        for row in self._all("SELECT * FROM spent"):
            try:
                found[str(row["key"])] = tuple(
                    Group(float(at), int(times)) for at, times in json.loads(row["groups"])
                )
            except (ValueError, TypeError) as error:
                self._warn(f"how often {row['key']} was asked cannot be read ({error}); it is forgotten")
        return found

    def spend(self, spent: Mapping[str, Spent]) -> None:
        """Keep these; those that are empty are forgotten."""
        rows = [(key, json.dumps(groups)) for key, groups in spent.items() if groups]
        gone = [(key,) for key, groups in spent.items() if not groups]

        def write(db: sqlite3.Connection) -> None:
            db.executemany("DELETE FROM spent WHERE key = ?", gone)
            db.executemany("REPLACE INTO spent VALUES (?, ?)", rows)

        self._write(write)

    # -- and the rest --------------------------------------------------------------------------

    def get(self, key: str) -> str | None:
        for row in self._all("SELECT value FROM meta WHERE key = ?", [key]):
            return str(row["value"])
        return None

    def put(self, key: str, value: str) -> None:
        self._write(lambda db: db.execute("REPLACE INTO meta VALUES (?, ?)", (key, value)))

    def salt(self) -> bytes:
        """What the fingerprints of this store are keyed with; made at its first use."""
        text = self.get("salt")
        if text is None or len(text) != 32 or not text.isalnum() or not text.isascii():
            text = secrets.token_hex(16)
            self.put("salt", text)
        return text.encode()

    # -- the file ------------------------------------------------------------------------------

    def _connect(self) -> sqlite3.Connection:
        if self._path is None:
            return _ready(sqlite3.connect(":memory:"))
        for _ in range(2):
            try:
                return _open(self._path)
            except sqlite3.OperationalError as error:
                directory = os.path.isdir(self._path)  # noqa: PTH112 - raises nothing, as above
                if directory and self._put_aside("it is a directory"):
                    continue
                self._warn(_in_memory(self._path, str(error)))
                rows = _read_only(self._path)
                db = self._leave_file()
                _refill(db, rows or [])
                return db
            except (*_TROUBLE, _NotOurs) as error:
                if not self._put_aside(str(error)):
                    return self._leave_file()
        self._warn(_in_memory(self._path, "a new file is damaged as well"))
        return self._leave_file()

    def _leave_file(self) -> sqlite3.Connection:
        self._path = None
        return _ready(sqlite3.connect(":memory:"))

    def _put_aside(self, why: str) -> bool:
        """Rename the damaged file and what SQLite keeps beside it; False if that is impossible."""
        assert self._path is not None
        aside = _unused(self._path)
        try:
            self._path.replace(aside)
            for suffix in ("-wal", "-shm"):
                beside = self._path.with_name(self._path.name + suffix)
                if beside.exists():
                    beside.replace(aside.with_name(aside.name + suffix))
        except OSError as error:
            self._warn(_in_memory(self._path, f"{why}, and it cannot be put aside: {error.strerror}"))
            return False
        self._warn(
            f"the state file {self._path} cannot be used ({why}); put aside as {aside.name}, "
            "a new one begins"
        )
        return True

    def _all(self, sql: str, values: Iterable[object] = ()) -> list[sqlite3.Row]:
        try:
            return self._db.execute(sql, tuple(values)).fetchall()
        except _TROUBLE as error:
            self._recover(error)
            return self._db.execute(sql, tuple(values)).fetchall()

    def _write(self, work: Callable[[sqlite3.Connection], object]) -> None:
        try:
            with self._db:
                work(self._db)
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
            raise  # our mistake, not the file's
        except _TROUBLE as error:
            self._recover(error)
            with self._db:
                work(self._db)

    def _recover(self, error: sqlite3.DatabaseError | UnicodeDecodeError) -> None:
        """Go on after trouble with the file: in memory if it cannot be written, else with a new file."""
        if self._path is None:
            raise error
        rows = _rescue(self._db)
        self._db.close()
        if isinstance(error, sqlite3.OperationalError):
            self._warn(_in_memory(self._path, str(error)))
            self._db = self._leave_file()
        else:
            self._db = self._connect() if self._put_aside(str(error)) else self._leave_file()
        _refill(self._db, rows)


class _NotOurs(Exception):
    """The file was written by another program, or by a newer Homeport."""


def _open(path: Path) -> sqlite3.Connection:
    old = os.path.isfile(path)  # noqa: PTH113 - raises nothing where we may not look
    with suppress(OSError):  # then SQLite says the same, in its own words
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite's files beside it get its mode
    db = sqlite3.connect(path, timeout=5)
    try:
        if old:
            _check(db)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA journal_size_limit = {_LOG}")
        if (version := db.execute("PRAGMA user_version").fetchone()[0]) < _VERSION:
            _ready(db, version)
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
        raise _NotOurs("another program wrote it")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > _VERSION:
        raise _NotOurs(f"it is of version {version}, from a newer Homeport")
    try:
        for table in _TABLES:
            if version >= _NEW.get(table, 1):
                db.execute(f"SELECT {_columns(table, version)} FROM {table} LIMIT 0")  # noqa: S608
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:
            raise _NotOurs(str(error)) from None
        raise


def _columns(table: str, version: int) -> str:
    """The columns that a table has in files of that version; new ones are the last."""
    columns = _TABLES[table]
    return columns if version >= _LONGER.get(table, 1) else columns.rpartition(", ")[0]


def _ready(db: sqlite3.Connection, version: int = 0) -> sqlite3.Connection:
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


def _read_only(path: Path) -> list[_TableRow] | None:
    """The rows of a file, whether or not it can be written; None if it cannot be read either.

    `immutable` is the last resort: it works on a read-only disk, but sees no write-ahead log.
    """
    for mode in ("mode=ro", "mode=ro&immutable=1"):
        try:
            db = _readable(sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, timeout=5))
        except sqlite3.OperationalError:
            continue
        try:
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return _rescue(db)
        except _TROUBLE:
            continue
        finally:
            db.close()
    return None


def _refill(db: sqlite3.Connection, rows: Iterable[_TableRow]) -> None:
    with db:
        for table, values in rows:
            marks = ", ".join("?" * len(values))
            columns = ", ".join(_TABLES[table].split(", ")[: len(values)])
            db.execute(f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})", values)  # noqa: S608


def _rescue(db: sqlite3.Connection) -> list[_TableRow]:
    """What can still be read of a file in trouble, so that going on forgets as little as possible."""
    rows: list[_TableRow] = []
    try:
        version = db.execute("PRAGMA user_version").fetchone()[0]
    except _TROUBLE:
        return rows  # not even the first page
    for table in _TABLES:
        try:
            for row in db.execute(f"SELECT {_columns(table, version)} FROM {table}"):  # noqa: S608
                rows.append((table, tuple(row)))  # noqa: PERF401 - those before the damage are kept
        except _TROUBLE:
            continue  # this is the damage; the other tables may be whole
    return rows


def _unused(path: Path) -> Path:
    numbers = iter(range(1, 10_000))
    return next(p for n in numbers if not (p := path.with_name(f"{path.name}.damaged-{n}")).exists())


def _in_memory(where: Path, why: str) -> str:
    return (
        f"the state cannot be kept in {where}: {why}; going on in memory: nothing is remembered after a "
        "restart, so mend this soon"
    )


def _verdict_key(uplink: str, rrtype: RRType) -> str:
    return f"verdict {rrtype} {uplink}"


def _key(target: Target) -> tuple[str, str, str]:
    return target.owner.text, target.rrtype.value, target.account


def _target(row: sqlite3.Row) -> Target:
    return Target(Name(row["name"]), RRType(row["type"]), row["account"])


def _row(memory: Memory) -> list[object]:
    values: list[object] = []
    for column in _COLUMNS:
        value = getattr(memory, column)
        if column in _SETS:
            value = _text(value)
        elif column == "writes":
            value = json.dumps(value) if value else None
        elif isinstance(value, Reaction):
            value = value.name
        values.append(value)
    return values


def _memory(row: sqlite3.Row) -> Memory:
    """Raises `ValueError`, `TypeError` or `KeyError` for what no memory of ours can have been."""
    values = {column: row[column] for column in _COLUMNS}
    for column in _COLUMNS:
        kind = str if column in (*_SETS, *_TEXTS, "writes") else int | float
        if not isinstance(values[column], kind) and (values[column] is not None or column == "failures"):
            raise ValueError(f"{column} is {values[column]!r}")
    values |= {column: _addresses(row[column]) for column in _SETS}
    values["writes"] = tuple(
        Written(float(at), bool(mended)) for at, mended in json.loads(row["writes"] or "[]")
    )
    if values["waiting"] is not None:
        values["waiting"] = Reaction[values["waiting"]]
    return Memory(**values)


def _trip(row: sqlite3.Row) -> Trip:
    """Raises `ValueError` or `TypeError` for what can never have been kept."""
    span, behind = (None if row[name] is None else float(row[name]) for name in ("span", "behind"))
    return Trip(
        Kind(row["kind"]),
        str(row["account"]),
        str(row["why"]),
        float(row["since"]),
        span,
        int(row["strikes"]),
        behind,
        bool(row["lifted"]),
    )


def _change(row: sqlite3.Row) -> Change:
    return Change(
        at=float(row["at"]),
        trace=row["trace"],
        target=_target(row),
        event=row["event"],
        before=_addresses(row["before"]),
        after=_addresses(row["after"]),
        note=row["note"],
        version=row["version"],
    )


@lru_cache(maxsize=64)  # a thousand names point at one address
def _text(addresses: frozenset[IPAddress] | None) -> str | None:
    return None if addresses is None else json.dumps([str(a) for a in in_order(addresses)])


def _addresses(text: str | None) -> frozenset[IPAddress] | None:
    return None if text is None else frozenset(map(ip_address, json.loads(text)))
