"""Standard output and error that take every text, whatever code page a console or a pipe has."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from contextlib import suppress
from typing import TextIO

_ESCAPED = "homeport.escaped"
_OF_WRITING = (errno.EPIPE, errno.ENOSPC, errno.EFBIG, errno.EIO)


def forgiving() -> None:
    r"""What a stream cannot show it shows as JSON would, `\u4f60`, so that lines of JSON stay JSON.

    A process without a window has no streams at all (`pythonw`); what is said there goes nowhere.
    """
    codecs.register_error(_ESCAPED, escaped)
    for stream in (sys.stdout, sys.stderr):
        if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
            reconfigure(errors=_ESCAPED)
    if sys.stdout is None:
        sys.stdout = _Nowhere()
    if sys.stderr is None:
        sys.stderr = _Nowhere()


def undelivered(error: OSError | None = None) -> OSError | None:
    """What keeps standard output from where it should go: a full disk, a reader who has left.

    `error` is what a command ended with, which may be just that.  What is left of the output is dropped,
    so that the end of the program does not stumble over it.
    """
    trouble = _drop(sys.stdout)
    return error if trouble is None and error is not None and error.errno in _OF_WRITING else trouble


def last_words(trouble: OSError | None) -> None:
    """Tell of it; but where standard error cannot be written either, there is nobody to be told."""
    if trouble is not None and not isinstance(trouble, BrokenPipeError):
        with suppress(OSError):  # as above
            print(f"homeport: the output cannot be written: {trouble.strerror}", file=sys.stderr)
    _drop(sys.stderr)


def _drop(stream: TextIO) -> OSError | None:
    try:
        stream.flush()
    except OSError as error:
        with suppress(OSError, ValueError):  # no stream of the system's, so nobody flushes it at the end
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return error
    return None


class _Nowhere(io.TextIOWrapper):
    """Windows takes its file NUL for a terminal; this is none."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8")

    def write(self, text: str, /) -> int:
        return len(text)


def escaped(error: UnicodeError) -> tuple[str, int]:
    """A handler of encoding errors; a character beyond the first 65,536 becomes two, as in JSON."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    text = "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))
    return text, error.end
