"""How often a line is asked about: ever more seldom while its changes are told, closely when due."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

import pytest

from homeport.agent.hearing import Ear, Roll, everybody
from homeport.agent.lines import Lines
from homeport.core.dns import RRType
from homeport.core.errors import SourceError
from homeport.core.hint import Hint, Tell
from homeport.core.rhythm import Sighting
from homeport.net.ears import Ears
from homeport.state.store import Store

from .test_hints import Line, change, lived
from .world import DAY, HOUR, MINUTE, START, Readable, Shop, World, live, quiet

A = RRType.A
BASE = 5 * MINUTE
NIGHT = 3 * HOUR + 14 * MINUTE  # 03:14
MIDNIGHT = DAY - START % DAY  # the first one, in seconds from the start

Event = tuple[float, object]


def address(number: int) -> str:
    return f"8.8.{number // 250}.{number % 250 + 1}"


def told(line: Line, at: float, number: int) -> list[Event]:
    """A change that the gateway announces."""
    new = address(number)
    hint = Hint("nat-pmp", f"the gateway announces {new}", "default", ip_address(new))
    return [(at, change(line, new)), (at, hint)]


def at_home(line: Line, shop: Shop) -> World:
    return World({"cf": Readable(shop=shop)}, {A: line}, hears=everybody, interval=BASE)


def gaps(world: World, begin: float, end: float) -> list[float]:
    """The sleeps that were meant between two moments."""
    times = [report.at - START for report in world.reports]
    return [pause for at, pause in zip(times, world.pauses, strict=False) if begin <= at < end]


def late(shop: Shop, events: Sequence[Event]) -> list[float]:
    """Seconds from each change until it was published."""
    began = shop.writes[0][0]
    changes = [at for at, event in events if callable(event)]
    return [round(wrote - began - at, 1) for at, (wrote, _) in zip(changes, shop.writes[1:], strict=True)]


def test_a_line_whose_changes_are_told_for_weeks_is_asked_ever_more_seldom(tmp_path: Path) -> None:
    line, shop = Line(), Shop()
    world = at_home(line, shop)
    days = [2, 5, 9, 12, 16]
    events = [one for day in days for one in told(line, day * DAY + day * HOUR + 77.7 * day, day)]
    with Store.open(tmp_path, quiet) as store:
        live(lived(world, store, 21 * DAY, *events))

    assert late(shop, events) == [0.0] * len(days)
    asked = [len(gaps(world, day * DAY, (day + 1) * DAY)) for day in (1, 4, 7, 11, 15, 20)]
    assert asked == sorted(asked, reverse=True)
    assert asked[0] == 288 and asked[-1] <= 25
    assert max(world.pauses) <= HOUR * 1.06


def test_one_announcement_that_is_missed_ends_the_trust(tmp_path: Path) -> None:
    line, shop = Line(), Shop()
    world = at_home(line, shop)
    events = [
        one for day in range(1, 7) for one in told(line, day * DAY + day * 3 * HOUR + 77.7 * day, day)
    ]
    events.append((9 * DAY, change(line, address(99))))
    with Store.open(tmp_path, quiet) as store:
        live(lived(world, store, 11 * DAY, *events))

    assert min(gaps(world, 8 * DAY, 9 * DAY)) > HOUR / 2
    assert 0 < late(shop, events)[-1] <= HOUR * 1.06
    assert max(gaps(world, 9 * DAY + 2 * HOUR, 10 * DAY)) <= BASE / 2 * 1.06
    assert max(gaps(world, 10 * DAY + 2 * HOUR, 11 * DAY)) <= BASE * 1.06


def test_a_reconnect_at_a_quarter_past_three_is_learned_and_watched(tmp_path: Path) -> None:
    """Nobody tells of it.  At first it is found by the poll, later within seconds."""
    line, shop = Line(), Shop()
    world = at_home(line, shop)
    nights = [MIDNIGHT + day * DAY + NIGHT + day % 3 * 20 for day in range(14)]
    events = [(at, change(line, address(number))) for number, at in enumerate(nights)]
    with Store.open(tmp_path, quiet) as store:
        live(lived(world, store, nights[-1] + HOUR, *events))

    assert max(late(shop, events)[5:]) <= 21
    day = nights[-1] - 12 * HOUR
    assert len(gaps(world, day - 6 * HOUR, day + 6 * HOUR)) < 400  # nor is all day watched like this


def test_trust_ends_when_nobody_listens_any_more(tmp_path: Path) -> None:
    line, shop = Line(), Shop()
    world = at_home(line, shop)
    ears = {"nat-pmp", "system"}
    world.hears = lambda uplink: ears
    events: list[Event] = [
        one for day in range(1, 7) for one in told(line, day * DAY + day * 3 * HOUR + 77.7 * day, day)
    ]
    events.append((8 * DAY, lambda: ears.discard("nat-pmp")))
    events.append((9 * DAY, change(line, address(99))))
    with Store.open(tmp_path, quiet) as store:
        live(lived(world, store, 10 * DAY, *events))
        sightings = store.sightings()["default", A]
        assert store.heard() == {"default": {"system"}}

    assert min(gaps(world, 7 * DAY, 8 * DAY - 2 * HOUR)) > HOUR / 2
    assert max(gaps(world, 8 * DAY + 2 * HOUR, 9 * DAY)) <= BASE * 1.06
    assert late(shop, events[:-2] + events[-1:])[-1] <= BASE
    assert [one.listening for one in sightings] == [False] + [True] * 6 + [False]


def test_a_line_that_cannot_be_seen_is_not_trusted_meanwhile(tmp_path: Path) -> None:
    line, shop = Line(), Shop()
    world = at_home(line, shop)
    events: list[Event] = [
        one for day in range(1, 7) for one in told(line, day * DAY + day * 3 * HOUR + 77.7 * day, day)
    ]
    events.append((8 * DAY, change(line, "10.0.0.1")))
    with Store.open(tmp_path, quiet) as store:
        live(lived(world, store, 9 * DAY, *events))

    assert max(gaps(world, 8 * DAY + 2 * HOUR, 9 * DAY)) <= BASE * 1.06


def test_what_a_wrong_clock_dated_into_the_future_teaches_nothing(tmp_path: Path) -> None:
    with Store.open(tmp_path, quiet) as store:
        for day in range(6):
            one = Sighting(START + day * DAY, (address(day),), "nat-pmp")
            store.sighted("default", A, one, keep=128)
        store.sighted("default", A, Sighting(START + 9000 * DAY, (address(7),), None), keep=128)
        lines = Lines(store, everybody, lambda _: True)
        found = lines.rhythm(("default", A), START + 6 * DAY)
        assert found.trust.streak == 5
        assert found.window is not None


def test_lines_that_the_configuration_no_longer_has_are_kept_for_a_year(tmp_path: Path) -> None:
    line = Line()
    with Store.open(tmp_path, quiet) as store:
        for uplink, days in (("default", 500), ("gone", 300), ("long gone", 500)):
            store.sighted(uplink, A, Sighting(START - days * DAY, (address(1),)), keep=9)
        live(lived(at_home(line, Shop()), store, MINUTE))
        assert {uplink for uplink, _ in store.sightings()} == {"default", "gone"}


def test_what_listeners_ask_outside_is_counted_with_the_next_look(tmp_path: Path) -> None:
    with Store.open(tmp_path, quiet) as store:
        lines = Lines(store, everybody, lambda _: True)
        for label in ("stun:a", "stun:a", "stun:b"):
            lines.asked(label)
        for _ in range(2):
            lines.looked([], {}, 0.0, START)
        assert store.asked() == {int(START // DAY): {"stun:a": 2, "stun:b": 1}}


# -- who listens ---------------------------------------------------------------------------------


class Deaf:
    """A listener that hears for so long and not longer."""

    name = "gateway announcements"

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.heard: list[frozenset[str]] = []
        self.roll = Roll()

    async def run(self, tell: Tell) -> None:
        self.heard.append(self.roll.hears("fiber"))
        await asyncio.sleep(self.seconds)
        raise SourceError("the port is taken")


@pytest.mark.parametrize(("seconds", "hints"), [(1.0, 0), (3600.0, 1)])
def test_the_roll_knows_who_listens_and_tells_when_one_ends(seconds: float, hints: int) -> None:
    deaf, told = Deaf(seconds), list[Hint]()
    ear: Ear = deaf.roll.ear(deaf, "nat-pmp", "pcp", uplink="fiber")
    assert deaf.roll.hears("fiber") == frozenset()
    with pytest.raises(SourceError):
        live(ear.run(told.append))
    assert deaf.heard == [{"nat-pmp", "pcp"}]
    assert deaf.roll.hears("fiber") == frozenset()
    assert [(hint.origin, hint.uplink) for hint in told] == [("ears", "fiber")] * hints


class Hangs:
    """A listener that hears of some changes, and then goes on for ever without a word."""

    name = "gateway announcements"

    def __init__(self, *heard: Hint) -> None:
        self.heard, self.runs = list(heard), 0

    async def run(self, tell: Tell) -> None:
        self.runs += 1
        for hint in self.heard:
            tell(hint)
        await asyncio.Event().wait()


def test_a_listener_that_hangs_begins_anew_once_a_look_has_found_what_it_did_not_tell(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    line, roll, hangs = Line(), Roll(), Hangs()
    caplog.set_level(logging.INFO)
    world = at_home(line, Shop())
    world.hears, world.missed = roll.hears, roll.missed
    ears = Ears([], [roll.ear(hangs, "nat-pmp", "pcp", uplink="default")], world.tell)
    events = [event for day in range(6) for event in told(line, day * DAY + HOUR + 77, day)]
    events += [(10 * DAY, change(line, address(10))), (12 * DAY, change(line, address(12)))]

    async def go() -> None:
        listening = asyncio.ensure_future(ears.run())
        with Store.open(tmp_path, quiet) as store:
            await lived(world, store, 13 * DAY, *events)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

    live(go())
    assert hangs.runs == 2  # and not again for the next change: it has told nothing since
    said = [text for text in caplog.messages if "gateway announcements" in text]
    assert len(said) == 1 and "told nothing of a change that a look found; it begins anew" in said[0]


def test_a_listener_that_is_doubted_for_another_uplink_goes_on() -> None:
    roll, hangs, told = Roll(), Hangs(), list[Hint]()

    async def go() -> None:
        work = asyncio.ensure_future(roll.ear(hangs, "upnp", uplink="lte").run(told.append))
        await asyncio.sleep(HOUR)
        roll.missed("fiber", {"upnp"})
        roll.missed("lte", {"nat-pmp"})
        await asyncio.sleep(HOUR)
        assert not work.done()
        roll.missed("lte", {"nat-pmp", "upnp"})
        with pytest.raises(SourceError, match="told nothing of a change"):
            await work

    live(go())
    assert told == [] and roll.hears("lte") == frozenset()


def test_a_listener_of_one_uplink_tells_nothing_of_another() -> None:
    deaf = Deaf(1.0)
    ear = Ear(deaf, ["upnp"], "lte", deaf.roll._up)
    with pytest.raises(SourceError):
        live(ear.run(lambda hint: None))
    assert deaf.heard == [frozenset()]
