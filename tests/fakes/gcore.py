"""Gcore's zones: RRsets that are made by POST and replaced by PUT."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from homeport.core.secret import Secret
from homeport.providers.gcore import Gcore
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake


class FakeGcore(RestFake):
    base = "https://api.gcore.com/dns/v2/zones"
    missing = (404, {"error": "zone is not found"})
    denied = (400, {"error": "invalid record"})
    attributes = {"meta": {"notes": ["mine"]}}
    special = {"filters": [{"type": "geodns", "limit": 1}]}
    steps = 2

    def driver(self, key: str) -> Gcore:
        return Gcore(token=Secret(key))

    def authorised(self, request: Request) -> None:
        if header(request, "authorization") != f"APIKey {self.good}":
            raise Failure(401, {"error": "Unauthorized"})

    def held(self, owner: str, rrtype: str) -> list[str]:
        return sorted(row["address"] for row in self.rrset(owner, rrtype) if row.get("enabled", True))

    def rrset(self, owner: str, rrtype: str) -> list[dict[str, Any]]:
        return [row for row in self.rows if (row["owner"], row["type"]) == (owner, rrtype)]

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match method, path:
            case "GET", [""]:
                return self.list("zones", [{"id": 7, "name": self.zone}], asked)
            case "GET", [zone, "rrsets"]:
                rows = [row for row in self.inside(zone) if asked.get("type", row["type"]) == row["type"]]
                sets = dict.fromkeys((row["owner"], row["type"]) for row in rows)
                return self.list("rrsets", [self.shown(*rrset) for rrset in sets], asked)
            case _, [zone, name, rrtype]:
                self.inside(zone)
                return self.act(method, unquote(name), rrtype, new)
            case _:
                return Reply(405)

    def act(self, method: str, owner: str, rrtype: str, new: Any) -> Reply:
        rows = self.rrset(owner, rrtype)
        if method == "POST" and rows:
            raise Failure(409, {"error": "rrset already exists"})
        if method != "POST" and not rows:
            raise Failure(404, {"error": "rrset is not found"})
        if method == "GET":
            return answer(self.shown(owner, rrtype))
        self.rows = [row for row in self.rows if row not in rows]
        if method == "DELETE":
            return answer({})
        if not new["resource_records"]:
            raise Failure(*self.denied)
        numbers = [row["id"] for row in rows]
        for record in new["resource_records"]:
            row = self.create(owner, rrtype, record["content"][0])
            row |= {"ttl": new["ttl"], "meta": record.get("meta")}
            row |= {} if record["enabled"] else {"enabled": False}
            row["id"] = numbers.pop(0) if numbers else row["id"]
        return answer(self.shown(owner, rrtype))

    def shown(self, owner: str, rrtype: str) -> dict[str, Any]:
        rows = self.rrset(owner, rrtype)
        records = [
            {"id": 1, "content": [r["address"]], "enabled": r.get("enabled", True), "meta": r.get("meta")}
            for r in rows
        ]
        about = {"name": owner, "type": rrtype, "ttl": rows[0]["ttl"], "resource_records": records}
        return about | {"filters": rows[0].get("filters", []), "meta": {}}

    def list(self, at: str, rows: list[Any], asked: dict[str, str]) -> Reply:
        """At most 500 rows, however many are asked for."""
        start, size = int(asked.get("offset", "0")), min(500, int(asked.get("limit", "100")))
        return answer({at: rows[start : start + size], "total_amount": len(rows)})
