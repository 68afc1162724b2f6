"""The world of the agent in the lab: each await passes a gate, where it is struck, killed or cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from itertools import count
from math import inf
from random import Random
from urllib.parse import quote

from homeport.agent.loop import TRACE
from homeport.core import circuit
from homeport.core.circuit import DOUBTS
from homeport.core.dns import IPAddress, Key, Name, RRType, Server
from homeport.core.errors import NoAnswer, Unreachable, Untrusted
from homeport.core.hint import HAND, Hint
from homeport.core.schedule import Memory, Target
from homeport.driver import DnsTransport, NoLibrary
from homeport.state.store import Change, Store
from homeport.wire.http import Reply, Request
from tests.fakes import header, shown

from . import line as lines
from .judge import Judge
from .line import LINE, PORTAL, Line, Net, Tongue
from .services import NOTHING, Duck, Dyndns2, HttpService, Primary, Said, Service, account_of

START = 1_800_000_000.0  # 2027-01-15

# What can happen to one exchange with a provider, by when it happens.
BEFORE = ("refused", "dns", "untrusted", "slow connect")  # nothing was sent
SENT = ("reset unsent",)  # it was sent, and never taken
TAKEN = ("reset taken", "hang taken", "stuck", "drip", "500 taken", "truncated", "portal taken")  # it was
INSTEAD = (
    "500", "502", "503", "503 later", "429", "429 later", "409", "portal", "elsewhere", "empty",
    "unknown word", "quotes us", "null",
)  # fmt: skip
WORDS = ("911", "dnserr")  # of dyndns2
STRANGE = ("nothing", "partial", "another address")  # it says good, or shows what is not there
EXCHANGES = (*BEFORE, *SENT, *TAKEN, *INSTEAD, *WORDS, *STRANGE)
SERVERS = ("refused", "hang", "old", "another", "nothing")  # what name servers can do


@lru_cache(maxsize=256)
def _addresses(said: frozenset[str]) -> frozenset[IPAddress]:
    return frozenset(map(ip_address, said))


@dataclass
class Weather:
    """How it is at one account now."""

    often: float = 0.0  # the share of exchanges that are struck, 0 to 1
    kinds: Sequence[str] = EXCHANGES
    hang: bool = False  # no exchange ends before its transport gives up


@dataclass
class Lab:
    """Everything outside of the agent: it lives on while processes die."""

    seed: int
    chance: Random
    lines: Mapping[str, Line]
    tongues: Mapping[str, Tongue]
    services: Mapping[str, Service]
    judge: Judge
    tell: Callable[[str], None]  # the story
    elapsed: Callable[[], float]  # seconds since the beginning, by the clock that never jumps
    jump: float = 0.0  # of the wall clock against the true time
    weather: dict[str, Weather] = field(default_factory=dict)
    servers: dict[str, float] = field(default_factory=dict)  # by account: how often name servers fail
    lag: float = 2.0  # seconds, at most, until a name server shows a change
    struck: dict[str, int] = field(default_factory=dict)
    steps: int = 0
    requests: int = 0
    sticks: Callable[[], None] = lambda: None  # something hangs for ever
    revoked: set[str] = field(default_factory=set)
    down: set[str] = field(default_factory=set)  # lines that their probes found to be down
    abused: set[tuple[str, str]] = field(default_factory=set)  # account and owner: locked there

    @property
    def online(self) -> bool:
        return any(line.up for line in self.lines.values())

    def true_time(self) -> float:
        return START + self.elapsed()

    def now(self) -> float:
        return self.true_time() + self.jump

    def strike(self, what: str) -> None:
        self.struck[what] = self.struck.get(what, 0) + 1

    def publish(self, service: Service) -> None:
        """What the service holds goes out to its name servers."""
        last = {key: said for _, key, said in service.shown}
        for key, said in service.held().items():
            if last.get(key, NOTHING) != said:
                service.shown.append((self.elapsed(), key, said))

    def shows(self, service: Service, key: Key, late: float) -> frozenset[str]:
        before = self.elapsed() - late
        return next((s for at, k, s in reversed(service.shown) if k == key and at <= before), NOTHING)

    def edit(self, service: Service, key: Key, addresses: frozenset[str]) -> None:
        """A person, or another agent, changes a record."""
        service.put(key, addresses)
        self.publish(service)


class Life:
    """One process of the agent, from its start to its end; see `agent.world.World`."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.alive = True
        self.over = asyncio.Event()  # dead, or asked to end
        self.why = ""
        self.kill_in: int | None = None  # gates
        self.cancel_in: int | None = None
        self.strike: tuple[str, int] | None = None  # "kill" or "cancel", and at which gate of the lab
        self.died: Callable[[], None] = lambda: None
        self._traces = count()
        self._bell = asyncio.Event()
        self._heard: list[Hint] = []
        self.library = NoLibrary()

    # -- gates -----------------------------------------------------------------------------------

    async def gate(self, where: str, least: float = 0.005, most: float = 0.1) -> None:
        """Every await of the agent comes through here."""
        lab = self.lab
        lab.steps += 1
        if self.strike is not None and self.strike[1] == lab.steps:
            if self.strike[0] == "kill":
                self.kill(f"killed at gate {lab.steps}: {where}")
            self.end(f"asked to end at gate {lab.steps}: {where}")
        if self.alive and self.kill_in is not None:
            self.kill_in -= 1
            if self.kill_in <= 0:
                self.kill_in = None
                self.kill(f"killed at: {where}")
        if self.cancel_in is not None:
            self.cancel_in -= 1
            if self.cancel_in <= 0:
                self.cancel_in = None
                self.end(f"asked to end at: {where}")
        await asyncio.sleep(lab.chance.uniform(least, most))
        if not self.alive:
            await asyncio.Event().wait()

    def kill(self, why: str) -> None:
        """From here on nothing that this process does reaches anybody."""
        if self.alive:
            self.alive = False
            self.died()
            self.end(why)

    def end(self, why: str) -> None:
        if not self.over.is_set():
            self.why = why
            self.over.set()

    # -- agent.world.World -----------------------------------------------------------------------

    @property
    def dns(self) -> DnsTransport:
        return PrimaryWire(self)

    def net(self, uplink: str) -> Net:
        return Net(self.lab.tongues[uplink], self.gate)

    def transport(self, account: str) -> HttpWire:
        return HttpWire(self, account)

    def now(self) -> float:
        return self.lab.now()

    def elapsed(self) -> float:
        return self.lab.elapsed()

    def chance(self) -> float:
        return self.lab.chance.random()

    def trace(self) -> str:
        trace = f"{self.lab.judge.life:02x}{next(self._traces):06x}"
        if self.alive:
            self.lab.judge.began(trace)
        return trace

    async def servers(self, owner: Name, primary: tuple[str, int] | None) -> Sequence[Server]:
        lab = self.lab
        await self.gate(f"the name servers of {owner}")
        if not lab.online:
            raise Unreachable("no resolver answers")
        if lab.chance.random() < lab.servers.get(account_of(owner), 0.0) / 4:
            lab.strike("resolver")
            raise Unreachable("SERVFAIL")
        return [Server(f"ns1.{owner}", "192.0.2.1"), Server(f"ns2.{owner}", "192.0.2.2")]

    async def authoritative(self, server: Server, owner: Name, rrtype: RRType) -> frozenset[IPAddress]:
        lab, key, account = self.lab, (owner, rrtype), account_of(owner)
        await self.gate(f"{server.name} is asked for {rrtype}")
        if not lab.online:
            raise Unreachable("no route")
        service = lab.services[account]
        said = lab.shows(service, key, lab.chance.uniform(0, lab.lag))
        if lab.chance.random() < lab.servers.get(account, 0.0):
            fault = lab.chance.choice(SERVERS)
            lab.strike(f"name server {fault}")
            match fault:
                case "refused":
                    raise Unreachable("does not answer with authority (REFUSED)")
                case "hang":
                    await asyncio.sleep(4.8)
                    raise NoAnswer("no answer")
                case "old":
                    said = frozenset({lab.lines[LINE].before(rrtype)})
                case "another":
                    said = frozenset({lines.FALSE4 if rrtype is RRType.A else lines.FALSE6})
                case _:
                    said = NOTHING
        if self.alive:
            lab.judge.showed(account, key, said)
        return _addresses(said)

    def healthy(self, uplink: str) -> bool:
        return uplink not in self.lab.down

    async def proved(self, uplink: str) -> None:
        await self.gate("is the line up?", 0, 0.01)

    async def sleep(self, seconds: float) -> Sequence[Hint]:
        await self.gate("asleep", 0, 0.001)
        try:
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        except TimeoutError:
            return []
        self._bell.clear()
        heard, self._heard = self._heard, []
        return heard or [Hint(HAND, "the bell")]

    def hint(self, hint: Hint) -> None:
        self._heard.append(hint)
        self._bell.set()

    async def rest(self) -> None:
        await self.gate("between two rounds", 0, 0.001)


