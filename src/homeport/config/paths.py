"""Paths, as a person writes them."""

from __future__ import annotations

from pathlib import Path

from ..core.errors import ConfigError


def expanded(text: str) -> Path:
    """With the home folder for a "~" at its beginning; `ConfigError` for what cannot be a path."""
    if not text.isprintable():  # a NUL is the end for the system, half a surrogate pair is no text
        raise ConfigError(f"{text[:60]!r} is no path: it has a character that no person can see")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ConfigError(
            f"{text[:60]!r}: there is no such user, or no home folder; write the whole path"
        ) from None
