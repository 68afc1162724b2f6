"""The state directory: made so that a power cut cannot take it away again."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path


def make(directory: Path) -> None:
    """Make it, for its user alone, and what is missing above it.  Raises `OSError`.

    SQLite waits until its files are on the disk, and their names in the directory; that the directory
    itself is in the one above is its maker's business (POSIX: fsync of a directory).
    """
    missing = [one for one in (directory, *directory.parents) if not one.exists()]
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for one in missing:
        _sync(one.parent)


def _sync(directory: Path) -> None:
    if sys.platform == "win32":
        return  # it cannot be opened there, and NTFS keeps a journal of names
    with suppress(OSError):  # a file system that cannot do it; then it is as sure as it gets
        file = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
