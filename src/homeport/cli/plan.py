"""`homeport plan`: what would change, as a diff; nothing is changed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from ..agent.decide import Settled, Todo
from ..agent.loop import TRACE, Agent
from ..core.report import Outcome, TargetReport, texts
from ..report.log import LOGGER, said, start
from ..state.store import Store
from .exits import NOT_RIGHT, RIGHT, TO_DO
from .setup import configure, setup, world
from .term import paint, progress


def plan(path: Path | None, *, as_json: bool) -> int:
    config = configure(path)
    start("error", config.log.format, None, TRACE.get)

    async def look() -> list[Todo | Settled]:
        real = world(config)
        try:
            with Store.view(config.agent.state_dir, LOGGER.warning) as store:
                return await Agent(setup(config, store.salt()), real, store, _nobody, _nobody).plan()
        finally:
            await real.rest()

    with progress("looking for the address, asking the providers"):
        decisions = asyncio.run(look())
    decisions.sort(key=lambda one: one.target if isinstance(one, Todo) else one.report.target)
    for one in decisions:
        print(json.dumps(_plan_json(one), ensure_ascii=False) if as_json else _plan_text(one))
    if any(isinstance(one, Todo) for one in decisions):
        return TO_DO
    right = all(isinstance(one, Settled) and one.report.outcome.right for one in decisions)
    return RIGHT if right else NOT_RIGHT


def _plan_json(one: Todo | Settled) -> dict[str, object]:
    if isinstance(one, Settled):
        return one.report.as_json("") | {"change": False}
    report = TargetReport(one.target, Outcome.UPDATED, one.task.wanted.addresses, one.live)
    return report.as_json("") | {"outcome": None, "change": True, "why": one.why}


def _plan_text(one: Todo | Settled) -> str:
    if isinstance(one, Settled):
        if one.report.outcome.right:
            return f"  {one.report.target}  {said(one.report)}"
        return paint(f"! {one.report.target}  {said(one.report)}", "yellow")
    wanted, ttl = one.task.wanted, one.task.wanted.ttl
    lines = [paint(f"~ {one.target}{f'  ({one.why})' if one.why else ''}", "bold")]
    gone = (one.live or frozenset()) - one.after
    stays = (one.live or frozenset()) & one.after
    lines += [paint(f"  - {address}", "red") for address in texts(gone)]
    lines += [f"    {address}" for address in texts(stays)]
    new = wanted.addresses - stays
    lines += [paint(f"  + {address}{f'  ttl {ttl}' if ttl else ''}", "green") for address in texts(new)]
    if not gone and not new:
        lines.append(paint(f"  ~ {_attributes(one)}", "green"))
    return "\n".join(lines)


def _attributes(one: Todo) -> str:
    wanted = one.task.wanted
    parts = [f"ttl {wanted.ttl}"] if wanted.ttl else []
    parts += [f"{name} = {value}" for name, value in wanted.options.items()]
    return one.why or ", ".join(parts) or "duplicates go"


def _nobody(_: object) -> None:
    """A plan changes nothing, so there is nothing to report or to prove."""
