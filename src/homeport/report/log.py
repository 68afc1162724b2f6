"""Logs: a round as lines, in text or JSON, each with the trace of its round."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..core.report import Outcome, Report, TargetReport, texts
from ..core.schedule import Target

if TYPE_CHECKING:
    from io import TextIOWrapper

LOGGER = logging.getLogger("homeport")
_ASYNCIO = logging.getLogger("asyncio")
MOST_HINTS = 8  # lines about what led to one round; whoever says more only wants to fill the log
_SIZE, KEPT = 1_000_000, 5  # octets of one log file, and how many old ones are kept


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
    console: bool = True,
    hide: Callable[[str], str] = _as_it_is,
) -> None:
    """Send the log to standard error and, if there is one, to a file that is rotated.

    `hide` makes the words of an unexpected error fit to be seen; those that nobody catches, and what
    asyncio says of them, come here too.
    """
    formatter = JsonFormat(hide) if form == "json" else TextFormat(hide)
    handlers: list[logging.Handler] = []
    if console:
        handlers.append(logging.StreamHandler(sys.stderr))
    trouble = None
    if file is not None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            handlers.append(_rotating(file))
        except OSError as error:
            trouble = f"the log file {file} cannot be written: {error.strerror}"
    for handler in handlers:
        handler.setFormatter(formatter)
        handler.addFilter(_Traced(trace))
        LOGGER.addHandler(handler)
        _ASYNCIO.addHandler(handler)
    _ASYNCIO.propagate = False
    sys.excepthook = _last_words
    LOGGER.setLevel(level.upper())
    LOGGER.propagate = False
    if trouble:
        LOGGER.warning(trouble)


def _rotating(file: Path) -> logging.Handler:
    """Each new file is its user's only; an old one keeps what its user lets the group do."""
    from logging.handlers import RotatingFileHandler  # noqa: PLC0415 - only where a file is wanted

    class Private(RotatingFileHandler):
        def _open(self) -> TextIOWrapper:
            descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            return os.fdopen(descriptor, "a", encoding="utf-8")

    return Private(file, maxBytes=_SIZE, backupCount=KEPT, encoding="utf-8")


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
            LOGGER.info("told by %s: %s", hint.origin, hint.says, extra={"trace": report.trace})
        for one in report.targets:
            level = self._level(one)
            about = {key: value for key, value in one.as_json(report.trace).items() if key != "trace"}
            if one.why:
                about["why"] = one.why
            LOGGER.log(level, sentence(one), extra={"trace": report.trace, "about": about})
            self._last[one.target] = (one.outcome, one.error)

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
