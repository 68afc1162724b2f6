"""Njalla's domains and records."""

from __future__ import annotations

import json
from typing import Any

from homeport.core.secret import Secret
from homeport.providers.njalla import Njalla
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake

URL = "https://njal.la/api/1/"
NEW = {"domain": "example.com", "type": "A", "name": "new", "content": "192.0.2.5", "ttl": 3600}


def error(code: int, message: str) -> tuple[int, object]:
    return 200, {"jsonrpc": "2.0", "error": {"code": code, "message": message}}


class FakeNjalla(RestFake):
    base = URL
    missing = error(404, "Not found.")
    denied = error(400, "Invalid name.")
    twice = error(400, "Record exists.")
    ttls = True
    odd_ttl = 900
    attributes = {"prio": None}
    exchanges = {"record_add": ("POST", URL, {"method": "add-record", "params": NEW})}

    def driver(self, key: str) -> Njalla:
        return Njalla(token=Secret(key))

    def reads(self, request: Request) -> bool:
        return json.loads(request.body)["method"] in ("list-domains", "list-records")

    def authorised(self, request: Request) -> None:
        if request.method != "POST" or request.url != URL:
            raise Failure(404, {"message": "not found"})
        if header(request, "authorization") != f"Njalla {self.good}":
            raise Failure(*error(403, "Permission denied."))

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        params = new["params"]
        if new["method"] == "list-domains":
            return self.done({"domains": [{"name": self.zone, "status": "active"}]})
        rows = self.inside(params.pop("domain"))
        match new["method"]:
            case "list-records":
                dynamic = {"id": 99999, "name": "dyn", "type": "Dynamic", "content": "", "ttl": 60}
                return self.done({"records": [dynamic, *map(self.shown, rows)]})
            case "add-record":
                owner = self.full(params["name"])
                return self.done(
                    self.shown(self.create(owner, params["type"], params["content"], params.get("ttl", 0)))
                )
            case "edit-record":
                owner = self.full(params["name"])
                row = self.change(
                    str(params["id"]), owner=owner, address=params["content"], ttl=params.get("ttl", 0)
                )
                return self.done(self.shown(row))
            case "remove-record":
                self.rows.remove(self.row(str(params["id"])))
                return self.done({})
            case _:
                raise Failure(*error(400, "Unknown method."))

    def valid(self, row: dict[str, Any]) -> None:
        super().valid(row)
        if row["ttl"] not in (60, 300, 900, 3600, 10800, 21600, 86400):
            raise Failure(*error(400, "Invalid ttl."))

    def done(self, result: object) -> Reply:
        return answer({"result": result, "jsonrpc": "2.0"})

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        more = {} if row["prio"] is None else {"prio": row["prio"]}
        return more | {
            "id": int(row["id"]),
            "name": self.label(row),
            "type": row["type"],
            "content": row["address"],
            "ttl": row["ttl"],
        }
