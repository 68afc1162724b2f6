"""GoDaddy's domains and RRsets."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.godaddy import GoDaddy
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake

URL = "https://api.godaddy.com/v1/domains"


class FakeGoDaddy(RestFake):
    base = URL
    looks = 1  # where a list would be longer than the 500 rows it may have
    missing = (404, {"code": "NOT_FOUND", "message": "Domain not-mine.example not found for shopper"})
    denied = (422, {"code": "INVALID_VALUE_ENUM", "message": "There is a CNAME", "fields": []})
    exchanges = {
        "error_not_found": ("GET", f"{URL}/not-mine.example/records/A", None),
        "records_get": ("GET", f"{URL}/example.com/records/A/localhost", None),
    }

    def __init__(self) -> None:
        super().__init__()
        self.parked: list[dict[str, Any]] = []

    def driver(self, key: str) -> GoDaddy:
        return GoDaddy(api_key=Secret("n4m3"), api_secret=Secret(key))

    def authorised(self, request: Request) -> None:
        if header(request, "authorization") != f"sso-key n4m3:{self.good}":
            raise Failure(401, {"code": "UNABLE_TO_AUTHENTICATE", "message": "Unauthorized : invalid key"})

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match method, path:
            case "GET", [""]:
                names = sorted(
                    [self.zone, *(f"z{n:04}.test" for n in range(1100 if self.large else 0))], reverse=True
                )
                names = [name for name in names if name < asked.get("marker", "~")]
                shown = names[: int(asked.get("limit", 100))]
                return answer([{"domain": name, "status": "ACTIVE"} for name in shown])
            case "GET", [zone, "records", rrtype]:
                rows = [self.shown(row) for row in self.inside(zone) if row["type"] == rrtype]
                return answer([*self.parked, *rows][:500])
            case "GET", [zone, "records", rrtype, label]:
                wanted = self.full(label), rrtype
                rows = [r for r in self.inside(zone) if (r["owner"], r["type"]) == wanted]
                return answer([*self.parked, *(self.shown(row) for row in rows)])
            case "PUT", [zone, "records", rrtype, label]:
                self.inside(zone)
                if not new or any(not 600 <= one.get("ttl", 3600) <= 604800 for one in new):
                    raise Failure(422, {"code": "INVALID_BODY", "message": "ttl below 600", "fields": []})
                self.parked = []
                addresses = [one["data"] for one in new]
                self.store(self.full(label), rrtype, addresses, new[0].get("ttl", 3600))
                return Reply(200)
            case "DELETE", [zone, "records", rrtype, label]:
                gone = self.full(label), rrtype
                left = [r for r in self.inside(zone) if (r["owner"], r["type"]) != gone]
                if len(left) == len(self.rows):
                    raise Failure(404, {"code": "UNKNOWN_DOMAIN", "message": "no such records"})
                self.rows = left
                return Reply(204)
            case _:
                return Reply(405)

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {"type": row["type"], "name": self.label(row), "data": row["address"], "ttl": row["ttl"]}
