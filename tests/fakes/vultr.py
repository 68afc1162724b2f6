"""Vultr's domains and records."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.vultr import Vultr
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake

URL = "https://api.vultr.com/v2/domains"


class FakeVultr(RestFake):
    base = URL
    missing = (404, {"error": "Invalid domain.", "status": 404})
    denied = (400, {"error": "Unable to add record: CNAME exists.", "status": 400})
    twice = (400, {"error": "Unable to add record: it is a duplicate.", "status": 400})
    attributes = {"priority": 7}
    exchanges = {"records_list": ("GET", f"{URL}/example.com/records", None)}

    def driver(self, key: str) -> Vultr:
        return Vultr(token=Secret(key))

    def authorised(self, request: Request) -> None:
        if header(request, "authorization") != f"Bearer {self.good}":
            raise Failure(401, {"error": "Invalid API token.", "status": 401})

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match method, path:
            case "GET", [""]:
                return self.list("domains", [{"domain": self.zone, "dns_sec": "disabled"}], asked)
            case "GET", [zone, "records"]:
                return self.list("records", [self.shown(row) for row in self.inside(zone)], asked)
            case "POST", [zone, "records"]:
                self.inside(zone)
                row = self.create(self.full(new["name"], ""), new["type"], new["data"], new.get("ttl"))
                return answer({"record": self.shown(row)}, 201)
            case "PATCH", [_, "records", id]:
                if not new.keys() <= {"name", "data", "ttl", "priority"}:
                    raise Failure(400, {"error": "Invalid parameter.", "status": 400})
                old = self.row(id)
                self.change(id, address=new.get("data", old["address"]), ttl=new.get("ttl", old["ttl"]))
                return Reply(204)
            case "DELETE", [_, "records", id]:
                self.rows.remove(self.row(id))
                return Reply(204)
            case _:
                return Reply(405)

    def valid(self, row: dict[str, Any]) -> None:
        super().valid(row)
        if row["ttl"] < 120:
            raise Failure(400, {"error": "Invalid TTL.", "status": 400})

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": f"4856d709-{row['id']}",
            "type": row["type"],
            "name": self.label(row, ""),
            "data": row["address"],
            "priority": row["priority"],
            "ttl": row["ttl"],
        }

    def row(self, id: str) -> dict[str, Any]:
        return super().row(id.removeprefix("4856d709-"))

    def list(self, at: str, rows: list[Any], asked: dict[str, str]) -> Reply:
        """At most 500 of them; the cursor holds what comes next."""
        cursor = asked.get("cursor", "0")
        if not cursor.isdecimal():
            raise Failure(400, {"error": "Invalid cursor.", "status": 400})
        start, size = int(cursor), min(int(asked.get("per_page", 100)), 500)
        following = str(start + size) if start + size < len(rows) else ""
        links = {"next": following, "prev": ""}
        return answer({at: rows[start : start + size], "meta": {"total": len(rows), "links": links}})
