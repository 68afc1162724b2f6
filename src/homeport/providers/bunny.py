"""Zones at bunny.net.  API: https://docs.bunny.net/reference/dnszonepublic_index (read 2026-11-21).

PUT creates a record, POST updates it and needs its id and type again, and all else it shall keep; the
answer is "204 No Content".  Types are numbers (0 is A, 1 is AAAA), in newer answers words.  The name is ""
at the apex.  Records chosen by place or latency ("smart routing") are moved, never removed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from ..core.dns import IPAddress, Record, RRset, RRType, Zone
from ..core.errors import Refused
from ..core.plan import Change, Delete
from ..core.secret import Secret
from ..driver import Api, RestRecords
from ..wire.auth import key
from ..wire.http import Query, Reply

_TYPES = {RRType.A: 0, RRType.AAAA: 1}
_WORDS = {0: "A", 1: "AAAA"}


@dataclass(frozen=True, kw_only=True)
class Bunny(RestRecords):
    api_key: Annotated[Secret, "the API key of the account"]

    title = "bunny.net"
    example = {"api_key": "env:BUNNY_API_KEY"}
    credential = "dash.bunny.net › Account › API key; there is but one, which may do everything."
    base = "https://api.bunny.net"
    zones, zones_at, zone_name_at, zone_id_at = "/dnszone", "Items", "Domain", "Id"
    zones_query = {"page": "1", "perPage": "100"}
    collection, listed = "/dnszone/{zone}/records", "/dnszone/{zone}"
    rows_at, apex, create_with, update_with = "Records", "", "PUT", "POST"
    id_at, name_at, type_at, address_at, ttl_at = "Id", "Name", "Type", "Value", "Ttl"
    kept = (
        *("Id", "Weight", "Priority", "Flags", "Tag", "Port", "PullZoneId", "Accelerated", "MonitorType"),
        *("GeolocationLatitude", "GeolocationLongitude", "LatencyZone", "SmartRoutingType", "Disabled"),
        *("EnviromentalVariables", "Comment", "AutoSslIssuance"),  # their spelling
    )
    least_ttl = 15

    def headers(self) -> dict[str, Secret]:
        return key("accesskey", self.api_key)

    def next_page(self, payload: Any, reply: Reply) -> Query | None:
        return {"page": str(int(payload["CurrentPage"]) + 1)} if payload.get("HasMoreItems") else None

    def rrtype(self, row: Any) -> str:
        kind = row["Type"]
        return _WORDS.get(kind, "") if isinstance(kind, int) else str(kind)

    def record(self, row: Any) -> Record:
        told = {"PullZoneId": row.get("AcceleratedPullZoneId") or None, **row}
        return super().record({name: value for name, value in told.items() if value is not None})

    def body(self, zone: Zone, wanted: RRset, address: IPAddress) -> dict[str, Any]:
        return super().body(zone, wanted, address) | {"Type": _TYPES[wanted.rrtype]}

    async def commit(self, api: Api, zone: Zone, changes: Sequence[Change]) -> None:
        gone = [change.record.options for change in changes if isinstance(change, Delete)]
        if any(options.get("SmartRoutingType") not in (None, 0, "None") for options in gone):
            why = "has records that are chosen by place or latency; remove them there"
            raise Refused(f"{self.title}: {changes[0].wanted.owner} {why}")
        await super().commit(api, zone, changes)
