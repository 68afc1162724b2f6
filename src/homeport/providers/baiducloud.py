"""Zones at Baidu AI Cloud DNS.  API v1: https://cloud.baidu.com/doc/DNS/s/El4s7lssr (read 2026-11-21).

One record for each address.  A write is answered with nothing at all; should there be words, they are
not believed but read again.  Some outages come inside a 200.  An update forgets what it is not told,
but for the line.  Only records of `line` are ours; those that somebody paused are left as they are.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from ..core.dns import IPAddress, Name, Record, RRset, RRType, Zone
from ..core.errors import (
    BadCredentials,
    NoSuchName,
    ProviderError,
    Refused,
    Stale,
    Throttled,
    Unintelligible,
    Unreachable,
)
from ..core.secret import Secret
from ..driver import Api, RestRecords
from ..wire.http import NOTHING, Query, Reply, Request
from ..wire.sign_aws import Credentials
from ..wire.sign_bce import sign

_PAGE = {"maxKeys": "1000"}  # rows, the most it gives
_IS_THERE = re.compile("already exist|duplicat|重复|已存在", re.IGNORECASE)
_ERRORS: dict[str, type[ProviderError]] = {
    "InvalidAccessKeyId": BadCredentials,
    "InvalidHTTPAuthHeader": BadCredentials,
    "SignatureDoesNotMatch": BadCredentials,
    "AccessDenied": Refused,  # of one zone, perhaps
    "Exception": Unreachable,  # "the platform is busy"
    "InternalError": Unreachable,
    "ServiceUnavailable": Unreachable,
    "RequestLimitExceeded": Throttled,
    "TooManyRequests": Throttled,
    "Throttling": Throttled,
}


@dataclass(frozen=True, kw_only=True)
class BaiduCloud(RestRecords):
    access_key_id: Annotated[str, "the access key id (AK)"]
    secret_access_key: Annotated[Secret, "the secret access key (SK)"]
    session_token: Annotated[Secret | None, "the token of a temporary access key"] = None
    line: Annotated[str, "the resolution line whose records are ours"] = "default"

    title = "Baidu AI Cloud DNS"
    example = {"access_key_id": "ALTAKexample", "secret_access_key": "env:BAIDUCLOUD_SECRET_ACCESS_KEY"}
    credential = (
        "Console › Identity and Access Management › Sub-users › a user with programmatic access and the "
        "system policy DNSFullControlPolicy; then its access key. The account needs a verified name."
    )
    base = "https://dns.baidubce.com"
    zones, zones_at, zone_id_at, zones_query = "/v1/dns/zone", "zones", "name", _PAGE
    collection, rows_at, name_at, address_at = "/v1/dns/zone/{zone}/record", "records", "rr", "value"
    update_with, kept = "PUT", ("description", "priority")

    def sign(self, request: Request, now: float, nonce: str) -> Request:
        keys = Credentials(self.access_key_id, self.secret_access_key, self.session_token)
        return sign(request, keys, now)

    def check(self, payload: Any) -> None:
        """Raise for `{"code": ..., "message": ...}`; a failure's reply has the same shape."""
        code = payload.get("code")
        if code is None:
            return
        said = self.scrub(f"{self.title}: {code}: {payload.get('message')}")[:160]
        if code in ("RequestExpired", "RequestTimeTooSkewed"):
            raise Unreachable(f"{said}; is this machine's clock right?")
        if code in _ERRORS:
            raise _ERRORS[code](said)
        if _IS_THERE.search(said):
            raise Stale(said)
        if payload.get("status", 200) == 200:  # no status tells more
            raise Refused(said)

    def check_failure(self, reply: Reply, said: str) -> None:
        try:
            payload = reply.json()
        except Unintelligible:
            return
        if isinstance(payload, dict):
            self.check(payload | {"status": reply.status})

    def next_page(self, payload: Any, reply: Reply) -> Query | None:
        return {"marker": str(payload["nextMarker"])} if payload["isTruncated"] else None

    def query(self, zone: Zone, owner: Name | None, rrtype: RRType) -> Query:
        label = owner.label_in(zone.apex) if owner else "@"
        # "@" and "*" are escaped where they are signed, but not on the wire: better not to rely on it
        return _PAGE if label[0] in "@*" else {"rr": label, **_PAGE}

    def owner(self, zone: Zone, row: Any) -> Name | None:
        paused = str(row.get("status")).lower().startswith(("pause", "stop", "disable"))
        ours = (row.get("line") or "default") == self.line
        return super().owner(zone, row) if ours and not paused else None

    async def create(self, api: Api, zone: Zone, wanted: RRset, address: IPAddress) -> None:
        new = {**self.new(zone, wanted, address), "line": self.line}
        if await self._act(api, "POST", self.path(zone), new):
            await self._prove(api, zone, wanted, address)

    async def replace(
        self, api: Api, zone: Zone, wanted: RRset, record: Record, address: IPAddress
    ) -> None:
        changed = self.changed(zone, wanted, record, address)
        told = {name: value for name, value in changed.items() if value is not None}
        if await self._act(api, "PUT", self.record_path(zone, record), told):
            await self._prove(api, zone, wanted, address)

    async def delete(self, api: Api, zone: Zone, record: Record) -> None:
        await self._act(api, "DELETE", self.record_path(zone, record))

    async def _act(self, api: Api, method: str, path: str, body: object = None) -> str:
        """One write; the words of the answer, of which none is the rule."""
        request, reply = await api.send(method, path, NOTHING, body)
        try:
            api.judge(request, reply)
        except NoSuchName as error:
            if method == "POST":
                raise
            raise Stale(str(error)) from error  # it is the record that is not there
        if reply.text:
            api.read(request, reply)
        return reply.text

    async def _prove(self, api: Api, zone: Zone, wanted: RRset, address: IPAddress) -> None:
        stored = (await self.records(api, zone, [wanted.key]))[wanted.key]
        if address not in [record.address for record in stored]:
            raise ValueError(f"it answered with words and did not store {address}")
