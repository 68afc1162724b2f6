"""What the stand-ins of Tencent Cloud's APIs share: signature TC3, errors inside a 200."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.wire.http import Reply, Request
from homeport.wire.sign_tc3 import signed

from . import answer, header
from ._rest import Failure, RestFake

SECRET_ID = "AKIDExample"


def failure(code: str, message: str = "no") -> Failure:
    return Failure(200, {"Response": {"Error": {"Code": code, "Message": message}, "RequestId": "R-1"}})


class TencentFake(RestFake):
    service: str
    version: str

    def authorised(self, request: Request) -> None:
        """Sign again what arrived, without what only a signature adds, and compare."""
        sent = {name: header(request, name) for name in request.headers}
        kind = {"content-type": sent.get("content-type", "")}
        bare = Request(request.method, request.url, request.query, kind, request.body)
        key = SECRET_ID, Secret(self.good)
        right = signed(bare, *key, 0.0, service=self.service, version=self.version)
        if request.method != "POST" or request.query:
            raise failure("UnsupportedProtocol")
        if sent.get("x-tc-timestamp") != "0":
            raise failure("AuthFailure.SignatureExpire")
        if sent.get("authorization") != header(right, "authorization"):
            raise failure("AuthFailure.SignatureFailure", f"not by this key: {sent.get('authorization')}")
        if sent.get("x-tc-version") != self.version:
            raise failure("NoSuchVersion")

    def __call__(self, request: Request) -> Reply:
        self.action = header(request, "x-tc-action")
        return super().__call__(request)

    def reads(self, request: Request) -> bool:
        return header(request, "x-tc-action").startswith("Describe")

    def said(self, **more: Any) -> Reply:
        return answer({"Response": {"RequestId": "R-1", **more}})

    def part(self, rows: list[Any], new: dict[str, Any], default: int, most: int) -> list[Any]:
        """The rows of the part that is asked for."""
        size, start = new.get("Limit", default), new.get("Offset", 0)
        if not 1 <= size <= most:
            raise failure("InvalidParameterValue.LimitInvalid")
        return rows[start : start + size]
