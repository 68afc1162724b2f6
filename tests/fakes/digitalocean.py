"""DigitalOcean's domains and records."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.digitalocean import DigitalOcean
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake

RECORDS = "https://api.digitalocean.com/v2/domains/example.com/records"


class FakeDigitalOcean(RestFake):
    base = "https://api.digitalocean.com/v2/domains"
    missing = (404, {"id": "not_found", "message": "The resource you requested could not be found."})
    denied = (422, {"id": "unprocessable_entity", "message": "Record conflicts with a CNAME."})
    exchanges = {
        "error_not_found": (
            "GET",
            "https://api.digitalocean.com/v2/domains/not-mine.example/records",
            None,
        ),
        "record_create": ("POST", RECORDS, {"type": "A", "name": "new", "data": "192.0.2.5", "ttl": 3600}),
        "records_list_page2": ("GET", f"{RECORDS}?page=2&per_page=1", None),
    }

    def driver(self, key: str) -> DigitalOcean:
        return DigitalOcean(token=Secret(key))

    def authorised(self, request: Request) -> None:
        if header(request, "authorization") != f"Bearer {self.good}":
            raise Failure(401, {"id": "unauthorized", "message": "Unable to authenticate you"})

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match method, path:
            case "GET", [""]:
                return self.list("domains", [{"name": self.zone, "ttl": 1800, "zone_file": "..."}], asked)
            case "GET", [zone, "records"]:
                rows = [r for r in self.inside(zone) if asked.get("type", r["type"]) == r["type"]]
                rows = [r for r in rows if asked.get("name", r["owner"]) == r["owner"]]
                return self.list("domain_records", [self.shown(r) for r in rows], asked)
            case "POST", [zone, "records"]:
                self.inside(zone)
                row = self.create(self.full(new["name"]), new["type"], new["data"], new.get("ttl", 1800))
                return answer({"domain_record": self.shown(row)}, 201)
            case "PATCH", [_, "records", id]:
                row = self.change(id, address=new["data"], **({"ttl": new["ttl"]} if "ttl" in new else {}))
                return answer({"domain_record": self.shown(row)})
            case "DELETE", [_, "records", id]:
                self.rows.remove(self.row(id))
                return Reply(204)
            case _:
                return Reply(405)

    def valid(self, row: dict[str, Any]) -> None:
        super().valid(row)
        if row["ttl"] < 30:
            raise Failure(422, {"id": "unprocessable_entity", "message": "TTL must be at least 30."})

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        nothing = dict.fromkeys(("priority", "port", "weight", "flags", "tag"))
        return nothing | {
            "id": int(row["id"]),
            "type": row["type"],
            "name": self.label(row),
            "data": row["address"],
            "ttl": row["ttl"],
        }

    def list(self, at: str, rows: list[Any], asked: dict[str, str]) -> Reply:
        return answer({at: self.paged(rows, asked), "links": {}, "meta": {"total": len(rows)}})
