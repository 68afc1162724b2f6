"""Zones at Tencent EdgeOne.  API 2022-09-01: https://cloud.tencent.com/document/api/1552 (read 2026-11-21).

Only sites connected by name servers have DNS records here.  With `mode = "acceleration"` it is not a
record that changes, but the origin of an acceleration domain: one address, of one family, behind
EdgeOne's own addresses; such a domain is neither made nor removed.  Records of other resolution lines,
and those that somebody disabled, are left as they are.  Filters may be fuzzy.  Errors come inside a 200.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Any, Literal

from ..core.dns import IPAddress, Name, Record, RRset, RRType, Zone
from ..core.errors import Refused
from ..driver import Api, Budget, RestRecords, Unusable, every_page, owner_of
from ..wire.http import Query
from ._tencent import TencentCloud

_MODE = Literal["dns", "acceleration"]
_DEFAULTS = {"Location": "Default", "Weight": -1}  # in the lesser plans there is nothing else


@dataclass(frozen=True, kw_only=True)
class EdgeOne(TencentCloud, RestRecords):
    mode: Annotated[_MODE, "what follows the address: DNS records, or the origins of acceleration"] = "dns"
    line: Annotated[str, "code of the resolution line whose records are ours (DNS records only)"] = (
        "Default"
    )

    title = "Tencent EdgeOne"
    example = {"secret_id": "AKIDExampleExample", "secret_key": "env:TENCENT_SECRET_KEY"}
    credential = (
        "console.cloud.tencent.com › Access Management: a sub-user with programmatic access, and a policy "
        "that allows teo: DescribeZones, DescribeDnsRecords, CreateDnsRecord, ModifyDnsRecords, "
        "DeleteDnsRecords (for acceleration: DescribeAccelerationDomains, ModifyAccelerationDomain)."
    )
    base = "https://teo.tencentcloudapi.com"
    service, version = "teo", "2022-09-01"
    name_at, type_at, address_at, ttl_at, id_at, apex = "Name", "Type", "Content", "TTL", "RecordId", None
    kept = ("Location", "Weight", "HostHeader")
    least_ttl, most_ttl = 60, 86400
    budget = Budget(requests=20, seconds=1)

    def veiled(self, options: Mapping[str, object]) -> bool:
        return self.mode == "acceleration"

    async def find_zones(self, api: Api, candidates: Collection[Name]) -> Sequence[Zone | Unusable]:
        found: dict[Name, list[Any]] = {}
        for row in await self._rows(api, "DescribeZones", "Zones", 100, {}):
            apex = owner_of(row["ZoneName"])
            if apex is not None and apex in candidates:
                found.setdefault(apex, []).append(row)
        return [self._choose(apex, rows) for apex, rows in found.items()]

    def _choose(self, apex: Name, rows: list[Any]) -> Zone | Unusable:
        """One site may be there twice, connected in different ways."""
        usable = [row for row in rows if self.mode == "acceleration" or row["Type"] == "full"]
        match usable:
            case [row]:
                return Zone(apex, str(row["ZoneId"]))
            case []:
                why = (
                    f"{apex} is connected without name servers ({rows[0]['Type']}), so its DNS is elsewhere"
                )
            case _:
                why = f"this account has several sites {apex}; which one is meant?"
        return Unusable(apex, Refused(f"{self.title}: {why}"))

    def query(self, zone: Zone, owner: Name | None, rrtype: RRType) -> Query:
        return {"name": owner.text, "type": rrtype.value} if owner else {"type": rrtype.value}

    async def zone_content(self, api: Api, zone: Zone, query: Query) -> list[Any]:
        if self.mode == "acceleration":
            return await self._origins(api, zone, query)
        filters = [{"Name": name, "Values": [value], "Fuzzy": False} for name, value in query.items()]
        asked = {"ZoneId": zone.id, "Filters": filters}
        return await self._rows(api, "DescribeDnsRecords", "DnsRecords", 1000, asked)

    async def _origins(self, api: Api, zone: Zone, query: Query) -> list[Any]:
        """The acceleration domains whose origin is an address, in the shape of records."""
        asked: dict[str, Any] = {"ZoneId": zone.id}
        if "name" in query:
            asked["Filters"] = [{"Name": "domain-name", "Values": [query["name"]], "Fuzzy": False}]
        rows = []
        for domain in await self._rows(
            api, "DescribeAccelerationDomains", "AccelerationDomains", 200, asked
        ):
            origin = domain["OriginDetail"]
            if origin["OriginType"] == "IP_DOMAIN" and (kind := _type_of(origin["Origin"])) is not None:
                name = domain["DomainName"]
                row = {"RecordId": name, "Name": name, "Type": kind.value, "Content": origin["Origin"]}
                row |= {"TTL": None, "HostHeader": origin.get("HostHeader")}
                rows.append({**row, "Location": self.line, "Status": "enable"})
        return rows

    async def _rows(self, api: Api, action: str, at: str, size: int, asked: Mapping[str, Any]) -> list[Any]:
        async def page(number: int) -> tuple[list[Any], bool]:
            part = {"Offset": (number - 1) * size, "Limit": size}
            told = await self.act(api, action, {**asked, **part})
            return told[at], number * size < told["TotalCount"]

        return await every_page(page)

    def owner(self, zone: Zone, row: Any) -> Name | None:
        ours = row.get("Location", "Default") == self.line and row["Status"] == "enable"
        return super().owner(zone, row) if ours else None

    async def create(self, api: Api, zone: Zone, wanted: RRset, address: IPAddress) -> None:
        if self.mode == "acceleration":
            why = (
                "has no acceleration domain whose origin is one address of this family; add it there first"
            )
            raise Refused(f"{self.title}: {wanted.owner} {why}")
        new = self.body(zone, wanted, address) | self.extras(wanted)
        told = await self.act(
            api, "CreateDnsRecord", {"ZoneId": zone.id, **_said(Location=self.line), **new}
        )
        if not isinstance(told["RecordId"], str):
            raise TypeError(f"{told['RecordId']!r} is no record")

    async def replace(
        self, api: Api, zone: Zone, wanted: RRset, record: Record, address: IPAddress
    ) -> None:
        if self.mode == "acceleration":
            host = record.options.get("HostHeader")
            origin = {"OriginType": "IP_DOMAIN", "Origin": str(address)}
            origin |= {"HostHeader": str(host)} if host else {}
            action = "ModifyAccelerationDomain"
            new: dict[str, Any] = {"DomainName": record.id, "OriginInfo": origin}
        else:
            has = _said(**{name: record.options.get(name) for name in _DEFAULTS})
            row = {"RecordId": record.id, "TTL": record.ttl, **has}
            row |= self.body(zone, wanted, address) | self.extras(wanted)
            action, new = "ModifyDnsRecords", {"DnsRecords": [row]}
        self._done(await self.act(api, action, {"ZoneId": zone.id, **new}))

    async def delete(self, api: Api, zone: Zone, record: Record) -> None:
        if self.mode == "acceleration":
            raise Refused(f"{self.title}: {record.id} is an acceleration domain; remove it there by hand")
        self._done(await self.act(api, "DeleteDnsRecords", {"ZoneId": zone.id, "RecordIds": [record.id]}))

    def _done(self, told: Any) -> None:
        """Raise if the answer to a write does not show that it was understood."""
        if not isinstance(told["RequestId"], str):
            raise TypeError(f"{told['RequestId']!r} is no request")


def _said(**fields: object) -> dict[str, Any]:
    """The fields that are not as they would be if nobody spoke of them."""
    return {name: value for name, value in fields.items() if value not in (None, _DEFAULTS[name])}


def _type_of(origin: str) -> RRType | None:
    """The type that an address would have; None for the name of a host."""
    try:
        return RRType.of(ip_address(origin))
    except ValueError:
        return None
