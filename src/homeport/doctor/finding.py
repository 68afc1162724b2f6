"""What a check has found."""

from __future__ import annotations

from typing import Literal, NamedTuple

State = Literal["right", "warning", "wrong", "unknown"]


class Finding(NamedTuple):
    """One check.  `remedy` says what to do, and is "" where nothing is to be done."""

    subject: str
    state: State
    says: str
    remedy: str = ""

    def as_json(self) -> dict[str, str]:
        return self._asdict()
