"""Zones at NameSilo.  API: https://www.namesilo.com/api-reference (read 2026-11-21).

Every call is a GET, the key in its query, and always answered with 200; `code`, a number or a string,
says what happened.  One result may come as an object instead of a list.  A record has another id after
each update.  Owner names are written in full in lists and without the zone in updates.  What changes
is published about every 15 minutes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from ..core.dns import IPAddress, Name, Record, RRset, Zone
from ..core.errors import BadCredentials, NoSuchName, ProviderError, Refused, Stale, Unreachable
from ..core.secret import Secret
from ..driver import Api, RestRecords, Unusable, ask_for_zones
from ..wire.http import Query, Request

_ERRORS: dict[int, type[ProviderError]] = {
    109: BadCredentials,
    110: BadCredentials,
    111: BadCredentials,
    112: BadCredentials,
    113: BadCredentials,  # our address is not on the list of the key
    114: NoSuchName,
    115: Unreachable,
    200: NoSuchName,
    201: Unreachable,
}


@dataclass(frozen=True, kw_only=True)
class NameSilo(RestRecords):
    key: Annotated[Secret, "the API key"]

    title = "NameSilo"
    example = {"key": "env:NAMESILO_KEY"}
    credential = (
        "namesilo.com › API Manager › Generate: not read-only, and without a list of addresses, since "
        "yours changes."
    )
    base = "https://www.namesilo.com/api"
    id_at, name_at, address_at, apex = "record_id", "host", "value", None
    least_ttl, most_ttl = 3600, 2592001

    def sign(self, request: Request, now: float, nonce: str) -> Request:
        query = {**request.query, "version": "1", "type": "json", "key": self.key}
        return replace(request, query=query)

    def check(self, payload: Any) -> None:
        code = int(payload["reply"]["code"])
        if code != 300:
            said = f"{self.title}: {self.scrub(str(payload['reply'].get('detail')))[:160]} (code {code})"
            asked = str(payload.get("request"))
            old = code == 280 and ("dnsUpdateRecord" in asked or "dnsDeleteRecord" in asked)
            raise (Stale if old else _ERRORS.get(code, Refused))(said)

    async def find_zones(self, api: Api, candidates: Collection[Name]) -> Sequence[Zone | Unusable]:
        async def ask(name: Name) -> Zone:
            await api.get("/getDomainInfo", domain=name.text)
            return Zone(name, name.text)

        return await ask_for_zones(candidates, ask)

    async def zone_content(self, api: Api, zone: Zone, query: Query) -> list[Any]:
        reply = (await api.get("/dnsListRecords", domain=zone.id))["reply"]
        rows = reply.get("resource_record") or []
        return [rows] if isinstance(rows, dict) else list(rows)

    async def create(self, api: Api, zone: Zone, wanted: RRset, address: IPAddress) -> None:
        said = self._said(zone, wanted, address)
        await self._change(api, "/dnsAddRecord", zone, {"rrtype": wanted.rrtype.value, **said})

    async def replace(
        self, api: Api, zone: Zone, wanted: RRset, record: Record, address: IPAddress
    ) -> None:
        ttl = {"rrttl": str(record.ttl)} if record.ttl else {}
        said = {"rrid": record.id, **ttl, **self._said(zone, wanted, address)}
        await self._change(api, "/dnsUpdateRecord", zone, said)

    async def delete(self, api: Api, zone: Zone, record: Record) -> None:
        await api.get("/dnsDeleteRecord", domain=zone.id, rrid=record.id)

    async def _change(self, api: Api, path: str, zone: Zone, said: Query) -> None:
        reply = (await api.get(path, domain=zone.id, **said))["reply"]
        if not reply["record_id"]:
            raise ValueError("a record without an id")

    def _said(self, zone: Zone, wanted: RRset, address: IPAddress) -> dict[str, str]:
        ttl = {"rrttl": str(wanted.ttl)} if wanted.ttl else {}
        return {"rrhost": wanted.owner.label_in(zone.apex, apex=""), "rrvalue": str(address), **ttl}
