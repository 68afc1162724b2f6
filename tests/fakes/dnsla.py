"""DNS.LA's domains and records."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from homeport.core.secret import Secret
from homeport.providers.dnsla import DNSLA
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake

TYPES = {"A": 1, "AAAA": 28}
ID = "85371689655342080"


def error(code: int, message: str) -> tuple[int, object]:
    return 200, {"code": code, "msg": message, "data": None}


class FakeDNSLA(RestFake):
    base = "https://api.dns.la/api"
    missing = error(404, "不存在")
    denied = error(400, "主机头不合法")
    twice = error(400, "与已有记录冲突")
    attributes = {"groupId": "7", "weight": 1}
    special = {"lineId": "84613316902921216"}

    def driver(self, key: str) -> DNSLA:
        return DNSLA(id="0815", secret=Secret(key))

    def authorised(self, request: Request) -> None:
        good = b64encode(f"0815:{self.good}".encode()).decode()
        if header(request, "authorization") != f"Basic {good}":
            raise Failure(*error(401, "认证失败"))

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match method, path:
            case "GET", ["domainList"]:
                others = [{"id": str(n), "domain": f"{n}.example.net."} for n in range(60)]
                return self.list([*others, {"id": ID, "domain": f"{self.zone}.", "state": 1}], asked)
            case "GET", ["recordList"] if asked["domainId"] == ID:
                return self.list([self.shown(row) for row in self.rows], asked)
            case "POST", ["record"] if new["domainId"] == ID:
                rrtype = next(name for name, number in TYPES.items() if number == new["type"])
                row = self.create(self.full(new["host"]), rrtype, new["data"], new["ttl"])
                return self.done({"id": row["id"]})
            case "PUT", ["record"]:
                row = self.row(new["id"])
                kept = {"groupId": new.get("groupId", ""), "weight": new.get("weight", 0)}
                ttl = new.get("ttl", 600)  # what is not said, it sets
                self.change(row["id"], owner=self.full(new["host"]), address=new["data"], ttl=ttl, **kept)
                return self.done(None)
            case "DELETE", ["record"]:
                self.rows.remove(self.row(asked["id"]))
                return self.done(None)
            case _:
                raise Failure(*self.missing)

    def done(self, data: object) -> Reply:
        return answer({"code": 200, "msg": "", "data": data})

    def list(self, rows: list[Any], asked: dict[str, str]) -> Reply:
        """50 rows at most, however many are asked for; no list where there is none."""
        size, page = min(int(asked["pageSize"]), 50), int(asked["pageIndex"])
        return self.done({"total": len(rows), "results": rows[(page - 1) * size : page * size] or None})

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": row["id"],
            "groupId": row["groupId"],
            "host": self.label(row),
            "displayHost": self.label(row),
            "type": TYPES[row["type"]],
            "lineId": row.get("lineId", "0"),
            "data": row["address"],
            "ttl": row["ttl"],
            "weight": row["weight"],
            "disable": False,
        }
