"""Zones at Alibaba Cloud ESA.  API 2024-09-10: https://api.aliyun.com/product/ESA (read 2026-11-21).

One record of a name holds its IPv4 and IPv6 addresses, joined by commas: whoever writes one family must
repeat the other.  So a record is read again just before it is written.  TTL 1 means automatic; proxied
records know no other.  Sites that are connected by CNAME have proxied records only.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Annotated, Any

from ..core.dns import IPAddress, Key, Name, Record, RRset, RRType, Zone, in_order
from ..core.errors import Refused
from ..core.plan import Change
from ..driver import Api, RRsetApi, Unusable, every_page, owner_of
from ..wire.http import Query
from ._alibaba import AlibabaCloud

_PAGE = 500  # rows, the most it takes
_TYPE = "A/AAAA"
_FEW = 8  # up to so many names are asked for one by one, more with a list of the zone


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `options = {...}` of a record may say; what is not said is left as it is."""

    proxied: Annotated[bool | None, "serve the name through ESA's proxy"] = None


@dataclass(frozen=True, kw_only=True)
class AlibabaESA(AlibabaCloud, RRsetApi):
    region: Annotated[str, "region whose endpoint is asked, such as ap-southeast-1"] = "cn-hangzhou"

    title = "Alibaba Cloud ESA"
    example = {"access_key_id": "LTAI5tExampleExample", "access_key_secret": "env:ALIYUN_SECRET"}
    credential = (
        "RAM console › Users › Create user (OpenAPI access) › AccessKey; a policy that allows esa: "
        "ListSites, ListRecords, CreateRecord, UpdateRecord, DeleteRecord."
    )
    version = "2024-09-10"
    options = Options
    both_families = True

    def address(self) -> str:
        return super().address() if self.endpoint else f"https://esa.{self.region}.aliyuncs.com"

    def fit(self, wanted: RRset) -> RRset:
        options = {name: value for name, value in wanted.options.items() if value is not None}
        ttl = wanted.ttl if wanted.ttl in (None, 1) else min(max(wanted.ttl, 30), 86400)
        return replace(wanted, ttl=None if options.get("proxied") else ttl, options=options)

    def veiled(self, options: Mapping[str, object]) -> bool:
        return bool(options.get("proxied"))

    async def find_zones(self, api: Api, candidates: Collection[Name]) -> Sequence[Zone | Unusable]:
        rows = await self._rows(api, "ListSites", "Sites", {})
        zones = [zone for row in rows if (zone := self.zone_of(row)) and zone.apex in candidates]
        return list({zone.apex: zone for zone in zones}.values())

    def zone_of(self, row: Any) -> Zone | None:
        """The handle also says how the site is connected."""
        apex = owner_of(row["SiteName"])
        return Zone(apex, f"{int(row['SiteId'])} {row.get('AccessType', 'NS')}") if apex else None

    async def records(self, api: Api, zone: Zone, keys: Collection[Key]) -> Mapping[Key, list[Record]]:
        owners = {owner for owner, _ in keys}
        asked: Sequence[Name | None] = sorted(owners) if len(owners) <= _FEW else [None]
        lists = await api.together([self._records(api, zone, owner) for owner in asked])
        found: dict[Key, dict[IPAddress, Record]] = {}
        for row in (row for rows in lists for row in rows):
            if (owner := owner_of(row["RecordName"])) is None:
                continue
            proxied = bool(row.get("Proxied"))
            ttl = None if proxied else int(row["Ttl"])
            for address in addresses_of(row):
                record = Record(str(row["RecordId"]), address, ttl, {"proxied": proxied})
                found.setdefault((owner, RRType.of(address)), {})[address] = record
        return {key: list(records.values()) for key, records in found.items()}

    async def _records(self, api: Api, zone: Zone, owner: Name | None) -> list[Any]:
        """The records with addresses, of one owner or of all."""
        asked = {"SiteId": zone.id.partition(" ")[0], "Type": _TYPE}
        if owner:
            asked |= {"RecordName": owner.text, "RecordMatchType": "exact"}
        rows = await self._rows(api, "ListRecords", "Records", asked)
        return [row for row in rows if row["RecordType"] == _TYPE]

    async def _rows(self, api: Api, action: str, at: str, query: Query) -> list[Any]:
        async def page(number: int) -> tuple[list[Any], bool]:
            part = {"PageNumber": str(number), "PageSize": str(_PAGE)}
            told = await self.ask(api, action, {**query, **part})
            return told[at], number * _PAGE < told["TotalCount"]

        return await every_page(page)

    async def commit(self, api: Api, zone: Zone, changes: Sequence[Change]) -> None:
        by_owner: dict[Name, list[RRset]] = {}
        for change in changes:
            by_owner.setdefault(change.wanted.owner, []).append(change.wanted)
        for owner, wanted in by_owner.items():
            await self._set(api, zone, owner, wanted)

    async def _set(self, api: Api, zone: Zone, owner: Name, wanted: Sequence[RRset]) -> None:
        """Give the one record of an owner the wanted addresses; a family that nobody spoke of stays."""
        rows = await self._records(api, zone, owner)
        rows = [row for row in rows if owner_of(row["RecordName"]) == owner]
        if len(rows) > 1:
            raise Refused(f"{self.title}: {owner} has {len(rows)} records of addresses; leave one of them")
        held = addresses_of(rows[0]) if rows else []
        goal = frozenset[IPAddress]().union(*(rrset.addresses for rrset in wanted))
        ours = {rrset.rrtype for rrset in wanted}
        value = [address for address in held if RRType.of(address) not in ours or address in goal]
        value += in_order(goal - set(value))
        if not value:
            if rows:
                await self._act(api, "DeleteRecord", {"RecordId": str(rows[0]["RecordId"])})
            return
        new = self._new(zone, rows[0] if rows else {}, wanted)
        new |= {"Type": _TYPE, "Data": json.dumps({"Value": ",".join(map(str, value))})}
        if rows:
            await self._act(api, "UpdateRecord", {"RecordId": str(rows[0]["RecordId"]), **new})
        else:
            site = {"SiteId": zone.id.partition(" ")[0], "RecordName": owner.text}
            await self._act(api, "CreateRecord", {**site, **new})

    async def _act(self, api: Api, action: str, query: Query) -> None:
        told = await self.act(api, action, query)
        if not isinstance(told["RequestId"], str):
            raise TypeError(f"{told['RequestId']!r} is no request")

    def _new(self, zone: Zone, row: Any, wanted: Sequence[RRset]) -> dict[str, str]:
        """All about a record but its addresses: as it is, unless something else is wanted."""
        before = row.get("Proxied", zone.id.endswith("CNAME"))
        proxied = bool(next((s.options["proxied"] for s in wanted if "proxied" in s.options), before))
        ttls = [rrset.ttl for rrset in wanted if rrset.ttl]
        ttl = row.get("Ttl") or 1 if proxied or not ttls else min(ttls)
        new = {"Ttl": str(ttl), "Proxied": str(proxied).lower()}
        if proxied:
            new["BizName"] = row.get("BizName") or "web"
        return new | {f: str(row[f]) for f in ("Comment", "HttpPorts", "HttpsPorts") if row.get(f)}


def addresses_of(row: Any) -> list[IPAddress]:
    return [ip_address(text.strip()) for text in row["Data"]["Value"].split(",")]
