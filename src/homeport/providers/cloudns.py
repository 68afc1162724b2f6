"""Zones at ClouDNS.  API: https://www.cloudns.net/wiki/article/42/ (read 2026-11-21).

Every call is a form with the credentials in it, always answered with 200.  Records are an object keyed
by their ids, but `[]` where there are none.  TTLs come from a fixed list, and no write may leave its
TTL out.  A record with a GeoDNS location is one of several answers and is left alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from ..core.dns import IPAddress, Record, RRset, Zone
from ..core.errors import BadCredentials, NoSuchName, ProviderError, Refused, Stale, Throttled
from ..core.secret import Secret
from ..driver import Api, Budget, RestRecords, Unusable, owner_of, raise_for_words, until_short
from ..wire.auth import form
from ..wire.http import Query

_PAGE = 100  # zones
_ERRORS: tuple[tuple[str, type[ProviderError], str], ...] = (  # what a description holds
    ("invalid authentication", BadCredentials, "; or the API user has a list of addresses without ours"),
    ("'auth-id'", BadCredentials, ""),
    ("requests per second", Throttled, ""),
    ("missing domain-name", NoSuchName, ""),
    ("invalid record-id", Stale, ""),
    ("already exist", Stale, ""),
)


@dataclass(frozen=True, kw_only=True)
class ClouDNS(RestRecords):
    auth_id: Annotated[str | None, "number of the API user"] = None
    sub_auth_id: Annotated[str | None, "number of the API sub-user, instead of auth_id"] = None
    password: Annotated[Secret, "password of the API user or sub-user"]

    title = "ClouDNS"
    example = {"sub_auth_id": "1234", "password": "env:CLOUDNS_PASSWORD"}
    credential = (
        "cloudns.net › API & Resellers: an API sub-user that the one zone is delegated to, without a "
        "list of addresses.  The API needs a paid plan."
    )
    base = "https://api.cloudns.net/dns"
    name_at, address_at, apex, zone_id_at = "host", "record", "", "name"
    update_with, kept = "PUT", ("geodns-location",)
    ttls = (60, 300, 900, 1800, 3600, 21600, 43200, 86400, 172800, 259200, 604800, 1209600, 2592000)
    budget = Budget(requests=20, seconds=1)

    def mistakes(self) -> Iterator[tuple[str, str]]:
        if (self.auth_id is None) == (self.sub_auth_id is None):
            yield "auth_id", "write either auth_id or sub_auth_id"

    def check(self, payload: Any) -> None:
        if isinstance(payload, dict) and payload.get("status") == "Failed":
            said = f"{self.title}: {self.scrub(str(payload['statusDescription']))[:160]}"
            raise_for_words(self, _ERRORS, said, said)
            raise Refused(said)

    async def ask(self, api: Api, path: str, more: Query) -> Any:
        who = {"auth-id": self.auth_id} if self.auth_id else {"sub-auth-id": self.sub_auth_id or ""}
        return await api.post(path, form({**who, "auth-password": self.password, **more}))

    async def zone_rows(self, api: Api) -> list[Any]:
        async def page(number: int) -> list[Any]:
            asked = {"page": str(number + 1), "rows-per-page": str(_PAGE)}
            rows = await self.ask(api, "/list-zones.json", asked)
            if not isinstance(rows, list):
                raise TypeError(f"a list was expected, not {rows!r}")
            return rows

        return await until_short(page, _PAGE)

    def zone_of(self, row: Any) -> Zone | Unusable | None:
        apex = owner_of(row["name"])
        if apex and row.get("type") == "slave":
            why = f"{self.title}: {apex} is a secondary zone there; change it at its primary server"
            return Unusable(apex, Refused(why))
        return Zone(apex, apex.text) if apex else None

    async def zone_content(self, api: Api, zone: Zone, query: Query) -> list[Any]:
        rows = await self.ask(api, "/records.json", {"domain-name": zone.id})
        if rows == []:
            return []
        if not rows:
            raise ValueError("an empty zone is said in another way")
        return list(rows.values())

    def special(self, record: Record) -> str | None:
        return "of a GeoDNS location" if int(str(record.options.get("geodns-location") or 0)) else None

    def body(self, zone: Zone, wanted: RRset, address: IPAddress) -> dict[str, Any]:
        label = wanted.owner.label_in(zone.apex, apex="")
        return {"domain-name": zone.id, "host": label, "record": str(address)}

    def defaults(self) -> dict[str, Any]:
        return {"ttl": 3600}

    async def create(self, api: Api, zone: Zone, wanted: RRset, address: IPAddress) -> None:
        body = {"record-type": wanted.rrtype.value, **self.new(zone, wanted, address)}
        await self._change(api, "/add-record.json", body)

    async def replace(
        self, api: Api, zone: Zone, wanted: RRset, record: Record, address: IPAddress
    ) -> None:
        body = {"record-id": record.id, **self.changed(zone, wanted, record, address)}
        await self._change(api, "/mod-record.json", body)

    async def delete(self, api: Api, zone: Zone, record: Record) -> None:
        await self._change(api, "/delete-record.json", {"domain-name": zone.id, "record-id": record.id})

    async def _change(self, api: Api, path: str, said: Mapping[str, Any]) -> None:
        answer = await self.ask(api, path, {name: str(value) for name, value in said.items()})
        if answer["status"] != "Success":
            raise ValueError(f"neither success nor failure: {answer!r}")
