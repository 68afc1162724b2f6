"""Zones at dynv6.  API v2: https://dynv6.github.io/api-spec/ (read 2026-11-21).

The apex has its addresses, one of each type, as properties of the zone; all other names have records.
A record may hold no address, or the end of one, and follow those of the zone: it is left alone, and so
is the prefix of a zone.  The service sets the TTL.
"""

from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Annotated, Any

from ..core.dns import IPAddress, Record, RRset, RRType, Zone
from ..core.errors import Refused
from ..core.secret import Secret
from ..driver import Api, RestRecords
from ..wire.auth import bearer
from ..wire.http import Query

_FIELDS = {"A": "ipv4address", "AAAA": "ipv6prefix"}


@dataclass(frozen=True, kw_only=True)
class Dynv6(RestRecords):
    token: Annotated[Secret, "an HTTP token"]

    title = "dynv6"
    example = {"token": "env:DYNV6_TOKEN"}
    example_owner = "home.example.dynv6.net"
    credential = "dynv6.com › Keys › HTTP Tokens: a token, which can be limited to one zone."
    base = "https://dynv6.com/api/v2"
    zones = "/zones"
    collection, address_at, apex, kept = "/zones/{zone}/records", "data", "", ("follows",)

    def headers(self) -> dict[str, Secret]:
        return bearer(self.token)

    def fit(self, wanted: RRset) -> RRset:
        return replace(wanted, ttl=None)

    async def zone_content(self, api: Api, zone: Zone, query: Query) -> list[Any]:
        rows = await super().zone_content(api, zone, query)
        found = await api.get(f"/zones/{zone.id}")
        for rrtype, field in _FIELDS.items():
            address, _, length = str(found[field] or "").partition("/")
            if address:
                row = {"id": rrtype, "name": "", "type": rrtype, "data": address}
                rows.append(row | ({"follows": True} if length not in ("", "32", "128") else {}))
        return rows

    def rrtype(self, row: Any) -> str:
        """One that holds no address at all is none of ours."""
        return str(row["type"]) if row.get("expandedData") or row["data"] else ""

    def record(self, row: Any) -> Record:
        told = row.get("expandedData") or row["data"]
        options = {"follows": row.get("follows") or told != row["data"]}
        return Record(str(row["id"]), ip_address(told), None, options)

    def special(self, record: Record) -> str | None:
        return "made from the address or prefix of the zone" if record.options["follows"] else None

    async def create(self, api: Api, zone: Zone, wanted: RRset, address: IPAddress) -> None:
        if wanted.owner != zone.apex:
            await super().create(api, zone, wanted, address)
            return
        if (await api.get(f"/zones/{zone.id}"))[_FIELDS[wanted.rrtype]]:
            raise Refused(f"{self.title}: {zone.apex} can hold one {wanted.rrtype} address, being a zone")
        await self._set(api, zone, wanted.rrtype, address)

    async def replace(
        self, api: Api, zone: Zone, wanted: RRset, record: Record, address: IPAddress
    ) -> None:
        if record.id in _FIELDS:
            await self._set(api, zone, wanted.rrtype, address)
        else:
            await super().replace(api, zone, wanted, record, address)

    async def delete(self, api: Api, zone: Zone, record: Record) -> None:
        if record.id in _FIELDS:
            await self._set(api, zone, RRType(record.id), None)
        else:
            await super().delete(api, zone, record)

    async def _set(self, api: Api, zone: Zone, rrtype: RRType, address: IPAddress | None) -> None:
        field = _FIELDS[rrtype]
        answer = await api.patch(f"/zones/{zone.id}", {field: str(address or "")})
        stored, _, _ = str(answer[field] or "").partition("/")
        if (ip_address(stored) if stored else None) != address:
            raise ValueError(f"it stored {stored!r}, not {address}")
