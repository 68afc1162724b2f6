"""Zones at OVHcloud.  API v1: https://eu.api.ovh.com/console/ (read 2026-11-21).

A list holds ids, and each record is read by its own.  What is written takes effect with the `refresh` of
its zone, once after all changes; no look shows whether that came about.  TTL 0 is the zone's own.  A
write answers `null`.  The signature holds the time, so a wrong clock is refused.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from ..core.dns import IPAddress, Key, Record, RRset, RRType, Zone
from ..core.errors import BadCredentials, ProviderError, Stale, Unreachable
from ..core.secret import Secret
from ..driver import Api, RestRecords, Settled, Task, Verdict, owner_of, told, understanding
from ..wire import sign_ovh
from ..wire.http import Reply, Request

_HOSTS = {
    "ovh-eu": "eu.api.ovh.com",
    "ovh-ca": "ca.api.ovh.com",
    "ovh-us": "api.us.ovhcloud.com",
    "kimsufi-eu": "eu.api.kimsufi.com",
    "kimsufi-ca": "ca.api.kimsufi.com",
    "soyoustart-eu": "eu.api.soyoustart.com",
    "soyoustart-ca": "ca.api.soyoustart.com",
}
_REGION = Literal[
    "ovh-eu", "ovh-ca", "ovh-us", "kimsufi-eu", "kimsufi-ca", "soyoustart-eu", "soyoustart-ca"
]
_CREDENTIALS = ("INVALID_KEY", "INVALID_CREDENTIAL", "NOT_CREDENTIAL", "INVALID_SIGNATURE")


@dataclass(frozen=True, kw_only=True)
class OVH(RestRecords):
    application_key: Annotated[str, "application key"]
    application_secret: Annotated[Secret, "application secret"]
    consumer_key: Annotated[Secret, "consumer key"]
    region: Annotated[_REGION, "where the account is"] = "ovh-eu"

    title = "OVHcloud"
    example = {
        "application_key": "0123456789abcdef",
        "application_secret": "env:OVH_APPLICATION_SECRET",
        "consumer_key": "env:OVH_CONSUMER_KEY",
    }
    credential = (
        "https://eu.api.ovh.com/createToken/ (or ca.api.ovh.com, api.us.ovhcloud.com): validity unlimited; "
        "rights GET /domain/zone, and GET, POST, PUT, DELETE on /domain/zone/example.com/*."
    )
    publishes = True
    zones, collection = "/domain/zone", "/domain/zone/{zone}/record"
    name_at, type_at, address_at, apex = "subDomain", "fieldType", "target", ""
    least_ttl = 60

    def address(self) -> str:
        return super().address() or f"https://{_HOSTS[self.region]}/1.0"

    def sign(self, request: Request, now: float, nonce: str) -> Request:
        keys = self.application_key, self.application_secret, self.consumer_key
        return sign_ovh.signed(request, *keys, now)

    def check_failure(self, reply: Reply, said: str) -> None:
        code = told(reply, "errorCode")
        if code in _CREDENTIALS:
            raise BadCredentials(said)
        if code == "NOT_GRANTED_CALL":
            raise BadCredentials(f"{said}; the consumer key lacks the right to this call")
        if code == "QUERY_TIME_OUT":
            raise Unreachable(f"{said}; is this machine's clock right?")
        if reply.status == 409:
            raise Unreachable(f"{said}; another change of the zone is under way")
        if reply.status == 404 and "requested object" in told(reply, "message"):
            raise Stale(said)

    def zone_of(self, row: Any) -> Zone | None:
        apex = owner_of(row)
        return Zone(apex, apex.text) if apex else None

    def record(self, row: Any) -> Record:
        return super().record(row)._replace(ttl=int(row["ttl"]))

    def extras(self, wanted: RRset) -> dict[str, Any]:
        return {} if wanted.ttl is None else {"ttl": wanted.ttl}

    async def records(self, api: Api, zone: Zone, keys: Collection[Key]) -> Mapping[Key, list[Record]]:
        path = self.path(zone)
        named = {key: key[0].label_in(zone.apex, apex="") for key in keys}
        lists = await api.together(
            [
                api.rows(path, fieldType=rrtype.value, subDomain=label)
                for (_, rrtype), label in named.items()
            ]
        )
        ids = dict.fromkeys(int(one) for some in lists for one in some)
        found: dict[Key, list[Record]] = {}
        for row in await api.together([api.get(f"{path}/{one}") for one in ids]):
            owner = self.owner(zone, row)
            if owner and row["fieldType"] in list(RRType):
                found.setdefault((owner, RRType(row["fieldType"])), []).append(self.record(row))
        return found

    async def replace(
        self, api: Api, zone: Zone, wanted: RRset, record: Record, address: IPAddress
    ) -> None:
        body = {"ttl": record.ttl, **self.body(zone, wanted, address), **self.extras(wanted)}
        del body["fieldType"]
        await self._send(api, "PUT", self.record_path(zone, record), body)

    async def delete(self, api: Api, zone: Zone, record: Record) -> None:
        await self._send(api, "DELETE", self.record_path(zone, record))

    async def _send(self, api: Api, method: str, path: str, body: object = None) -> None:
        reply = api.judge(*await api.send(method, path, body=body))
        if reply.text not in ("", "null"):
            raise ValueError("no answer was expected")

    async def write(self, api: Api, tasks: Sequence[Task], settled: Settled) -> None:
        verdicts: dict[Key, Verdict] = {}
        await super().write(api, tasks, verdicts.update)
        fine: dict[Zone, list[Key]] = {}
        for task in tasks:
            if task.zone is not None and verdicts[task.wanted.key] is None:
                fine.setdefault(task.zone, []).append(task.wanted.key)
        for zone, keys in fine.items():
            try:
                with understanding(self):
                    await self._send(api, "POST", f"/domain/zone/{zone.id}/refresh")
            except ProviderError as error:
                verdicts |= dict.fromkeys(keys, error)
        settled(verdicts)
