"""Zones at Porkbun.  API v3: https://porkbun.com/api/json/v3/documentation (read 2026-11-21).

Everything is a POST with both keys in its body; numbers come as strings.  Rows say the owner name in
full, bodies without the zone.  API access is switched on for each domain.  An edit that changes
nothing is an error, and so is an edit of a record that is gone.  503 means too many requests.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from ..core.dns import IPAddress, Record, RRset, Zone
from ..core.errors import BadCredentials, NoSuchName, ProviderError, Refused, Stale, Throttled
from ..core.secret import Secret
from ..driver import Api, RestRecords, raise_for_words, told, until_short
from ..wire.http import Query, Reply

_PAGE = 1000  # domains
_ERRORS: tuple[tuple[str, type[ProviderError], str], ...] = (  # what a code or message holds
    ("not opted in", Refused, "; Domain Management › Details › API Access"),
    ("api key", BadCredentials, ""),
    ("apikey", BadCredentials, ""),
    ("too many", Throttled, ""),
    ("rate limit", Throttled, ""),
    ("invalid domain", NoSuchName, ""),
    ("invalid record", Stale, ""),
    ("edit error", Stale, "; it is gone, or was so already"),
    ("delete error", Stale, ""),
)


@dataclass(frozen=True, kw_only=True)
class Porkbun(RestRecords):
    api_key: Annotated[Secret, "the API key (pk1_...)"]
    secret_key: Annotated[Secret, "the secret key (sk1_...)"]

    title = "Porkbun"
    example = {"api_key": "env:PORKBUN_API_KEY", "secret_key": "env:PORKBUN_SECRET_KEY"}
    credential = (
        "porkbun.com › Account › API Access › Create API Key; then Domain Management › the domain › "
        "Details › API Access."
    )
    base = "https://api.porkbun.com/api/json/v3"
    apex, update_with, kept = None, "PUT", ("notes",)
    zone_name_at = zone_id_at = "domain"
    least_ttl = 600
    patience = 60
    too_many = (429, 503)

    def check(self, payload: Any) -> None:
        if payload["status"] != "SUCCESS":
            said = f"{self.title}: {self.scrub(str(payload['message']))[:160]}"
            self._raise(f"{payload.get('code')} {payload['message']}", said)
            raise Refused(said)

    def check_failure(self, reply: Reply, said: str) -> None:
        self._raise(f"{told(reply, 'code')} {told(reply, 'message')}", said)

    def _raise(self, words: str, said: str) -> None:
        raise_for_words(self, _ERRORS, words.replace("_", " "), said)

    async def ask(self, api: Api, path: str, more: Query | Mapping[str, Any]) -> Any:
        return await api.post(path, {"apikey": self.api_key, "secretapikey": self.secret_key, **more})

    async def zone_rows(self, api: Api) -> list[Any]:
        async def page(number: int) -> list[Any]:
            answer = await self.ask(api, "/domain/listAll", {"start": str(number * _PAGE)})
            rows: list[Any] = answer["domains"]
            return rows

        return await until_short(page, _PAGE)

    async def zone_content(self, api: Api, zone: Zone, query: Query) -> list[Any]:
        rows: list[Any] = (await self.ask(api, f"/dns/retrieve/{zone.id}", query))["records"]
        return rows

    def body(self, zone: Zone, wanted: RRset, address: IPAddress) -> dict[str, Any]:
        return super().body(zone, wanted, address) | {"name": wanted.owner.label_in(zone.apex, apex="")}

    async def create(self, api: Api, zone: Zone, wanted: RRset, address: IPAddress) -> None:
        answer = await self.ask(api, f"/dns/create/{zone.id}", self.new(zone, wanted, address))
        int(answer["id"])

    async def replace(
        self, api: Api, zone: Zone, wanted: RRset, record: Record, address: IPAddress
    ) -> None:
        body = self.changed(zone, wanted, record, address)
        await self.ask(api, f"/dns/edit/{zone.id}/{record.id}", body)

    async def delete(self, api: Api, zone: Zone, record: Record) -> None:
        await self.ask(api, f"/dns/delete/{zone.id}/{record.id}", {})
