"""The log as a file that is rotated, and that goes on whatever becomes of the disk."""

from __future__ import annotations

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

SIZE, KEPT = 1_000_000, 5  # octets of one file, and how many old ones are kept


class LogFile(RotatingFileHandler):
    """As the one of the standard library, but trouble with the file is said once, in one line.

    On Windows a file that somebody reads cannot be renamed: then the log goes on in it, and is rotated
    at a later line.
    """

    def __init__(self, file: Path, size: int = SIZE, kept: int = KEPT) -> None:
        super().__init__(file, maxBytes=size, backupCount=kept, encoding="utf-8")
        self._failing = self._said = False  # this line; this trouble

    def doRollover(self) -> None:  # noqa: N802 - the name is logging's
        try:
            super().doRollover()
        except OSError:  # somebody reads it; more than that shows when the next line is written
            if self.stream is None:
                self.stream = self._open()

    def emit(self, record: logging.LogRecord) -> None:
        self._failing = False
        super().emit(record)
        self._said = self._failing

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)  # our mistake, not the disk's
            return
        self._failing = True
        if not self._said and sys.stderr is not None:
            why = error.strerror or type(error).__name__
            sys.stderr.write(f"homeport: the log file {self.baseFilename} cannot be written: {why}\n")
