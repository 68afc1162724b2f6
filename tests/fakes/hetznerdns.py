"""The zones of Hetzner's old DNS Console."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.hetznerdns import HetznerDNS
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake


class FakeHetznerDNS(RestFake):
    base = "https://dns.hetzner.com/api/v1"
    missing = (404, {"error": {"message": "record not found", "code": 404}})
    denied = (422, {"error": {"message": "422 Unprocessable Entity: invalid record", "code": 422}})
    twice = (422, {"error": {"message": "422 : taken", "code": 422}})

    def driver(self, key: str) -> HetznerDNS:
        return HetznerDNS(token=Secret(key))

    def authorised(self, request: Request) -> None:
        if header(request, "auth-api-token") != self.good:
            raise Failure(401, {"message": "Invalid authentication credentials"})

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match method, path:
            case "GET", ["zones"]:
                zones = [{"id": "zOther", "name": "example.net"}, {"id": "zOurs", "name": self.zone}]
                pages = {"page": int(asked.get("page", 1)), "per_page": 1, "last_page": 2}
                shown = self.paged(zones, asked | {"per_page": "1"})
                return answer({"zones": shown, "meta": {"pagination": pages}})
            case "GET", ["records"]:
                rows = self.inside(self.zone if asked["zone_id"] == "zOurs" else asked["zone_id"])
                return answer({"records": [self.shown(row) for row in rows]})
            case "POST", ["records"]:
                row = self.create(self.owner_in(new), new["type"], new["value"])
                return self.fill(row, new)
            case "PUT", ["records", id]:
                row = self.change(id, owner=self.owner_in(new), type=new["type"], address=new["value"])
                return self.fill(row, new)
            case "DELETE", ["records", id]:
                self.rows.remove(self.row(id))
                return answer({})
            case _:
                return Reply(405)

    def owner_in(self, new: dict[str, Any]) -> str:
        if new["zone_id"] != "zOurs":
            raise Failure(*self.missing)
        return self.full(new["name"])

    def fill(self, row: dict[str, Any], new: dict[str, Any]) -> Reply:
        row["ttl"] = new.get("ttl")  # none: the zone's
        if row["ttl"] is not None and row["ttl"] < 60:
            raise Failure(*self.denied)
        return answer({"record": self.shown(row)})

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        about = {"id": row["id"], "zone_id": "zOurs", "type": row["type"], "name": self.label(row)}
        return about | {"value": row["address"]} | ({"ttl": row["ttl"]} if row["ttl"] else {})
