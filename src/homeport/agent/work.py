"""One round at one account: read -> decide -> write.  Decisions are in `decide`; effects are here."""

from __future__ import annotations

import asyncio
from binascii import crc32
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any, Self, TypeVar

from ..core import pace, schedule
from ..core.dns import IPAddress, Key, RRset, RRType
from ..core.errors import NoAnswer, NotSent, ProviderError, Reaction, Stale, Throttled, Unintelligible
from ..core.observation import Observation, Unseen
from ..core.report import Outcome, Sight, TargetReport, texts
from ..core.schedule import Memory, Target
from ..core.wish import Rule, Wish, needed, wish
from ..driver import Api, Provider, UpdateApi, Verdict
from ..state.store import Change, Store
from ..wire.http import Reply, Request, Transport
from .decide import Settled, Todo, View, decide, unreached, with_sibling
from .guard import Guard, account_keys
from .neighbours import Table, awaits, meet
from .world import Account, World

T = TypeVar("T")
NONE: frozenset[IPAddress] = frozenset()
NOBODY: Mapping[Target, Wish] = MappingProxyType({})
Sights = Mapping[tuple[str, RRType], "asyncio.Future[Sight]"]
Meeting = asyncio.Task[Table | Unseen]

AT_ONCE = 8  # requests to one account at the same time
TOGETHER = 0.25  # seconds to wait for the other family, so that both go in one message
RECHECK = 0.5  # seconds; a line may be found to be down while its sources are still being asked
SHORT = 2.0  # seconds that a request waits for its turn; for longer, its round ends
SHOWN_WITHIN = 2.0  # seconds for the name servers of a service that cannot be read


@dataclass(frozen=True, slots=True)
class Work:
    """What all steps of one account's round need."""

    account: Account
    world: World
    store: Store
    memories: dict[Target, Memory]
    trace: str
    api: Api
    guard: Guard
    ends: list[ProviderError] = field(default_factory=list)  # after which it is asked nothing more
    shared: dict[Target, frozenset[IPAddress]] = field(default_factory=dict)  # names of others too: ours
    tripped: set[tuple[type[ProviderError], float | None]] = field(default_factory=set)  # told the guard

    @classmethod
    def begin(
        cls,
        account: Account,
        world: World,
        store: Store,
        memories: dict[Target, Memory],
        trace: str,
        *,
        guard: Guard,
    ) -> Self:
        transport = Guarded(world.transport(account.name), account, guard)
        api = Api(
            account.provider,
            transport,
            world.dns,
            world.now,
            lambda some: a_few(some, work.trip),
            library=world.library,
        )
        work: Self = cls(account, world, store, memories, trace, api, guard)
        return work

    def memory(self, target: Target) -> Memory:
        return self.memories.get(target, Memory())

    def save(self, memories: Mapping[Target, Memory], changes: Iterable[Change] = ()) -> None:
        self.memories.update(memories)
        self.store.save(memories, changes)

    def claim(self, rules: Iterable[Rule]) -> None:
        """Learn which of the addresses at shared names are ours; before, they may all have been."""
        owned = {t: a for t, a in self.store.owned().items() if t.account == self.account.name}
        shared = {rule.target for rule in rules if rule.share}
        for target in shared:
            known = owned.get(target, self.memory(target).acknowledged)
            self.shared[target] = known if known is not None else frozenset()
        if stale := owned.keys() - shared:
            self.store.disown(stale)

    def trip(self, error: ProviderError) -> None:
        """Stop the account or its service, if that is what the error says; once for each cause."""
        cause = type(error), error.retry_after if isinstance(error, Throttled) else None
        if cause not in self.tripped:
            self.tripped.add(cause)
            self.guard.trip(self.account, error)

    def own(self, owned: Mapping[Target, frozenset[IPAddress]]) -> None:
        """Keep what is ours at shared names; `owned` may name others as well."""
        news = {t: a for t, a in owned.items() if t in self.shared and a != self.shared[t]}
        if news:
            self.shared.update(news)
            self.store.own(news)

    def change(
        self,
        target: Target,
        event: str,
        before: frozenset[IPAddress] | None = None,
        after: frozenset[IPAddress] | None = None,
        note: str | None = None,
    ) -> Change:
        return Change(self.world.now(), self.trace, target, event, before, after, note)


