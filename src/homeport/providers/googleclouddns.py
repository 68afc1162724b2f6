"""Zones at Google Cloud DNS.  API v1: https://cloud.google.com/dns/docs/reference/v1 (read 2026-11-21).

A change removes RRsets, told exactly as they are, and adds others, all or none.  Lists that are empty are
left out of the answer.  Private zones, and RRsets with a routing policy, are left alone.  The account is
a service account; its key signs for a token that lives an hour.  Too many calls are 403 as well as 429.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import quote

from ..core.dns import Key, Name, Record, RRType, Zone, in_order
from ..core.errors import BadCredentials, ConfigError, Refused, Stale, Throttled
from ..core.plan import Change
from ..core.secret import Secret
from ..driver import Api, RRsetApi, Unusable, owner_of, seen_before, told
from ..driver.oauth import OAuth
from ..wire import sign_rs256
from ..wire.http import Query, Reply

_LISTS = {
    "dns#managedZonesListResponse": "managedZones",
    "dns#resourceRecordSetsListResponse": "rrsets",
}
_TOO_MANY = ("rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded")
_TOKENS = "https://oauth2.googleapis.com/token"
_SCOPE = "https://www.googleapis.com/auth/ndev.clouddns.readwrite"


@dataclass(frozen=True, kw_only=True)
class GoogleCloudDNS(RRsetApi, OAuth):
    credentials: Annotated[Secret, "the JSON key of a service account, best as file:PATH"]
    project: Annotated[str | None, "project of the zones, if it is not that of the service account"] = None

    title = "Google Cloud DNS"
    example = {"credentials": "file:/etc/homeport/google.json"}
    credential = (
        "console.cloud.google.com › IAM & Admin › Service Accounts: a new one, with the role DNS "
        "Administrator (roles/dns.admin) for the project or the one zone; Keys › Add key › JSON.  It needs "
        'RSA: pip install "homeport[google]".'
    )
    base = "https://dns.googleapis.com/dns/v1"
    zones, zones_at, zone_name_at = "/managedZones", "managedZones", "dnsName"
    least_ttl = 0
    patience = 60
    batch = 100
    few = 8  # keys; more are looked for in the list of the zone

    def mistakes(self) -> Iterator[tuple[str, str]]:
        try:
            account = sign_rs256.service_account(self.credentials)
        except ConfigError as error:
            yield "credentials", str(error)
        else:
            if not (self.project or account.project):
                yield "project", "missing: the key does not name its project"

    def _account(self) -> sign_rs256.ServiceAccount:
        try:
            return sign_rs256.service_account(self.credentials)
        except ConfigError as error:
            raise BadCredentials(f"{self.title}: credentials: {error}") from None

    def address(self) -> str:
        project = self.project or self._account().project or ""
        return f"{super().address()}/projects/{quote(project, safe='')}"

    def origin(self) -> str:
        return super().address()  # the project may be known to the key alone

    def token_url(self) -> str:
        return f"{self.endpoint.rstrip('/')}/token" if self.endpoint else _TOKENS

    def grant(self, now: float) -> Mapping[str, str | Secret]:
        return {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": sign_rs256.assertion(self._account(), _SCOPE, _TOKENS, now),
        }

    def check(self, payload: Any) -> None:
        if isinstance(payload, dict) and (name := _LISTS.get(str(payload.get("kind")))):
            payload.setdefault(name, [])

    def check_failure(self, reply: Reply, said: str) -> None:
        if told(reply, "error") in ("invalid_grant", "invalid_client", "unauthorized_client"):
            raise BadCredentials(f"{said}; is the key still valid, and this machine's clock right?")
        if told(reply, "error", "errors", 0, "reason") in _TOO_MANY:
            raise Throttled(said, retry_after=self.patience)
        if reply.status in (409, 412):
            raise Stale(said)

    def next_page(self, payload: Any, reply: Reply) -> Query | None:
        token = payload.get("nextPageToken")
        return {"pageToken": str(token)} if token else None

    async def find_zones(self, api: Api, candidates: Collection[Name]) -> Sequence[Zone | Unusable]:
        await self.enter(api)
        return await super().find_zones(api, candidates)

    def zone_of(self, row: Any) -> Zone | Unusable | None:
        return super().zone_of(row) if row.get("visibility", "public") == "public" else None

    async def records(self, api: Api, zone: Zone, keys: Collection[Key]) -> Mapping[Key, list[Record]]:
        asked = [{"name": f"{owner}.", "type": rrtype.value} for owner, rrtype in keys]
        if len(asked) > self.few:
            asked = [{"maxResults": "1000"}]
        path = f"{_path(zone)}/rrsets"
        lists = await api.together([api.rows(path, "rrsets", **query) for query in asked])
        found: dict[Key, list[Record]] = {}
        for row in (row for rows in lists for row in rows):
            if row["type"] in list(RRType) and (owner := owner_of(row["name"])):
                held = {"held": {name: row.get(name) for name in ("name", "type", "ttl", "rrdatas")}}
                held |= {"policy": row.get("routingPolicy")}
                texts = row.get("rrdatas") or _routed(row.get("routingPolicy"))
                ttl = int(row["ttl"])
                found[owner, RRType(row["type"])] = [
                    Record(text, ip_address(text), ttl, held) for text in dict.fromkeys(texts)
                ]
        return found

    async def commit(self, api: Api, zone: Zone, changes: Sequence[Change]) -> None:
        await self.enter(api)
        removed, added = [], []
        for wanted, *_ in changes:
            if wanted.options.get("policy"):
                why = f"{wanted.owner} {wanted.rrtype} has a routing policy"
                raise Refused(f"{self.title}: {why}; remove it, or choose another name")
            if held := wanted.options.get("held"):
                removed.append(held)
            if wanted.addresses:
                added.append(
                    {
                        "name": f"{wanted.owner}.",
                        "type": wanted.rrtype.value,
                        "ttl": 300 if wanted.ttl is None else wanted.ttl,
                        "rrdatas": [str(address) for address in in_order(wanted.addresses)],
                    }
                )
        with seen_before():
            change = await api.post(f"{_path(zone)}/changes", {"deletions": removed, "additions": added})
        if change["status"] not in ("pending", "done"):
            raise ValueError(f"a change that is {change['status']!r}")


def _path(zone: Zone) -> str:
    return f"/managedZones/{quote(zone.id, safe='')}"


def _routed(policy: Any) -> list[str]:
    """The addresses of a routing policy, by weight or by place."""
    kinds = [kind for kind in (policy or {}).values() if isinstance(kind, dict)]
    items = [item for kind in kinds for item in kind.get("items") or kind.get("item") or []]
    return [text for item in items for text in item.get("rrdatas") or item.get("rrdata") or []]
