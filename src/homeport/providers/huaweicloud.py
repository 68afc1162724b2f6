"""Public zones at Huawei Cloud DNS.
API v2, v2.1: https://support.huaweicloud.com/intl/en-us/api-dns/dns_api_60000.html (read 2026-11-21).

One record set is a whole RRset, and one PUT replaces it.  Names end with a dot; name filters are fuzzy
unless told otherwise.  A name may have more sets for other lines, or with weights: only the one of the
default line is kept, and weighted or alias sets are refused.  A 403 may be flow control.  Europe has its
own cloud: `endpoint = "https://dns.REGION.myhuaweicloud.eu"`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Any

from ..core.dns import Key, Record, RRset, RRType, Zone, in_order
from ..core.errors import BadCredentials, NoSuchName, ProviderError, Refused, Stale, Throttled, Unreachable
from ..core.secret import Secret
from ..driver import Api, HttpProvider, SingleRRsetApi, Unusable, owner_of
from ..wire.http import Query, Reply, Request
from ..wire.sign_aws import Credentials
from ..wire.sign_huawei import sign

_PAGE = 500  # rows, the most it takes
_LINE = "default_view"
_ERRORS: dict[str, type[ProviderError]] = {
    "APIGW.0301": BadCredentials,
    "APIGW.0101": Refused,  # no such API: a wrong endpoint
    "DNS.0005": BadCredentials,
    "DNS.0013": BadCredentials,
    "DNS.0004": Stale,  # no such record set
    "DNS.0313": Stale,
    "DNS.0312": Stale,  # a record set of that name is there already
    "DNS.0335": Stale,
    "DNS.0302": NoSuchName,
    "DNS.1206": NoSuchName,
    "DNS.0021": Unreachable,  # another change of the zone holds the lock
}


@dataclass(frozen=True, kw_only=True)
class HuaweiCloud(SingleRRsetApi, HttpProvider):
    access_key_id: Annotated[str, "the access key id (AK)"]
    secret_access_key: Annotated[Secret, "the secret access key (SK)"]
    security_token: Annotated[Secret | None, "the token of a temporary access key"] = None
    region: Annotated[str | None, "region of the API, such as cn-north-4; without it the global one"] = None

    title = "Huawei Cloud DNS"
    example = {"access_key_id": "HPUA0EXAMPLE", "secret_access_key": "env:HUAWEICLOUD_SECRET_ACCESS_KEY"}
    credential = (
        "Console › IAM › Users › a user with programmatic access, in a group with the policy DNS "
        "Administrator; or a custom policy: dns:zone:list, dns:recordset:list, create, update, delete. "
        "Then My Credentials › Access Keys › Create."
    )
    base = "https://dns.myhuaweicloud.com"
    zones, zones_at, zones_query = "/v2/zones", "zones", {"type": "public", "limit": str(_PAGE)}
    patience = 60
    few = 4  # up to so many names are asked for one by one, more with a list of the zone

    def address(self) -> str:
        host = f"https://dns.{self.region}.myhuaweicloud.com" if self.region else self.base
        return super().address() if self.endpoint else host

    def sign(self, request: Request, now: float, nonce: str) -> Request:
        keys = Credentials(self.access_key_id, self.secret_access_key, self.security_token)
        return sign(request, keys, now)

    def check_failure(self, reply: Reply, said: str) -> None:
        told = reply.json() if reply.body.lstrip().startswith(b"{") else {}
        code = told.get("code") or told.get("error_code")
        words = str(told.get("message") or told.get("error_msg")).lower()
        if code in ("DNS.0014", "APIGW.0308"):
            raise Throttled(said, retry_after=self.patience)
        if "reach the limit" in words:  # after too many wrong signatures
            raise Throttled(said, retry_after=300)
        if "x-sdk-date" in words or "signature expired" in words:
            raise Unreachable(f"{said}; is this machine's clock right?")
        if code in _ERRORS:
            raise _ERRORS[code](said)

    def later_pages(self, payload: Any) -> Iterable[Query]:
        total = payload["metadata"]["total_count"]
        return ({"offset": str(start)} for start in range(_PAGE, total, _PAGE))

    def zone_of(self, row: Any) -> Zone | Unusable | None:
        return super().zone_of(row) if row.get("zone_type", "public") == "public" else None

    async def records(
        self, api: Api, zone: Zone, keys: Collection[Key]
    ) -> Mapping[Key, list[Record] | ProviderError]:
        asked: list[Query] = [{"type": rrtype.value} for rrtype in {rrtype for _, rrtype in keys}]
        # "*" is escaped where it is signed, but not on the wire: better not to rely on it
        if len(keys) <= self.few and all(owner.text[0] != "*" for owner, _ in keys):
            asked = [
                {"type": rrtype.value, "name": f"{owner}.", "search_mode": "equal"}
                for owner, rrtype in keys
            ]
        path = f"/v2.1/zones/{zone.id}/recordsets"
        lists = await api.together([api.rows(path, "recordsets", **one, limit=str(_PAGE)) for one in asked])
        found: dict[Key, dict[str, Any]] = {}
        for row in (row for rows in lists for row in rows):
            owner = owner_of(row["name"])
            if owner is not None and row["type"] in list(RRType) and (row.get("line") or _LINE) == _LINE:
                found.setdefault((owner, RRType(row["type"])), {})[row["id"]] = row
        return {key: self._set(key, list(found[key].values())) for key in keys if key in found}

    def _set(self, key: Key, rows: list[Any]) -> list[Record] | ProviderError:
        if len(rows) > 1 or any((rows[0].get("alias_target") or {}).values()):
            what = "an alias" if len(rows) == 1 else f"{len(rows)} weighted record sets"
            return Refused(f"{self.title}: {key[0]} {key[1]} has {what}; an update would destroy that")
        [row] = rows
        handle = {"recordset": str(row["id"])}
        return [Record(text, ip_address(text), int(row["ttl"]), handle) for text in row["records"]]

    async def put(self, api: Api, zone: Zone, wanted: RRset) -> None:
        path = f"/v2.1/zones/{zone.id}/recordsets"
        handle = wanted.options.get("recordset")
        texts = [str(address) for address in in_order(wanted.addresses)]
        if not texts:
            await api.delete(f"{path}/{handle}")
            return
        body: dict[str, Any] = {"name": f"{wanted.owner}.", "type": wanted.rrtype.value, "records": texts}
        if wanted.ttl is not None:
            body["ttl"] = wanted.ttl
        send = api.put(f"{path}/{handle}", body) if handle else api.post(path, body)
        stored = {ip_address(text) for text in (await send)["records"]}
        if stored != wanted.addresses:
            raise ValueError(f"it stored {stored}")
