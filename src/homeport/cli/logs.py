"""`homeport logs`: what the agent has logged, the old files too, and what it logs from now on."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import BinaryIO

from ..core.errors import ConfigError
from ..service.plan import LOG, windows_places
from .exits import RIGHT
from .setup import configure

PAUSE = 0.5  # seconds between two looks at a file that is followed
CHUNK = 65_536  # octets


def logs(path: Path | None, *, lines: int, follow: bool) -> int:
    """Print the newest lines, oldest first; with `follow`, go on until somebody presses Ctrl-C."""
    file = configure(path, blind=True).log.file or of_service(sys.platform, os.environ)
    if file is None:
        raise ConfigError(
            'this configuration writes no log file; add one: [log] file = "homeport.log".  Where systemd '
            "runs the agent, `journalctl -u homeport` has what it says"
        )
    if not file.exists() and not follow:
        raise ConfigError(f"there is no log file {file} yet: no agent has run with this configuration")
    here = Follower(file)
    for line in newest(here, lines):
        show(line)
    if follow:
        for line in here.lines(lambda: time.sleep(PAUSE)):
            show(line)
    return RIGHT


def of_service(platform: str, environ: Mapping[str, str]) -> Path | None:
    """Where a service of Windows logs if the configuration says nothing; the one that last did."""
    if platform != "win32":
        return None
    places = [windows_places(environ, user=user) for user in (False, True)]
    files = [file for one in places if (file := Path(one.logs.as_posix()) / LOG).is_file()]
    return max(files, key=lambda file: file.stat().st_mtime, default=None)


def show(line: bytes) -> None:
    print(line.decode("utf-8", "replace").rstrip("\r\n"), flush=True)


def newest(here: Follower, most: int) -> list[bytes]:
    """The newest lines of a log and of the files that were rotated away, at most so many."""
    found: deque[bytes] = deque(here.now(), maxlen=most or 1)
    for number in count(1):
        old = here.file.with_name(f"{here.file.name}.{number}")
        if len(found) >= most or not old.is_file():
            break
        with suppress(OSError), old.open("rb") as stream:  # rotated further away just now
            found.extendleft(reversed(deque(stream, maxlen=most - len(found))))
    return list(found) if most else []


class Follower:
    """Reads a log file as it grows, and the next one when it is rotated.

    The file is never kept open: Windows could not rename it.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._read = 0  # octets that were read of the present file
        self._known: tuple[int, int] | None = None  # which file that is
        self._rest = b""  # the beginning of a line whose end is not written yet

    def now(self) -> list[bytes]:
        """The whole lines that were written since the last call."""
        found: list[bytes] = []
        try:
            with self.file.open("rb") as stream:
                self._recognise(stream, found)
                stream.seek(self._read)
                while chunk := stream.read(CHUNK):
                    self._read += len(chunk)
                    self._take(chunk, found)
        except FileNotFoundError:
            return found  # being rotated, or not there yet
        return found

    def lines(self, wait: Callable[[], object]) -> Iterator[bytes]:
        """All that is written from now on, without end."""
        while True:
            yield from self.now()
            wait()

    def _recognise(self, stream: BinaryIO, found: list[bytes]) -> None:
        """Is this the file that was read before?  If not, read the end of that one, where it is now."""
        facts = os.fstat(stream.fileno())
        this = (facts.st_dev, facts.st_ino)
        if this == self._known and facts.st_size >= self._read:
            return
        if self._known is not None and this != self._known:
            self._finish(self._known, found)
        self._known, self._read, self._rest = this, 0, b""

    def _finish(self, known: tuple[int, int], found: list[bytes]) -> None:
        before = self.file.with_name(f"{self.file.name}.1")
        with suppress(OSError), before.open("rb") as stream:  # two rotations between two looks
            facts = os.fstat(stream.fileno())
            if (facts.st_dev, facts.st_ino) == known:
                stream.seek(self._read)
                self._take(stream.read(), found)

    def _take(self, octets: bytes, found: list[bytes]) -> None:
        *whole, self._rest = (self._rest + octets).split(b"\n")
        found += [line.removesuffix(b"\r") for line in whole]
