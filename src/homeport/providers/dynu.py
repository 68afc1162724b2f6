"""Zones at Dynu.  API v2: https://www.dynu.com/en-US/Support/API (read 2026-11-21).

The apex has its addresses, one of each type, as properties of the domain, beside a TTL of the domain,
which is left as it is; further ones are records without a node name.  An update sets whatever it does
not say.  501 means that an argument was wrong.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Any

from ..core.dns import IPAddress, Record, RRset, Zone
from ..core.errors import BadCredentials, ProviderError, Refused, Throttled, Unreachable
from ..core.secret import Secret
from ..driver import Api, RestRecords, raise_for_words, told
from ..wire.auth import key
from ..wire.http import Query, Reply

_FIELDS = {"A": ("ipv4Address", "ipv4"), "AAAA": ("ipv6Address", "ipv6")}  # the address; is it in use?
_SETTINGS = (
    "name",
    "group",
    "ttl",
    "ipv4WildcardAlias",
    "ipv6WildcardAlias",
    "allowZoneTransfer",
    "dnssec",
)
_ERRORS: tuple[tuple[str, type[ProviderError], str], ...] = (  # what the type of an exception holds
    ("authentication", BadCredentials, ""),
    ("authorization", BadCredentials, ""),
    ("quota", Throttled, ""),
    ("server", Unreachable, ""),
    ("timeout", Unreachable, ""),
    ("io exc", Unreachable, ""),
)


@dataclass(frozen=True, kw_only=True)
class Dynu(RestRecords):
    key: Annotated[Secret, "API key"]

    title = "Dynu"
    example = {"key": "env:DYNU_KEY"}
    credential = "dynu.com › Control Panel › API Credentials › API Key."
    base = "https://api.dynu.com/v2"
    zones, zones_at = "/dns", "domains"
    collection, rows_at, name_at, type_at = "/dns/{zone}/record", "dnsRecords", "hostname", "recordType"
    apex, update_with, kept = None, "POST", ("state", "group")
    least_ttl = 30
    refusals = (501,)

    def headers(self) -> dict[str, Secret]:
        return key("api-key", self.key)

    def check(self, payload: Any) -> None:
        code = int(payload["statusCode"])
        if code != 200:
            error = payload.get("exception") or payload
            said = f"{self.title}: {self.scrub(str(error.get('message')))[:160]} (code {code})"
            self._raise(str(error.get("type")), said)
            raise Refused(said)

    def check_failure(self, reply: Reply, said: str) -> None:
        self._raise(told(reply, "type") or told(reply, "exception", "type"), said)

    def _raise(self, words: str, said: str) -> None:
        raise_for_words(self, _ERRORS, words, said)

    async def zone_content(self, api: Api, zone: Zone, query: Query) -> list[Any]:
        rows = await super().zone_content(api, zone, query)
        domain = await api.get(f"/dns/{zone.id}")
        for rrtype, (field, used) in _FIELDS.items():
            if domain[used] and domain[field]:
                row = {"id": rrtype, "hostname": zone.apex.text, "recordType": rrtype, "ttl": None}
                rows.append({**row, field: domain[field]})
        return rows

    def record(self, row: Any) -> Record:
        field, _ = _FIELDS[row["recordType"]]
        options = {name: row[name] for name in self.kept if name in row}
        return Record(str(row["id"]), ip_address(row[field]), row["ttl"] and int(row["ttl"]), options)

    def body(self, zone: Zone, wanted: RRset, address: IPAddress) -> dict[str, Any]:
        field, _ = _FIELDS[wanted.rrtype]
        label = wanted.owner.label_in(zone.apex, apex="")
        return {"nodeName": label, "recordType": wanted.rrtype.value, field: str(address)}

    def defaults(self) -> dict[str, Any]:
        return {"ttl": 90, "state": True, "group": ""}

    async def create(self, api: Api, zone: Zone, wanted: RRset, address: IPAddress) -> None:
        if wanted.owner == zone.apex:
            domain = await api.get(f"/dns/{zone.id}")
            if not all(domain[name] for name in _FIELDS[wanted.rrtype]):
                await self._set(api, zone, wanted.rrtype, address)
                return
        await super().create(api, zone, wanted, address)

    async def replace(
        self, api: Api, zone: Zone, wanted: RRset, record: Record, address: IPAddress
    ) -> None:
        if record.id in _FIELDS:
            await self._set(api, zone, wanted.rrtype, address)
        else:
            await super().replace(api, zone, wanted, record, address)

    async def delete(self, api: Api, zone: Zone, record: Record) -> None:
        if record.id in _FIELDS:
            await self._set(api, zone, record.id, None)
        else:
            await super().delete(api, zone, record)

    async def _set(self, api: Api, zone: Zone, rrtype: str, address: IPAddress | None) -> None:
        """Set an address of the apex, or none, and everything else about the domain as it is."""
        path = f"/dns/{zone.id}"
        domain = await api.get(path)
        said = {name: domain[name] for name in _SETTINGS}
        for other, (field, used) in _FIELDS.items():
            said |= {field: domain[field] or "", used: domain[used]}
            if other == rrtype:
                said |= {field: str(address or domain[field] or ""), used: address is not None}
        await api.post(path, said)
