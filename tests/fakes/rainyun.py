"""RainYun's domains and records."""

from __future__ import annotations

import json
from typing import Any

from homeport.core.secret import Secret
from homeport.providers.rainyun import RainYun
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake

ID = "4711"


def error(code: int, message: str) -> tuple[int, object]:
    return 200, {"code": code, "message": message}


class FakeRainYun(RestFake):
    base = "https://api.v2.rainyun.com/product/domain"
    missing = error(30010, "记录不存在")
    denied = error(30011, "主机记录不合法")
    twice = error(30012, "记录已存在")
    attributes = {"level": 20}
    special = {"line": "LTEL"}

    def driver(self, key: str) -> RainYun:
        return RainYun(key=Secret(key))

    def authorised(self, request: Request) -> None:
        if header(request, "x-api-key") != self.good:
            raise Failure(*error(30001, "API密钥错误"))

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match method, path:
            case "GET", [""]:
                options = json.loads(asked["options"])
                rows = [{"id": int(ID), "domain": self.zone, "status": "ok"}]
                return self.list(rows, options["perPage"], options["page"])
            case "GET", [zone, "dns"] if zone == ID:
                rows = [self.shown(row) for row in self.rows]
                return self.list(rows, int(asked["limit"]), int(asked["page_no"]))
            case "POST" | "PATCH", [zone, "dns"] if zone == ID:
                if new.keys() != {"record_id", "host", "line", "level", "ttl", "type", "value"}:
                    raise Failure(*error(30013, "参数错误"))
                owner, more = self.full(new["host"]), {"line": new["line"], "level": new["level"]}
                if method == "POST":
                    row = self.create(owner, new["type"], new["value"], new["ttl"], **more)
                else:
                    row = self.row(str(new["record_id"]))
                    self.change(row["id"], owner=owner, address=new["value"], ttl=new["ttl"], **more)
                return answer({"code": 200, "data": {"record_id": int(row["id"])}})
            case "DELETE", [zone, "dns"] if zone == ID:
                self.rows.remove(self.row(str(new["record_id"])))
                return answer({"code": 200, "data": "ok"})
            case _:
                raise Failure(*self.missing)

    def list(self, rows: list[Any], size: int, page: int) -> Reply:
        """No list where there is none."""
        shown = rows[(page - 1) * size : page * size] or None
        return answer({"code": 200, "data": {"TotalRecords": len(rows), "Records": shown}})

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "record_id": int(row["id"]),
            "host": self.label(row),
            "type": row["type"],
            "value": row["address"],
            "line": row.get("line", "DEFAULT"),
            "ttl": row["ttl"],
            "level": row["level"],
        }
