"""dynv6's zones and records."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.dynv6 import Dynv6
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake

ID = "3582646"
FIELDS = {"A": "ipv4address", "AAAA": "ipv6prefix"}


class FakeDynv6(RestFake):
    base = "https://dynv6.com/api/v2/zones"
    zone = "example.dynv6.net"
    missing = (404, {"error": "not found"})
    denied = (422, {"error": "name is invalid"})
    ttls = True
    special = {"follows": True}

    def driver(self, key: str) -> Dynv6:
        return Dynv6(token=Secret(key))

    def authorised(self, request: Request) -> None:
        if header(request, "authorization") != f"Bearer {self.good}":
            raise Failure(401, {"error": "unauthorized"})

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        if path[0] not in ("", ID):
            raise Failure(*self.missing)
        match method, path[1:]:
            case "GET", [] if not path[0]:
                return answer([self.told()])
            case "GET", []:
                return answer(self.told())
            case "PATCH", [] if path[0]:
                return self.set_zone(new)
            case "GET", ["records"]:
                return answer([self.shown(row) for row in self.rows if "property" not in row])
            case "POST", ["records"]:
                return answer(self.shown(self.create(self.owner_of(new), new["type"], new["data"])))
            case "PATCH", ["records", id]:
                return answer(self.shown(self.change(id, owner=self.owner_of(new), address=new["data"])))
            case "DELETE", ["records", id]:
                self.rows.remove(self.row(id))
                return Reply(204)
            case _:
                return Reply(405)

    def owner_of(self, new: dict[str, Any]) -> str:
        if not new["name"] or new.keys() - {"name", "type", "data"}:
            raise Failure(*self.denied)
        return self.full(new["name"], "")

    def property(self, rrtype: str) -> dict[str, Any] | None:
        return next((row for row in self.rows if row.get("property") == rrtype), None)

    def told(self) -> dict[str, Any]:
        said: dict[str, Any] = {"id": int(ID), "name": self.zone, "createdAt": "2024-11-27T14:24:02+01:00"}
        for rrtype, field in FIELDS.items():
            row = self.property(rrtype)
            said[field] = row["address"] if row else ""
        return said

    def set_zone(self, new: dict[str, Any]) -> Reply:
        for rrtype, field in FIELDS.items():
            if field in new:
                if row := self.property(rrtype):
                    self.rows.remove(row)
                if new[field]:
                    self.create(self.zone, rrtype, new[field], property=rrtype)
        return answer(self.told())

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": int(row["id"]),
            "zoneID": int(ID),
            "type": row["type"],
            "name": self.label(row, ""),
            "data": "" if "follows" in row else row["address"],
            "expandedData": row["address"],
        }