async def tend(
    work: Work, rules: Sequence[Rule], sights: Sights, *, at: float, anew: bool
) -> list[TargetReport]:
    """Bring all targets of one account to what is wanted, as far as that is possible now.

    `at` is when the round began.  A target whose address is still being looked for does not keep the
    others waiting.
    """
    work.claim(rules)
    free, reports = _unheld(work, rules, at=at, anew=anew)
    meeting = asyncio.ensure_future(_meet(work, free, sights))
    try:
        view = await look(work, [rule.target for rule in free])
        for found in view.present.values():
            if isinstance(found, ProviderError):
                work.trip(found)  # whether or not anything is to be done there
        while free and not work.ends:
            ready, free = await _next(work, free, sights, meeting)
            beside = _wishes(work, _waiting(work, rules, free + ready), sights, meeting)
            reports += await _act(work, _wishes(work, ready, sights, meeting), view, beside)
    finally:
        meeting.cancel()
        await asyncio.wait({meeting})
    reports += _leave(work, free)
    _stop_all(work, rules)
    return reports


async def prepare(work: Work, rules: Sequence[Rule], sights: Sights) -> list[Todo | Settled]:
    """What `tend` would do now, without doing it."""
    work.claim(rules)
    if (held := work.guard.hold(work.account)) is not None:
        return [Settled(_held_back(work, rule, held[0])) for rule in rules]
    view = await look(work, [rule.target for rule in rules])
    await asyncio.gather(*sights.values())
    meeting = asyncio.ensure_future(_meet(work, rules, sights))
    await meeting
    return list(_decide(work, _wishes(work, rules, sights, meeting), view).values())


async def look(work: Work, targets: Sequence[Target]) -> View:
    """What is live now: as the provider tells it, else as the zone's name servers show it."""
    keys = [(target.owner, target.rrtype) for target in targets]
    if not keys:
        return View()
    if work.account.provider.readable:
        return View(present=await work.account.provider.look(work.api, keys))
    return View(shown=await shown(work.world, keys))


async def shown(world: World, keys: Collection[Key]) -> dict[Key, frozenset[IPAddress]]:
    """What authoritative servers show for each key; a key that nobody answers for is missing."""
    found: dict[Key, frozenset[IPAddress]] = {}

    async def one(key: Key) -> None:
        for server in (await world.servers(key[0], None))[:2]:
            try:
                found[key] = await world.authoritative(server, *key)
            except ProviderError:
                continue  # out of order; another one knows it too
            return

    work = [asyncio.ensure_future(one(key)) for key in keys]
    try:
        await asyncio.wait(work, timeout=SHOWN_WITHIN)
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
    for task in work:
        if task.cancelled():
            continue  # it was late
        if (error := task.exception()) is not None and not isinstance(error, ProviderError):
            raise error
    return found


# -- the steps of tend ---------------------------------------------------------------------------


def _unheld(
    work: Work, rules: Sequence[Rule], *, at: float, anew: bool
) -> tuple[list[Rule], list[TargetReport]]:
    """The rules that may be acted on, and the reports of the others."""
    free: list[Rule] = []
    reports: list[TargetReport] = []
    held = work.guard.hold(work.account)
    for rule in rules:
        why = schedule.hold(work.memory(rule.target), at, work.account.fingerprint, anew=anew)
        why = held[0] if held is not None else why
        if why is None:
            free.append(rule)
        else:
            reports.append(_held_back(work, rule, why))
    return free, reports


def _waiting(work: Work, rules: Sequence[Rule], free: Collection[Rule]) -> list[Rule]:
    """Rules that are not acted on now, but may be named beside their other family; none that is stopped."""
    if not carries_both(work.account.provider):
        return []
    acted = {rule.target for rule in free}
    return [
        rule
        for rule in rules
        if rule.target not in acted
        and not awaits(rule)
        and work.memory(rule.target).stopped_by != work.account.fingerprint
    ]


def carries_both(provider: Provider) -> bool:
    """Does one request of this service always tell both families of a name?"""
    return isinstance(provider, UpdateApi) and provider.both()


