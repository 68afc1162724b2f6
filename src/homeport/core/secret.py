"""A string that does not print itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """Only the transports and the signers may call `reveal` (a test holds them to it)."""

    _value: str

    def reveal(self) -> str:
        return self._value

    def scrub(self, text: str) -> str:
        """`text` without this secret: for words that came from outside and go into a message."""
        return text.replace(self._value, "***") if self._value else text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


class SecretUrl(Secret):
    """A URL in which a user name and a password may stand.  It is never shown; only those are secret."""

    __slots__ = ()
