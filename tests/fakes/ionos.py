"""IONOS's zones and records."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.ionos import IONOS
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake

URL = "https://api.hosting.ionos.com/dns/v1/zones"
ZONE = "fec56693-cee6-4f94-8d50-4d41ed64cf42"


def wrong(status: int, code: str, message: str) -> tuple[int, object]:
    return status, [{"code": code, "message": message}]


class FakeIONOS(RestFake):
    base = URL
    missing = wrong(404, "RECORD_NOT_FOUND", "Record does not exist.")
    denied = wrong(400, "INVALID_RECORD", "There is a CNAME of that name.")
    twice = wrong(400, "RECORD_ALREADY_EXISTS", "The record exists already.")
    attributes = {"disabled": True}
    exchanges = {
        "record_create": (
            "POST",
            f"{URL}/{ZONE}/records",
            [
                {
                    "name": "new.example.com",
                    "type": "A",
                    "content": "192.0.2.5",
                    "ttl": 3600,
                    "prio": 0,
                    "disabled": False,
                }
            ],
        ),
        "zone_records_filtered": ("GET", f"{URL}/{ZONE}?recordType=A&recordName=home.example.com", None),
    }

    def driver(self, key: str) -> IONOS:
        return IONOS(api_key=Secret(key))

    def authorised(self, request: Request) -> None:
        if header(request, "x-api-key") != self.good:
            raise Failure(*wrong(401, "UNAUTHORIZED", "The customer is not authorized."))

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match method, path:
            case "GET", [""]:
                return answer([{"name": self.zone, "id": ZONE, "type": "NATIVE"}])
            case "GET", [zone] if zone == ZONE:
                rows = [r for r in self.rows if asked.get("recordType", r["type"]) == r["type"]]
                rows = [r for r in rows if asked.get("recordName", r["owner"]) == r["owner"]]
                records = [self.shown(row) for row in rows]
                return answer({"name": self.zone, "id": ZONE, "type": "NATIVE", "records": records})
            case "POST", [zone, "records"] if zone == ZONE:
                return answer([self.shown(self.created(one)) for one in new], 201)
            case "PUT", [zone, "records", id] if zone == ZONE:
                if new.keys() != {"content", "ttl", "prio", "disabled"}:
                    raise Failure(*wrong(400, "INVALID_DATA", "Fields are missing or too many."))
                more = {"ttl": new["ttl"], "disabled": new["disabled"]}
                return answer(self.shown(self.change(id, address=new["content"], **more)))
            case "DELETE", [zone, "records", id] if zone == ZONE:
                self.rows.remove(self.row(id))
                return Reply(200)
            case _:
                raise Failure(*wrong(404, "ZONE_NOT_FOUND", "Zone does not exist."))

    def created(self, new: Any) -> dict[str, Any]:
        more = {"disabled": new["disabled"]}
        return self.create(new["name"], new["type"], new["content"], new["ttl"], **more)

    def valid(self, row: dict[str, Any]) -> None:
        super().valid(row)
        if row["ttl"] < 60:
            raise Failure(*wrong(400, "INVALID_RECORD", "The TTL is too small."))

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "name": row["owner"],
            "rootName": self.zone,
            "type": row["type"],
            "content": row["address"],
            "changeDate": "2024-11-28T13:46:06.767Z",
            "ttl": row["ttl"],
            "disabled": row["disabled"],
            "id": row["id"],
        }
