"""Zones at Volcengine TrafficRoute DNS.
API 2018-08-01: https://www.volcengine.com/docs/6758/155086 (read 2026-11-21).

One record for each address.  An update leaves alone what it does not name, but must name host and line.
Name filters are fuzzy unless told otherwise, an empty list may be null, and errors can come inside a
200.  Only records of `line` are ours; those that somebody disabled are left as they are.  BytePlus
speaks the same API: set endpoint and region.
"""

from collections.abc import Collection
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
from ..driver import Api, Budget, RestRecords
from ..wire.http import Query, Reply, Request
from ..wire.sign_aws import VOLCENGINE, Credentials, sign

_VERSION = "2018-08-01"
_MOST_PAGES = 1000
_ERRORS: dict[str, type[ProviderError]] = {
    "InvalidAccessKey": BadCredentials,
    "InvalidAuthorization": BadCredentials,
    "InvalidCredential": BadCredentials,
    "InvalidSecretToken": BadCredentials,
    "MissingAuthenticationToken": BadCredentials,
    "SignatureDoesNotMatch": BadCredentials,
    "ErrMissingAccountParameter": BadCredentials,
    "AccessDenied": Refused,  # of one zone, perhaps
    "ErrZoneNotFound": NoSuchName,
    "ErrDBNotFound": Stale,
    "ErrDBDuplicated": Stale,
    "FlowLimitExceeded": Throttled,
    "RequestLimitExceeded": Throttled,
    "ErrInternalServer": Unreachable,
    "InternalError": Unreachable,
    "InternalServiceError": Unreachable,
    "InternalServiceTimeout": Unreachable,
    "ServiceUnavailable": Unreachable,
    "ServiceUnavailableTemp": Unreachable,
}


@dataclass(frozen=True, kw_only=True)
class Volcengine(RestRecords):
    access_key_id: Annotated[str, "the access key id, such as AKLT..."]
    secret_access_key: Annotated[Secret, "the secret access key"]
    session_token: Annotated[Secret | None, "the token of a temporary access key"] = None
    region: Annotated[str, "region that signatures name"] = "cn-north-1"
    line: Annotated[str, "the resolution line whose records are ours"] = "default"

    title = "Volcengine TrafficRoute DNS"
    example = {"access_key_id": "AKLTExample", "secret_access_key": "env:VOLCENGINE_SECRET_ACCESS_KEY"}
    credential = (
        "Console › IAM › Users › a user with programmatic access only and a policy that allows dns: "
        "ListZones, ListRecords, CreateRecord, UpdateRecord, DeleteRecord; then its access key."
    )
    base = "https://open.volcengineapi.com"
    zone_name_at, zone_id_at = "ZoneName", "ZID"
    name_at, type_at, address_at, ttl_at, id_at = "Host", "Type", "Value", "TTL", "RecordID"
    budget = Budget(requests=300, seconds=60)  # 10 updates a second, and more lists

    def sign(self, request: Request, now: float, nonce: str) -> Request:
        keys = Credentials(self.access_key_id, self.secret_access_key, self.session_token)
        return sign(request, VOLCENGINE, keys, (self.region, "DNS"), now)

    def check(self, payload: Any) -> None:
        """Raise for the error in `ResponseMetadata`; a failure's reply has the same shape."""
        error = (payload.get("ResponseMetadata") or {}).get("Error")
        if not error:
            return
        code = str(error["Code"])
        said = self.scrub(f"{self.title}: {code}: {error.get('Message')}")[:160]
        if code in ("InvalidTimestamp", "RequestExpired") or "signature expired" in said.lower():
            raise Unreachable(f"{said}; is this machine's clock right?")
        raise _ERRORS.get(code, Refused)(said)

    def check_failure(self, reply: Reply, said: str) -> None:
        try:
            payload = reply.json()
        except Unintelligible:
            return
        if isinstance(payload, dict) and isinstance(payload.get("ResponseMetadata"), dict):
            self.check(payload)

    async def zone_rows(self, api: Api) -> list[Any]:
        return await self._rows(api, "ListZones", "Zones", {"PageSize": "100"})

    def query(self, zone: Zone, owner: Name | None, rrtype: RRType) -> Query:
        label = owner.label_in(zone.apex) if owner else "@"
        # "@" and "*" are escaped where they are signed, but not on the wire: better not to rely on it
        named = {} if label[0] in "@*" else {"Host": label, "SearchMode": "exact"}
        return {"ZID": zone.id, "Type": rrtype.value, "PageSize": "500", **named}

    async def zone_content(self, api: Api, zone: Zone, query: Query) -> list[Any]:
        return await self._rows(api, "ListRecords", "Records", query)

    async def _rows(self, api: Api, action: str, at: str, query: Query) -> list[Any]:
        """A list, all pages of it.  It says how many rows there are, under one of two names."""
        rows: list[Any] = []
        for number in range(1, _MOST_PAGES):
            asked = {"Action": action, "Version": _VERSION, **query, "PageNumber": str(number)}
            result = (await api.get("/", **asked))["Result"]
            total = int(result["Total"] if "Total" in result else result["TotalCount"])
            some: Collection[Any] = result.get(at) or ()
            rows += some
            if len(rows) >= total:
                return rows
            if not some:
                raise ValueError(f"{len(rows)} rows of {total}")
        raise Unintelligible(f"{self.title}: a list without an end")

    def owner(self, zone: Zone, row: Any) -> Name | None:
        ours = row.get("Line", "default") == self.line and row.get("Enable", True) is not False
        return super().owner(zone, row) if ours else None

    async def create(self, api: Api, zone: Zone, wanted: RRset, address: IPAddress) -> None:
        new = {"ZID": int(zone.id), "Line": self.line, **self.new(zone, wanted, address)}
        self._wrote(await self._act(api, "CreateRecord", new))

    async def replace(
        self, api: Api, zone: Zone, wanted: RRset, record: Record, address: IPAddress
    ) -> None:
        new = {"RecordID": record.id, "Line": self.line, **self.changed(zone, wanted, record, address)}
        self._wrote(await self._act(api, "UpdateRecord", new), record)

    async def delete(self, api: Api, zone: Zone, record: Record) -> None:
        await self._act(api, "DeleteRecord", {"RecordID": record.id})

    async def _act(self, api: Api, action: str, body: object) -> Any:
        return await api.call("POST", "/", {"Action": action, "Version": _VERSION}, body)

    def _wrote(self, payload: Any, record: Record | None = None) -> None:
        """Raise if the answer to a write does not show that it was understood."""
        handle = str(payload["Result"]["RecordID"])
        if record is not None and handle != record.id:
            raise ValueError(f"it changed {handle}, not {record.id}")
