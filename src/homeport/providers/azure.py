"""Public zones at Azure DNS.  API: https://learn.microsoft.com/en-us/rest/api/dns/ (read 2026-11-21).

An RRset is set as a whole, metadata too, and only if nobody changed it since it was read (its etag).
An alias, which follows another resource of Azure, is left alone.  A client secret is exchanged for a
token that lives about an hour.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, quote, urlsplit

from ..core.dns import Key, Name, Record, RRset, RRType, Zone, in_order
from ..core.errors import BadCredentials, NoSuchName, Refused, Stale, Unreachable
from ..core.secret import Secret
from ..driver import Api, SingleRRsetApi, Unusable, owner_of, told
from ..driver.oauth import OAuth
from ..wire.http import Query, Reply

_VERSION = {"api-version": "2018-05-01"}
_CLOUDS = {
    "public": ("https://login.microsoftonline.com", "https://management.azure.com"),
    "china": ("https://login.chinacloudapi.cn", "https://management.chinacloudapi.cn"),
    "us-government": ("https://login.microsoftonline.us", "https://management.usgovcloudapi.net"),
}
_REFUSALS = ("invalid_client", "unauthorized_client", "invalid_request", "invalid_grant", "access_denied")
_LISTS = {RRType.A: ("ARecords", "ipv4Address"), RRType.AAAA: ("AAAARecords", "ipv6Address")}


@dataclass(frozen=True, kw_only=True)
class Azure(SingleRRsetApi, OAuth):
    tenant_id: Annotated[str, "directory (tenant) ID"]
    client_id: Annotated[str, "application (client) ID"]
    client_secret: Annotated[Secret, "value of a client secret of the application"]
    subscription_id: Annotated[str, "subscription of the zone"]
    resource_group: Annotated[str, "resource group of the zone"]
    cloud: Annotated[Literal["public", "china", "us-government"], "which Azure it is"] = "public"

    title = "Azure DNS"
    example = {
        "tenant_id": "11111111-2222-3333-4444-555555555555",
        "client_id": "66666666-7777-8888-9999-000000000000",
        "client_secret": "env:AZURE_CLIENT_SECRET",
        "subscription_id": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        "resource_group": "dns",
    }
    credential = (
        "portal.azure.com › Microsoft Entra ID › App registrations: a new one, with a client secret; then, "
        "at the zone › Access control: the role DNS Zone Contributor for it; and Reader for its resource "
        "group, whose zones are listed."
    )
    zones, zones_at, zones_query, zone_id_at = "/dnsZones", "value", _VERSION, "name"
    most_ttl = 2**31 - 1
    few = 8  # keys; more are looked for in the list of the zone

    def address(self) -> str:
        base = self.endpoint.rstrip("/") if self.endpoint else _CLOUDS[self.cloud][1]
        group = (
            f"{quote(self.subscription_id, safe='')}/resourceGroups/{quote(self.resource_group, safe='')}"
        )
        return f"{base}/subscriptions/{group}/providers/Microsoft.Network"

    def token_url(self) -> str:
        if self.endpoint:
            return f"{self.endpoint.rstrip('/')}/token"
        return f"{_CLOUDS[self.cloud][0]}/{quote(self.tenant_id, safe='')}/oauth2/v2.0/token"

    def grant(self, now: float) -> Mapping[str, str | Secret]:
        return {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "scope": f"{_CLOUDS[self.cloud][1]}/.default",
        }

    def check_failure(self, reply: Reply, said: str) -> None:
        if told(reply, "error") in _REFUSALS:
            raise BadCredentials(said)
        if reply.status == 412:
            raise Stale(said)
        if reply.status == 409 and told(reply, "error", "code") != "ScopeLocked" and "CNAME" not in said:
            raise Unreachable(f"{said}; another change is under way")

    def next_page(self, payload: Any, reply: Reply) -> Query | None:
        link = payload.get("nextLink")
        return dict(parse_qsl(urlsplit(link).query)) if link else None

    async def find_zones(self, api: Api, candidates: Collection[Name]) -> Sequence[Zone | Unusable]:
        await self.enter(api)
        return await super().find_zones(api, candidates)

    def zone_of(self, row: Any) -> Zone | Unusable | None:
        kind = row.get("properties", {}).get("zoneType", "Public")
        return super().zone_of(row) if kind == "Public" else None

    async def records(self, api: Api, zone: Zone, keys: Collection[Key]) -> Mapping[Key, list[Record]]:
        if len(keys) <= self.few:
            lists = await api.together([self._rows(api, zone, key) for key in keys])
        else:
            paths = [f"{_path(zone)}/{rrtype}" for rrtype in {rrtype for _, rrtype in keys}]
            lists = await api.together([api.rows(path, "value", **_VERSION) for path in paths])
        found: dict[Key, list[Record]] = {}
        for row in (row for rows in lists for row in rows):
            rrtype = row["type"].rpartition("/")[2]
            if rrtype in list(RRType):
                owner = zone.apex if row["name"] == "@" else owner_of(f"{row['name']}.{zone.apex}")
                if owner:
                    found[owner, RRType(rrtype)] = _records(RRType(rrtype), row)
        return found

    async def _rows(self, api: Api, zone: Zone, key: Key) -> list[Any]:
        """The RRset, if there is one."""
        try:
            return [await api.get(_path(zone, key), **_VERSION)]
        except NoSuchName:
            return []

    async def put(self, api: Api, zone: Zone, wanted: RRset) -> None:
        await self.enter(api)
        path, etag = _path(zone, wanted.key), wanted.options.get("etag")
        self._spare(wanted, wanted.options.get("alias"))
        condition = {"if-match": str(etag)} if etag else {"if-none-match": "*"}
        if not wanted.addresses:
            api.judge(*await api.send("DELETE", path, _VERSION, headers=condition))
            return
        at, inside = _LISTS[wanted.rrtype]
        said: dict[str, Any] = {
            "TTL": wanted.ttl or 3600,
            at: [{inside: str(address)} for address in in_order(wanted.addresses)],
        }
        if metadata := wanted.options.get("metadata"):
            said["metadata"] = metadata
        body = {"properties": said}
        try:
            row = await api.call("PUT", path, _VERSION, body, condition)
        except Stale:
            for row in [] if etag else await self._rows(api, zone, wanted.key):
                self._spare(wanted, _alias(row))  # which holds no address that a look could show
            raise
        if {record.address for record in _records(wanted.rrtype, row)} != wanted.addresses:
            raise ValueError("other addresses were stored")

    def _spare(self, wanted: RRset, alias: object) -> None:
        if alias:
            why = f"{wanted.owner} {wanted.rrtype} is an alias of a resource of Azure"
            raise Refused(f"{self.title}: {why}; remove it, or choose another name")


def _path(zone: Zone, key: Key | None = None) -> str:
    path = f"/dnsZones/{quote(zone.id, safe='')}"
    return f"{path}/{key[1]}/{quote(key[0].label_in(zone.apex), safe='@*')}" if key else path


def _alias(row: Any) -> object:
    return (row["properties"].get("targetResource") or {}).get("id")


def _records(rrtype: RRType, row: Any) -> list[Record]:
    at, inside = _LISTS[rrtype]
    about = row["properties"]
    held = {"etag": row["etag"], "metadata": about.get("metadata"), "alias": _alias(row)}
    texts = [record[inside] for record in about.get(at) or ()]
    return [Record(text, ip_address(text), int(about["TTL"]), held) for text in texts]
