"""Zones at Infomaniak.  API v1: https://developer.infomaniak.com/docs/api (read 2026-11-21).

A domain is a product with a number.  The owner name is the `source`, "." at the apex; its forms "" and
"@" are understood too.  A creation is answered with an id only.  `result` in the envelope decides.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from ..core.dns import IPAddress, Name, Zone
from ..core.errors import Refused
from ..core.secret import Secret
from ..driver import Budget, RestRecords, owner_of
from ..wire.auth import bearer
from ..wire.http import Query


@dataclass(frozen=True, kw_only=True)
class Infomaniak(RestRecords):
    token: Annotated[Secret, "an API token with the scope domain"]

    title = "Infomaniak"
    example = {"token": "env:INFOMANIAK_TOKEN"}
    credential = (
        "manager.infomaniak.com › Profile › Developer › API tokens: the scope “domain”, nothing else."
    )
    base = "https://api.infomaniak.com"
    zones, zones_at, zones_query = "/1/product", "data", {"service_name": "domain"}
    collection, rows_at = "/1/domain/{zone}/dns/record", "data"
    update_with, apex, fixed = "PUT", ".", ("type",)
    name_at, address_at = "source", "target"
    least_ttl = 60
    budget = Budget(requests=60, seconds=60)
    patience = 60

    def headers(self) -> dict[str, Secret]:
        return bearer(self.token)

    def check(self, payload: Any) -> None:
        if payload["result"] == "error":
            raise Refused(f"{self.title}: {self.scrub(str(payload.get('error')))[:160]}")
        if payload["result"] not in ("success", "asynchronous"):
            raise ValueError(f"an unknown result: {payload['result']!r}")

    def zone_of(self, row: Any) -> Zone | None:
        apex = owner_of(row["customer_name"] or "")  # null of a product that is not set up yet
        return Zone(apex, str(row["id"])) if apex else None

    def later_pages(self, payload: Any) -> Iterable[Query]:
        return ({"page": str(number)} for number in range(2, (payload.get("pages") or 1) + 1))

    def owner(self, zone: Zone, row: Any) -> Name | None:
        return zone.apex if row["source"] in ("@", zone.apex.text) else super().owner(zone, row)

    def defaults(self) -> dict[str, Any]:
        return {"ttl": 3600}

    def wrote(self, payload: Any, address: IPAddress) -> None:
        if not payload["data"]:
            raise ValueError(f"an id or a record was expected, not {payload!r}")
