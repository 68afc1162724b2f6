"""Baidu AI Cloud's zones and records."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.baiducloud import BaiduCloud
from homeport.wire.http import Reply, Request
from homeport.wire.sign_aws import Credentials
from homeport.wire.sign_bce import sign

from . import answer, header
from ._rest import Failure, RestFake

KEY_ID = "BDAKEXAMPLE"


def error(status: int, code: str, message: str) -> tuple[int, object]:
    return status, {"requestId": "r1", "code": code, "message": message}


class FakeBaiduCloud(RestFake):
    base = "https://dns.baidubce.com"
    missing = error(404, "NoSuchObject", "the resource does not exist")
    denied = error(400, "InappropriateJSON", "rr is not allowed")
    twice = error(400, "RecordConflict", "the record already exists")
    attributes = {"description": "mine"}

    def __init__(self) -> None:
        super().__init__()
        self.others: list[dict[str, Any]] = []  # records of other lines, and paused ones, as listed
        self.written = b""  # what a write is answered with

    def driver(self, key: str) -> BaiduCloud:
        return BaiduCloud(access_key_id=KEY_ID, secret_access_key=Secret(key))

    def authorised(self, request: Request) -> None:
        plain = Request(request.method, request.url, request.query, {}, request.body)
        right = sign(plain, Credentials(KEY_ID, Secret(self.good)), 0.0)
        if header(request, "authorization") != header(right, "authorization"):
            raise Failure(*error(400, "SignatureDoesNotMatch", "The request signature does not match."))

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match method, path:
            case "GET", ["v1", "dns", "zone"]:
                rows = [{"id": "z0", "name": "com"}, {"id": "z1", "name": self.zone, "status": "running"}]
                return self.list("zones", [r for r in rows if asked.get("name", "") in r["name"]], asked)
            case "GET", ["v1", "dns", "zone", zone, "record"]:
                self.inside(zone)
                rows = [self.shown(row) for row in self.rows] + self.others
                return self.list("records", [r for r in rows if asked.get("rr", r["rr"]) == r["rr"]], asked)
            case "POST", ["v1", "dns", "zone", zone, "record"]:
                self.inside(zone)
                assert new["line"] == "default"
                self.create(self.full(new["rr"]), new["type"], new["value"], new.get("ttl", 300))
                return Reply(200, self.written)
            case "PUT", ["v1", "dns", "zone", zone, "record", id]:
                self.inside(zone)
                assert self.full(new["rr"]) == self.row(id)["owner"]
                self.change(
                    id,
                    type=new["type"],
                    address=new["value"],
                    ttl=new.get("ttl", 300),
                    description=new.get("description", ""),
                )
                return Reply(200, self.written)
            case "DELETE", ["v1", "dns", "zone", zone, "record", id]:
                self.inside(zone)
                self.rows.remove(self.row(id))
                return Reply(200, self.written)
            case _:
                raise Failure(*self.missing)

    def valid(self, row: dict[str, Any]) -> None:
        super().valid(row)
        if not isinstance(row["ttl"], int) or row["ttl"] < 1:
            raise Failure(*error(400, "InappropriateJSON", "ttl is not valid"))

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": row["id"],
            "rr": self.label(row),
            "status": "running",
            "type": row["type"],
            "value": row["address"],
            "ttl": row["ttl"],
            "line": "default",
            "description": row.get("description"),
            "priority": None,
        }

    def list(self, at: str, rows: list[Any], asked: dict[str, str]) -> Reply:
        """1,000 rows at most; the page after begins at the marker."""
        start = int(asked.get("marker", "0"))
        end = start + min(int(asked.get("maxKeys", 1000)), 1000)
        more = {"nextMarker": str(end)} if len(rows) > end else {}
        return answer({at: rows[start:end], "isTruncated": bool(more), "maxKeys": 1000} | more)
