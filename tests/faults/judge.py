"""What must hold, checked at every step against what really happened.

The judge sees every request as it leaves, every answer as it arrives, every round that is reported, every
line that is logged and every octet of the state.  It never asks the agent what it believes.

An address is *right* if the line had it at some moment since the round began in which it was decided: the
agent cannot see faster than it looks.  What is excused is said where it is (`excuse`), and no more is.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote, quote_plus

from homeport.agent.verify import Proof
from homeport.core.dns import Key, RRType
from homeport.core.report import Outcome, Report
from homeport.core.schedule import Memory, Target
from homeport.driver import Budget

from .line import Line
from .services import NOTHING, Said, Service

DAY, HOUR = 86400.0, 3600.0
PATIENCE = 10.0  # seconds that a round may wait for an account
WITNESS = 1.0  # seconds that a second source has, where nobody wrote how many must agree


class Broken(NamedTuple):
    """An invariant that does not hold."""

    law: str
    what: str


@dataclass
class Ack:
    """A provider said yes, and the answer arrived."""

    addresses: frozenset[str]
    wall: float  # seconds since 1970, by the agent's clock
    saved: bool = False  # has the agent written it down?
    doubted: bool = False  # did name servers show something else, once they had had their time?


@dataclass
class Stop:
    """A provider said that it must not be asked again; `saved` by the agent for these targets."""

    trace: str
    at: float  # seconds, elapsed
    wall: float
    life: int
    saved: set[Target] = field(default_factory=set)


@dataclass
class Round:
    began: float  # seconds, elapsed
    life: int
    heard: list[tuple[float, RRType, bool]] = field(default_factory=list)  # when, what, was it true?
    lied: set[str] = field(default_factory=set)  # accounts whose readings were false in it
    acked: dict[tuple[str, Key], frozenset[str]] = field(default_factory=dict)


class Judge:
    def __init__(
        self, line: Line, services: Mapping[str, Service], *, strict: bool, elapsed: Callable[[], float]
    ) -> None:
        self.line, self.services, self.strict, self.elapsed = line, services, strict, elapsed
        self.wall: Callable[[], float] = lambda: 0.0
        self.say: Callable[[str], None] = lambda text: None
        self.broken: list[Broken] = []
        self.checks = 0
        self.life = 0
        self.rounds: dict[str, Round] = {}
        self.acks: dict[tuple[str, Key], Ack] = {}
        self.stops: dict[str, Stop] = {}  # by account
        self.blocks: dict[tuple[str, str], Stop] = {}  # by account and owner
        self.patience: dict[tuple[str, Key], tuple[float, float, float]] = {}  # until: elapsed, wall; from
        self.sent: dict[str, deque[float]] = {name: deque() for name in services}
        self.most: dict[str, int] = dict.fromkeys(services, 0)
        words = [word for service in services.values() for word in service.secrets]
        self.needles = [form.encode() for word in words for form in forms(word)]

    def breaks(self, law: str, what: str) -> None:
        self.broken.append(Broken(law, what))
        self.say(f"BROKEN [{law}] {what}")

    # -- what is seen --------------------------------------------------------------------------

    def began(self, trace: str) -> None:
        self.rounds[trace] = Round(self.elapsed(), self.life)

    def heard(self, trace: str, rrtype: RRType, address: str) -> None:
        if (one := self.rounds.get(trace)) is not None:
            true = address in self.line.had(rrtype, one.began)
            one.heard.append((self.elapsed(), rrtype, true))

    # -- a request leaves ----------------------------------------------------------------------

    def asks(self, account: str, trace: str, budget: Budget | None) -> None:
        """Any request to an account, before it is known what becomes of it."""
        self.checks += 1
        now = self.elapsed()
        if (stop := self.stops.get(account)) is not None and (stop.trace, stop.life) != (trace, self.life):
            self.breaks("stopped", f"{account} is asked again after it refused our credentials")
        times = self.sent[account]
        times.append(now)
        if budget is not None:
            while times[0] <= now - budget.seconds:
                times.popleft()
            self.most[account] = max(self.most[account], len(times))
            # Windows that begin with their first request let two of them touch; never more than that.
            if len(times) > 2 * budget.requests:
                self.breaks("budget", f"{account}: {len(times)} requests in {budget.seconds} s")

    def writes(self, account: str, trace: str, said: Said) -> None:
        """A request that would set something leaves."""
        self.checks += 1
        for (owner, rrtype), addresses in said.items():
            for address in addresses:
                self._right(account, trace, f"{owner} {rrtype}", rrtype, address)
        self._news(account, said)
        for key in said:
            self._waits(account, key, trace)

    def _right(self, account: str, trace: str, name: str, rrtype: RRType, address: str) -> None:
        one = self.rounds.get(trace)
        if one is None:
            self.breaks("right", f"{account}: {name} is written outside of any round")
            return
        if address in self.line.had(rrtype, one.began) or self._kept(account, rrtype, address):
            return
        # Excuse: a lone witness.  Where nobody wrote how many must agree, one that nobody contradicts
        # within a second is believed; the manual says so.
        mine = [(at, true) for at, kind, true in one.heard if kind is rrtype]
        first = min((at for at, true in mine if not true), default=None)
        alone = first is not None and not any(true and at < first + WITNESS for at, true in mine)
        if not self.strict and alone:
            return
        self.breaks("right", f"{account}: {name} is to be {address}, which the line does not have")

    def _kept(self, account: str, rrtype: RRType, address: str) -> bool:
        """Is it only repeated beside the other family, as that service must be told both?"""
        return any(
            name == account and key[1] is rrtype and ack.addresses == {address}
            for (name, key), ack in self.acks.items()
        )

    def _news(self, account: str, said: Said) -> None:
        """Is anything of it not acknowledged yet, for each name?"""
        service = self.services[account]
        if service.readable:
            return
        for owner in {owner for owner, _ in said}:
            mine = {key: addresses for key, addresses in said.items() if key[0] == owner}
            if not any(self._reason(account, key, addresses) for key, addresses in mine.items()):
                told = ", ".join(sorted(address for some in mine.values() for address in some))
                self.breaks("again", f"{account}: {owner} is told {told} again, which was acknowledged")

    def _reason(self, account: str, key: Key, addresses: frozenset[str]) -> str | None:
        ack = self.acks.get((account, key))
        if ack is None:
            return "nothing is acknowledged"
        if ack.addresses != addresses:
            return "another address"
        if ack.doubted:
            return "the name servers show something else"
        days = self.services[account].days
        if days and abs(self.wall() - ack.wall) >= 0.9 * days * DAY - 1:
            return "the service forgets"
        return None

    def _waits(self, account: str, key: Key, trace: str) -> None:
        """Did the service ask for patience about that name, or lock it?"""
        if (block := self.blocks.get((account, key[0].text))) is not None and block.trace != trace:
            waited = max(self.elapsed() - block.at, abs(self.wall() - block.wall))
            if waited < DAY:
                self.breaks("blocked", f"{account}: {key[0]} is sent {waited:.0f} s after 'abuse'")
        until = self.patience.get((account, key))
        if until is not None and self.elapsed() < until[0] - 1 and until[2] <= self.wall() < until[1] - 1:
            left = until[0] - self.elapsed()
            self.breaks("patience", f"{account}: {key[0]} {key[1]} is sent {left:.0f} s before Retry-After")

    def needless(self, account: str, trace: str, said: Said) -> None:
        """A service that can be read was written, and holds what it held."""
        one = self.rounds.get(trace)
        if one is None or account not in one.lied:
            names = ", ".join(sorted(f"{owner} {rrtype}" for owner, rrtype in said)) or "a deletion"
            self.breaks("again", f"{account}: written without need: {names}")

    def dark(self, account: str, key: Key) -> None:
        self.breaks("dark", f"{account}: {key[0]} {key[1]} was taken away")

    # -- an answer arrives -----------------------------------------------------------------------

    def acknowledged(self, account: str, trace: str, said: Said, good: Collection[Key]) -> None:
        for key, addresses in said.items():
            if key in good:
                self.acks[account, key] = Ack(addresses, self.wall())
                self.patience.pop((account, key), None)
                self.blocks.pop((account, key[0].text), None)
                if (one := self.rounds.get(trace)) is not None:
                    one.acked[account, key] = addresses
            else:
                self.acks.pop((account, key), None)

    def lost(self, account: str, said: Iterable[Key]) -> None:
        """Nobody can know what became of it."""
        for key in said:
            self.acks.pop((account, key), None)

    def throttled(self, account: str, said: Iterable[Key], seconds: float) -> None:
        now, wall = self.elapsed(), self.wall()
        for key in said:
            until = min(seconds, DAY)
            self.patience[account, key] = (now + until, wall + until, wall)

    def refused(self, account: str, trace: str) -> None:
        self.stops.setdefault(account, self._stop(trace))

    def blocked(self, account: str, trace: str, owners: Iterable[str]) -> None:
        for owner in owners:
            self.blocks[account, owner] = self._stop(trace)

    def _stop(self, trace: str) -> Stop:
        return Stop(trace, self.elapsed(), self.wall(), self.life)

    def misled(self, account: str, trace: str) -> None:
        if (one := self.rounds.get(trace)) is not None:
            one.lied.add(account)

    # -- what else changes what may be expected --------------------------------------------------

    def freed(self, account: str | None = None) -> None:
        """A person said `retry`, or gave another credential."""
        for name in [account] if account else list(self.services):
            self.stops.pop(name, None)
            for table in (self.blocks, self.patience):
                for one in [key for key in table if key[0] == name]:
                    del table[one]  # type: ignore[attr-defined]

    def edited(self, account: str, key: Key) -> None:
        """Somebody else changed the record; at a service that cannot be read only its servers tell."""

    def showed(self, account: str, key: Key, addresses: frozenset[str]) -> None:
        """An authoritative server has answered."""
        ack = self.acks.get((account, key))
        if ack and addresses != ack.addresses and abs(self.wall() - ack.wall) >= 6 * HOUR - 1:
            ack.doubted = True

    def saved(self, memories: Mapping[Target, Memory], *, kept: bool) -> None:
        """The agent has written that down; `kept` if a disk has it."""
        if not kept:
            return
        for target, memory in memories.items():
            ack = self.acks.get((target.account, (target.owner, target.rrtype)))
            if ack and memory.acknowledged is not None:
                ack.saved = ack.saved or frozenset(map(str, memory.acknowledged)) == ack.addresses
            if memory.stopped_by is not None:
                for stop in (
                    self.stops.get(target.account),
                    self.blocks.get((target.account, target.owner.text)),
                ):
                    if stop is not None:
                        stop.saved.add(target)

    def ended(self, *, forgot: bool) -> None:
        """The process is gone; what it had not written down, the next one cannot know."""
        self.life += 1
        self.acks = {key: ack for key, ack in self.acks.items() if ack.saved and not forgot}
        targets: dict[str, set[Target]] = {
            name: {Target(owner, rrtype, name) for owner, rrtype in service.keys}
            for name, service in self.services.items()
        }
        self.stops = {
            name: stop for name, stop in self.stops.items() if stop.saved >= targets[name] and not forgot
        }
        self.blocks = {
            (name, owner): stop
            for (name, owner), stop in self.blocks.items()
            if not forgot and stop.saved >= {one for one in targets[name] if one.owner.text == owner}
        }
        self.patience.clear()  # how much of it was written down is the store's own test

    # -- reports, logs, octets -------------------------------------------------------------------

    def reported(self, report: Report, *, patient: bool) -> None:
        self.checks += 1
        one = self.rounds.get(report.trace)
        if one is None:
            self.breaks("report", f"a report of a round {report.trace} that never began")
            return
        took = self.elapsed() - one.began
        if report.sights and not patient and took > PATIENCE + 0.5:
            self.breaks("delay", f"a round took {took:.1f} s")
        for told in report.targets:
            key = told.target.owner, told.target.rrtype
            if told.outcome is not Outcome.UPDATED or told.wanted is None:
                continue
            wanted = frozenset(map(str, told.wanted))
            service = self.services[told.target.account]
            true = one.acked.get((told.target.account, key)) == wanted or (
                service.readable and (service.get(key) == wanted or told.target.account in one.lied)
            )
            if not true:
                self.breaks("report", f"{told.target} is said to be updated to {sorted(wanted)}; it is not")
        self.reads("a report", json.dumps([told.as_json(report.trace) for told in report.targets]).encode())

    def proved(self, proof: Proof) -> None:
        self.reads("a proof", repr(proof).encode())

    def reads(self, where: str, octets: bytes) -> None:
        """Octets that somebody could read."""
        for needle in self.needles:
            if needle in octets:
                at = octets.index(needle)
                near = octets[max(0, at - 40) : at].decode("utf-8", "replace")
                self.breaks("secret", f"{where} holds a secret, after {near!r}")

    def logs(self, text: str) -> None:
        self.checks += 1
        self.reads("the log", text.encode())
        if "bug in Homeport" in text:
            self.breaks("bug", text)


def forms(secret: str) -> set[str]:
    """A secret as it is, and as it looks in a URL or a header."""
    plain = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}
    coded = {b64encode(text.encode()).decode() for text in (secret, f"me:{secret}")}
    return plain | coded | {json.dumps(secret)[1:-1]}


__all__ = ["NOTHING", "Broken", "Judge"]
