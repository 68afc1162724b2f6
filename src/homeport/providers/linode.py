"""Zones at Linode (Akamai).  API v4: https://techdocs.akamai.com/linode-api/reference/ (read 2026-11-21).

Owner names are relative, "" at the apex.  It rounds TTLs up to those of a list; 0 is the default of the
zone.  Filters are a header (`X-Filter`), and the list of a zone is short enough without.  Domains may be
copies of another server's ("slave"), or disabled.  Changes reach the name servers after minutes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from ..core.dns import Name, Record, RRset, RRType, Zone
from ..core.errors import Refused
from ..core.secret import Secret
from ..driver import Budget, RestRecords, Unusable, owner_of
from ..wire.auth import bearer
from ..wire.http import Query

_PAGE = {"page_size": "500"}  # rows, the most it takes


@dataclass(frozen=True, kw_only=True)
class Linode(RestRecords):
    token: Annotated[Secret, "a personal access token that may read and write domains"]

    title = "Linode"
    example = {"token": "env:LINODE_TOKEN"}
    credential = "cloud.linode.com › Profile › API Tokens: Domains: Read/Write, nothing else."
    base = "https://api.linode.com/v4"
    zones, zones_at, zones_query = "/domains", "data", _PAGE
    collection, rows_at, update_with, apex = "/domains/{zone}/records", "data", "PUT", ""
    kept, fixed = ("priority", "weight", "port", "service", "protocol", "tag"), ("type",)
    address_at, ttl_at = "target", "ttl_sec"
    ttls = (
        *(30, 120, 300, 3600, 7200, 14400, 28800, 57600, 86400),
        *(172800, 345600, 604800, 1209600, 2419200),
    )
    budget = Budget(requests=400, seconds=120)

    def headers(self) -> dict[str, Secret]:
        return bearer(self.token)

    def zone_of(self, row: Any) -> Zone | Unusable | None:
        if (apex := owner_of(row["domain"])) is None:
            return None
        if row["type"] != "master" or row["status"] == "disabled":
            why = (
                f"the domain {apex} is {row['type']} and {row['status']} there; make it primary and active"
            )
            return Unusable(apex, Refused(f"{self.title}: {why}"))
        return Zone(apex, str(row["id"]))

    def query(self, zone: Zone, owner: Name | None, rrtype: RRType) -> Query:
        return _PAGE

    def later_pages(self, payload: Any) -> Iterable[Query]:
        return ({"page": str(number)} for number in range(2, payload["pages"] + 1))

    def record(self, row: Any) -> Record:
        """A TTL of 0 is one that can be wrong, so it is not None."""
        return super().record(row)._replace(ttl=int(row["ttl_sec"]))

    def extras(self, wanted: RRset) -> dict[str, Any]:
        return {} if wanted.ttl is None else {"ttl_sec": wanted.ttl}  # even 0, beside others' records