class Kept(Store):
    """A store that tells the judge what was written down."""

    life: Life
    lost: bool = False  # it goes on in memory, or would if it wrote

    def save(self, memories: Mapping[Target, Memory], changes: Sequence[Change] = ()) -> None:  # type: ignore[override]
        super().save(memories, changes)
        if self.life.alive:
            self.life.lab.judge.saved(memories, kept=not self.lost)

    def go_home(self) -> None:
        super().go_home()
        if self.lost and self._away is None and self.life.alive:
            self.lost = False
            self.life.lab.judge.saved(self.memories(), kept=True)
            self.life.lab.judge.tripped(self.circuits())

    def trip(self, circuits: Mapping[circuit.Key, circuit.Trip | None]) -> None:
        super().trip(circuits)
        if self.life.alive and not self.lost:
            self.life.lab.judge.tripped(circuits)


class HttpWire:
    """A transport into a fake, through the weather."""

    def __init__(self, life: Life, account: str) -> None:
        self._life, self._account = life, account
        self._lab = life.lab

    async def send(self, request: Request) -> Reply:
        life, lab, account = self._life, self._lab, self._account
        if not life.alive:
            await asyncio.Event().wait()
        service = lab.services[account]
        assert isinstance(service, HttpService)
        trace, judge = TRACE.get(), lab.judge
        lab.requests += 1
        judge.asks(account, trace, service.provider().limit())
        weather = lab.weather[account]
        fault = None
        if weather.hang:
            fault = "hang taken"
        elif lab.chance.random() < weather.often:
            fault = lab.chance.choice(list(weather.kinds))
        if fault in WORDS and not isinstance(service, Dyndns2):
            fault = "503"
        if fault in ("another address", "partial") and not self._can(service, request, str(fault)):
            fault = None
        if not lab.online:
            fault = "refused"
        if fault is not None:
            lab.strike(fault)
            lab.tell(f"{account}: {fault} ({request})")
        await life.gate(f"{account}: connecting")
        match fault:
            case "refused":
                raise Unreachable(f"{request}: connection refused")
            case "dns":
                raise Unreachable(f"{request}: the name cannot be found")
            case "untrusted":
                raise Untrusted(f"{request}: the certificate is not for this host")
            case "slow connect":
                await asyncio.sleep(10)
                raise Unreachable(f"{request}: no connection within 10 s")
            case _:
                pass
        said = service.said(request)
        judge.writes(account, trace, said)
        judge.lost(account, said)  # until the answer is there
        if fault == "reset unsent":
            raise NoAnswer(f"{request}: connection reset before the answer was complete")
        revoked = account in lab.revoked  # when it is taken
        reply = await self._exchange(service, request, said, fault, trace)
        await life.gate(f"{account}: the answer arrives")
        self._arrived(service, request, reply, said, fault, trace, revoked=revoked)
        return reply

    @staticmethod
    def _can(service: HttpService, request: Request, fault: str) -> bool:
        if fault == "partial":
            return isinstance(service, Dyndns2) and "," in shown(request.query.get("hostname", ""))
        return service.reads(request)

    async def _exchange(
        self, service: HttpService, request: Request, said: Said, fault: str | None, trace: str
    ) -> Reply:
        if fault in INSTEAD or fault in WORDS:
            return self._instead(str(fault), request)
        # A request that reads changes nothing, so there is nothing to compare.
        taken = self._read if service.reads(request) else self._written
        reply = taken(service, request, said, fault, trace)
        await self._life.gate(f"{self._account}: taken")
        return await self._struck(service, request, reply, fault, trace)

    def _read(
        self, service: HttpService, request: Request, said: Said, fault: str | None, trace: str
    ) -> Reply:
        return service.fake(request)

    def _written(
        self, service: HttpService, request: Request, said: Said, fault: str | None, trace: str
    ) -> Reply:
        lab, account = self._lab, self._account
        before, rows = service.held(), service.freeze()
        reply = service.fake(request)
        reply = self._locked(service, request, reply, rows, trace)
        if fault == "nothing":
            service.thaw(rows)
        if fault == "partial":
            service.thaw(rows)
            first = {key: v for key, v in said.items() if key[0].text == self._hosts(request)[0]}
            for key, addresses in first.items():
                service.put(key, addresses)
            reply = Reply(200, (reply.text.splitlines()[0] + "\r\ndnserr\r\n").encode())
        if fault != "nothing":
            if service.readable and 200 <= reply.status < 300 and service.freeze() == rows:
                lab.judge.needless(account, trace, said)
            lab.judge.changed(account, trace, before)
        lab.publish(service)
        return reply

    async def _struck(
        self, service: HttpService, request: Request, reply: Reply, fault: str | None, trace: str
    ) -> Reply:
        """What arrives of an answer that was given."""
        lab, account = self._lab, self._account
        match fault:
            case "reset taken":
                raise NoAnswer(f"{request}: connection reset before the answer was complete")
            case "stuck":
                lab.sticks()
                await asyncio.Event().wait()
            case "hang taken":
                await asyncio.sleep(20)
                raise NoAnswer(f"{request}: no complete answer after 20 s")
            case "drip":
                await asyncio.sleep(lab.chance.uniform(1, 19))
            case "500 taken":
                return Reply(500, b"oops")
            case "truncated":
                lab.judge.cut(account, trace)
                return Reply(reply.status, reply.body[: len(reply.body) // 2])
            case "portal taken":
                return Reply(200, PORTAL)
            case "another address":  # of a reading: see `_can`
                for (_, rrtype), some in service.held().items():
                    false = lines.FALSE4 if rrtype is RRType.A else lines.FALSE6
                    for address in some:
                        reply = Reply(reply.status, reply.body.replace(address.encode(), false.encode()))
                lab.judge.misled(account, trace)
            case _:
                pass
        return reply

    @staticmethod
    def _hosts(request: Request) -> list[str]:
        return shown(request.query.get("hostname", "")).split(",")

    def _locked(
        self, service: HttpService, request: Request, reply: Reply, rows: object, trace: str
    ) -> Reply:
        """'abuse' for the hosts that the service has locked."""
        hosts = self._hosts(request)
        locked = [host for host in hosts if (service.account, host) in self._lab.abused]
        if not locked or not isinstance(service, Dyndns2):
            return reply
        if service.account in self._lab.revoked:
            return reply
        service.thaw(rows)
        self._lab.strike("abuse")
        lines_ = ["abuse" if host in locked else "dnserr" for host in hosts]
        return Reply(200, "\r\n".join(lines_).encode())

    def _instead(self, fault: str, request: Request) -> Reply:
        match fault:
            case "503 later":
                return Reply(503, b"later", {"retry-after": "900"})
            case "429":
                return Reply(429, b"too many")
            case "429 later":
                return Reply(429, b"too many", {"retry-after": "3600"})
            case "portal":
                return Reply(200, PORTAL)
            case "elsewhere":
                return Reply(302, b"", {"location": "http://login.portal.test/"})
            case "empty":
                return Reply(200)
            case "unknown word":
                return Reply(200, b"okay then")
            case "null":
                return Reply(200, b"null")
            case "911":
                return Reply(500, b"911\r\n")
            case "dnserr":
                return Reply(200, b"dnserr\r\n")
            case "quotes us":
                return Reply(500, quoted(request))
            case _:
                return Reply(int(fault), b"oops")

    def _arrived(
        self,
        service: HttpService,
        request: Request,
        reply: Reply,
        said: Said,
        fault: str | None,
        trace: str,
        *,
        revoked: bool,
    ) -> None:
        lab, account = self._lab, self._account
        if not self._life.alive:
            return
        if fault in ("429 later", "503 later", "911", "dnserr"):
            seconds = {"429 later": 3600.0, "503 later": 900.0}.get(str(fault), 1800.0)
            lab.judge.throttled(account, trace, seconds)
        if fault == "409":
            lab.judge.spurns(account, said)
        if revoked and (fault is None or fault in ("drip", "nothing", "partial")):
            doubts = isinstance(lab.services[account], Duck)  # "KO" does not say why
            lab.judge.refused(account, trace, DOUBTS[0] if doubts else inf)
            return
        if b"abuse" in reply.body:
            lab.judge.blocked(account, trace)
        if fault in (None, "drip", "nothing", "partial"):
            good = service.acknowledges(request, reply)
            lab.judge.acknowledged(account, trace, said, good)
            if said:
                lab.tell(f"{account}: {reply.status} for {words(said)}")


def quoted(request: Request) -> bytes:
    """An error page that repeats what it was sent, as some do."""
    told = [shown(value) for value in (*request.query.values(), *request.headers.values())]
    return " ".join([*told, *map(quote, told), request.body.decode("utf-8", "replace")]).encode()


class PrimaryWire:
    """DNS over TCP to a name server of one's own; see `driver.DnsTransport`."""

    def __init__(self, life: Life) -> None:
        self._life, self._lab = life, life.lab

    async def exchange(self, host: str, port: int, messages: Sequence[bytes]) -> list[bytes]:
        life, lab = self._life, self._lab
        if not life.alive:
            await asyncio.Event().wait()
        service = lab.services["own"]
        assert isinstance(service, Primary)
        account, trace, judge = "own", TRACE.get(), lab.judge
        lab.requests += 1
        judge.asks(account, trace, None)
        weather = lab.weather[account]
        fault = lab.chance.choice(list(weather.kinds)) if lab.chance.random() < weather.often else None
        if fault in (*INSTEAD, *WORDS, "truncated", "portal taken", "500 taken"):
            fault = "servfail" if lab.chance.random() < 0.5 else "strange"
        if fault in STRANGE or fault == "untrusted":
            fault = None
        if weather.hang:
            fault = "hang taken"
        if not lab.online:
            fault = "refused"
        if fault:
            lab.strike(fault)
            lab.tell(f"{account}: {fault}")
        await life.gate("own: connecting")
        match fault:
            case "refused" | "dns":
                raise Unreachable(f"{host} port {port}: refused")
            case "slow connect":
                await asyncio.sleep(5)
                raise Unreachable(f"{host} port {port}: no connection within 5 s")
            case _:
                pass
        said: Said = {}
        for message in messages:
            said |= service.said(message)
        judge.writes(account, trace, said)
        if fault == "reset unsent":
            raise NoAnswer(f"{host} port {port}: the connection ended before the answer")
        if fault == "servfail":
            return [message[:2] + b"\x80\x02" + bytes(8) for message in messages]
        before, ttls = service.held(), service.ttls()
        updates = service.server.updates
        revoked = account in lab.revoked
        answers = [service.answer(message) for message in messages]
        if service.server.updates != updates:
            if service.held() == before and service.ttls() == ttls:
                judge.needless(account, trace, said)
            judge.changed(account, trace, before)
        lab.publish(service)
        await life.gate("own: taken")
        match fault:
            case "reset taken":
                raise NoAnswer(f"{host} port {port}: the connection ended before the answer")
            case "stuck":
                lab.sticks()
                await asyncio.Event().wait()
            case "hang taken":
                await asyncio.sleep(10)
                raise NoAnswer(f"{host} port {port}: no answer within 10 s")
            case "drip":
                await asyncio.sleep(lab.chance.uniform(1, 9))
            case "strange":
                raise NoAnswer(f"{host} port {port}: answered something that was not asked")
            case _:
                pass
        await life.gate("own: the answer arrives")
        if life.alive:
            if revoked and any(map(service.writes, messages)):
                judge.refused(account, trace)
            elif said:
                judge.acknowledged(account, trace, said, set(said))
                lab.tell(f"{account}: {words(said)}")
        return answers


def words(said: Said) -> str:
    return ", ".join(
        f"{owner} {rrtype} = {'/'.join(sorted(some))}" for (owner, rrtype), some in said.items()
    )


__all__ = ["HAND", "Kept", "Lab", "Life", "header"]
