"""Cloudflare's zones and records; the shapes are those of tests/exchanges/cloudflare."""

from __future__ import annotations

import json
from typing import Any

from homeport.core.secret import Secret
from homeport.providers.cloudflare import Cloudflare
from homeport.wire.http import Reply, Request

from . import Fake, answer, header, query


class Failure(Exception):
    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class FakeCloudflare(Fake):
    attributes = {
        "proxied": False,
        "comment": "mine",
        "tags": ["owner:me"],
        "settings": {"ipv4_only": True},
        "meta": {"origin": "a person"},
    }

    def __init__(self) -> None:
        super().__init__()
        self.zones: list[dict[str, Any]] = []
        self.add_zone("z1", self.zone)
        self.batches = True  # an older or partial server has none
        self.pages = True  # and may ignore the page it is asked for

    def add_zone(self, id: str, name: str, status: str = "active", account: str = "a1") -> None:
        self.zones.append(
            {"id": id, "name": name, "status": status, "account": {"id": account, "name": "me"}}
        )

    def driver(self, key: str) -> Cloudflare:
        return Cloudflare(token=Secret(key))

    def __call__(self, request: Request) -> Reply:
        before = [dict(row) for row in self.rows]
        try:
            return self.serve(request)
        except Failure as failure:
            self.rows = before  # a batch is one transaction
            told = [{"code": failure.code, "message": str(failure)}]
            nothing = {"success": False, "errors": told, "messages": [], "result": None}
            return answer(nothing, failure.status)

    def serve(self, request: Request) -> Reply:
        if header(request, "authorization") != f"Bearer {self.good}":
            raise Failure(403, 10000, "Authentication error")
        asked = query(request)
        new = json.loads(request.body or b"{}")
        match request.method, request.url.removeprefix("https://api.cloudflare.com/client/v4/").split("/"):
            case "GET", ["zones"]:
                zones = [
                    zone
                    for zone in self.zones
                    if asked.get("name", zone["name"]) == zone["name"]
                    and asked.get("account.id", zone["account"]["id"]) == zone["account"]["id"]
                ]
                return self.page(zones, asked)
            case "GET", ["zones", zone, "dns_records"]:
                rows = [r for r in self.rows if self.inside(zone, r["owner"])]
                rows = [r for r in rows if asked.get("name", r["owner"]).lower() == r["owner"].lower()]
                return self.page(
                    [self.shown(r) for r in rows if asked.get("type", r["type"]) == r["type"]], asked
                )
            case "POST", ["zones", zone, "dns_records"]:
                return self.result(self.shown(self.create(zone, new)))
            case "PATCH", ["zones", _, "dns_records", id]:
                return self.result(self.shown(self.change(id, new)))
            case "DELETE", ["zones", _, "dns_records", id]:
                self.rows.remove(self.row(id))
                return self.result({"id": id})
            case "POST", ["zones", zone, "dns_records", "batch"] if self.batches:
                return self.batch(zone, new)
            case _:
                return Reply(405)

    def batch(self, zone: str, new: dict[str, Any]) -> Reply:
        if sum(map(len, new.values())) > 200:
            raise Failure(400, 9207, "Too many operations")
        deleted = [self.row(call["id"]) for call in new.get("deletes", [])]
        for row in deleted:
            self.rows.remove(row)
        patched = [self.change(call["id"], call) for call in new.get("patches", [])]
        posted = [self.create(zone, call) for call in new.get("posts", [])]
        lists = {"deletes": deleted, "patches": patched, "puts": [], "posts": posted}
        return self.result({k: [self.shown(r) for r in rows] or None for k, rows in lists.items()})

    def inside(self, zone: str, owner: str) -> bool:
        found = [z["name"] for z in self.zones if z["id"] == zone]
        if not found:
            raise Failure(404, 7003, f"Could not route to /zones/{zone}")
        return f".{owner}".lower().endswith(f".{found[0]}")

    def row(self, id: str) -> dict[str, Any]:
        for row in self.rows:
            if row["id"] == id:
                return row
        raise Failure(404, 81044, "Record does not exist.")

    def create(self, zone: str, new: dict[str, Any]) -> dict[str, Any]:
        if not self.inside(zone, new["name"]):
            raise Failure(400, 9005, "Content for the record is invalid")
        row = {"proxied": False, "comment": None, "tags": [], "settings": {}, "meta": {}} | new
        self.rows.append(row | {"id": str(next(self.ids)), "owner": new["name"], "address": new["content"]})
        self.validate(self.rows[-1])
        return self.rows[-1]

    def change(self, id: str, new: dict[str, Any]) -> dict[str, Any]:
        row = self.row(id)
        row.update(new, id=id, address=new.get("content", row["address"]))
        self.validate(row)
        return row

    def validate(self, row: dict[str, Any]) -> None:
        if row["owner"] in self.refused:
            raise Failure(400, 81053, "An A, AAAA, or CNAME record with that host already exists.")
        same = ("owner", "type", "address")
        if any(all(r[key] == row[key] for key in same) for r in self.rows if r is not row):
            raise Failure(400, 81058, "An identical record already exists.")
        if row["ttl"] != 1 and not 60 <= row["ttl"] <= 86400:
            raise Failure(
                400, 9021, "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic."
            )
        if row["proxied"]:
            row["ttl"] = 1

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        kept = ("id", "type", "ttl", "proxied", "comment", "tags", "settings", "meta")
        return {"name": row["owner"], "content": row["address"], "proxiable": True} | {
            key: row.get(key) for key in kept
        }

    def page(self, rows: list[dict[str, Any]], asked: dict[str, str]) -> Reply:
        size = int(asked.get("per_page", 20))
        number = int(asked.get("page", 1)) if self.pages else 1
        shown = rows[(number - 1) * size : number * size]
        info = {
            "page": number,
            "per_page": size,
            "count": len(shown),
            "total_count": len(rows),
            "total_pages": -(-len(rows) // size),
        }
        return self.result(shown, result_info=info)

    def result(self, value: object, **more: object) -> Reply:
        return answer({"result": value, "success": True, "errors": [], "messages": [], **more})
