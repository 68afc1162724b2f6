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
from math import inf
from typing import NamedTuple
from urllib.parse import quote, quote_plus

from homeport.agent.verify import Proof
from homeport.core import circuit
from homeport.core.circuit import Kind, Trip
from homeport.core.dns import Key, RRType
from homeport.core.report import Outcome, Report, TargetReport
from homeport.core.schedule import Memory, Target
from homeport.driver import Budget

from .line import Line
from .others import Others
from .services import NOTHING, Said, Service

DAY, HOUR = 86400.0, 3600.0
LEEWAY = 400.0  # seconds
PATIENCE = 10.0  # seconds that a round may wait for an account
STEM = 6  # octets of a secret that are looked for first
CONNECTED = 0.2  # seconds, at most, from a decision until its request leaves
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
class Hold:
    """Somebody must not be asked for a while, or until the credential is another."""

    trace: str
    life: int
    began: float  # seconds, elapsed
    wall: float  # seconds since 1970, by the agent's clock
    seconds: float = inf
    saved: bool = False  # has the agent written it down?
    moved: bool = False  # has the clock been, since then?


class Reading(NamedTuple):
    """What a source said of a line."""

    at: float  # seconds, elapsed
    line: Line
    rrtype: RRType
    true: bool


@dataclass
class Round:
    began: float  # seconds, elapsed
    life: int
    heard: list[Reading] = field(default_factory=list)
    lied: set[str] = field(default_factory=set)  # accounts whose readings were false in it
    cut: set[str] = field(default_factory=set)  # accounts whose answers came in part
    acked: dict[tuple[str, Key], frozenset[str]] = field(default_factory=dict)


