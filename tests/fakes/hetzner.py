"""The zones of Hetzner's Cloud API: RRsets that are changed by actions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote

from homeport.core.secret import Secret
from homeport.providers.hetzner import Hetzner
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake

API = "https://api.hetzner.cloud/v1"


def failure(status: int, code: str, message: str) -> tuple[int, object]:
    return status, {"error": {"code": code, "message": message, "details": None}}


class FakeHetzner(RestFake):
    base = f"{API}/zones"
    missing = failure(404, "not_found", "Zone not found")
    denied = failure(422, "invalid_input", "invalid input in field 'name'")
    twice = failure(422, "invalid_input", "duplicate record value")
    attributes = {"comment": "mine"}
    exchanges = {
        "error_zone_not_found": ("GET", f"{API}/zones/not-mine.example/rrsets", None),
        "rrsets_list": ("GET", f"{API}/zones/53091/rrsets?type=TXT&name=random.test", None),
    }

    def __init__(self) -> None:
        super().__init__()
        self.running: dict[int, tuple[str, str]] = {}  # actions, and the RRset that each has locked

    def driver(self, key: str) -> Hetzner:
        return Hetzner(token=Secret(key))

    def authorised(self, request: Request) -> None:
        if header(request, "authorization") != f"Bearer {self.good}":
            raise Failure(*failure(401, "unauthorized", "the token you provided is invalid"))

    def inside(self, apex: str) -> list[dict[str, Any]]:
        return super().inside(self.zone if apex == "53091" else apex)

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        if method == "GET":  # time passes
            self.running.clear()
        match method, path:
            case "GET", [""]:
                zone = {"id": 53091, "name": self.zone, "mode": "primary"}
                return self.list("zones", [zone], asked, show=lambda one: one)
            case "GET", ["actions", id]:
                return answer({"action": self.action(int(id))})
            case "GET", [zone, "rrsets"]:
                rows = [row for row in self.inside(zone) if asked.get("type", row["type"]) == row["type"]]
                rows = [row for row in rows if asked.get("name", self.label(row)) == self.label(row)]
                sets = dict.fromkeys((row["owner"], row["type"]) for row in rows)
                return self.list("rrsets", list(sets), asked, show=lambda rrset: self.shown(*rrset))
            case "POST", [zone, "rrsets"]:
                self.inside(zone)
                if self.rrset(self.full(new["name"]), new["type"]):
                    raise Failure(*failure(409, "uniqueness_error", "RRSet exists already"))
                self.set(self.full(new["name"]), new["type"], new["records"], new["ttl"])
                shown = self.shown(self.full(new["name"]), new["type"])
                return answer(
                    {"rrset": shown, "action": self.begin(self.full(new["name"]), new["type"])}, 201
                )
            case _, [zone, "rrsets", label, rrtype, *rest]:
                self.inside(zone)
                return self.act(method, self.full(unquote(label)), rrtype, rest, new)
            case _:
                return Reply(405)

    def act(self, method: str, owner: str, rrtype: str, rest: list[str], new: Any) -> Reply:
        rows = self.rrset(owner, rrtype)
        if not rows:
            raise Failure(*failure(404, "not_found", "RRSet not found"))
        if (owner, rrtype) in self.running.values():
            raise Failure(*failure(423, "locked", "the RRSet is locked"))
        match method, rest:
            case "DELETE", []:
                self.rows = [row for row in self.rows if row not in rows]
            case "POST", ["actions", "set_records"]:
                self.set(owner, rrtype, new["records"], rows[0]["ttl"])
            case "POST", ["actions", "change_ttl"]:
                for row in rows:
                    row["ttl"] = new["ttl"]
                    self.valid(row)
            case _:
                return Reply(405)
        return answer({"action": self.begin(owner, rrtype)}, 201)

    def rrset(self, owner: str, rrtype: str) -> list[dict[str, Any]]:
        return [row for row in self.rows if (row["owner"], row["type"]) == (owner, rrtype)]

    def set(self, owner: str, rrtype: str, records: list[Any], ttl: int | None) -> None:
        """The records as they are said, comments too; a row keeps its number as long as one is left."""
        if not records:
            raise Failure(*failure(422, "invalid_input", "records must not be empty"))
        numbers = [row["id"] for row in self.rrset(owner, rrtype)]
        self.rows = [row for row in self.rows if (row["owner"], row["type"]) != (owner, rrtype)]
        for record in records:
            row = self.create(owner, rrtype, record["value"], comment=record.get("comment"))
            row |= {"ttl": ttl, "id": numbers.pop(0) if numbers else row["id"]}
            self.valid(row)

    def valid(self, row: dict[str, Any]) -> None:
        super().valid(row)
        if row["ttl"] is not None and row["ttl"] < 60:
            raise Failure(*failure(422, "invalid_input", "ttl must be at least 60"))

    def begin(self, owner: str, rrtype: str) -> dict[str, Any]:
        number = next(self.ids)
        self.running[number] = owner, rrtype
        return self.action(number)

    def action(self, number: int) -> dict[str, Any]:
        running = number in self.running
        return {
            "id": number,
            "status": "running" if running else "success",
            "command": "set_rrset_records",
            "progress": 0 if running else 100,
            "error": None,
        }

    def shown(self, owner: str, rrtype: str) -> dict[str, Any]:
        rows = self.rrset(owner, rrtype)
        label = self.label(rows[0])
        return {
            "id": f"{label}/{rrtype}",
            "name": label,
            "type": rrtype,
            "ttl": rows[0]["ttl"],
            "labels": {},
            "protection": {"change": False},
            "records": [{"value": row["address"], "comment": row.get("comment")} for row in rows],
            "zone": 53091,
        }

    def list(
        self, at: str, rows: Sequence[Any], asked: dict[str, str], *, show: Callable[[Any], Any]
    ) -> Reply:
        if int(asked.get("per_page", 25)) > 50:
            raise Failure(*failure(400, "invalid_input", "per_page must be at most 50"))
        shown = self.paged(list(rows), {"per_page": "25"} | asked)
        number, size = int(asked.get("page", 1)), int(asked.get("per_page", 25))
        last = max(1, -(-len(rows) // size))
        pages = {
            "page": number,
            "per_page": size,
            "previous_page": number - 1 if number > 1 else None,
            "next_page": number + 1 if number < last else None,
            "last_page": last,
            "total_entries": len(rows),
        }
        return answer({at: [show(one) for one in shown], "meta": {"pagination": pages}})
