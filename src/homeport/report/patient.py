"""A pipe or a terminal whose reader may have stopped reading.

Whoever writes into a full pipe waits for its reader, for ever if need be: `homeport run | less`, a terminal
held by Ctrl-S, a console of Windows in which somebody has marked text, a collector of logs that hangs.  An
agent must not wait with it.
"""

from __future__ import annotations

import io
import os
import select
import sys
import threading
from collections.abc import Callable
from typing import Protocol, TextIO

PATIENCE = 2.0  # seconds that a reader who is only slow may take to make room
# Characters that always fit into a pipe that has room; none takes more than 12 octets, as `\ud83c\udfe0`.
_PIECE = getattr(select, "PIPE_BUF", 512) // 12


class Patient:
    """A stream that drops what nobody reads; `told` learns how many lines, once one fits again.

    A write is a whole line.  Raises `OSError` as the stream does.
    """

    def __init__(self, stream: TextIO, told: Callable[[int], None], pen: Pen | None = None) -> None:
        self._pen = pen or (Aside(stream) if sys.platform == "win32" else _Polled(stream))
        self._told = told
        self._lost = 0

    def write(self, line: str) -> None:
        if self._lost:
            if not self._pen.room(0.0):
                self._lost += 1
                return
            lost, self._lost = self._lost, 0
            self._told(lost)
        for at in range(0, len(line), self._pen.most):
            if not self._pen.room(PATIENCE):
                self._lost += 1
                return
            self._pen.write(line[at : at + self._pen.most])

    def flush(self) -> None:
        """Wait until all is written, if it is being read."""
        if not self._lost:
            self._pen.room(PATIENCE)


class Pen(Protocol):
    """How a stream is written without waiting for its reader."""

    most: int  # characters of a piece

    def room(self, seconds: float) -> bool:
        """Is there room for a piece, within that time?  Raises `OSError`."""

    def write(self, piece: str) -> None:
        """Write a piece, for which there is room.  Raises `OSError`."""


class _Polled:
    """Where the system tells whether there is room."""

    most = _PIECE

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def room(self, seconds: float) -> bool:
        try:
            look = select.poll()
            look.register(self._stream.fileno(), select.POLLOUT)
        except (OSError, ValueError):  # no stream of the system's: a test's, or one that is closed
            return True
        return bool(look.poll(seconds * 1000))

    def write(self, piece: str) -> None:
        self._stream.write(piece)
        self._stream.flush()


class Aside:
    """Where it does not, as Windows of pipes and consoles: a thread writes, and may wait.

    It passes by the buffer of the stream: a process that ends waits for whoever is in there.
    """

    most = sys.maxsize

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        buffer = getattr(stream, "buffer", None)
        raw = getattr(buffer, "raw", buffer)  # with -u there is no buffer
        self._raw = raw if isinstance(raw, io.RawIOBase) else None
        self._turn = threading.Condition()
        self._piece = b""
        self._error: OSError | None = None
        self._begun = False

    def room(self, seconds: float) -> bool:
        with self._turn:
            free = self._turn.wait_for(lambda: not self._piece, seconds)
            error, self._error = self._error, None
        if error is not None:
            raise error
        return free

    def write(self, piece: str) -> None:
        if self._raw is None:  # no stream of the system's: a test's
            self._stream.write(piece)
            return
        text = piece.replace("\n", os.linesep)
        with self._turn:
            self._piece = text.encode(self._stream.encoding, self._stream.errors or "strict")
            self._turn.notify_all()
        if not self._begun:
            self._begun = True
            threading.Thread(target=self._write, name="output", daemon=True).start()

    def _write(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._piece)
                rest = memoryview(self._piece)
            error = None
            try:
                while rest and self._raw is not None:
                    rest = rest[self._raw.write(rest) or len(rest) :]  # None: it would have to wait
            except OSError as what:
                error = what
            with self._turn:
                self._piece, self._error = b"", error
                self._turn.notify_all()
