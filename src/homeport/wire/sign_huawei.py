"""SDK-HMAC-SHA256 of Huawei Cloud: like AWS's, with one key and a path that ends with a slash.  Pure.

https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-algorithm.html
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from hashlib import sha256

from ..core.secret import Secret
from .http import Request
from .sign_aws import Credentials, basic_time, canonical, typed

_ALGORITHM = "SDK-HMAC-SHA256"


def sign(request: Request, keys: Credentials, now: float) -> Request:
    """The request with its authorisation.  The slash at the end of the path is only signed, never sent."""
    stamp = basic_time(now)
    added: dict[str, str | Secret] = {"x-sdk-date": stamp}
    if keys.token is not None:
        added["x-security-token"] = keys.token
    text, names = canonical(request, {**added, **typed(request)}, end="/")
    to_sign = "\n".join((_ALGORITHM, stamp, sha256(text.encode()).hexdigest()))
    signature = hmac.digest(keys.secret.reveal().encode(), to_sign.encode(), "sha256").hex()
    added["authorization"] = Secret(
        f"{_ALGORITHM} Access={keys.id}, SignedHeaders={names}, Signature={signature}"
    )
    return replace(request, headers={**request.headers, **added})
