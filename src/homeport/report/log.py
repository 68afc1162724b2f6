"""Logs: a round as lines, in text or JSON, each with the trace of its round."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from ..core.events import Event
from ..core.report import Outcome, Report, TargetReport, texts
from ..core.schedule import Target
from .patient import Patient

LOGGER = logging.getLogger("homeport")
_ASYNCIO = logging.getLogger("asyncio")
EVENTS = {
    Outcome.UPDATED: Event.UPDATED,
    Outcome.UNCHANGED: Event.RIGHT,
    Outcome.FAILED: Event.FAILED,
    Outcome.HELD: Event.HELD,
    Outcome.UNKNOWN: Event.UNKNOWN,
}
MOST_HINTS = 8  # lines about what led to one round; whoever says more only wants to fill the log


def _as_it_is(text: str) -> str:
    return text


class _Format(logging.Formatter):
    """Messages are made without secrets; what a bug raises may quote anything, so that is hidden here."""

    def __init__(self, hide: Callable[[str], str] = _as_it_is) -> None:
        super().__init__()
        self._hide = hide

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name that `logging` calls
        return self._hide(super().formatException(ei))


class TextFormat(_Format):
    """`2026-11-21 10:28:00 INFO [a1b2c3d4] home.example.com A (cf): updated ...`."""

    def format(self, record: logging.LogRecord) -> str:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.created))
        trace = f" [{trace}]" if (trace := getattr(record, "trace", "")) else ""
        line = f"{when} {record.levelname}{trace} {record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonFormat(_Format):
    """One object a line: time (RFC 3339, UTC), level, trace, message, and what the line is about."""

    def format(self, record: logging.LogRecord) -> str:
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, object] = {
            "time": f"{when}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "trace": getattr(record, "trace", ""),
            "message": record.getMessage(),
        }
        if (event := getattr(record, "event", None)) is not None:
            line["event"] = event.number
        line |= getattr(record, "about", {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def start(
    level: str,
    form: str,
    file: Path | None,
    trace: Callable[[], str],
    *,
    console: bool | Patient = True,
    hide: Callable[[str], str] = _as_it_is,
    more: Iterable[logging.Handler] = (),
) -> None:
    """Send the log to standard error and, if there is one, to a file that is rotated.

    `hide` makes the words of an unexpected error fit to be seen; those that nobody catches, and what
    asyncio says of them, come here too.  `more` are handlers with formats of their own.
    """
    formatter = JsonFormat(hide) if form == "json" else TextFormat(hide)
    handlers: list[logging.Handler] = []
    if console:
        stream = console if isinstance(console, Patient) else Patient(sys.stderr, _not_read)
        handlers.append(logging.StreamHandler(stream))
    trouble = None
    if file is not None:
        from .log_file import LogFile  # noqa: PLC0415 - only where a file is wanted

        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            handlers.append(LogFile(file))
        except OSError as error:
            trouble = f"the log file {file} cannot be written: {error.strerror}"
    for handler in handlers:
        handler.setFormatter(formatter)
    for handler in (*handlers, *more):
        handler.addFilter(_Traced(trace))
        LOGGER.addHandler(handler)
        _ASYNCIO.addHandler(handler)
    _ASYNCIO.propagate = False
    sys.excepthook = _last_words
    LOGGER.setLevel(level.upper())
    LOGGER.propagate = False
    if trouble:
        LOGGER.warning(trouble)


def restart(
    level: str, form: str, file: Path | None, trace: Callable[[], str], hide: Callable[[str], str]
) -> None:
    """The same with other settings; to the console, if it went there before."""
    before = [
        handler for handler in LOGGER.handlers if any(isinstance(f, _Traced) for f in handler.filters)
    ]
    streams = (getattr(handler, "stream", None) for handler in before)
    console = next((stream for stream in streams if isinstance(stream, Patient)), False)
    more = [handler for handler in before if not isinstance(handler, logging.StreamHandler)]
    start(level, form, file, trace, console=console, hide=hide, more=more)
    for handler in before:
        if handler not in more:
            for log in (LOGGER, _ASYNCIO):
                log.removeHandler(handler)
            handler.close()


def _not_read(lines: int) -> None:
    LOGGER.warning("%d lines of the log were dropped here: nobody read them", lines)


def _last_words(kind: type[BaseException], bug: BaseException, trace: TracebackType | None) -> None:
    LOGGER.critical("a bug in Homeport; please report it", exc_info=(kind, bug, trace))


class _Traced(logging.Filter):
    def __init__(self, trace: Callable[[], str]) -> None:
        super().__init__()
        self._trace = trace

    def filter(self, record: logging.LogRecord) -> bool:
        if not hasattr(record, "trace"):
            record.trace = self._trace()
        return True


class LogView:
    """A report as log lines: trouble is said when it begins, changes and ends, not in every round."""

    def __init__(self) -> None:
        self._last: dict[Target, tuple[Outcome, str | None]] = {}

    def __call__(self, report: Report) -> None:
        hints = list(dict.fromkeys(report.hints))  # a burst repeats itself
        if len(hints) > MOST_HINTS:
            LOGGER.info("%d more hints at once", len(hints) - MOST_HINTS, extra={"trace": report.trace})
        for hint in hints[:MOST_HINTS]:
            more = {"trace": report.trace, "event": Event.TOLD}
            LOGGER.info("told by %s: %s", hint.origin, hint.says, extra=more)
        for one in report.targets:
            level = self._level(one)
            self._last[one.target] = (one.outcome, one.error)
            if not LOGGER.isEnabledFor(level):
                continue
            about = {key: value for key, value in one.as_json(report.trace).items() if key != "trace"}
            if one.why:
                about["why"] = one.why
            more = {"trace": report.trace, "about": about, "event": EVENTS[one.outcome]}
            LOGGER.log(level, sentence(one), extra=more)

    def line(self) -> str:
        """How all targets that it was told of are, in one line."""
        wrong = [
            (target, outcome, error) for target, (outcome, error) in self._last.items() if not outcome.right
        ]
        if not wrong:
            return f"all {len(self._last)} targets are right"
        target, outcome, error = wrong[0]
        return f"{len(wrong)} of {len(self._last)} targets not right: {target}: {outcome}: {error}"

    def forget(self, keep: Collection[Target]) -> None:
        """Drop the others: the configuration does not have them any more."""
        for target in self._last.keys() - set(keep):
            del self._last[target]

    def _level(self, one: TargetReport) -> int:
        known = self._last.get(one.target)
        if one.outcome is Outcome.UPDATED:
            return logging.INFO
        if one.outcome is Outcome.UNCHANGED:
            return logging.INFO if known is None or not known[0].right else logging.DEBUG
        again = known is not None and known[0] is one.outcome and _shape(known[1]) == _shape(one.error)
        return logging.DEBUG if again else logging.WARNING


def _shape(text: str | None) -> str:
    """A message without its numbers: "waiting 5 min" and "waiting 4 min" are the same trouble."""
    return "".join(c for c in text or "" if not c.isdigit())


def sentence(one: TargetReport) -> str:
    """One target in one round, in one line."""
    return f"{one.target}: {said(one)}"


def said(one: TargetReport) -> str:
    """What became of one target, in words; only what is known is claimed."""
    wanted, live = ", ".join(texts(one.wanted)), ", ".join(texts(one.live))
    match one.outcome:
        case Outcome.UPDATED:
            changed = one.before and one.before != one.wanted
            was = f" (was {', '.join(texts(one.before))})" if changed else ""
            why = f": {one.why}" if one.why else ""
            return f"updated to {wanted or 'nothing: the addresses were removed'}{was}{why}"
        case Outcome.UNCHANGED:
            return f"is right: {live or wanted or 'nothing is published, and nothing is to be'}"
        case Outcome.FAILED:
            return f"failed: {one.error}"
        case Outcome.HELD:
            return f"held: {one.error}"
        case Outcome.UNKNOWN:
            return f"address unknown, what is published stays: {one.error}"
