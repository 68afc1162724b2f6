"""Zones at IONOS.  API v1: https://developer.hosting.ionos.com/docs/dns (read 2026-11-21).

Owner names are FQDNs.  Records are read as a part of their zone, created as a list, and updated by a PUT
that holds no name and no type but everything else; errors are a list too.  The key is "prefix.secret".
"""

from dataclasses import dataclass
from typing import Annotated, Any

from ..core.dns import IPAddress, Name, Record, RRset, RRType, Zone
from ..core.errors import BadCredentials, NoSuchName, Refused, Stale
from ..core.secret import Secret
from ..driver import Api, RestRecords, Unusable, owner_of
from ..wire.auth import key
from ..wire.http import Query, Reply

_ERRORS = {
    "UNAUTHORIZED": BadCredentials,
    "FORBIDDEN": BadCredentials,
    "ZONE_NOT_FOUND": NoSuchName,
    "RECORD_NOT_FOUND": Stale,
    "RECORD_ALREADY_EXISTS": Stale,
}


@dataclass(frozen=True, kw_only=True)
class IONOS(RestRecords):
    api_key: Annotated[Secret, "an API key as prefix.secret"]

    title = "IONOS"
    example = {"api_key": "env:IONOS_API_KEY"}
    credential = (
        "developer.hosting.ionos.com › Manage keys: a new key; join its public prefix and its secret with "
        "a dot."
    )
    base = "https://api.hosting.ionos.com/dns/v1"
    zones = "/zones"
    collection, listed, rows_at = "/zones/{zone}/records", "/zones/{zone}", "records"
    update_with, apex = "PUT", None
    kept, fixed = ("prio", "disabled"), ("name", "type")
    least_ttl = 60
    patience = 60

    def headers(self) -> dict[str, Secret]:
        return key("x-api-key", self.api_key)

    def check_failure(self, reply: Reply, said: str) -> None:
        for code, kind in _ERRORS.items():
            if f'"{code}"' in reply.text:
                raise kind(said)

    def zone_of(self, row: Any) -> Zone | Unusable | None:
        apex = owner_of(row["name"])
        if apex and row.get("type") == "SLAVE":
            return Unusable(apex, Refused(f"{self.title}: the zone {apex} is a copy of another server's"))
        return Zone(apex, str(row["id"])) if apex else None

    def query(self, zone: Zone, owner: Name | None, rrtype: RRType) -> Query:
        named = {"recordName": owner.text} if owner else {}
        return {**named, "recordType": rrtype.value}

    def record(self, row: Any) -> Record:
        return super().record({"prio": 0, "disabled": False, **row})  # an update must say both

    def defaults(self) -> dict[str, Any]:
        return {"ttl": 3600, "prio": 0, "disabled": False}

    async def create(self, api: Api, zone: Zone, wanted: RRset, address: IPAddress) -> None:
        [row] = await api.call("POST", self.path(zone), body=[self.new(zone, wanted, address)])
        self.wrote(row, address)
