"""HTTP as values.  Clients send a `Request` and get a `Reply`; servers do the reverse.

A `Handler` is therefore at once a server, every provider's stand-in in the tests, and, wrapped in
five lines, a `Transport` that never opens a socket.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from ..core.errors import Unintelligible
from ..core.secret import Secret

Query = Mapping[str, str | Secret]
NOTHING: Mapping[str, Any] = {}


class Content(NamedTuple):
    """The body of a request, and its media type."""

    kind: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; whatever may hold a secret is left out of its representation."""

    method: str
    url: str  # scheme, host, port and path: the part that may be logged
    query: Query = field(default_factory=dict, repr=False)
    headers: Mapping[str, str | Secret] = field(default_factory=dict, repr=False)  # keys in lower case
    body: bytes = field(default=b"", repr=False)
    hidden: Secret | None = field(default=None, repr=False)  # the end of the URL, where it holds a secret

    @property
    def host(self) -> str:
        """The Host header as the client will send it, for signatures: the default port left out."""
        from urllib.parse import urlsplit  # noqa: PLC0415 - few services want signatures

        url = urlsplit(self.url)
        return url.netloc.lower().removesuffix(":443" if url.scheme == "https" else ":80")

    def __str__(self) -> str:
        return f"{self.method} {self.url}"


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP reply; the keys of `headers` are in lower case."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace").strip()

    @property
    def is_page(self) -> bool:
        """Is it HTML, made for a browser?  A portal, a proxy or a firewall, but no API, answers so."""
        return self.body[:512].lstrip(b"\xef\xbb\xbf \t\r\n")[:5].lower() in (b"<!doc", b"<html", b"<head")

    def retry_after(self, now: float) -> float | None:
        """Seconds to wait, if the reply asks for it (RFC 9110, 10.2.3: a number, or a date)."""
        value = self.headers.get("retry-after", "").strip()
        if value.isdecimal() and len(value) < 10:
            return float(value)
        if not value.endswith("GMT"):
            return None
        from email.utils import parsedate_to_datetime  # noqa: PLC0415 - rare, and it loads half of email

        try:
            return max(0.0, parsedate_to_datetime(value).timestamp() - now)
        except ValueError:
            return None

    def json(self) -> Any:
        import json  # noqa: PLC0415 - a run that meets no JSON does not pay for it

        try:
            return json.loads(self.body)
        except RecursionError:
            raise Unintelligible("JSON that is nested without end") from None
        except ValueError as error:
            raise Unintelligible(f"not JSON: {self.text[:80]!r}") from error


Handler = Callable[[Request], Reply]


class Transport(Protocol):
    """The seam between what is said and how it travels."""

    async def send(self, request: Request) -> Reply:
        """Deliver one request; never follow a redirect, never retry, never log a query or a header.

        Raises `Unreachable` if nothing was sent (`Untrusted` for a certificate), `NoAnswer` if
        something was but no reply came, `Unintelligible` for a reply that is no HTTP or has no end.
        """
        ...
