"""Whole days and years of the agent, in virtual time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from homeport.agent import loop, proofs
from homeport.agent.decide import Settled, Todo
from homeport.agent.observe import survey
from homeport.core.circuit import lift
from homeport.core.dns import Key, Name, RRType
from homeport.core.errors import (
    BadCredentials,
    NoAnswer,
    NoSuchName,
    ProviderError,
    Refused,
    SourceError,
    Throttled,
    Unintelligible,
    Unreachable,
)
from homeport.core.observation import Absent
from homeport.core.report import Outcome
from homeport.core.schedule import LADDER, Target
from homeport.core.secret import Secret
from homeport.driver import Api, Budget, Provider, Update, Verdict
from homeport.providers.cloudflare import Cloudflare
from homeport.providers.dyndns2 import DynDNS2
from homeport.state.store import Store
from homeport.wire.http import Reply, Request
from tests.days.world import (
    DAY,
    HOUR,
    MINUTE,
    START,
    YEAR,
    Readable,
    Shop,
    Told,
    Unreadable,
    Wire,
    World,
    live,
    memory,
    quiet,
)
from tests.fakes.cloudflare import FakeCloudflare
from tests.fakes.dyndns2 import FakePlain
from tests.fakes.ovh import FakeOVH

A, AAAA = RRType.A, RRType.AAAA
U, N, F, H, X = Outcome.UPDATED, Outcome.UNCHANGED, Outcome.FAILED, Outcome.HELD, Outcome.UNKNOWN
ONE, TWO = "8.8.8.1", "8.8.8.2"
SIX, SEVEN = "2600:1::6", "2600:1::7"


@pytest.fixture(params=[Readable, Unreadable])
def kind(request: pytest.FixtureRequest) -> Callable[..., Provider]:
    """Both ways to be a provider."""
    provider: Callable[..., Provider] = request.param
    return provider


def pass_time(world: World, seconds: float, store: Store | None = None) -> Store:
    """Let the agent live so long, from a fresh start; returns its store."""
    store = store or Store(None, quiet)

    async def go() -> None:
        await world.run(store, seconds)

    live(go())
    return store


def timeline(*steps: tuple[float, str | BaseException]) -> tuple[World, Callable[[], str | BaseException]]:
    """A world, and what its source says: each word from its second on."""
    world = World({})

    def says() -> str | BaseException:
        return [word for second, word in steps if second <= world.elapsed()][-1]

    world.says = {A: says}
    return world, says


# -- quiet times ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "rounds"), [(Unreadable, 10_000), (Readable, 1_000)])
def test_ten_thousand_rounds_with_the_same_address_are_one_update(
    kind: Callable[..., Provider], rounds: int
) -> None:
    shop = Shop()
    world = World({"p": kind(shop=shop)})
    pass_time(world, rounds * 300.0)
    assert len(world.reports) == rounds
    assert [written for _, written in shop.writes] == [{"home.example.com": [ONE]}]
    assert world.outcomes() == [U] + [N] * (len(world.reports) - 1)
    assert all(report.right for report in world.reports)


def test_a_name_that_the_service_would_forget_is_sent_again_thirteen_times_a_year() -> None:
    shop = Shop()
    world = World({"p": Unreadable(shop=shop, days=28)}, interval=6 * HOUR)
    store = pass_time(world, YEAR)
    assert 13 <= len(shop.writes) - 1 <= 14
    gaps = [b - a for (a, _), (b, _) in zip(shop.writes, shop.writes[1:], strict=False)]
    assert all(25 * DAY < gap <= 28.5 * DAY for gap in gaps)
    events = [line.event for line in store.history()]
    assert events == ["updated"] + ["refreshed"] * (len(shop.writes) - 1)


def test_the_refreshes_of_many_names_do_not_fall_on_one_day() -> None:
    shop = Shop()
    owners = [f"n{n}.example.com" for n in range(20)]
    pass_time(World({"p": Unreadable(shop=shop, days=28)}, owners=owners, interval=6 * HOUR), 29 * DAY)
    days = {int((at - START) / DAY) for at, _ in shop.writes[20:]}
    assert len(shop.writes) == 40 and len(days) >= 3


def test_rounds_are_spread_by_chance_around_the_interval() -> None:
    world = World({"p": Readable(shop=Shop())})
    world.dice = 0.0
    pass_time(world, HOUR)
    assert set(world.pauses) == {285.0}


# -- the address changes -------------------------------------------------------------------------


def test_each_new_address_is_published_in_the_round_that_sees_it(kind: Callable[..., Provider]) -> None:
    world, _ = timeline((0, ONE), (HOUR, TWO), (2 * HOUR, ONE))
    shop = Shop()
    world.accounts = {"p": kind(shop=shop)}
    store = pass_time(world, 3 * HOUR)
    assert [written["home.example.com"] for _, written in shop.writes] == [[ONE], [TWO], [ONE]]
    for change, (at, _) in zip((0, HOUR, 2 * HOUR), shop.writes, strict=True):
        assert 0 <= at - START - change <= 315
    flips = [(line.before, line.after) for line in store.history()]
    one, two = frozenset({ip_address(ONE)}), frozenset({ip_address(TWO)})
    assert flips[1:] == [(one, two), (two, one)]


def test_a_wake_up_call_starts_a_round_at_once() -> None:
    world = World({"p": Readable(shop=Shop())})

    async def go() -> None:
        running = asyncio.ensure_future(world.run(Store(None, quiet), DAY))
        await asyncio.sleep(10 * HOUR + 1)
        before = len(world.reports)
        world.bell.set()
        await asyncio.sleep(0.5)
        assert len(world.reports) == before + 1
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    live(go())


@pytest.mark.parametrize(
    "address",
    ["192.168.1.4", "100.64.0.1", "127.0.0.1", "169.254.1.1", "0.0.0.0", "224.0.0.1", "203.0.113.7"],
)
def test_what_the_internet_cannot_reach_is_never_published(
    kind: Callable[..., Provider], address: str
) -> None:
    world, _ = timeline((0, ONE), (HOUR, address))
    shop = Shop()
    world.accounts = {"p": kind(shop=shop)}
    pass_time(world, 2 * HOUR)
    assert shop.addresses() == [ONE] and len(shop.writes) == 1
    assert world.outcomes()[-1] is X
    assert "not for publication" in str(world.told()[-1].error)


@pytest.mark.parametrize("error", [SourceError("<html>log in to the hotel network</html>"), TimeoutError()])
def test_an_address_that_cannot_be_told_changes_nothing(
    kind: Callable[..., Provider], error: BaseException
) -> None:
    world, _ = timeline((0, ONE), (HOUR, error), (5 * HOUR, ONE))
    shop = Shop()
    world.accounts = {"p": kind(shop=shop)}
    pass_time(world, 6 * HOUR)
    assert shop.addresses() == [ONE] and len(shop.writes) == 1
    assert X in world.outcomes() and world.outcomes()[-1] is N
    assert F not in world.outcomes()


def test_an_address_that_cannot_be_seen_is_looked_for_more_often_but_not_for_ever() -> None:
    world, _ = timeline((0, ONE), (HOUR, SourceError("no")))
    world.accounts = {"p": Readable(shop=Shop())}
    pass_time(world, DAY)
    assert 50 <= world.pauses.count(60.0) <= 61
    assert world.pauses[-1] == 300.0


def test_a_family_that_cannot_be_seen_does_not_keep_the_other_waiting() -> None:
    shop = Shop()
    hanging = World(
        {"p": Readable(shop=shop), "q": Unreadable(shop=shop)},
        says={A: lambda: None, AAAA: lambda: SIX},  # IPv4 hangs until its deadline
    )
    pass_time(hanging, 200)
    assert shop.addresses(rrtype=AAAA) == [SIX] and shop.addresses() == []
    at = [at - START for at, _ in shop.writes]
    assert len(at) == 2 and all(second < 1 for second in at)
    assert hanging.outcomes(rrtype=AAAA)[:2] == [U, U] and set(hanging.outcomes()) == {X}
    assert not hanging.reports[0].right


def test_none_on_purpose_withdraws_the_addresses_and_unknown_does_not() -> None:
    world, _ = timeline((0, ONE), (HOUR, SourceError("?")), (2 * HOUR, ""))
    shop = Shop()
    world.accounts = {"p": Readable(shop=shop)}
    pass_time(world, 3 * HOUR)
    assert [written["home.example.com"] for _, written in shop.writes] == [[ONE], []]
    assert shop.writes[1][0] - START >= 2 * HOUR


# -- a family that this machine does not have ----------------------------------------------------


def no_ipv6(shop: Shop, kind: Callable[..., Provider]) -> World:
    return World(
        {"p": kind(shop=shop)},
        says={A: lambda: ONE, AAAA: lambda: SourceError("no route")},
        routes=[A],
    )


def test_a_default_family_that_is_absent_is_all_right_while_nothing_is_published(
    kind: Callable[..., Provider],
) -> None:
    shop = Shop()
    world = no_ipv6(shop, kind)
    pass_time(world, HOUR)
    assert set(world.outcomes(rrtype=AAAA)) == {N}
    assert world.reports[0].right and shop.addresses(rrtype=AAAA) == []
    assert isinstance(world.reports[0].sights["default", AAAA].observation, Absent)


def test_what_is_published_of_an_absent_family_stays_and_is_told() -> None:
    shop = Shop()
    shop.put("home.example.com", SIX)
    world = no_ipv6(shop, Readable)
    pass_time(world, HOUR)
    assert set(world.outcomes(rrtype=AAAA)) == {X}
    assert shop.addresses(rrtype=AAAA) == [SIX]
    assert "stays" in str(world.told(rrtype=AAAA)[0].error)
    assert not world.reports[0].right


def test_a_family_that_goes_away_takes_nothing_with_it() -> None:
    shop = Shop()
    world = World({"p": Unreadable(shop=shop)}, says={A: lambda: ONE, AAAA: lambda: SIX})
    store = pass_time(world, HOUR)
    gone = no_ipv6(shop, Unreadable)
    pass_time(gone, HOUR, store)
    assert set(gone.outcomes(rrtype=AAAA)) == {X}
    assert shop.addresses(rrtype=AAAA) == [SIX] and len(shop.writes) == 2


def test_an_absent_family_that_is_there_again_is_right_again_and_nothing_is_left_of_the_trouble() -> None:
    shop = Shop()
    shop.put("home.example.com", SIX)
    store = pass_time(no_ipv6(shop, Readable), HOUR)
    assert memory(store, "p", rrtype=AAAA).error is not None
    back = World({"p": Readable(shop=shop)}, says={A: lambda: ONE, AAAA: lambda: SIX})
    pass_time(back, HOUR, store)
    assert set(back.outcomes(rrtype=AAAA)) == {N}
    assert memory(store, "p", rrtype=AAAA).error is None


# -- providers in trouble ------------------------------------------------------------------------


def fails_for(name: str, error: ProviderError) -> Callable[[Collection[Name]], None]:
    def before(owners: Collection[Name]) -> None:
        if Name(name) in owners:
            raise error

    return before


def test_of_two_names_one_fails_and_the_report_says_which(kind: Callable[..., Provider]) -> None:
    shop = Shop(before=fails_for("b.example.com", Refused("CNAME in the way")))
    world = World({"p": kind(shop=shop)}, owners=["a.example.com", "b.example.com"])
    pass_time(world, HOUR)
    assert world.outcomes("a.example.com")[:2] == [U, N]
    assert world.outcomes("b.example.com")[:2] == [F, H]
    assert not any(report.right for report in world.reports)
    assert "CNAME in the way" in str(world.told("b.example.com")[-1].error)
    assert len([w for _, w in shop.writes if "b.example.com" in w]) == 1


def test_a_provider_that_is_down_for_three_hours_hurts_nobody_else_and_is_not_hammered(
    kind: Callable[..., Provider],
) -> None:
    world, _ = timeline((0, ONE), (5 * HOUR, TWO))
    down, well = Shop(), Shop()

    def before(owners: Collection[Name]) -> None:
        if 5 * HOUR <= world.elapsed() < 8 * HOUR:
            raise Unreachable("connection refused")

    down.before = before
    world.accounts = {"down": kind(shop=down), "well": kind(shop=well)}
    store = pass_time(world, 10 * HOUR)
    assert down.addresses() == well.addresses() == [TWO]
    tries = [at - START for at, _ in down.writes if 5 * HOUR <= at - START < 8 * HOUR]
    assert 5 <= len(tries) <= 10
    assert well.writes[-1][0] - START < 5 * HOUR + 330
    assert down.writes[-1][0] - START < 9.3 * HOUR
    events = [line.event for line in store.history() if line.target.account == "down"]
    assert events == ["updated", "failed", "updated"]


def test_a_provider_that_asks_for_patience_gets_it(kind: Callable[..., Provider]) -> None:
    world, _ = timeline((0, ONE), (HOUR, TWO))
    shop = Shop()

    def before(owners: Collection[Name]) -> None:
        if world.elapsed() >= HOUR and len(shop.writes) == 2:
            raise Throttled("429", retry_after=2 * HOUR)

    shop.before = before
    world.accounts = {"p": kind(shop=shop)}
    store = pass_time(world, 1.5 * HOUR)
    assert "waiting" in str(world.told()[-1].error) and world.outcomes()[-1] is H
    again = World({"p": kind(shop=shop)}, says={A: lambda: TWO})
    again.jump = 1.5 * HOUR
    pass_time(again, 2 * HOUR, store)  # a restart does not lift it
    moments = [at - START for at, _ in shop.writes]
    assert len(moments) == 3 and moments[2] - moments[1] >= 2 * HOUR
    assert moments[2] - moments[1] <= 2 * HOUR + 1


def test_a_throttled_account_is_sent_nothing_more_in_that_round() -> None:
    shop = Shop(before=fails_for("n0.example.com", Throttled("429")))
    owners = [f"n{n}.example.com" for n in range(50)]
    world = World({"p": Unreadable(shop=shop)}, owners=owners)
    pass_time(world, 60)
    assert len(shop.writes) == 1
    assert {one.outcome for one in world.reports[0].targets} == {F}


@pytest.mark.parametrize("most", [1, 20])
def test_wrong_credentials_of_fifty_names_are_shown_once_and_never_again(most: int) -> None:
    owners = [f"n{n}.example.com" for n in range(50)]

    def before(owners: object) -> None:
        raise BadCredentials("badauth")

    shop, well = Shop(before=before), Shop()
    accounts = {"bad": Unreadable(shop=shop, most=most), "good": Unreadable(shop=well)}
    world = World(accounts, owners=owners, says={A: lambda: ONE, AAAA: lambda: SIX})
    store = pass_time(world, 2 * HOUR)
    assert len(shop.writes) == 1
    assert len(well.writes) == 100
    assert all(m.stopped_by == "bad" for t, m in store.memories().items() if t.account == "bad")

    restarted = World(accounts, owners=owners, says={A: lambda: TWO, AAAA: lambda: SEVEN})
    pass_time(restarted, HOUR, store)
    assert len(shop.writes) == 1
    assert len(well.writes) == 200

    # another password is tried at once
    changed = World(accounts, owners=owners, fingerprints={"bad": "another"})
    pass_time(changed, HOUR, store)
    assert len(shop.writes) == 2


def test_fifty_names_with_a_wrong_password_are_one_request_of_dyndns2() -> None:
    fake, owners = FakePlain(), [f"n{n}.example.com" for n in range(50)]
    wire = Wire(fake)
    world = World({"dyn": fake.driver("wrong")}, owners=owners, wires={"dyn": wire})
    pass_time(world, DAY)
    assert len(wire.sent) == 1
    assert set(world.outcomes("n49.example.com")[1:]) == {H}


def test_fifty_names_with_a_wrong_token_are_one_request_of_cloudflare() -> None:
    fake, owners = FakeCloudflare(), [f"n{n}.example.com" for n in range(50)]
    wire = Wire(fake)
    world = World({"cf": fake.driver("wrong")}, owners=owners, wires={"cf": wire})
    pass_time(world, DAY)
    assert len(wire.sent) == 1
    assert fake.rows == []


def test_a_family_that_is_seen_later_does_not_show_wrong_credentials_a_second_time() -> None:
    def before(owners: object) -> None:
        raise BadCredentials("badauth")

    async def late() -> frozenset[Any]:
        await asyncio.sleep(2)
        return frozenset({ip_address(SIX)})

    class Late(Told):
        async def observe(self, net: object, rrtype: RRType) -> frozenset[Any]:
            return await late()

    shop = Shop(before=before)
    world = World({"p": Unreadable(shop=shop)})
    world.sources = {
        A: [Told(label="a", operator="me", says=lambda: ONE)],
        AAAA: [Late(label="b", operator="me", says=lambda: SIX)],
    }
    store = pass_time(world, HOUR)
    assert len(shop.writes) == 1
    assert world.outcomes(rrtype=AAAA)[0] is F
    assert memory(store, "p", rrtype=AAAA).stopped_by == "p"


def test_an_account_that_is_refused_stops_the_names_that_were_right_too() -> None:
    """They would show the same credentials at their next change."""
    world, says = timeline((0, ONE), (2 * HOUR, TWO))
    world.says = {A: says, AAAA: lambda: SIX if world.elapsed() < HOUR else SEVEN}

    def before(owners: object) -> None:
        if world.elapsed() >= HOUR:
            raise BadCredentials("badauth")

    shop = Shop(before=before)
    world.accounts = {"p": Unreadable(shop=shop)}
    store = pass_time(world, 4 * HOUR)
    assert len(shop.writes) == 3
    assert memory(store, "p").stopped_by == "p" and world.outcomes()[-1] is H


def test_retry_lifts_a_stop_while_the_agent_runs() -> None:
    refuse = [True]

    def before(owners: object) -> None:
        if refuse[0]:
            raise BadCredentials("badauth")

    shop = Shop(before=before)
    world = World({"p": Unreadable(shop=shop)})
    store = Store(None, quiet)

    async def go() -> None:
        running = asyncio.ensure_future(world.run(store, DAY))
        await asyncio.sleep(6 * HOUR + 1)
        assert len(shop.writes) == 1
        refuse[0] = False
        store.save({target: kept.freed() for target, kept in store.memories().items()})
        store.trip({key: lift(trip) for key, trip in store.circuits().items()})
        world.bell.set()
        await asyncio.sleep(1)
        assert len(shop.writes) == 2 and shop.addresses() == [ONE]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    live(go())
    assert [line.event for line in store.history()] == ["stopped", "updated"]


# -- lost answers --------------------------------------------------------------------------------


def loses(number: int, error: ProviderError) -> Callable[[object], None]:
    """The answer to the n-th write is lost, after it was carried out."""
    seen: list[object] = []

    def after(owners: object) -> None:
        seen.append(owners)
        if len(seen) == number:
            raise error

    return after


def test_where_it_can_be_read_a_lost_answer_is_cleared_up_in_the_same_round() -> None:
    shop = Shop(after=loses(1, NoAnswer("timed out")))
    world = World({"p": Readable(shop=shop)})
    store = pass_time(world, HOUR)
    assert len(shop.writes) == 1 and len(shop.reads) >= 2
    assert world.outcomes()[:2] == [U, N]
    assert [line.event for line in store.history()] == ["updated"]


@pytest.mark.parametrize("error", [NoAnswer("timed out"), Unreachable("500"), Unintelligible("a web page")])
def test_what_may_not_be_published_is_published_in_a_later_round(error: ProviderError) -> None:
    """The record is changed and its zone is not refreshed: a look shows nothing amiss."""
    fake = FakeOVH()
    fake.owner = "home.example.com"
    fails = [error]

    def wire(request: Request) -> Reply:
        if request.url.endswith("/refresh") and fails:
            raise fails.pop()
        return fake(request)

    world = World({"p": fake.driver(fake.good)}, wires={"p": Wire(wire)})
    pass_time(world, HOUR)
    assert world.outcomes()[:3] == [F, U, N]
    assert fake.held("home.example.com", "A") == [ONE]
    refreshes = [request for request in world.wires["p"].sent if request.url.endswith("/refresh")]
    assert len(refreshes) == 2


def test_after_a_lost_answer_the_status_is_that_of_an_update() -> None:
    """Caught: the outcome was not kept, and `status` called the target new."""
    shop = Shop(after=loses(1, NoAnswer("timed out")))
    world = World({"p": Readable(shop=shop)})
    store = pass_time(world, 10)
    assert memory(store, "p").outcome == "updated" and len(world.reports) >= 1


def test_where_it_can_be_read_a_lost_request_is_sent_again_in_the_same_round() -> None:
    shop = Shop(before=loses(1, NoAnswer("reset")))
    world = World({"p": Readable(shop=shop)})
    pass_time(world, HOUR)
    assert len(shop.writes) == 2 and shop.addresses() == [ONE]
    assert {at for at, _ in shop.writes} == {START}
    assert world.outcomes()[:2] == [U, N]


@pytest.mark.parametrize("error", [NoAnswer("timed out"), Unintelligible("a web page")])
def test_where_it_cannot_be_read_a_lost_answer_is_believed_neither_way(error: ProviderError) -> None:
    shop = Shop(after=loses(1, error))
    world = World({"p": Unreadable(shop=shop)})
    pass_time(world, DAY)
    assert len(shop.writes) == 2 and shop.addresses() == [ONE]
    assert world.outcomes()[0] is F and world.outcomes()[-1] is N
    assert world.told()[0].live is None or isinstance(error, Unintelligible)


@pytest.mark.parametrize("error", [NoAnswer("timed out"), Unintelligible("a web page")])
def test_an_address_that_flips_back_right_after_a_lost_answer_is_sent_again(
    kind: Callable[..., Provider], error: ProviderError
) -> None:
    """Caught, for an answer that is not understood: the old acknowledgement was still believed."""
    world, _ = timeline((0, ONE), (HOUR, TWO), (HOUR + 400, ONE))
    shop = Shop(after=loses(2, error))
    world.accounts = {"p": kind(shop=shop)}
    pass_time(world, DAY)
    assert shop.addresses() == [ONE]
    assert world.outcomes()[-1] is N


def test_where_it_cannot_be_read_nobody_believes_what_was_before_an_answer_that_never_came() -> None:
    """The service takes it and does not answer; the agent is ended meanwhile, and begun anew."""
    world, _ = timeline((0, ONE), (HOUR, TWO), (HOUR + 330, ONE))
    shop = Shop(after=lambda _: forever() if len(shop.writes) == 2 else None)
    world.accounts = {"p": Unreadable(shop=shop)}
    store = Store(None, quiet)

    async def go() -> None:
        await world.run(store, HOUR + 350)
        await world.run(store, HOUR)

    live(go())
    assert [held for _, told in shop.writes for held in told.values()] == [[ONE], [TWO], [ONE]]
    assert memory(store, "p").acknowledged == frozenset({ip_address(ONE)})


def test_the_name_servers_are_not_believed_right_after_a_lost_answer() -> None:
    """They may still show what was there before: here the old address, which is wanted again."""
    world, _ = timeline((0, ONE), (HOUR, TWO), (HOUR + 400, ONE))
    shop = Shop(after=loses(2, NoAnswer("timed out")))
    world.accounts = {"p": Unreadable(shop=shop)}

    def lagging(key: Key) -> list[str]:
        return [ONE]  # for as long as this test lasts

    world.name_servers = {"ns1": lagging}
    pass_time(world, 2 * HOUR)
    assert shop.addresses() == [ONE]


# -- drift ---------------------------------------------------------------------------------------


def test_a_record_that_was_changed_by_hand_is_mended_in_the_next_round() -> None:
    shop = Shop()
    world = World({"p": Readable(shop=shop)})

    async def go() -> None:
        running = asyncio.ensure_future(world.run(Store(None, quiet), DAY))
        await asyncio.sleep(6 * HOUR)
        shop.put("home.example.com", "8.8.4.4")
        await asyncio.sleep(316)
        assert shop.addresses() == [ONE]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    live(go())
    assert len(shop.writes) == 2


def test_at_a_service_that_cannot_be_read_the_name_servers_show_what_was_changed_by_hand() -> None:
    shop = Shop()
    world = World({"p": Unreadable(shop=shop)})
    world.name_servers = {"ns1": lambda key: map(str, shop.held.get(key, ()))}

    async def go() -> None:
        running = asyncio.ensure_future(world.run(Store(None, quiet), 3 * DAY))
        await asyncio.sleep(DAY)
        shop.put("home.example.com", "8.8.4.4")
        await asyncio.sleep(316)
        assert shop.addresses() == [ONE]
        shop.after = lambda owners: shop.put("home.example.com", "8.8.4.4")  # somebody else insists
        shop.put("home.example.com", "8.8.4.4")
        await asyncio.sleep(DAY)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    live(go())
    assert 5 <= len(shop.writes) <= 6  # every six hours, since repetition is punished


def test_a_name_that_was_right_before_us_is_adopted_refreshed_and_mended() -> None:
    """Caught: what was adopted was neither refreshed nor mended, since each round dated it anew."""
    shop = Shop()
    shop.put("home.example.com", ONE)
    world = World({"p": Unreadable(shop=shop, days=28)}, interval=HOUR)
    world.name_servers = {"ns1": lambda key: map(str, shop.held.get(key, ()))}

    async def go() -> None:
        running = asyncio.ensure_future(world.run(Store(None, quiet), 40 * DAY))
        await asyncio.sleep(10 * DAY)
        assert shop.writes == []
        shop.put("home.example.com", "8.8.4.4")
        await asyncio.sleep(1.1 * HOUR)
        assert shop.addresses() == [ONE] and len(shop.writes) == 1
        await asyncio.sleep(28.5 * DAY)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    live(go())
    assert len(shop.writes) == 2


def test_when_the_first_name_server_is_out_of_order_the_second_is_asked() -> None:
    """Caught: the error of the first ended the look."""
    shop = Shop()
    shop.put("home.example.com", ONE)
    world = World({"p": Unreadable(shop=shop)})

    def dead(key: Key) -> Iterable[str]:
        raise Unreachable("no answer")

    world.name_servers = {"ns1": dead, "ns2": lambda key: [ONE]}
    pass_time(world, HOUR)
    assert shop.writes == []
    assert set(world.outcomes()) == {N}


# -- clocks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_jumps_by_ten_years_disturbs_nothing(
    kind: Callable[..., Provider], years: int
) -> None:
    shop = Shop()
    world = World({"p": kind(shop=shop)})

    async def go() -> None:
        running = asyncio.ensure_future(world.run(Store(None, quiet), 2 * DAY))
        await asyncio.sleep(DAY)
        world.jump = years * YEAR
        await asyncio.sleep(DAY - 400)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    live(go())
    assert len(shop.writes) == 1
    assert len(world.reports) == pytest.approx(2 * 288, rel=0.06)
    assert set(world.outcomes()[1:]) == {N}


@pytest.mark.parametrize("years", [-10, 10])
def test_after_a_jump_of_the_clock_a_provider_in_trouble_is_neither_hammered_nor_forgotten(
    kind: Callable[..., Provider], years: int
) -> None:
    def before(owners: object) -> None:
        raise Throttled("429", retry_after=HOUR)

    shop = Shop(before=before)
    world = World({"p": kind(shop=shop)})

    async def go() -> None:
        running = asyncio.ensure_future(world.run(Store(None, quiet), 3 * DAY))
        await asyncio.sleep(DAY + HOUR / 2)
        world.jump = years * YEAR
        await asyncio.sleep(DAY)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    live(go())
    assert 8 <= len(shop.writes) <= 13  # waits of 1, 1, 6, 6 ... hours, and one try for the jump


def test_a_machine_without_a_clock_of_its_own_starts_in_1970_and_is_right() -> None:
    shop = Shop()
    world = World({"p": Unreadable(shop=shop, days=28)})
    world.jump = -START

    async def go() -> None:
        running = asyncio.ensure_future(world.run(Store(None, quiet), HOUR))
        await asyncio.sleep(60)
        world.jump = 0.0
        await asyncio.sleep(HOUR - 400)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    live(go())
    assert 1 <= len(shop.writes) <= 2 and shop.addresses() == [ONE]  # at most one refresh too many


# -- starting and waiting ------------------------------------------------------------------------


def test_before_the_network_is_there_the_agent_looks_again_soon_and_then_at_its_interval() -> None:
    world, _ = timeline((0, SourceError("no route")), (5 * MINUTE, ONE))
    shop = Shop()
    world.accounts = {"p": Readable(shop=shop)}
    pass_time(world, HOUR)
    ladder = len([word for word in world.outcomes() if word is X])
    assert world.pauses[:ladder] == [*LADDER[:ladder]]
    assert 5 * MINUTE <= shop.writes[0][0] - START <= 6 * MINUTE
    assert set(world.pauses[ladder:]) == {300.0}


def test_a_provider_that_cannot_be_reached_yet_is_tried_on_the_same_ladder() -> None:
    world = World({})

    def before(owners: object) -> None:
        if world.elapsed() < 60:
            raise Unreachable("no route")

    shop = Shop(before=before)
    world.accounts = {"p": Unreadable(shop=shop)}
    pass_time(world, HOUR)
    assert [at - START for at, _ in shop.writes] == [0, 2, 6, 14, 30, 62]


def test_a_provider_that_is_out_of_order_from_the_start_is_asked_ever_more_seldom() -> None:
    """Caught: where nothing had ever succeeded, it was asked every minute, for days."""

    def before(owners: object) -> None:
        raise Unreachable("503")

    shop = Shop(before=before)
    world = World({"p": Unreadable(shop=shop)})
    pass_time(world, DAY)
    assert len(shop.writes) < 320


def test_an_agent_whose_account_is_stopped_does_not_look_around_every_minute() -> None:
    """Caught: with nothing right, the ladder never ended; and held names were looked for in vain."""
    looks = []

    def says() -> str:
        looks.append(1)
        return ONE

    def before(owners: object) -> None:
        raise BadCredentials("badauth")

    world = World({"p": Unreadable(shop=Shop(before=before))}, says={A: says})
    pass_time(world, DAY)
    assert len(looks) == 1
    assert set(world.pauses[2:]) == {300.0}


def test_when_provider_and_source_fail_together_the_agent_does_not_spin() -> None:
    """Caught: a wait that had passed while the address was unknown made pauses of no length."""
    world, _ = timeline((0, ONE), (HOUR, TWO), (HOUR + 310, SourceError("no route")), (9 * HOUR, TWO))
    shop = Shop()

    def before(owners: object) -> None:
        if HOUR <= world.elapsed() < 9 * HOUR:
            raise Unreachable("connection refused")

    shop.before = before
    world.accounts = {"p": Unreadable(shop=shop)}
    pass_time(world, 10 * HOUR)
    assert min(world.pauses) > 1
    assert len(world.reports) < 250
    assert shop.addresses() == [TWO]


# -- slow and broken things ----------------------------------------------------------------------


async def forever() -> None:
    await asyncio.Event().wait()


def test_a_provider_that_hangs_delays_no_other_account(
    kind: Callable[..., Provider], caplog: pytest.LogCaptureFixture
) -> None:
    world, _ = timeline((0, ONE), (HOUR, TWO))
    hanging, well = Shop(before=lambda owners: forever()), Shop()
    world.accounts = {"hanging": kind(shop=hanging), "well": kind(shop=well)}
    pass_time(world, 2 * HOUR)
    assert [written["home.example.com"] for _, written in well.writes] == [[ONE], [TWO]]
    assert len(hanging.writes) == 1
    assert well.writes[1][0] - START <= HOUR + 330
    told = [record.getMessage() for record in caplog.records if "still at work" in record.getMessage()]
    assert told == [f"account hanging: still at work after {loop.PATIENCE:.0f} s; going on without it"]


def test_a_slow_account_is_reported_and_verified_when_it_is_done() -> None:
    """Caught: its update was never verified."""

    async def slowly() -> None:
        await asyncio.sleep(60)

    shop = Shop(before=lambda owners: slowly())
    world = World({"p": Readable(shop=shop)}, verify=True)
    world.name_servers = {"ns1": lambda key: map(str, shop.held.get(key, ()))}
    store = pass_time(world, HOUR)
    assert world.outcomes()[:2] == [U, N]
    assert [proof.live for proof in world.proofs] == [True]
    assert memory(store, "p").verified_at is not None


def test_a_bug_in_a_driver_spoils_only_its_own_account_and_is_logged_with_its_traceback(
    kind: Callable[..., Provider], caplog: pytest.LogCaptureFixture
) -> None:
    def bug(owners: object) -> None:
        raise ZeroDivisionError("a bug")

    broken, well = Shop(before=bug), Shop()
    world = World({"broken": kind(shop=broken), "well": kind(shop=well)})
    store = pass_time(world, DAY)
    assert well.addresses() == [ONE]
    assert {
        one.outcome for report in world.reports for one in report.targets if one.target.account == "well"
    }
    kept = memory(store, "broken")
    assert "a bug in Homeport: ZeroDivisionError" in str(kept.error)
    assert len(broken.writes) <= 32  # it is tried ever more slowly, and at last once an hour
    logged = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert logged and "account broken" in logged[0].getMessage() and logged[0].exc_info is not None
    assert not any(report.right for report in world.reports)


def test_a_bug_while_reading_spoils_only_its_own_account() -> None:
    def bug() -> None:
        raise ZeroDivisionError("a bug")

    well = Shop()
    world = World({"broken": Readable(shop=Shop(looking=bug)), "well": Readable(shop=well)})
    pass_time(world, HOUR)
    assert well.addresses() == [ONE]


@pytest.mark.parametrize("bug", [KeyError("x"), ZeroDivisionError(), RecursionError()])
def test_a_bug_in_a_source_is_the_failure_of_that_source_alone(
    bug: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    shop = Shop()
    world = World({"p": Readable(shop=shop)})
    world.sources = {
        A: [
            Told(label="broken", operator="a", says=lambda: bug),
            Told(label="fine", operator="b", says=lambda: ONE),
            Told(label="fine too", operator="c", says=lambda: ONE),
        ]
    }
    pass_time(world, HOUR)
    assert shop.addresses() == [ONE]
    logged = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "source broken: a bug" in logged[0].getMessage() and logged[0].exc_info is not None


def test_a_bug_in_a_source_does_not_end_the_survey_of_all(caplog: pytest.LogCaptureFixture) -> None:
    """Caught: `homeport ip` ended with a traceback."""
    world = World({})
    world.sources = {
        A: [
            Told(label="broken", operator="a", says=lambda: KeyError("x")),
            Told(label="fine", operator="b", says=lambda: ONE),
        ]
    }

    async def go() -> list[bool]:
        sight = await survey(world.setup().uplinks["default"], world.net("default"), A, world.elapsed)
        return [reading.addresses is None for reading in sight.readings]

    assert live(go()) == [True, False]
    assert "source broken: a bug" in caplog.text


def test_a_hanging_source_costs_its_deadline_and_no_more() -> None:
    shop = Shop()
    world = World({"p": Readable(shop=shop)})
    world.sources = {
        A: [
            Told(label="hangs", operator="a", says=lambda: None),
            Told(label="fine", operator="b", says=lambda: ONE),
            Told(label="fine too", operator="c", says=lambda: ONE),
        ]
    }
    pass_time(world, MINUTE)
    assert shop.writes[0][0] - START < 1  # the third one was asked after a quarter of a second


# -- one round by hand, and looking without touching ---------------------------------------------


def test_one_round_by_hand_waits_for_everybody_and_verifies() -> None:
    async def slowly() -> None:
        await asyncio.sleep(30)

    shop = Shop(before=lambda owners: slowly())
    world = World({"p": Readable(shop=shop)}, verify=True)
    world.name_servers = {"ns1": lambda key: map(str, shop.held.get(key, ()))}
    with Store(None, quiet) as store:
        report = live(world.agent(store).once())
        assert report.right and [one.outcome for one in report.targets] == [U]
        assert [proof.live for proof in world.proofs] == [True]
        assert memory(store, "p").verified_at is not None


def test_a_plan_shows_what_would_change_and_changes_nothing(kind: Callable[..., Provider]) -> None:
    shop = Shop()
    world = World({"p": kind(shop=shop)}, owners=["a.example.com", "b.example.com"])
    shop.put("a.example.com", ONE)
    if kind is Unreadable:
        world.name_servers = {"ns1": lambda key: map(str, shop.held.get(key, ()))}
    with Store(None, quiet) as store:
        found = live(world.agent(store).plan())
        assert store.memories() == {} and list(store.history()) == []
    assert shop.writes == []
    kinds = {
        (one.target if isinstance(one, Todo) else one.report.target).owner.text: type(one) for one in found
    }
    assert kinds == {"a.example.com": Settled, "b.example.com": Todo}


def test_a_record_that_is_taken_out_and_put_back_is_not_sent_again(kind: Callable[..., Provider]) -> None:
    shop, both = Shop(), ["a.example.com", "b.example.com"]
    store = pass_time(World({"p": kind(shop=shop)}, owners=both), HOUR)
    pass_time(World({"p": kind(shop=shop)}, owners=both[1:]), 30 * DAY, store)
    assert shop.addresses("a.example.com") == [ONE]
    pass_time(World({"p": kind(shop=shop)}, owners=both), HOUR, store)
    assert len(shop.writes) == 2


def test_what_the_configuration_has_not_had_for_more_than_a_year_is_forgotten() -> None:
    shop = Shop()
    both = World({"p": Readable(shop=shop)}, owners=["a.example.com", "b.example.com"])
    store = pass_time(both, HOUR)
    for jump, held in ((0.0, 2), (1.0 * YEAR, 2), (1.2 * YEAR, 1)):
        pass_time(World({"p": Readable(shop=shop)}, owners=["b.example.com"], jump=jump), HOUR, store)
        assert len(store.memories()) == held
    assert set(store.memories()) == {Target(Name("b.example.com"), A, "p")}
    assert shop.addresses("a.example.com") == [ONE]
    assert {line.target.owner.text for line in store.history()} == {"a.example.com", "b.example.com"}


# -- verification --------------------------------------------------------------------------------


def test_a_late_secondary_is_told_and_the_primary_is_right() -> None:
    shop = Shop()
    world = World({"p": Readable(shop=shop)}, verify=True)
    world.name_servers = {
        "primary": lambda key: map(str, shop.held.get(key, ())),
        "secondary": lambda key: ["8.8.4.4"],
    }
    store = pass_time(world, HOUR)
    [proof] = world.proofs
    assert proof.live and proof.right == ("primary",)
    assert proof.late == ("secondary still shows 8.8.4.4",)
    assert proof.seconds == pytest.approx(0, abs=0.1)
    assert memory(store, "p").verified_at is not None
    assert {at for at, name in world.asked if name == "secondary" and at > proofs.LONG} == set()


def test_verification_says_when_the_change_was_live() -> None:
    shop = Shop()
    world = World({"p": Readable(shop=shop)}, verify=True)
    world.name_servers = {"ns1": lambda key: [ONE] if world.elapsed() >= 42 else []}
    pass_time(world, HOUR)
    [proof] = world.proofs
    assert proof.seconds is not None and 42 <= proof.seconds <= 48 and not proof.late


def test_a_server_that_does_not_answer_is_not_waited_for_all_the_time() -> None:
    shop = Shop()

    def dead(key: Key) -> Iterable[str]:
        raise Unreachable("no answer")

    world = World({"p": Readable(shop=shop)}, verify=True)
    world.name_servers = {"ns1": dead, "ns2": lambda key: [ONE]}
    pass_time(world, HOUR)
    [proof] = world.proofs
    assert proof.right == ("ns2",) and proof.late == ("ns1: no answer",)
    assert len([1 for _, name in world.asked if name == "ns1"]) == 3


def test_a_zone_without_known_name_servers_is_told() -> None:
    world = World({"p": Readable(shop=Shop())}, verify=True)
    store = pass_time(world, HOUR)
    [proof] = world.proofs
    assert not proof.live and "cannot be found: this system has no DNS resolver" in str(proof.why_not)
    assert memory(store, "p").outcome == "unchanged"


def test_a_target_that_changes_again_ends_the_older_watch() -> None:
    world, _ = timeline((0, ONE), (100, TWO))
    world.interval = 60.0
    shop = Shop()
    world.accounts, world.verify = {"p": Readable(shop=shop)}, True
    world.name_servers = {"ns1": lambda key: [TWO] if world.elapsed() > 200 else []}
    pass_time(world, HOUR)
    [proof] = world.proofs
    assert proof.addresses == {ip_address(TWO)} and proof.live
    assert max(at for at, _ in world.asked) < 210  # caught: the older watch asked on, without an end


def test_nothing_that_was_not_shown_is_called_verified() -> None:
    """Caught: an acknowledgement that was believed counted as a proof."""
    world = World({"p": Unreadable(shop=Shop())})
    store = pass_time(world, HOUR)
    assert memory(store, "p").verified_at is None
    assert memory(store, "p").outcome == "unchanged"


def test_a_proof_that_is_under_way_when_the_agent_ends_is_ended_too() -> None:
    world = World({"p": Readable(shop=Shop())}, verify=True)
    world.name_servers = {"ns1": lambda key: []}

    async def go() -> int:
        running = asyncio.ensure_future(world.run(Store(None, quiet), DAY))
        await asyncio.sleep(20)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return len(asyncio.all_tasks())

    assert live(go()) == 1


# -- restarts ------------------------------------------------------------------------------------


def test_a_restart_sends_nothing_that_was_acknowledged(
    kind: Callable[..., Provider], tmp_path: Path
) -> None:
    shop = Shop()
    for _ in range(5):
        with Store.open(tmp_path, quiet) as store:
            pass_time(World({"p": kind(shop=shop)}), HOUR, store)
    assert len(shop.writes) == 1


def test_losing_the_state_costs_one_look_where_it_can_be_read_and_one_update_elsewhere() -> None:
    for provider, writes in ((Readable, 1), (Unreadable, 2)):
        shop = Shop()
        for _ in range(2):
            pass_time(World({"p": provider(shop=shop)}), HOUR)
        assert len(shop.writes) == writes


def test_a_wait_that_a_provider_asked_for_lasts_over_a_restart_loop() -> None:
    def before(owners: object) -> None:
        raise Throttled("429", retry_after=HOUR)

    shop = Shop(before=before)
    store = Store(None, quiet)
    for restart in range(50):
        world = World({"p": Unreadable(shop=shop)})
        world.jump = restart * 30.0
        pass_time(world, 30, store)
    assert len(shop.writes) == 1


def test_the_budget_of_an_account_is_kept_over_rounds_and_restarts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Caught: of rounds with few requests, only the first request was counted."""
    monkeypatch.setattr(Cloudflare, "budget", Budget(requests=10, seconds=3600))
    fake, store, moments = FakeCloudflare(), Store(None, quiet), list[float]()
    for restart in range(8):
        world = World({"cf": fake.driver(fake.good)}, interval=MINUTE)
        world.jump = restart * HOUR / 2

        def counted(request: Request, world: World = world) -> Reply:
            moments.append(world.now())
            return fake(request)

        world.wires = {"cf": Wire(counted)}
        pass_time(world, HOUR / 2, store)
    assert fake.held("home.example.com", "A") == [ONE]
    windows = [[moments[0]]]
    for at in moments[1:]:
        if at - windows[-1][0] < HOUR:
            windows[-1].append(at)
        else:
            windows.append([at])
    assert len(windows) >= 3 and all(len(window) <= 10 for window in windows)


