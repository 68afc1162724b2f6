"""OVHcloud's zones: lists of ids, signatures, and changes that wait for a refresh."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from homeport.core.secret import Secret
from homeport.providers.ovh import OVH
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake

RECORD = "https://eu.api.ovh.com/1.0/domain/zone/example.com/record"


class FakeOVH(RestFake):
    base = "https://eu.api.ovh.com/1.0/domain/zone"
    missing = (404, {"message": "This service does not exist"})
    denied = (400, {"class": "Client::BadRequest", "message": "Invalid subDomain"})
    steps, looks = 3, 2  # each record is read by its id
    exchanges = {
        "record_ids_list": ("GET", f"{RECORD}?fieldType=TXT&subDomain=orig.test", None),
        "record_create": (
            "POST",
            RECORD,
            {"fieldType": "A", "subDomain": "new", "target": "192.0.2.5", "ttl": 3600},
        ),
    }

    def __init__(self) -> None:
        super().__init__()
        self.live: list[dict[str, Any]] = []  # what name servers answer from
        self.serving = False

    def driver(self, key: str) -> OVH:
        return OVH(application_key="app", application_secret=Secret("sec"), consumer_key=Secret(key))

    def held(self, owner: str, rrtype: str) -> list[str]:
        return sorted(r["address"] for r in self.live if (r["owner"], r["type"]) == (owner, rrtype))

    def add(self, owner: str, rrtype: str, address: str, **more: Any) -> dict[str, Any]:
        row = super().add(owner, rrtype, address, **more)
        if not self.serving:
            self.refresh()
        return row

    def refresh(self) -> None:
        self.live = [dict(row) for row in self.rows]

    def __call__(self, request: Request) -> Reply:
        self.serving = True
        try:
            return super().__call__(request)
        finally:
            self.serving = False

    def authorised(self, request: Request) -> None:
        bare = replace(request, headers={})
        stamp = float(header(request, "x-ovh-timestamp"))
        again = self.driver(self.good).sign(bare, stamp, "")
        for name in "x-ovh-application", "x-ovh-consumer", "x-ovh-signature":
            if header(request, name) != header(again, name):
                raise Failure(
                    403, {"errorCode": "INVALID_CREDENTIAL", "httpCode": "403", "message": "not valid"}
                )

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        split = urlsplit("/".join(path))
        asked = dict(parse_qsl(split.query, keep_blank_values=True))
        match method, split.path.strip("/").split("/"):
            case "GET", [""]:
                return answer([self.zone])
            case "GET", [zone, "record"]:
                rows = [r for r in self.inside(zone) if asked.get("fieldType", r["type"]) == r["type"]]
                rows = [r for r in rows if asked.get("subDomain", self.label(r, "")) == self.label(r, "")]
                return answer([int(row["id"]) for row in rows])
            case "GET", [_, "record", id]:
                return answer(self.shown(self.found(id)))
            case "POST", [zone, "record"]:
                self.inside(zone)
                owner = self.full(new["subDomain"], "")
                row = self.create(owner, new["fieldType"], new["target"], new.get("ttl", 0))
                return answer(self.shown(row))
            case "PUT", [_, "record", id]:
                assert "fieldType" not in new
                self.found(id)
                owner = self.full(new["subDomain"], "")
                self.change(id, owner=owner, address=new["target"], ttl=new.get("ttl", 0))
                return answer(None)
            case "DELETE", [_, "record", id]:
                self.rows.remove(self.found(id))
                return answer(None)
            case "POST", [zone, "refresh"]:
                self.inside(zone)
                self.refresh()
                return answer(None)
            case _:
                return Reply(405)

    def found(self, id: str) -> dict[str, Any]:
        if all(row["id"] != id for row in self.rows):
            said = f"The requested object (id = {id}) does not exist"
            raise Failure(404, {"class": "Client::NotFound", "message": said})
        return self.row(id)

    def valid(self, row: dict[str, Any]) -> None:
        super().valid(row)
        if 0 < row["ttl"] < 60:
            raise Failure(400, {"class": "Client::BadRequest", "message": "Invalid ttl"})

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": int(row["id"]),
            "zone": self.zone,
            "subDomain": self.label(row, ""),
            "fieldType": row["type"],
            "target": row["address"],
            "ttl": row["ttl"],
        }
