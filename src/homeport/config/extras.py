"""Providers that need a package of their own: is it there, and does it know what is written?

The package is looked at, not imported: that would take longer than all the rest of a check.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..core.settings import KeyPath, meant

Said = Iterator[tuple[KeyPath, str, str]]  # where, what is wrong, what to write instead


def _lexicon(provider: Any) -> Said:
    spec = find_spec("lexicon")
    if spec is None or not spec.submodule_search_locations:
        yield ("provider",), "dns-lexicon is not installed", 'pip install "homeport[lexicon]"'
        return
    folder = Path(spec.submodule_search_locations[0]) / "_private" / "providers"
    known = {file.stem: file for file in sorted(folder.glob("[a-z]*.py"))}
    file = known.get(provider.dns)
    if not known:
        return  # a lexicon that is built otherwise: it will say so itself
    if file is None:
        yield ("dns",), "lexicon has no such provider", meant(provider.dns, known)
        return
    code = file.read_text(encoding="utf-8", errors="replace")
    options = [option.replace("-", "_") for option in re.findall(r'"--([a-z0-9][a-z0-9-]+)"', code)]
    for name in provider.settings:
        if options and not re.search(rf"\b{re.escape(name)}\b", code.replace("-", "_")):
            yield ("settings", name), f"lexicon's {provider.dns} has no such setting", meant(name, options)


CHECKS: Mapping[str, Callable[[Any], Said]] = {"lexicon": _lexicon}
