"""`homeport run`, `plan` and `ip`: the commands that look at the world."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from ..agent.decide import Settled, Todo
from ..agent.loop import TRACE, Agent
from ..agent.observe import survey
from ..agent.verify import Proof
from ..agent.world import Uplink
from ..config.model import Config
from ..core.address import PLAIN_WORDS, AddressClass, classify
from ..core.dns import RRType
from ..core.hint import HAND, Hint
from ..core.observation import Absent, Reading, Seen, Unseen
from ..core.report import Outcome, Report, Sight, TargetReport, texts
from ..net import doorbell
from ..report.log import LOGGER, LogView, said, start
from ..state.lock import Lock
from ..state.store import Store
from .exits import INTERRUPTED, NOT_RIGHT, RIGHT, TO_DO
from .setup import configure, setup, world
from .term import paint, progress, table

ASKED = Hint(HAND, "somebody asks for it")
_COLOURS = {
    Outcome.UPDATED: "green",
    Outcome.UNCHANGED: "dim",
    Outcome.FAILED: "red",
    Outcome.HELD: "yellow",
    Outcome.UNKNOWN: "yellow",
}


# -- run -----------------------------------------------------------------------------------------


def run(path: Path | None, *, once: bool, as_json: bool) -> int:
    config = configure(path)
    log = config.log
    start(log.level, log.format, log.file, TRACE.get)
    with ExitStack() as stack:
        try:
            stack.enter_context(Lock(config.agent.state_dir))
        except OSError as error:
            LOGGER.warning(
                "the state directory %s cannot be written (%s): another agent would go unnoticed",
                config.agent.state_dir,
                error.strerror,
            )
        store = stack.enter_context(Store.open(config.agent.state_dir, LOGGER.warning))
        if once:
            return _until_signal(_once(config, store, as_json=as_json))
        return _until_signal(_forever(config, store, as_json=as_json))


async def _once(config: Config, store: Store, *, as_json: bool) -> int:
    real = world(config)
    proofs: dict[object, Proof] = {}
    agent = Agent(
        setup(config, store.salt()),
        real,
        store,
        _nothing,
        lambda proof: proofs.update({proof.target: proof}),
    )
    try:
        with progress("looking for the address, asking the providers"):
            report = await agent.once()
    finally:
        await real.rest()
    if as_json:
        _print_json(report)
    else:
        rows = [
            (
                one.outcome.value,
                one.target.owner.text,
                one.target.rrtype.value,
                one.target.account,
                _after_the_outcome(said(one)) + _proved(proofs.get(one.target)),
            )
            for one in report.targets
        ]
        print(table(rows, colours=[_COLOURS[one.outcome] for one in report.targets]))
    return RIGHT if report.right else NOT_RIGHT


def _after_the_outcome(text: str) -> str:
    """The words behind the outcome, which has a column of its own."""
    for word in ("updated ", "failed: ", "held: ", "address unknown, "):
        text = text.removeprefix(word)
    return text


async def _forever(config: Config, store: Store, *, as_json: bool) -> int:
    real = world(config)
    view = LogView()

    def report(report: Report) -> None:
        view(report)
        if as_json:
            _print_json(report)

    try:
        bell, where = await doorbell.listen(lambda: real.wake(ASKED))
    except OSError as error:
        LOGGER.warning("`homeport retry` cannot wake this agent: %s", error.strerror)
        bell = None
    else:
        store.put("doorbell", where)
    if sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, real.wake, ASKED)
    asked = setup(config, store.salt())
    LOGGER.info(
        "started: %d targets, a round every %.0f s, state in %s",
        len(asked.rules),
        asked.interval,
        config.agent.state_dir,
    )
    try:
        await Agent(asked, real, store, report, _log_proof).run()
    finally:
        if bell is not None:
            bell.close()
        await real.rest()
        LOGGER.info("stopped")
    return RIGHT


def _until_signal(work: Coroutine[Any, Any, int]) -> int:
    """Run to the end; SIGTERM (SIGBREAK on Windows) and Ctrl-C end it in good order."""

    async def main() -> int:
        task = asyncio.ensure_future(work)
        ended: list[int] = []

        def end(number: int) -> None:
            ended.append(number)
            task.cancel()

        with _signals(end):
            try:
                return await task
            except asyncio.CancelledError:
                return INTERRUPTED if signal.SIGINT in ended else RIGHT

    return asyncio.run(main())


def _signals(end: Callable[[int], None]) -> ExitStack:
    loop = asyncio.get_running_loop()
    stack = ExitStack()
    if sys.platform == "win32":
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGBREAK):
            before = signal.signal(number, lambda got, _: loop.call_soon_threadsafe(end, got))
            stack.callback(signal.signal, number, before)
    else:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end, number)
            stack.callback(loop.remove_signal_handler, number)
    return stack


def _print_json(report: Report) -> None:
    for one in report.targets:
        print(json.dumps(one.as_json(report.trace), ensure_ascii=False), flush=True)


def _nothing(_: Report) -> None:
    """The caller has the report already."""


def _proved(proof: Proof | None) -> str:
    if proof is None:
        return ""
    if proof.seconds is None:
        return f"; not yet seen at its name servers: {proof.why_not or '; '.join(proof.late)}"
    late = f"; not yet: {'; '.join(proof.late)}" if proof.late else ""
    return f"; live at {', '.join(proof.right)} after {proof.seconds * 1000:.0f} ms{late}"


def _log_proof(proof: Proof) -> None:
    if proof.live and not proof.late:
        LOGGER.info("%s%s", proof.target, _proved(proof).replace("; ", ": ", 1))
    else:
        LOGGER.warning("%s%s", proof.target, _proved(proof).replace("; ", ": ", 1))


# -- plan ----------------------------------------------------------------------------------------


def plan(path: Path | None, *, as_json: bool) -> int:
    config = configure(path)
    start("error", config.log.format, None, TRACE.get)

    async def look() -> list[Todo | Settled]:
        real = world(config)
        try:
            with Store.view(config.agent.state_dir, LOGGER.warning) as store:
                return await Agent(setup(config, store.salt()), real, store, _nothing, _no_proof).plan()
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
    gone = (one.live or frozenset()) - wanted.addresses
    stays = (one.live or frozenset()) & wanted.addresses
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


def _no_proof(_: Proof) -> None:
    """A plan changes nothing, so there is nothing to prove."""


# -- ip ------------------------------------------------------------------------------------------


def ip(path: Path | None, *, as_json: bool) -> int:
    """Every source side by side."""
    config = configure(path, needed=False)
    start("error", config.log.format, None, TRACE.get)
    asked = setup(config, b"")
    looks = [
        (uplink, rrtype)
        for uplink in asked.uplinks.values()
        for rrtype, sources in uplink.sources.items()
        if sources
    ]

    async def look() -> list[Sight]:
        real = world(config)
        try:
            return await asyncio.gather(
                *(survey(uplink, real.net(uplink.name), rrtype, real.elapsed) for uplink, rrtype in looks)
            )
        finally:
            await real.rest()

    with progress("asking every source"):
        sights = asyncio.run(look())
    rows = [
        _Row(uplink, rrtype, reading, sight)
        for (uplink, rrtype), sight in zip(looks, sights, strict=True)
        for reading in sight.readings
    ]
    if as_json:
        for row in rows:
            print(json.dumps(row.as_json(), ensure_ascii=False))
    else:
        head = ("UPLINK", "TYPE", "SOURCE", "ADDRESS", "TIME", "VERDICT")
        print(table([row.cells() for row in rows], head))
        for (uplink, rrtype), sight in zip(looks, sights, strict=True):
            print(_conclusion(uplink, rrtype, sight))
    return NOT_RIGHT if any(isinstance(sight.observation, Unseen) for sight in sights) else RIGHT


class _Row(NamedTuple):
    """One source of one uplink, as a line."""

    uplink: Uplink
    rrtype: RRType
    reading: Reading
    sight: Sight

    @property
    def verdict(self) -> tuple[str, str]:
        """One word, and the plain words for it."""
        reading, seen = self.reading, self.sight.observation
        for address in reading.refused:
            if (kind := classify(address)) is not AddressClass.GLOBAL:
                return kind.value, PLAIN_WORDS[kind]
        if reading.addresses is None:
            return "failed", str(reading.error)
        if isinstance(seen, Seen):
            if reading.source in seen.witnesses:
                alone = len(seen.witnesses) == 1
                return ("alone", "no other source could confirm it") if alone else ("agrees", "agrees")
            return "disagrees", "says something else than the others"
        return "unconfirmed", "too few sources say the same"

    def as_json(self) -> dict[str, object]:
        word, plain = self.verdict
        said = self.reading.addresses or self.reading.refused
        return {
            "uplink": self.uplink.name,
            "type": self.rrtype.value,
            "source": self.reading.source,
            "operator": self.reading.operator,
            "address": ", ".join(texts(said)) or None,
            "ms": round(self.reading.seconds * 1000, 1),
            "verdict": word,
            "explanation": plain,
            "chosen": isinstance(seen := self.sight.observation, Seen)
            and self.reading.addresses == seen.addresses,
            "error": self.reading.error,
        }

    def cells(self) -> tuple[str, ...]:
        word, plain = self.verdict
        said = self.reading.addresses or self.reading.refused
        return (
            self.uplink.name,
            self.rrtype.value,
            self.reading.source,
            ", ".join(texts(said)) or "-",
            f"{self.reading.seconds * 1000:.0f} ms",
            plain if word in ("agrees", "failed") else f"{word}: {plain}",
        )


def _conclusion(uplink: Uplink, rrtype: RRType, sight: Sight) -> str:
    where = f"{rrtype}" if uplink.name == "default" else f"{rrtype} of {uplink.name}"
    match sight.observation:
        case Seen(addresses, witnesses):
            by = f"{len(witnesses)} of {len(sight.readings)} sources"
            return paint(f"{where}: {', '.join(texts(addresses)) or 'none, on purpose'} ({by})", "green")
        case Absent(why):
            return paint(f"{where}: {why}", "dim")
        case Unseen(why):
            return paint(f"{where}: unknown: {why}", "yellow")
