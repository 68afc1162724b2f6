"""Zones at DNSPod, by token.  API: https://docs.dnspod.cn/api/ (read 2026-11-21), the older of two.

Sub-users cannot use it, and DNSPod advises `tencentcloud` instead.  A record is locked for an hour after
more than five modifications in an hour that change nothing.  Clients must say a mail address in their
User-Agent.  One name can have records of several resolution lines; only those of `line` are ours.
Records that somebody disabled are left as they are.  Record.Modify resets what it is not told.  Numbers
come as text, here and there, and errors inside a 200.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from ..core.dns import IPAddress, Name, Record, RRset, RRType, Zone
from ..core.errors import (
    AccountRefused,
    BadCredentials,
    NoSuchName,
    Refused,
    Stale,
    Throttled,
    Unreachable,
)
from ..core.secret import Secret
from ..driver import Api, Fault, RestRecords, Unusable, every_page, owner_of, raise_fault
from ..wire.auth import form
from ..wire.http import Query

_PAGE = 3000  # rows, the most it gives at once
_DEFAULT_LINES = ("默认", "default", "Default")
_ID_OF_A_LINE = re.compile(r"\d+(=\d+)?")


class _Nothing(Stale):
    """A list without rows, which is an error to this API."""


_FAULTS = (
    Fault(_Nothing, ("10",)),
    Fault(
        BadCredentials,
        ("-1", "-3", "-4", "50", "52", "85", "10002", "10004"),
        "; is the token ID,TOKEN, and may this address log in?",
    ),
    Fault(Throttled, ("-2", "-8")),
    Fault(AccountRefused, ("83",)),  # locked
    Fault(Refused, ("-15",)),  # the zone is banned
    Fault(Unreachable, ("-99", "3")),
    Fault(NoSuchName, ("7", "9", "13")),
    Fault(Stale, ("6", "8")),
    Fault(Stale, ("104",), "; if a disabled record of this name holds the address, enable it or delete it"),
    Fault(Refused, ("29", "32"), "; the plan of the zone may want a greater `ttl`"),
)


@dataclass(frozen=True, kw_only=True)
class DNSPod(RestRecords):
    token: Annotated[Secret, "number and text of a DNSPod token, as ID,TOKEN"]
    email: Annotated[str, "mail address of yours, which DNSPod wants in the User-Agent"]
    international: Annotated[bool, "use the API of the international site, api.dnspod.com"] = False
    line: Annotated[str, "id or name of the resolution line whose records are ours, such as 10=1"] = "0"

    title = "DNSPod (token)"
    example = {"token": "env:DNSPOD_TOKEN", "email": "me@example.com"}
    credential = (
        "console.dnspod.cn › account › API keys › DNSPod Token: write it as ID,TOKEN.  It may do all that "
        "the account may; the provider tencentcloud can be limited."
    )
    base = "https://dnsapi.cn"
    name_at, type_at, address_at, ttl_at, id_at = "name", "type", "value", "ttl", "id"
    kept = ("line", "line_id", "weight")
    most_ttl = 604800
    patience = 3600

    def mistakes(self) -> Iterator[tuple[str, str]]:
        if not re.fullmatch(r"[\x21-\x7e]+@[\x21-\x7e]+", self.email) or {*self.email} & {*"()"}:
            yield "email", "this is no mail address; write one such as me@example.com"

    def address(self) -> str:
        return "https://api.dnspod.com" if self.international and not self.endpoint else super().address()

    def headers(self) -> Mapping[str, str | Secret]:
        return {"user-agent": f"Homeport/1 ({self.email})"}

    async def act(self, api: Api, action: str, **fields: str) -> Any:
        token = "user_token" if self.international else "login_token"
        said: dict[str, str | Secret] = {token: self.token, "format": "json", "lang": "en"}
        return await api.post(f"/{action}", form({**said, "error_on_empty": "no", **fields}))

    def check(self, payload: Any) -> None:
        status = payload["status"]
        if str(status["code"]) != "1":
            code, said = str(status["code"]), " ".join(self.scrub(str(status.get("message", ""))).split())
            told = f"{self.title}: {said[:160]} (code {self.scrub(code)[:20]})"
            raise_fault(self, _FAULTS, code, told)
            raise Refused(told)

    async def find_zones(self, api: Api, candidates: Collection[Name]) -> Sequence[Zone | Unusable]:
        rows = await self._rows(api, "Domain.List", "domains")
        zones = [zone for row in rows if (zone := self.zone_of(row)) and zone.apex in candidates]
        return list({zone.apex: zone for zone in zones}.values())

    def zone_of(self, row: Any) -> Zone | Unusable | None:
        apex = owner_of(row["name"])
        if apex is None:
            return None
        if row.get("status") == "spam":
            return Unusable(apex, Refused(f"{self.title} has banned the zone {apex}; ask its support"))
        free = str(row.get("grade")).upper().endswith("FREE")  # other plans tell by refusing
        return Zone(apex, str(int(row["id"])), 600 if free else 0)

    def query(self, zone: Zone, owner: Name | None, rrtype: RRType) -> Query:
        return {"sub_domain": owner.label_in(zone.apex)} if owner else {}

    async def zone_content(self, api: Api, zone: Zone, query: Query) -> list[Any]:
        asked = {name: str(value) for name, value in query.items()}
        return await self._rows(api, "Record.List", "records", domain_id=zone.id, **asked)

    async def _rows(self, api: Api, action: str, at: str, **fields: str) -> list[Any]:
        async def page(number: int) -> tuple[list[Any], bool]:
            part = {"offset": str((number - 1) * _PAGE), "length": str(_PAGE)}
            try:
                told = await self.act(api, action, **fields, **part)
            except _Nothing:
                return [], False
            return told[at], len(told[at]) >= _PAGE

        return await every_page(page)

    def owner(self, zone: Zone, row: Any) -> Name | None:
        enabled = str(row["enabled"]) == "1"
        return super().owner(zone, row) if enabled and self._ours(row) else None

    def _ours(self, row: Any) -> bool:
        if self.line == "0":
            return row["line"] in _DEFAULT_LINES or row.get("line_id") == "0"
        return self.line in (row["line"], row.get("line_id"))

    def fields(self, zone: Zone, wanted: RRset, address: IPAddress) -> dict[str, str]:
        return {
            "domain_id": zone.id,
            "sub_domain": wanted.owner.label_in(zone.apex),
            "record_type": wanted.rrtype.value,
            "value": str(address),
        }

    async def create(self, api: Api, zone: Zone, wanted: RRset, address: IPAddress) -> None:
        new = self.fields(zone, wanted, address)
        if self.line == "0":
            new["record_line"] = "default" if self.international else "默认"
        else:
            new["record_line_id" if _ID_OF_A_LINE.fullmatch(self.line) else "record_line"] = self.line
        if wanted.ttl:
            new["ttl"] = str(wanted.ttl)
        self.done(await self.act(api, "Record.Create", **new))

    async def replace(
        self, api: Api, zone: Zone, wanted: RRset, record: Record, address: IPAddress
    ) -> None:
        has = record.options
        new = self.fields(zone, wanted, address) | {"record_id": record.id, "status": "enable"}
        new["record_line"] = str(has["line"])
        if has.get("line_id"):
            new["record_line_id"] = str(has["line_id"])
        if has.get("weight") not in (None, ""):
            new["weight"] = str(has["weight"])
        if ttl := wanted.ttl or record.ttl:
            new["ttl"] = str(max(ttl, zone.least_ttl))  # a zone of a lesser plan has a greater least TTL
        self.done(await self.act(api, "Record.Modify", **new), record)

    async def delete(self, api: Api, zone: Zone, record: Record) -> None:
        await self.act(api, "Record.Remove", domain_id=zone.id, record_id=record.id)

    def done(self, told: Any, record: Record | None = None) -> None:
        """Raise if the answer to a write does not show that it was understood."""
        changed = int(told["record"]["id"])
        if record is not None and changed != int(record.id):
            raise ValueError(f"it changed {changed}, not {record.id}")
