"""Huawei Cloud's public zones and record sets."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.huaweicloud import HuaweiCloud
from homeport.wire.http import Reply, Request
from homeport.wire.sign_aws import Credentials
from homeport.wire.sign_huawei import sign

from . import answer, header
from ._rest import Failure, RestFake

KEY_ID = "HWAKEXAMPLE000000000"
BASE = "https://dns.myhuaweicloud.com"


class FakeHuaweiCloud(RestFake):
    base = BASE
    missing = (404, {"code": "DNS.0302", "message": "This zone does not exist."})
    denied = (400, {"code": "DNS.0304", "message": "The record set name is invalid."})
    attributes = {"weight": 1, "description": "mine", "status": "ACTIVE"}
    exchanges = {
        "recordset_update": (
            "PUT",
            f"{BASE}/v2.1/zones/z1/recordsets/home.example.com_A",
            {"name": "home.example.com.", "type": "A", "ttl": 300, "records": ["192.0.2.7", "192.0.2.8"]},
        ),
        "error_flow_control": ("GET", f"{BASE}/v2.1/zones/busy/recordsets", None),
    }

    def __init__(self) -> None:
        super().__init__()
        self.odd_sets: list[dict[str, Any]] = []  # rows of lists that are no plain sets of the default line

    def driver(self, key: str) -> HuaweiCloud:
        return HuaweiCloud(access_key_id=KEY_ID, secret_access_key=Secret(key))

    def authorised(self, request: Request) -> None:
        typed = {name: value for name, value in request.headers.items() if name == "content-type"}
        plain = Request(request.method, request.url, request.query, typed, request.body)
        right = sign(plain, Credentials(KEY_ID, Secret(self.good)), 0.0)
        if header(request, "authorization") != header(right, "authorization"):
            words = "Incorrect IAM authentication information: verify aksk signature fail"
            raise Failure(401, {"error_msg": words, "error_code": "APIGW.0301", "request_id": "r1"})

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match method, path:
            case _, [_, "zones", "busy", "recordsets"]:
                raise Failure(403, {"code": "DNS.0014", "message": "Request forbidden by flow control."})
            case "GET", ["v2", "zones"]:
                private = {"id": "z9", "name": f"{self.zone}.", "zone_type": "private", "status": "ACTIVE"}
                public = {"id": "z1", "name": f"{self.zone}.", "zone_type": "public", "status": "ACTIVE"}
                rows = [row for row in (private, public) if asked.get("type") in (None, row["zone_type"])]
                return self.list("zones", rows, asked)
            case "GET", ["v2.1", "zones", "z1", "recordsets"]:
                return self.list("recordsets", self.found(asked), asked)
            case "POST", ["v2.1", "zones", "z1", "recordsets"]:
                owner = self.named(new["name"])
                if self.held(owner, new["type"]):
                    raise Failure(400, {"code": "DNS.0312", "message": "This record set already exists."})
                return self.set(owner, new["type"], new, "PENDING_CREATE")
            case "PUT", ["v2.1", "zones", "z1", "recordsets", id]:
                owner, rrtype = self.known(id)
                assert (self.named(new["name"]), new["type"]) == (owner, rrtype)
                return self.set(owner, rrtype, new, "PENDING_UPDATE")
            case "DELETE", ["v2.1", "zones", "z1", "recordsets", id]:
                owner, rrtype = self.known(id)
                told = self.shown(owner, rrtype) | {"status": "PENDING_DELETE"}
                self.put(owner, rrtype, [])
                return answer(told, 202)
            case _:
                raise Failure(*self.missing)

    def set(self, owner: str, rrtype: str, new: dict[str, Any], status: str) -> Reply:
        ttl = new.get("ttl")
        if not new["records"] or not (ttl is None or 1 <= ttl < 2**31):
            raise Failure(400, {"code": "DNS.0319", "message": "The TTL or the value is invalid."})
        held = [row for row in self.rows if (row["owner"], row["type"]) == (owner, rrtype)]
        missing = [text for text in new["records"] if text not in [row["address"] for row in held]]
        for row in [row for row in held if row["address"] not in new["records"]][: len(missing)]:
            self.change(row["id"], address=missing.pop(0))  # the set stays the same one
        self.store(owner, rrtype, new["records"], ttl or (held[0]["ttl"] if held else 300))
        return answer(self.shown(owner, rrtype) | {"status": status}, 202)

    def named(self, name: str) -> str:
        assert name.endswith(".")
        return name.removesuffix(".")

    def known(self, id: str) -> tuple[str, str]:
        owner, _, rrtype = id.rpartition("_")
        if not self.held(owner, rrtype):
            raise Failure(404, {"code": "DNS.0313", "message": "The record set does not exist."})
        return owner, rrtype

    def found(self, asked: dict[str, str]) -> list[dict[str, Any]]:
        """Filters are fuzzy, unless told otherwise."""
        wanted, exact = asked.get("name", ""), asked.get("search_mode") == "equal"
        sets = dict.fromkeys((row["owner"], row["type"]) for row in self.rows)
        listed = [self.shown(*one) | {"line": "default_view", "weight": 1} for one in sets] + self.odd_sets
        return [
            one
            for one in listed
            if asked.get("type", one["type"]) == one["type"]
            and (not wanted or (one["name"] == wanted if exact else wanted in one["name"]))
        ]

    def shown(self, owner: str, rrtype: str) -> dict[str, Any]:
        rows = [row for row in self.rows if (row["owner"], row["type"]) == (owner, rrtype)]
        return {
            "id": f"{owner}_{rrtype}",
            "name": f"{owner}.",
            "description": rows[0].get("description"),
            "zone_id": "z1",
            "zone_name": f"{self.zone}.",
            "type": rrtype,
            "ttl": rows[0]["ttl"],
            "records": [row["address"] for row in rows],
            "status": rows[0].get("status", "ACTIVE"),
            "default": False,
        }

    def list(self, at: str, rows: list[Any], asked: dict[str, str]) -> Reply:
        most, start = min(int(asked.get("limit", 500)), 500), int(asked.get("offset", 0))
        page = rows[start : start + most]
        return answer({"links": {}, at: page, "metadata": {"total_count": len(rows)}})
