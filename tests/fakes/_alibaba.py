"""What the stand-ins of Alibaba Cloud's APIs share: signature V3, errors, pages."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.wire.http import Reply, Request
from homeport.wire.sign_acs3 import signed

from . import header
from ._rest import Failure, RestFake

KEY_ID = "LTAI5tExample"


def failure(status: int, code: str, message: str) -> Failure:
    return Failure(status, {"RequestId": "R-1", "HostId": "aliyuncs.com", "Code": code, "Message": message})


class AlibabaFake(RestFake):
    version: str

    def __init__(self) -> None:
        super().__init__()
        self.nonces: set[str] = set()

    def authorised(self, request: Request) -> None:
        """Sign again what arrived, without what only a signature adds, and compare."""
        sent = {name: header(request, name) for name in request.headers}
        bare = {n: v for n, v in sent.items() if n in ("x-acs-action", "content-type")}
        bare_request = Request(request.method, request.url, request.query, bare, request.body)
        nonce = sent.get("x-acs-signature-nonce", "")
        right = signed(bare_request, KEY_ID, Secret(self.good), 0.0, nonce, version=self.version)
        if sent["x-acs-date"] != "1970-01-01T00:00:00Z":
            raise failure(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
        if sent.get("authorization") != header(right, "authorization"):
            told = f"Specified signature does not match our calculation. {sent['authorization']}"
            raise failure(400, "SignatureDoesNotMatch", told)
        if nonce in self.nonces:
            raise failure(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
        self.nonces.add(nonce)

    def __call__(self, request: Request) -> Reply:
        self.action = header(request, "x-acs-action")
        self.method = request.method
        return super().__call__(request)

    def page(
        self, rows: list[Any], asked: dict[str, str], default: int, most: int
    ) -> tuple[list[Any], dict[str, int]]:
        """The rows of the page that is asked for, and what an answer says about pages."""
        size = int(asked.get("PageSize", default))
        if not 1 <= size <= most:
            raise failure(400, "InvalidParameter.PageSize", "The page size is not valid.")
        number = int(asked.get("PageNumber", 1))
        shown = rows[(number - 1) * size : number * size]
        return shown, {"PageNumber": number, "PageSize": size, "TotalCount": len(rows)}