# -- drivers that are real -----------------------------------------------------------------------


def test_a_day_with_cloudflare_and_a_dyndns2_service_side_by_side() -> None:
    world, _ = timeline((0, ONE), (10 * HOUR, TWO))
    cloudflare, plain = FakeCloudflare(), FakePlain()
    accounts: dict[str, Provider] = {
        "cf": cloudflare.driver(cloudflare.good),
        "dyn": plain.driver(plain.good),
    }
    assert isinstance(accounts["cf"], Cloudflare) and isinstance(accounts["dyn"], DynDNS2)
    world.accounts = accounts
    world.wires = {"cf": Wire(cloudflare), "dyn": Wire(plain)}
    pass_time(world, DAY)
    assert cloudflare.held("home.example.com", "A") == plain.held("home.example.com", "A") == [TWO]
    assert len(world.wires["dyn"].sent) == 2
    assert [r.method for r in world.wires["cf"].sent if r.method != "GET"] == ["POST", "PATCH"]


def test_a_name_that_is_in_no_zone_of_the_account_stops_alone() -> None:
    fake = FakeCloudflare()
    world = World(
        {"cf": fake.driver(fake.good)},
        owners=["home.example.com", "home.notexample.com"],
        wires={"cf": Wire(fake)},
    )
    pass_time(world, HOUR)
    assert world.outcomes()[:2] == [U, N]
    assert world.outcomes("home.notexample.com")[:2] == [F, H]
    assert fake.held("home.example.com", "A") == [ONE]


