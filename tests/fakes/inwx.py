"""INWX's zones and records, behind a login."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from homeport.core.secret import Secret
from homeport.providers.inwx import INWX
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake

URL = "https://api.domrobot.com/jsonrpc/"
SESSION = "s3cr3t-session"  # must be seen in a message as little as the password


def said(code: int, words: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "msg": words, "svTRID": "20261121-1", "runtime": 0.06, **more}


class FakeINWX(RestFake):
    base = URL
    missing = (200, said(2303, "Object does not exist"))
    denied = (200, said(2308, "Data management policy violation", reason="Invalid name"))
    twice = (200, said(2302, "Object exists"))
    attributes = {"prio": 0}

    def driver(self, key: str) -> INWX:
        return INWX(user="jdoe", password=Secret(key))

    def reads(self, request: Request) -> bool:
        return json.loads(request.body)["method"] in ("account.login", "nameserver.info")

    def authorised(self, request: Request) -> None:
        new = json.loads(request.body)
        if request.method != "POST" or request.url != URL:
            raise Failure(404, {"message": "not found"})
        if new["method"] == "account.login":
            if new["params"] != {"user": "jdoe", "pass": self.good}:
                raise Failure(200, said(2200, "Authentication error"))
        elif header(request, "cookie") != f"domrobot={SESSION}; lb=2":
            raise Failure(200, said(2200, "Authentication error"))

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        params = new["params"]
        match new["method"]:
            case "account.login":
                cookie = f"domrobot={SESSION}; path=/; expires=Wed, 21-Nov-2027 10:00:00 GMT; secure, lb=2"
                return replace(self.done(customerId=1, tfa="0"), headers={"set-cookie": cookie})
            case "nameserver.info":
                rows = [self.shown(row) for row in self.inside(params["domain"])]
                rows = [row for row in rows if params.get("type", row["type"]) == row["type"]]
                found = {"record": rows} if rows else {}
                return self.done(roId=1, domain=self.zone, type="MASTER", count=len(rows), **found)
            case "nameserver.createRecord":
                self.inside(params["domain"])
                ttl = params.get("ttl", 3600)
                row = self.create(params["name"], params["type"], params["content"], ttl)
                return self.done(id=int(row["id"]))
            case "nameserver.updateRecord":
                ttl = {"ttl": params["ttl"]} if "ttl" in params else {}
                self.change(str(params["id"]), address=params["content"], **ttl)
                return answer(said(1000, "Command completed successfully"))
            case "nameserver.deleteRecord":
                self.rows.remove(self.row(str(params["id"])))
                return answer(said(1000, "Command completed successfully"))
            case _:
                raise Failure(200, said(2000, "Unknown command"))

    def valid(self, row: dict[str, Any]) -> None:
        super().valid(row)
        if row["ttl"] < 300:
            raise Failure(200, said(2004, "Parameter value range error"))

    def done(self, **data: Any) -> Reply:
        return answer(said(1000, "Command completed successfully", resData=data))

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": int(row["id"]),
            "name": row["owner"],
            "type": row["type"],
            "content": row["address"],
            "ttl": row["ttl"],
            "prio": row["prio"],
        }
