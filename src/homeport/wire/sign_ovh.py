"""Signatures of OVHcloud's API.  Pure.

https://help.ovhcloud.com/csm/en-api-getting-started-ovhcloud-api (read 2026-11-21).  Signed are both
secrets, the method, the whole URL as it travels, the body and the time, with SHA-1 and no HMAC.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha1
from urllib.parse import quote, urlencode

from ..core.secret import Secret
from .http import Request


def signed(request: Request, application: str, secret: Secret, consumer: Secret, now: float) -> Request:
    """The request with the headers that authorise it; its query becomes part of the URL.

    Only so are the octets that travel the octets that are signed: there are many ways to escape a query.
    """
    url = request.url
    if request.query:
        plain = {k: v.reveal() if isinstance(v, Secret) else v for k, v in request.query.items()}
        url += "?" + urlencode(plain, quote_via=quote, safe="")
    stamp = str(int(now))
    parts = [secret.reveal(), consumer.reveal(), request.method, url, request.body.decode(), stamp]
    signature = "$1$" + sha1("+".join(parts).encode(), usedforsecurity=False).hexdigest()
    headers = {
        **request.headers,
        "x-ovh-application": application,
        "x-ovh-consumer": consumer,
        "x-ovh-timestamp": stamp,
        "x-ovh-signature": Secret(signature),
    }
    return replace(request, url=url, query={}, headers=headers)