def _held_back(work: Work, rule: Rule, why: str) -> TargetReport:
    memory = work.memory(rule.target)
    return TargetReport(rule.target, Outcome.HELD, memory.wanted, memory.live, error=why)


async def _next(
    work: Work, free: Sequence[Rule], sights: Sights, meeting: Meeting
) -> tuple[list[Rule], list[Rule]]:
    """The rules whose addresses are known by now, and the others; at least one is of the first."""

    def known(rule: Rule) -> bool:
        seen = all(sights[one].done() for one in needed(rule, _health(work, rule)) if one in sights)
        return seen and (meeting.done() or not awaits(rule))

    futures: list[asyncio.Future[Any]] = [*sights.values()]
    if any(awaits(rule) for rule in free):
        futures.append(meeting)
    open_ones = [future for future in futures if not future.done()]
    if open_ones:
        await asyncio.wait(open_ones, timeout=TOGETHER)
    while not any(known(rule) for rule in free):
        open_ones = [future for future in futures if not future.done()]
        await asyncio.wait(open_ones, timeout=RECHECK, return_when=asyncio.FIRST_COMPLETED)
    return [rule for rule in free if known(rule)], [rule for rule in free if not known(rule)]


def _health(work: Work, rule: Rule) -> dict[str, bool]:
    return {uplink: work.world.healthy(uplink) for uplink in rule.uplinks}


def _held(work: Work, rule: Rule) -> frozenset[IPAddress]:
    return work.memory(rule.target).wanted or frozenset()


async def _meet(work: Work, rules: Sequence[Rule], sights: Sights) -> Table | Unseen:
    return await meet(work.world, rules, sights, partial(_held, work))


def _wishes(work: Work, rules: Sequence[Rule], sights: Sights, meeting: Meeting) -> dict[Target, Wish]:
    seen = _sights(sights)
    table = meeting.result() if meeting.done() else ()  # still under way: then none of these awaits it
    return {rule.target: wish(rule, seen, _health(work, rule), table, _held(work, rule)) for rule in rules}


def _sights(sights: Sights) -> dict[tuple[str, RRType], Observation]:
    return {key: future.result().observation for key, future in sights.items() if future.done()}


def _decide(
    work: Work, wishes: Mapping[Target, Wish], view: View, beside: Mapping[Target, Wish] = NOBODY
) -> dict[Target, Todo | Settled]:
    """`beside`: what is wanted of targets that are not to be acted on now."""
    now, provider = work.world.now(), work.account.provider
    decisions: dict[Target, Todo | Settled] = {}
    for target, wanted in wishes.items():
        memory = work.memory(target)
        decision = decide(
            provider,
            target,
            wanted,
            memory,
            view,
            now=now,
            spread=spread(target),
            ours=work.shared.get(target),
        )
        if isinstance(decision, Todo) and not provider.readable:
            other = RRType.A if target.rrtype is RRType.AAAA else RRType.AAAA
            sibling = target._replace(rrtype=other)
            wish_of_it, told = wishes.get(sibling, beside.get(sibling)), work.memories.get(sibling)
            decision = with_sibling(decision, wish_of_it, told, work.account.fingerprint)
        decisions[target] = decision
    return decisions


async def _act(
    work: Work, wishes: Mapping[Target, Wish], view: View, beside: Mapping[Target, Wish]
) -> list[TargetReport]:
    decisions = _decide(work, wishes, view, beside)
    reports = _settle(work, [one for one in decisions.values() if isinstance(one, Settled)])
    due = [one for one in decisions.values() if isinstance(one, Todo)]
    todos, early = _paced(work, due)
    reports += early
    verdicts = await _write(work, todos)
    unsure = [t for t in todos if isinstance(verdicts[t.target], NoAnswer | Stale)]
    provider = work.account.provider
    if unsure and provider.readable and not provider.publishes:
        verdicts |= await _look_again(work, unsure, wishes)
    return reports + [_conclude(work, todo, verdicts[todo.target]) for todo in todos]


