"""Domains at West.cn (西部数码).
API v2: https://www.west.cn/CustomerCenter/doc/domain_v2.html (read 2026-11-21).

One record for each address, with its id: `dnsrec.update`, which needs no id, is not used, since it
replaces whatever has the name.  Every call is a form that is posted; answers are in GBK or UTF-8, errors
come inside a 200 and mostly in words only.  The key of one domain sees no list of domains, so each
candidate is asked for.  Records of other lines and paused ones are left alone.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
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
from ..driver import Api, RestRecords, Unusable, ask_for_zones, owner_of
from ..wire.auth import form
from ..wire.http import NOTHING, Query, Reply

_PAGE = 100  # rows
_MOST_PAGES = 1000
_MOST_REFUSALS = 8  # of the key, before no further domain is asked for
_DEFAULT_LINE = ("", "0", "default", "默认")
# What its words mean; the first that fits counts.
_WORDS: tuple[tuple[str, type[ProviderError]], ...] = (
    (r"too (many|frequent|fast)|频繁|频率|超限", Throttled),
    (r"busy|繁忙|稍后|稍候|time.?out|超时|try again", Unreachable),
    (r"already exist|duplicat|已存在|已经存在|重复", Stale),
    (r"record\S* (does )?(not|n't) (exist|found)|记录\S*不存在|no records", Stale),
    (r"domain (does )?(not|n't) (exist|found)|域名\S*(不存在|不属于|未找到)|not your domain", NoSuchName),
    (
        r"api.?(domain)?key|api.?password|username|token|auth|身份|认证|鉴权|密码|密钥|白名单|未授权",
        BadCredentials,
    ),
)


@dataclass(frozen=True, kw_only=True)
class WestCn(RestRecords):
    api_key: Annotated[Secret, "the ApiKey of the domain; with username, that of the account (32 digits)"]
    username: Annotated[str | None, "the user name, if the ApiKey is that of the account"] = None
    line: Annotated[str, "code of the resolution line whose records are ours, such as LTEL"] = ""

    title = "West.cn"
    example = {"api_key": "env:WESTCN_API_KEY"}
    credential = (
        "West.cn › 域名管理 › the domain › ApiKey (the right to that one domain); or for all domains: "
        "管理中心 › API接口配置, with your user name."
    )
    base = "https://api.west.cn/API/v2"
    name_at, type_at, address_at = "hostname", "record_type", "record_value"
    ttl_at, id_at, kept, update_with = "record_ttl", "record_id", ("record_level", "record_mx"), "PUT"
    least_ttl, most_ttl = 60, 86400

    def check(self, payload: Any) -> None:
        code, words = int(payload["code"]), str(payload.get("msg"))
        if code == 200:
            return
        said = self.scrub(f"{self.title}: {code} {words}")[:160]
        for pattern, kind in _WORDS:
            if re.search(pattern, words, re.IGNORECASE):
                raise kind(said)
        if code == 404:
            raise NoSuchName(said)
        if code in (401, 403, 10000, 10001, 10002):
            raise BadCredentials(said)
        raise Refused(said)

    async def _act(self, api: Api, action: str, domain: str, **more: object) -> Any:
        """One call; what lies under `body` of its answer."""
        who: Query = {"apidomainkey": self.api_key}
        if self.username is not None:
            who = {"username": self.username, "apikey": self.api_key}
        said = {"act": action, "domain": domain, **{name: str(value) for name, value in more.items()}}
        request, reply = await api.send("POST", "/domain/dns/", NOTHING, form({**who, **said}))
        return api.read(request, _as_utf8(reply)).get("body")

    async def find_zones(self, api: Api, candidates: Collection[Name]) -> Sequence[Zone | Unusable]:
        refusals: list[BadCredentials] = []

        async def ask(name: Name) -> Zone | None:
            if len(refusals) == _MOST_REFUSALS:
                return None
            try:
                await self._list(api, name.text, pageno=1, limit=1)
            except BadCredentials as error:  # or of another domain: its key is for one only
                refusals.append(error)
                return None
            return Zone(name, name.text)

        found = await ask_for_zones(candidates, ask)
        if refusals and not found:
            raise refusals[0]
        return found

    async def _list(self, api: Api, domain: str, **query: object) -> tuple[list[Any], int]:
        """One page, and how many rows there are; a list of nothing is an error there."""
        try:
            body = await self._act(api, "dnsrec.list", domain, **query)
        except Stale:
            return [], 0
        return body["items"] or [], int(body["total"])

    def query(self, zone: Zone, owner: Name | None, rrtype: RRType) -> Query:
        return {"record_type": rrtype.value}  # whether a filter by name is fuzzy is not documented

    async def zone_content(self, api: Api, zone: Zone, query: Query) -> list[Any]:
        rows: list[Any] = []
        for number in range(1, _MOST_PAGES):
            some, total = await self._list(api, zone.id, **query, pageno=number, limit=_PAGE)
            rows += some
            if len(rows) >= total:
                return rows
            if not some:
                raise ValueError(f"{len(rows)} rows of {total}")
        raise Unintelligible(f"{self.title}: a list without an end")

    def owner(self, zone: Zone, row: Any) -> Name | None:
        line = str(row.get("record_line") or "")
        ours = line == self.line or (not self.line and line in _DEFAULT_LINE)
        if not ours or str(row.get("pause") or 0) != "0":
            return None
        full = owner_of(str(row["hostname"]))  # some answers may have it in full
        return full if full is not None and full.within(zone.apex) else super().owner(zone, row)

    async def create(self, api: Api, zone: Zone, wanted: RRset, address: IPAddress) -> None:
        new = {**self.new(zone, wanted, address), "record_line": self.line}
        body = await self._act(api, "dnsrec.add", zone.id, **new)
        if int(body["record_id"]) <= 0:
            raise ValueError(f"no id for {address}")

    async def replace(
        self, api: Api, zone: Zone, wanted: RRset, record: Record, address: IPAddress
    ) -> None:
        changed = self.changed(zone, wanted, record, address)
        level = changed.pop("record_mx", None)  # lists call it so
        told = {"record_id": record.id, "record_level": level, "record_line": self.line, **changed}
        told = {name: value for name, value in told.items() if value is not None}
        body = await self._act(api, "dnsrec.modify", zone.id, **told)
        done = body.get("success")
        if done is not None and record.id not in [str(one) for one in done]:
            raise Refused(
                f"{self.title}: it did not change {wanted.owner} {wanted.rrtype}: {str(body)[:80]}"
            )

    async def delete(self, api: Api, zone: Zone, record: Record) -> None:
        await self._act(api, "dnsrec.remove", zone.id, record_id=record.id)


def _as_utf8(reply: Reply) -> Reply:
    try:
        reply.body.decode()
    except UnicodeDecodeError:
        return replace(reply, body=reply.body.decode("gb18030", "replace").encode())
    return reply
