"""What is wrong with a configuration, said so that a person can mend it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ..core.errors import ConfigError
from ..core.settings import KeyPath


class Mistake(NamedTuple):
    """One thing that is wrong, or (as a warning) unwise."""

    where: str  # "homeport.toml:12", "environment HOMEPORT__AGENT__INTERVAL", or "" if nowhere
    path: str  # "account.cf.tokn"
    message: str
    remedy: str = ""  # what to write instead, if the message does not say

    def __str__(self) -> str:
        place = ": ".join(part for part in (self.where, self.path, self.message) if part)
        return f"{place}; {self.remedy}" if self.remedy else place


class Mistakes(ConfigError):
    """All mistakes of a configuration, in the order of the files and their lines.

    `files` are those on which it depends whether it is right, as far as that is known.
    """

    def __init__(self, mistakes: tuple[Mistake, ...], files: tuple[Path, ...] = ()) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes, self.files = mistakes, files


def written(path: KeyPath) -> str:
    """A path as a person would write it: `account."my cf".token`, `record[0].name`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
            continue
        bare = step.isascii() and step.replace("-", "").replace("_", "").replace("$", "").isalnum()
        shown = "".join(c if c.isprintable() and c not in '"\\' else "?" for c in step)
        text += ("." if text else "") + (step if bare else f'"{shown}"')
    return text
