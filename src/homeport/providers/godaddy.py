"""Zones at GoDaddy.  API v1: https://developer.godaddy.com/doc/endpoint/domains (read 2026-11-21).

Whole RRsets by type and name ("@" at the apex).  A PUT replaces one and is answered with nothing; it
takes no empty list, a DELETE does that.  Lists end at 500 rows.  A parked domain has the word "Parked" for
an address.  Accounts with fewer than ten domains are told 403 ACCESS_DENIED.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Any

from ..core.dns import Key, Name, Record, RRset, RRType, Zone, in_order
from ..core.errors import BadCredentials, NoSuchName
from ..core.secret import Secret
from ..driver import Api, Budget, HttpProvider, SingleRRsetApi, owner_of
from ..wire.auth import pair
from ..wire.http import Query, Reply

_FEW = 4  # up to so many RRsets are asked for one by one, more with a list of their type
_MOST = 500  # rows of a list of records; a longer one is cut there
_PAGE = 1000  # domains


@dataclass(frozen=True, kw_only=True)
class GoDaddy(SingleRRsetApi, HttpProvider):
    api_key: Annotated[Secret, "API key (Production)"]
    api_secret: Annotated[Secret, "secret of the API key"]

    title = "GoDaddy"
    example = {"api_key": "env:GODADDY_KEY", "api_secret": "env:GODADDY_SECRET"}
    credential = (
        "developer.godaddy.com/keys › Create New API Key › Production.  GoDaddy opens its DNS API only to "
        "accounts with ten domains or more, or with a Discount Domain Club plan."
    )
    base = "https://api.godaddy.com/v1"
    zones, zone_name_at, zone_id_at = "/domains", "domain", "domain"
    zones_query = {"statuses": "ACTIVE", "limit": str(_PAGE)}
    least_ttl, most_ttl = 600, 604800
    budget = Budget(requests=60, seconds=60)
    patience = 60

    def headers(self) -> dict[str, Secret]:
        return pair("sso-key", self.api_key, self.api_secret)

    def check_failure(self, reply: Reply, said: str) -> None:
        if "ACCESS_DENIED" in reply.text:
            why = (
                "GoDaddy opens its DNS API only to accounts with ten domains or a Discount Domain Club plan"
            )
            raise BadCredentials(f"{said}; {why}")
        if "UNKNOWN_DOMAIN" in reply.text:
            raise NoSuchName(said)

    def next_page(self, payload: Any, reply: Reply) -> Query | None:
        """Of the list of domains: what comes after the last."""
        return {"marker": str(payload[-1]["domain"])} if len(payload) >= _PAGE else None

    async def records(self, api: Api, zone: Zone, keys: Collection[Key]) -> Mapping[Key, list[Record]]:
        rows: list[Any] = []
        single = list(keys)
        if len(keys) > _FEW:
            types = sorted({rrtype for _, rrtype in keys})
            lists = await api.together([self._list(api, f"{_path(zone)}/{rrtype}") for rrtype in types])
            whole = {
                rrtype: found for rrtype, found in zip(types, lists, strict=True) if len(found) < _MOST
            }
            rows = [row for found in whole.values() for row in found]
            single = [key for key in keys if key[1] not in whole]
        for found in await api.together([self._list(api, _path(zone, key)) for key in single]):
            rows += found
        held: dict[Key, list[Record]] = {}
        for row in rows:
            label, text = row["name"], row["data"]
            owner: Name | None = zone.apex if label == "@" else owner_of(f"{label}.{zone.apex}")
            if owner and text != "Parked":
                record = Record(text, ip_address(text), int(row["ttl"]))
                held.setdefault((owner, RRType(row["type"])), []).append(record)
        return held

    async def _list(self, api: Api, path: str) -> list[Any]:
        found = await api.get(path)
        if not isinstance(found, list):
            raise TypeError(f"a list was expected, not {found!r}")
        return found

    async def put(self, api: Api, zone: Zone, wanted: RRset) -> None:
        path = _path(zone, wanted.key)
        if not wanted.addresses:
            await api.delete(path)
            return
        ttl = {"ttl": max(wanted.ttl, self.least_ttl)} if wanted.ttl else {}  # old ones may be less
        body = [{"data": str(address), **ttl} for address in in_order(wanted.addresses)]
        reply = api.judge(*await api.send("PUT", path, body=body))
        if reply.body.strip():
            raise ValueError(f"an empty answer was expected, not {self.scrub(reply.text)[:80]!r}")


def _path(zone: Zone, key: Key | None = None) -> str:
    path = f"/domains/{zone.id}/records"
    return f"{path}/{key[1]}/{key[0].label_in(zone.apex)}" if key else path