def _paced(work: Work, todos: Sequence[Todo]) -> tuple[list[Todo], list[TargetReport]]:
    """What may be sent now, and the reports of names that were changed too often to be changed again."""
    now, limit = work.world.now(), work.account.provider.limit_of_name()
    ready: list[Todo] = []
    reports: list[TargetReport] = []
    for todo in todos:
        target, memory = todo.target, work.memory(todo.target)
        wait = pace.hold(memory.writes, now, limit, mends=_mends(memory, todo))
        if not wait:
            ready.append(todo)
            continue
        why = pace.says(memory.writes, now, texts(todo.live), wait, mends=_mends(memory, todo))
        after = memory._replace(
            error=why,
            error_at=memory.error_at if memory.error_at is not None else now,
            not_before=now + wait,
            waiting=Reaction.BACK_OFF,
            wanted=todo.task.wanted.addresses,
            live=todo.live,
            outcome=Outcome.HELD,
        )
        work.save({target: after}, _trouble(work, target, memory, NotSent(why)))
        reports.append(TargetReport(target, Outcome.HELD, todo.task.wanted.addresses, todo.live, error=why))
    return ready, reports


def _mends(memory: Memory, todo: Todo) -> bool:
    """Would it change back what somebody else has changed since the provider acknowledged it?"""
    return bool(todo.task.changes) and todo.live is not None and schedule.believed(memory, todo.task.wanted)


def _sent(memory: Memory, todo: Todo, now: float) -> Memory:
    """The memory, with one more change that was sent."""
    return memory._replace(writes=pace.written(memory.writes, now, mended=_mends(memory, todo)))


async def _write(work: Work, todos: Sequence[Todo]) -> dict[Target, Verdict]:
    """Send; whatever the provider acknowledges is kept at once, before anything else is done."""
    if not todos:
        return {}
    by_key = {todo.task.wanted.key: todo for todo in todos}
    before = {todo.target: work.memory(todo.target) for todo in todos}
    verdicts: dict[Target, Verdict] = {}

    def settled(spoken: Mapping[Key, Verdict]) -> None:
        now = work.world.now()
        memories: dict[Target, Memory] = {}
        changes: list[Change] = []
        for key, verdict in spoken.items():
            todo = by_key[key]
            verdicts[todo.target] = verdict
            work.memories[todo.target] = before[todo.target]
            if verdict is None:
                work.guard.obeyed(work.account)
                memory = _sent(work.memory(todo.target), todo, now)
                known = schedule.acknowledged(memory, todo.task.wanted, now, sent=True)
                memories[todo.target] = known._replace(outcome=Outcome.UPDATED, live=todo.after)
                if (other := _beside(work, todo)) is not None and other[0] not in memories:
                    memories[other[0]] = _told_beside(work, *other, now)
                event = "updated" if todo.why is None else "refreshed"
                after = todo.task.wanted.addresses
                changes.append(work.change(todo.target, event, _before(work, todo), after, todo.why))
            else:
                work.trip(verdict)
        if memories:
            work.save(memories, changes)

    # Whatever becomes of it, and whatever is said of it: what may stand there because of us is ours, until
    # a look shows that it is gone.
    work.own({t.target: work.shared.get(t.target, NONE) | t.task.wanted.addresses for t in todos})
    provider, now = work.account.provider, work.world.now()
    if not provider.readable:  # should we be ended before it answers, nobody can ask what became of it
        work.save({t.target: schedule.sending(before[t.target], t.task.wanted, now) for t in todos})
    await provider.write(work.api, [todo.task for todo in todos], settled)
    return verdicts


def _beside(work: Work, todo: Todo) -> tuple[Target, RRset] | None:
    """The target of the other family, and what the service was told of it in the same request."""
    provider = work.account.provider
    told = provider.told_beside(todo.task) if isinstance(provider, UpdateApi) else None
    if told is None:
        return None
    return todo.target._replace(rrtype=told.rrtype), provider.fit(told)


def _told_beside(work: Work, target: Target, told: RRset, now: float) -> Memory:
    """The memory of the other family, once the service has acknowledged both.

    Mending and refreshing count from then on, or each family would make the service hear both.  One
    that waits since its own answer was lost has its answer now.
    """
    memory = work.memory(target)
    if memory.acknowledged == told.addresses:
        return memory._replace(sent_at=now)
    memory = memory._replace(writes=pace.written(memory.writes, now, mended=False))
    return schedule.acknowledged(memory, told, now, sent=True)._replace(outcome=Outcome.UPDATED)


