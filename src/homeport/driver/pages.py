"""Lists that come in pages, at services whose pages `Api.rows` does not fit."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ..core.errors import Unintelligible
from ..wire.http import Query, Reply
from .base import MOST_PAGES

_NEXT = re.compile(r'<([^>]*)>; *rel="?next')


def linked(reply: Reply) -> Query | None:
    """The query of the next page, where a Link header names it (RFC 8288, 3)."""
    found = _NEXT.search(reply.headers.get("link", ""))
    return dict(parse_qsl(urlsplit(found[1]).query)) if found else None


async def every_page(ask: Callable[[int], Awaitable[tuple[list[Any], bool]]]) -> list[Any]:
    """All rows of a list that comes in pages.

    `ask` gets the number of the page, from 1, and answers with its rows and whether there may be more.
    A page without rows is the last one.
    """
    rows: list[Any] = []
    for number in range(1, MOST_PAGES + 1):
        some, more = await ask(number)
        if not isinstance(some, list):
            raise TypeError(f"a list was expected, not {some!r}")  # `understanding` makes it presentable
        rows += some
        if not some or not more:
            return rows
    raise Unintelligible("a list without an end")


async def until_short(page: Callable[[int], Awaitable[list[Any]]], size: int) -> list[Any]:
    """All rows of a list that does not tell its length: pages 0, 1, 2 ... until one is not full."""
    rows: list[Any] = []
    for number in range(MOST_PAGES):
        some = await page(number)
        rows += some
        if len(some) < size:
            return rows
    raise Unintelligible("a list without an end")


async def until_total(page: Callable[[int], Awaitable[tuple[list[Any] | None, int]]]) -> list[Any]:
    """All rows of a list that tells its length: pages 0, 1, 2 ..., however many rows one may hold."""
    rows: list[Any] = []
    for number in range(MOST_PAGES):
        some, total = await page(number)
        rows += some or []
        if len(rows) >= total:
            return rows
        if not some:
            raise Unintelligible(f"a list of {total} that ends after {len(rows)}")
    raise Unintelligible("a list without an end")
