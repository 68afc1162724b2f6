"""What the agent takes of the machine, as it leaves it for `homeport status`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple, Self

from ..core.watch import Finding, Watch
from ..state.store import Store
from .lines import ago, iso

KEEP = 3600.0  # seconds after which it is left anew, to spare the disk
_KEY = "self"


class Taken(NamedTuple):
    at: float  # seconds since 1970, UTC
    memory: int  # octets that are resident
    cpu: float  # seconds since its start
    files: int | None  # that are open; None where nobody can count them
    tasks: int
    most_lag: float  # seconds, the longest that its loop was ever late
    found: tuple[Finding, ...] = ()  # what is the matter with it

    @classmethod
    def of(cls, known: Watch, now: float, found: Iterable[Finding] = ()) -> Self:
        last = known.last
        lag = round(known.most_lag, 3)
        return cls(now, last.memory, round(last.cpu, 3), last.files, last.tasks, lag, tuple(found))

    def keep(self, store: Store) -> None:
        store.put(_KEY, json.dumps(self.as_json()))

    @classmethod
    def kept(cls, store: Store) -> Self | None:
        """What the agent left; None if it left nothing that can be read."""
        try:
            left = json.loads(store.get(_KEY) or "{}")
            return cls(
                float(left["at"]),
                int(left["memory"]),
                float(left["cpu"]),
                None if left["files"] is None else int(left["files"]),
                int(left["tasks"]),
                float(left["most_lag"]),
                tuple(Finding(str(one["word"]), str(one["says"])) for one in left["found"]),
            )
        except (ValueError, TypeError, KeyError):
            return None

    def as_json(self) -> dict[str, object]:
        return self._asdict() | {"found": [one._asdict() for one in self.found]}

    def text(self) -> str:
        takes = f"{self.memory / 2**20:.1f} MiB of memory, {self.cpu:.1f} s of CPU"
        files = "" if self.files is None else f", {self.files} open files"
        return f"agent: {takes}{files} ({ago(self.at)} ago)"

    def troubles(self, now: float) -> list[str]:
        """What is the matter with the agent, for people."""
        told = [f"  it does not do well: {one.says}" for one in self.found]
        if now - self.at > 2 * KEEP:
            told.append(
                f"  it has written nothing here since {iso(self.at)}, so this is what it knew then; if the "
                "machine has not slept, its log says why (`homeport logs`)"
            )
        return told
