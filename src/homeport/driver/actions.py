"""What services have in common whose calls are named actions and whose errors are words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from ..core.errors import ProviderError, Throttled, Unintelligible
from .base import Provider

_MOST_PAGES = 1000  # of one list; a server that never ends it must not hold us for ever


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
            raise Throttled(told, retry_after=provider.patience) if kind is Throttled else kind(told)


async def every_page(ask: Callable[[int], Awaitable[tuple[list[Any], bool]]]) -> list[Any]:
    """All rows of a list that comes in pages.

    `ask` gets the number of the page, from 1, and answers with its rows and whether there may be more.
    A page without rows is the last one.
    """
    rows: list[Any] = []
    for number in range(1, _MOST_PAGES + 1):
        some, more = await ask(number)
        if not isinstance(some, list):
            raise TypeError(f"a list was expected, not {some!r}")  # `understanding` makes it presentable
        rows += some
        if not some or not more:
            return rows
    raise Unintelligible("a list without an end")
