"""Spaceship's domains and resource records."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.spaceship import Spaceship
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake


class FakeSpaceship(RestFake):
    base = "https://spaceship.dev/api/v1"
    missing = (404, {"detail": "Domain was not found."})
    denied = (422, {"detail": "Unprocessable.", "data": [{"field": "items", "details": "no"}]})
    ttls = True
    steps = 2
    special = {"group": {"type": "product"}}

    def driver(self, key: str) -> Spaceship:
        return Spaceship(key=Secret("sk-0815"), secret=Secret(key))

    def authorised(self, request: Request) -> None:
        said = header(request, "x-api-key"), header(request, "x-api-secret")
        if said != ("sk-0815", self.good):
            raise Failure(401, {"detail": "The API key or secret is wrong."})

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match method, path:
            case "GET", ["domains"]:
                others = [{"name": f"{n}.example.net"} for n in range(100)]
                return self.list(
                    [*others, {"name": self.zone, "lifecycleStatus": "registered"}], asked, 100
                )
            case "GET", ["dns", "records", zone]:
                return self.list([self.shown(row) for row in self.inside(zone)], asked, 500)
            case "PUT", ["dns", "records", zone]:
                self.inside(zone)
                for item in new["items"]:
                    self.put_item(item)
                return Reply(204)
            case "DELETE", ["dns", "records", zone]:
                self.inside(zone)
                for item in new:
                    self.rows.remove(self.find(item) or self.fail(self.missing))
                return Reply(204)
            case _:
                return Reply(405)

    def find(self, item: dict[str, Any]) -> dict[str, Any] | None:
        said = self.full(item["name"]), item["type"], item["address"]
        return next((r for r in self.rows if (r["owner"], r["type"], r["address"]) == said), None)

    def put_item(self, item: dict[str, Any]) -> None:
        """Add it, or set the TTL that it has."""
        if item.keys() - {"name", "type", "address", "ttl"} or not 60 <= item.get("ttl", 0) <= 3600:
            self.fail(self.denied)
        if row := self.find(item):
            row["ttl"] = item["ttl"]
        else:
            self.create(self.full(item["name"]), item["type"], item["address"], item["ttl"])

    def fail(self, why: tuple[int, object]) -> Any:
        raise Failure(*why)

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": row["type"],
            "name": self.label(row),
            "address": row["address"],
            "ttl": row["ttl"],
            "group": row.get("group", {"type": "custom"}),
        }

    def list(self, rows: list[Any], asked: dict[str, str], most: int) -> Reply:
        take, skip = int(asked["take"]), int(asked["skip"])
        if not 1 <= take <= most:
            raise Failure(*self.denied)
        return answer({"items": rows[skip : skip + take], "total": len(rows)})
