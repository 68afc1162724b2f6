"""Zones at DNSimple.  API v2: https://developer.dnsimple.com/v2/zones/records/ (read 2026-11-21).

Everything lies under the number of an account; a token that sees several is asked about each.  Owner
names are relative, "" at the apex.  A PATCH holds no type and leaves the regions of a record alone.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from ..core.dns import Name, RRType, Zone
from ..core.errors import BadCredentials, Refused, Stale
from ..core.secret import Secret
from ..driver import Api, Budget, RestRecords, Unusable, owner_of
from ..wire.auth import bearer
from ..wire.http import Query, Reply


@dataclass(frozen=True, kw_only=True)
class DNSimple(RestRecords):
    token: Annotated[Secret, "an API access token"]
    account_id: Annotated[str | None, "number of the account, if the token sees several"] = None

    title = "DNSimple"
    example = {"token": "env:DNSIMPLE_TOKEN"}
    credential = "dnsimple.com › Account › Access Tokens; best one that is limited to the zone."
    base = "https://api.dnsimple.com/v2"
    collection, rows_at, row_at, apex, fixed = "/{zone}/records", "data", "data", "", ("type",)
    least_ttl = 60
    budget = Budget(requests=2400, seconds=3600)
    patience = 300

    def headers(self) -> dict[str, Secret]:
        return bearer(self.token)

    def check_failure(self, reply: Reply, said: str) -> None:
        if reply.status == 402:
            raise BadCredentials(f"{said}; the account has no subscription in good standing")
        if reply.status == 400 and "already exists" in reply.text:
            raise Stale(said)

    def later_pages(self, payload: Any) -> Iterable[Query]:
        pages = (payload.get("pagination") or {}).get("total_pages") or 1
        return ({"page": str(number)} for number in range(2, pages + 1))

    async def find_zones(self, api: Api, candidates: Collection[Name]) -> Sequence[Zone | Unusable]:
        rows = [{"id": self.account_id}] if self.account_id else await api.rows("/accounts", "data")
        paths = [f"/{row['id']}/zones" for row in rows]
        lists = await api.together([api.rows(path, "data", per_page="100") for path in paths])
        found: dict[Name, Zone | Unusable] = {}
        for path, zones in zip(paths, lists, strict=True):
            for row in zones:
                if (apex := owner_of(row["name"])) not in candidates or apex is None:
                    continue
                zone = Zone(apex, f"{path.strip('/')}/{apex}")
                if found.setdefault(apex, zone) != zone:
                    why = f"several accounts have a zone {apex}; say which one with account_id"
                    found[apex] = Unusable(apex, Refused(f"{self.title}: {why}"))
        return list(found.values())

    def query(self, zone: Zone, owner: Name | None, rrtype: RRType) -> Query:
        named = {"name": owner.label_in(zone.apex, apex="")} if owner else {}
        return {**named, "type": rrtype.value, "per_page": "100"}
