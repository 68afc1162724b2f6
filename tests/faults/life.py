"""One seed: a life story of an agent, from its first start to the day on which all is well again."""

from __future__ import annotations

import asyncio
import gc
import io
import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from homeport.agent.hearing import everybody, nobody
from homeport.agent.loop import TRACE, Agent
from homeport.agent.world import Account, Setup, Uplink
from homeport.core import circuit
from homeport.core.dns import Key, RRType
from homeport.core.hint import HAND, HEALTH, Hint
from homeport.core.report import Outcome, Report
from homeport.core.schedule import Target
from homeport.core.wish import Rule
from homeport.report.log import LOGGER, JsonFormat, LogView, TextFormat, _Traced
from homeport.state.store import FILE

from .clock import QuickLoop, thrifty
from .disk import Disk, failing
from .judge import DAY, HOUR, Broken, Judge
from .line import FAULTS, LINE, OTHER, Line, Tongue, sources
from .others import Others
from .services import EVERY, NOTHING, SEVERAL, Dyndns2, HttpService, clocks_put_back, service
from .world import EXCHANGES, Kept, Lab, Life, Weather

MINUTE = 60.0
# Seconds between two looks, and how long the troubled part of such a life is: fifty to eighty rounds.
SPANS = (
    (300.0, 4 * HOUR),
    (900.0, 14 * HOUR),
    (HOUR, 3 * DAY),
    (6 * HOUR, 15 * DAY),
    (2 * DAY, 120 * DAY),
    (5 * DAY, 365 * DAY),
)
ENDS_WITHIN = 30.0  # seconds, from being asked to end until the process is gone


@dataclass
class Story:
    """What became of one seed."""

    seed: int
    broken: list[Broken] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    steps: int = 0
    requests: int = 0
    checks: int = 0
    rounds: int = 0
    kills: int = 0
    torn: int = 0
    lives: int = 0
    days: float = 0.0
    struck: dict[str, int] = field(default_factory=dict)
    digest: str = ""


def tell(
    seed: int,
    *,
    aloud: Callable[[str], None] | None = None,
    fate: Callable[[Story, Path, Callable[[], float]], Fate] | None = None,
) -> Story:
    """Live the life of that seed.  Its lines are told as they happen, if somebody listens."""
    story = Story(seed)
    shm = Path("/dev/shm")
    with (
        clocks_put_back(),
        tempfile.TemporaryDirectory(prefix="homeport-faults-", dir=shm if shm.is_dir() else None) as root,
        asyncio.Runner(loop_factory=QuickLoop) as runner,
        thrifty(),
    ):
        elapsed = runner.get_loop().time
        one = Fate(story, Path(root), elapsed, aloud) if fate is None else fate(story, Path(root), elapsed)
        runner.run(one.run())
    story.digest = sha256("\n".join(story.lines).encode()).hexdigest()[:16]
    return story


