"""Signature Version 4 of AWS, and Volcengine's, which differs in its words only.  Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from ..core.secret import Secret
from .http import Query, Request

_PORTS = {"http": ":80", "https": ":443"}


class Style(NamedTuple):
    """The words of one vendor; `digest` is the header with the hash of the body, if it wants one."""

    algorithm: str
    prefix: str  # before the secret key
    end: str  # of the scope
    date: str
    token: str
    digest: str = ""


class Credentials(NamedTuple):
    """A pair of keys; `token` belongs to a temporary one."""

    id: str
    secret: Secret
    token: Secret | None = None


AWS = Style("AWS4-HMAC-SHA256", "AWS4", "aws4_request", "x-amz-date", "x-amz-security-token")
VOLCENGINE = Style("HMAC-SHA256", "", "request", "x-date", "x-security-token", "x-content-sha256")


def sign(request: Request, style: Style, keys: Credentials, where: tuple[str, str], now: float) -> Request:
    """The request with its authorisation; signed are host, date, type and digest of the body, token.

    `where` is the region and the service.
    """
    stamp = basic_time(now)
    added: dict[str, str | Secret] = {style.date: stamp}
    if keys.token is not None:
        added[style.token] = keys.token
    if style.digest:
        added[style.digest] = sha256(request.body).hexdigest()
    text, names = canonical(request, {**added, **typed(request)})
    scope = f"{stamp[:8]}/{'/'.join(where)}/{style.end}"
    to_sign = "\n".join((style.algorithm, stamp, scope, sha256(text.encode()).hexdigest()))
    key = (style.prefix + keys.secret.reveal()).encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    added["authorization"] = Secret(
        f"{style.algorithm} Credential={keys.id}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return replace(request, headers={**request.headers, **added})


def basic_time(now: float) -> str:
    """Basic format of ISO 8601, in UTC: 20260102T030405Z."""
    return datetime.fromtimestamp(int(now), UTC).strftime("%Y%m%dT%H%M%SZ")


def typed(request: Request) -> Query:
    """The header with the type of the body, if there is one."""
    return {name: value for name, value in request.headers.items() if name == "content-type"}


def authority(request: Request) -> str:
    """The Host header that the transport will send: without the port that is the scheme's own."""
    split = urlsplit(request.url)
    return split.netloc.lower().removesuffix(_PORTS.get(split.scheme, ""))


def canonical(request: Request, headers: Query, *, end: str = "") -> tuple[str, str]:
    """The canonical request over these headers and the host, and the names of what is signed.

    `end` is what the path must end with, where a vendor wants that.
    """
    signed = {"host": authority(request)} | {name: _plain(value) for name, value in headers.items()}
    path = quote(urlsplit(request.url).path or "/", safe="/~")
    names = ";".join(sorted(signed))
    parts = [request.method, path.removesuffix(end) + end, canonical_query(request)]
    parts += [f"{name}:{signed[name].strip()}" for name in sorted(signed)]
    return "\n".join([*parts, "", names, sha256(request.body).hexdigest()]), names


def canonical_query(request: Request) -> str:
    """Sorted after escaping (RFC 3986, 2.3: all but the unreserved characters)."""
    pairs = [(quote(k, safe="~"), quote(_plain(v), safe="~")) for k, v in request.query.items()]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _plain(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value
