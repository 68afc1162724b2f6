"""Alibaba Cloud DNS's domains and records."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.aliyun import Aliyun
from homeport.wire.http import Reply

from . import answer
from ._alibaba import KEY_ID, AlibabaFake, failure

URL = "https://alidns.aliyuncs.com/"
LEAST = 60


class FakeAliyun(AlibabaFake):
    base = URL
    version = "2015-01-09"
    exchanges = {
        "error_domain_not_exist": (
            "GET",
            f"{URL}?DomainName=not-mine.example",
            None,
            {"x-acs-action": "DescribeDomainInfo"},
        ),
        "record_add": (
            "POST",
            f"{URL}?DomainName=example.com&RR=localhost&Type=A&Value=192.0.2.10&TTL=3600",
            None,
            {"x-acs-action": "AddDomainRecord"},
        ),
        "record_delete": ("POST", f"{URL}?RecordId=1", None, {"x-acs-action": "DeleteDomainRecord"}),
        "record_update": (
            "POST",
            f"{URL}?RecordId=1&RR=www&Type=A&Value=192.0.2.11&TTL=3600",
            None,
            {"x-acs-action": "UpdateDomainRecord"},
        ),
        "records_list_fuzzy_match": (
            "GET",
            f"{URL}?DomainName=example.com&RRKeyWord=o",
            None,
            {"x-acs-action": "DescribeDomainRecords"},
        ),
    }
    attributes = {"Line": "default", "Status": "ENABLE", "Weight": 7, "Remark": "mine", "Locked": False}

    def driver(self, key: str) -> Aliyun:
        return Aliyun(access_key_id=KEY_ID, access_key_secret=Secret(key))

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match self.action:
            case "DescribeDomains":
                domain = {"DomainId": "00efd71a", "DomainName": self.zone, "PunyCode": self.zone}
                rows, told = self.page([domain], asked, 20, 100)
                return answer({"RequestId": "R", "Domains": {"Domain": rows}} | told)
            case "DescribeDomainInfo":
                self.inside(asked["DomainName"])
                detail = {"MinTtl": LEAST} if asked.get("NeedDetailAttributes") == "true" else {}
                return answer({"RequestId": "R", "DomainName": self.zone} | detail)
            case "DescribeSubDomainRecords":
                self.inside(asked["DomainName"])
                rows = [row for row in self.rows if row["owner"] == asked["SubDomain"].lower()]
                rows = [row for row in rows if row["type"] == asked.get("Type", row["type"])]
                return self.list(rows, asked, 100)
            case "DescribeDomainRecords":
                self.inside(asked["DomainName"])
                rows = [row for row in self.rows if asked.get("RRKeyWord", "") in self.label(row)]
                return self.list(rows, asked, 500)
            case "AddDomainRecord" if self.method == "POST":
                self.inside(asked["DomainName"])
                row = self.create(
                    self.full(asked["RR"]),
                    asked["Type"],
                    asked["Value"],
                    int(asked.get("TTL", 600)),
                    Line=asked.get("Line", "default"),
                    Weight=1,
                    Remark=None,
                )
                return answer({"RequestId": "R", "RecordId": row["id"]})
            case "UpdateDomainRecord" if self.method == "POST":
                new = {
                    "owner": self.full(asked["RR"]),
                    "type": asked["Type"],
                    "address": asked["Value"],
                    "ttl": int(asked.get("TTL", 600)),
                    "Line": asked.get("Line", "default"),
                }
                row = self.row(asked["RecordId"])
                if all(row[key] == new[key] for key in new):
                    raise failure(400, "DomainRecordDuplicate", "The DNS record already exists.")
                self.change(row["id"], **new)
                return answer({"RequestId": "R", "RecordId": row["id"]})
            case "DeleteDomainRecord" if self.method == "POST":
                self.rows.remove(self.row(asked["RecordId"]))
                return answer({"RequestId": "R", "RecordId": asked["RecordId"]})
            case _:
                raise failure(404, "InvalidAction.NotFound", "Specified api is not found.")

    def inside(self, apex: str) -> list[dict[str, Any]]:
        if apex != self.zone:
            raise failure(400, "InvalidDomainName.NoExist", "The specified domain name does not exist.")
        return self.rows

    def row(self, id: str) -> dict[str, Any]:
        for row in self.rows:
            if row["id"] == id:
                return row
        raise failure(400, "DomainRecordNotBelongToUser", "The DNS record belongs to another user.")

    def valid(self, row: dict[str, Any]) -> None:
        if row["owner"] in self.refused:
            raise failure(400, "DomainRecordConflict", "The DNS record conflicts with another one.")
        if not LEAST <= row["ttl"] <= 86400:
            raise failure(400, "InvalidTTL", "The TTL is not valid.")
        same = ("owner", "type", "address", "Line")
        if any(all(other[key] == row[key] for key in same) for other in self.rows if other is not row):
            raise failure(400, "DomainRecordDuplicate", "The DNS record already exists.")

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        told = {"RecordId": row["id"], "RR": self.label(row), "DomainName": self.zone, "Type": row["type"]}
        told |= {"Value": row["address"], "TTL": row["ttl"], "Line": row["Line"], "Status": row["Status"]}
        return told | {"Weight": row["Weight"], "Locked": row["Locked"]}

    def list(self, rows: Any, asked: dict[str, str], most: int) -> Reply:
        some, told = self.page([self.shown(row) for row in rows], asked, 20, most)
        return answer({"RequestId": "R", "DomainRecords": {"Record": some}} | told)
