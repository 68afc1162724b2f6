"""What the agent does when it is told of a change: at once, once, and never more than that."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from pathlib import Path

from homeport.core.dns import RRType
from homeport.core.errors import NoAnswer, Unreachable
from homeport.core.hint import HAND, Hint
from homeport.state.store import Store

from .world import HOUR, MINUTE, Readable, Shop, World, live, quiet

OLD, NEW = "8.8.8.1", "8.8.8.2"


class Line:
    """A line whose address a source tells, and which counts how often it was asked."""

    def __init__(self) -> None:
        self.address = OLD
        self.asked: list[float] = []

    def __call__(self) -> str:
        self.asked.append(asyncio.get_running_loop().time())
        return self.address


def at_home(line: Line, shop: Shop) -> World:
    return World({"cf": Readable(shop=shop)}, {RRType.A: line})


async def lived(world: World, store: Store, seconds: float, *events: tuple[float, object]) -> None:
    """The agent for so long; each event is a function to call, or a hint to tell, at its time."""

    async def happen() -> None:
        for at, event in events:
            await asyncio.sleep(at - world.elapsed())
            if isinstance(event, Hint):
                world.tell(event)
            elif callable(event):
                event()

    happening = asyncio.ensure_future(happen())
    await world.run(store, seconds)
    await happening


def change(line: Line, address: str) -> object:
    return lambda: setattr(line, "address", address)


def hint(address: str | None = None, uplink: str | None = None) -> Hint:
    return Hint("nat-pmp", "the gateway announces it", uplink, ip_address(address) if address else None)


def test_a_change_that_is_told_is_published_at_once(tmp_path: Path) -> None:
    line, shop = Line(), Shop()
    world = at_home(line, shop)
    with Store.open(tmp_path, quiet) as store:
        live(lived(world, store, 200, (100, change(line, NEW)), (100, hint(NEW))))

    assert [write[0] - shop.writes[0][0] for write in shop.writes] == [0, 100]
    assert shop.addresses() == [NEW]
    assert [report.hints for report in world.reports] == [(), (hint(NEW),)]


def test_a_hint_without_an_address_is_a_look(tmp_path: Path) -> None:
    line, shop = Line(), Shop()
    with Store.open(tmp_path, quiet) as store:
        live(lived(at_home(line, shop), store, 200, (100, change(line, NEW)), (100, hint())))

    assert line.asked == [0, 100]
    assert shop.addresses() == [NEW]


def test_what_is_known_already_is_no_news(tmp_path: Path) -> None:
    line, shop = Line(), Shop()
    repeats = [(float(at), hint(OLD)) for at in range(10, 200, 10)]
    with Store.open(tmp_path, quiet) as store:
        live(lived(at_home(line, shop), store, 250, *repeats))

    assert line.asked == [0]


def test_an_announcement_before_its_change_is_followed(tmp_path: Path) -> None:
    """The gateway announces while its line is still coming up; what the sources say counts."""
    line, shop = Line(), Shop()
    with Store.open(tmp_path, quiet) as store:
        live(lived(at_home(line, shop), store, 200, (100, hint(NEW)), (105, change(line, NEW))))

    assert shop.addresses() == [NEW]
    assert line.asked[:4] == [0, 100, 100.5, 101.5]
    assert 105 <= shop.writes[-1][0] - shop.writes[0][0] <= 108


def test_an_announcement_that_no_change_follows_is_forgotten(tmp_path: Path) -> None:
    line, shop = Line(), Shop()
    with Store.open(tmp_path, quiet) as store:
        live(lived(at_home(line, shop), store, 250, (100, hint("8.8.8.66"))))

    assert shop.addresses() == [OLD]
    assert len(shop.writes) == 1
    assert 2 < len(line.asked) < 10
    assert line.asked[-1] < 140


def test_a_line_that_a_hint_found_down_is_looked_at_until_it_is_up(tmp_path: Path) -> None:
    line, shop = Line(), Shop()
    with Store.open(tmp_path, quiet) as store:
        down, up = change(line, "10.0.0.1"), change(line, NEW)
        live(lived(at_home(line, shop), store, 200, (100, down), (100, hint()), (106, up)))

    assert shop.addresses() == [NEW]
    assert 106 <= shop.writes[-1][0] - shop.writes[0][0] <= 110


def test_a_flood_of_hints_for_nothing_does_not_become_a_flood_of_looks(tmp_path: Path) -> None:
    line, shop = Line(), Shop()
    flood = [(10 + at / 10, hint(f"9.9.{at // 250}.{at % 250}")) for at in range(36_000)]
    with Store.open(tmp_path, quiet) as store:
        live(lived(at_home(line, shop), store, HOUR + MINUTE, *flood))

    assert len(line.asked) < 90
    assert shop.addresses() == [OLD]


def test_after_a_flood_a_real_change_is_still_seen_within_its_wait(tmp_path: Path) -> None:
    line, shop = Line(), Shop()
    flood = [(10 + at / 10, hint(f"9.9.{at // 250}.{at % 250}")) for at in range(6_000)]
    with Store.open(tmp_path, quiet) as store:
        live(
            lived(at_home(line, shop), store, 700, *flood[:5000], (511.0, change(line, NEW)), *flood[5050:])
        )

    assert shop.addresses() == [NEW]
    assert 511 <= shop.writes[-1][0] - shop.writes[0][0] <= 575


def test_a_hint_of_one_uplink_is_not_known_from_another(tmp_path: Path) -> None:
    line, shop = Line(), Shop()
    world = at_home(line, shop)
    with Store.open(tmp_path, quiet) as store:
        live(lived(world, store, 200, (100, hint(OLD, "lte"))))

    assert len(world.reports) > 1


def test_a_hint_for_nothing_makes_no_promise_forgotten(tmp_path: Path) -> None:
    """The system chatters while the gateway's announcement is still being looked for."""
    line, shop = Line(), Shop()
    chatter = Hint("system", "a route has changed")
    with Store.open(tmp_path, quiet) as store:
        told = (100, hint(NEW)), (100.2, chatter), (104, change(line, NEW))
        live(lived(at_home(line, shop), store, 250, *told))

    assert shop.addresses() == [NEW]
    assert 104 <= shop.writes[-1][0] - shop.writes[0][0] <= 112


