"""`homeport run`: the agent, for one round or for years."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..agent.loop import Agent
from ..agent.verify import Proof
from ..config.model import Config
from ..core.errors import ConfigError
from ..core.report import Outcome, Report
from ..report.log import LOGGER, said
from ..service.host import Host, Nobody
from ..state.lock import Lock
from ..state.store import Store
from .exits import INTERRUPTED, NOT_RIGHT, RIGHT
from .log import Log
from .setup import begin, configure, setup, world
from .term import progress, table

if TYPE_CHECKING:
    from ..report.record import Recorder

_COLOURS = {
    Outcome.UPDATED: "green",
    Outcome.UNCHANGED: "dim",
    Outcome.FAILED: "red",
    Outcome.HELD: "yellow",
    Outcome.UNKNOWN: "yellow",
}


def run(
    path: Path | None,
    *,
    once: bool,
    as_json: bool,
    record: Path | None,
    host: Host | None = None,
    log: Log | None = None,
) -> int:
    """`log` is made as the host likes it; one that nobody looks at has a file in any case."""
    began = time.time()
    config = configure(path)
    _no_core_files()
    log = log or Log()
    log.begin(config)
    with ExitStack() as stack:
        if host is None and sys.platform == "win32":
            _mind_the_window(stack)
        try:
            stack.enter_context(Lock(config.agent.state_dir, time.sleep))
        except OSError as error:
            LOGGER.warning(
                "the state directory %s cannot be written (%s): another agent would go unnoticed",
                config.agent.state_dir,
                error.strerror,
            )
        store = stack.enter_context(Store.open(config.agent.state_dir, LOGGER.warning))
        stack.callback(store.go_home)
        recorder = stack.enter_context(_recording(record)) if record else None
        if once:
            return _until_signal(_once(config, store, recorder, as_json=as_json))
        from .forever import forever  # noqa: PLC0415 - one round listens to nobody

        host = host or _host()
        work = forever(config, store, recorder, host, log, path=path, began=began, as_json=as_json)
        return _until_signal(work)


def _host() -> Host:
    """Who has started this process, and wants to be told."""
    if "NOTIFY_SOCKET" in os.environ:
        from ..service.systemd import Systemd  # noqa: PLC0415 - for systemd only

        return Systemd.found(os.environ) or Nobody()
    return Nobody()


def _no_core_files() -> None:
    """A core file holds all that this process knows, its secrets too, and lies about for anybody."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - not on Windows

        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, most))


def _mind_the_window(stack: ExitStack) -> None:
    """A console that is closed, and a person who logs off, end the agent in good order, as Ctrl-C does."""
    from ..service import windows_console, windows_session  # noqa: PLC0415 - for one system

    console = windows_console.real()
    if console.listen():
        stack.callback(console.leave)
    windows_session.real(windows_console.interrupt).listen()


@contextmanager
def _recording(path: Path) -> Iterator[Recorder]:
    """A new file, which only its user can read."""
    from ..report.record import Recorder  # noqa: PLC0415 - for a recording only

    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError(
            f"the recording {path} is there already; name a new file, or move it away"
        ) from None
    except OSError as error:
        raise ConfigError(f"the recording {path} cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        yield Recorder(stream, time.time, LOGGER.warning)


async def _once(config: Config, store: Store, recorder: Recorder | None, *, as_json: bool) -> int:
    real = world(config, None if recorder is None else recorder.neighbours)
    asked = setup(config, store.salt())
    if recorder is not None:
        begin(recorder, asked)
    proofs: dict[object, Proof] = {}
    agent = Agent(
        asked,
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
    if recorder is not None:
        recorder.round(report, [name for name in config.uplinks if not real.healthy(name)])
    if as_json:
        print_json(report)
    else:
        rows = [
            (
                one.outcome.value,
                one.target.owner.text,
                one.target.rrtype.value,
                one.target.account,
                _after_the_outcome(said(one)) + proved(proofs.get(one.target)),
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


def print_json(report: Report) -> None:
    for line in json_lines(report):
        print(line, flush=True)


def json_lines(report: Report) -> Iterator[str]:
    """One object for each target."""
    return (json.dumps(one.as_json(report.trace), ensure_ascii=False) for one in report.targets)


def _nothing(_: Report) -> None:
    """The caller has the report already."""


def proved(proof: Proof | None) -> str:
    if proof is None:
        return ""
    if proof.seconds is None:
        return f"; not yet seen at its name servers: {proof.why_not or '; '.join(proof.late)}"
    late = f"; not yet: {'; '.join(proof.late)}" if proof.late else ""
    return f"; live at {', '.join(proof.right)} after {proof.seconds * 1000:.0f} ms{late}"
