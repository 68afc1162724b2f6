"""The agent and another machine of the LAN, which wakes, sleeps and changes its addresses."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv6Address

from homeport.agent.decide import Settled, Todo
from homeport.agent.world import Setup
from homeport.core.dns import RRType
from homeport.core.errors import SourceError
from homeport.core.host import parse
from homeport.core.neighbours import NeighbourAddress
from homeport.core.report import Outcome
from homeport.state.store import Store
from tests.days.world import HOUR, MINUTE, NoNet, Readable, Shop, World, live, quiet

A, AAAA = RRType.A, RRType.AAAA
NAS, MAC = "nas.example.com", "02:00:5e:10:00:01"
HERE, MOVED = "2600:1:2:3::1", "2600:1:2:4::1"
ONE, TWO = "2600:1:2:3:1111::", "2600:1:2:3:2222::"
STABLE = "2600:1:2:4:0:5eff:fe10:1"
U, N, X = Outcome.UPDATED, Outcome.UNCHANGED, Outcome.UNKNOWN


@dataclass
class Lan(NoNet):
    """What the neighbour answers at, and what the table says of it."""

    awake: set[str] = field(default_factory=set)
    table: dict[str, bool] = field(default_factory=dict)  # address: confirmed?
    asked: list[str] = field(default_factory=list)
    broken: bool = False

    def __post_init__(self) -> None:
        super().__init__(list(RRType))

    async def neighbours(self) -> Sequence[NeighbourAddress]:
        if self.broken:
            raise SourceError("the system does not tell its neighbours")
        octets = bytes.fromhex(MAC.replace(":", ""))
        return [NeighbourAddress("eth0", IPv6Address(a), octets, c) for a, c in self.table.items()]

    async def nudge(self, addresses: Sequence[IPv6Address]) -> None:
        for address in map(str, addresses):
            self.asked.append(address)
            self.table.pop(address, None)
            if address in self.awake:
                self.table[address] = True


@dataclass
class Home(World):
    """Its second name is the neighbour's."""

    lan: Lan = field(default_factory=Lan)

    def net(self, uplink: str) -> Lan:
        return self.lan

    def setup(self) -> Setup:
        setup = super().setup()
        nas = parse(f"neighbour:{MAC}")
        rules = (rule._replace(host=nas) if rule.target.owner.text == NAS else rule for rule in setup.rules)
        return setup._replace(rules=tuple(rules))

    def went(self) -> list[Outcome]:
        """What became of the neighbour in every round."""
        return self.outcomes(NAS, AAAA)


def home(*, says: str = HERE) -> tuple[Home, Shop]:
    shop = Shop()
    world = Home({"p": Readable(shop=shop)}, owners=("home.example.com", NAS))
    world.says = {A: lambda: "8.8.8.1", AAAA: lambda: says}
    return world, shop


def pass_time(world: World, seconds: float) -> None:
    store = Store(None, quiet)

    async def go() -> None:
        await world.run(store, seconds)

    live(go())


def test_the_neighbour_has_its_own_address_and_we_have_ours() -> None:
    world, shop = home()
    world.lan.table = {ONE: True}
    pass_time(world, HOUR)
    assert shop.addresses(NAS, AAAA) == [ONE]
    assert shop.addresses("home.example.com", AAAA) == [HERE]
    assert shop.addresses(NAS, A) == ["8.8.8.1"]
    assert set(world.went()) == {U, N} and world.went().count(U) == 1
    assert world.lan.asked == []  # nobody who has just answered is asked again


def test_a_neighbour_that_sleeps_keeps_its_address_and_is_found_when_it_wakes() -> None:
    world, shop = home()
    world.lan.awake, world.lan.table = {ONE}, {ONE: False}

    def says() -> str:
        if world.elapsed() >= HOUR:
            world.lan.awake = set()
            world.lan.table = dict.fromkeys(world.lan.table, False)
        if world.elapsed() >= 2 * HOUR:
            world.lan.awake = {ONE}
        return HERE

    world.says[AAAA] = says
    pass_time(world, 3 * HOUR)
    assert shop.addresses(NAS, AAAA) == [ONE]
    assert world.went().count(U) == 1
    assert X in world.went() and world.went()[-1] is N
    [unknown] = {one.error for one in world.told(NAS, AAAA) if one.outcome is X}
    assert unknown == f"no machine {MAC} is to be found in 2600:1:2:3::/64; is it switched on?"


def test_a_temporary_address_that_died_gives_way_to_the_next() -> None:
    world, shop = home()
    world.lan.awake, world.lan.table = {ONE}, {ONE: True}

    def says() -> str:
        if world.elapsed() >= HOUR and ONE in world.lan.awake:
            world.lan.awake, world.lan.table = {TWO}, {ONE: False, TWO: True}
        return HERE

    world.says[AAAA] = says
    pass_time(world, 2 * HOUR)
    assert shop.addresses(NAS, AAAA) == [TWO]
    assert world.went().count(U) == 2


def test_with_a_new_prefix_the_neighbour_is_asked_for_where_it_may_be() -> None:
    world, shop = home()
    world.lan.awake, world.lan.table = {ONE}, {ONE: True}
    prefix = HERE

    def says() -> str:
        nonlocal prefix
        if world.elapsed() >= HOUR and prefix == HERE:
            prefix, world.lan.awake, world.lan.table = MOVED, {STABLE}, {ONE: False}
        return prefix

    world.says[AAAA] = says
    pass_time(world, 2 * HOUR)
    assert shop.addresses(NAS, AAAA) == [STABLE]
    assert X not in world.went()


def test_a_neighbour_that_needs_a_moment_to_answer_is_waited_for() -> None:
    world, shop = home()

    class Slow(Lan):
        async def nudge(self, addresses: Sequence[IPv6Address]) -> None:
            asyncio.get_running_loop().call_later(0.5, self.table.update, {ONE: True})

    world.lan = Slow()
    pass_time(world, MINUTE)
    assert shop.addresses(NAS, AAAA) == [ONE]
    assert X not in world.went()


def test_a_neighbour_that_nobody_knows_delays_nobody() -> None:
    world, shop = home()
    written: list[float] = []
    shop.before = lambda owners: written.append(world.elapsed())
    pass_time(world, MINUTE)
    assert shop.addresses("home.example.com", AAAA) == [HERE]
    assert shop.addresses(NAS, AAAA) == []
    assert max(written) < 0.5
    assert world.went()[0] is X


def test_a_system_that_does_not_tell_its_neighbours_is_named() -> None:
    world, shop = home()
    world.lan.broken = True
    pass_time(world, MINUTE)
    assert shop.addresses(NAS, AAAA) == []
    assert world.told(NAS, AAAA)[0].error == "the system does not tell its neighbours"


def test_nobody_is_asked_for_where_no_record_wants_a_neighbour() -> None:
    world, _ = home()
    world.owners = ("home.example.com",)
    world.lan.broken = True
    pass_time(world, HOUR)
    assert all(report.right for report in world.reports)


def test_the_plan_knows_the_neighbour_too() -> None:
    world, _ = home()
    world.lan.awake = {STABLE.replace("2:4", "2:3")}

    async def go() -> list[Todo | Settled]:
        return await world.agent(Store(None, quiet)).plan()

    found = {one.target: one for one in live(go()) if isinstance(one, Todo)}
    nas = next(one for target, one in found.items() if (target.owner.text, target.rrtype) == (NAS, AAAA))
    assert set(map(str, nas.task.wanted.addresses)) == world.lan.awake
