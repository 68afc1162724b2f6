"""Which configuration is in force, as the agent leaves it for `homeport status`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple, Self

from ..core.dns import Name, RRType
from ..core.schedule import Target
from ..state.store import Store
from .lines import iso

_KEY = "configuration"


class Force(NamedTuple):
    """Times are seconds since 1970, UTC."""

    since: float
    files: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()  # what a newer one changes that waits for a restart
    refused_at: float | None = None  # when a newer one was refused
    refused: tuple[str, ...] = ()  # all that is wrong with it
    targets: tuple[tuple[str, str, str], ...] = ()  # while one is refused: what is kept nevertheless

    def keep(self, store: Store) -> None:
        store.put(_KEY, json.dumps(self._asdict()))

    @classmethod
    def kept(cls, store: Store) -> Self | None:
        """What the agent left; None if it left nothing that can be read."""
        try:
            found = json.loads(store.get(_KEY) or "{}")
            return cls(
                float(found["since"]),
                tuple(map(str, found["files"])),
                tuple(map(str, found["restart"])),
                None if found["refused_at"] is None else float(found["refused_at"]),
                tuple(map(str, found["refused"])),
                tuple((str(name), str(rrtype), str(account)) for name, rrtype, account in found["targets"]),
            )
        except (ValueError, TypeError, KeyError):
            return None

    def refuse(self, at: float, mistakes: Iterable[str], targets: Iterable[Target]) -> Force:
        """The same, while a newer one is wrong."""
        kept = tuple((one.owner.text, one.rrtype.value, one.account) for one in targets)
        return self._replace(refused_at=at, refused=tuple(mistakes), targets=kept)

    def kept_targets(self) -> list[Target]:
        return [Target(Name(name), RRType(rrtype), account) for name, rrtype, account in self.targets]

    def as_json(self) -> dict[str, object]:
        refused = None
        if self.refused_at is not None:
            refused = {"at": iso(self.refused_at), "mistakes": list(self.refused)}
        return {
            "files": list(self.files),
            "since": iso(self.since),
            "restart": list(self.restart),
            "refused": refused,
        }

    def text(self) -> list[str]:
        """Lines for people."""
        read = ", ".join(self.files) or "the environment"
        lines = [f"configuration: {read}, in force since {iso(self.since)}"]
        lines += [f"  {words}" for words in self.restart]
        if self.refused_at is not None:
            lines.append(
                f"  a newer one was refused at {iso(self.refused_at)}; it is tried again when it changes:"
            )
            lines += [f"    {words}" for words in self.refused]
        return lines
