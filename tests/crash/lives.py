"""Lives of the real `homeport run` that end by kill -9, and what must be true after each of them.

A tenant has a zone of BIND, a state directory and a file with the line's address.  It moves, starts the
agent, kills it, perhaps kills the one that mends that, and lets one live at last.  BIND's log tells each
update that ever arrived; BIND itself what is published; a copy of the state directory what is known.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import dns.message
import dns.query

from homeport.core.schedule import Memory
from homeport.state.lock import held
from homeport.state.store import Store
from tests.peers.servers import Server

KEY_NAME, SECRET = "homeport.", "YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBvY3RldHMuLi4="
PATIENCE = 60.0  # seconds, for a machine that is busy; nothing waits so long when all is well
TOGETHER = 5.0  # seconds between two looks at the clock with nothing in between; a lost line is off by more
# System calls at whose entry strace kills: how many of them a life with something to do makes, and how
# often they are chosen.
CALLS = {
    "pwrite64": (25, 4),  # SQLite writes a page, or the head of one in its log
    "fdatasync": (7, 4),  # SQLite waits for the disk
    "unlink": (2, 1),  # SQLite takes its log away, at a good end
    "connect": (8, 1),
    "sendto": (10, 3),
    "recvfrom": (12, 4),
    "epoll_wait": (90, 4),  # wherever the agent waits
    "openat": (350, 1),  # while it starts
}


class Death(NamedTuple):
    """How a life ended, and how far it had come."""

    how: str
    stage: str


class Wrong(AssertionError):
    """A promise was broken; the text says which, and how to see it again."""


@dataclass
class Tenant:
    """One worker: a zone of its own, and everything else of its own too."""

    number: int
    server: Server
    folder: Path
    seed: int
    deaths: list[Death] = field(default_factory=list)
    moves: int = 0
    updates: Counter[str] = field(default_factory=Counter)  # messages that BIND took, by address
    _read: int = 0  # so much of BIND's log has been read
    _once: float = 1.0  # seconds that a whole life took, the last time

    def __post_init__(self) -> None:
        self.zone = zone(self.number)
        self.owners = [f"{label}.{self.zone}" for label in ("home", "b")]
        self.state = self.folder / "state"
        self.chance = random.Random(f"{self.seed}/{self.number}")
        self._move()
        self._configure()
        self._live()

    def die(self, kills: int, wrong: threading.Event) -> None:
        """So many deaths, and a life that mends each row of them; fewer when somebody found `wrong`."""
        goal = len(self.deaths) + kills
        while len(self.deaths) < goal and not wrong.is_set():
            if self.chance.random() < 0.1:  # a machine on which the agent never ran
                shutil.rmtree(self.state)
            self._move()
            for _ in range(min(self.chance.choice((1, 1, 2, 3)), goal - len(self.deaths))):
                self._one_death()
            self._live()

    # -- a life --------------------------------------------------------------------------------

    def _one_death(self) -> None:
        before, already = self._published(), self._news()
        words = self.chance.choice((["run"], ["run"], ["run", "--once"]))
        if self.chance.random() < 0.4:
            how = self._killed_at_a_moment(words)
        else:
            how = self._killed_at_a_call(words)
        until = time.monotonic() + PATIENCE
        while held(self.state):  # whoever was killed is gone a little later
            self._demand(time.monotonic() < until, how, "the lock outlives its process")
            time.sleep(0.001)
        memories = self._check(how, before, already)
        if not how.startswith("end"):  # it has ended by itself, before the call that it should die at
            self.deaths.append(Death(how.split(" ", 1)[0], self._stage(memories)))

    def _killed_at_a_moment(self, words: Sequence[str]) -> str:
        """At any moment of 1.3 whole lives; `run` may be sent to another address before."""
        moment = self.chance.random() * 1.3 * self._once
        moved = words == ["run"] and self.chance.random() < 0.3
        with self._homeport(words) as process:
            if moved:
                part = self.chance.random() * moment
                time.sleep(part)  # the moment is what is tested
                moment -= part
                self._move()
                process.send_signal(signal.SIGHUP)  # before it listens to that, it is one more death
            time.sleep(moment)  # the moment is what is tested
        return f"moment {' '.join(words)} {moment:.3f} s{', moved' * moved}"

    def _killed_at_a_call(self, words: Sequence[str]) -> str:
        [call] = self.chance.choices(list(CALLS), [weight for _, weight in CALLS.values()])
        number = self.chance.randint(1, CALLS[call][0])
        # With --seccomp-bpf, strace 6.1 injects nothing.
        strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}"]
        kill = ["-e", f"inject={call}:signal=SIGKILL:when={number}"]
        with self._homeport(words, [*strace, *kill]) as process:
            try:
                process.wait(3 * self._once)
            except subprocess.TimeoutExpired:
                return f"rest {' '.join(words)} without call {number} of {call}"
        if process.returncode in (0, 1):
            return f"end {' '.join(words)} without call {number} of {call}"
        return f"{call} {' '.join(words)} number {number}"

    def _live(self) -> None:
        """One life without a kill brings everything to what is wanted, and sends only what is missing."""
        how = "lives"
        before, already = self._published(), self._news()
        began = time.monotonic()
        with self._homeport(["run", "--once"]) as process:
            status = process.wait(PATIENCE)
        self._once = time.monotonic() - began
        self._demand(status == 0, how, f"`run --once` ended with status {status}: {self._said()}")
        memories = self._check(how, before, already)
        address = self._address
        self._demand(
            self._published() == {address},
            how,
            f"{self._published()} is published, {address} is wanted: an update is lost",
        )
        unknown = set(self.owners) - self._right(memories).keys()
        self._demand(not unknown, how, f"of {unknown} it is not known that they are right")

    @contextmanager
    def _homeport(
        self, words: Sequence[str], before: Sequence[str] = ()
    ) -> Iterator[subprocess.Popen[bytes]]:
        """The real command; whatever is left of it at the end is killed."""
        command = [*before, sys.executable, "-m", "homeport", *words, "-c", str(self._file)]
        with self._errors.open("wb") as errors:
            process = subprocess.Popen(
                command, stdout=errors, stderr=errors, env=self._environ, start_new_session=True
            )
            try:
                yield process
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()

    # -- what must be true ---------------------------------------------------------------------

    def _check(self, how: str, before: set[str], already: Mapping[str, int]) -> dict[str, Memory]:
        """What is remembered after a life that found `before` published, and had sent `already`."""
        said = self._said()
        self._demand("Traceback" not in said, how, said)
        self._demand("put aside" not in said and not self._damaged(), how, f"a file was put aside: {said}")
        now = self._news()
        if len(before) == 1:  # all names had it already
            [address] = before
            again = now[address] - already[address]
            self._demand(not again, how, f"{address} was published already, and sent again")
        self.updates = now
        return self._memories(how)

    def _demand(self, good: bool, how: str, why: str) -> None:
        if not good:
            again = f"python -m tests.crash {len(self.deaths) + 1} --seed {self.seed}"
            raise Wrong(f"{self.zone}, after {len(self.deaths)} deaths, {how}: {why} (about: {again})")

    def _stage(self, memories: Mapping[str, Memory]) -> str:
        right = self._right(memories)
        if not self.updates[self._address]:
            return "before BIND was told"
        if len(right) < len(self.owners):
            return "told, not kept yet"
        if any((memory.verified_at or 0) < (memory.sent_at or 0) for memory in right.values()):
            return "kept, not verified yet"
        return "verified"

    def _right(self, memories: Mapping[str, Memory]) -> dict[str, Memory]:
        """Those of which it is known that BIND took the address."""
        return {o: m for o, m in memories.items() if set(map(str, m.acknowledged or ())) == {self._address}}

    def _memories(self, how: str) -> dict[str, Memory]:
        """What is remembered, from a copy, so that the next start finds what the death has left."""
        told: list[str] = []
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            copy = Path(name) / "state"
            if self.state.exists():
                shutil.copytree(self.state, copy)
            with Store.open(copy, told.append) as store:
                found = {target.owner.text: memory for target, memory in store.memories().items()}
                lines = list(store.history())
        self._demand(not told, how, f"the state does not open as it should: {told}")
        versions = [line.version for line in lines]
        self._demand(versions == sorted(versions), how, f"the change log is in disorder: {versions}")
        written = {line.target.owner.text: line.at for line in lines if line.event == "updated"}
        for owner, memory in found.items():
            sent = memory.sent_at
            if memory.acknowledged is None:
                continue  # BIND was too busy to answer
            # Both are noted at one moment and kept together, or neither is.
            whole = owner not in written if sent is None else 0 <= written.get(owner, 0) - sent < TOGETHER
            self._demand(whole, how, f"{owner}: sent at {sent}, and written of at {written.get(owner)}")
        return found

    def _damaged(self) -> list[Path]:
        return list(self.state.glob("*.damaged-*"))

    # -- BIND ----------------------------------------------------------------------------------

    def _news(self) -> Counter[str]:
        """The update messages that BIND took so far, by the address that they brought `home`."""
        with self.server.log_path.open("rb") as log:
            log.seek(self._read)
            new = log.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._read += len(whole)
        mark = f"'{self.zone}/IN': adding an RR at '{self.owners[0]}' A "
        self._taken.update(
            line.rsplit(" ", 1)[1] for line in whole.decode(errors="replace").splitlines() if mark in line
        )
        return Counter(self._taken)

    def _published(self) -> set[str]:
        """The addresses at all of the names, together."""
        found: set[str] = set()
        for owner in self.owners:
            question = dns.message.make_query(owner, "A")
            reply = dns.query.tcp(question, self.server.host, PATIENCE, self.server.port)
            found |= {rdata.to_text() for rrset in reply.answer for rdata in rrset} or {"nothing"}
        return found

    # -- the home ------------------------------------------------------------------------------

    def _move(self) -> None:
        """The line gets an address that it never had."""
        self.moves += 1
        self._address = f"8.{8 + self.moves // 62500}.{self.moves // 250 % 250}.{1 + self.moves % 250}"
        (self.folder / "new").write_text(self._address)
        (self.folder / "new").replace(self.folder / "address")

    def _configure(self) -> None:
        self._taken: Counter[str] = Counter()
        self._file = self.folder / "homeport.toml"
        self._errors = self.folder / "errors"
        self._environ = os.environ | {"KEY": SECRET}
        self._file.write_text(
            f"""
            [agent]
            interval = "1h"
            state_dir = {json.dumps(str(self.state))}
            [uplink.line]
            ipv4 = [{json.dumps(f"file:{self.folder / 'address'}")}]
            ipv6 = []
            [account.ns]
            provider = "rfc2136"
            server = {json.dumps(self.server.host)}
            port = {self.server.port}
            tsig_name = {json.dumps(KEY_NAME)}
            tsig_key = "env:KEY"
            [[record]]
            name = {json.dumps(self.owners)}
            account = "ns"
            type = "A"
            """
        )

    def _said(self) -> str:
        return self._errors.read_text(errors="replace") if self._errors.exists() else ""


def zone(number: int) -> str:
    return f"w{number}.test"
