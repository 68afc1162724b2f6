"""NameSilo's domains and records."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.namesilo import NameSilo
from homeport.wire.http import Reply, Request

from . import answer, query
from ._rest import Failure, RestFake


def error(code: int | str, detail: str, operation: str = "") -> tuple[int, object]:
    """Its numbers come as strings now and then."""
    request = {"operation": operation, "ip": "192.0.2.77"}
    return 200, {"request": request, "reply": {"code": code, "detail": detail}}


class FakeNameSilo(RestFake):
    base = "https://www.namesilo.com/api"
    missing = error(200, "Domain is not active, or does not belong to this user")
    denied = error("280", "DNS modification error", "dnsAddRecord")
    twice = denied
    attributes = {"ttl": 7207, "distance": 0}
    odd_ttl = 4321

    def __init__(self) -> None:
        super().__init__()
        self.updates: dict[str, int] = {}  # of each row: its record_id changes with them

    def record_id(self, row: dict[str, Any]) -> str:
        return f"{row['id']}x{self.updates.get(row['id'], 0)}"

    def current(self, asked: dict[str, str], path: list[str]) -> dict[str, Any]:
        for row in self.rows:
            if self.record_id(row) == asked["rrid"]:
                return row
        raise Failure(*error(280, "DNS modification error", path[0]))

    def driver(self, key: str) -> NameSilo:
        return NameSilo(key=Secret(key))

    def reads(self, request: Request) -> bool:
        return request.url.endswith(("/getDomainInfo", "/dnsListRecords"))

    def authorised(self, request: Request) -> None:
        asked = query(request)
        if (asked.get("version"), asked.get("type")) != ("1", "json") or request.method != "GET":
            raise Failure(*error(102, "No version specified"))
        if asked.get("key") != self.good:
            raise Failure(*error(110, "Invalid API Key"))

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        rows = self.inside(asked["domain"])
        owner, ttl = self.full(asked.get("rrhost", ""), ""), int(asked.get("rrttl", 7207))
        match path:
            case ["getDomainInfo"]:
                return self.done(path, created="2020-01-01", status="Active")
            case ["dnsListRecords"]:
                shown = [self.shown(row) for row in rows]
                none: dict[str, Any] = {}
                found = {"resource_record": shown if len(shown) > 1 else shown[0]} if shown else none
                return self.done(path, **found)
            case ["dnsAddRecord"]:
                row = self.create(owner, asked["rrtype"], asked["rrvalue"], ttl)
                return self.done(path, record_id=self.record_id(row))
            case ["dnsUpdateRecord"]:
                row = self.current(asked, path)
                self.change(row["id"], owner=owner, address=asked["rrvalue"], ttl=ttl)
                self.updates[row["id"]] = self.updates.get(row["id"], 0) + 1
                return self.done(path, record_id=self.record_id(row))
            case ["dnsDeleteRecord"]:
                self.rows.remove(self.current(asked, path))
                return self.done(path)
            case _:
                raise Failure(*error(107, "Invalid API operation"))

    def valid(self, row: dict[str, Any]) -> None:
        super().valid(row)
        if not 3600 <= row["ttl"] <= 2592001:
            raise Failure(*self.denied)

    def done(self, path: list[str], **more: Any) -> Reply:
        code: int | str = 300 if len(more) % 2 else "300"
        request = {"operation": path[0], "ip": "192.0.2.77"}
        return answer({"request": request, "reply": {"code": code, "detail": "success", **more}})

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "record_id": self.record_id(row),
            "type": row["type"],
            "host": row["owner"],
            "value": row["address"],
            "ttl": str(row["ttl"]),
            "distance": row["distance"],
        }
