"""`homeport check`, `status`, `history` and `retry`: the commands that need no network."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..config import salvage
from ..config.difference import targets
from ..config.model import Config
from ..core import circuit
from ..core.dns import Name, in_order
from ..core.errors import ConfigError
from ..core.report import texts
from ..core.schedule import DAY, Memory, Target
from ..core.vanished import parting
from ..net import doorbell
from ..state.lock import held
from ..state.store import FILE, Change, Store
from .exits import NOT_RIGHT, RIGHT, WRONG
from .force import Force
from .lines import LineView, ago, asked_text, iso, line_views
from .setup import configure
from .silence import Silence, lifted_text, services_json, silences, silences_text, use_json
from .taken import Taken
from .term import paint, table


def _warn(text: str) -> None:
    print(f"homeport: {text}", file=sys.stderr)


def _allowed(folder: Path, how: int) -> None:
    """Raises `ConfigError` where only another user may look at what the agent remembers, or change it."""
    file = folder / FILE
    try:
        there, may = file.exists(), os.access(file, how)
    except PermissionError:
        there, may = True, False
    if there and not may:
        raise ConfigError(
            f"the state file {file} can be {'changed' if how & os.W_OK else 'read'} only by the user that "
            "runs the agent; say this as that user, such as with sudo"
        )


# -- check ---------------------------------------------------------------------------------------


def check(path: Path | None) -> int:
    config = configure(path, resolve=False)
    count = len(_targets(config))
    read = ", ".join(map(str, config.files)) or "the environment"
    print(f"{read}: right; {count} {'target' if count == 1 else 'targets'}")
    print(*_partings(config), sep="", end="")
    return RIGHT


def _partings(config: Config) -> Iterator[str]:
    """What would become of names that the last agent kept, and that are not in the files any more."""
    if config.agent.vanished == "keep":
        return
    wanted = _targets(config)
    with Store.view(config.agent.state_dir, _warn) as store:
        memories = store.memories()
    readable = {name: one.provider.readable for name, one in config.accounts.items()}
    found = parting(memories, wanted, readable)
    for rule in found.rules:
        yield f"{rule.target}: not in it any more; what is ours will be taken out of DNS\n"
    for target, why in found.kept.items():
        yield f"{target}: not in it any more; what is published stays: {why}\n"


def _targets(config: Config) -> list[Target]:
    return sorted(targets(config))


# -- status --------------------------------------------------------------------------------------


def status(path: Path | None, name: str | None, *, as_json: bool) -> int:
    try:
        config = configure(path, blind=True)
    except ConfigError as error:
        return _status_of_another(path, name, error, as_json=as_json)
    _allowed(config.agent.state_dir, os.R_OK)
    with Store.view(config.agent.state_dir, _warn) as store:
        lines = line_views(config, store, time.time())
        running = held(config.agent.state_dir)
        chosen = _chosen(_targets(config), name)
        return _show(store, config, chosen, lines, running=running, as_json=as_json)


def _status_of_another(path: Path | None, name: str | None, error: ConfigError, *, as_json: bool) -> int:
    """The files are wrong; where an agent runs with what they were before, show what it does."""
    folder = salvage.state_dir(path, os.environ)
    if folder is None or not held(folder):
        raise error
    with Store.view(folder, _warn) as store:
        force = Force.kept(store)
        if force is None or force.refused_at is None:
            raise error  # the agent has not seen it yet
        chosen = _chosen(force.kept_targets(), name)
        return _show(store, None, chosen, [], running=True, as_json=as_json)


def _show(
    store: Store,
    config: Config | None,
    targets: list[Target],
    lines: list[LineView],
    *,
    running: bool,
    as_json: bool,
) -> int:
    memories, asked, now = store.memories(), store.asked(), time.time()
    force = Force.kept(store) if running else None
    taken = Taken.kept(store) if running else None
    silent: dict[str, list[Silence]] = {target.account: [] for target in targets}
    if config is not None:
        silent |= silences(config, store.circuits(), now)
    rows = [_Row(target, memories.get(target, Memory()), silent[target.account]) for target in targets]
    if as_json:
        today = asked.get(int(now // DAY), {})
        spent = store.spent()
        for row in rows:
            of_type = [line.as_json() for line in lines if line.rrtype is row.target.rrtype]
            account = row.target.account
            more: dict[str, object] = {
                "running": running,
                "lines": of_type,
                "asked_today": today,
                "configuration": force and force.as_json(),
                "agent": taken and taken.as_json(),
                "stops": [one.as_json(now) for one in silent[account]],
            }
            if config is not None:
                limit = config.accounts[account].provider.limit()
                more["budget"] = use_json(spent.get(f"account {account}", ()), limit, now)
                more["services"] = services_json(config, spent, now)
            print(json.dumps(row.as_json() | more, ensure_ascii=False))
    else:
        head = ("STATE", "NAME", "TYPE", "ACCOUNT", "WANTED", "LIVE", "PROVED", "REMARK")
        print(table([row.cells() for row in rows], head, [row.colour for row in rows]))
        if said := silences_text((silent[target.account] for target in targets), now):
            print("", *said, sep="\n")
        if any(line.known for line in lines):
            types = {row.target.rrtype for row in rows}
            print("", *(line.text() for line in lines if line.rrtype in types), sep="\n")
            print(asked_text(asked, time.time()))
        if force is not None and (force.refused_at is not None or force.restart):
            print("", *(paint(line, "yellow") for line in force.text()), sep="\n")
        elif force is not None:
            print("", *force.text(), sep="\n")
        if taken is not None:
            print(taken.text(), *(paint(line, "yellow") for line in taken.troubles(now)), sep="\n")
        if not running:
            print(paint("no agent is running; this is what the last one knew", "yellow"))
    if force is not None and force.refused_at is not None:
        return WRONG
    return RIGHT if all(row.right for row in rows) else NOT_RIGHT


class _Row:
    """One target, as `status` shows it."""

    def __init__(self, target: Target, memory: Memory, silent: Sequence[Silence]) -> None:
        self.target, self._memory, self._silent = target, memory, silent

    @property
    def state(self) -> str:
        memory = self._memory
        if memory.stopped_by is not None or any(one.stops for one in self._silent):
            return "stopped"
        if memory.outcome is None:
            return "new"
        if memory.error is not None:
            return "unknown" if memory.outcome == "unknown" else "failing"
        return "right"

    @property
    def right(self) -> bool:
        return self.state == "right"

    @property
    def colour(self) -> str:
        return {"right": "green", "new": "dim", "unknown": "yellow"}.get(self.state, "red")

    def as_json(self) -> dict[str, object]:
        memory, target = self._memory, self.target
        return {
            "name": target.owner.text,
            "type": target.rrtype.value,
            "account": target.account,
            "state": self.state,
            "wanted": texts(memory.wanted),
            "live": texts(memory.live),
            "live_at": _iso(memory.live_at),
            "acknowledged": texts(memory.acknowledged),
            "acknowledged_at": _iso(memory.acknowledged_at),
            "verified_at": _iso(memory.verified_at),
            "outcome": memory.outcome,
            "error": memory.error,
            "error_since": _iso(memory.error_at),
            "next_try": _iso(self._next_try()),
        }

    def _next_try(self) -> float | None:
        """None where nobody waits, or nobody knows until when."""
        now = time.time()
        ends = [now + circuit.left(one.trip, now) for one in self._silent]
        if self._memory.not_before is not None:
            ends.append(self._memory.not_before)
        end = max(ends, default=math.inf)
        return end if end < math.inf else None

    def cells(self) -> tuple[str, ...]:
        memory, target = self._memory, self.target
        remark = memory.error or ""
        if memory.error and memory.error_at is not None:
            remark = f"for {ago(memory.error_at)}: {remark}"
        elif self._silent:
            remark = "; ".join(f"{one.name} is {one.trip.kind.value}, see below" for one in self._silent)
        return (
            self.state,
            target.owner.text,
            target.rrtype.value,
            target.account,
            ", ".join(texts(memory.wanted)) or "-",
            ", ".join(texts(memory.live)) or "-",
            f"{ago(memory.verified_at)} ago" if memory.verified_at is not None else "never",
            remark,
        )


def _chosen(targets: list[Target], name: str | None) -> list[Target]:
    if name is None:
        return targets
    owner = Name.parse(name)
    found = [target for target in targets if target.owner == owner]
    if not found:
        names = ", ".join(sorted({target.owner.text for target in targets}))
        raise ConfigError(f"{owner} is not in the configuration; there are: {names}")
    return found


# -- history -------------------------------------------------------------------------------------


def history(path: Path | None, name: str | None, *, limit: int, as_json: bool) -> int:
    config = configure(path, blind=True)
    owner = Name.parse(name).text if name else None
    _allowed(config.agent.state_dir, os.R_OK)
    with Store.view(config.agent.state_dir, _warn) as store:
        changes = list(store.history(owner, limit=limit))
    if as_json:
        for change in changes:
            print(json.dumps(_change_json(change), ensure_ascii=False))
    elif changes:
        print(
            table(
                [_change_cells(change) for change in changes], ("TIME", "NAME", "TYPE", "ACCOUNT", "WHAT")
            )
        )
    else:
        _warn("nothing has happened yet")
    return RIGHT


def _change_json(change: Change) -> dict[str, object]:
    return {
        "version": change.version,
        "time": _iso(change.at),
        "name": change.target.owner.text,
        "type": change.target.rrtype.value,
        "account": change.target.account,
        "event": change.event,
        "before": texts(change.before),
        "after": texts(change.after),
        "note": change.note,
        "trace": change.trace,
    }


def _change_cells(change: Change) -> tuple[str, ...]:
    words = [change.event]
    if change.after is not None:
        before = ", ".join(map(str, in_order(change.before))) if change.before else None
        after = ", ".join(map(str, in_order(change.after))) or "nothing"
        words.append(f"{before} -> {after}" if before and before != after else after)
    if change.note:
        words.append(f"({change.note})")
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(change.at))
    target = change.target
    return when, target.owner.text, target.rrtype.value, target.account, " ".join(words)


# -- retry ---------------------------------------------------------------------------------------


def retry(path: Path | None, name: str | None) -> int:
    config = configure(path, blind=True)
    targets = _chosen(_targets(config), name)
    _allowed(config.agent.state_dir, os.R_OK | os.W_OK)
    with Store.open(config.agent.state_dir, _warn) as store:
        memories, circuits, now = store.memories(), store.circuits(), time.time()
        silent = silences(config, circuits, now)
        asked = {target.account for target in targets}
        gone = list(dict.fromkeys(one for account in asked for one in silent[account]))
        also = {account for account, some in silent.items() if not set(some).isdisjoint(gone)}
        lifted = {
            target: memory.freed()
            for target in _targets(config)
            if (memory := memories.get(target))
            and (memory.stopped_by or memory.not_before)
            and (target in targets or target.account in also)
        }
        store.trip({one.key: circuit.lift(one.trip) for one in gone})
        store.save(lifted, [Change(time.time(), "", target, "retried") for target in lifted])
        where = store.get("doorbell")
    for one in gone:
        print(lifted_text(one))
    for target in lifted:
        print(f"{target}: free to be tried again")
    if not lifted and not gone:
        print("nothing was stopped or waiting")
    if held(config.agent.state_dir) and where is not None:
        doorbell.ring(where)
        print("the agent was woken")
    else:
        print("no agent is running; the next run tries")
    return RIGHT


def _iso(at: float | None) -> str | None:
    return None if at is None else iso(at)
