"""Scaleway's zones: many changes of one zone in a request."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.scaleway import Scaleway
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake

ZONES = "https://api.scaleway.com/domain/v2beta1/dns-zones"
NEW = {"name": "orig.test", "data": "192.0.2.5", "type": "A", "ttl": 3600}


class FakeScaleway(RestFake):
    base = ZONES
    missing = (403, {"message": "domain not found", "type": "permissions_denied"})
    denied = (400, {"message": "invalid argument(s)", "type": "invalid_arguments"})
    twice = (409, {"message": "record already exists", "type": "conflict"})
    attributes = {"comment": "mine", "priority": 7}
    special = {"geo_ip_config": {"matches": [], "default": "192.0.2.7"}}
    exchanges = {
        "records_patch_add": (
            "PATCH",
            f"{ZONES}/example.com/records",
            {"disallow_new_zone_creation": True, "changes": [{"add": {"records": [NEW]}}]},
        )
    }

    def driver(self, key: str) -> Scaleway:
        return Scaleway(secret_key=Secret(key))

    def authorised(self, request: Request) -> None:
        if header(request, "x-auth-token") != self.good:
            said = {"message": "authentication is denied", "type": "denied_authentication"}
            raise Failure(401, said | {"method": "api_key", "reason": "not_found"})

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match method, path:
            case "GET", [""]:
                domain, _, rest = self.zone.partition(".")
                about = {"domain": rest, "subdomain": domain, "status": "active"}
                top = {"domain": self.zone, "subdomain": "", "status": "active"}
                return self.list("dns_zones", [about | top], asked)
            case "GET", [zone, "records"]:
                rows = [row for row in self.inside(zone) if asked.get("type", row["type"]) == row["type"]]
                rows = [r for r in rows if asked.get("name", self.label(r, "")) == self.label(r, "")]
                return self.list("records", [self.shown(row) for row in rows], asked)
            case "PATCH", [zone, "records"]:
                self.inside(zone)
                assert new["disallow_new_zone_creation"] and len(new["changes"]) <= 100
                rows = [row for change in new["changes"] for row in self.step(change)]
                return answer({"records": [self.shown(row) for row in rows]})
            case _:
                return Reply(405)

    def step(self, change: dict[str, Any]) -> list[dict[str, Any]]:
        [(what, how)] = change.items()
        if what in ("set", "delete") and all(row["id"] != how["id"] for row in self.rows):
            raise Failure(404, {"message": "resource is not found", "type": "not_found"})
        match what:
            case "add":
                rows = [self.create(self.full(r["name"]), r["type"], r["data"]) for r in how["records"]]
                for row, said in zip(rows, how["records"], strict=True):
                    self.fill(row, said)
                return rows
            case "set":
                [said] = how["records"]
                row = self.change(how["id"], owner=self.full(said["name"]), address=said["data"])
                self.fill(row, said)
                return [row]
            case "delete":
                self.rows.remove(self.row(how["id"]))
                return []
            case _:
                raise Failure(*self.denied)

    def fill(self, row: dict[str, Any], said: dict[str, Any]) -> None:
        """What is not said is as if it were new."""
        row |= {"ttl": said["ttl"], "comment": said.get("comment"), "priority": said.get("priority", 0)}
        self.valid(row)

    def valid(self, row: dict[str, Any]) -> None:
        super().valid(row)
        if row["ttl"] < 60:
            raise Failure(*self.denied)

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        dynamic = {"geo_ip_config": row["geo_ip_config"]} if "geo_ip_config" in row else {}
        return dynamic | {
            "id": row["id"],
            "name": self.label(row, ""),
            "type": row["type"],
            "data": row["address"],
            "ttl": row["ttl"],
            "priority": row.get("priority", 0),
            "comment": row.get("comment"),
        }

    def list(self, at: str, rows: list[Any], asked: dict[str, str]) -> Reply:
        """It gives 50 rows at most, however many are asked for."""
        sized = asked | {"page_size": str(min(50, int(asked.get("page_size", 20))))}
        return answer({at: self.paged(rows, sized, size="page_size"), "total_count": len(rows)})
