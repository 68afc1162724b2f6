"""Zones at Gandi LiveDNS.  API v5: https://api.gandi.net/docs/livedns/ (read 2026-11-21).

Whole RRsets by name and type ("@" at the apex).  A PUT answers "201 Created" to updates as well, and
gives the TTL its default where none is said; a missing RRset is "404" with the object "dns-record".
Long lists come in pages, behind a Link header.  Personal access tokens expire.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Any

from ..core.dns import Key, Record, RRset, RRType, Zone, in_order
from ..core.secret import Secret
from ..driver import Api, HttpProvider, SingleRRsetApi, linked, owner_of
from ..wire.auth import bearer
from ..wire.http import Query, Reply

_FEW = 4  # up to so many RRsets are asked for one by one, more with a list of the zone


@dataclass(frozen=True, kw_only=True)
class Gandi(SingleRRsetApi, HttpProvider):
    token: Annotated[Secret, "a personal access token that may manage domain name technical configurations"]

    title = "Gandi"
    example = {"token": "env:GANDI_TOKEN"}
    credential = (
        "admin.gandi.net › Organizations › Sharing › Personal Access Token: for the one domain, with "
        "“See and renew domain names” and “Manage domain name technical configurations”."
    )
    base = "https://api.gandi.net/v5/livedns"
    zones, zone_name_at, zone_id_at, zones_query = "/domains", "fqdn", "fqdn", {"per_page": "500"}
    least_ttl, most_ttl = 300, 2592000
    patience = 60

    def headers(self) -> dict[str, Secret]:
        return bearer(self.token)

    def next_page(self, payload: Any, reply: Reply) -> Query | None:
        return linked(reply)

    async def records(self, api: Api, zone: Zone, keys: Collection[Key]) -> Mapping[Key, list[Record]]:
        if len(keys) <= _FEW:
            rows = await api.together([self._rrset(api, zone, key) for key in keys])
        else:
            rows = await api.rows(f"/domains/{zone.id}/records", per_page="500")
        found: dict[Key, list[Record]] = {}
        for row in rows:
            if row is None or row["rrset_type"] not in list(RRType):
                continue
            label = row["rrset_name"]
            if owner := zone.apex if label == "@" else owner_of(f"{label}.{zone.apex}"):
                found[owner, RRType(row["rrset_type"])] = [
                    Record(text, ip_address(text), int(row["rrset_ttl"])) for text in row["rrset_values"]
                ]
        return found

    async def _rrset(self, api: Api, zone: Zone, key: Key) -> Any:
        request, reply = await api.send("GET", self._path(zone, key))
        if reply.status == 404 and not reply.is_page and reply.json()["object"] == "dns-record":
            return None
        return api.read(request, reply)

    def _path(self, zone: Zone, key: Key) -> str:
        return f"/domains/{zone.id}/records/{key[0].label_in(zone.apex)}/{key[1]}"

    async def put(self, api: Api, zone: Zone, wanted: RRset) -> None:
        path = self._path(zone, wanted.key)
        if not wanted.addresses:
            await api.delete(path)
            return
        values = [str(address) for address in in_order(wanted.addresses)]
        ttl = {"rrset_ttl": wanted.ttl} if wanted.ttl else {}
        reply = await api.put(path, {"rrset_values": values, **ttl})
        if not isinstance(reply["message"], str):
            raise TypeError(f"a message was expected, not {reply!r}")
