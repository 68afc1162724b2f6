"""When files that somebody writes are worth reading again.  Pure: looks and times come in as arguments.

An editor may truncate a file and write it in pieces, or rename another one over it; a network drive may
show an old size with a new time.  So files are read when they are not as they were when they were last
read, and have not changed for a moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

STILL = 1.0  # seconds

Look = Mapping[Path, tuple[int, ...] | None]  # what tells two states of a file apart; None: it is not there


class Stillness(NamedTuple):
    """What is known of some files.  Times are of a clock that never jumps."""

    read: Look  # as they were when they were last read
    seen: Look  # as they were at the last look
    since: float  # when they first looked so

    @classmethod
    def begin(cls, look: Look, now: float) -> Stillness:
        """They are being read, and this is how they looked just before."""
        return cls(look, look, now)

    def looked(self, look: Look, now: float) -> Stillness:
        return self if look == self.seen else self._replace(seen=look, since=now)

    @property
    def changed(self) -> bool:
        """Are they not as they were when they were read?"""
        return self.seen != self.read

    def due(self, now: float) -> bool:
        """Must they be read now?"""
        return self.changed and now - self.since >= STILL