async def _look_again(
    work: Work, unsure: Sequence[Todo], wishes: Mapping[Target, Wish]
) -> dict[Target, Verdict]:
    """After a change without an answer, nothing is believed: read, and send again only what is missing."""
    targets = [todo.target for todo in unsure]
    before = {todo.target: todo for todo in unsure}
    view = await look(work, targets)
    decisions = _decide(work, {target: wishes[target] for target in targets}, view)
    verdicts: dict[Target, Verdict] = {}
    missing: list[Todo] = []
    for target, decision in decisions.items():
        if isinstance(decision, Todo):
            missing.append(decision)
        elif decision.acknowledged is not None:
            now, after = work.world.now(), decision.acknowledged
            memory = _sent(work.memory(target), before[target], now)
            memory = schedule.acknowledged(memory, after, now, sent=True)
            memory = memory._replace(outcome=Outcome.UPDATED)
            was = _before(work, before[target])
            work.save({target: memory}, [work.change(target, "updated", was, after.addresses)])
            work.own({target: after.addresses})
            verdicts[target] = None
        else:
            verdicts[target] = decision.error
    return verdicts | await _write(work, missing)


def _settle(work: Work, settled: Sequence[Settled]) -> list[TargetReport]:
    """Keep what was found out about targets that need nothing."""
    now = work.world.now()
    memories: dict[Target, Memory] = {}
    changes: list[Change] = []
    for one in settled:
        target, memory = one.report.target, work.memory(one.report.target)
        if one.acknowledged is not None:
            after = schedule.acknowledged(memory, one.acknowledged, now, sent=False)
            if memory.error is not None:
                changes.append(work.change(target, "recovered", after=after.acknowledged))
        elif one.error is not None:
            after = _failed(work, memory, one.error, wrote=False)
            changes += _trouble(work, target, memory, one.error)
        else:
            began = memory.error_at if memory.error_at is not None else now
            error = one.report.error
            after = memory._replace(error=error, error_at=began if error is not None else None)
        if one.report.live is not None:
            after = schedule.looked(after, one.report.live, now)
        if one.proved:
            after = after._replace(verified_at=now)
        memories[target] = after._replace(outcome=one.report.outcome)
    work.save(memories, changes)
    work.own({s.report.target: s.acknowledged.addresses for s in settled if s.acknowledged is not None})
    return [one.report for one in settled]


def _conclude(work: Work, todo: Todo, verdict: Verdict) -> TargetReport:
    wanted = todo.task.wanted.addresses
    if verdict is None:
        return TargetReport(
            todo.target,
            Outcome.UPDATED,
            wanted,
            todo.after,
            todo.before,
            None,
            todo.why,
            todo.veiled,
            todo.shared is not None,
        )
    memory = work.memory(todo.target)
    after = _failed(work, memory, verdict, wrote=True)._replace(wanted=wanted, live=todo.live)
    if isinstance(verdict, NoAnswer | Unintelligible):
        after = _sent(after, todo, work.world.now())
    if work.account.provider.publishes:  # whatever was written may stand there unpublished
        after = after._replace(acknowledged=None, acknowledged_at=None)
    after = after._replace(outcome=Outcome.FAILED)
    work.save({todo.target: after}, _trouble(work, todo.target, memory, verdict))
    live = None if isinstance(verdict, NoAnswer) else todo.live
    return TargetReport(
        todo.target, Outcome.FAILED, wanted, live, error=str(verdict), unreached=unreached(verdict)
    )


def _failed(work: Work, memory: Memory, error: ProviderError, *, wrote: bool) -> Memory:
    if error.whole_account or isinstance(error, Throttled):
        work.ends.append(error)
    work.trip(error)
    return schedule.failed(
        memory,
        error,
        work.world.now(),
        fingerprint=work.account.fingerprint,
        jitter=work.world.chance(),
        wrote=wrote,
    )


