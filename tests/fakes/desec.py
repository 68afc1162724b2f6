"""deSEC's domains and RRsets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from homeport.core.secret import Secret
from homeport.providers.desec import DeSEC
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake

RRSETS = "https://desec.io/api/v1/domains/example.com/rrsets"
LEAST = 60


class FakeDeSEC(RestFake):
    base = "https://desec.io/api/v1/domains"
    missing = (404, {"detail": "No Domain matches the given query."})
    denied = (400, [{"non_field_errors": ["RRset with conflicting type present: CNAME."]}])
    exchanges = {
        "error_domain_missing": ("GET", "https://desec.io/api/v1/domains/not-mine.example/rrsets/", None),
        "rrset_list": ("GET", f"{RRSETS}/?type=A&subname=home", None),
    }

    def driver(self, key: str) -> DeSEC:
        return DeSEC(token=Secret(key))

    def authorised(self, request: Request) -> None:
        if header(request, "authorization") != f"Token {self.good}":
            raise Failure(401, {"detail": "Invalid token."})

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match method, path:
            case "GET", [""]:
                domain = {"name": self.zone, "minimum_ttl": LEAST, "created": "", "touched": ""}
                return self.list([domain], asked, show=lambda one: one)
            case "GET", [zone, "rrsets"]:
                rows = [row for row in self.inside(zone) if asked.get("type", row["type"]) == row["type"]]
                label = asked.get("subname")
                rows = [row for row in rows if label is None or self.full(label) == row["owner"]]
                sets = dict.fromkeys((row["owner"], row["type"]) for row in rows)
                return self.list(list(sets), asked, show=lambda rrset: self.shown(*rrset))
            case "PUT", [zone, "rrsets"]:
                self.inside(zone)
                for rrset in new:
                    if not LEAST <= rrset["ttl"] <= 86400:
                        raise Failure(400, [{"ttl": [f"Ensure this value is at least {LEAST}."]}])
                    owner = self.full(rrset["subname"])
                    self.store(owner, rrset["type"], rrset["records"], rrset["ttl"])
                held = [rrset for rrset in new if rrset["records"]]
                return answer([self.shown(self.full(r["subname"]), r["type"]) for r in held])
            case _:
                return Reply(405)

    def shown(self, owner: str, rrtype: str) -> dict[str, Any]:
        rows = [row for row in self.rows if (row["owner"], row["type"]) == (owner, rrtype)]
        return {
            "created": "2025-10-15T23:23:27.522085Z",
            "domain": self.zone,
            "subname": self.label(rows[0], ""),
            "name": f"{owner}.",
            "records": [row["address"] for row in rows],
            "ttl": rows[0]["ttl"],
            "type": rrtype,
            "touched": "2025-10-15T23:23:27.528957Z",
        }

    def list(self, rows: Sequence[Any], asked: dict[str, str], *, show: Callable[[Any], Any]) -> Reply:
        """500 rows at most; the page after the next row begins at the cursor."""
        start = int(asked.get("cursor") or 0)
        reply = answer([show(one) for one in rows[start : start + 500]])
        if len(rows) <= start + 500:
            return reply
        if "cursor" not in asked:
            return answer({"detail": "Pagination required."}, 400)
        link = f'<{RRSETS}/?cursor=>; rel="first", <{RRSETS}/?cursor={start + 500}>; rel="next"'
        return Reply(reply.status, reply.body, {"link": link})
