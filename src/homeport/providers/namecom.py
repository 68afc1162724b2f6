"""Zones at Name.com.  API v4: https://www.name.com/api-docs/dns (read 2026-11-21).

Rows say the owner name in full, bodies without the zone.  A list that is empty is left out of the
answer.  An account with two-step verification needs API access switched on in its settings.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from ..core.dns import IPAddress, RRset, Zone
from ..core.errors import Stale
from ..core.secret import Secret
from ..driver import Api, Budget, RestRecords, told
from ..wire.auth import basic
from ..wire.http import Query, Reply


@dataclass(frozen=True, kw_only=True)
class NameCom(RestRecords):
    user: Annotated[str, "user name of the account"]
    token: Annotated[Secret, "an API token of that user"]

    title = "Name.com"
    example = {"user": "jdoe", "token": "env:NAMECOM_TOKEN"}
    credential = (
        "name.com › Settings › API Token Management; with two-step verification also Settings › "
        "Security › Name.com API Access."
    )
    base = "https://api.name.com/v4"
    zones, zones_at, zone_name_at, zone_id_at = "/domains", "domains", "domainName", "domainName"
    zones_query = {"perPage": "1000"}
    collection, rows_at, name_at, apex = "/domains/{zone}/records", "records", "fqdn", None
    address_at, update_with = "answer", "PUT"
    least_ttl = 300
    budget = Budget(requests=3000, seconds=3600)

    def headers(self) -> dict[str, Secret]:
        return basic(self.user, self.token)

    def check_failure(self, reply: Reply, said: str) -> None:
        words = f"{told(reply, 'message')} {told(reply, 'details')}".lower()
        if "duplicate" in words or "already exist" in words:
            raise Stale(said)

    def next_page(self, payload: Any, reply: Reply) -> Query | None:
        return {"page": str(int(payload["nextPage"]))} if payload.get("nextPage") else None

    async def zone_content(self, api: Api, zone: Zone, query: Query) -> list[Any]:
        asked = {**query, "perPage": "1000"}
        try:
            return await super().zone_content(api, zone, asked)
        except KeyError:  # ask again, so that no broken answer is taken for an empty zone
            if await api.get(self.path(zone), **asked) == {}:
                return []
            raise

    def body(self, zone: Zone, wanted: RRset, address: IPAddress) -> dict[str, Any]:
        host = wanted.owner.label_in(zone.apex, apex="")
        return {"type": wanted.rrtype.value, "host": host, "answer": str(address)}
