"""The sites, DNS records and acceleration domains of Tencent EdgeOne."""

from __future__ import annotations

from typing import Any

from homeport.core.secret import Secret
from homeport.providers.edgeone import EdgeOne
from homeport.wire.http import Reply

from ._tencent import SECRET_ID, TencentFake, failure

ZONE = "zone-38moq1z10wwwy"
FIELDS = {"Name": "owner", "Type": "type", "Content": "address", "TTL": "ttl"}


class FakeEdgeOne(TencentFake):
    base, service, version = "https://teo.tencentcloudapi.com/", "teo", "2022-09-01"
    attributes = {"Location": "Default", "Weight": 7, "Status": "enable"}

    def __init__(self) -> None:
        super().__init__()
        self.sites = [{"ZoneId": ZONE, "ZoneName": self.zone, "Type": "full", "Status": "active"}]
        self.domains: list[dict[str, Any]] = []

    def driver(self, key: str) -> EdgeOne:
        return EdgeOne(secret_id=SECRET_ID, secret_key=Secret(key))

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        if self.action != "DescribeZones" and new["ZoneId"] != ZONE:
            raise failure("InvalidParameterValue.ZoneNotFound")
        match self.action:
            case "DescribeZones":
                return self.said(TotalCount=len(self.sites), Zones=self.part(self.sites, new, 20, 100))
            case "DescribeDnsRecords":
                rows = self.filtered([self.shown(row) for row in self.rows], new, "Name", "Type")
                return self.said(TotalCount=len(rows), DnsRecords=self.part(rows, new, 20, 1000))
            case "CreateDnsRecord":
                defaults = {"Location": "Default", "Weight": -1, "TTL": 300, "Status": "enable"}
                row = self.told(defaults | {name: value for name, value in new.items() if name != "ZoneId"})
                return self.said(RecordId=self.create(row.pop("owner"), row.pop("type"), **row)["id"])
            case "ModifyDnsRecords" if 1 <= len(new["DnsRecords"]) <= 100:
                for one in new["DnsRecords"]:
                    defaults = {"Location": "Default", "Weight": -1, "TTL": 300}
                    row = self.told(defaults | one)
                    self.change(row.pop("RecordId"), **row)
                return self.said()
            case "DeleteDnsRecords":
                for row in [self.row(one) for one in new["RecordIds"]]:
                    self.rows.remove(row)
                return self.said()
            case "DescribeAccelerationDomains":
                rows = self.filtered(self.domains, new, "DomainName", "")
                return self.said(TotalCount=len(rows), AccelerationDomains=self.part(rows, new, 20, 200))
            case "ModifyAccelerationDomain":
                [domain] = [one for one in self.domains if one["DomainName"] == new["DomainName"]]
                domain["OriginDetail"] = new["OriginInfo"]
                return self.said()
            case _:
                raise failure("InvalidAction")

    def told(self, new: dict[str, Any]) -> dict[str, Any]:
        """The fields of a row that a write speaks of, under the names that they have here."""
        if new["Location"] not in ("Default", "CN.BJ") or not -1 <= new["Weight"] <= 100:
            raise failure("InvalidParameterValue")
        return {FIELDS.get(name, name): value for name, value in new.items()}

    def filtered(self, rows: list[Any], new: dict[str, Any], name: str, kind: str) -> list[Any]:
        fields = {"name": name, "domain-name": name, "type": kind}
        for one in new.get("Filters", []):
            field, values, fuzzy = fields[one["Name"]], one["Values"], one.get("Fuzzy", True)
            rows = [
                row
                for row in rows
                if any(value in row[field] if fuzzy else value == row[field] for value in values)
            ]
        return rows

    def row(self, id: str) -> dict[str, Any]:
        for row in self.rows:
            if row["id"] == id:
                return row
        raise failure("ResourceNotFound.RecordNotFound")

    def valid(self, row: dict[str, Any]) -> None:
        if row["owner"] in self.refused:
            raise failure("InvalidParameterValue.ConflictRecord")
        if not 60 <= row["ttl"] <= 86400:
            raise failure("InvalidParameter")
        same = ("owner", "type", "address", "Location")
        if any(all(other[key] == row[key] for key in same) for other in self.rows if other is not row):
            raise failure("InvalidParameterValue.ConflictRecord")

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        told = {"ZoneId": ZONE, "RecordId": row["id"], "Priority": 0}
        told |= {field: row[ours] for field, ours in FIELDS.items()}
        return told | {field: row[field] for field in self.attributes}
