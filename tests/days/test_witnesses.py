"""One look of one uplink: who is asked, how long somebody is waited for, and what is then believed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

import pytest

from homeport.agent.observe import HEDGE, observe
from homeport.agent.world import Uplink
from homeport.core.dns import IPAddress, RRType
from homeport.core.errors import SourceError
from homeport.core.observation import PATIENCE, Seen, Unseen
from homeport.core.report import Sight
from homeport.sources.base import Source

from .world import NoNet, live

OLD, NEW, OTHER = "8.8.8.1", "8.8.8.2", "8.8.8.3"
KNOWN = frozenset({ip_address(OLD)})


@dataclass(frozen=True, kw_only=True)
class After(Source):
    """Says its word after so many seconds; None: it fails."""

    word: str | None
    seconds: float = 0.0
    asked: list[str] = field(default_factory=list, hash=False, compare=False)

    async def observe(self, net: object, rrtype: RRType) -> frozenset[IPAddress]:
        self.asked.append(self.label)
        await asyncio.sleep(self.seconds)
        if self.word is None:
            raise SourceError("does not answer")
        return frozenset({ip_address(self.word)})


def look(
    *said: tuple[str | None, float], known: frozenset[IPAddress] | None = KNOWN, agree: int | None = None
) -> tuple[Sight, float]:
    """What is seen, and after how many seconds; each source has an operator of its own."""
    sources: Sequence[Source] = [
        After(label=f"http:{place}", operator=f"o{place}", word=word, seconds=seconds)
        for place, (word, seconds) in enumerate(said)
    ]
    uplink = Uplink("default", {RRType.A: sources}, agree)

    async def one() -> tuple[Sight, float]:
        clock = asyncio.get_running_loop().time
        began = clock()
        sight = await observe(uplink, NoNet([RRType.A]), RRType.A, clock, known)
        return sight, clock() - began

    return live(one())


def seen(sight: Sight) -> list[str]:
    assert isinstance(sight.observation, Seen), sight.observation
    return sorted(map(str, sight.observation.addresses))


def test_while_nothing_has_changed_one_witness_is_asked_and_enough() -> None:
    sight, seconds = look((OLD, 0.01), (OLD, 0.01), (OLD, 0.01))
    assert (seen(sight), sight.asked) == ([OLD], ("http:0",))
    assert seconds == pytest.approx(0.01)


def test_a_witness_that_hangs_is_replaced_by_the_next() -> None:
    sight, seconds = look((OLD, 60.0), (OLD, 0.01))
    assert (seen(sight), sight.asked) == ([OLD], ("http:0", "http:1"))
    assert seconds == pytest.approx(HEDGE + 0.01)


def test_a_change_is_believed_when_a_second_one_confirms_it() -> None:
    sight, seconds = look((NEW, 0.01), (NEW, 0.02), (OLD, 5.0))
    assert seen(sight) == [NEW]
    assert seconds == pytest.approx(0.03)


def test_a_second_witness_has_a_second_to_confirm_a_change_and_no_more() -> None:
    sight, seconds = look((NEW, 0.01), (NEW, 60.0), (NEW, 60.0))
    assert seen(sight) == [NEW]
    assert seconds == pytest.approx(0.01 + PATIENCE)


def test_who_contradicts_within_that_second_is_heard_and_a_third_one_decides() -> None:
    sight, _ = look((NEW, 0.01), (OLD, 0.5), (OLD, 0.5))
    assert seen(sight) == [OLD]


def test_one_who_contradicts_is_enough_for_a_change_to_be_believed_by_nobody() -> None:
    sight, _ = look((NEW, 0.01), (OLD, 0.5), (None, 0.1))
    assert isinstance(sight.observation, Unseen)
    sight, _ = look((NEW, 0.01), (OTHER, 0.5), (None, 5.0))
    assert isinstance(sight.observation, Unseen)


def test_where_a_person_wrote_how_many_must_agree_patience_and_memory_change_nothing() -> None:
    sight, seconds = look((OLD, 0.01), (OLD, 3.0), (OLD, 3.0), agree=3)
    assert (seen(sight), len(sight.asked)) == ([OLD], 3)
    assert seconds >= 3.0
    sight, _ = look((NEW, 0.01), (NEW, 0.01), (None, 0.01), agree=3)
    assert isinstance(sight.observation, Unseen)


def test_without_memory_two_must_say_the_same_however_late_the_second_is() -> None:
    sight, seconds = look((NEW, 0.01), (NEW, 4.0), known=None)
    assert seen(sight) == [NEW]
    assert seconds == pytest.approx(4.0)


def test_what_may_not_be_published_is_no_witness() -> None:
    sight, _ = look(("10.0.0.1", 0.01), (OLD, 0.01))
    assert seen(sight) == [OLD]
    sight, _ = look(("10.0.0.1", 0.01), ("100.64.0.1", 0.01))
    assert isinstance(sight.observation, Unseen)
