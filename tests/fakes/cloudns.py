"""ClouDNS's zones and records."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from homeport.core.secret import Secret
from homeport.providers.cloudns import ClouDNS
from homeport.wire.auth import form
from homeport.wire.http import Reply, Request

from . import Fake, answer
from ._rest import Failure, RestFake

DNS = "https://api.cloudns.net/dns"
TTLS = {60, 300, 900, 1800, 3600, 21600, 43200, 86400, 172800, 259200, 604800, 1209600, 2592000}
WHO = {"sub-auth-id": "1234", "auth-password": Fake.good}
NEW = {"domain-name": "example.com", "record-type": "A", "host": "new", "record": "192.0.2.5", "ttl": "60"}


def error(description: str) -> tuple[int, object]:
    return 200, {"status": "Failed", "statusDescription": description}


class FakeClouDNS(RestFake):
    base = DNS
    missing = error("Missing domain-name")
    denied = error("You can't add a record of this type for this host.")
    twice = error("This record already exists.")
    ttls = True
    odd_ttl = 900
    attributes = {"failover": "0", "status": 1}
    special = {"geodns-location": 6}
    exchanges = {"record_add": ("POST", f"{DNS}/add-record.json", form({**WHO, **NEW}))}

    def driver(self, key: str) -> ClouDNS:
        return ClouDNS(sub_auth_id="1234", password=Secret(key))

    def reads(self, request: Request) -> bool:
        return request.url.endswith(("/list-zones.json", "/records.json"))

    def __call__(self, request: Request) -> Reply:
        before = [dict(row) for row in self.rows]
        new = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        try:
            if request.method != "POST" or {key: new.get(key) for key in WHO} != WHO:
                who = "incorrect sub-auth-id, sub-auth-user or auth-password."
                raise Failure(*error(f"Invalid authentication, {who}"))
            path = request.url.removeprefix(f"{DNS}/")
            return answer(self.zone_list(new) if path == "list-zones.json" else self.told(path, new))
        except Failure as failure:
            self.rows = before
            return answer(failure.payload, failure.status)

    def zone_list(self, new: dict[str, str]) -> object:
        names = [f"{n}.example.net" for n in range(100)]
        zones = [{"name": name, "type": "slave", "zone": "domain", "status": "1"} for name in names]
        zones.append({"name": self.zone, "type": "master", "zone": "domain", "status": "1"})
        page, size = int(new["page"]), int(new["rows-per-page"])
        if size not in (10, 20, 30, 50, 100):
            raise Failure(*error("Invalid rows-per-page."))
        return zones[(page - 1) * size : page * size]

    def told(self, path: str, new: dict[str, str]) -> object:
        rows = self.inside(new.get("domain-name", ""))
        ids = [row["id"] for row in rows]
        if path in ("mod-record.json", "delete-record.json") and new.get("record-id") not in ids:
            raise Failure(*error("Invalid record-id param."))
        match path:
            case "records.json":
                return {row["id"]: self.shown(row) for row in rows} or []
            case "add-record.json":
                owner, ttl = self.full(new["host"], ""), int(new.get("ttl", 0))
                row = self.create(owner, new["record-type"], new["record"], ttl)
                return self.done("added", data={"id": int(row["id"])})
            case "mod-record.json":
                owner, ttl = self.full(new["host"], ""), int(new.get("ttl", 0))
                self.change(new["record-id"], owner=owner, address=new["record"], ttl=ttl)
                return self.done("modified")
            case "delete-record.json":
                self.rows.remove(self.row(new["record-id"]))
                return self.done("deleted")
            case _:
                raise Failure(*error("Invalid request."))

    def valid(self, row: dict[str, Any]) -> None:
        super().valid(row)
        if row["ttl"] not in TTLS:
            raise Failure(*error("Invalid TTL. Choose from the list of the values we support."))

    def done(self, what: str, **more: Any) -> dict[str, Any]:
        return {"status": "Success", "statusDescription": f"The record was {what} successfully.", **more}

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        place = {name: value for name, value in row.items() if name.startswith("geodns")}
        return place | {
            "id": row["id"],
            "type": row["type"],
            "host": self.label(row, ""),
            "record": row["address"],
            "dynamicurl_status": 0,
            "failover": row["failover"],
            "ttl": str(row["ttl"]),
            "status": row["status"],
        }
