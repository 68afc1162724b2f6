"""Zones at Tencent Cloud DNSPod.  API 3.0: https://cloud.tencent.com/document/api/1427 (read 2026-11-21).

One name can have records of several resolution lines; only those of `line` are ours.  Records that
somebody disabled are left as they are.  ModifyRecord resets what it is not told, so it is told
everything.  A record that was just added may be missing from lists for 30 s; adding it again is an
error.  Errors come inside a 200.  An international account may need the endpoint
https://dnspod.intl.tencentcloudapi.com.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from ..core.dns import IPAddress, Name, Record, RRset, RRType, Zone
from ..core.errors import Refused, Stale
from ..driver import Api, Budget, RestRecords, Unusable, every_page, owner_of
from ..wire.http import Query
from ._tencent import TencentCloud

_PAGE = 3000  # rows, the most it takes
_ID_OF_A_LINE = re.compile(r"\d+(=\d+)?")


@dataclass(frozen=True, kw_only=True)
class TencentDNSPod(TencentCloud, RestRecords):
    line: Annotated[str, "id or name of the resolution line whose records are ours, such as 10=1"] = "0"

    title = "Tencent Cloud DNSPod"
    example = {"secret_id": "AKIDExampleExample", "secret_key": "env:TENCENT_SECRET_KEY"}
    credential = (
        "console.cloud.tencent.com › Access Management: a sub-user with programmatic access, and a policy "
        "that allows dnspod: DescribeDomainList, DescribeRecordList, CreateRecord, ModifyRecord, "
        "DeleteRecord; then the API key of that sub-user."
    )
    base = "https://dnspod.tencentcloudapi.com"
    service, version = "dnspod", "2021-03-23"
    name_at, type_at, address_at, ttl_at, id_at = "Name", "Type", "Value", "TTL", "RecordId"
    kept = ("Line", "LineId", "Weight", "Remark")
    most_ttl = 604800
    budget = Budget(requests=20, seconds=1)

    async def find_zones(self, api: Api, candidates: Collection[Name]) -> Sequence[Zone | Unusable]:
        rows = await self._rows(api, "DescribeDomainList", {}, "DomainList")
        zones = [zone for row in rows if (zone := self.zone_of(row)) and zone.apex in candidates]
        return list({zone.apex: zone for zone in zones}.values())

    def zone_of(self, row: Any) -> Zone | Unusable | None:
        apex = owner_of(row["Name"])
        if apex is None:
            return None
        if row.get("Status") == "SPAM":
            return Unusable(apex, Refused(f"{self.title} has banned the zone {apex}; ask its support"))
        return Zone(apex, str(int(row["DomainId"])), least_ttl_of(row.get("Grade")))

    def query(self, zone: Zone, owner: Name | None, rrtype: RRType) -> Query:
        if owner is None:
            return {"RecordType": rrtype.value}
        return {"RecordType": rrtype.value, "Subdomain": owner.label_in(zone.apex)}

    async def zone_content(self, api: Api, zone: Zone, query: Query) -> list[Any]:
        asked = {**self._inside(zone), **query, "ErrorOnEmpty": "no"}
        try:
            return await self._rows(api, "DescribeRecordList", asked, "RecordList")
        except Stale:  # an older server: its list of nothing is an error after all
            return []

    async def _rows(self, api: Api, action: str, asked: dict[str, Any], at: str) -> list[Any]:
        async def page(number: int) -> tuple[list[Any], bool]:
            told = await self.act(api, action, {**asked, "Offset": (number - 1) * _PAGE, "Limit": _PAGE})
            return told[at], len(told[at]) >= _PAGE

        return await every_page(page)

    def _inside(self, zone: Zone) -> dict[str, Any]:
        return {"Domain": zone.apex.text, "DomainId": int(zone.id)}

    def owner(self, zone: Zone, row: Any) -> Name | None:
        ours = self.line in (row["LineId"], row["Line"]) and row["Status"].upper() == "ENABLE"
        return super().owner(zone, row) if ours else None

    def body(self, zone: Zone, wanted: RRset, address: IPAddress) -> dict[str, Any]:
        label = wanted.owner.label_in(zone.apex)
        named = {"SubDomain": label, "RecordType": wanted.rrtype.value, "Value": str(address)}
        return self._inside(zone) | named

    async def create(self, api: Api, zone: Zone, wanted: RRset, address: IPAddress) -> None:
        new = self.body(zone, wanted, address) | self.extras(wanted)
        new["RecordLine"] = "默认" if _ID_OF_A_LINE.fullmatch(self.line) else self.line
        if _ID_OF_A_LINE.fullmatch(self.line):
            new["RecordLineId"] = self.line
        self.done(await self.act(api, "CreateRecord", new))

    async def replace(
        self, api: Api, zone: Zone, wanted: RRset, record: Record, address: IPAddress
    ) -> None:
        has = record.options
        new = {"RecordId": int(record.id), "RecordLine": has["Line"], "RecordLineId": has["LineId"]}
        new |= {"Status": "ENABLE"} | self.body(zone, wanted, address)
        new |= {field: has[field] for field in ("Weight", "Remark") if has.get(field) is not None}
        if ttl := wanted.ttl or record.ttl:
            new["TTL"] = max(ttl, zone.least_ttl)  # a zone of a lesser plan has a greater least TTL
        self.done(await self.act(api, "ModifyRecord", new), record)

    async def delete(self, api: Api, zone: Zone, record: Record) -> None:
        await self.act(api, "DeleteRecord", {**self._inside(zone), "RecordId": int(record.id)})

    def done(self, told: Any, record: Record | None = None) -> None:
        """Raise if the answer to a write does not show that it was understood."""
        changed = int(told["RecordId"])
        if record is not None and changed != int(record.id):
            raise ValueError(f"it changed {changed}, not {record.id}")


def least_ttl_of(grade: str | None) -> int:
    """The least TTL of a zone by its plan: that of the free ones is known; others tell by refusing."""
    return 600 if str(grade).upper().endswith("FREE") else 0
