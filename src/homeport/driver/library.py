"""Zones reached through a client library that others keep, as its driver sees it.

Such a library blocks, opens connections of its own and raises whatever it likes.  Behind this seam it
runs beside the agent, and what it raises comes back as one of few things.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from ..core.secret import Secret
from ..wire.http import Reply, Request


class Step(NamedTuple):
    """One call of the library: records of one type, of one owner or (only to list) of all."""

    action: Literal["list", "create", "update", "delete"]
    rrtype: str
    owner: str | None
    content: str | None = None
    id: str | None = None


class Session(NamedTuple):
    """Calls about one zone that follow each other; without any, only: may this account see the zone?"""

    service: str  # the library's word for it
    settings: Mapping[str, Secret]
    zone: str
    ttl: int  # seconds, of whatever the steps write
    steps: Sequence[Step] = ()


class Failed(Exception):
    """The library gave up: the exchange that it gave up on, if it tells, and its own words.

    The words may quote secrets; `kind` is the name of the class of its error.
    """

    def __init__(
        self, kind: str, words: str, request: Request | None = None, reply: Reply | None = None
    ) -> None:
        super().__init__(kind)
        self.kind, self.words, self.request, self.reply = kind, words, request, reply


class Library(Protocol):
    """Runs sessions; those of one account one after the other."""

    async def run(self, session: Session) -> list[Any]:
        """What each step gave: a list of rows, or something that is not False for what was written.

        Raises `Unreachable` if nothing was sent (`Untrusted` for a certificate), `NoAnswer` if
        something may have been, and `Failed` for all that the service or the library says itself.
        """
        ...


class NoLibrary:
    """For drivers that need none."""

    async def run(self, session: Session) -> list[Any]:
        raise AssertionError(f"no library for {session.service}")