def test_nothing_that_is_reported_or_kept_holds_a_secret() -> None:
    said: list[Request] = []

    def quoting(request: Request) -> Reply:
        said.append(request)
        return Reply(400, f"you said {Secret('s3cr3t/k&y +1').reveal()}".encode())

    fake = FakeCloudflare()
    world = World({"cf": fake.driver(fake.good)}, wires={"cf": Wire(quoting)})
    store = pass_time(world, HOUR)
    kept = [*store.memories().values(), *store.history(), *world.reports]
    assert said and "s3cr3t" not in repr(kept) and "***" in repr(kept)


def test_names_that_the_driver_does_not_find_are_told_as_the_provider_tells_them() -> None:
    world = World({"p": Readable(shop=Shop())}, owners=["home.example.net"])
    store = pass_time(world, HOUR)
    kept = memory(store, "p", "home.example.net")
    assert "no zone of this account contains home.example.net" in str(kept.error)
    assert kept.stopped_by == "p" and NoSuchName.reaction is not None


class BothAtOnce(Unreadable):
    """An update service whose requests carry both families of a name, always."""

    def both(self) -> bool:
        return True


def test_a_family_that_is_told_beside_the_other_counts_as_told_when_it_is_to_be_mended(
    tmp_path: Path,
) -> None:
    async def go() -> None:
        shop, four = Shop(), ["8.8.8.1"]
        world = World(
            {"dyn": BothAtOnce(shop=shop)},
            says={RRType.A: lambda: four[0], RRType.AAAA: lambda: "2600::1"},
        )
        world.name_servers["ns1"] = lambda key: map(str, shop.held.get(key, ()))
        with Store.open(tmp_path, quiet) as store:
            await world.run(store, 5 * HOUR)
            four[0] = "8.8.8.2"
            await world.run(
                store, HOUR
            )  # the new A is told, and the AAAA beside it, five hours after it was
            shop.put("home.example.com", "2600::bad")
            shop.writes.clear()
            await world.run(store, 4.9 * HOUR)  # it is mended six hours after it was last told
            assert shop.writes == []
            await world.run(store, HOUR)
            assert shop.addresses(rrtype=AAAA) == ["2600::1"]

    live(go())


