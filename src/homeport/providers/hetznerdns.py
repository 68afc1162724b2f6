"""Zones at Hetzner's old DNS Console.  API: https://dns.hetzner.com/api-docs (read 2026-11-21).

It is being closed: a zone that has moved to the Cloud is unknown here (`hetzner` knows it), and so are
the Cloud's tokens.  Records are listed by zone only.  One without a TTL has its zone's, which is 0 here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from ..core.dns import IPAddress, Name, Record, RRset, RRType, Zone
from ..core.errors import Refused, Stale
from ..core.secret import Secret
from ..driver import RestRecords, Unusable, told
from ..wire.auth import key
from ..wire.http import Query, Reply


@dataclass(frozen=True, kw_only=True)
class HetznerDNS(RestRecords):
    token: Annotated[Secret, "an API token of the DNS Console"]

    title = "Hetzner DNS Console"
    example = {"token": "env:HETZNER_DNS_TOKEN"}
    credential = (
        "dns.hetzner.com › Manage API tokens: a new access token; it opens all zones of the account."
    )
    base = "https://dns.hetzner.com/api/v1"
    zones, zones_at, zones_query = "/zones", "zones", {"per_page": "100"}
    collection, rows_at, row_at = "/records", "records", "record"
    address_at, update_with = "value", "PUT"
    least_ttl = 60
    patience = 60

    def headers(self) -> dict[str, Secret]:
        return key("auth-api-token", self.token)

    def check_failure(self, reply: Reply, said: str) -> None:
        words = told(reply, "error", "message").lower()
        if reply.status == 409 or (reply.status == 422 and ("taken" in words or "already exist" in words)):
            raise Stale(said)

    def later_pages(self, payload: Any) -> Iterable[Query]:
        pages = (payload.get("meta") or {}).get("pagination") or {"last_page": 1}
        return ({"page": str(number)} for number in range(2, pages["last_page"] + 1))

    def zone_of(self, row: Any) -> Zone | Unusable | None:
        zone = super().zone_of(row)
        if row.get("is_secondary_dns") and isinstance(zone, Zone):
            why = f"{self.title} is only a secondary of {zone.apex}; change it at its primary"
            return Unusable(zone.apex, Refused(why))
        return zone

    def query(self, zone: Zone, owner: Name | None, rrtype: RRType) -> Query:
        return {"zone_id": zone.id}

    def record(self, row: Any) -> Record:
        return super().record({"ttl": 0} | row)._replace(ttl=int(row.get("ttl") or 0))

    def body(self, zone: Zone, wanted: RRset, address: IPAddress) -> dict[str, Any]:
        return {"zone_id": zone.id, **super().body(zone, wanted, address)}

    def changed(self, zone: Zone, wanted: RRset, record: Record, address: IPAddress) -> dict[str, Any]:
        body = super().changed(zone, wanted, record, address)
        return {field: value for field, value in body.items() if field != "ttl" or wanted.ttl != 0}
