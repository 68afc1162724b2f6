"""What differs between the configuration that is in force and the one that shall be.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeVar

from ..core.schedule import Target
from .model import Config, Record

K = TypeVar("K")
MOST = 8  # names that one list shows


class Delta(NamedTuple):
    """Of one table, by the names in it, in order."""

    new: tuple[object, ...] = ()
    gone: tuple[object, ...] = ()
    changed: tuple[object, ...] = ()

    def words(self, one: str) -> Iterator[str]:
        """Such as "new record a.example.com A (cf)"; nothing if nothing differs."""
        for word, names in (("new", self.new), ("gone", self.gone), ("changed", self.changed)):
            if names:
                more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
                yield f"{word} {one} {', '.join(map(str, names[:MOST]))}{more}"


class Difference(NamedTuple):
    """All of it.  `restart` says in words what cannot be changed while the agent runs."""

    records: Delta = Delta()  # by target
    accounts: Delta = Delta()
    uplinks: Delta = Delta()
    settings: tuple[str, ...] = ()  # of [agent] and [log], and of all of it
    restart: tuple[str, ...] = ()

    @property
    def anything(self) -> bool:
        """Does anything differ that can be changed now?"""
        return self._replace(restart=()) != Difference()

    def __str__(self) -> str:
        parts = [*self.records.words("record"), *self.accounts.words("account")]
        parts += self.uplinks.words("uplink")
        if self.settings:
            parts.append(f"changed {', '.join(self.settings)}")
        return "; ".join(parts) or "nothing differs"


def difference(old: Config, new: Config) -> Difference:
    """From `old` to `new`; names only, so that no secret is in it."""
    restart = []
    if old.agent.state_dir != new.agent.state_dir:
        restart.append(
            f"agent.state_dir needs a restart: until then the state stays in {old.agent.state_dir}"
        )
    settings = [
        f"{table}.{name}"
        for table, before, after in (
            ("agent", old.agent._asdict(), new.agent._asdict()),
            ("log", vars(old.log), vars(new.log)),
        )
        for name in before
        if before[name] != after[name] and (table, name) != ("agent", "state_dir")
    ]
    if old.withheld != new.withheld:
        settings.append("which variables hold secrets")
    return Difference(
        records=_delta(targets(old), targets(new)),
        accounts=_delta(old.accounts, new.accounts),
        uplinks=_delta(old.uplinks, new.uplinks),
        settings=tuple(settings),
        restart=tuple(restart),
    )


def targets(config: Config) -> dict[Target, Record]:
    """All targets of a configuration, in its order, each with what its record says of it."""
    return {
        Target(owner, rrtype, account): record._replace(owners=(), accounts=())
        for record in config.records
        for owner in record.owners
        for account in record.accounts
        for rrtype in record.types
        if any(config.uplinks[uplink].sources.get(rrtype) for uplink in record.uplinks)
    }


def _delta(old: Mapping[K, object], new: Mapping[K, object]) -> Delta:
    return Delta(
        new=tuple(name for name in new if name not in old),
        gone=tuple(name for name in old if name not in new),
        changed=tuple(name for name in new if name in old and old[name] != new[name]),
    )
