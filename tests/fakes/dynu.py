"""Dynu's domains and records."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.dynu import Dynu
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake

V2 = "https://api.dynu.com/v2"
ID = "100373707"
FIELDS = {"A": ("ipv4Address", "ipv4"), "AAAA": ("ipv6Address", "ipv6")}
SETTINGS = {
    "name": "example.com",
    "group": "office",
    "ttl": 60,
    "ipv4WildcardAlias": False,
    "ipv6WildcardAlias": True,
    "allowZoneTransfer": False,
    "dnssec": True,
}
NEW = {"recordType": "TXT", "state": True, "nodeName": "new", "textData": "x", "ttl": 3600}


def error(status: int, kind: str, message: str) -> tuple[int, object]:
    return status, {"statusCode": status, "type": kind, "message": message}


class FakeDynu(RestFake):
    base = f"{V2}/dns"
    missing = error(404, "Argument Exception", "Invalid.")
    denied = error(501, "Argument Exception", "Invalid.")
    twice = error(501, "Validation Exception", "Duplicate record.")
    attributes = {"state": True, "group": "office"}
    exchanges = {
        "domains": ("GET", f"{V2}/dns", None),
        "record_create": ("POST", f"{V2}/dns/{ID}/record", NEW),
        "record_delete": ("DELETE", f"{V2}/dns/{ID}/record/1", None),
    }

    def driver(self, key: str) -> Dynu:
        return Dynu(key=Secret(key))

    def authorised(self, request: Request) -> None:
        if header(request, "api-key") != self.good:
            raise Failure(*error(401, "Authentication Exception", "Unauthorized."))

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        if path[0] not in ("", ID):
            raise Failure(*self.missing)
        match method, path[1:]:
            case "GET", [] if not path[0]:
                return self.done(domains=[self.domain()])
            case "GET", []:
                return self.done(**self.domain())
            case "POST", [] if path[0]:
                return self.set_domain(new)
            case "GET", ["record"]:
                rows = [self.shown(row) for row in self.rows if "property" not in row]
                return self.done(dnsRecords=rows)
            case "POST", ["record"]:
                row = self.create(**self.read(new))
                return self.done(**self.shown(row))
            case "POST", ["record", id]:
                held = self.row(id)
                said = self.read(new)
                held["type"] = said.pop("rrtype")
                return self.done(**self.shown(self.change(id, **said)))
            case "DELETE", ["record", id]:
                self.rows.remove(self.row(id))
                return self.done()
            case _:
                raise Failure(*error(405, "Not Implemented", "No such method."))

    def read(self, new: dict[str, Any]) -> dict[str, Any]:
        """What a body says of a record; what it does not say is set."""
        try:
            said = {"owner": self.full(new["nodeName"], ""), "rrtype": new["recordType"], "ttl": new["ttl"]}
            field, _ = FIELDS.get(new["recordType"], ("textData", ""))
            said |= {"address": new[field], "state": new["state"]}
            return said | {"group": new.get("group", "")}
        except KeyError:
            raise Failure(*self.denied) from None

    def domain(self) -> dict[str, Any]:
        """What is said of the domain: its apex is a property."""
        said: dict[str, Any] = {"id": int(ID), **SETTINGS, "unicodeName": self.zone, "state": "Complete"}
        for rrtype, (field, used) in FIELDS.items():
            row = self.property(rrtype)
            said |= {field: row["address"] if row else None, used: row is not None}
        return said

    def property(self, rrtype: str) -> dict[str, Any] | None:
        return next((row for row in self.rows if row.get("property") == rrtype), None)

    def set_domain(self, new: dict[str, Any]) -> Reply:
        if new.keys() != SETTINGS.keys() | {name for pair in FIELDS.values() for name in pair}:
            raise Failure(*self.denied)
        if any(new[name] != value for name, value in SETTINGS.items()):
            raise Failure(*self.denied)  # nobody asked for that
        for rrtype, (field, used) in FIELDS.items():
            if row := self.property(rrtype):
                self.rows.remove(row)
            if new[field] and new[used]:
                self.create(self.zone, rrtype, new[field], property=rrtype)
        return self.done()

    def done(self, **more: Any) -> Reply:
        return answer({"statusCode": 200, **more})

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        kind = {"textData": row["address"]}
        if row["type"] in FIELDS:
            kind = {FIELDS[row["type"]][0]: row["address"], "group": row["group"]}
        return kind | {
            "id": int(row["id"]),
            "domainId": int(ID),
            "domainName": self.zone,
            "nodeName": self.label(row, ""),
            "hostname": row["owner"],
            "recordType": row["type"],
            "ttl": row["ttl"],
            "state": row["state"],
            "content": f"{row['owner']}. {row['ttl']} IN {row['type']} {row['address']}",
        }
