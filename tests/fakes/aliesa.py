"""Alibaba Cloud ESA's sites and records; one record holds all addresses of a name."""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import Any

from homeport.core.dns import RRType
from homeport.core.secret import Secret
from homeport.providers.aliesa import AlibabaESA
from homeport.wire.http import Reply

from . import answer
from ._alibaba import KEY_ID, AlibabaFake, failure

SITE = 1234567890123


class FakeAlibabaESA(AlibabaFake):
    base = "https://esa.cn-hangzhou.aliyuncs.com/"
    version = "2024-09-10"
    steps = 2  # a record is read again before it is written
    attributes = {"Proxied": False, "BizName": "", "Comment": "mine", "HttpPorts": "", "HttpsPorts": ""}

    def __init__(self) -> None:
        super().__init__()
        self.records: dict[str, int] = {}  # ids, by owner
        self.access = "NS"

    def driver(self, key: str) -> AlibabaESA:
        return AlibabaESA(access_key_id=KEY_ID, access_key_secret=Secret(key))

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match self.method, self.action:
            case "GET", "ListSites":
                site = {
                    "SiteId": SITE,
                    "SiteName": self.zone,
                    "Status": "active",
                    "AccessType": self.access,
                }
                rows, told = self.page([site], asked, 500, 500)
                return answer({"RequestId": "R", "Sites": rows} | told)
            case "GET", "ListRecords":
                self.within(asked)
                name, kind = asked.get("RecordName"), asked.get("Type")
                owners = list(dict.fromkeys(row["owner"] for row in self.rows))
                owners = [owner for owner in owners if name in (None, owner) and kind in (None, "A/AAAA")]
                rows, told = self.page([self.record(owner) for owner in owners], asked, 500, 500)
                return answer({"RequestId": "R", "Records": rows} | told)
            case "POST", "CreateRecord":
                self.within(asked)
                owner = asked["RecordName"]
                if any(row["owner"] == owner for row in self.rows):
                    raise failure(400, "Record.DuplicateRecord", "The record exists.")
                self.set(owner, asked)
                return answer({"RequestId": "R", "RecordId": self.id(owner)})
            case "POST", "UpdateRecord":
                self.set(self.owner_of(asked["RecordId"]), asked)
                return answer({"RequestId": "R"})
            case "POST", "DeleteRecord":
                owner = self.owner_of(asked["RecordId"])
                self.rows = [row for row in self.rows if row["owner"] != owner]
                del self.records[owner]
                return answer({"RequestId": "R"})
            case _:
                raise failure(404, "InvalidAction.NotFound", "Specified api is not found.")

    def within(self, asked: dict[str, str]) -> None:
        if asked.get("SiteId") != str(SITE):
            raise failure(404, "SiteNotExist", "The site does not exist.")

    def id(self, owner: str) -> int:
        return self.records.setdefault(owner, 5000 + len(self.records))

    def owner_of(self, id: str) -> str:
        for row in self.rows:
            if str(self.id(row["owner"])) == id:
                return str(row["owner"])
        raise failure(404, "RecordNotExist", "The record does not exist.")

    def set(self, owner: str, asked: dict[str, str]) -> None:
        """What is not said has a default; rows of an address that changes remain the rows that they are."""
        if owner in self.refused:
            raise failure(400, "InvalidParameter", "The name has a CNAME.")
        if "Type" not in asked or "Data" not in asked:
            raise failure(400, "MissingData", "Data is mandatory for this action.")
        ttl, proxied = int(asked.get("Ttl", 1)), asked.get("Proxied", "true") == "true"
        if ttl != 1 and not 30 <= ttl <= 86400:
            raise failure(400, "InvalidParameter.Ttl", "The TTL is not valid.")
        if proxied != bool(asked.get("BizName")) or (self.access == "CNAME" and not proxied):
            raise failure(400, "InvalidParameter.Proxied", "The business name does not fit.")
        told = {"ttl": 1 if proxied else ttl, "Proxied": proxied, "BizName": asked.get("BizName", "")}
        told |= {field: asked.get(field, "") for field in ("Comment", "HttpPorts", "HttpsPorts")}
        values = json.loads(asked["Data"])["Value"].split(",")
        if len(values) != len(set(values)):
            raise failure(400, "InvalidParameter.Value", "An address stands there twice.")
        for rrtype in RRType:
            new = [text for text in values if RRType.of(ip_address(text)) is rrtype]
            old = [row for row in self.rows if (row["owner"], row["type"]) == (owner, rrtype)]
            old.sort(key=lambda row: row["address"] not in new)
            for row in old[len(new) :]:
                self.rows.remove(row)
            missing = [text for text in new if text not in [row["address"] for row in old]]
            for row in old[: len(new)]:
                row.update(told)
                if row["address"] not in new:
                    row["address"] = missing.pop(0)
            for text in missing:
                self.add(owner, rrtype.value, text, **told)

    def record(self, owner: str) -> dict[str, Any]:
        rows = [row for row in self.rows if row["owner"] == owner]
        told = {field: rows[0][field] for field in self.attributes}
        value = ",".join(row["address"] for row in rows)
        told |= {"RecordId": self.id(owner), "RecordName": owner, "RecordType": "A/AAAA"}
        return told | {"Ttl": rows[0]["ttl"], "Data": {"Value": value}, "SiteId": SITE}
