"""West.cn's domains and records."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from homeport.core.secret import Secret
from homeport.providers.westcn import WestCn
from homeport.wire.http import Reply, Request

from ._rest import Failure, RestFake


def told(code: int, msg: str, body: object = None) -> dict[str, Any]:
    return {"result": code, "clientid": "c1", "code": code, "msg": msg, "body": body}


class FakeWestCn(RestFake):
    base = "https://api.west.cn/API/v2"
    missing = (200, told(404, "域名不存在"))
    denied = (200, told(500, "解析内容不合法"))
    twice = (200, told(500, "500 already exists"))
    attributes = {"record_mx": 10}

    def __init__(self) -> None:
        super().__init__()
        self.others: list[dict[str, Any]] = []  # records of other lines, and paused ones, as listed

    def driver(self, key: str) -> WestCn:
        return WestCn(api_key=Secret(key))

    def reads(self, request: Request) -> bool:
        return b"act=dnsrec.list" in request.body

    def __call__(self, request: Request) -> Reply:
        before = [dict(row) for row in self.rows]
        try:
            assert request.url.startswith(self.base)
            if (request.method, request.url.removeprefix(self.base)) != ("POST", "/domain/dns/"):
                return Reply(404)
            return said(told(200, "success", self.answer(dict(parse_qsl(request.body.decode())))))
        except Failure as failure:
            self.rows = before
            return said(failure.payload)

    def answer(self, asked: dict[str, str]) -> Any:
        if (asked.get("apidomainkey") or asked.get("apikey")) != self.good:
            raise Failure(200, told(500, "apidomainkey 验证失败"))
        if asked["domain"] != self.zone:
            raise Failure(*self.missing)
        match asked["act"]:
            case "dnsrec.list":
                rows = [self.shown(row) for row in self.rows] + self.others
                rows = [row for row in rows if asked.get("record_type", "") in ("", row["record_type"])]
                if not rows:
                    raise Failure(200, told(500, "no records"))
                page = self.paged(rows, asked, size="limit", page="pageno")
                return {"items": page, "total": len(rows), "pageno": asked["pageno"]}
            case "dnsrec.add":
                ttl = int(asked.get("record_ttl", 900))
                owner = self.full(asked["hostname"])
                row = self.create(owner, asked["record_type"], asked["record_value"], ttl, record_mx=10)
                return {"record_id": int(row["id"])}
            case "dnsrec.modify":
                row = self.known(asked["record_id"])
                new = {"address": asked["record_value"], "type": asked["record_type"]}
                level, ttl = int(asked.get("record_level", 0)), int(asked.get("record_ttl", 900))
                self.change(row["id"], **new, ttl=ttl, record_mx=level)
                return {"success": [int(row["id"])], "failed": []}
            case "dnsrec.remove":
                self.rows.remove(self.known(asked["record_id"]))
                return {"success": [int(asked["record_id"])]}
            case _:
                raise Failure(200, told(500, "unknown act"))

    def known(self, id: str) -> dict[str, Any]:
        if all(row["id"] != id for row in self.rows):
            raise Failure(200, told(500, "解析记录不存在"))
        return self.row(id)

    def valid(self, row: dict[str, Any]) -> None:
        super().valid(row)
        if not 60 <= row["ttl"] <= 86400:
            raise Failure(200, told(500, "TTL 60-86400"))

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "record_id": int(row["id"]),
            "hostname": self.label(row),
            "record_type": row["type"],
            "record_value": row["address"],
            "record_line": "",
            "record_ttl": row["ttl"],
            "record_mx": row.get("record_mx", 0),
            "pause": 0,
        }


def said(payload: object) -> Reply:
    return Reply(200, json.dumps(payload, ensure_ascii=False).encode("gbk"))
