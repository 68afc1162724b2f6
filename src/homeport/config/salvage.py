"""What can be told of a configuration that is wrong: where its agent, if one runs, keeps its state."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ..core.errors import ConfigError
from . import find
from .paths import expanded

_WRITTEN = re.compile(r"""(?m)^[^#\n]*?\bstate_dir["']?\s*[=:]\s*["']?([^"'\r\n,}]+)""")


def state_dir(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The folder that the files name, wrong as they may be; None if they cannot be read at all.

    Only one line of them is looked for, since a file that is no TOML any more still has its lines.
    """
    try:
        for name in ("HOMEPORT_STATE_DIR", "HOMEPORT__AGENT__STATE_DIR"):
            if found := environ.get(name):
                return expanded(found)
        first, _ = find.find(path, environ)
        if first is None:
            return None
        files = [first]
        if word := environ.get("HOMEPORT_ENV"):
            files.append(find.beside(first, word))
        written = [one for file in files for one in _WRITTEN.findall(file.read_text("utf-8", "replace"))]
        if written:
            return first.parent / expanded(written[-1].strip())
    except (ConfigError, OSError):
        return None
    return find.state_dir(environ, first)
