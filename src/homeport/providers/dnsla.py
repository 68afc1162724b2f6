"""Zones at DNS.LA.  API: https://www.dns.la/docs/ApiDoc (read 2026-11-21).

Types are numbers.  `code` in the envelope decides, not the status.  A record belongs to a line; those
of a line other than the default one are left alone.  How small a TTL may be depends on the plan.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from ..core.dns import IPAddress, Record, RRset, Zone
from ..core.errors import (
    BadCredentials,
    NoSuchName,
    ProviderError,
    Refused,
    Stale,
    Throttled,
    Unreachable,
)
from ..core.secret import Secret
from ..driver import Api, RestRecords, seen_before, told, until_total
from ..wire.auth import basic
from ..wire.http import Query, Reply

_TYPES = {"A": 1, "AAAA": 28}
_PAGE = "100"  # rows
_ERRORS: dict[int, type[ProviderError]] = {
    401: BadCredentials,
    403: BadCredentials,
    404: NoSuchName,
    429: Throttled,
}


@dataclass(frozen=True, kw_only=True)
class DNSLA(RestRecords):
    id: Annotated[str, "API ID"]
    secret: Annotated[Secret, "API secret"]

    title = "DNS.LA"
    example = {"id": "0123456789", "secret": "env:DNSLA_SECRET"}
    credential = "dns.la › Account › API keys: API ID and API secret."
    base = "https://api.dns.la/api"
    zone_name_at, name_at, address_at = "domain", "host", "data"
    update_with, kept = "PUT", ("groupId", "lineId", "weight")

    def headers(self) -> dict[str, Secret]:
        return basic(self.id, self.secret)

    def check(self, payload: Any) -> None:
        code = int(payload["code"])
        if code != 200:
            said = f"{self.title}: {self.scrub(str(payload.get('msg')))[:160]} (code {code})"
            self._raise(said)
            raise Unreachable(said) if 500 <= code < 600 else _ERRORS.get(code, Refused)(said)

    def check_failure(self, reply: Reply, said: str) -> None:
        if told(reply, "msg"):
            self._raise(f"{said} {told(reply, 'msg')}")

    def _raise(self, said: str) -> None:
        if "冲突" in said:  # "conflicts with an existing record"
            raise Stale(said)

    async def zone_rows(self, api: Api) -> list[Any]:
        return await self._list(api, "/domainList", {})

    async def zone_content(self, api: Api, zone: Zone, query: Query) -> list[Any]:
        return await self._list(api, "/recordList", {"domainId": zone.id})

    async def _list(self, api: Api, path: str, asked: Query) -> list[Any]:
        async def page(number: int) -> tuple[list[Any] | None, int]:
            answer = await api.get(path, **asked, pageIndex=str(number + 1), pageSize=_PAGE)
            return answer["data"]["results"], int(answer["data"]["total"])

        return await until_total(page)

    def rrtype(self, row: Any) -> str:
        return next((name for name, number in _TYPES.items() if number == row["type"]), "")

    def special(self, record: Record) -> str | None:
        return None if record.options.get("lineId") in (None, "", "0", 0) else "of a line of its own"

    def body(self, zone: Zone, wanted: RRset, address: IPAddress) -> dict[str, Any]:
        label = wanted.owner.label_in(zone.apex)
        return {"type": _TYPES[wanted.rrtype], "host": label, "data": str(address)}

    def defaults(self) -> dict[str, Any]:
        return {"ttl": 600}

    async def create(self, api: Api, zone: Zone, wanted: RRset, address: IPAddress) -> None:
        answer = await api.post("/record", {"domainId": zone.id, **self.new(zone, wanted, address)})
        if not answer["data"]["id"]:
            raise ValueError("a record without an id")

    async def replace(
        self, api: Api, zone: Zone, wanted: RRset, record: Record, address: IPAddress
    ) -> None:
        with seen_before():
            await api.put("/record", {"id": record.id, **self.changed(zone, wanted, record, address)})

    async def delete(self, api: Api, zone: Zone, record: Record) -> None:
        with seen_before():
            await api.call("DELETE", "/record", {"id": record.id})
