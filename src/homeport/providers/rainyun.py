"""Zones at RainYun.  API v2: https://s.apifox.cn/a4595cc8-44c5-4678-a2a3-eed7738dab03 (read 2026-11-21).

`code` in the envelope decides, not the status.  One path takes every write, the record's number in its
body; what an update does not say is set.  A record belongs to a line; those of a line other than
DEFAULT are left alone.
"""

import json
from dataclasses import dataclass
from typing import Annotated, Any

from ..core.dns import IPAddress, Record, RRset, Zone
from ..core.errors import BadCredentials, NoSuchName, ProviderError, Refused, Stale, Throttled, Unreachable
from ..core.secret import Secret
from ..driver import Api, RestRecords, raise_for_words, seen_before, told, until_total
from ..wire.auth import key
from ..wire.http import Query, Reply

_PAGE = 100  # rows
_ERRORS: tuple[tuple[str, type[ProviderError], str], ...] = (  # what a message holds
    ("密钥", BadCredentials, ""),  # key
    ("api key", BadCredentials, ""),
    ("登录", BadCredentials, ""),  # log in
    ("权限", BadCredentials, ""),  # rights
    ("频繁", Throttled, ""),  # too frequent
    ("不存在", NoSuchName, ""),  # does not exist
    ("已存在", Stale, ""),  # exists already
    ("冲突", Stale, ""),  # conflict
)


@dataclass(frozen=True, kw_only=True)
class RainYun(RestRecords):
    key: Annotated[Secret, "API key"]

    title = "RainYun"
    example = {"key": "env:RAINYUN_KEY"}
    credential = "app.rainyun.com › Account settings › API key."
    base = "https://api.v2.rainyun.com"
    zone_name_at, collection = "domain", "/product/domain/{zone}/dns"
    id_at, name_at, address_at, kept = "record_id", "host", "value", ("line", "level")

    def headers(self) -> dict[str, Secret]:
        return key("x-api-key", self.key)

    def check(self, payload: Any) -> None:
        code = int(payload["code"])
        if code != 200:
            words = str(payload.get("message"))
            said = f"{self.title}: {self.scrub(words)[:160]} (code {code})"
            self._raise(words, said)
            if code in (401, 403):
                raise BadCredentials(said)
            raise Unreachable(said) if 500 <= code < 600 else Refused(said)

    def check_failure(self, reply: Reply, said: str) -> None:
        self._raise(told(reply, "message"), said)

    def _raise(self, words: str, said: str) -> None:
        raise_for_words(self, _ERRORS, words, said)

    async def zone_rows(self, api: Api) -> list[Any]:
        async def page(number: int) -> tuple[list[Any] | None, int]:
            options = {"columnFilters": {}, "sort": [], "page": number + 1, "perPage": _PAGE}
            data = (await api.get("/product/domain/", options=json.dumps(options)))["data"]
            return data["Records"], int(data["TotalRecords"])

        return await until_total(page)

    async def zone_content(self, api: Api, zone: Zone, query: Query) -> list[Any]:
        async def page(number: int) -> tuple[list[Any] | None, int]:
            asked = {"limit": str(_PAGE), "page_no": str(number + 1)}
            data = (await api.get(f"{self.path(zone)}/", **asked))["data"]
            return data["Records"], int(data["TotalRecords"])

        return await until_total(page)

    def special(self, record: Record) -> str | None:
        line = record.options.get("line")
        return None if line in (None, "", "DEFAULT") else f"of the line {line}"

    def defaults(self) -> dict[str, Any]:
        return {"ttl": 600, "line": "DEFAULT", "level": 10}

    async def create(self, api: Api, zone: Zone, wanted: RRset, address: IPAddress) -> None:
        await api.post(self.path(zone), {"record_id": 0, **self.new(zone, wanted, address)})

    async def replace(
        self, api: Api, zone: Zone, wanted: RRset, record: Record, address: IPAddress
    ) -> None:
        was = {"record_id": int(record.id), **record.options, **({"ttl": record.ttl} if record.ttl else {})}
        with seen_before():
            await api.patch(self.path(zone), was | self.changed(zone, wanted, record, address))

    async def delete(self, api: Api, zone: Zone, record: Record) -> None:
        with seen_before():
            await api.call("DELETE", f"{self.path(zone)}/", body={"record_id": int(record.id)})
