"""What was decided: in a recording, and by this version's agent from the same observations."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

from ..agent.hearing import everybody
from ..agent.loop import Agent
from ..core.report import Report, texts
from ..core.schedule import Target
from ..report.record import Recording, Round
from ..state.store import Store
from .clock import VirtualLoop
from .world import Over, RecordedWorld, setup

RIGHT_ONES = ("updated", "unchanged")


class Decision(NamedTuple):
    """From `at` on, a target was to have these addresses."""

    at: float  # seconds since 1970, UTC
    target: Target
    addresses: tuple[str, ...]


def recorded(recording: Recording) -> list[Decision]:
    """What the agent that wrote the recording wanted, whenever that was new."""
    rounds = [(event.at, event.said) for event in recording.events if isinstance(event.said, Round)]
    return _news(
        Decision(at, target, decided.wanted or ())
        for at, one in rounds
        for target, decided in one.decided.items()
        if decided.outcome in RIGHT_ONES and decided.wanted is not None
    )


def again(recording: Recording) -> list[Decision]:
    """What the agent of this version wants, whenever that is new."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_live(recording))


async def _live(recording: Recording) -> list[Decision]:
    world = RecordedWorld(recording)
    reports: list[Report] = []
    with Store(None, _silent) as store:
        agent = Agent(setup(recording, world), world, store, reports.append, _silent, hears=everybody)
        with suppress(Over):
            await agent.run()
    return _news(
        Decision(report.at, one.target, tuple(texts(one.wanted)))
        for report in reports
        for one in report.targets
        if one.outcome.right and one.wanted is not None
    )


def _news(decisions: Iterable[Decision]) -> list[Decision]:
    known: dict[Target, tuple[str, ...]] = {}
    found = []
    for one in decisions:
        if known.get(one.target) != one.addresses:
            known[one.target] = one.addresses
            found.append(one)
    return found


def _silent(_: object) -> None:
    """Nobody need know."""


def by_target(decisions: Sequence[Decision]) -> dict[Target, list[tuple[str, ...]]]:
    """The same without its times, which are never quite alike."""
    found: dict[Target, list[tuple[str, ...]]] = {}
    for one in decisions:
        found.setdefault(one.target, []).append(one.addresses)
    return found
