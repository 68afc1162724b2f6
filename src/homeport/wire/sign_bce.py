"""bce-auth-v1 of Baidu AI Cloud.  Pure.

https://cloud.baidu.com/doc/Reference/s/njwvz1yfu
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from ..core.secret import Secret
from .http import Request
from .sign_aws import Credentials, authority, canonical_query

_SECONDS = 1800  # that a signature stays good


def sign(request: Request, keys: Credentials, now: float) -> Request:
    """The request with its authorisation.  Signed are the host and, of a temporary key, its token."""
    stamp = datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    head = f"bce-auth-v1/{keys.id}/{stamp}/{_SECONDS}"
    signed = {"host": authority(request)}
    added: dict[str, str | Secret] = {}
    if keys.token is not None:
        added["x-bce-security-token"] = keys.token
        signed["x-bce-security-token"] = keys.token.reveal()
    lines = [f"{name}:{quote(value.strip(), safe='~')}" for name, value in sorted(signed.items())]
    path = quote(urlsplit(request.url).path or "/", safe="/~")
    text = "\n".join((request.method, path, canonical_query(request), *lines))
    key = hmac.digest(keys.secret.reveal().encode(), head.encode(), "sha256").hex()
    signature = hmac.digest(key.encode(), text.encode(), "sha256").hex()  # the key's text is the key
    added["authorization"] = Secret(f"{head}/{';'.join(sorted(signed))}/{signature}")
    return replace(request, headers={**request.headers, **added})
