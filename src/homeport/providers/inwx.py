"""Zones at INWX.  DomRobot API: https://www.inwx.de/en/help/apidoc (read 2026-11-21).

JSON-RPC: every call is a POST to one URL, answered with 200; `code` says what happened.  A login gives
a cookie for the calls after it.  Names are written in full.  What an update leaves out stays as it is.
An account with a second factor cannot be used: make a sub-account for the API.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from ..core.dns import IPAddress, Name, Record, RRset, Zone
from ..core.errors import BadCredentials, NoSuchName, ProviderError, Refused, Stale, Unreachable
from ..core.secret import Secret
from ..driver import Api, RestRecords, Unusable, ask_for_zones, seen_before
from ..wire.auth import cookies, jar
from ..wire.http import Query

_ERRORS: dict[int, type[ProviderError]] = {
    2200: BadCredentials,
    2201: BadCredentials,
    2302: Stale,
    2303: NoSuchName,
    2400: Unreachable,
    2500: Unreachable,
    2501: BadCredentials,
    2502: Unreachable,  # too many sessions
}


@dataclass(frozen=True, kw_only=True)
class INWX(RestRecords):
    user: Annotated[str, "user name of the account, or of a sub-account"]
    password: Annotated[Secret, "its password"]

    title = "INWX"
    example = {"user": "jdoe-dns", "password": "env:INWX_PASSWORD"}
    credential = (
        "inwx.de › Account › Sub-accounts: a sub-account without a second factor, with the right "
        "'Nameserver management' only."
    )
    base = "https://api.domrobot.com/jsonrpc/"
    apex = None
    least_ttl = 300

    def address(self) -> str:
        return super().address() + "/"  # without it, the service redirects

    def check(self, payload: Any) -> None:
        code = int(payload["code"])
        if not 1000 <= code < 2000:
            words = f"{payload.get('msg')} {payload.get('reason') or ''}".strip()
            said = f"{self.title}: {self.scrub(words)[:160]} (code {code})"
            raise _ERRORS.get(code, Refused)(said)

    async def ask(self, api: Api, method: str, **params: Any) -> Any:
        """What the service answers inside its envelope; the first call of a round logs in."""
        if not api.session:
            api.session.update(await self._login(api))
        body = {"method": method, "params": params}
        answer = await api.call("POST", "", body=body, headers=cookies(api.session))
        return answer.get("resData") or {}

    async def _login(self, api: Api) -> dict[str, Secret]:
        params = {"user": self.user, "pass": self.password}
        request, reply = await api.send("POST", "", body={"method": "account.login", "params": params})
        factor = (api.read(request, reply).get("resData") or {}).get("tfa")
        if factor not in (None, "", "0", 0):
            raise BadCredentials(f"{self.title}: the account wants a second factor; use a sub-account")
        found = jar(reply.headers.get("set-cookie", ""))
        if not found:
            raise ValueError("a login without a cookie")
        return found

    async def find_zones(self, api: Api, candidates: Collection[Name]) -> Sequence[Zone | Unusable]:
        async def ask(name: Name) -> Zone | Unusable:
            found = await self.ask(api, "nameserver.info", domain=name.text, type="SOA")
            if found["type"] == "SLAVE":
                why = f"{self.title}: {name} is a secondary zone there; change it at its primary server"
                return Unusable(name, Refused(why))
            return Zone(name, name.text)

        return await ask_for_zones(candidates, ask)

    async def zone_content(self, api: Api, zone: Zone, query: Query) -> list[Any]:
        found = await self.ask(api, "nameserver.info", domain=zone.id)
        rows: list[Any] = found["record"] if found["count"] else []
        return rows

    async def create(self, api: Api, zone: Zone, wanted: RRset, address: IPAddress) -> None:
        new = self.new(zone, wanted, address)
        int((await self.ask(api, "nameserver.createRecord", domain=zone.id, **new))["id"])

    async def replace(
        self, api: Api, zone: Zone, wanted: RRset, record: Record, address: IPAddress
    ) -> None:
        new = {"content": str(address), **self.extras(wanted)}
        await self._change(api, "nameserver.updateRecord", record, **new)

    async def delete(self, api: Api, zone: Zone, record: Record) -> None:
        await self._change(api, "nameserver.deleteRecord", record)

    async def _change(self, api: Api, method: str, record: Record, **new: Any) -> None:
        with seen_before():
            await self.ask(api, method, id=int(record.id), **new)
