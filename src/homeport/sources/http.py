"""Ask a page on the Web.  Sees what the Internet sees: the address outside of any NAT."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import parse_qsl, urljoin, urlsplit

from ..core.dns import IPAddress, RRType
from ..core.errors import ProviderError, SourceError
from ..core.secret import Secret
from ..wire import echo
from ..wire.auth import veil
from ..wire.http import Query, Reply, Request, Transport
from .base import Net, Source

REDIRECTS = (301, 302, 303, 307, 308)
WORDS = {403: " (forbidden)", 404: " (no such page)", 429: " (asked too often)"}


@dataclass(frozen=True, kw_only=True)
class Http(Source):
    url: str  # without the query, which may hold a secret
    query: Query = field(default_factory=dict, hash=False)
    headers: Mapping[str, Secret] = field(default_factory=dict, hash=False, repr=False)
    shape: Literal["plain", "trace", "page"] = "plain"  # see wire.echo; "page" is plain or JSON
    key: str | None = None  # of a JSON object
    written: bool = False  # by the person, not from the pool

    async def observe(self, net: Net, rrtype: RRType) -> frozenset[IPAddress]:
        transport = net.http(rrtype, written=self.written)
        try:
            reply = await self._get(transport, self.url, self.query)
            if reply.status in REDIRECTS:
                reply = await self._get(transport, *self._elsewhere(reply))
        except (ProviderError, SourceError) as error:
            raise SourceError(self._veil(str(error))) from None  # its cause may quote our query
        with suppress(SourceError):
            return frozenset({self._read(reply, rrtype)})
        # What was no address may quote our query; it must not do so in the message, not even in part.
        return frozenset({self._read(replace(reply, body=self._veil(reply.text).encode()), rrtype)})

    async def _get(self, transport: Transport, url: str, query: Query) -> Reply:
        return await transport.send(Request("GET", url, query, self.headers))

    def _elsewhere(self, reply: Reply) -> tuple[str, Query]:
        """Where a redirect goes, if that is the same server, perhaps with TLS instead of without.

        No other host is asked: that is how captive portals send people to their login page.
        """
        try:
            here, there = urlsplit(self.url), urlsplit(urljoin(self.url, reply.headers.get("location", "")))
            upgrade = (here.scheme, there.scheme, here.port, there.port) == ("http", "https", None, None)
        except ValueError:
            raise SourceError("redirected to what is no URL (not followed)") from None
        if there.hostname != here.hostname or not (upgrade or there[:2] == here[:2]):
            raise SourceError(f"redirected to {there.hostname or there.scheme} (not followed)")
        return divide(there.geturl())

    def _read(self, reply: Reply, rrtype: RRType) -> IPAddress:
        if reply.status in REDIRECTS:
            raise SourceError("redirected again and again")
        if reply.status != 200:
            raise SourceError(f"answered {reply.status}{WORDS.get(reply.status, '')}")
        match self.shape:
            case "plain":
                return echo.plain(reply.body, rrtype)
            case "trace":
                return echo.trace(reply.body, rrtype, urlsplit(self.url).hostname or "")
            case "page":
                return echo.page(reply.body, rrtype, self.key)

    def _veil(self, text: str) -> str:
        said = (*self.query.values(), *self.headers.values())
        return veil(text, [value for value in said if isinstance(value, Secret)])


def divide(url: str) -> tuple[str, Query]:
    """The part of a URL that may be logged, and its query, which may not."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = {name: Secret(value) if len(value) > 3 else value for name, value in pairs}
    return parts._replace(path=parts.path or "/", query="", fragment="").geturl(), query
