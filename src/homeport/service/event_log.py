"""Windows' Event Log: what a person should know, where Windows keeps such things.

The registry keys of a source: Microsoft Learn, "Event Sources", read 2026-11-21.  The texts come through
`EventCreate.exe`, a part of Windows whose message table says just what it is given, for each number from
1 to 1000.  `windows_event_log` has the calls.
"""

from __future__ import annotations

import logging
from typing import Any, Protocol

from ..core.events import Event

SOURCE = "Homeport"
KEY = rf"SYSTEM\CurrentControlSet\Services\EventLog\Application\{SOURCE}"
MESSAGES = r"%SystemRoot%\System32\EventCreate.exe"
ERROR, WARNING, INFORMATION = 1, 2, 4  # EVENTLOG_ERROR_TYPE and so on
LONGEST = 31_000  # characters of one text; Windows takes 31,839


class Reporter(Protocol):
    """`ReportEventW` of one source.  Raises `OSError` if Windows does not take it."""

    def __call__(self, kind: int, number: int, text: str) -> None: ...


class EventLog(logging.Handler):
    """Lines with an event, and warnings and errors without.  A log that is full or locked is no trouble."""

    def __init__(self, report: Reporter) -> None:
        super().__init__(logging.INFO)
        self._report = report
        self.setFormatter(logging.Formatter("%(message)s"))

    def filter(self, record: logging.LogRecord) -> Any:
        told = getattr(record, "event", None) not in (None, Event.TOLD)
        return (told or record.levelno >= logging.WARNING) and super().filter(record)

    def emit(self, record: logging.LogRecord) -> None:
        kind = kind_of(record.levelno)
        try:
            self._report(kind, event_of(record).number, self.format(record)[:LONGEST].replace("\0", " "))
        except OSError:
            return  # the files beside it have the line


def kind_of(level: int) -> int:
    """Windows knows three kinds."""
    return ERROR if level >= logging.ERROR else WARNING if level >= logging.WARNING else INFORMATION


def event_of(record: logging.LogRecord) -> Event:
    """The event that the line names, or the one for lines that name none."""
    found: object = getattr(record, "event", None)
    if isinstance(found, Event):
        return found
    return Event.OTHER_ERROR if record.levelno >= logging.ERROR else Event.OTHER_WARNING


def values() -> dict[str, tuple[str | int, str]]:
    """What the registry must say of the source, under `KEY`: value and kind by name."""
    return {
        "EventMessageFile": (MESSAGES, "REG_EXPAND_SZ"),
        "TypesSupported": (ERROR | WARNING | INFORMATION, "REG_DWORD"),
        "CustomSource": (1, "REG_DWORD"),
    }
