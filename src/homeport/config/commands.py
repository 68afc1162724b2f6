"""The line behind `command:`, as this machine reads it."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from ..core import commandline
from ..core.errors import ConfigError

split = commandline.windows if sys.platform == "win32" else commandline.posix


def look_for(program: str, environ: Mapping[str, str]) -> str:
    """The path of a program that was named by itself; `ConfigError` if there is none.

    On Windows that also finds what PATHEXT adds, which starting a program by its name would not.
    """
    import shutil  # noqa: PLC0415 - only a `command:` pays for it

    found = shutil.which(program, path=environ.get("PATH"))
    if found is None:
        raise ConfigError(f"there is no program {program}; write its full path, or install it")
    return found
