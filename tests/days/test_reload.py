"""The setup changes while the agent runs, and work that hangs is given up; in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from homeport.agent import proofs
from homeport.agent.loop import HUNG, Agent
from homeport.agent.verify import Proof
from homeport.core.dns import Name, RRset, RRType, Zone
from homeport.core.errors import BadCredentials
from homeport.core.hint import HAND, Hint
from homeport.core.report import Outcome
from homeport.driver import Api, Provider
from homeport.state.store import Store
from homeport.wire.http import Reply, Request
from tests.days.world import DAY, HOUR, MINUTE, Readable, Shop, Unreadable, Wire, World, live, memory, quiet

A = RRType.A
ONE, TWO = "8.8.8.1", "8.8.8.2"
U, N, F, H = Outcome.UPDATED, Outcome.UNCHANGED, Outcome.FAILED, Outcome.HELD


@pytest.fixture(params=[Readable, Unreadable])
def kind(request: pytest.FixtureRequest) -> Callable[..., Provider]:
    """Both ways to be a provider."""
    provider: Callable[..., Provider] = request.param
    return provider


def during(world: World, script: Callable[[Agent, Store], Coroutine[Any, Any, None]]) -> Store:
    """Let the agent live as long as the script goes on."""
    store = Store(None, quiet)

    async def go() -> None:
        agent = world.agent(store)
        work = asyncio.ensure_future(agent.run())
        try:
            await script(agent, store)
            assert not work.done() or work.result()
        finally:
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work

    live(go())
    return store


async def adopt(agent: Agent, world: World, **changes: object) -> None:
    """The world as it is now, as `cli.forever` does it."""
    setup = world.setup()._replace(**changes)  # type: ignore[arg-type]
    taken = agent.adopt(setup, world)
    world.tell(Hint(HAND, "the configuration has changed"))
    await taken


def test_a_record_that_is_added_is_sent_and_the_others_are_left_alone(
    kind: Callable[..., Provider],
) -> None:
    shop = Shop()
    world = World({"p": kind(shop=shop)}, owners=["a.example.com"])

    async def script(agent: Agent, _: Store) -> None:
        await asyncio.sleep(10)
        world.owners = ["a.example.com", "b.example.com"]
        await adopt(agent, world)
        await asyncio.sleep(HOUR)
        world.owners = ["b.example.com"]
        await adopt(agent, world)
        await asyncio.sleep(HOUR)
        world.owners = ["a.example.com", "b.example.com"]
        await adopt(agent, world)
        await asyncio.sleep(HOUR)

    during(world, script)
    assert [set(said) for _, said in shop.writes] == [{"a.example.com"}, {"b.example.com"}]
    assert all(report.right for report in world.reports)


def test_a_change_that_was_sent_is_waited_for_across_a_reload(kind: Callable[..., Provider]) -> None:
    shop, gate = Shop(), asyncio.Event()
    shop.before = lambda owners: gate.wait()
    world = World({"p": kind(shop=shop)}, owners=["a.example.com"])

    async def script(agent: Agent, store: Store) -> None:
        await asyncio.sleep(MINUTE)
        assert len(shop.writes) == 1 and shop.held == {}
        world.owners = ["a.example.com", "b.example.com"]
        await adopt(agent, world)
        await asyncio.sleep(MINUTE)
        gate.set()
        await asyncio.sleep(HOUR)
        assert memory(store, "p", "a.example.com").acknowledged is not None

    during(world, script)
    assert [set(said) for _, said in shop.writes] == [{"a.example.com"}, {"b.example.com"}]


def test_an_account_that_vanishes_while_it_is_at_work_is_waited_for(kind: Callable[..., Provider]) -> None:
    shop, other, gate = Shop(), Shop(), asyncio.Event()
    shop.before = lambda owners: gate.wait()
    world = World({"p": kind(shop=shop), "q": kind(shop=other)}, verify=True)
    world.name_servers = {"ns1": lambda key: map(str, other.held.get(key, ()))}

    async def script(agent: Agent, store: Store) -> None:
        await asyncio.sleep(MINUTE)
        world.accounts = {"q": kind(shop=other)}
        await adopt(agent, world)
        gate.set()
        await asyncio.sleep(HOUR)
        assert memory(store, "p").acknowledged is not None

    during(world, script)
    assert len(shop.writes) == len(other.writes) == 1


def test_a_stop_is_not_lifted_by_a_reload_but_by_another_credential(
    kind: Callable[..., Provider],
) -> None:
    shop = Shop()

    def refuse(_: Collection[Name]) -> None:
        raise BadCredentials("no")

    shop.before = refuse
    world = World({"p": kind(shop=shop)}, owners=["a.example.com"])

    async def script(agent: Agent, _: Store) -> None:
        await asyncio.sleep(MINUTE)
        for owners in (["b.example.com"], ["a.example.com"]) * 3:
            shop.before = refuse if owners == ["a.example.com"] else lambda owners: None
            world.owners = owners
            await adopt(agent, world)
            await asyncio.sleep(MINUTE)
        assert [said for _, said in shop.writes if "a.example.com" in said] == [{"a.example.com": [ONE]}]
        shop.before = lambda owners: None
        world.fingerprints = {"p": "another"}
        await adopt(agent, world)
        await asyncio.sleep(MINUTE)

    during(world, script)
    assert shop.addresses("a.example.com") == [ONE]


# -- names that vanished -------------------------------------------------------------------------


def test_of_a_name_that_vanished_only_what_is_ours_is_taken_away() -> None:
    shop = Shop()
    owners = ["a.example.com", "b.example.com", "c.example.com"]
    world = World({"p": Readable(shop=shop)}, owners=owners)

    async def script(agent: Agent, store: Store) -> None:
        await asyncio.sleep(MINUTE)
        shop.put("b.example.com", "9.9.9.9")  # a person has other plans with it
        world.owners = ["c.example.com"]
        await adopt(agent, world)
        await asyncio.sleep(HOUR)
        assert shop.addresses("a.example.com") == [ONE]  # nobody has said that it shall go
        await adopt(agent, world, remove_vanished=True)
        await asyncio.sleep(HOUR)
        assert [change.event for change in store.history("a.example.com")] == ["updated", "updated"]

    during(world, script)
    assert shop.addresses("a.example.com") == []
    assert shop.addresses("b.example.com") == ["9.9.9.9"]
    assert shop.addresses("c.example.com") == [ONE]
    assert len(shop.writes) == 4


def test_a_name_that_is_put_back_after_it_was_taken_away_is_published_again() -> None:
    shop = Shop()
    world = World({"p": Readable(shop=shop)}, owners=["a.example.com", "b.example.com"])

    async def script(agent: Agent, _: Store) -> None:
        for owners in (["a.example.com", "b.example.com"], ["b.example.com"]) * 2:
            world.owners = owners
            await adopt(agent, world, remove_vanished=True)
            await asyncio.sleep(MINUTE)
            assert shop.addresses("a.example.com") == ([ONE] if len(owners) > 1 else [])

    during(world, script)


# -- work that hangs -----------------------------------------------------------------------------


async def heal(agent: Agent, seconds: float) -> list[str]:
    """What `cli.pulse` does at each beat; returns what hung."""
    found = []
    for _ in range(int(seconds / 5)):
        await asyncio.sleep(5)
        for what, task in agent.hung():
            found.append(what)
            agent.give_up(task)
    return found


def test_work_that_hangs_is_given_up_and_tried_again(kind: Callable[..., Provider]) -> None:
    shop = Shop()
    shop.before = lambda owners: asyncio.Event().wait()
    world = World({"p": kind(shop=shop)})

    async def script(agent: Agent, store: Store) -> None:
        assert await heal(agent, HUNG - 5) == []
        [what] = await heal(agent, 30)
        assert what.startswith("account p: no sign of progress")
        assert "given up" in (memory(store, "p").error or "")
        shop.before = lambda owners: None
        assert await heal(agent, HOUR) == []

    during(world, script)
    assert shop.addresses() == [ONE] and len(shop.writes) == 2
    assert world.outcomes()[-1] is N


def test_work_that_was_given_up_is_tried_again_soon_however_seldom_a_look_is_taken() -> None:
    shop = Shop()
    shop.before = lambda owners: asyncio.Event().wait()
    world = World({"p": Readable(shop=shop)}, interval=5 * DAY)

    async def script(agent: Agent, _: Store) -> None:
        await heal(agent, HUNG + 30)
        shop.before = lambda owners: None
        await heal(agent, HOUR)

    during(world, script)
    assert shop.addresses() == [ONE]
    assert world.outcomes()[-1].right


def test_what_was_concluded_before_it_hung_is_not_sent_again() -> None:
    shop, owners = Shop(), [f"n{n}.example.com" for n in range(4)]
    shop.before = lambda names: asyncio.Event().wait() if names == (Name("n3.example.com"),) else None
    world = World({"p": Unreadable(shop=shop)}, owners=owners)

    async def script(agent: Agent, _: Store) -> None:
        await heal(agent, HUNG + 30)
        shop.before = lambda names: None
        await heal(agent, HOUR)

    during(world, script)
    sent = [name for _, said in shop.writes for name in said]
    assert sorted(sent) == [*owners, "n3.example.com"]


@dataclass(frozen=True, kw_only=True)
class Wired(Readable):
    """A service whose changes are requests that take their time."""

    async def put(self, api: Api, zone: Zone, wanted: RRset) -> None:
        await api.transport.send(Request("PUT", "https://api.example.com"))
        await super().put(api, zone, wanted)


def test_slow_work_that_gets_on_is_left_alone() -> None:
    shop, owners = Shop(), [f"n{n}.example.com" for n in range(80)]
    world = World({"p": Wired(shop=shop)}, owners=owners)
    one_by_one = asyncio.Lock()

    class Slow(Wire):
        async def send(self, request: Request) -> Reply:
            async with one_by_one:
                await asyncio.sleep(40)
            return Reply(200)

    world.wires = {"p": Slow(lambda request: Reply(200))}

    async def script(agent: Agent, _: Store) -> None:
        assert await heal(agent, HOUR) == []

    during(world, script)
    assert len(shop.writes) == 80


def test_a_round_that_hangs_is_given_up_and_another_begins() -> None:
    shop = Shop()
    world = World({"p": Readable(shop=shop)})
    hangs = True

    async def rest() -> None:
        if hangs:
            await asyncio.Event().wait()

    object.__setattr__(world, "rest", rest)

    async def script(agent: Agent, _: Store) -> None:
        nonlocal hangs
        [what] = await heal(agent, HUNG + 30)
        assert what.startswith("a round has taken")
        hangs = False
        assert await heal(agent, HUNG) != []  # the second one hung as well
        assert await heal(agent, HOUR) == [] and agent.late == 0

    during(world, script)
    assert shop.addresses() == [ONE] and len(world.reports) > 5


def test_a_verification_that_hangs_is_ended_and_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop()
    world = World({"p": Readable(shop=shop)}, verify=True)
    world.name_servers = {"ns1": lambda key: map(str, shop.held.get(key, ()))}

    async def hang(*_: object, **__: object) -> Proof:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(proofs, "verify", hang)

    async def script(agent: Agent, store: Store) -> None:
        assert await heal(agent, proofs.LONG + HUNG - 5) == []
        monkeypatch.undo()
        [what] = await heal(agent, 30)
        assert what.startswith("home.example.com A (p): its verification has taken")
        assert memory(store, "p").verified_at is not None

    during(world, script)
    assert len(world.proofs) == 1
