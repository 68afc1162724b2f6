"""Zones at Njalla.  API: https://njal.la/api/ (read 2026-11-21).

JSON-RPC: every call is a POST to one URL, answered with 200, with `result` or `error`.  TTLs come from
a fixed list.  Records of the type Dynamic, which have an update URL of their own, are not touched.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from ..core.dns import IPAddress, Record, RRset, Zone
from ..core.errors import (
    BadCredentials,
    NoSuchName,
    ProviderError,
    Refused,
    Throttled,
    Unreachable,
)
from ..core.secret import Secret
from ..driver import Api, RestRecords, seen_before
from ..wire.auth import token
from ..wire.http import Query

_ERRORS: dict[int, type[ProviderError]] = {
    401: BadCredentials,
    403: BadCredentials,
    404: NoSuchName,
    429: Throttled,
}


@dataclass(frozen=True, kw_only=True)
class Njalla(RestRecords):
    token: Annotated[Secret, "an API token"]

    title = "Njalla"
    example = {"token": "env:NJALLA_TOKEN"}
    credential = (
        "njal.la › Settings › API Access; a token can be limited to the methods list-domains, "
        "list-records, add-record, edit-record and remove-record."
    )
    base = "https://njal.la/api/1/"
    zone_id_at = "name"
    update_with, kept = "PUT", ("prio",)
    ttls = (60, 300, 900, 3600, 10800, 21600, 86400)

    def address(self) -> str:
        return super().address() + "/"

    def headers(self) -> dict[str, Secret]:
        return token("Njalla", self.token)

    def check(self, payload: Any) -> None:
        if error := payload.get("error"):
            code, words = int(error["code"]), str(error["message"])
            said = f"{self.title}: {self.scrub(words)[:160]} (code {code})"
            if code >= 500 or "busy" in words.lower():
                raise Unreachable(said)
            raise _ERRORS.get(code, Refused)(said)

    async def ask(self, api: Api, method: str, **params: Any) -> Any:
        return (await api.post("", {"method": method, "params": params}))["result"]

    async def zone_rows(self, api: Api) -> list[Any]:
        rows: list[Any] = (await self.ask(api, "list-domains"))["domains"]
        return rows

    async def zone_content(self, api: Api, zone: Zone, query: Query) -> list[Any]:
        rows: list[Any] = (await self.ask(api, "list-records", domain=zone.id))["records"]
        return rows

    def defaults(self) -> dict[str, Any]:
        return {"ttl": 10800}

    async def create(self, api: Api, zone: Zone, wanted: RRset, address: IPAddress) -> None:
        new = self.new(zone, wanted, address)
        self.wrote(await self.ask(api, "add-record", domain=zone.id, **new), address)

    async def replace(
        self, api: Api, zone: Zone, wanted: RRset, record: Record, address: IPAddress
    ) -> None:
        new = self.changed(zone, wanted, record, address)
        await self._change(api, "edit-record", zone, record, **new)

    async def delete(self, api: Api, zone: Zone, record: Record) -> None:
        await self._change(api, "remove-record", zone, record)

    async def _change(self, api: Api, method: str, zone: Zone, record: Record, **new: Any) -> None:
        number = int(record.id) if record.id.isdecimal() else record.id
        with seen_before():
            await self.ask(api, method, domain=zone.id, id=number, **new)
