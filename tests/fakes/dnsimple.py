"""DNSimple's zones and records, of one account."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.dnsimple import DNSimple
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake

URL = "https://api.dnsimple.com/v2"


class FakeDNSimple(RestFake):
    base = URL
    missing = (404, {"message": "Zone `not-mine.example` not found"})
    denied = (400, {"message": "Validation failed", "errors": {"name": ["conflicts with a CNAME"]}})
    twice = (400, {"message": "Zone record already exists"})
    attributes = {"regions": ["SV1", "IAD"], "priority": 4}
    exchanges = {
        "records_list": ("GET", f"{URL}/731/zones/example.com/records?type=A&name=home", None),
    }

    def driver(self, key: str) -> DNSimple:
        return DNSimple(token=Secret(key))

    def authorised(self, request: Request) -> None:
        if header(request, "authorization") != f"Bearer {self.good}":
            raise Failure(401, {"message": "Authentication failed"})

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match method, path:
            case "GET", ["accounts"]:
                return answer({"data": [{"id": 731, "email": "me@example.net"}]})
            case "GET", ["731", "zones"]:
                return self.list([{"id": 1, "account_id": 731, "name": self.zone}], asked)
            case "GET", ["731", "zones", zone, "records"]:
                rows = [r for r in self.inside(zone) if asked.get("type", r["type"]) == r["type"]]
                rows = [r for r in rows if asked.get("name") in (None, self.label(r, ""))]
                return self.list([self.shown(row) for row in rows], asked)
            case "POST", ["731", "zones", zone, "records"]:
                self.inside(zone)
                ttl = new.get("ttl", 3600)
                row = self.create(self.full(new["name"], ""), new["type"], new["content"], ttl)
                return answer({"data": self.shown(row)}, 201)
            case "PATCH", ["731", "zones", zone, "records", id]:
                self.inside(zone)
                if not new.keys() <= {"name", "content", "ttl", "priority", "regions"}:
                    raise Failure(400, {"message": "Validation failed"})
                old = self.row(id)
                address, ttl = new.get("content", old["address"]), new.get("ttl", old["ttl"])
                return answer({"data": self.shown(self.change(id, address=address, ttl=ttl))})
            case "DELETE", ["731", "zones", zone, "records", id]:
                self.inside(zone).remove(self.row(id))
                return Reply(204)
            case _:
                raise Failure(*self.missing)

    def valid(self, row: dict[str, Any]) -> None:
        super().valid(row)
        if row["ttl"] < 60:
            raise Failure(400, {"message": "Validation failed", "errors": {"ttl": ["must be 60 or more"]}})

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": int(row["id"]),
            "zone_id": self.zone,
            "parent_id": None,
            "name": self.label(row, ""),
            "content": row["address"],
            "ttl": row["ttl"],
            "priority": row["priority"],
            "type": row["type"],
            "regions": row["regions"],
            "system_record": False,
        }

    def list(self, rows: list[Any], asked: dict[str, str]) -> Reply:
        size = int(asked.get("per_page", 30))
        if not 1 <= size <= 100:
            raise Failure(400, {"message": "per_page must be between 1 and 100"})
        pages = {
            "current_page": int(asked.get("page", 1)),
            "per_page": size,
            "total_entries": len(rows),
            "total_pages": max(1, -(-len(rows) // size)),
        }
        return answer({"data": self.paged(rows, asked | {"per_page": str(size)}), "pagination": pages})
