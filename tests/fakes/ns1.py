"""NS1's zones and records."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.ns1 import NS1
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake

URL = "https://api.nsone.net/v1/zones"


class FakeNS1(RestFake):
    base = URL
    steps = 2  # each record is read before it is written
    missing = (404, {"message": "zone not found"})
    denied = (400, {"message": "a CNAME of that name is in the way"})
    attributes = {"meta": {"weight": 3}, "region": "home"}
    exchanges = {
        "record_put": (
            "PUT",
            f"{URL}/example.com/new.example.com/A",
            {
                "zone": "example.com",
                "domain": "new.example.com",
                "type": "A",
                "answers": [{"answer": ["192.0.2.5"]}],
            },
        ),
    }

    def __init__(self) -> None:
        super().__init__()
        self.filters: list[Any] = []
        self.link: str | None = None

    def driver(self, key: str) -> NS1:
        return NS1(api_key=Secret(key))

    def authorised(self, request: Request) -> None:
        if header(request, "x-nsone-key") != self.good:
            raise Failure(401, {"message": "Unauthorized"})

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match method, path:
            case "GET", [""]:
                return answer([{"zone": self.zone, "id": "z1", "link": None, "secondary": None}])
            case "GET", [zone]:
                sets = dict.fromkeys((row["owner"], row["type"]) for row in self.inside(zone))
                text = {"domain": f"home.{zone}", "type": "TXT", "ttl": 60, "short_answers": ["a text"]}
                return answer({"zone": zone, "records": [text, *(self.short(*key) for key in sets)]})
            case "GET", [zone, owner, rrtype]:
                self.held_of(zone, owner, rrtype)
                return answer(self.shown(owner, rrtype))
            case "PUT" | "POST", [zone, owner, rrtype]:
                held = [r for r in self.inside(zone) if (r["owner"], r["type"]) == (owner, rrtype)]
                if bool(held) != (method == "POST"):
                    raise Failure(400, {"message": "record already exists" if held else "record not found"})
                if (new["zone"], new["domain"], new["type"]) != (zone, owner, rrtype) or not new["answers"]:
                    raise Failure(400, {"message": "Input validation failed"})
                ttl = new.get("ttl") or (held[0]["ttl"] if held else 3600)
                self.set(owner, rrtype, held, new["answers"], ttl)
                return answer(self.shown(owner, rrtype))
            case "DELETE", [zone, owner, rrtype]:
                for row in self.held_of(zone, owner, rrtype):
                    self.rows.remove(row)
                return answer({})
            case _:
                return Reply(405)

    def held_of(self, zone: str, owner: str, rrtype: str) -> list[dict[str, Any]]:
        held = [row for row in self.inside(zone) if (row["owner"], row["type"]) == (owner, rrtype)]
        if not held:
            raise Failure(404, {"message": "record not found"})
        return held

    def set(self, owner: str, rrtype: str, held: list[dict[str, Any]], answers: Any, ttl: int) -> None:
        """What an answer does not say is lost."""
        for row in held[len(answers) :]:
            self.rows.remove(row)
        for at, one in enumerate(answers):
            if not one.keys() <= {"answer", "meta", "region"}:
                raise Failure(400, {"message": "Input validation failed"})
            row = held[at] if at < len(held) else self.add(owner, rrtype, "")
            row.update(address=one["answer"][0], ttl=ttl, meta=one.get("meta"), region=one.get("region"))
            if owner in self.refused or not f".{owner}".endswith(f".{self.zone}"):
                raise Failure(*self.denied)

    def shown(self, owner: str, rrtype: str) -> dict[str, Any]:
        rows = [row for row in self.rows if (row["owner"], row["type"]) == (owner, rrtype)]
        answers = []
        for row in rows:
            told = {name: row[name] for name in self.attributes if row[name] is not None}
            answers.append({"answer": [row["address"]], "id": row["id"], **told})
        return {
            "zone": self.zone,
            "domain": owner,
            "type": rrtype,
            "ttl": rows[0]["ttl"],
            "answers": answers,
            "filters": self.filters,
            "link": self.link,
            "meta": {},
            "regions": {},
        }

    def short(self, owner: str, rrtype: str) -> dict[str, Any]:
        shown = self.shown(owner, rrtype)
        short = [one["answer"][0] for one in shown["answers"]]
        return {name: shown[name] for name in ("domain", "type", "ttl", "link")} | {"short_answers": short}