def test_who_chatters_makes_nobody_else_wait(tmp_path: Path) -> None:
    line, shop = Line(), Shop()
    chatter = [(10 + float(at), Hint("system", f"route {at}")) for at in range(200)]
    with Store.open(tmp_path, quiet) as store:
        told = (190.5, change(line, NEW)), (190.5, hint(NEW))
        live(lived(at_home(line, shop), store, 250, *chatter[:181], *told, *chatter[181:]))

    assert [write[0] - shop.writes[0][0] for write in shop.writes] == [0, 190.5]
    assert len(line.asked) < 25


def test_a_line_that_is_back_with_its_old_address_is_looked_at(tmp_path: Path) -> None:
    line, shop = Line(), Shop()
    world = at_home(line, shop)
    with Store.open(tmp_path, quiet) as store:
        events = (100, change(line, "10.0.0.1")), (100, hint()), (155, change(line, OLD)), (155, hint(OLD))
        live(lived(world, store, 170, *events))

    assert 155 in line.asked
    assert world.outcomes()[-1].right


def test_a_person_who_asks_often_makes_nobody_else_wait(tmp_path: Path) -> None:
    line, shop = Line(), Shop()
    asked = [(10 + float(at), Hint(HAND, "somebody asks for it")) for at in range(30)]
    with Store.open(tmp_path, quiet) as store:
        live(lived(at_home(line, shop), store, 60, *asked, (40.5, change(line, NEW)), (40.5, hint(NEW))))

    assert shop.writes[-1][0] - shop.writes[0][0] == 40.5
    assert line.asked[1:31] == [at for at, _ in asked]


def test_of_a_flood_little_is_kept(tmp_path: Path) -> None:
    line = Line()
    world = at_home(line, Shop())
    flood = [(10 + at / 10, hint(f"9.9.{at // 250}.{at % 250}")) for at in range(6_000)]
    with Store.open(tmp_path, quiet) as store:
        live(lived(world, store, 700, *flood))

    assert max(len(report.hints) for report in world.reports) <= 64


def test_a_line_that_is_up_before_it_carries_anything_is_no_reason_to_wait(tmp_path: Path) -> None:
    line, shop = Line(), Shop()
    world = at_home(line, shop)

    def looking() -> None:
        if 100 <= world.elapsed() < 103:
            raise Unreachable("network is unreachable")

    shop.looking = looking
    with Store.open(tmp_path, quiet) as store:
        live(lived(world, store, 200, (100, change(line, NEW)), (100, hint(NEW))))

    assert 103 <= shop.writes[-1][0] - shop.writes[0][0] <= 105
    assert shop.addresses() == [NEW]


def test_a_provider_that_answers_with_trouble_is_left_alone_whoever_told(tmp_path: Path) -> None:
    line, shop = Line(), Shop()
    world = at_home(line, shop)

    def looking() -> None:
        if world.elapsed() >= 100:
            raise NoAnswer("no answer within 10 s")

    shop.looking = looking
    with Store.open(tmp_path, quiet) as store:
        live(lived(world, store, 125, (100, change(line, NEW)), (100, hint(NEW))))

    assert len(shop.reads) == 2


def test_an_announced_address_that_may_not_be_published_is_not_chased(tmp_path: Path) -> None:
    line, shop = Line(), Shop()
    with Store.open(tmp_path, quiet) as store:
        live(lived(at_home(line, shop), store, 250, (100, hint("100.64.0.9"))))

    assert line.asked == [0, 100]