class Fate:
    """What happens, and when."""

    most_names = 2  # of one account
    power_cuts = 0.2  # the share of kills that are

    def __init__(
        self, story: Story, root: Path, elapsed: Callable[[], float], aloud: Callable[[str], None] | None
    ) -> None:
        self.story, self.aloud, self._elapsed = story, aloud, elapsed
        self.root = f"{root}/"  # it is another one each time, and the story is to be the same
        self.chance = chance = Random(story.seed)
        self.policy = self.wants()
        self.line = Line(chance)
        self.lines = {LINE: self.line} | ({} if self.policy is None else {OTHER: Line(chance)})
        self.tongues = {name: Tongue(line, chance, lambda: 0.0) for name, line in self.lines.items()}
        names = self.choose()
        secret = [f"s3cr3t/{chance.randbytes(6).hex()}&y +{name}" for name in names]
        self.services = {
            name: service(name, word, self._true_time, names=chance.choice([1, 1, self.most_names]))
            for name, word in zip(names, secret, strict=True)
        }
        self.strict = chance.random() < 0.7
        self.judge = Judge(self.lines, self.services, strict=self.strict, elapsed=self._elapsed)
        self.lab = Lab(
            story.seed, chance, self.lines, self.tongues, self.services, self.judge, self.say, elapsed
        )
        self.judge.wall, self.judge.say = self.lab.now, self.say
        self.others = {name: Others(self.services[name], elapsed) for name in self.share(names)}
        self.judge.others = self.others
        self.lab.weather = {name: Weather() for name in names}
        self.lab.sticks = self._stuck
        for tongue in self.tongues.values():
            tongue.struck, tongue.asked = self.lab.strike, self._asked
            tongue.told = partial(self._told, tongue.line)
        self.strike: tuple[str, int] | None = None  # "kill" or "cancel", and the gate at which that is
        self.settle()
        self.judge.limits = {one.operator: one.limit for some in self.sources.values() for one in some}
        self.disk = Disk(root, chance)
        self.fingerprints = dict.fromkeys(names, 0)
        self.life: Life | None = None
        self.agent: Agent | None = None
        self.store: Kept | None = None
        self.well_since = 0.0  # seconds, elapsed: of the disk
        self.forget = False  # will the next process find nothing of what this one knew?
        self.logs = io.StringIO()
        self.once = False  # do the next processes run one round only?
        self.phase = "trouble"

    def wants(self) -> str | None:
        """The policy of all records, of two lines; None: there is one line."""
        return self.chance.choice(["failover", "all", None, None, None, None])

    def choose(self) -> list[str]:
        """The services of this life; with `all`, those that hold several addresses of a type."""
        some = SEVERAL if self.policy == "all" else EVERY
        return self.chance.sample(some, self.chance.randint(2, 3))

    def share(self, names: Sequence[str]) -> list[str]:
        """The accounts of this life at whose names others keep addresses of theirs."""
        return [name for name in names if name in SEVERAL and self.chance.random() < 0.4]

    def settle(self) -> None:
        """What the configuration says, and how long the trouble lasts."""
        chance = self.chance
        self.sources = sources(chance)
        self.ttl = chance.choice([None, 300, 3600])
        self.verify = chance.random() < 0.8
        self.level = chance.choice([logging.DEBUG, logging.INFO, logging.INFO])
        self.hears = chance.choice([nobody, everybody])
        self.interval, self.span = chance.choice(SPANS)

    def _true_time(self) -> float:
        return self.lab.true_time()

    def _told(self, line: Line, rrtype: RRType, operator: str, address: str) -> None:
        self.judge.heard(TRACE.get(), line, rrtype, address)

    def _asked(self, operator: str) -> None:
        if self.life is not None and self.life.alive:
            self.judge.source(operator)

    # -- telling ---------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        at = self.lab.elapsed()
        clock = f"{int(at % DAY // HOUR):02}:{int(at % HOUR // 60):02}:{at % 60:06.3f}"
        line = f"{int(at // DAY):4}d {clock} {text.replace(self.root, '')}"
        self.story.lines.append(line)
        if self.aloud is not None:
            self.aloud(line)

    # -- processes -------------------------------------------------------------------------------

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._unhandled)
        interval = f"a look every {self.interval:.0f} s for {self.span / DAY:.3g} days"
        self.say(f"seed {self.story.seed}: {', '.join(self.services)}; {interval}; strict={self.strict}")
        if self.others:
            self.say(f"shared with others: {', '.join(self.others)}")
        with failing(self.disk), self._listening():
            events = asyncio.ensure_future(self.events())
            try:
                while not events.done() and not self.judge.broken:
                    await self._process(events)
            finally:
                events.cancel()
                result = (await asyncio.gather(events, return_exceptions=True))[0]
            if isinstance(result, Exception):
                raise result
        story = self.story
        story.broken, story.steps, story.requests = self.judge.broken, self.lab.steps, self.lab.requests
        story.checks, story.rounds = self.judge.checks, len(self.judge.rounds)
        story.struck, story.torn = self.lab.struck, self.disk.torn
        story.days = self.lab.elapsed() / DAY

    async def _process(self, events: asyncio.Task[None]) -> None:
        """One process, from its start to its end."""
        story, judge, chance = self.story, self.judge, self.chance
        story.lives += 1
        life = Life(self.lab)
        life.strike = self.strike
        here = set(asyncio.all_tasks())
        store = Kept.open(self.disk.here, self._warned)
        store.life, store.lost = life, self.disk.mode != "well"
        self.life, self.store = life, store
        view = LogView()
        once, self.once = self.once, False

        def report(report: Report) -> None:
            if life.alive:
                view(report)
                judge.reported(report, patient=once)

        def proved(proof: Any) -> None:
            if life.alive:
                judge.proved(proof)

        life.died = self._died
        self.disk.died = lambda: life.kill("killed while it wrote to the disk")
        self.agent = agent = Agent(self._setup(), life, store, report, proved, hears=self.hears)
        task = asyncio.ensure_future(agent.once() if once else agent.run())
        over = asyncio.ensure_future(life.over.wait())
        watch = [task, over, events]
        try:
            while not (task.done() or over.done() or events.done() or judge.broken):
                await asyncio.wait(watch, timeout=self.interval, return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.cancel()
            if task.done() and not life.over.is_set() and not (once and task.exception() is None):
                judge.breaks("alive", f"the agent ended by itself: {task.exception()!r}")
            elif not life.alive:
                self.say(life.why)
                story.kills += 1
            elif life.over.is_set():
                self.say(life.why)
            began = self.lab.elapsed()
            task.cancel()
            await asyncio.gather(task, over, return_exceptions=True)
            gc.collect()  # errors of tasks that nobody asked for are told when these are gone
            left = list(asyncio.all_tasks() - here - {task, over})
            if left and life.alive:
                judge.breaks("alive", f"{len(left)} tasks are left behind: {left[0]!r}")
            if life.alive and self.lab.elapsed() - began > ENDS_WITHIN:
                judge.breaks("alive", f"it took {self.lab.elapsed() - began:.0f} s to end")
            for one in left:
                one.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            judge.reads("the state", self.disk.octets())
            if life.alive:
                store.go_home()  # as the command `run` does
                store.__exit__(None, None, None)
                self.disk.leave()
            else:
                store._db.close()
            self.disk.clear()
            killed, life.alive = not life.alive, False
            judge.ended(forgot=self.forget, lost=store.lost)
            self.forget = False
        if killed and chance.random() < self.power_cuts:
            self._power_cut()
        await asyncio.sleep(chance.uniform(0.5, 30.0))  # until whoever watches over it starts it again

    def _power_cut(self) -> None:
        """What killed it took the router too: the lines come back with other addresses."""
        self.lab.strike("power cut")
        for name, line in self.lines.items():
            for rrtype in RRType:
                line.change(rrtype, self.lab.elapsed())
            self.say(f"a power cut: the {name} is at {line.now(RRType.A)}, {line.now(RRType.AAAA)} now")

    def _stuck(self) -> None:
        """Something hangs for ever: whoever watches over the agent looks again and again (`cli.pulse`)."""
        for seconds in (310, 340, 400, 700):
            self._for(seconds, self._watch)

    def _watch(self) -> None:
        if self.agent is not None and self.life is not None and self.life.alive:
            for why, task in self.agent.hung():
                self.say(f"given up: {why}")
                self.agent.give_up(task)

    def _died(self) -> None:
        if self.life is not None and "disk" not in self.life.why and self.disk.die_in is None:
            self.disk.leave()

    def _warned(self, text: str) -> None:
        self.say(f"the store: {text}")
        self.judge.logs(text)
        if "in memory" in text and self.store is not None:
            self.store.lost = True
        if "put aside" in text or "begins anew" in text or "left out" in text:
            self.judge.ended(forgot=True)
            self.judge.life -= 1

    def _setup(self) -> Setup:
        targets = [
            Target(owner, rrtype, name) for name, one in self.services.items() for owner, rrtype in one.keys
        ]
        return Setup(
            rules=tuple(
                Rule(
                    target,
                    tuple(self.lines),
                    self.policy or "failover",
                    ttl=self.ttl,
                    share=target.account in self.others,
                    written=target.rrtype is RRType.A,
                )
                for target in targets
            ),
            uplinks={
                name: Uplink(
                    name=name,
                    sources=self.sources,
                    agree=2 if self.strict else None,
                    by_default=frozenset({RRType.AAAA}),
                )
                for name in self.lines
            },
            accounts={
                name: Account(name, one.provider(), f"{name} {self.fingerprints[name]}")
                for name, one in self.services.items()
            },
            interval=self.interval,
            verify=self.verify,
        )

    # -- what is said ----------------------------------------------------------------------------

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """The log, in both its forms, is read by the judge."""
        level, propagate = LOGGER.level, LOGGER.propagate
        # What is not for everybody to see has the same words in both forms, so one of them will do.
        handlers = [_Ear(self._logged, TextFormat(), logging.INFO), _Ear(self._logged, JsonFormat())]
        for handler in handlers:
            handler.addFilter(_Traced(TRACE.get))
            LOGGER.addHandler(handler)
        LOGGER.setLevel(self.level)
        LOGGER.propagate = False
        # Nobody asks for the place in the code, the thread or the process (docs: "Optimization").
        spared = {"_srcfile": None, "logThreads": False, "logProcesses": False, "logMultiprocessing": False}
        usual = {name: vars(logging)[name] for name in spared}
        vars(logging).update(spared)
        try:
            yield
        finally:
            vars(logging).update(usual)
            for handler in handlers:
                LOGGER.removeHandler(handler)
            LOGGER.setLevel(level)
            LOGGER.propagate = propagate

    def _logged(self, text: str, form: logging.Formatter) -> None:
        if self.life is None or not self.life.alive:
            return
        self.judge.logs(text)
        if isinstance(form, TextFormat):
            self.say(f"    log: {text[20:]}")

    def _unhandled(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if self.life is not None and self.life.alive:
            self.judge.breaks("bug", f"{context.get('message')}: {context.get('exception')!r}")

    # -- what happens ----------------------------------------------------------------------------

    async def events(self) -> None:
        """The troubled time, then a day on which all is well."""
        chance = self.chance
        # Not everything goes wrong in every life: some show what one trouble alone does.
        every: list[Callable[[], Any]] = [
            self._moves, self._moves, self._moves, self._flaps, self._outage, self._bad_provider,
            self._bad_provider, self._bad_provider, self._hanging, self._bad_sources, self._lies,
            self._bad_servers, self._clock, self._kill, self._kill, self._kill_in_a_commit, self._restart,
            self._loops, self._disk_trouble, self._rots, self._edits, self._revokes, self._abuse,
            self._names_refused, self._hints, self._retries, self._no_six, self._stranger, self._stranger,
        ]  # fmt: skip
        kinds = chance.sample(every, chance.randint(3, len(every)))
        number = chance.randint(8, 40)
        moments = sorted(chance.uniform(0, self.span) for _ in range(number))
        for moment in moments:
            await asyncio.sleep(max(0.0, moment - self.lab.elapsed()))
            await chance.choice(kinds)()
        await self._all_is_well()

    def _length(self, least: float = 60.0) -> float:
        """How long a trouble lasts: often short, sometimes very long."""
        return max(least, min(self.span / 10, 3 * DAY) * self.chance.random() ** 3)

    async def _moves(self) -> None:
        rrtype = self.chance.choice(list(RRType))
        name, line = self._some_line()
        was = line.now(rrtype)
        now = line.change(rrtype, self.lab.elapsed())
        self.say(f"the {name} changes from {was} to {now}")
        if self.chance.random() < 0.5 and self.life is not None:
            from ipaddress import ip_address

            self.life.hint(Hint("nat-pmp", f"the gateway announces {now}", name, ip_address(now)))

    async def _flaps(self) -> None:
        self.lab.strike("flapping")
        rrtype, elapsed = self.chance.choice(list(RRType)), self.lab.elapsed
        name, line = self._some_line()
        one, other = line.now(rrtype), line.change(rrtype, elapsed())
        self.say(f"the {name} flaps between {one} and {other}")
        for _ in range(self.chance.randint(2, 9)):
            await asyncio.sleep(self.chance.uniform(0.2, 40))
            line.change(rrtype, elapsed(), one)
            one, other = other, one
        self.say(f"and stays at {line.now(rrtype)}")

    async def _outage(self) -> None:
        self.lab.strike("outage")
        name, _ = self._some_line()
        self._goes(name, up=False)
        await asyncio.sleep(self._length(5.0) / 4)
        self._goes(name, up=True)

    def _some_line(self) -> tuple[str, Line]:
        return self.chance.choice(list(self.lines.items()))

    def _goes(self, name: str, *, up: bool) -> None:
        """A line goes down, or comes up; of several, probes find it out soon after."""
        self.lines[name].up = up
        self.say(f"the {name} is {'up' if up else 'down'}")
        if self.policy is not None:
            self._for(self.chance.uniform(1, 20), lambda: self._probed(name))

    def _probed(self, name: str) -> None:
        """What the probes of a line have found out; see `net.health`."""
        up = self.lines[name].up
        if up == (name not in self.lab.down):
            return
        if up:
            self.lab.down.discard(name)
            self.judge.down.pop(name, None)
        else:
            self.lab.down.add(name)
            self.judge.down[name] = self.lab.elapsed()
        self.say(f"probes find that the {name} is {'up' if up else 'down'}")
        if self.life is not None:
            self.life.hint(Hint(HEALTH, f"{name} is {'up' if up else 'down'}", name))

    async def _no_six(self) -> None:
        self.lab.strike("no IPv6")
        _, line = self._some_line()
        line.six = False
        self.say("the line carries no IPv6")
        await asyncio.sleep(self._length())
        line.six = True
        self.say("the line carries IPv6")

    def _for(self, seconds: float, end: Callable[[], object]) -> None:
        asyncio.get_running_loop().call_later(seconds, end)

    async def _bad_provider(self) -> None:
        name = self.chance.choice(list(self.services))
        kinds = self.chance.sample(EXCHANGES, self.chance.choice([1, 1, 2, 4, len(EXCHANGES)]))
        often, seconds = self.chance.choice([0.1, 0.3, 0.7, 1.0]), self._length()
        self.lab.weather[name] = Weather(often, kinds)
        some = ", ".join(kinds[:4])
        self.say(f"{name} is out of order ({often:.0%} of: {some}) for {seconds:.0f} s")
        self._for(seconds, lambda: self._recovers(name))

    async def _hanging(self) -> None:
        name = self.chance.choice(list(self.services))
        seconds = self._length() / 4
        self.lab.weather[name] = Weather(hang=True)
        self.say(f"{name} hangs for {seconds:.0f} s")
        self._for(seconds, lambda: self._recovers(name))

    def _recovers(self, name: str) -> None:
        self.lab.weather[name] = Weather()

    async def _bad_sources(self) -> None:
        operators = sorted({one.operator for some in self.sources.values() for one in some})
        some = self.chance.sample(operators, self.chance.randint(1, len(operators)))
        often = self.chance.choice([0.2, 0.6, 1.0])
        tongue = self.chance.choice(list(self.tongues.values()))
        tongue.kinds = self.chance.sample(FAULTS, self.chance.choice([1, 3, len(FAULTS)]))
        tongue.trouble = dict.fromkeys(some, often)
        seconds = self._length()
        self.say(f"{', '.join(some)} fail ({often:.0%}) for {seconds:.0f} s")
        self._for(seconds, tongue.trouble.clear)

    async def _lies(self) -> None:
        self.lab.strike("lie")
        operators = sorted({one.operator for some in self.sources.values() for one in some})
        tongue = self.chance.choice(list(self.tongues.values()))
        tongue.liar = self.chance.choice(operators)
        tongue.lie = self.chance.choice(["false", "old"])
        seconds = self._length()
        self.say(f"{tongue.liar} lies ({tongue.lie}) for {seconds:.0f} s")
        self._for(seconds, lambda: self._honest(tongue))

    def _honest(self, tongue: Tongue) -> None:
        tongue.liar = None

    async def _bad_servers(self) -> None:
        name = self.chance.choice(list(self.services))
        self.lab.servers[name] = self.chance.choice([0.2, 0.6, 1.0])
        self.lab.lag = self.chance.choice([2.0, 60.0, 600.0])
        seconds = self._length()
        self.say(f"the name servers of {name} fail, or are {self.lab.lag:.0f} s late, for {seconds:.0f} s")
        self._for(seconds, lambda: self._served(name))

    def _served(self, name: str) -> None:
        self.lab.servers.pop(name, None)
        self.lab.lag = 2.0

    async def _clock(self) -> None:
        self.lab.strike("clock")
        by = self.chance.choice([-1, 1]) * self.chance.choice([1.0, 90.0, HOUR, DAY, 40 * DAY, 400 * DAY])
        if self.chance.random() < 0.15:
            by = -self.lab.now() + 86400.0  # a machine without a battery, at its boot
        self.lab.jump += by
        self.judge.jumped(unseen=self.life is None or not self.life.alive)
        self.say(f"the clock jumps by {by:+.0f} s")
        if abs(by) > HOUR or self.chance.random() < 0.5:  # else it stays as it is
            self._for(self._length(), self._clock_right)

    def _clock_right(self) -> None:
        self.judge.jumped(unseen=self.life is None or not self.life.alive)
        self.lab.jump = 0.0

    async def _kill(self) -> None:
        if self.life is not None:
            self.life.kill_in = self.chance.randint(1, 60)

    async def _kill_in_a_commit(self) -> None:
        self.disk.die_in = self.chance.randint(1, 6)

    async def _restart(self) -> None:
        if self.life is not None:
            self.life.cancel_in = self.chance.randint(1, 40)

    async def _loops(self) -> None:
        """Something starts it again and again: a container, a cron job, a power supply."""
        self.lab.strike("restart loop")
        self.say("a restart loop begins")
        for _ in range(self.chance.randint(3, 12)):
            self.once = self.chance.random() < 0.3
            if self.life is not None:
                if self.chance.random() < 0.5:
                    self.life.kill_in = self.chance.randint(1, 30)
                else:
                    self.life.cancel_in = self.chance.randint(1, 30)
            await asyncio.sleep(self.chance.uniform(5, 60))
        self.say("the restart loop is over")

    async def _disk_trouble(self) -> None:
        self.disk.mode = self.chance.choice(["full", "read-only", "broken"])
        self.lab.strike(f"disk {self.disk.mode}")
        seconds = self._length()
        self.say(f"the disk is {self.disk.mode} for {seconds:.0f} s")
        self._for(seconds, self._disk_well)

    def _disk_well(self) -> None:
        self.disk.mode, self.well_since = "well", self.lab.elapsed()
        # As a round may be under way when the disk fails, and the next one is to come.
        self._for(2 * self.interval + HOUR, partial(self._is_kept, self.store, self.well_since))

    def _is_kept(self, store: Kept | None, since: float) -> None:
        """Has the process that ran when the disk was well again put its state there?"""
        if since != self.well_since:
            return  # another trouble was over later
        if store is None or store is not self.store or not store.life.alive:
            return
        if self.disk.mode == "well" and store.lost:
            self.judge.breaks("kept", "the disk is well, and the state is in memory only")

    async def _rots(self) -> None:
        if self.life is None:
            return
        self.lab.strike("disk rots")
        self.life.kill("killed, and the disk rots")
        self.disk.rot()
        self.forget = True
        self.say("some octets of the state file are others now")

    async def _edits(self) -> None:
        self.lab.strike("edited by hand")
        one = self.services[self.chance.choice(list(self.services))]
        key = self.chance.choice(one.keys)
        false = {RRType.A: "198.51.100.99", RRType.AAAA: "2001:db8::99"}[key[1]]
        several = one.readable and self.chance.random() < 0.4
        to = one.get(key) | {false} if several else frozenset({false})
        if self.chance.random() < 0.2:
            to = frozenset()
        if (others := self.others.get(one.account)) is not None:
            others.edit(key, to)
        self.lab.edit(one, key, to)
        self.say(f"a person edits {key[0]} {key[1]} at {one.account}: {', '.join(sorted(to)) or 'nothing'}")

    async def _stranger(self) -> None:
        """Another agent, which keeps one address at each name that is shared, comes, moves or goes."""
        if not self.others:
            return
        self.lab.strike("stranger")
        account = self.chance.choice(list(self.others))
        key = self.chance.choice(self.services[account].keys)
        self.stranger(account, key, self.chance.randint(1, 250) if self.chance.random() < 0.8 else None)

    def stranger(self, account: str, key: Key, number: int | None) -> None:
        """It keeps its address of that number there, and no other; None: it keeps none."""
        others, held = self.others[account], self.services[account].get(key)
        form = {RRType.A: "198.18.0.{}", RRType.AAAA: "2001:db8:5::{:x}"}[key[1]]
        to = NOTHING if number is None else frozenset({form.format(number)})
        mine = held - others.now(key)
        if to == others.now(key) or not mine | to:  # nobody takes the last address of a name away
            return
        self.lab.edit(self.services[account], key, mine | to)
        others.keep(key, to)
        self.say(f"another agent keeps {', '.join(to) or 'nothing'} at {key[0]} {key[1]} of {account}")

    async def _revokes(self) -> None:
        name = self.chance.choice(list(self.services))
        if name in self.lab.revoked:
            return
        self.lab.strike("revoked")
        self.lab.revoked.add(name)
        self.services[name].revoke(revoked=True)
        seconds = self._length()
        self.say(f"{name} does not accept our credential any more, for {seconds:.0f} s")
        self._for(seconds, lambda: self._new_credential(name))

    def _new_credential(self, name: str) -> None:
        """The person writes a new one, and starts the agent again."""
        if name not in self.lab.revoked:
            return
        self.lab.revoked.discard(name)
        self.services[name].revoke(revoked=False)
        self.fingerprints[name] += 1
        self.judge.freed(name)
        self.say(f"{name} has a new credential")
        if self.life is None or self.agent is None:
            return
        if self.chance.random() < 0.5:
            self.agent.adopt(self._setup(), self.life)
            self.life.hint(Hint(HAND, "the configuration has changed"))
        else:
            self.life.end("the person starts it again, with the new credential")

    async def _abuse(self) -> None:
        some = [one for one in self.services.values() if isinstance(one, Dyndns2)]
        if not some:
            return
        one = self.chance.choice(some)
        host = self.chance.choice(one.owners).text
        self.lab.abused.add((one.account, host))
        self.say(f"{one.account} locks {host} for abuse")
        self._for(max(self._length(), HOUR), lambda: self.lab.abused.discard((one.account, host)))
        for _ in range(2):  # a change that meets the lock, and one for which a day of silence is long
            await asyncio.sleep(self.chance.uniform(HOUR / 4, 3 * HOUR))
            await self._moves()

    async def _names_refused(self) -> None:
        some = [one for one in self.services.values() if isinstance(one, HttpService)]
        if not some:
            return
        one = self.chance.choice(some)
        owner = self.chance.choice(one.owners).text
        self.lab.strike("name refused")
        one.fake.refused.add(owner)
        self.say(f"{one.account} refuses {owner}")
        self._for(self._length(), lambda: one.fake.refused.discard(owner))

    async def _hints(self) -> None:
        """Somebody chatters: hints for nothing, and many of them."""
        self.lab.strike("false hints")
        self.say("false hints")
        for _ in range(self.chance.randint(3, 40)):
            if self.life is not None:
                self.life.hint(
                    Hint(self.chance.choice(["system", "upnp", "tripwire"]), "something changed")
                )
            await asyncio.sleep(self.chance.uniform(0.01, 20))

    async def _retries(self) -> None:
        self.retry()

    def retry(self) -> None:
        """As `homeport retry` does, in the process that runs."""
        if self.store is None or self.life is None or not self.life.alive:
            return
        self.say("a person says: retry")
        self.store.trip({key: circuit.lift(trip) for key, trip in self.store.circuits().items()})
        self.store.save({target: memory.freed() for target, memory in self.store.memories().items()})
        self.judge.freed()
        self.life.hint(Hint(HAND, "somebody asks for it"))

    # -- the end ---------------------------------------------------------------------------------

    async def _all_is_well(self) -> None:
        """Faults end.  Then every target must converge, and whoever fails must delay no other."""
        lab = self.lab
        self.say("all is well from here on")
        for name in self.services:
            lab.weather[name] = Weather()
            self.services[name].revoke(revoked=False)
            if name in lab.revoked:
                self.fingerprints[name] += 1
        lab.revoked.clear()
        lab.abused.clear()
        lab.servers.clear()
        lab.lag = 2.0
        for one in self.services.values():
            if isinstance(one, HttpService):
                one.fake.refused.clear()
        for name, tongue in self.tongues.items():
            tongue.trouble.clear()
            tongue.liar = None
            tongue.line.up = tongue.line.six = True
            self._probed(name)
        self._clock_right()
        self.disk.mode, self.disk.die_in = "well", None
        self.judge.freed()
        if self.life is not None:
            self.life.kill_in = self.life.cancel_in = None
            self.life.end("the person starts it again, now that all is well")
        await asyncio.sleep(60)
        self.once = False
        self.retry()
        await self.converges("after all faults ended", 2 * max(self.interval, HOUR) + 14 * HOUR)
        await self._drill()
        await self._loses_a_line()
        await asyncio.sleep(min(DAY, 12 * self.interval))
        await self.converges("after a quiet time", MINUTE)

    async def converges(self, when: str, within: float) -> None:
        ends = self.lab.elapsed() + within
        while wrong := self._wrong():
            if self.lab.elapsed() >= ends:
                for text in wrong:
                    self.judge.breaks("converges", f"{when}, {within:.0f} s later: {text}")
                return
            await asyncio.sleep(max(20.0, self.interval / 50))
        self.say(f"all targets are right {when}")

    def _wrong(self, but: Sequence[str] = ()) -> list[str]:
        return [
            f"{name}: {key[0]} {key[1]} is {sorted(held)}, not {sorted(self._right(key[1]))}"
            for name, one in self.services.items()
            if name not in but
            for key, held in one.held().items()
            if not self._well(name, key, held)
        ]

    def _well(self, account: str, key: Key, held: frozenset[str]) -> bool:
        others = self.others.get(account)
        right = self._right(key[1])
        return held == right if others is None else others.right(key, right)

    def _right(self, rrtype: RRType) -> frozenset[str]:
        """What every name should be: of the first line that is up, or of all."""
        up = [line.now(rrtype) for name, line in self.lines.items() if name not in self.lab.down]
        return frozenset(up if self.policy == "all" else up[:1])

    async def _loses_a_line(self) -> None:
        """Of two, one goes down: once all is quiet, no name has an address of it; and it comes back."""
        if self.policy is None:
            return
        name, _ = self._some_line()
        for up in (False, True):
            self._goes(name, up=up)
            await asyncio.sleep(20)
            await self.converges(f"since the {name} is {'up' if up else 'down'}", 10 * HOUR)

    def _paced(self) -> set[str]:
        """The accounts with names that are not changed now since they were changed too often."""
        return {target.account for target, told in self.judge.last.items() if told.outcome is Outcome.HELD}

    async def _drill(self) -> None:
        """One account hangs or fails, the address changes, a hint tells of it: the others must follow."""
        from ipaddress import ip_address

        chance = self.chance
        victim = chance.choice(list(self.services))
        if chance.random() < 0.6:
            self.lab.weather[victim] = Weather(hang=True)
        else:
            self.lab.weather[victim] = Weather(1.0, [chance.choice(EXCHANGES)])
        self.say(f"a drill: {victim} fails ({self.lab.weather[victim].kinds[:1]})")
        if self.life is not None:
            self.life.hint(Hint("system", "something changed"))
        await asyncio.sleep(chance.uniform(0, 15))
        for rrtype in RRType:
            for line in self.lines.values():
                line.change(rrtype, self.lab.elapsed())
        if self.life is not None:
            for name, line in self.lines.items():
                for rrtype in RRType:
                    now = line.now(rrtype)
                    self.life.hint(Hint("nat-pmp", f"it is {now} now", name, ip_address(now)))
        began = self.lab.elapsed()
        while (wrong := self._wrong([victim, *self._paced()])) and self.lab.elapsed() < began + 40:
            await asyncio.sleep(1)
        for text in wrong:
            self.judge.breaks("delay", f"while {victim} failed: {text}")
        self.lab.weather[victim] = Weather()
        self.judge.freed()
        self.retry()
        await self.converges("after the drill", 2 * max(self.interval, HOUR) + 14 * HOUR)


class _Ear(logging.Handler):
    def __init__(
        self,
        hear: Callable[[str, logging.Formatter], None],
        form: logging.Formatter,
        level: int = logging.DEBUG,
    ) -> None:
        super().__init__(level)
        self.lock = None  # there are no threads
        self._hear = hear
        self.setFormatter(form)
        self.form = form

    def emit(self, record: logging.LogRecord) -> None:
        self._hear(self.format(record), self.form)


__all__ = ["FILE", "Story", "tell"]
