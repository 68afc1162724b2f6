"""Standard output and error that take every text, whatever code page a console or a pipe has."""

from __future__ import annotations

import codecs
import io
import sys

_ESCAPED = "homeport.escaped"


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
