"""Name.com's domains and records."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from homeport.core.secret import Secret
from homeport.providers.namecom import NameCom
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake

RECORDS = "https://api.name.com/v4/domains/example.com/records"


class FakeNameCom(RestFake):
    base = "https://api.name.com/v4/domains"
    missing = (404, {"message": "Not Found"})
    denied = (400, {"message": "Invalid Argument", "details": "Parameter Value Error - Invalid host"})
    twice = (400, {"message": "Invalid Argument", "details": "Parameter Value Error - Duplicate Record"})
    exchanges = {
        "record_create": ("POST", RECORDS, {"type": "A", "host": "new", "answer": "192.0.2.5", "ttl": 3600})
    }

    def driver(self, key: str) -> NameCom:
        return NameCom(user="jdoe", token=Secret(key))

    def authorised(self, request: Request) -> None:
        good = b64encode(f"jdoe:{self.good}".encode()).decode()
        if header(request, "authorization") != f"Basic {good}":
            raise Failure(401, {"message": "Unauthenticated"})

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match method, path:
            case "GET", [""]:
                return self.list("domains", [{"domainName": self.zone, "locked": True}], asked)
            case "GET", [zone, "records"]:
                return self.list("records", [self.shown(row) for row in self.inside(zone)], asked)
            case "POST", [zone, "records"]:
                self.inside(zone)
                owner = self.full(new["host"], "")
                return answer(
                    self.shown(self.create(owner, new["type"], new["answer"], new.get("ttl", 300)))
                )
            case "PUT", [zone, "records", id] if id in [row["id"] for row in self.inside(zone)]:
                owner, ttl = self.full(new["host"], ""), new.get("ttl", 300)  # what is not said, it sets
                row = self.change(id, owner=owner, type=new["type"], address=new["answer"], ttl=ttl)
                return answer(self.shown(row))
            case "DELETE", [zone, "records", id] if id in [row["id"] for row in self.inside(zone)]:
                self.rows.remove(self.row(id))
                return answer({})
            case _:
                raise Failure(*self.missing)

    def valid(self, row: dict[str, Any]) -> None:
        super().valid(row)
        if row["ttl"] < 300:
            raise Failure(400, {"message": "Invalid Argument", "details": "ttl must be at least 300"})

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        label = {} if row["owner"] == self.zone else {"host": self.label(row)}
        return label | {
            "id": int(row["id"]),
            "domainName": self.zone,
            "fqdn": f"{row['owner']}.",
            "type": row["type"],
            "answer": row["address"],
            "ttl": row["ttl"],
        }

    def list(self, at: str, rows: list[Any], asked: dict[str, str]) -> Reply:
        """What is empty or zero is left out."""
        page, size = int(asked.get("page", 1)), min(int(asked.get("perPage", 1000)), 1000)
        last = -(-len(rows) // size)
        pages = {"nextPage": page + 1, "lastPage": last} if page < last else {}
        shown = rows[(page - 1) * size : page * size]
        return answer(({at: shown} if shown else {}) | pages)
