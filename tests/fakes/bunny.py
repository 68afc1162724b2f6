"""bunny.net's DNS zones and records."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.bunny import Bunny
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake

TYPES = {0: "A", 1: "AAAA"}
NUMBERS = {"A": 0, "AAAA": 1}


def wrong(key: str, field: str, message: str) -> tuple[int, object]:
    return 400, {"ErrorKey": key, "Field": field, "Message": message}


class FakeBunny(RestFake):
    base = "https://api.bunny.net/dnszone"
    missing = (404, {"ErrorKey": "dnszone.not_found", "Field": "Id", "Message": "It does not exist."})
    denied = wrong("dnszone.record_conflict", "Name", "There is a CNAME of that name.")
    twice = wrong("dnszone.record_exists", "Value", "The record exists already.")
    attributes = {
        "Weight": 40,
        "Accelerated": True,
        "PullZoneId": 17,
        "MonitorType": 1,
        "LatencyZone": "DE",
        "SmartRoutingType": 0,
        "Disabled": True,
        "Comment": "mine",
        "AutoSslIssuance": True,
    }

    def driver(self, key: str) -> Bunny:
        return Bunny(api_key=Secret(key))

    def authorised(self, request: Request) -> None:
        if header(request, "accesskey") != self.good:
            raise Failure(401, {"Message": "Authorization has been denied for this request."})

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match method, path:
            case "GET", [""]:
                size, page = int(asked.get("perPage", 1000)), int(asked.get("page", 1))
                if not 5 <= size <= 1000:
                    raise Failure(*wrong("validation_error", "perPage", "must be between 5 and 1000"))
                zones = [{"Id": n, "Domain": f"z{n}.test"} for n in range(150)]  # more than a page
                zones.append({"Id": 4711, "Domain": self.zone})
                shown, more = zones[(page - 1) * size : page * size], page * size < len(zones)
                return answer(
                    {"Items": shown, "CurrentPage": page, "TotalItems": len(zones), "HasMoreItems": more}
                )
            case "GET", ["4711"]:
                records = [{"Id": 0, "Type": 3, "Ttl": 300, "Value": "a text", "Name": "home"}]
                records += [self.shown(row) for row in self.rows]
                return answer({"Id": 4711, "Domain": self.zone, "Records": records})
            case "PUT", ["4711", "records"]:
                nothing = dict.fromkeys(self.attributes)
                owner, ttl = self.full(new["Name"], ""), new.get("Ttl", 300)
                row = self.create(owner, TYPES[new["Type"]], new["Value"], ttl, **nothing)
                return answer(self.shown(row), 201)
            case "POST", ["4711", "records", id]:
                row = self.row(id)
                if (str(new["Id"]), TYPES[new["Type"]]) != (id, row["type"]):
                    raise Failure(*wrong("validation_error", "Id", "must be that of the record"))
                told = {name: new.get(name) for name in self.attributes}  # what is not said is lost
                owner = self.full(new["Name"], "")
                self.change(id, owner=owner, address=new["Value"], ttl=new.get("Ttl", 300), **told)
                return Reply(204)
            case "DELETE", ["4711", "records", id]:
                self.rows.remove(self.row(id))
                return Reply(204)
            case _:
                raise Failure(*self.missing)

    def valid(self, row: dict[str, Any]) -> None:
        super().valid(row)
        if row["ttl"] < 15:
            raise Failure(*wrong("validation_error", "Ttl", "must be at least 15"))

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        told = {name: row[name] for name in self.attributes if name != "PullZoneId"}
        return told | {
            "Id": int(row["id"]),
            "Type": NUMBERS[row["type"]],
            "Ttl": row["ttl"],
            "Value": row["address"],
            "Name": self.label(row, ""),
            "AcceleratedPullZoneId": row["PullZoneId"] or 0,
        }
