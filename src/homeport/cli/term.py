"""Text on a terminal: colour and tables where they help, plain when piped."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

_COLOURS = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "dim": "2", "bold": "1"}
_PROGRESS_AFTER = 1.0  # seconds


def colourful(stream: TextIO) -> bool:
    """Does this stream show colours?  https://no-color.org, and terminals that know the codes."""
    if os.environ.get("NO_COLOR") or not stream.isatty():
        return False
    if sys.platform == "win32":
        return any(os.environ.get(name) for name in ("WT_SESSION", "ANSICON", "TERM"))
    return os.environ.get("TERM", "dumb") != "dumb"


def paint(text: str, colour: str, stream: TextIO | None = None) -> str:
    """`text` in a colour, if the stream (standard output) shows it."""
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if colourful(stream or sys.stdout) else text


def table(rows: Sequence[Sequence[str]], head: Sequence[str] = (), colours: Sequence[str] = ()) -> str:
    """Columns in line; the last one may be as long as it likes.  `colours`: of the first cells.

    Piped, columns are separated by tabs, without a head line, as other programs like to read them.
    """
    if not sys.stdout.isatty():
        return "\n".join("\t".join(row) for row in rows)
    widths = [
        max((width(row[i]) for row in [*rows, *([head] if head else [])]), default=0)
        for i in range(len(rows[0]) if rows else len(head))
    ]
    lines = [paint(_line(head, widths), "bold")] if head else []
    for number, row in enumerate(rows):
        line = _line(row, widths)
        first = row[0]
        lines.append(paint(first, colours[number]) + line[len(first) :] if colours else line)
    return "\n".join(lines)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell + " " * (size - width(cell)) for cell, size in zip(row, widths, strict=True)]
    return "  ".join(padded).rstrip()


def width(text: str) -> int:
    """Columns that a text takes; the wide characters of East Asia take two (UAX #11)."""
    if text.isascii():
        return len(text)
    import unicodedata  # noqa: PLC0415 - only for text that needs it

    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Say what is going on, on a terminal, if it takes over a second; gone when it is over."""
    if not sys.stderr.isatty():
        yield
        return
    shown = threading.Event()

    def show() -> None:
        shown.set()
        sys.stderr.write(f"{what} ...")
        sys.stderr.flush()

    timer = threading.Timer(_PROGRESS_AFTER, show)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        if shown.is_set():
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
