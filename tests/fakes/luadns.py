"""LuaDNS's zones and records."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from homeport.core.secret import Secret
from homeport.providers.luadns import LuaDNS
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake

PAGE = 500  # rows


def wrong(status: int, kind: str, message: str) -> tuple[int, object]:
    return status, {"status": kind, "request_id": "r1", "message": message}


class FakeLuaDNS(RestFake):
    base = "https://api.luadns.com/v1/zones"
    missing = wrong(404, "Not Found", "Resource not found")
    denied = wrong(422, "Unprocessable Entity", "CNAME conflicts")
    twice = wrong(422, "Unprocessable Entity", "Record exists")

    def driver(self, key: str) -> LuaDNS:
        return LuaDNS(email="me@example.net", api_key=Secret(key))

    def authorised(self, request: Request) -> None:
        good = b64encode(f"me@example.net:{self.good}".encode()).decode()
        if header(request, "authorization") != f"Basic {good}":
            raise Failure(*wrong(401, "Unauthorized", "Authentication failed"))
        if header(request, "accept") != "application/json":
            raise Failure(*wrong(400, "Bad Request", "Accept must be application/json"))

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match method, path:
            case "GET", [""]:
                return self.list([{"id": 77, "name": self.zone, "synced": True}], asked)
            case "GET", ["77", "records"]:
                return self.list([self.shown(row) for row in self.rows], asked)
            case "POST", ["77", "records"]:
                return answer(self.shown(self.create(*self.told(new), new["ttl"])))
            case "PUT", ["77", "records", id]:
                owner, rrtype, address = self.told(new)
                row = self.change(id, owner=owner, type=rrtype, address=address, ttl=new["ttl"])
                return answer(self.shown(row))
            case "DELETE", ["77", "records", id]:
                row = self.row(id)
                self.rows.remove(row)
                return answer(self.shown(row))
            case _:
                raise Failure(*self.missing)

    def told(self, new: Any) -> tuple[str, str, str]:
        if new.keys() != {"name", "type", "content", "ttl"} or not new["name"].endswith("."):
            raise Failure(*wrong(422, "Unprocessable Entity", "Name is not absolute"))
        return new["name"].removesuffix("."), new["type"], new["content"]

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": int(row["id"]),
            "name": f"{row['owner']}.",
            "type": row["type"],
            "content": row["address"],
            "ttl": row["ttl"],
            "zone_id": 77,
        }

    def list(self, rows: list[Any], asked: dict[str, str]) -> Reply:
        reply = answer(self.paged(rows, {"limit": str(PAGE), **asked}, size="limit"))
        pages = max(1, -(-len(rows) // PAGE))
        return Reply(200, reply.body, {"x-page": asked.get("page", "1"), "x-total-pages": str(pages)})
