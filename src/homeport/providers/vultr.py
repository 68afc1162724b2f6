"""Zones at Vultr.  API v2: https://www.vultr.com/api/#tag/dns (read 2026-11-21).

Owner names are relative, "" at the apex; lists have no filter, and come in pages behind a cursor.  A
PATCH is answered "204 No Content" and holds no type.  An API key has a list of the addresses that may
use it; one that lists only the present address dies with it.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from ..core.dns import Name, RRType, Zone
from ..core.errors import BadCredentials
from ..core.secret import Secret
from ..driver import Budget, RestRecords
from ..wire.auth import bearer
from ..wire.http import Query, Reply


@dataclass(frozen=True, kw_only=True)
class Vultr(RestRecords):
    token: Annotated[Secret, "an API key"]

    title = "Vultr"
    example = {"token": "env:VULTR_API_KEY"}
    credential = (
        "my.vultr.com › Account › API: a key, best of a sub-user with the right “Manage DNS” only; under "
        "Access Control, allow all IPv4 and all IPv6 addresses, since yours changes."
    )
    base = "https://api.vultr.com/v2"
    zones, zones_at, zone_name_at, zone_id_at = "/domains", "domains", "domain", "domain"
    zones_query = {"per_page": "500"}
    collection, rows_at, row_at, apex = "/domains/{zone}/records", "records", "record", ""
    fixed = ("type",)
    address_at = "data"
    least_ttl = 120
    budget = Budget(requests=30, seconds=1)

    def headers(self) -> dict[str, Secret]:
        return bearer(self.token)

    def query(self, zone: Zone, owner: Name | None, rrtype: RRType) -> Query:
        return {"per_page": "500"}

    def next_page(self, payload: Any, reply: Reply) -> Query | None:
        cursor = payload["meta"]["links"]["next"]
        if not isinstance(cursor, str):
            raise TypeError(f"a cursor was expected, not {cursor!r}")
        return {"cursor": cursor} if cursor else None

    def check_failure(self, reply: Reply, said: str) -> None:
        if reply.status in (401, 403) and "ip address" in reply.text.lower():
            raise BadCredentials(
                f"{said}; let the key's Access Control allow every address, as yours changes"
            )
