"""Zones at netcup.  CCP API: https://helpcenter.netcup.com/en/wiki/general/our-api (read 2026-11-21).

Every call is a POST to one URL, answered with 200.  A login gives a session for about a quarter of an
hour; now and then it is called invalid, and a new one helps.  One call holds all changes of a zone, and
what it does not name stays.  The TTL is one of the zone, not of a record: change it in the control
panel.  Many failed calls lock the account for a while.  Zones of netcup's newer CloudDNS are not seen.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Annotated, Any

from ..core.dns import IPAddress, Name, Record, RRset, Zone
from ..core.errors import (
    BadCredentials,
    NoSuchName,
    ProviderError,
    Refused,
    Stale,
    Throttled,
    Unreachable,
)
from ..core.plan import Change, Create, Delete, Put, Replace
from ..core.secret import Secret
from ..driver import Api, Budget, RestRecords, Unusable, ask_for_zones, raise_for_words
from ..wire.http import Query

_ERRORS: tuple[tuple[str, type[ProviderError], str], ...] = (  # what a message holds
    ("too many error", Throttled, ""),
    ("requests per minute", Throttled, ""),
    ("session id", Unreachable, ""),
    ("field domainname", NoSuchName, ""),
    ("domain not found", NoSuchName, ""),
    ("could not be found", NoSuchName, ""),
    ("record id", Stale, ""),
)


@dataclass(frozen=True, kw_only=True)
class Netcup(RestRecords):
    customer: Annotated[str, "customer number"]
    key: Annotated[Secret, "API key"]
    password: Annotated[Secret, "API password, which is not that of the customer"]

    title = "netcup"
    example = {"customer": "12345", "key": "env:NETCUP_KEY", "password": "env:NETCUP_PASSWORD"}
    credential = "customercontrolpanel.de › Master data › API: make an API key and an API password."
    base = "https://ccp.netcup.net/run/webservice/servers/endpoint.php?JSON"
    name_at, address_at, update_with, kept = "hostname", "destination", "PUT", ("priority",)
    budget = Budget(requests=180, seconds=60)
    patience = 1800
    batch = 100

    def fit(self, wanted: RRset) -> RRset:
        return replace(wanted, ttl=None)

    def check(self, payload: Any) -> None:
        if payload["status"] == "success":
            return
        code, words = int(payload["statuscode"]), str(payload["longmessage"])
        said = f"{self.title}: {self.scrub(words)[:160]} (code {code})"
        raise_for_words(self, _ERRORS, words, said)
        if code in (5029, 5031):
            raise NoSuchName(said)
        raise Refused(said)

    async def ask(self, api: Api, action: str, **param: Any) -> Any:
        """What the service answers inside its envelope; the first call of a round logs in."""
        if "id" not in api.session:
            api.session["id"] = await self._login(api)
        try:
            said = self._asked(action, {"apisessionid": api.session["id"], **param})
            return (await api.post("", said))["responsedata"]
        except Unreachable:
            api.session.pop("id", None)
            raise

    async def _login(self, api: Api) -> Secret:
        request, reply = await api.send(
            "POST", "", body=self._asked("login", {"apipassword": self.password})
        )
        try:
            session = api.read(request, reply)["responsedata"]["apisessionid"]
        except Refused as error:
            raise BadCredentials(str(error)) if reply.status == 200 else error from None
        if not isinstance(session, str) or not session:
            raise ValueError("a login without a session")
        return Secret(session)

    def _asked(self, action: str, param: Query) -> dict[str, Any]:
        who = {"customernumber": self.customer, "apikey": self.key}
        return {"action": action, "param": {**who, **param}}

    async def find_zones(self, api: Api, candidates: Collection[Name]) -> Sequence[Zone | Unusable]:
        async def ask(name: Name) -> Zone:
            found = await self.ask(api, "infoDnsZone", domainname=name.text)
            int(found["ttl"])
            return Zone(name, name.text)

        return await ask_for_zones(candidates, ask)

    async def zone_content(self, api: Api, zone: Zone, query: Query) -> list[Any]:
        rows: list[Any] = (await self.ask(api, "infoDnsRecords", domainname=zone.id))["dnsrecords"]
        return rows

    def record(self, row: Any) -> Record:
        return Record(str(row["id"]), ip_address(row["destination"]), None, {"priority": row["priority"]})

    async def commit(self, api: Api, zone: Zone, changes: Sequence[Change]) -> None:
        rows = [self._row(zone, change) for change in changes]
        said = {"dnsrecords": rows}
        answer = await self.ask(api, "updateDnsRecords", domainname=zone.id, dnsrecordset=said)
        stored = {(r["hostname"], r["type"], _address(r["destination"])) for r in answer["dnsrecords"]}
        for row in rows:
            now = row["hostname"], row["type"], ip_address(row["destination"])
            if not row["deleterecord"] and now not in stored:
                raise ValueError(f"{now} was not stored")

    def _row(self, zone: Zone, change: Change) -> dict[str, Any]:
        match change:
            case Create(wanted, address):
                return {**self.new(zone, wanted, address), "deleterecord": False}
            case Replace(wanted, record, address):
                body = self.changed(zone, wanted, record, address)
                return {"id": record.id, **body, "deleterecord": False}
            case Delete(wanted, record):
                body = self.changed(zone, wanted, record, record.address)
                return {"id": record.id, **body, "deleterecord": True}
            case Put():
                raise AssertionError("planned by record")


def _address(text: str) -> IPAddress | str:
    try:
        return ip_address(text)
    except ValueError:
        return text
