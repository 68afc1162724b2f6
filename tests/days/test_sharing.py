"""Several agents at one name: each keeps its own addresses, and nobody wipes another's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from homeport.agent.decide import Todo
from homeport.agent.world import Setup
from homeport.core.dns import Name, RRType
from homeport.core.errors import NoAnswer, SourceError, Unreachable
from homeport.core.report import Outcome
from homeport.core.schedule import Target
from homeport.state.store import Store
from tests.days.world import HOUR, Readable, Shop, World, live, quiet

HOME, AWAY, NEW = "8.8.8.1", "9.9.9.1", "8.8.8.2"
OWNER = "home.example.com"
TARGET = Target(Name(OWNER), RRType.A, "p")


@dataclass
class Sharer(World):
    """A world whose agent shares its names."""

    share: bool = True

    def setup(self) -> Setup:
        setup = super().setup()
        return setup._replace(rules=tuple(rule._replace(share=self.share) for rule in setup.rules))


@dataclass
class Place:
    """Where an agent runs: its address, its world, what it remembers."""

    shop: Shop
    address: str
    store: Store = field(default_factory=lambda: Store(None, quiet))
    world: Sharer = field(init=False)

    def __post_init__(self) -> None:
        self.world = Sharer({"p": Readable(shop=self.shop)}, {RRType.A: lambda: self.address})

    def round(self) -> Outcome:
        """One round of an agent that starts anew and remembers what its store does."""
        live(self.world.agent(self.store).once())
        return self.world.outcomes()[-1]


@pytest.fixture
def shop() -> Shop:
    return Shop()


def lived(seconds: float, *places: Place, events: list[tuple[float, Callable[[], object]]]) -> None:
    async def happen() -> None:
        for at, event in events:
            await asyncio.sleep(at - asyncio.get_running_loop().time())
            event()

    async def go() -> None:
        await asyncio.gather(happen(), *(place.world.run(place.store, seconds) for place in places))

    live(go())


def test_two_agents_keep_one_name_at_both_of_their_addresses(shop: Shop) -> None:
    home, away = Place(shop, HOME), Place(shop, AWAY)
    lived(
        6 * HOUR,
        home,
        away,
        events=[(2 * HOUR, lambda: setattr(home, "address", NEW))],
    )
    assert shop.addresses() == sorted([NEW, AWAY])
    assert len(shop.writes) <= 4, "one each, one for the change, and one if the two wrote at once"
    for place in (home, away):
        assert place.world.reports[-1].right


def test_without_sharing_the_second_agent_would_wipe_the_first(shop: Shop) -> None:
    home, away = Place(shop, HOME), Place(shop, AWAY)
    home.world.share = away.world.share = False
    home.round()
    away.round()
    assert shop.addresses() == [AWAY]


def test_an_agent_is_right_when_its_own_are_there_whatever_else_is(shop: Shop) -> None:
    home = Place(shop, HOME)
    shop.put(OWNER, HOME, AWAY)
    assert home.round() is Outcome.UNCHANGED
    report = home.world.told()[-1]
    assert report.shared
    assert [sorted(map(str, some or ())) for some in (report.wanted, report.live)] == [[HOME], [HOME, AWAY]]


def test_an_address_that_somebody_took_away_is_put_back_and_a_stranger_s_is_left(shop: Shop) -> None:
    home = Place(shop, HOME)
    home.round()
    shop.put(OWNER, AWAY)
    assert home.round() is Outcome.UPDATED
    assert shop.addresses() == [HOME, AWAY]


def test_what_an_agent_had_alone_is_its_own_when_it_begins_to_share(shop: Shop) -> None:
    home = Place(shop, HOME)
    home.world.share = False
    home.round()
    home.world.share, home.address = True, NEW
    home.round()
    assert shop.addresses() == [NEW]


def test_an_address_of_ours_that_we_forgot_stays(shop: Shop) -> None:
    Place(shop, HOME).round()
    Place(shop, NEW).round()
    assert shop.addresses() == [HOME, NEW]


def test_what_was_ours_when_we_shared_last_is_not_when_we_share_again(shop: Shop) -> None:
    home = Place(shop, HOME)
    home.round()
    home.world.share, home.address = False, NEW
    home.round()
    shop.put(OWNER, NEW, HOME)  # somebody else has our old address by now
    home.world.share = True
    home.round()
    assert shop.addresses() == [HOME, NEW]


@pytest.mark.parametrize("taken", [True, False], ids=["it was made", "it was not"])
def test_a_change_without_an_answer_loses_no_track_of_what_is_ours(shop: Shop, *, taken: bool) -> None:
    home = Place(shop, HOME)
    shop.put(OWNER, AWAY)
    home.round()

    def cut(_: object) -> None:
        raise NoAnswer("cut")

    home.address = NEW
    setattr(shop, "after" if taken else "before", cut)
    home.round()
    shop.before = shop.after = lambda owners: None
    home.round()
    assert shop.addresses() == [NEW, AWAY]
    home.address = HOME
    home.round()
    assert shop.addresses() == [HOME, AWAY]


@pytest.mark.parametrize("taken", [True, False], ids=["it was made", "it was not"])
def test_an_agent_that_is_killed_while_it_writes_knows_afterwards_what_may_be_its_own(
    shop: Shop, *, taken: bool
) -> None:
    home = Place(shop, HOME)
    shop.put(OWNER, AWAY)
    home.round()

    async def never(_: object = None) -> None:
        await asyncio.Event().wait()

    home.address = NEW
    setattr(shop, "after" if taken else "before", never)
    with pytest.raises(TimeoutError):
        live(asyncio.wait_for(home.world.agent(home.store).once(), 5))
    shop.before = shop.after = lambda owners: None
    home.address = "8.8.8.3"
    home.round()
    assert shop.addresses() == ["8.8.8.3", AWAY]
    home.round()
    assert {str(one) for one in home.store.owned()[TARGET]} == {"8.8.8.3"}


def test_what_a_service_said_good_to_and_did_not_do_is_done_at_the_next_look(shop: Shop) -> None:
    home = Place(shop, HOME)
    shop.put(OWNER, HOME, AWAY)
    home.round()
    home.address = NEW
    home.round()
    shop.put(OWNER, HOME, NEW, AWAY)  # it has only added
    assert home.round() is Outcome.UPDATED
    assert shop.addresses() == [NEW, AWAY]


def test_an_outage_of_the_provider_changes_nothing_about_what_is_ours(shop: Shop) -> None:
    home = Place(shop, HOME)
    home.round()
    before = home.store.owned()

    def down() -> None:
        raise Unreachable("down")

    shop.looking = down
    home.address = NEW
    assert home.round() is Outcome.FAILED
    assert home.store.owned() == before


def test_an_agent_without_an_address_leaves_the_name_alone(shop: Shop) -> None:
    home = Place(shop, HOME)
    home.round()
    home.world.says[RRType.A] = lambda: SourceError("no")
    assert home.round() is Outcome.UNKNOWN
    assert shop.addresses() == [HOME]


def test_a_plan_shows_that_what_others_have_stays(shop: Shop) -> None:
    home = Place(shop, HOME)
    home.round()
    shop.put(OWNER, HOME, AWAY)
    home.address = NEW
    [todo] = live(home.world.agent(home.store).plan())
    assert isinstance(todo, Todo)
    assert [sorted(map(str, some or ())) for some in (todo.live, todo.after)] == [
        [HOME, AWAY],
        [NEW, AWAY],
    ]
    assert shop.addresses() == [HOME, AWAY]


def test_what_is_told_of_a_change_does_not_read_as_if_an_address_of_others_had_gone(shop: Shop) -> None:
    home = Place(shop, HOME)
    home.round()
    shop.put(OWNER, HOME, AWAY)
    home.address = NEW
    home.round()
    assert [str(one) for one in home.world.told()[-1].before or ()] == [HOME]
    [*_, change] = home.store.history()
    assert [str(one) for one in change.before or ()] == [HOME]


def test_name_servers_may_show_more_than_ours(shop: Shop) -> None:
    home = Place(shop, HOME)
    home.world.verify = True
    home.world.name_servers = {"ns1": lambda key: [HOME, AWAY]}
    home.round()
    [proof] = home.world.proofs
    assert proof.live
    assert proof.late == ()
