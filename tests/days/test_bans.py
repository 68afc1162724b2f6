"""Nobody is banned because of us: what was refused is not tried again by any detour."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Collection, Mapping
from ipaddress import ip_address
from itertools import count, pairwise

import pytest

from homeport.agent.decide import Todo, with_sibling
from homeport.agent.guard import Guard
from homeport.agent.work import AT_ONCE, Guarded, a_few
from homeport.agent.world import Account
from homeport.core.budget import Budget, Spent
from homeport.core.circuit import Kind
from homeport.core.dns import Name, RRset, RRType
from homeport.core.errors import (
    AccountRefused,
    BadCredentials,
    Blocked,
    Doubted,
    NotSent,
    ProviderError,
    SourceError,
    Throttled,
    Unintelligible,
)
from homeport.core.report import Outcome
from homeport.core.schedule import Memory, Target
from homeport.core.secret import Secret
from homeport.driver import Provider, Task
from homeport.providers.dyndns2 import DynDNS2
from homeport.sources import pools
from homeport.state.store import Store
from homeport.wire.http import Reply, Request
from tests.days.world import DAY, HOUR, YEAR, Readable, Shop, Told, Unreadable, Wire, World, live, quiet

H = Outcome.HELD


@pytest.fixture(params=[Readable, Unreadable])
def kind(request: pytest.FixtureRequest) -> Callable[..., Provider]:
    provider: Callable[..., Provider] = request.param
    return provider


def refusing(error: ProviderError) -> Shop:
    def before(owners: Collection[Name]) -> None:
        raise error

    return Shop(before=before)


def pass_time(world: World, seconds: float, store: Store) -> None:
    live(world.run(store, seconds))


def once(world: World, store: Store) -> list[Outcome]:
    """`homeport run --once`."""

    async def go() -> list[Outcome]:
        return [one.outcome for one in (await world.agent(store).once()).targets]

    return live(go())


def days(shop: Shop, start: float) -> list[float]:
    return [round((at - start) / DAY, 2) for at, _ in shop.writes]


REFUSALS = [
    (BadCredentials("badauth"), YEAR),
    (AccountRefused("!donator"), YEAR),
    (Blocked("abuse"), DAY),
    (Throttled("911", retry_after=1800), 1800.0),
    (Throttled("429", retry_after=2 * HOUR), 2 * HOUR),
]


@pytest.mark.parametrize(("error", "seconds"), REFUSALS, ids=str)
def test_a_restart_loop_asks_no_more_often(
    kind: Callable[..., Provider], error: ProviderError, seconds: float
) -> None:
    shop, store = refusing(error), Store(None, quiet)
    span = min(seconds, DAY)
    for restart in range(30):
        world = World({"p": kind(shop=shop)})
        world.jump = restart * (span - 60) / 30
        assert restart == 0 or once(world, store) == [H]
        if restart == 0:
            once(world, store)
    assert len(shop.writes) == 1
    if seconds < YEAR:
        world = World({"p": kind(shop=shop)})
        world.jump = span * 1.2 + 60
        once(world, store)
        assert len(shop.writes) == 2


@pytest.mark.parametrize(("error", "seconds"), REFUSALS, ids=str)
def test_a_new_record_of_the_account_is_no_new_try(error: ProviderError, seconds: float) -> None:
    shop, store = refusing(error), Store(None, quiet)
    once(World({"p": Unreadable(shop=shop)}), store)
    more = World({"p": Unreadable(shop=shop)}, owners=["home.example.com", "new.example.com"])
    assert once(more, store) == [H, H]
    assert len(shop.writes) == 1


@pytest.mark.parametrize(("error", "seconds"), REFUSALS, ids=str)
def test_another_name_for_the_account_is_no_new_try(error: ProviderError, seconds: float) -> None:
    shop, store = refusing(error), Store(None, quiet)
    once(World({"p": Unreadable(shop=shop)}), store)
    renamed = World({"q": Unreadable(shop=shop)}, fingerprints={"q": "p"})
    assert once(renamed, store) == [H]
    assert len(shop.writes) == 1
    assert {trip.account for trip in store.circuits().values()} <= {"p", "q"}


@pytest.mark.parametrize("error", [BadCredentials("badauth"), AccountRefused("!donator")])
def test_another_credential_is_a_new_try_and_the_old_one_is_still_known(error: ProviderError) -> None:
    shop, store = refusing(error), Store(None, quiet)
    once(World({"p": Unreadable(shop=shop)}, fingerprints={"p": "old"}), store)
    once(World({"p": Unreadable(shop=shop)}, fingerprints={"p": "new"}), store)
    assert len(shop.writes) == 2
    once(World({"p": Unreadable(shop=shop)}, fingerprints={"p": "old"}), store)
    assert len(shop.writes) == 2


@pytest.mark.parametrize("error", [Blocked("abuse"), Throttled("429", retry_after=HOUR)])
def test_another_setting_is_no_way_around_a_block_or_a_wait(error: ProviderError) -> None:
    shop, store = refusing(error), Store(None, quiet)
    once(World({"p": Unreadable(shop=shop)}, fingerprints={"p": "old"}), store)
    changed = World({"p": Unreadable(shop=shop)}, fingerprints={"p": "new"}, owners=["new.example.com"])
    assert once(changed, store) == [H]  # a name that has no wait of its own
    assert len(shop.writes) == 1


def test_abuse_is_answered_with_a_day_of_silence_and_then_two_and_four() -> None:
    shop, store = refusing(Blocked("abuse")), Store(None, quiet)
    world = World({"p": Unreadable(shop=shop)}, interval=HOUR)
    pass_time(world, 120 * DAY, store)
    times = [at for at, _ in shop.writes]
    gaps = [round((b - a) / DAY) for a, b in pairwise(times)]
    assert gaps == [1, 2, 4, 8, 16, 32, 32]


def test_a_no_without_a_reason_is_asked_about_thrice_in_all_over_restarts_too() -> None:
    shop, store = refusing(Doubted("KO")), Store(None, quiet)
    pass_time(World({"p": Unreadable(shop=shop)}), HOUR, store)
    assert len(shop.writes) == 2
    for hours in (1, 2, 3):
        restarted = World({"p": Unreadable(shop=shop)}, owners=["new.example.com"])
        restarted.jump = hours * HOUR + 60
        pass_time(restarted, HOUR - 120, store)
    assert len(shop.writes) == 2
    later = World({"p": Unreadable(shop=shop)})
    later.jump = 7 * HOUR
    pass_time(later, 30 * DAY, store)
    assert len(shop.writes) == 3
    [trip] = store.circuits().values()
    assert trip.kind is Kind.STOP


def test_after_a_yes_the_next_no_without_a_reason_is_the_first_again() -> None:
    answers = iter([Doubted("KO"), Doubted("KO"), None])

    def before(owners: Collection[Name]) -> None:
        if (error := next(answers, None)) is not None:
            raise error

    shop, store = Shop(before=before), Store(None, quiet)
    world = World({"p": Unreadable(shop=shop)})
    pass_time(world, 8 * HOUR, store)
    assert len(shop.writes) == 3
    assert store.circuits() == {}
    assert world.outcomes()[-1] is not H


def test_another_credential_is_tried_at_once_after_a_no_without_a_reason() -> None:
    shop, store = refusing(Doubted("KO")), Store(None, quiet)
    once(World({"p": Unreadable(shop=shop)}, fingerprints={"p": "old"}), store)
    once(World({"p": Unreadable(shop=shop)}, fingerprints={"p": "old"}), store)
    assert len(shop.writes) == 1
    once(World({"p": Unreadable(shop=shop)}, fingerprints={"p": "new"}), store)
    assert len(shop.writes) == 2


def test_a_second_account_at_a_host_that_blocked_the_first_is_not_asked_either() -> None:
    bad, other, elsewhere = refusing(Blocked("abuse")), Shop(), Shop()
    store = Store(None, quiet)
    once(World({"bad": Unreadable(shop=bad)}), store)
    accounts: dict[str, Provider] = {
        "bad": Unreadable(shop=bad),
        "other": Unreadable(shop=other),
        "elsewhere": Readable(shop=elsewhere),  # at another host
    }
    pass_time(World(accounts), 23 * HOUR, store)
    assert (len(bad.writes), len(other.writes), len(elsewhere.writes)) == (1, 0, 1)


def test_wrong_credentials_of_one_account_stop_no_other_account() -> None:
    bad, other, store = refusing(BadCredentials("badauth")), Shop(), Store(None, quiet)
    pass_time(World({"bad": Unreadable(shop=bad), "other": Unreadable(shop=other)}), HOUR, store)
    assert (len(bad.writes), len(other.writes)) == (1, 1)


@pytest.mark.parametrize("years", [-10, 10])
@pytest.mark.parametrize("error", [Blocked("abuse"), Throttled("429", retry_after=20 * HOUR)])
def test_a_clock_that_jumps_while_the_agent_runs_ends_no_silence(error: ProviderError, years: int) -> None:
    shop, store = refusing(error), Store(None, quiet)
    world = World({"p": Unreadable(shop=shop)})

    async def go() -> None:
        running = asyncio.ensure_future(world.run(store, 3 * DAY))
        await asyncio.sleep(HOUR)
        world.jump = years * YEAR
        await asyncio.sleep(17 * HOUR)
        assert len(shop.writes) == 1
        await asyncio.sleep(8 * HOUR)
        assert len(shop.writes) == 2
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    live(go())


def test_a_machine_that_wakes_up_in_1970_asks_no_sooner() -> None:
    shop, store = refusing(Blocked("abuse")), Store(None, quiet)
    once(World({"p": Unreadable(shop=shop)}), store)
    early = World({"p": Unreadable(shop=shop)})
    early.jump = -57 * YEAR
    pass_time(early, HOUR, store)
    right = World({"p": Unreadable(shop=shop)})
    right.jump = 2 * HOUR
    pass_time(right, 20 * HOUR, store)
    assert len(shop.writes) == 1
    [trip] = store.circuits().values()
    assert trip.kind is Kind.BLOCK


def test_what_one_account_learns_holds_the_next_request_of_another_in_the_same_round() -> None:
    world = World({})
    wire = Wire(lambda request: Reply(200, b"good"))

    async def go() -> None:
        guard = Guard(Store(None, quiet), world.now, world.elapsed)
        one, two = (
            Account(name, DynDNS2(service="noip", username=name, password=Secret("x")), name)
            for name in ("one", "two")
        )
        transport = Guarded(wire, two, guard)
        await transport.send(Request("GET", "https://dynupdate.no-ip.com/"))
        guard.trip(one, Blocked("abuse"))
        with pytest.raises(NotSent, match="not sent: every account at dynupdate"):
            await transport.send(Request("GET", "https://dynupdate.no-ip.com/"))

    live(go())
    assert len(wire.sent) == 1


@pytest.mark.parametrize("jump", [90.0, -90.0, 2 * HOUR])
def test_a_clock_that_is_moved_by_however_little_ends_no_budget_early(jump: float) -> None:
    """Budgets are as short as a second: less than that is what a clock may be moved by unnoticed."""
    world, limit = World({}), Budget(1, 60)

    async def go() -> None:
        guard = Guard(Store(None, quiet), world.now, world.elapsed)
        guard.spend({"echo": limit})
        world.jump = jump
        assert guard.wait(["echo"], limit) == pytest.approx(66)
        await asyncio.sleep(59)
        assert guard.wait(["echo"], limit) == pytest.approx(7)
        await asyncio.sleep(7.1)
        assert guard.wait(["echo"], limit) == 0.0

    live(go())


# -- one name, changed again and again ------------------------------------------------------------


def test_a_flapping_address_is_sent_so_often_and_no_more() -> None:
    flips = count()
    shop, store = Shop(), Store(None, quiet)
    world = World({"p": Unreadable(shop=shop)}, says={RRType.A: lambda: f"8.8.8.{next(flips) % 200}"})
    world.interval = 60.0
    pass_time(world, 6 * HOUR, store)
    times = [at for at, _ in shop.writes]
    assert len(times) > 30
    assert all(later - at >= HOUR - 1 for at, later in zip(times, times[12:], strict=False))
    assert H in world.outcomes()
    assert any("changed 12 times within an hour" in str(one.error) for one in world.told())


def test_two_agents_that_fight_over_a_name_are_told_of_and_calm_down() -> None:
    shop, store = Shop(), Store(None, quiet)
    world = World({"p": Readable(shop=shop)})

    def other() -> None:
        """Whenever we look, the other one has been there."""
        if shop.writes:
            shop.put("home.example.com", "8.8.4.4")

    shop.looking = other
    pass_time(world, DAY, store)
    assert 5 <= len(shop.writes) <= 10  # instead of 288
    said = [str(one.error) for one in world.told() if one.outcome is H]
    assert any("somebody else has changed it" in text and "8.8.4.4" in text for text in said)
    shop.looking = lambda: None
    later = World({"p": Readable(shop=shop)})
    later.jump = DAY
    pass_time(later, 7 * HOUR, store)
    assert shop.addresses() == ["8.8.8.1"]


# -- services that tell addresses -----------------------------------------------------------------


def witness(name: str, limit: Budget | None, asked: list[tuple[float, str]], world: World) -> Told:
    def says() -> str:
        asked.append((world.now(), name))
        return "8.8.8.1"

    return Told(label=f"http:{name}", operator=name, says=says, limit=limit)


def test_in_a_restart_loop_no_service_is_asked_more_often_than_it_allows() -> None:
    """Killed each time: nothing is put down at the end."""
    asked: list[tuple[float, str]] = []
    shop, store, outcomes = Shop(), Store(None, quiet), list[Outcome]()
    for restart in range(60):
        world = World({"p": Readable(shop=shop)})
        world.jump = restart * 10.0
        limits = {"few": Budget(1, 60), "some": Budget(3, 60), "free": None}
        world.sources = {RRType.A: [witness(name, limit, asked, world) for name, limit in limits.items()]}

        async def killed(world: World = world) -> None:
            agent = world.agent(store)
            agent._guard.settle = lambda: None  # type: ignore[method-assign]
            outcomes.extend(one.outcome for one in (await agent.once()).targets)

        live(killed())
    for name, limit in (("few", Budget(1, 60)), ("some", Budget(3, 60))):
        times = [at for at, who in asked if who == name]
        assert len(times) >= 600 / 66 * limit.requests * 0.8
        assert all(b - a >= 60 for a, b in zip(times, times[limit.requests :], strict=False))
    assert len([who for _, who in asked if who == "free"]) > 30
    assert set(outcomes[1:]) == {Outcome.UNCHANGED}  # somebody else told the address each time


def test_a_day_of_looks_writes_seldom_to_the_disk_for_budgets() -> None:
    class Counting(Store):
        kept = 0

        def spend(self, spent: Mapping[str, Spent]) -> None:
            self.kept += 1
            super().spend(spent)

    store = Counting(None, quiet)
    asked: list[tuple[float, str]] = []
    world = World({"p": Readable(shop=Shop())})
    world.sources = {RRType.A: [witness(name, pools.USUAL, asked, world) for name in "ab"]}
    pass_time(world, DAY, store)
    assert len(asked) > 288 and store.kept < len(asked) / 8


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("grave", [Throttled("later", retry_after=900.0), BadCredentials("no")])
def test_of_errors_side_by_side_the_one_that_holds_for_the_account_is_not_lost(
    grave: ProviderError, order: int
) -> None:
    async def raises(error: ProviderError) -> None:
        raise error

    async def go() -> None:
        others = [Unintelligible("not JSON"), NotSent("not yet", retry_after=1e6), Throttled("soon")]
        errors = [*others[:2], grave, *others[2:]][::order]
        await a_few([raises(error) for error in errors])

    with pytest.raises(type(grave), match=str(grave)):
        live(go())


def test_what_one_of_several_requests_is_told_is_heard_while_another_one_hangs() -> None:
    told: list[ProviderError] = []

    async def refused() -> None:
        raise BadCredentials("no")

    async def hangs() -> None:
        await asyncio.Event().wait()

    async def go() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(a_few([hangs(), refused()], told.append), 60)

    live(go())
    assert [str(one) for one in told] == ["no"]


def test_patience_asked_of_a_look_is_had_where_no_address_is_known_either() -> None:
    """Nothing is to be done there, so nothing fails; but the service has spoken."""
    asked: list[float] = []

    def looking() -> None:
        asked.append(world.elapsed())
        raise Throttled("not so fast", retry_after=900.0)

    shop = Shop(looking=looking)
    world = World({"p": Readable(shop=shop)}, says={RRType.A: lambda: SourceError("no route")})
    pass_time(world, 2 * HOUR, Store(None, quiet))
    assert len(asked) > 3
    assert all(later - at >= 900 for at, later in pairwise(asked))


def test_a_family_that_was_refused_is_not_told_beside_the_other() -> None:
    key = (Name("home.example.com"), RRType.A)
    todo = Todo(Target(*key, "p"), Task(RRset(*key, frozenset({ip_address("8.8.8.1")}), None), ()), None)
    lost = Memory(wanted=frozenset({ip_address("2600::1")}), error="reset")
    assert with_sibling(todo, None, lost, "new").task.sibling is not None
    assert with_sibling(todo, None, lost._replace(stopped_by="new"), "new").task.sibling is None
    assert with_sibling(todo, None, lost._replace(stopped_by="old"), "new").task.sibling is not None


def test_what_waits_for_its_turn_is_let_go_of_when_nobody_waits_any_more() -> None:
    async def waits() -> None:
        await asyncio.Event().wait()

    work = [waits() for _ in range(3 * AT_ONCE)]

    async def go() -> None:
        task = asyncio.ensure_future(a_few(work))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    live(go())
    assert {inspect.getcoroutinestate(one) for one in work} == {inspect.CORO_CLOSED}