def reset() -> None:
    raise NoAnswer("the connection was reset")


def test_a_family_that_waits_is_told_beside_the_other_and_counts_as_told(tmp_path: Path) -> None:
    """A service that forgets who is not named must hear of both, even while one waits for its next try."""
    named: list[list[RRType]] = []
    lost: list[Callable[[], None]] = [*[lambda: None] * 20, *[reset] * 6, lambda: None]

    @dataclass(frozen=True, kw_only=True)
    class Forgetful(BothAtOnce):
        async def put(self, api: Api, update: Update) -> Mapping[Name, Verdict]:
            named.append(sorted(update.addresses))
            return await super().put(api, update)

    async def go() -> None:
        now = asyncio.get_running_loop().time
        shop = Shop(after=lambda _: lost.pop()())
        world = World(
            {"dyn": Forgetful(shop=shop)},
            says={
                RRType.A: lambda: "8.8.8.1" if now() < HOUR else "8.8.8.2",
                RRType.AAAA: lambda: "2600::1" if now() < HOUR + 20 * MINUTE else "2600::2",
            },
        )
        with Store.open(tmp_path, quiet) as store:
            await world.run(store, 6 * HOUR)
        assert (shop.addresses(), shop.addresses(rrtype=AAAA)) == (["8.8.8.2"], ["2600::2"])
        assert all(len(families) == 2 for families in named)
        assert len(named) == 1 + 6 + 1  # and nobody is told again what was acknowledged beside the other

    live(go())
