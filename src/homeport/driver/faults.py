"""What services say went wrong, in codes and in words, as errors of ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..core.errors import ProviderError, Throttled, Unintelligible
from ..wire.http import Reply
from .base import Provider


def told(reply: Reply, *at: str | int) -> str:
    """What a JSON reply says under these keys, as text; "" if it says nothing there."""
    try:
        found = reply.json()
        for key in at:
            found = found[key]
    except (Unintelligible, LookupError, TypeError):
        return ""
    return "" if found is None else str(found)


class Fault(NamedTuple):
    """Errors of one kind; a code also stands for all that begin with it and a dot."""

    kind: type[ProviderError]
    codes: tuple[str, ...]
    hint: str = ""  # what the person may do about it, added to the service's own words


def raise_fault(provider: Provider, faults: Sequence[Fault], code: str, said: str) -> None:
    """Raise the first of the faults that has the code; return if none has.

    `said` is a message fit for a person, without secrets.
    """
    for kind, codes, hint in faults:
        if any(code == one or code.startswith(f"{one}.") for one in codes):
            told = f"{said}{hint}"
            raise kind(told, retry_after=provider.patience) if issubclass(kind, Throttled) else kind(told)


def raise_for_words(
    provider: Provider, table: Sequence[tuple[str, type[ProviderError], str]], words: str, said: str
) -> None:
    """Raise the first error of the table whose first part stands in what the service says.

    The third part is what the person may do about it.  `said` is fit for a message.
    """
    for part, kind, hint in table:
        if part in words.lower():
            told = said + hint
            raise kind(told, retry_after=provider.patience) if issubclass(kind, Throttled) else kind(told)
