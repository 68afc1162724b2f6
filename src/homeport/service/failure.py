"""Why the agent could not start or go on: a number for the system, a sentence for the person."""

from __future__ import annotations

import errno
import json
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ..core.errors import ConfigError

FILE = "last-failure.json"

BUG, CONFIGURATION, PERMISSION, MISSING, PORT, FULL, SECOND, STILL = range(1, 9)
CODES = {
    BUG: "it failed in a way that nobody foresaw; the log says more",
    CONFIGURATION: "the configuration is not right; `homeport check` says where",
    PERMISSION: "its account may not read or write a file that it needs",
    MISSING: "a file that it needs is not there",
    PORT: "a port that it needs is taken by another program",
    FULL: "the disk is full",
    SECOND: "another agent runs already with the same state",
    STILL: "nothing went on in it for minutes, so it ended itself to be started anew; the log says more",
}
_PORT_TAKEN = frozenset({errno.EADDRINUSE, 10048})  # WSAEADDRINUSE
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, 112, 39})  # ERROR_DISK_FULL, ERROR_HANDLE_DISK_FULL


class Failure(NamedTuple):
    """`code` is one of `CODES`."""

    code: int
    text: str
    when: float = 0.0  # seconds since 1970


def explain(error: BaseException, who: str) -> Failure:
    """`who` is the account that it happened to."""
    if isinstance(error, ConfigError):
        cause = explain(error.__cause__, who).code if isinstance(error.__cause__, OSError) else BUG
        return Failure(CONFIGURATION if cause == BUG else cause, str(error))
    if not isinstance(error, OSError):
        return Failure(BUG, f"{CODES[BUG]}: {type(error).__name__}: {error}")
    numbers = {error.errno, getattr(error, "winerror", None)}
    file = f" {error.filename}" if error.filename else ""
    said = error.strerror or str(error)
    if isinstance(error, PermissionError):
        way = "give it the right to; in its own folders `homeport service install` does that"
        return Failure(PERMISSION, f"{who} may not use{file or ' a file'}: {said}; {way}")
    if isinstance(error, FileNotFoundError):
        return Failure(MISSING, f"there is no file{file}: {said}")
    if numbers & _PORT_TAKEN:
        return Failure(PORT, f"{CODES[PORT]}: {said}")
    if numbers & _FULL:
        return Failure(FULL, f"{CODES[FULL]}{f', writing{file}' if file else ''}: {said}")
    return Failure(BUG, f"{said}{file}")


def keep(folder: Path, failure: Failure) -> None:
    """Write it down for `homeport service status`, with the time of this moment."""
    found = {"code": failure.code, "text": failure.text, "when": time.time()}
    with suppress(OSError):  # the system is told the code anyway, and the log the text
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")


def forget(folder: Path) -> None:
    """It is up again."""
    with suppress(OSError):  # an old sentence that cannot be removed must not stop what works
        (folder / FILE).unlink(missing_ok=True)


def last(folder: Path) -> Failure | None:
    """What was kept; None if there is nothing, or nothing that can be read."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return Failure(int(found["code"]), str(found["text"]), float(found["when"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
