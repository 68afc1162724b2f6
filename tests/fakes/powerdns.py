"""PowerDNS's zones and RRsets; tests/peers holds the driver to the real server as well."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.powerdns import PowerDNS
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake

SERVER = "http://192.0.2.10:8081/api/v1/servers/localhost"
LOCALHOST = {"name": "localhost.example.com.", "type": "A", "ttl": 3600, "changetype": "REPLACE"}


class FakePowerDNS(RestFake):
    base = f"{SERVER}/zones"
    missing = (422, {"error": "Could not find domain 'not-mine.example.'"})
    denied = (422, {"error": "RRset home.example.com. IN A: Conflicts with pre-existing RRset"})
    twice = (422, {"error": 'Duplicate record in RRset home.example.com. IN A with content "192.0.2.1"'})
    attributes = {"comment": "mine"}
    exchanges = {
        "error_zone_missing": ("GET", f"{SERVER}/zones/not-mine.example", None),
        "zone_get": ("GET", f"{SERVER}/zones/example.com.", None),
        "patch_rrset": (
            "PATCH",
            f"{SERVER}/zones/example.com.",
            {"rrsets": [LOCALHOST | {"records": [{"content": "192.0.2.10", "disabled": False}]}]},
        ),
        "patch_delete_via_empty": (
            "PATCH",
            f"{SERVER}/zones/example.com.",
            {"rrsets": [LOCALHOST | {"records": []}]},
        ),
    }

    def driver(self, key: str) -> PowerDNS:
        return PowerDNS(endpoint="http://192.0.2.10:8081", api_key=Secret(key))

    def authorised(self, request: Request) -> None:
        if header(request, "x-api-key") != self.good:
            raise Failure(401, "Unauthorized")

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        about = {"id": f"{self.zone}.", "name": f"{self.zone}.", "kind": "Master", "serial": 0}
        match method, path:
            case "GET", [""]:
                return answer([about] if asked.get("zone", about["name"]) == about["name"] else [])
            case "GET", [zone]:
                rows = self.inside(zone.removesuffix("."))
                only = asked.get("rrset_name")
                if only is not None:  # with this filter, disabled records are left out
                    rows = [row for row in rows if f"{row['owner']}." == only and not row.get("disabled")]
                sets = dict.fromkeys((row["owner"], row["type"]) for row in rows)
                return answer(about | {"rrsets": [self.shown(rows, *rrset) for rrset in sets]})
            case "PATCH", [zone]:
                self.inside(zone.removesuffix("."))
                for rrset in new["rrsets"]:
                    self.replace(rrset)
                return Reply(204)
            case _:
                return Reply(405)

    def replace(self, rrset: dict[str, Any]) -> None:
        assert rrset["changetype"] == "REPLACE" and 0 <= rrset["ttl"] < 2**31
        owner = rrset["name"].removesuffix(".")
        if owner == rrset["name"]:
            raise Failure(422, {"error": f"DNS Name '{owner}' is not canonical"})
        held = [row for row in self.rows if (row["owner"], row["type"]) == (owner, rrset["type"])]
        known = {row["address"]: row for row in held}
        spare = [row for row in held if row["address"] not in [r["content"] for r in rrset["records"]]]
        self.rows = [row for row in self.rows if row not in held]
        for record in rrset["records"]:
            old = known.get(record["content"]) or (spare.pop() if spare else None)
            row = old or {"id": str(next(self.ids)), "owner": owner, "type": rrset["type"]}
            row |= {"address": record["content"], "ttl": rrset["ttl"]}
            row.pop("disabled", None)
            self.rows.append(row | ({"disabled": True} if record["disabled"] else {}))
            self.valid(self.rows[-1])

    def shown(self, rows: list[Any], owner: str, rrtype: str) -> dict[str, Any]:
        rows = [row for row in rows if (row["owner"], row["type"]) == (owner, rrtype)]
        return {
            "name": f"{owner}.",
            "type": rrtype,
            "ttl": rows[0]["ttl"],
            "comments": [],
            "records": [{"content": r["address"], "disabled": bool(r.get("disabled"))} for r in rows],
        }

    def held(self, owner: str, rrtype: str) -> list[str]:
        return sorted(
            r["address"]
            for r in self.rows
            if (r["owner"], r["type"]) == (owner, rrtype) and not r.get("disabled")
        )
