"""Zones at Spaceship.  API v1: https://docs.spaceship.dev (read 2026-11-21).

Records have no ids: a PUT adds items or sets their TTLs and leaves all others, a DELETE names the items
that go.  So a new address is put first, and then the old one deleted.  Items of a group other than
`custom` belong to a product and are left alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from ..core.dns import IPAddress, Name, Record, RRset, RRType, Zone
from ..core.secret import Secret
from ..driver import Api, Budget, RestRecords, seen_before
from ..wire.auth import key
from ..wire.http import Query

_PAGE = 100  # items


@dataclass(frozen=True, kw_only=True)
class Spaceship(RestRecords):
    key: Annotated[Secret, "API key"]
    secret: Annotated[Secret, "API secret"]

    title = "Spaceship"
    example = {"key": "env:SPACESHIP_KEY", "secret": "env:SPACESHIP_SECRET"}
    credential = (
        "spaceship.com › API Manager › New API key, with the scopes domains:read, dnsrecords:read and "
        "dnsrecords:write."
    )
    base = "https://spaceship.dev/api/v1"
    zones, zones_at, zone_id_at = "/domains", "items", "name"
    zones_query = {"take": str(_PAGE), "skip": "0"}
    collection, rows_at, id_at, address_at = "/dns/records/{zone}", "items", "address", "address"
    kept, update_with = ("group", "name"), "PUT"
    least_ttl, most_ttl = 60, 3600
    budget = Budget(requests=300, seconds=300)

    def headers(self) -> dict[str, Secret]:
        return key("x-api-key", self.key) | key("x-api-secret", self.secret)

    def query(self, zone: Zone, owner: Name | None, rrtype: RRType) -> Query:
        return self.zones_query

    def later_pages(self, payload: Any) -> Iterable[Query]:
        return ({"skip": str(start)} for start in range(_PAGE, payload["total"], _PAGE))

    def special(self, record: Record) -> str | None:
        group = record.options.get("group")
        kind = group.get("type") if isinstance(group, dict) else None
        return None if kind in (None, "custom") else f"of a group {kind!r}"

    def defaults(self) -> dict[str, Any]:
        return {"ttl": 3600}

    async def create(self, api: Api, zone: Zone, wanted: RRset, address: IPAddress) -> None:
        await self._put(api, zone, self.new(zone, wanted, address))

    async def replace(
        self, api: Api, zone: Zone, wanted: RRset, record: Record, address: IPAddress
    ) -> None:
        item = self.changed(zone, wanted, record, address)
        item.pop("group", None)
        await self._put(api, zone, item)
        if address != record.address:
            await self.delete(api, zone, record)

    async def delete(self, api: Api, zone: Zone, record: Record) -> None:
        rrtype = RRType.of(record.address).value
        item = {"type": rrtype, "name": record.options["name"], "address": record.id}
        with seen_before():
            self._none(await api.call("DELETE", self.path(zone), body=[item]))

    async def _put(self, api: Api, zone: Zone, item: dict[str, Any]) -> None:
        self._none(await api.put(self.path(zone), {"force": True, "items": [item]}))

    def _none(self, answer: Any) -> None:
        if answer is not None:
            raise ValueError("no answer was expected")
