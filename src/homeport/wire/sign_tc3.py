"""Signature V3 of Tencent Cloud's APIs, TC3-HMAC-SHA256.  Pure.

https://www.tencentcloud.com/document/api/1157/49027 (read 2026-11-21).  Signed are the type of the body
and the host, the body by its hash, and the time; the key is derived from the day in UTC and the service.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from hmac import new
from urllib.parse import urlsplit

from ..core.secret import Secret
from .http import Request

_ALGORITHM = "TC3-HMAC-SHA256"
_SIGNED = "content-type;host"


def signed(
    request: Request,
    secret_id: str,
    secret: Secret,
    now: float,
    *,
    service: str,
    version: str,
    token: Secret | None = None,
) -> Request:
    """A POST with the headers that date and authorise it; it must say its `x-tc-action`.

    `version` is that of the API; `token` belongs to a key that the Security Token Service lent.
    """
    kind = request.headers.get("content-type", "")
    assert isinstance(kind, str), "the type of a body is no secret"
    canonical = "\n".join(
        [
            request.method,
            urlsplit(request.url).path or "/",
            "",
            f"content-type:{kind.strip().lower()}",
            f"host:{request.host}",
            "",
            _SIGNED,
            sha256(request.body).hexdigest(),
        ]
    )
    day = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
    scope = f"{day}/{service}/tc3_request"
    text = f"{_ALGORITHM}\n{int(now)}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    key = f"TC3{secret.reveal()}".encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    credential = f"Credential={secret_id}/{scope}, SignedHeaders={_SIGNED}"
    headers = {
        **request.headers,
        "x-tc-version": version,
        "x-tc-timestamp": str(int(now)),
        "authorization": Secret(f"{_ALGORITHM} {credential}, Signature={_hmac(key, text).hex()}"),
    }
    if token is not None:
        headers["x-tc-token"] = token
    return replace(request, headers=headers)


def _hmac(key: bytes, text: str) -> bytes:
    return new(key, text.encode(), sha256).digest()
