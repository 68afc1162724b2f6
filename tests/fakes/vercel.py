"""Vercel's domains and records, of a team."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.vercel import Vercel
from homeport.wire.http import Reply, Request

from . import answer, header, query
from ._rest import Failure, RestFake

URL = "https://api.vercel.com"
LATEST = 1_780_000_000_000  # milliseconds


def wrong(status: int, code: str, message: str) -> tuple[int, object]:
    return status, {"error": {"code": code, "message": message}}


class FakeVercel(RestFake):
    base = URL
    missing = wrong(404, "not_found", "The requested resource was not found.")
    denied = wrong(400, "invalid_name", "There is a CNAME of that name.")
    twice = wrong(409, "record_exists", "A record like that exists already.")
    attributes = {"comment": "mine"}
    exchanges = {
        "record_create": (
            "POST",
            f"{URL}/v2/domains/example.com/records",
            {"type": "A", "name": "new", "value": "192.0.2.5"},
        ),
    }

    def driver(self, key: str) -> Vercel:
        return Vercel(token=Secret(key), team_id="team_1")

    def authorised(self, request: Request) -> None:
        if header(request, "authorization") != f"Bearer {self.good}":
            raise Failure(*wrong(403, "forbidden", "Not authorized"))
        if query(request).get("teamId") != "team_1":
            raise Failure(*wrong(404, "not_found", "Domain not found in this scope."))

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match method, path:
            case "GET", ["v5", "domains"]:
                return self.list("domains", [{"name": self.zone, "serviceType": "zeit.world"}], asked)
            case "GET", ["v5", "domains", zone, "records"]:
                return self.list("records", [self.shown(row) for row in self.inside(zone)], asked)
            case "POST", ["v2", "domains", zone, "records"]:
                self.inside(zone)
                row = self.create(self.full(new["name"], ""), new["type"], new["value"], new.get("ttl", 60))
                return answer({"uid": f"rec_{row['id']}"})
            case "PATCH", ["v1", "domains", "records", id]:
                if not new.keys() <= {"value", "ttl", "comment", "name", "type"}:
                    raise Failure(*wrong(400, "bad_request", "should NOT have additional property"))
                old = self.row(id.removeprefix("rec_"))
                ttl = new.get("ttl", old["ttl"])
                row = self.change(old["id"], address=new.get("value", old["address"]), ttl=ttl)
                shown = self.shown(row)
                return answer(shown | {"type": "record", "recordType": row["type"], "domain": self.zone})
            case "DELETE", ["v2", "domains", zone, "records", id]:
                self.inside(zone).remove(self.row(id.removeprefix("rec_")))
                return answer({})
            case _:
                raise Failure(*self.missing)

    def valid(self, row: dict[str, Any]) -> None:
        super().valid(row)
        if not 60 <= row["ttl"] <= 86400:
            raise Failure(*wrong(400, "bad_request", "`ttl` should be >= 60"))

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": f"rec_{row['id']}",
            "type": row["type"],
            "name": self.label(row, ""),
            "value": row["address"],
            "ttl": row["ttl"],
            "comment": row["comment"],
            "creator": "a person",
            "createdAt": LATEST - int(row["id"]),  # what a test adds last comes on the last page
        }

    def list(self, at: str, rows: list[Any], asked: dict[str, str]) -> Reply:
        """The latest first, 100 at most, and those before a time."""
        until, size = asked.get("until", str(LATEST)), int(asked.get("limit", 20))
        if not until.isdecimal() or not 1 <= size <= 100:
            raise Failure(*wrong(400, "bad_request", "`until` should be a number"))
        before = [row for row in rows if row.get("createdAt", 1) < int(until)]
        shown, left = before[:size], before[size:]
        following = shown[-1]["createdAt"] if left else None
        return answer({at: shown, "pagination": {"count": len(shown), "next": following, "prev": None}})
