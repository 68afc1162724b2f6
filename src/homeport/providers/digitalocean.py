"""Zones at DigitalOcean.  API v2: https://docs.digitalocean.com/reference/api/ (read 2026-11-21).

Owner names are FQDNs in queries, but labels relative to the zone ("@" at the apex) in rows and bodies.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from ..core.dns import Name, RRType, Zone
from ..core.secret import Secret
from ..driver import Budget, RestRecords
from ..wire.auth import bearer
from ..wire.http import Query

_PAGE = 200  # rows, the most it takes


@dataclass(frozen=True, kw_only=True)
class DigitalOcean(RestRecords):
    token: Annotated[Secret, "a personal access token with the scopes domain:read, create, update, delete"]

    title = "DigitalOcean"
    example = {"token": "env:DIGITALOCEAN_TOKEN"}
    credential = (
        "Control panel › API › Tokens › Generate new token; custom scopes: domain (read, create, "
        "update, delete), nothing else."
    )
    base = "https://api.digitalocean.com/v2"
    zones, zones_at, zone_id_at, zones_query = "/domains", "domains", "name", {"per_page": str(_PAGE)}
    collection, rows_at, row_at = "/domains/{zone}/records", "domain_records", "domain_record"
    address_at = "data"
    least_ttl = 30
    budget = Budget(requests=250, seconds=60)

    def headers(self) -> dict[str, Secret]:
        return bearer(self.token)

    def query(self, zone: Zone, owner: Name | None, rrtype: RRType) -> Query:
        named = {"name": owner.text} if owner else {}
        return {**named, "type": rrtype.value, "per_page": str(_PAGE)}

    def later_pages(self, payload: Any) -> Iterable[Query]:
        pages = -(-payload["meta"]["total"] // _PAGE)
        return ({"page": str(number)} for number in range(2, pages + 1))
