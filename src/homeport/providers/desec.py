"""Zones at deSEC.  API: https://desec.readthedocs.io/en/latest/dns/rrsets.html (read 2026-11-21).

One request sets many RRsets of a domain, all or none; one without records is removed.  The apex is ""
in bodies.  Each domain has its least TTL.  Long lists come in pages, behind a cursor in a Link header.
Limits are of the account, some of a domain in it: https://desec.readthedocs.io/en/latest/rate-limits.html
(read 2026-11-22).  What is throttled there (429) is counted in sliding windows, all at the same time.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Any

from ..core.budget import Budget, Toll
from ..core.dns import Key, Record, RRType, Zone, in_order
from ..core.errors import Unreachable
from ..core.plan import Change
from ..core.secret import Secret
from ..driver import Api, HttpProvider, RRsetApi, linked, owner_of
from ..wire.auth import token
from ..wire.http import Query, Reply, Request

_READS = tuple(Toll(one, "reads") for one in (Budget(50, 60), Budget(10, 1)))
_WRITES = Budget(300, 86_400), Budget(100, 3600), Budget(15, 60), Budget(2, 1)


@dataclass(frozen=True, kw_only=True)
class DeSEC(RRsetApi, HttpProvider):
    token: Annotated[Secret, "an API token"]

    title = "deSEC"
    example = {"token": "env:DESEC_TOKEN"}
    credential = (
        "desec.io › Token Management: a new token; its policies can limit it to the RRsets of your names."
    )
    base = "https://desec.io/api/v1"
    zones, zones_query = "/domains/", {"cursor": ""}
    most_ttl = 86400
    notes = (
        "deSEC takes 10 reads in a second and 50 in a minute from an account, and of each domain 2 changes "
        "in a second, 15 in a minute, 100 in an hour and 300 in a day. Homeport keeps to all of them; one "
        "request changes all names of a domain."
    )
    budget = Budget(requests=2000, seconds=86_400)
    batch = 500

    def tolls(self, request: Request) -> Sequence[Toll]:
        if request.method == "GET":
            return (*super().tolls(request), *_READS)
        domain = request.url.partition("/domains/")[2].partition("/")[0]
        return (*super().tolls(request), *(Toll(one, f"changes of {domain}") for one in _WRITES))

    def headers(self) -> dict[str, Secret]:
        return token("Token", self.token)

    def check_failure(self, reply: Reply, said: str) -> None:
        if reply.status == 409:
            raise Unreachable(f"{said}; another change of the domain is under way")

    def next_page(self, payload: Any, reply: Reply) -> Query | None:
        return linked(reply)

    def zone_of(self, row: Any) -> Zone | None:
        apex = owner_of(row["name"])
        return Zone(apex, apex.text, int(row["minimum_ttl"])) if apex else None

    async def records(self, api: Api, zone: Zone, keys: Collection[Key]) -> Mapping[Key, list[Record]]:
        names = {owner.label_in(zone.apex, apex="") for owner, _ in keys}
        named = {"subname": names.pop()} if len(names) == 1 else {}
        found: dict[Key, list[Record]] = {}
        for row in await api.rows(f"/domains/{zone.id}/rrsets/", **named, cursor=""):
            if row["type"] in list(RRType) and (owner := owner_of(row["name"])):
                found[owner, RRType(row["type"])] = [
                    Record(text, ip_address(text), int(row["ttl"])) for text in row["records"]
                ]
        return found

    async def commit(self, api: Api, zone: Zone, changes: Sequence[Change]) -> None:
        rrsets = [
            {
                "subname": wanted.owner.label_in(zone.apex, apex=""),
                "type": wanted.rrtype.value,
                "ttl": wanted.ttl or max(3600, zone.least_ttl),
                "records": [str(address) for address in in_order(wanted.addresses)],
            }
            for wanted, *_ in changes
        ]
        rows = await api.put(f"/domains/{zone.id}/rrsets/", rrsets)
        if len(rows) != sum(bool(rrset["records"]) for rrset in rrsets):
            raise ValueError(f"{len(rows)} RRsets were stored instead of {len(rrsets)}")
