"""The domains and records of Tencent Cloud DNSPod."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.tencentcloud import TencentDNSPod
from homeport.wire.http import Reply

from ._tencent import SECRET_ID, TencentFake, failure

URL = "https://dnspod.tencentcloudapi.com/"
LEAST = 1  # in the greatest plan
DOMAIN = 81345824


class FakeTencentDNSPod(TencentFake):
    base, service, version = URL, "dnspod", "2021-03-23"
    exchanges = {
        "error_no_record": (
            "POST",
            URL,
            {"Domain": "example.com", "Subdomain": "nothing", "RecordType": "A"},
            {"x-tc-action": "DescribeRecordList"},
        ),
        "record_list": (
            "POST",
            URL,
            {"Domain": "example.com", "Subdomain": "home", "RecordType": "A", "ErrorOnEmpty": "no"},
            {"x-tc-action": "DescribeRecordList"},
        ),
        "record_modify": (
            "POST",
            URL,
            {
                "Domain": "example.com",
                "RecordId": 1,
                "SubDomain": "www",
                "RecordType": "A",
                "RecordLine": "默认",
                "Value": "192.0.2.11",
            },
            {"x-tc-action": "ModifyRecord"},
        ),
    }
    attributes = {"Line": "默认", "LineId": "0", "Status": "ENABLE", "Weight": 7, "Remark": "mine"}

    def driver(self, key: str) -> TencentDNSPod:
        return TencentDNSPod(secret_id=SECRET_ID, secret_key=Secret(key))

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match self.action:
            case "DescribeDomainList":
                domain = {"DomainId": DOMAIN, "Name": self.zone, "Status": "ENABLE", "Grade": "DP_ULTRA"}
                rows = self.part([domain], new, 3000, 3000)
                return self.said(DomainCountInfo={"AllTotal": 1}, DomainList=rows)
            case "DescribeRecordList":
                self.within(new)
                return self.list(new)
            case "CreateRecord":
                self.within(new)
                return self.said(RecordId=int(self.create(**self.told(new))["id"]))
            case "ModifyRecord":
                self.within(new)
                told = self.told(new)
                return self.said(RecordId=int(self.change(str(new["RecordId"]), **told)["id"]))
            case "DeleteRecord":
                self.within(new)
                self.rows.remove(self.row(str(new["RecordId"])))
                return self.said()
            case _:
                raise failure("InvalidAction")

    def told(self, new: dict[str, Any]) -> dict[str, Any]:
        """What a write says about a record; what it does not say has a default."""
        if type(new.get("TTL", 600)) is not int or type(new.get("RecordId", 1)) is not int:
            raise failure("InvalidParameter")
        lines = {"0": "默认", "10=1": "联通"}
        line = new.get("RecordLineId") or next(one for one in lines if lines[one] == new["RecordLine"])
        if line not in lines:
            raise failure("InvalidParameter.RecordLineInvalid")
        return {
            "owner": self.full(new.get("SubDomain", "@")),
            "rrtype" if self.action == "CreateRecord" else "type": new["RecordType"],
            "address": new["Value"],
            "ttl": new.get("TTL", 600),
            "Line": lines[line],
            "LineId": line,
            "Status": new.get("Status", "ENABLE"),
            "Weight": new.get("Weight"),
            "Remark": new.get("Remark", ""),
        }

    def within(self, new: dict[str, Any]) -> None:
        if new.get("DomainId", DOMAIN) != DOMAIN or new["Domain"] != self.zone:
            raise failure("InvalidParameterValue.DomainNotExists")

    def row(self, id: str) -> dict[str, Any]:
        for row in self.rows:
            if row["id"] == id:
                return row
        raise failure("InvalidParameter.RecordIdInvalid")

    def valid(self, row: dict[str, Any]) -> None:
        if row["owner"] in self.refused:
            raise failure("InvalidParameter.SubdomainInvalid")
        if not LEAST <= row["ttl"] <= 604800:
            raise failure("LimitExceeded.RecordTtlLimit")
        same = ("owner", "type", "address", "LineId")
        if any(all(other[key] == row[key] for key in same) for other in self.rows if other is not row):
            raise failure("InvalidParameter.DomainRecordExist")

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        told = {"RecordId": int(row["id"]), "Name": self.label(row), "Type": row["type"]}
        told |= {"Value": row["address"], "TTL": row["ttl"], "MX": 0}
        return told | {field: row[field] for field in self.attributes}

    def list(self, new: dict[str, Any]) -> Reply:
        rows = [row for row in self.rows if row["type"] == new.get("RecordType", row["type"])]
        label = new.get("Subdomain")
        rows = [row for row in rows if label is None or row["owner"] == self.full(label)]
        if not rows and new.get("ErrorOnEmpty", "yes") == "yes":
            raise failure("ResourceNotFound.NoDataOfRecord")
        count = {"SubdomainCount": len(rows), "TotalCount": len(rows)}
        some = self.part([self.shown(row) for row in rows], new, 100, 3000)
        return self.said(RecordCountInfo=count | {"ListCount": len(some)}, RecordList=some)
