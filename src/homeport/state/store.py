"""The state file: one row per target, an append-only change log, and what each account has used.

SQLite in WAL mode with full synchronisation: what a provider acknowledged is on the disk before the
agent does anything else, so neither kill -9 nor a power cut makes it send twice.  A damaged file is
put aside and the agent goes on with an empty one; where nothing can be written it goes on in memory,
until something can.
`file` opens and saves it, `codec` makes values of its rows.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ..core.advice import Verdict
from ..core.budget import Group, Spent
from ..core.circuit import Key, Scope, Trip
from ..core.dns import IPAddress, RRType
from ..core.errors import ConfigError
from ..core.rhythm import Sighting
from ..core.schedule import Memory, Target
from . import codec, private
from .codec import Change
from .file import TROUBLE, NotOurs, Saved, in_memory, open_file, read_only, refill, replace, rescue, unused
from .lock import OURS

__all__ = ["FILE", "Change", "Store"]

FILE = "state.db"
KEPT = 10_000  # lines of the change log: years of a home, in less than a megabyte


class Store:
    """Open with `Store.open`; use as a context manager.

    `warn` is told, once each, what the person should know: a file put aside, a disk that cannot be
    written.  No method raises for trouble with the file.
    """

    def __init__(self, path: Path | None, warn: Callable[[str], None]) -> None:
        """`path` is that of the file; None: all is in memory."""
        self._path = path
        self._away: Path | None = None  # the file which the memory stands for, while it cannot be written
        self._whole = False  # does the memory hold all that this file does?
        self._warn = warn
        self._db = self._connect()

    @classmethod
    def open(cls, directory: Path, warn: Callable[[str], None]) -> Self:
        """The store of a state directory, which is made if it does not exist.

        Raises `ConfigError` for one that another user may have prepared.
        """
        try:
            trouble = private.own_folder(directory, OURS)
        except OSError as error:
            warn(_elsewhere(directory, error.strerror or str(error)))
            store = cls(None, warn)
            store._away = directory / FILE
            return store
        if trouble:
            warn(trouble)
        for suffix in ("", "-wal", "-shm"):
            private.own_file(directory / f"{FILE}{suffix}", "the state file")
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
        saved = read_only(path)
        if saved is None:
            warn(f"the state file {path} cannot be read: it is damaged, or another user's")
        else:
            refill(store._db, saved.rows)
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
                found[codec.target(row)] = codec.memory(row)
            except codec.UNREADABLE as error:
                self._warn(
                    f"the state of {_cut(row['name'])} {_cut(row['type'])} cannot be read "
                    f"({_cut(error)}); it begins anew"
                )
        return found

    def save(self, memories: Mapping[Target, Memory], changes: Iterable[Change] = ()) -> None:
        """Keep memories and the lines of the change log that belong to them, all or nothing.

        The log keeps its newest `KEPT` lines.
        """
        marks = ", ".join("?" * (3 + len(codec.COLUMNS)))
        targets = [(*codec.key_of(target), *codec.row_of(memory)) for target, memory in memories.items()]
        lines = [
            (
                c.at,
                c.trace,
                *codec.key_of(c.target),
                c.event,
                codec.text_of(c.before),
                codec.text_of(c.after),
                c.note,
            )
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
        rows = [codec.key_of(target) for target in targets]
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
                found[codec.target(row)] = codec.addresses(row["addresses"]) or frozenset()
            except codec.UNREADABLE as error:
                self._warn(
                    f"which addresses of {_cut(row['name'])} are ours cannot be read ({_cut(error)})"
                )
        return found

    def own(self, owned: Mapping[Target, frozenset[IPAddress]]) -> None:
        """Keep what is ours from now on."""
        rows = [(*codec.key_of(target), codec.text_of(addresses)) for target, addresses in owned.items()]
        self._write(lambda db: db.executemany("REPLACE INTO owned VALUES (?, ?, ?, ?)", rows))

    def disown(self, targets: Iterable[Target]) -> None:
        """These are not shared any more."""
        rows = [codec.key_of(target) for target in targets]
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
                yield codec.change(row)
            except codec.UNREADABLE as error:
                self._warn(f"line {row['version']} of the change log cannot be read ({_cut(error)})")

    # -- lines ---------------------------------------------------------------------------------

    def sightings(self) -> dict[tuple[str, RRType], list[Sighting]]:
        """The changes that were seen of each uplink and type, oldest first."""
        found: dict[tuple[str, RRType], list[Sighting]] = {}
        for row in self._all("SELECT * FROM sighting ORDER BY id"):
            try:
                line = (codec.string(row["uplink"]), RRType(row["type"]))
                told = None if row["told"] is None else codec.string(row["told"])
                addresses = codec.addresses(row["addresses"]) or frozenset()
                one = Sighting.of(float(row["at"]), addresses, told, listening=bool(row["listening"]))
            except codec.UNREADABLE as error:
                self._warn(
                    f"a line of the table of sightings cannot be read ({_cut(error)}); it is left out"
                )
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
            except codec.UNREADABLE as error:
                self._warn(
                    f"what was the matter with {_cut(uplink)} cannot be read ({_cut(error)}); "
                    "it is left out"
                )
        return found

    def watched(self, down: Mapping[str, float], heard: Mapping[str, Collection[str]]) -> None:
        """Keep which uplinks are down, and since when; and the origins that can be heard of each."""
        facts = {"down": dict(down), "heard": {uplink: sorted(some) for uplink, some in heard.items()}}
        self.put("lines", json.dumps(facts))

    def down(self) -> dict[str, float]:
        """The uplinks that their probes found down, and since when (seconds since 1970)."""
        try:
            return {str(uplink): float(at) for uplink, at in self._watched()["down"].items()}
        except (*codec.UNREADABLE, AttributeError):
            return {}

    def heard(self) -> dict[str, frozenset[str]]:
        """The origins that could be heard of each uplink, at the last look."""
        try:
            return {str(one): frozenset(map(str, some)) for one, some in self._watched()["heard"].items()}
        except (*codec.UNREADABLE, AttributeError):
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
            if isinstance(row["day"], int) and isinstance(row["times"], int):
                found.setdefault(row["day"], {})[str(row["service"])] = row["times"]
        return found

    # -- who is left alone, and how often whom was asked ----------------------------------------

    def circuits(self) -> dict[Key, Trip]:
        """Accounts and services that are left alone, or were."""
        found = {}
        for row in self._all("SELECT * FROM circuit"):
            try:
                found[Key(Scope(row["scope"]), str(row["who"]))] = codec.trip(row)
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
            return in_memory()
        for _ in range(2):
            try:
                return open_file(self._path)
            except sqlite3.OperationalError as error:
                directory = os.path.isdir(self._path)  # noqa: PTH112 - raises nothing, as above
                if directory and self._put_aside("it is a directory"):
                    continue
                self._warn(_elsewhere(self._path, str(error)))
                return self._leave_file(read_only(self._path))
            except (*TROUBLE, NotOurs) as error:
                if not self._put_aside(str(error)):
                    return self._leave_file()
        self._warn(_elsewhere(self._path, "a new file is damaged as well"))
        return self._leave_file()

    def _leave_file(self, saved: Saved | None = None) -> sqlite3.Connection:
        """A memory with what could be saved of the file."""
        rows, whole = saved or Saved([], whole=False)
        self._away, self._path, self._whole = self._path, None, whole
        db = in_memory()
        refill(db, rows)
        return db

    def go_home(self) -> None:
        """Keep in the file again what is only in memory, if the file can be written by now.

        For the one agent of the state directory: what others have written to the file meanwhile is lost.
        """
        if self._away is None:
            return
        try:
            private.own_folder(self._away.parent, OURS)
            db = open_file(self._away, patience=0.2)
        except (*TROUBLE, NotOurs, OSError, ConfigError):
            return  # it has been told
        try:
            replace(db, rescue(self._db).rows, all_of_it=self._whole)
        except TROUBLE:
            db.close()
            return
        db.execute("PRAGMA busy_timeout = 5000")
        self._db.close()
        self._db, self._path, self._away = db, self._away, None
        self._warn(f"the state is kept in {self._path} again")

    def _put_aside(self, why: str) -> bool:
        """Rename the damaged file and what SQLite keeps beside it; False if that is impossible."""
        assert self._path is not None
        aside = unused(self._path)
        try:
            self._path.replace(aside)
            for suffix in ("-wal", "-shm"):
                beside = self._path.with_name(self._path.name + suffix)
                if beside.exists():
                    beside.replace(aside.with_name(aside.name + suffix))
        except OSError as error:
            self._warn(_elsewhere(self._path, f"{why}, and it cannot be put aside: {error.strerror}"))
            return False
        self._warn(
            f"the state file {self._path} cannot be used ({why}); put aside as {aside.name}, "
            "a new one begins"
        )
        return True

    def _all(self, sql: str, values: Iterable[object] = ()) -> list[sqlite3.Row]:
        try:
            return self._db.execute(sql, tuple(values)).fetchall()
        except TROUBLE as error:
            self._recover(error)
            return self._db.execute(sql, tuple(values)).fetchall()

    def _write(self, work: Callable[[sqlite3.Connection], object]) -> None:
        try:
            with self._db:
                work(self._db)
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
            raise  # our mistake, not the file's
        except TROUBLE as error:
            self._recover(error)
            with self._db:
                work(self._db)

    def _recover(self, error: sqlite3.DatabaseError | UnicodeDecodeError) -> None:
        """Go on after trouble with the file: in memory if it cannot be written, else with a new file."""
        if self._path is None:
            raise error
        saved = rescue(self._db)
        self._db.close()
        if isinstance(error, sqlite3.OperationalError):
            self._warn(_elsewhere(self._path, str(error)))
            self._db = self._leave_file(saved)
        elif self._put_aside(str(error)):
            self._db = self._connect()
            refill(self._db, saved.rows)
        else:
            self._db = self._leave_file(saved)


def _elsewhere(where: Path, why: str) -> str:
    return (
        f"the state cannot be kept in {where}: {why}; going on in memory: nothing is remembered after a "
        "restart, so mend this soon"
    )


def _cut(value: object) -> str:
    """For a message: what has rotted may be long."""
    return str(value)[:120]


def _verdict_key(uplink: str, rrtype: RRType) -> str:
    return f"verdict {rrtype} {uplink}"
