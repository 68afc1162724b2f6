"""Gandi's LiveDNS."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.gandi import Gandi
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake

URL = "https://api.gandi.net/v5/livedns/domains"
PAGE = 400  # rows, whatever more is asked for


def said(code: int, message: str, kind: str, cause: str) -> tuple[int, dict[str, Any]]:
    return code, {"code": code, "message": message, "object": kind, "cause": cause}


class FakeGandi(RestFake):
    base = URL
    missing = said(404, "Can't find the domain", "dns-domain", "Not Found")
    denied = said(409, "A CNAME of that name exists", "dns-record", "Conflict")
    exchanges = {
        "rrset_get_missing": ("GET", f"{URL}/example.com/records/nobody/A", None),
        "rrset_put": ("PUT", f"{URL}/example.com/records/home/A", {"rrset_values": ["192.0.2.9"]}),
    }

    def driver(self, key: str) -> Gandi:
        return Gandi(token=Secret(key))

    def authorised(self, request: Request) -> None:
        if header(request, "authorization") != f"Bearer {self.good}":
            raise Failure(*said(401, "The server could not verify you", "HTTPUnauthorized", "Unauthorized"))

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match method, path:
            case "GET", [""]:
                return self.list([{"fqdn": self.zone, "domain_href": f"{URL}/{self.zone}"}], asked, URL)
            case "GET", [zone, "records"]:
                sets = dict.fromkeys((row["owner"], row["type"]) for row in self.inside(zone))
                text = {
                    "rrset_name": "home",
                    "rrset_type": "TXT",
                    "rrset_ttl": 300,
                    "rrset_values": ['"a"'],
                }
                return self.list(
                    [text, *(self.shown(*key) for key in sets)], asked, f"{URL}/{zone}/records"
                )
            case "GET", [zone, "records", label, rrtype]:
                self.inside(zone)
                return answer(self.shown(self.full(label), rrtype))
            case "PUT", [zone, "records", label, rrtype]:
                self.inside(zone)
                if not new["rrset_values"] or not 300 <= new.get("rrset_ttl", 10800) <= 2592000:
                    wrong = {"location": "body", "name": "rrset_ttl", "description": "out of range"}
                    raise Failure(400, {"status": "error", "errors": [wrong]})
                ttl = new.get("rrset_ttl", 10800)
                self.store(self.full(label), rrtype, new["rrset_values"], ttl)
                return answer({"message": "DNS Record Created"}, 201)
            case "DELETE", [zone, "records", label, rrtype]:
                self.shown(self.full(label), rrtype)
                gone = self.full(label), rrtype
                self.rows = [r for r in self.inside(zone) if (r["owner"], r["type"]) != gone]
                return Reply(204)
            case _:
                return Reply(405)

    def shown(self, owner: str, rrtype: str) -> dict[str, Any]:
        rows = [row for row in self.rows if (row["owner"], row["type"]) == (owner, rrtype)]
        if not rows:
            missing = f"Can't find the DNS record {owner}/{rrtype} in the zone"
            raise Failure(*said(404, missing, "dns-record", "Not Found"))
        return {
            "rrset_name": self.label(rows[0]),
            "rrset_type": rrtype,
            "rrset_ttl": rows[0]["ttl"],
            "rrset_values": [row["address"] for row in rows],
            "rrset_href": f"{URL}/{self.zone}/records/{self.label(rows[0])}/{rrtype}",
        }

    def list(self, rows: list[Any], asked: dict[str, str], url: str) -> Reply:
        size, page = min(int(asked.get("per_page", 100)), PAGE), int(asked.get("page", 1))
        reply = answer(rows[(page - 1) * size : page * size])
        if page * size >= len(rows):
            return reply
        return Reply(200, reply.body, {"link": f'<{url}?page={page + 1}&per_page={size}>; rel="next"'})
