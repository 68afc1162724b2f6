"""Volcengine's zones and records."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.volcengine import Volcengine
from homeport.wire.http import Reply, Request
from homeport.wire.sign_aws import VOLCENGINE, Credentials, sign

from . import answer, header
from ._rest import Failure, RestFake

KEY_ID = "VKAKEXAMPLE"
BASE = "https://open.volcengineapi.com"
ZID = 304092


def error(status: int, code: str, message: str) -> tuple[int, object]:
    told = {"CodeN": 400000, "Code": code, "Message": message}
    return status, {"ResponseMetadata": {"RequestId": "r1", "Service": "DNS", "Error": told}}


class FakeVolcengine(RestFake):
    base = BASE
    missing = error(400, "ErrZoneNotFound", "zone not found")
    denied = error(400, "ErrParamInvalid", "validation fail: host")
    twice = error(409, "ErrDBDuplicated", "duplicated: record")
    attributes = {"Weight": 7, "Remark": "mine"}

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []  # records of other lines, and disabled ones, as listed

    def driver(self, key: str) -> Volcengine:
        return Volcengine(access_key_id=KEY_ID, secret_access_key=Secret(key))

    def authorised(self, request: Request) -> None:
        typed = {name: value for name, value in request.headers.items() if name == "content-type"}
        plain = Request(request.method, request.url, request.query, typed, request.body)
        keys = Credentials(KEY_ID, Secret(self.good))
        right = sign(plain, VOLCENGINE, keys, ("cn-north-1", "DNS"), 0.0)
        if header(request, "authorization") != header(right, "authorization"):
            raise Failure(*error(401, "SignatureDoesNotMatch", "The request signature does not match"))

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        assert (path, asked["Version"]) == ([""], "2018-08-01")
        match method, asked["Action"]:
            case "GET", "ListZones":
                rows = [{"ZID": 1, "ZoneName": "com"}, {"ZID": ZID, "ZoneName": self.zone, "Remark": ""}]
                return self.list("Zones", "Total", rows, asked, 100)
            case "GET", "ListRecords":
                if asked.get("ZID") != str(ZID):
                    raise Failure(*self.missing)
                return self.list("Records", "TotalCount", self.found(asked), asked, 500)
            case "POST", "CreateRecord":
                if new["ZID"] != ZID:
                    raise Failure(*self.missing)
                assert new["Line"] == "default"
                row = self.create(self.full(new["Host"]), new["Type"], new["Value"], new.get("TTL", 600))
                return self.done(row)
            case "POST", "UpdateRecord":
                row = self.known(new["RecordID"])
                assert (self.full(new["Host"]), new["Line"]) == (row["owner"], "default")
                ttl = {"ttl": new["TTL"]} if "TTL" in new else {}
                return self.done(self.change(row["id"], address=new["Value"], type=new["Type"], **ttl))
            case "POST", "DeleteRecord":
                self.rows.remove(self.known(new["RecordID"]))
                return answer({"ResponseMetadata": {"RequestId": "r1"}})
            case _:
                raise Failure(*error(404, "InvalidActionOrVersion", "Could not find operation"))

    def known(self, id: str) -> dict[str, Any]:
        assert isinstance(id, str)
        if all(row["id"] != id for row in self.rows):
            raise Failure(*error(400, "ErrDBNotFound", "record not found: id"))
        return self.row(id)

    def valid(self, row: dict[str, Any]) -> None:
        super().valid(row)
        if not isinstance(row["ttl"], int) or not 1 <= row["ttl"] < 2**31:
            raise Failure(*error(400, "ErrSpecNotValid", "record TTL not valid"))

    def found(self, asked: dict[str, str]) -> list[dict[str, Any]]:
        host, exact = asked.get("Host"), asked.get("SearchMode") == "exact"
        rows = [self.shown(row) for row in self.rows] + self.lines
        return [
            row
            for row in rows
            if asked.get("Type", row["Type"]) == row["Type"]
            and (host is None or (row["Host"] == host if exact else host in row["Host"]))
        ]

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "RecordID": row["id"],
            "Host": self.label(row),
            "PQDN": row["owner"],
            "Type": row["type"],
            "Value": row["address"],
            "TTL": row["ttl"],
            "Line": "default",
            "Weight": row.get("Weight"),
            "Remark": row.get("Remark"),
            "Enable": True,
        }

    def done(self, row: dict[str, Any]) -> Reply:
        return answer({"ResponseMetadata": {"RequestId": "r1"}, "Result": self.shown(row)})

    def list(self, at: str, total: str, rows: list[Any], asked: dict[str, str], most: int) -> Reply:
        assert 1 <= int(asked.get("PageSize", 10)) <= most
        page = self.paged(rows, {"PageSize": "10"} | asked, size="PageSize", page="PageNumber")
        told = {total: len(rows), at: page or None, "PageNumber": int(asked.get("PageNumber", 1))}
        return answer({"ResponseMetadata": {"RequestId": "r1"}, "Result": told})
