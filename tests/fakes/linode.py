"""Linode's domains and records."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.linode import Linode
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake

URL = "https://api.linode.com/v4/domains"
EDITABLE = {"name", "target", "ttl_sec", "priority", "weight", "port", "service", "protocol", "tag"}


def wrong(field: str, reason: str) -> tuple[int, object]:
    return 400, {"errors": [{"field": field, "reason": reason}]}


class FakeLinode(RestFake):
    base = URL
    ttls = True
    missing = (404, {"errors": [{"reason": "Not found"}]})
    denied = wrong("name", "A CNAME of that name exists")
    twice = wrong("target", "Duplicate record")
    attributes = {"priority": 5, "weight": 6, "port": 7, "service": None, "protocol": None, "tag": None}
    exchanges = {"domains_list": ("GET", URL, None)}

    def driver(self, key: str) -> Linode:
        return Linode(token=Secret(key))

    def authorised(self, request: Request) -> None:
        if header(request, "authorization") != f"Bearer {self.good}":
            raise Failure(401, {"errors": [{"reason": "Invalid Token"}]})

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match method, path:
            case "GET", [""]:
                domain = {"id": 1065421, "domain": self.zone, "type": "master", "status": "active"}
                return self.list([domain], asked)
            case "GET", ["1065421", "records"]:
                return self.list([self.shown(row) for row in self.rows], asked)
            case "POST", ["1065421", "records"]:
                owner, ttl = self.full(new["name"], ""), new.get("ttl_sec", 0)
                row = self.add(owner, new["type"], new["target"], ttl=ttl)
                self.valid(row)
                return answer(self.shown(row))
            case "PUT", ["1065421", "records", id]:
                if not new.keys() <= EDITABLE:
                    raise Failure(*wrong(min(new.keys() - EDITABLE), "is not an editable field"))
                told = {key: new.get(key) for key in self.attributes}  # what is not said is lost
                row = self.change(id, address=new["target"], ttl=new.get("ttl_sec", 0), **told)
                return answer(self.shown(row))
            case "DELETE", ["1065421", "records", id]:
                self.rows.remove(self.row(id))
                return answer({})
            case _:
                raise Failure(*self.missing)

    def valid(self, row: dict[str, Any]) -> None:
        super().valid(row)
        ttls = sorted({0, *Linode.ttls})
        row["ttl"] = next((ttl for ttl in ttls if ttl >= row["ttl"]), ttls[-1])

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": int(row["id"]),
            "type": row["type"],
            "name": self.label(row, ""),
            "target": row["address"],
            "ttl_sec": row["ttl"],
            **{key: row[key] for key in self.attributes},
        }

    def list(self, rows: list[Any], asked: dict[str, str]) -> Reply:
        size = int(asked.get("page_size", 100))
        if not 25 <= size <= 500:
            raise Failure(*wrong("page_size", "Must be 25-500"))
        shown, pages = self.paged(rows, asked, size="page_size"), max(1, -(-len(rows) // size))
        return answer({"data": shown, "page": 1, "pages": pages, "results": len(rows)})
