"""Zones at Alibaba Cloud DNS.  API 2015-01-09: https://www.alibabacloud.com/help/en/dns/ (read 2026-11-21).

One name can have records of several resolution lines; only those of `line` are ours.  Records that
somebody paused are left as they are.  An update that leaves out the TTL or the line resets it, and one
that changes nothing is an error.  Searches for a host name (RRKeyWord) find parts of names; those for
one subdomain do not.  Each zone has its least TTL, 600 s in the free edition.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from ..core.dns import IPAddress, Name, Record, RRset, RRType, Zone
from ..driver import Api, RestRecords, every_page, owner_of
from ..wire.http import Query
from ._alibaba import AlibabaCloud


@dataclass(frozen=True, kw_only=True)
class Aliyun(AlibabaCloud, RestRecords):
    region: Annotated[str | None, "region whose endpoint is asked, such as cn-hangzhou"] = None
    line: Annotated[str, "code of the resolution line whose records are ours, such as telecom"] = "default"

    title = "Alibaba Cloud DNS"
    example = {"access_key_id": "LTAI5tExampleExample", "access_key_secret": "env:ALIYUN_SECRET"}
    credential = (
        "RAM console › Users › Create user (OpenAPI access) › AccessKey; a policy that allows alidns: "
        "DescribeDomains, DescribeDomainInfo, DescribeDomainRecords, DescribeSubDomainRecords, "
        "AddDomainRecord, UpdateDomainRecord, DeleteDomainRecord."
    )
    base = "https://alidns.aliyuncs.com"
    version = "2015-01-09"
    name_at, type_at, address_at, ttl_at, id_at = "RR", "Type", "Value", "TTL", "RecordId"
    kept = ("Line",)
    most_ttl = 86400

    def address(self) -> str:
        if self.region and not self.endpoint:
            return f"https://alidns.{self.region}.aliyuncs.com"
        return super().address()

    async def find_zones(self, api: Api, candidates: Collection[Name]) -> Sequence[Zone]:
        rows = await self._rows(api, "DescribeDomains", "Domains", "Domain", {"PageSize": "100"})
        found = {owner_of(row["DomainName"]): row["DomainName"] for row in rows}
        return await api.together(
            [self._zone(api, name, found[name]) for name in candidates & found.keys()]
        )

    async def _zone(self, api: Api, apex: Name, name: str) -> Zone:
        asked = {"DomainName": name, "NeedDetailAttributes": "true"}
        told = await self.ask(api, "DescribeDomainInfo", asked)
        if owner_of(told["DomainName"]) != apex:
            raise ValueError(f"it told of {told['DomainName']!r}, not of {apex}")
        return Zone(apex, name, int(told.get("MinTtl") or 0))

    def query(self, zone: Zone, owner: Name | None, rrtype: RRType) -> Query:
        if owner is None:
            return {"DomainName": zone.id, "PageSize": "500"}
        label = owner.label_in(zone.apex, apex="")
        name = f"{label}.{zone.id}" if label else zone.id
        return {"DomainName": zone.id, "SubDomain": name, "Type": rrtype.value, "PageSize": "100"}

    async def zone_content(self, api: Api, zone: Zone, query: Query) -> list[Any]:
        action = "DescribeSubDomainRecords" if "SubDomain" in query else "DescribeDomainRecords"
        return await self._rows(api, action, "DomainRecords", "Record", query)

    async def _rows(self, api: Api, action: str, outer: str, inner: str, query: Query) -> list[Any]:
        async def page(number: int) -> tuple[list[Any], bool]:
            told = await self.ask(api, action, {**query, "PageNumber": str(number)})
            return told[outer][inner], number * told["PageSize"] < told["TotalCount"]

        return await every_page(page)

    def owner(self, zone: Zone, row: Any) -> Name | None:
        ours = row["Line"] == self.line and row["Status"].upper() == "ENABLE"
        return super().owner(zone, row) if ours else None

    async def create(self, api: Api, zone: Zone, wanted: RRset, address: IPAddress) -> None:
        new = {"DomainName": zone.id, "Line": self.line, **self.body(zone, wanted, address)}
        if wanted.ttl:
            new["TTL"] = str(wanted.ttl)
        self.wrote(await self.act(api, "AddDomainRecord", new), address)

    async def replace(
        self, api: Api, zone: Zone, wanted: RRset, record: Record, address: IPAddress
    ) -> None:
        new = {
            "RecordId": record.id,
            "Line": str(record.options["Line"]),
            **self.body(zone, wanted, address),
        }
        if ttl := wanted.ttl or record.ttl:
            new["TTL"] = str(max(ttl, zone.least_ttl))  # a zone of a lesser edition has a greater least TTL
        self.wrote(await self.act(api, "UpdateDomainRecord", new), address)

    async def delete(self, api: Api, zone: Zone, record: Record) -> None:
        payload = await self.act(api, "DeleteDomainRecord", {"RecordId": record.id})
        if str(payload["RecordId"]) != record.id:
            raise ValueError(f"it deleted {payload['RecordId']!r}, not {record.id}")

    def wrote(self, payload: Any, address: IPAddress) -> None:
        if not isinstance(payload["RecordId"], str) or not payload["RecordId"]:
            raise ValueError(f"{payload['RecordId']!r} is no record")
