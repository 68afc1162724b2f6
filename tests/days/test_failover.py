"""A home with several lines, of which one is lost and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

import pytest

from homeport.agent.world import Account, Setup, Uplink
from homeport.core.dns import Name, RRType
from homeport.core.errors import SourceError
from homeport.core.hint import Hint
from homeport.core.report import Outcome
from homeport.core.schedule import Target
from homeport.core.wish import Rule
from homeport.driver import Provider
from homeport.state.store import Store
from tests.days.world import HOUR, MINUTE, Readable, Shop, Told, World, live, memory, quiet

A, AAAA = RRType.A, RRType.AAAA
FIBER, LTE = "8.8.8.1", "8.8.8.2"
SIX = "2600:1::1"
NO_IPV6 = SourceError("no IPv6 address")
Says = Callable[[], str | BaseException | None]


@dataclass
class Lines(World):
    """A world with lines; each says something in each family, or nothing is looked for."""

    lines: Mapping[str, Mapping[RRType, Says]] = field(default_factory=dict)
    policy: str = "failover"
    proving: Callable[[str], float] = lambda uplink: 0.0  # seconds until something is known of it

    async def proved(self, uplink: str) -> None:
        await asyncio.sleep(self.proving(uplink))

    def setup(self) -> Setup:
        types = sorted({rrtype for says in self.lines.values() for rrtype in says})
        uplinks = {
            name: Uplink(
                name,
                {t: [Told(label=f"told:{name}", operator=name, says=said)] for t, said in says.items()},
                by_default=frozenset({AAAA}),
            )
            for name, says in self.lines.items()
        }
        rules = tuple(
            Rule(
                Target(Name(owner), rrtype, account),
                tuple(self.lines),
                self.policy,
                written=rrtype is A,
                beside=frozenset(types) - {rrtype},
            )
            for account in self.accounts
            for owner in self.owners
            for rrtype in types
        )
        accounts = {name: Account(name, provider, "f") for name, provider in self.accounts.items()}
        return Setup(rules, uplinks, accounts, self.interval, self.verify)

    def health(self, uplink: str, *, up: bool) -> None:
        """What the probes of a line have found out."""
        (self.down.discard if up else self.down.add)(uplink)
        self.tell(Hint("health", f"{uplink} is {'up' if up else 'down'}", uplink))


def always(text: str | BaseException | None) -> Says:
    return lambda: text


def home(shop: Shop, policy: str = "failover", **lines: Mapping[RRType, Says]) -> Lines:
    both = {"fiber": {A: always(FIBER)}, "lte": {A: always(LTE)}}
    provider: Provider = Readable(shop=shop)
    return Lines({"p": provider}, lines=lines or both, policy=policy)


def lived(world: Lines, seconds: float, *events: tuple[float, Callable[[], object]]) -> Store:
    store = Store(None, quiet)

    async def happen() -> None:
        for at, event in events:
            await asyncio.sleep(at - world.elapsed())
            event()

    async def go() -> None:
        happening = asyncio.ensure_future(happen())
        await world.run(store, seconds)
        await happening

    live(go())
    return store


def written(shop: Shop, world: World) -> list[tuple[float, list[str]]]:
    """When what was published, in seconds from the start."""
    return [(at - 1_800_000_000.0, said["home.example.com"]) for at, said in shop.writes]


def test_the_name_follows_the_line_that_is_up_and_falls_back() -> None:
    shop = Shop()
    world = home(shop)
    lived(
        world,
        HOUR,
        (1000, lambda: world.health("fiber", up=False)),
        (2000, lambda: world.health("fiber", up=True)),
    )
    assert [said for _, said in written(shop, world)] == [[FIBER], [LTE], [FIBER]]
    _, lost, back = (at for at, _ in written(shop, world))
    assert 1000 <= lost < 1001
    assert 2000 <= back < 2001


def test_all_lines_are_published_and_a_lost_one_is_withdrawn() -> None:
    shop = Shop()
    world = home(shop, "all")
    lived(
        world,
        HOUR,
        (1000, lambda: world.health("fiber", up=False)),
        (2000, lambda: world.health("fiber", up=True)),
    )
    assert [said for _, said in written(shop, world)] == [[FIBER, LTE], [LTE], [FIBER, LTE]]


def test_a_lost_line_is_acted_on_at_once_however_many_have_told_lies() -> None:
    shop = Shop()
    world = home(shop)
    lies = [
        (
            900.0 + number,
            lambda number=number: world.tell(
                Hint("nat-pmp", "a lie", "fiber", ip_address(f"8.8.4.{number}"))
            ),
        )
        for number in range(99)
    ]
    lived(world, HOUR, *lies, (1000, lambda: world.health("fiber", up=False)))
    assert [said for _, said in written(shop, world)] == [[FIBER], [LTE]]
    assert written(shop, world)[1][0] < 1001


@pytest.mark.parametrize("policy", ["failover", "all"])
def test_when_every_line_is_lost_what_is_published_stays_and_the_person_is_told(policy: str) -> None:
    shop = Shop()
    world = home(shop, policy)
    store = lived(
        world,
        HOUR,
        (1000, lambda: world.health("lte", up=False)),
        (1100, lambda: world.health("fiber", up=False)),
    )
    assert shop.addresses() == [FIBER]
    assert world.outcomes()[-1] is Outcome.UNKNOWN
    assert memory(store, "p").error == (
        "fiber: its probes say that it is down; lte: its probes say that it is down"
    )


def test_a_lost_line_whose_sources_hang_keeps_nobody_waiting() -> None:
    shop = Shop()
    lost = {"fiber": False}
    world = home(shop, fiber={A: lambda: None if lost["fiber"] else FIBER}, lte={A: always(LTE)})

    def cut() -> None:
        lost["fiber"] = True

    lived(world, HOUR, (1000, cut), (1030, lambda: world.health("fiber", up=False)))
    assert [said for _, said in written(shop, world)] == [[FIBER], [LTE]]
    assert written(shop, world)[1][0] < 1031


def test_a_line_that_is_found_lost_while_it_is_being_asked_is_waited_for_no_longer() -> None:
    shop = Shop()
    asked: list[float] = []
    world = home(shop, fiber={A: lambda: asked.append(world.elapsed())}, lte={A: always(LTE)})

    def lose() -> None:
        world.down.add("fiber")

    lived(world, 60, (2, lose))
    at, said = written(shop, world)[0]
    assert said == [LTE]
    assert 2 <= at < 3


def test_the_first_publication_waits_for_the_first_word_of_the_probes() -> None:
    shop = Shop()
    world = home(shop)

    def proving(uplink: str) -> float:
        if uplink == "lte":
            return 0.02
        asyncio.get_running_loop().call_later(2.9, world.down.add, "fiber")
        return 3.0

    world.proving = proving
    lived(world, 60)
    assert [said for _, said in written(shop, world)] == [[LTE]], "never the address of the dead line"


def test_a_line_that_is_up_delays_nothing() -> None:
    shop = Shop()
    world = home(shop)
    world.proving = always_soon
    lived(world, 60)
    [(at, said)] = written(shop, world)
    assert said == [FIBER]
    assert at < 0.5


def always_soon(uplink: str) -> float:
    return 0.02


DUAL: Mapping[RRType, Says] = {A: always(FIBER), AAAA: always(SIX)}


@pytest.mark.parametrize("six", [NO_IPV6, None], ids=["lte has none", "lte does not look for it"])
def test_the_ipv6_address_of_a_lost_line_goes_with_it_and_comes_back_with_it(
    six: SourceError | None,
) -> None:
    shop = Shop()
    lte: dict[RRType, Says] = {A: always(LTE)}
    if six is not None:
        lte[AAAA] = always(six)
    world = home(shop, fiber=DUAL, lte=lte)
    world.routes = (A,)
    now: Sequence[str] = ()

    def look() -> None:
        nonlocal now
        now = [*shop.addresses(), *shop.addresses(rrtype=AAAA)]

    lived(
        world,
        HOUR,
        (1000, lambda: world.health("fiber", up=False)),
        (1500, look),
        (2000, lambda: world.health("fiber", up=True)),
    )
    assert now == [LTE]
    assert shop.addresses() == [FIBER]
    assert shop.addresses(rrtype=AAAA) == [SIX]
    assert all(report.right for report in world.reports)


def test_an_ipv6_address_that_is_not_ours_stays() -> None:
    shop = Shop()
    shop.put("home.example.com", SIX)
    world = home(shop, fiber={A: always(FIBER), AAAA: always(NO_IPV6)}, lte={A: always(LTE)})
    world.routes = (A,)
    lived(world, HOUR, (1000, lambda: world.health("fiber", up=False)))
    assert shop.addresses() == [LTE]
    assert shop.addresses(rrtype=AAAA) == [SIX]


def test_a_day_of_flapping_health_is_two_writes_for_each_change_and_no_more() -> None:
    shop = Shop()
    world = home(shop)
    flaps = [
        (HOUR * number, lambda up=number % 2 == 0: world.health("fiber", up=up)) for number in range(1, 20)
    ]
    lived(world, 20 * HOUR + MINUTE, *flaps)
    assert [said for _, said in written(shop, world)] == [[FIBER], [LTE]] * 10
