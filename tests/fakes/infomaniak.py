"""Infomaniak's domains and records."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.infomaniak import Infomaniak
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake

URL = "https://api.infomaniak.com/1"


def wrong(status: int, code: str, description: str) -> tuple[int, object]:
    return status, {"result": "error", "error": {"code": code, "description": description}}


class FakeInfomaniak(RestFake):
    base = URL
    missing = wrong(404, "object_not_found", "Object not found")
    denied = wrong(422, "validation_failed", "A CNAME of that name exists")
    twice = wrong(422, "validation_failed", "This record exists already")
    exchanges = {
        "record_create": (
            "POST",
            f"{URL}/domain/890190/dns/record",
            {"type": "A", "source": "new", "target": "192.0.2.5", "ttl": 3600},
        ),
    }

    def driver(self, key: str) -> Infomaniak:
        return Infomaniak(token=Secret(key))

    def authorised(self, request: Request) -> None:
        if header(request, "authorization") != f"Bearer {self.good}":
            raise Failure(*wrong(401, "not_authorized", "Authorization required"))

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match method, path:
            case "GET", ["product"]:
                if asked.get("service_name") != "domain":
                    raise Failure(*wrong(422, "validation_failed", "service_name"))
                rows: list[dict[str, Any]] = [{"id": 1, "customer_name": None}]
                rows += [{"id": n, "customer_name": f"z{n}.test"} for n in range(2, 22)]  # more than a page
                rows.append({"id": 890190, "customer_name": self.zone})
                shown, pages = self.paged(rows, asked, size="items_per_page"), -(-len(rows) // 20)
                return self.result(shown, page=int(asked.get("page", 1)), pages=pages)
            case "GET", ["domain", "890190", "dns", "record"]:
                return self.result([self.shown(row) for row in self.rows])
            case "POST", ["domain", "890190", "dns", "record"]:
                row = self.create(self.full(new["source"], "."), new["type"], new["target"], new["ttl"])
                return self.result(row["id"], 201)
            case "PUT", ["domain", "890190", "dns", "record", id]:
                if new.keys() != {"source", "target", "ttl"}:
                    raise Failure(*wrong(422, "validation_failed", "too many fields, or too few"))
                self.change(id, address=new["target"], ttl=new["ttl"])
                return self.result(True)
            case "DELETE", ["domain", "890190", "dns", "record", id]:
                self.rows.remove(self.row(id))
                return self.result(True)
            case _:
                raise Failure(*self.missing)

    def valid(self, row: dict[str, Any]) -> None:
        super().valid(row)
        if row["ttl"] < 60:
            raise Failure(*wrong(422, "validation_failed", "ttl"))

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": row["id"],
            "source": self.label(row, "."),
            "source_idn": row["owner"],
            "type": row["type"],
            "ttl": row["ttl"],
            "target": row["address"],
            "target_idn": row["address"],
        }

    def result(self, data: Any, status: int = 200, **more: Any) -> Reply:
        return answer({"result": "success", "data": data, **more}, status)