def _trouble(work: Work, target: Target, memory: Memory, error: ProviderError) -> list[Change]:
    """A line of the change log when trouble begins or becomes final, not each time it goes on."""
    if error.reaction is Reaction.HALT:
        return [work.change(target, "stopped", note=str(error))]
    return [] if memory.error is not None else [work.change(target, "failed", note=str(error))]


def _leave(work: Work, rules: Sequence[Rule]) -> list[TargetReport]:
    """Fail those that were still waiting for their address when the account would take no more."""
    reports: list[TargetReport] = []
    for error in work.ends[:1]:
        for rule in rules:
            memory = work.memory(rule.target)
            after = _failed(work, memory, error, wrote=False)._replace(outcome=Outcome.FAILED)
            work.save({rule.target: after}, _trouble(work, rule.target, memory, error))
            reports.append(TargetReport(rule.target, Outcome.FAILED, None, memory.live, error=str(error)))
    return reports


def _stop_all(work: Work, rules: Sequence[Rule]) -> None:
    """When the account itself is refused, none of its names is tried again."""
    stops = [error for error in work.ends if error.reaction is Reaction.HALT]
    for stop in stops[:1]:
        memories = {rule.target: work.memory(rule.target) for rule in rules}
        work.save(
            {
                target: _failed(work, memory, stop, wrote=False)
                for target, memory in memories.items()
                if memory.stopped_by != work.account.fingerprint
            }
        )


def _before(work: Work, todo: Todo) -> frozenset[IPAddress] | None:
    return todo.before if todo.before is not None else work.memory(todo.target).acknowledged


def spread(target: Target) -> float:
    """A number in [0, 1) that is the target's own, the same in every round."""
    return crc32(str(target).encode()) / 2**32


async def a_few(
    work: Sequence[Awaitable[T]], heard: Callable[[ProviderError], object] | None = None
) -> list[T]:
    """`driver.Together`: at most `AT_ONCE` at a time; all are run to their end, then the gravest error.

    `heard` is told of each error at once: another one may hang, and we be ended while it does.
    """
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(awaitable: Awaitable[T]) -> T:
        async with slots:
            try:
                return await awaitable
            except ProviderError as error:
                if heard is not None:
                    heard(error)
                raise

    try:
        results = await asyncio.gather(*map(one, work), return_exceptions=True)
    finally:
        for awaitable in work:
            if isinstance(awaitable, Coroutine):
                awaitable.close()  # when we are cancelled, some have not even begun, and are not missed
    errors = [result for result in results if isinstance(result, BaseException)]
    if errors:
        raise max(errors, key=_gravity)
    return [result for result in results if not isinstance(result, BaseException)]


def _gravity(error: BaseException) -> tuple[int, float]:
    """Of several, the one that asks most of us: what the provider said of the account must not be lost.

    That we have not asked (`NotSent`) is nothing that a provider said.  Of two that ask for patience, the
    one that asks for more.
    """
    if not isinstance(error, ProviderError):
        return 4, 0.0
    if error.whole_account:
        return 3, 0.0
    if not isinstance(error, Throttled):
        return 0, 0.0
    return 1 if isinstance(error, NotSent) else 2, error.retry_after or 0.0


class Guarded:
    """A transport that sends nothing to whom it is not time to ask: see `agent.guard`."""

    def __init__(self, inner: Transport, account: Account, guard: Guard) -> None:
        self._inner, self._account, self._guard = inner, account, guard

    async def send(self, request: Request) -> Reply:
        tolls = {toll: account_keys(self._account, toll) for toll in self._account.provider.tolls(request)}
        while True:
            if (held := self._guard.hold(self._account)) is not None:  # since this round began
                raise NotSent(f"{request}: not sent: {held[0]}", retry_after=held[1])
            waits = {toll: self._guard.wait(keys, toll.budget) for toll, keys in tolls.items()}
            toll = max(waits, key=waits.__getitem__, default=None)
            if toll is None or not (wait := waits[toll]):
                self._guard.spend({key: toll.budget for toll, keys in tolls.items() for key in keys})
                return await self._inner.send(request)
            if wait > SHORT:
                raise NotSent(
                    f"{request}: not sent: the service takes {toll}; it goes on in {wait:.0f} s",
                    retry_after=wait,
                )
            await asyncio.sleep(wait)
