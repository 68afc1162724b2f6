"""Porkbun's domains and records."""

from __future__ import annotations

import json
from typing import Any

from homeport.core.secret import Secret
from homeport.providers.porkbun import Porkbun
from homeport.wire.http import Reply, Request

from . import Fake, answer
from ._rest import Failure, RestFake

V3 = "https://api.porkbun.com/api/json/v3"
KEYS = {"apikey": "pk1_x", "secretapikey": Fake.good}


def error(message: str) -> tuple[int, object]:
    return 400, {"status": "ERROR", "message": message}


class FakePorkbun(RestFake):
    base = V3
    missing = error("Invalid domain.")
    denied = error("Create error: We were unable to create the DNS record.")
    twice = denied
    attributes = {"notes": "mine", "ttl": 600}
    exchanges = {
        "error_invalid_domain": ("POST", f"{V3}/dns/retrieve/not-mine.example", KEYS),
        "record_create": (
            "POST",
            f"{V3}/dns/create/example.com",
            {**KEYS, "type": "A", "content": "192.0.2.5", "name": "new", "ttl": 3600},
        ),
        "records_retrieve": ("POST", f"{V3}/dns/retrieve/example.com", KEYS),
    }

    def driver(self, key: str) -> Porkbun:
        return Porkbun(api_key=Secret("pk1_x"), secret_key=Secret(key))

    def reads(self, request: Request) -> bool:
        return "/listAll" in request.url or "/retrieve/" in request.url

    def authorised(self, request: Request) -> None:
        new = json.loads(request.body)
        if request.method != "POST" or {key: new.get(key) for key in KEYS} != KEYS:
            raise Failure(*error("Invalid API key. (002)"))

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match path:
            case ["domain", "listAll"]:
                start = int(new["start"])
                others = [
                    {"domain": f"{n}.example.net", "status": "ACTIVE"}
                    for n in range(1000 if self.large else 0)
                ]
                mine = [{"domain": self.zone, "status": "ACTIVE"}]
                return self.done(domains=(others + mine)[start : start + 1000])
            case ["dns", "retrieve", zone]:
                rows = [self.shown(row) for row in self.inside(zone)]
                return self.done(cloudflare="enabled", records=rows)
            case ["dns", "create", zone]:
                self.inside(zone)
                row = self.create(
                    self.full(new["name"], ""), new["type"], new["content"], new.get("ttl", 600)
                )
                return self.done(id=int(row["id"]))
            case ["dns", "edit", zone, id]:
                held = [row for row in self.inside(zone) if row["id"] == id]
                before = [dict(row) for row in held]
                if not held:
                    raise Failure(*error("Invalid record ID."))
                kept = {"notes": new["notes"]} if new.get("notes") is not None else {}
                owner, ttl = self.full(new["name"], ""), new.get("ttl", 600)  # what is not said, it sets
                self.change(id, owner=owner, type=new["type"], address=new["content"], ttl=ttl, **kept)
                if held == before:
                    raise Failure(*error("Edit error: We were unable to edit the DNS record."))
                return self.done()
            case ["dns", "delete", zone, id]:
                held = [row for row in self.inside(zone) if row["id"] == id]
                if not held:
                    raise Failure(*error("Invalid record ID."))
                self.rows.remove(held[0])
                return self.done()
            case _:
                return Reply(404)

    def valid(self, row: dict[str, Any]) -> None:
        super().valid(row)
        if row["ttl"] < 600:
            raise Failure(*error("Invalid TTL."))

    def done(self, **more: Any) -> Reply:
        return answer({"status": "SUCCESS", **more})

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": row["id"],
            "name": row["owner"],
            "type": row["type"],
            "content": row["address"],
            "ttl": str(row["ttl"]),
            "prio": "0",
            "notes": row["notes"],
        }