class Judge:
    def __init__(
        self,
        lines: Mapping[str, Line],
        services: Mapping[str, Service],
        *,
        strict: bool,
        elapsed: Callable[[], float],
    ) -> None:
        self.lines, self.services, self.strict, self.elapsed = lines, services, strict, elapsed
        self.others: dict[str, Others] = {}  # by account: where names are shared
        self.down: dict[str, float] = {}  # lines of several that the agent knows to be down, since when
        self.wall: Callable[[], float] = lambda: 0.0
        self.say: Callable[[str], None] = lambda text: None
        self.broken: list[Broken] = []
        self.checks = 0
        self.life = 0
        self.rounds: dict[str, Round] = {}
        self.acks: dict[tuple[str, Key], Ack] = {}
        self.told: dict[tuple[str, Key], frozenset[str]] = {}  # last, whatever became of it
        self.good: dict[tuple[str, Key], frozenset[str]] = {}  # acknowledged last, whatever came after
        self.spurned: set[tuple[str, Key]] = set()  # what was told last was refused
        self.ever: dict[tuple[str, Key], set[str]] = {}  # all that was ever acknowledged
        self.outdated: set[tuple[str, Key]] = set()  # what is known of it is old: the disk took nothing
        self.unsure: set[tuple[str, Key]] = set()  # a change is under way, says the agent's memory
        self.noted: dict[tuple[str, Key], frozenset[str]] = {}  # what the state says was acknowledged
        self.forgotten: set[tuple[str, Key]] = set()  # nothing is known of it: the disk rotted
        self.stops: dict[str, Hold] = {}  # by account: wrong credentials
        self.blocks: dict[str, Hold] = {}  # 'abuse'
        self.waits: dict[str, Hold] = {}  # Retry-After
        self.last: dict[Target, TargetReport] = {}
        self.moved = False  # has the clock, since this process began?
        self.sent: dict[str, deque[float]] = {}
        self.limits: dict[str, Budget | None] = {}  # of the services that tell addresses
        words = {word for service in services.values() for word in service.secrets}
        self.needles = sorted({form.encode() for word in words for form in forms(word)})
        self.stems = sorted({needle[:STEM] for needle in self.needles})  # few: the secrets begin alike
        self.read: set[str] = set()  # words of reports

    def breaks(self, law: str, what: str) -> None:
        self.broken.append(Broken(law, what))
        self.say(f"BROKEN [{law}] {what}")

    # -- what is seen --------------------------------------------------------------------------

    def began(self, trace: str) -> None:
        self._doubts()
        self.rounds[trace] = Round(self.elapsed(), self.life)

    def _doubts(self) -> None:
        """Of what was sent and given up without an answer, nobody can know what became."""
        for one in self.unsure:
            self.acks.pop(one, None)

    def heard(self, trace: str, line: Line, rrtype: RRType, address: str) -> None:
        if (one := self.rounds.get(trace)) is not None:
            true = address in line.had(rrtype, one.began)
            one.heard.append(Reading(self.elapsed(), line, rrtype, true))

    # -- a request leaves ----------------------------------------------------------------------

    def asks(self, account: str, trace: str, budget: Budget | None) -> None:
        """Any request to an account, before it is known what becomes of it."""
        self.checks += 1
        now = self.elapsed()
        for law, table in (("stopped", self.stops), ("blocked", self.blocks), ("patience", self.waits)):
            hold = table.get(account)
            if hold is not None and self._holds(hold, trace):
                late = now - hold.began
                self.breaks(
                    law, f"{account} is asked {late:.0f} s after it said: not for {hold.seconds:.0f} s"
                )
        self._counts(account, budget)

    def _counts(self, whom: str, budget: Budget | None) -> None:
        if budget is None:
            return
        times, now = self.sent.setdefault(whom, deque()), self.elapsed()
        times.append(now)
        while times[0] <= now - budget.seconds:
            times.popleft()
        if len(times) > budget.requests:
            self.breaks("budget", f"{whom}: {len(times)} requests in {budget.seconds} s")

    def source(self, operator: str) -> None:
        """A service that tells addresses is asked; both families are one service."""
        self.checks += 1
        self._counts(f"source {operator}", self.limits.get(operator))

    def _holds(self, hold: Hold, trace: str) -> bool:
        """Is it in force, for another round than the one that was under way when it began?

        Excuse: after a restart only the clock of the wall can tell how much time is over.  A clock that
        is moved by less than five minutes has not jumped.
        """
        if (hold.trace, hold.life) == (trace, self.life):
            return False
        if hold.seconds == inf:
            return True
        spent = self.elapsed() - hold.began
        if hold.life != self.life and hold.moved:
            return False
        return spent + LEEWAY < hold.seconds

    def writes(self, account: str, trace: str, said: Said) -> None:
        """A request that would set something leaves."""
        self.checks += 1
        for key, addresses in said.items():
            for address in addresses - self._theirs(account, trace, key, addresses):
                self._right(account, trace, key, address)
            self.told[account, key] = addresses
        self._news(account, said)

    def _theirs(self, account: str, trace: str, key: Key, addresses: frozenset[str]) -> frozenset[str]:
        """What of it is not the agent's: who sets a whole RRset says the addresses of others again.

        Excuse: it cannot know better than the service, which may have shown what is not there.
        """
        others, one = self.others.get(account), self.rounds.get(trace)
        if others is None or one is None:
            return NOTHING
        if account in one.lied:
            shown = {address for line in self.lines.values() for address in line.had(key[1], one.began)}
            others.left[key] |= addresses - shown
        return others.had(key, one.began)

    def _right(self, account: str, trace: str, key: Key, address: str) -> None:
        name, rrtype = f"{key[0]} {key[1]}", key[1]
        one = self.rounds.get(trace)
        if one is None:
            self.breaks("right", f"{account}: {name} is written outside of any round")
            return
        its = [uplink for uplink, line in self.lines.items() if address in line.had(rrtype, one.began)]
        if any(self.down.get(uplink, inf) >= one.began for uplink in its):
            return
        if self._stands(account, trace, key, address):
            return
        if its:
            self.breaks("line", f"{account}: {name} is to be {address}, of {its[0]}, which is down")
            return
        # Excuse: a lone witness.  Where nobody wrote how many must agree, one that nobody contradicts
        # within a second is believed; the manual says so.
        if not self.strict and any(self._alone(one, line, rrtype) for line in self.lines.values()):
            return
        self.breaks("right", f"{account}: {name} is to be {address}, which the line does not have")

    @staticmethod
    def _alone(one: Round, line: Line, rrtype: RRType) -> bool:
        """Did somebody tell something false of that line, and nobody the truth within a second?"""
        mine = [reading for reading in one.heard if reading.line is line and reading.rrtype is rrtype]
        first = min((reading.at for reading in mine if not reading.true), default=None)
        return first is not None and not any(r.true and r.at < first + WITNESS for r in mine)

    def _stands(self, account: str, trace: str, key: Key, address: str) -> bool:
        """Does the service hold just that?

        Where one request tells both families, the other one is told beside: as it stands there, or as
        it was told last, if nobody knows better; or, if what it should be was refused, as it was
        acknowledged last, since then a person may have changed it.  What was acknowledged while the disk
        took nothing, the next process cannot know.
        """
        ack = self.acks.get((account, key))
        said = frozenset({address})
        if said == self.services[account].get(key) or (ack is not None and said == ack.addresses):
            return True
        if (account, key) in self.spurned and said == self.good.get((account, key)):
            return True
        if (account, key) in self.outdated and address in self.ever[account, key]:
            return True
        return not self._seen(trace, key[1]) and said == self.told.get((account, key))

    def _seen(self, trace: str, rrtype: RRType) -> bool:
        """Could the round that has just sent know what the address of a line is?"""
        if (one := self.rounds.get(trace)) is None:
            return False  # nobody is left of it
        decided = self.elapsed() - CONNECTED  # what came later came too late
        known = [r.line for r in one.heard if r.true and r.rrtype is rrtype and r.at < decided]
        return any(known.count(line) >= (2 if self.strict else 1) for line in self.lines.values())

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

    def needless(self, account: str, trace: str, said: Said) -> None:
        """A service that can be read was written, and holds what it held."""
        one = self.rounds.get(trace)
        if one is None or account not in one.lied:
            names = ", ".join(sorted(f"{owner} {rrtype}" for owner, rrtype in said)) or "a deletion"
            self.breaks("again", f"{account}: written without need: {names}")

    def changed(self, account: str, trace: str, before: Said) -> None:
        """A request was taken; the names held `before` what they held then."""
        service = self.services[account]
        for key, held in before.items():
            if held and not service.get(key) and not self._unknown(account, trace, key):
                self.breaks("dark", f"{account}: {key[0]} {key[1]} was taken away")
        if (others := self.others.get(account)) is None:
            return
        one = self.rounds.get(trace)
        for key, gone in others.gone(before).items():
            # Excuse: who can set a whole RRset only undoes what others do between the look and that.
            raced = one is not None and service.whole and others.moved(key, one.began)
            if not raced and (one is None or account not in one.lied):
                self.breaks("theirs", f"{account}: {key[0]} {key[1]} has lost {', '.join(sorted(gone))}")

    def _unknown(self, account: str, trace: str, key: Key) -> bool:
        """Excuse: a service forgets a family of which the agent, whose disk rotted, could tell it nothing.

        What the name servers show is not believed: whoever forges it would be published.
        """
        forgotten = not self.services[account].readable and (account, key) in self.forgotten
        return forgotten and not self._seen(trace, key[1])

    # -- an answer arrives -----------------------------------------------------------------------

    def acknowledged(self, account: str, trace: str, said: Said, good: Collection[Key]) -> None:
        for key, addresses in said.items():
            self.unsure.discard((account, key))
            if key in good:
                self.acks[account, key] = Ack(addresses, self.wall())
                self.good[account, key] = addresses
                self.ever.setdefault((account, key), set()).update(addresses)
                self.outdated.discard((account, key))
                self.forgotten.discard((account, key))
                self.spurned.discard((account, key))
                if (one := self.rounds.get(trace)) is not None:
                    one.acked[account, key] = addresses
            else:
                self.acks.pop((account, key), None)
                self.spurned.add((account, key))

    def spurns(self, account: str, said: Iterable[Key]) -> None:
        """The service has refused all of it."""
        self.spurned.update((account, key) for key in said)

    def lost(self, account: str, said: Iterable[Key]) -> None:
        """Nobody can know what became of it."""
        for key in said:
            self.acks.pop((account, key), None)

    def throttled(self, account: str, trace: str, seconds: float) -> None:
        self.waits[account] = self._hold(trace, min(seconds, DAY))

    def refused(self, account: str, trace: str, seconds: float = inf) -> None:
        if account not in self.stops or seconds < inf:
            self.stops[account] = self._hold(trace, seconds)

    def blocked(self, account: str, trace: str) -> None:
        self.blocks.setdefault(account, self._hold(trace, DAY))

    def _hold(self, trace: str, seconds: float) -> Hold:
        return Hold(trace, self.life, self.elapsed(), self.wall(), seconds)

    def misled(self, account: str, trace: str) -> None:
        if (one := self.rounds.get(trace)) is not None:
            one.lied.add(account)

    def cut(self, account: str, trace: str) -> None:
        """An answer came in part: it may be taken for one, if it is true, or not."""
        if (one := self.rounds.get(trace)) is not None:
            one.cut.add(account)

    # -- what else changes what may be expected --------------------------------------------------

    def freed(self, account: str | None = None) -> None:
        """A person said `retry`; or, of one account, wrote another credential."""
        if account is not None:
            self.stops.pop(account, None)
            return
        for table in (self.stops, self.blocks, self.waits):
            table.clear()

    def showed(self, account: str, key: Key, addresses: frozenset[str]) -> None:
        """An authoritative server has answered."""
        ack = self.acks.get((account, key))
        if ack and addresses != ack.addresses and abs(self.wall() - ack.wall) >= 6 * HOUR - 1:
            ack.doubted = True

    def saved(self, memories: Mapping[Target, Memory], *, kept: bool) -> None:
        """The agent has written that down; `kept` if a disk has it."""
        for target, memory in memories.items():
            known = frozenset(map(str, memory.acknowledged or ()))
            self.noted[target.account, (target.owner, target.rrtype)] = known
        if not kept:
            return
        for target, memory in memories.items():
            mine = (target.account, (target.owner, target.rrtype))
            if memory.acknowledged is None and memory.sent_at is not None:
                self.unsure.add(mine)
            else:
                self.unsure.discard(mine)
            ack = self.acks.get(mine)
            if ack and memory.acknowledged is not None:
                ack.saved = ack.saved or frozenset(map(str, memory.acknowledged)) == ack.addresses

    def tripped(self, circuits: Mapping[circuit.Key, Trip | None]) -> None:
        """The agent has written down whom it leaves alone."""
        for trip in circuits.values():
            tables = {Kind.STOP: self.stops, Kind.BLOCK: self.blocks, Kind.WAIT: self.waits}
            tables[Kind.DOUBT] = self.stops
            if trip is not None and (hold := tables[trip.kind].get(trip.account)) is not None:
                hold.saved = True

    def ended(self, *, forgot: bool, lost: bool = False) -> None:
        """The process is gone; what it had not written down, the next one cannot know.

        `lost`: for a while its disk took nothing, so how often it asked is not on it.
        """
        self.life += 1
        self._doubts()
        self.acks = {key: ack for key, ack in self.acks.items() if ack.saved and not forgot}
        for table in (self.stops, self.blocks, self.waits):
            for name in [name for name, hold in table.items() if forgot or not hold.saved]:
                del table[name]
        if forgot or lost or self.moved:
            self.sent.clear()
        if lost:
            self.outdated.update(self.ever)
        if forgot:
            self.forgotten.update(self.ever)
        if forgot or lost:
            for others in self.others.values():
                others.forget()
        self.moved = False

    def jumped(self, *, unseen: bool) -> None:
        """The clock is moved; `unseen`: nobody runs who could see it."""
        self.moved = True
        for table in (self.stops, self.blocks, self.waits):
            for hold in table.values():
                hold.moved = True
        if unseen:
            self.sent.clear()

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
            self.last[told.target] = told
            key = told.target.owner, told.target.rrtype
            if told.outcome is not Outcome.UPDATED or told.wanted is None:
                continue
            wanted = frozenset(map(str, told.wanted))
            account = told.target.account
            service, others = self.services[account], self.others.get(account)
            beside = NOTHING if others is None else others.had(key, one.began)
            holds = service.get(key) - beside == wanted - beside
            acked = one.acked.get((account, key))
            true = acked is not None and acked - beside == wanted - beside
            true |= account in one.cut and holds
            true |= service.readable and (holds or account in one.lied)
            if not true:
                self.breaks("report", f"{told.target} is said to be updated to {sorted(wanted)}; it is not")
            if self.noted.get((account, key)) != wanted:
                self.breaks("kept", f"{told.target} is said to be updated, and the state does not say so")
            words = {told.error or "" for told in report.targets} | {
                told.why or "" for told in report.targets
            }
            self.reads("a report", "\n".join(words - self.read).encode())
            self.read |= words

    def proved(self, proof: Proof) -> None:
        self.reads("a proof", repr(proof).encode())

    def reads(self, where: str, octets: bytes) -> None:
        """Octets that somebody could read."""
        if not any(stem in octets for stem in self.stems):
            return
        for needle in self.needles:
            if (at := octets.find(needle)) >= 0:
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
