"""The disk below SQLite: full, read-only, cut in the middle of a write, rotten.

The file is a real one.  Python's connection is replaced by one that fails where the lab says so, and a
death leaves exactly the octets behind that were in the files at that moment; in the middle of a commit
only a part of what the commit adds to the write-ahead log.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Literal

from homeport.state import file
from homeport.state.store import FILE

Mode = Literal["well", "full", "read-only", "broken"]
_WORDS = {
    "full": ("database or disk is full", sqlite3.SQLITE_FULL),
    "read-only": ("attempt to write a readonly database", sqlite3.SQLITE_READONLY),
    "broken": ("disk I/O error", sqlite3.SQLITE_IOERR),
}


class Disk:
    """One state directory.  A death moves to the next one, with what the last one held."""

    def __init__(self, root: Path, chance: Random) -> None:
        self.root, self.chance = root, chance
        self.number = 0
        self.mode: Mode = "well"
        self.failed = 0  # writes that failed since the process began
        self.torn = 0  # deaths in the middle of a commit
        self.commits = 0
        self.die_in: int | None = None  # commits until the process dies in one
        self.died: Callable[[], None] = lambda: None
        self._enter()

    def _enter(self) -> None:
        self.here = self.root / f"life-{self.number}"
        self.file = self.here / FILE
        self.path = str(self.file)
        self.here.mkdir()

    def octets(self) -> bytes:
        return b"".join(path.read_bytes() for path in sorted(self.here.iterdir()) if path.is_file())

    def leave(self, log: bytes | None = None) -> None:
        """What is in the files now is what the next process finds.  `log`: the write-ahead log instead."""
        old = self.here
        self.number += 1
        self._enter()
        for path in old.iterdir():
            if path.is_file() and not path.name.endswith("-shm"):
                shutil.copyfile(path, self.here / path.name)
        if log is not None:
            self.file.with_name(f"{FILE}-wal").write_bytes(log)

    def clear(self) -> None:
        """Drop the directories of dead processes."""
        for number in range(self.number):
            shutil.rmtree(self.root / f"life-{number}", ignore_errors=True)

    def rot(self) -> None:
        """Some octets of the file are others now."""
        path = self.file
        if not path.exists() or not (data := bytearray(path.read_bytes())):
            return
        for _ in range(self.chance.randint(1, 40)):
            data[self.chance.randrange(len(data))] = self.chance.randrange(256)
        path.write_bytes(data)

    # -- asked by the connection -------------------------------------------------------------

    def ours(self, connection: Connection) -> bool:
        return connection.path == self.path

    def refuse(self) -> None:
        """Raise as SQLite would on such a disk."""
        if self.mode != "well":
            self.failed += 1
            words, code = _WORDS[self.mode]
            error = sqlite3.OperationalError(words)
            error.sqlite_errorcode = code
            raise error

    def commit(self, connection: Connection) -> None:
        """Commit, or die in it."""
        self.commits += 1
        if self.die_in is not None:
            self.die_in -= 1
            if self.die_in <= 0:
                self.die_in = None
                self._die_in(connection)
                return
        sqlite3.Connection.commit(connection)

    def _die_in(self, connection: Connection) -> None:
        log = self.file.with_name(f"{FILE}-wal")
        before, held = self._bytes(log), self._bytes(self.file)
        sqlite3.Connection.commit(connection)
        after = self._bytes(log)
        if self._bytes(self.file) != held:  # a checkpoint: another story
            self.leave()
        else:
            cut = self.chance.randint(0, len(after))
            self.leave(after[:cut] + before[cut:])
            self.torn += 1
        self.died()

    @staticmethod
    def _bytes(path: Path) -> bytes:
        return path.read_bytes() if path.exists() else b""


_DISKS: list[Disk] = []  # the one that is in use


class Connection(sqlite3.Connection):
    """A connection whose disk is the lab's."""

    path = ""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        disk = _DISKS[-1]
        if kind is not None or not disk.ours(self):
            return super().__exit__(kind, error, trace)
        if self.in_transaction:
            try:
                disk.refuse()
            except sqlite3.OperationalError:
                self.rollback()
                raise
            disk.commit(self)
        return False

    def executescript(self, sql: str, /) -> sqlite3.Cursor:
        if _DISKS[-1].ours(self):
            _DISKS[-1].refuse()
        return super().executescript(sql)

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if _DISKS[-1].mode == "read-only" and "journal_mode" in sql and _DISKS[-1].ours(self):
            _DISKS[-1].refuse()
        return super().execute(sql, *values)


class _Sqlite:
    """The module, but that it connects through the lab."""

    def __getattr__(self, name: str) -> Any:
        return getattr(sqlite3, name)

    @staticmethod
    def connect(path: str | Path, *, timeout: float = 5.0, uri: bool = False) -> sqlite3.Connection:
        db = sqlite3.connect(path, timeout=timeout, uri=uri, factory=Connection)
        if not uri:
            db.path = str(path)
        return db


@contextmanager
def failing(disk: Disk) -> Iterator[None]:
    """While the block runs, the state is kept on that disk."""
    _DISKS.append(disk)
    vars(file)["sqlite3"] = _Sqlite()
    try:
        yield
    finally:
        vars(file)["sqlite3"] = sqlite3
        _DISKS.pop()
