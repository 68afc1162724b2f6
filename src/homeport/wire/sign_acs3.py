"""Signature V3 of Alibaba Cloud's APIs, ACS3-HMAC-SHA256.  Pure.

https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature (read
2026-11-21).  Signed are the method, the path, the query, the host, the type of a body, and all headers
that begin with "x-acs-"; the key is the secret itself.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from hmac import new as hmac
from urllib.parse import quote, urlsplit

from ..core.secret import Secret
from .http import Request

_ALGORITHM = "ACS3-HMAC-SHA256"


def signed(
    request: Request,
    key_id: str,
    secret: Secret,
    now: float,
    nonce: str,
    *,
    version: str,
    token: Secret | None = None,
) -> Request:
    """The request with the headers that date and authorise it; it must say its `x-acs-action`.

    `version` is that of the API; `token` belongs to a key that the Security Token Service lent.
    """
    headers = {
        **request.headers,
        "x-acs-version": version,
        "x-acs-date": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-content-sha256": sha256(request.body).hexdigest(),
    }
    if token is not None:
        headers["x-acs-security-token"] = token
    said = {name: _plain(value).strip() for name, value in headers.items()} | {"host": request.host}
    names = sorted(name for name in said if name in ("host", "content-type") or name.startswith("x-acs-"))
    query = sorted((_encoded(name), _encoded(_plain(value))) for name, value in request.query.items())
    canonical = "\n".join(
        [
            request.method,
            urlsplit(request.url).path or "/",
            "&".join(f"{name}={value}" for name, value in query),
            *(f"{name}:{said[name]}" for name in names),
            "",
            ";".join(names),
            said["x-acs-content-sha256"],
        ]
    )
    text = f"{_ALGORITHM}\n{sha256(canonical.encode()).hexdigest()}"
    signature = hmac(secret.reveal().encode(), text.encode(), sha256).hexdigest()
    credential = f"Credential={key_id},SignedHeaders={';'.join(names)},Signature={signature}"
    headers["authorization"] = Secret(f"{_ALGORITHM} {credential}")
    return replace(request, headers=headers)


def _plain(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
