"""Hostinger's domains and RRsets."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.hostinger import Hostinger
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake


def wrong(status: int, error: str) -> tuple[int, object]:
    return status, {"error": error, "correlation_id": "26a91bd9"}


class FakeHostinger(RestFake):
    base = "https://developers.hostinger.com/api"
    missing = wrong(404, "Domain not found")
    denied = wrong(422, "The name has a CNAME")

    def __init__(self) -> None:
        super().__init__()
        self.portfolio: list[str | None] = [self.zone, None, "other.test"]

    def driver(self, key: str) -> Hostinger:
        return Hostinger(token=Secret(key))

    def authorised(self, request: Request) -> None:
        if header(request, "authorization") != f"Bearer {self.good}":
            raise Failure(*wrong(401, "Unauthenticated"))

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match method, path:
            case "GET", ["domains", "v1", "portfolio"]:
                return answer([{"id": 1, "domain": name, "status": "active"} for name in self.portfolio])
            case "GET", ["dns", "v1", "zones", zone]:
                sets = dict.fromkeys((row["owner"], row["type"]) for row in self.inside(zone))
                text = {"name": "home", "type": "TXT", "ttl": 60, "records": [{"content": '"a text"'}]}
                return answer([text, *(self.shown(*key) for key in sets)])
            case "PUT", ["dns", "v1", "zones", zone]:
                self.inside(zone)
                assert new["overwrite"] is True
                for rrset in new["zone"]:
                    ttl = rrset.get("ttl", 14400)
                    if not rrset["records"] or not 60 <= ttl <= 604800:
                        raise Failure(*wrong(422, "The zone field is invalid"))
                    contents = [one["content"] for one in rrset["records"]]
                    self.store(self.full(rrset["name"]), rrset["type"], contents, ttl)
                return answer({"message": "Request accepted"})
            case "DELETE", ["dns", "v1", "zones", zone]:
                gone = [(self.full(one["name"]), one["type"]) for one in new["filters"]]
                self.rows = [r for r in self.inside(zone) if (r["owner"], r["type"]) not in gone]
                return answer({"message": "Request accepted"})
            case _:
                return Reply(405)

    def shown(self, owner: str, rrtype: str) -> dict[str, Any]:
        rows = [row for row in self.rows if (row["owner"], row["type"]) == (owner, rrtype)]
        records = [
            {"content": row["address"], "is_disabled": row.get("is_disabled", False)} for row in rows
        ]
        name = self.label(rows[0])
        return {"name": name, "type": rrtype, "ttl": rows[0]["ttl"], "records": records}
