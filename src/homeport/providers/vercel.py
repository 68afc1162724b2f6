"""Zones at Vercel.  REST API: https://vercel.com/docs/rest-api/dns (read 2026-11-21).

Each call has a version of its own in its path.  What belongs to a team is seen only with its id in the
query.  Owner names are relative, "" at the apex.  Pages go back in time.  A creation is answered with an
id only, an update with a row whose `type` is "record".  It takes 100 creations an hour.
"""

from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Annotated, Any

from ..core.dns import IPAddress, Name, Record, RRType, Zone
from ..core.errors import Stale
from ..core.secret import Secret
from ..driver import Api, RestRecords, seen_before
from ..wire.auth import bearer
from ..wire.http import Query, Reply, Request


@dataclass(frozen=True, kw_only=True)
class Vercel(RestRecords):
    token: Annotated[Secret, "an access token, its scope the team that holds the domain"]
    team_id: Annotated[str | None, "id of the team that holds the domain (team_...)"] = None

    title = "Vercel"
    example = {"token": "env:VERCEL_TOKEN"}
    credential = (
        "vercel.com › Account Settings › Tokens: its scope is the team that holds the domain, whose id "
        "is under Team Settings › General."
    )
    base = "https://api.vercel.com"
    zones, zones_at, zone_id_at, zones_query = "/v5/domains", "domains", "name", {"limit": "100"}
    collection, listed = "/v2/domains/{zone}/records", "/v5/domains/{zone}/records"
    rows_at, address_at, apex, fixed = "records", "value", "", ("type", "name")
    least_ttl, most_ttl = 60, 86400
    patience = 300

    def headers(self) -> dict[str, Secret]:
        return bearer(self.token)

    def sign(self, request: Request, now: float, nonce: str) -> Request:
        team = {"teamId": self.team_id} if self.team_id else {}
        return replace(request, query={**request.query, **team})

    def check_failure(self, reply: Reply, said: str) -> None:
        if reply.status == 409:
            raise Stale(said)

    def next_page(self, payload: Any, reply: Reply) -> Query | None:
        before = payload["pagination"]["next"]
        return {"until": str(int(before))} if before is not None else None

    def query(self, zone: Zone, owner: Name | None, rrtype: RRType) -> Query:
        return {"limit": "100"}

    def record_path(self, zone: Zone, record: Record) -> str:
        return f"/v1/domains/records/{record.id}"

    async def delete(self, api: Api, zone: Zone, record: Record) -> None:
        with seen_before():
            await api.delete(f"{self.path(zone)}/{record.id}")

    def wrote(self, payload: Any, address: IPAddress) -> None:
        if "uid" not in payload and ip_address(payload["value"]) != address:
            raise ValueError(f"it stored {payload['value']}, not {address}")
