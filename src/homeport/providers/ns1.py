"""Zones at NS1 (IBM).  API v1: https://ns1.com/api (read 2026-11-21).

A record is a whole RRset; PUT creates it, POST updates it, and what the answers do not repeat of their
metadata is lost.  So each is read before it is written: an answer gets another address and keeps the
rest.  A record with filters (by place, weight, health) keeps its number of answers, or is left alone.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Any

from ..core.dns import IPAddress, Key, Record, RRset, RRType, Zone, in_order
from ..core.errors import Refused, Stale
from ..core.secret import Secret
from ..driver import Api, Budget, HttpProvider, SingleRRsetApi, Unusable, owner_of
from ..wire.auth import key
from ..wire.http import Reply

_FEW = 4  # up to so many records are asked for one by one, more with the zone


@dataclass(frozen=True, kw_only=True)
class NS1(SingleRRsetApi, HttpProvider):
    api_key: Annotated[Secret, "an API key that may view zones and manage records"]

    title = "NS1"
    example = {"api_key": "env:NS1_API_KEY"}
    credential = (
        "my.nsone.net › Account settings › Users & teams › API keys: DNS: view and manage zones, for the "
        "one zone; an IP whitelist would lock you out when your address changes."
    )
    base = "https://api.nsone.net/v1"
    zones, zone_name_at, zone_id_at = "/zones", "zone", "zone"
    budget = Budget(requests=100, seconds=200)
    patience = 200

    def headers(self) -> dict[str, Secret]:
        return key("x-nsone-key", self.api_key)

    def check_failure(self, reply: Reply, said: str) -> None:
        if reply.status in (400, 409) and "already exists" in reply.text:
            raise Stale(said)

    def zone_of(self, row: Any) -> Zone | Unusable | None:
        apex = owner_of(row["zone"])
        if apex and (row.get("link") or (row.get("secondary") or {}).get("enabled")):
            why = f"the zone {apex} is a copy of another one; change that one"
            return Unusable(apex, Refused(f"{self.title}: {why}"))
        return Zone(apex, row["zone"]) if apex else None

    async def records(self, api: Api, zone: Zone, keys: Collection[Key]) -> Mapping[Key, list[Record]]:
        found: dict[Key, list[Record]] = {}
        if len(keys) <= _FEW:
            for record in await api.together([self._record(api, zone, key) for key in keys]):
                if record is not None:
                    self._note(found, record, [_address(answer) for answer in record["answers"]])
        else:
            for record in (await api.get(f"/zones/{zone.id}"))["records"]:
                if record["type"] in list(RRType):
                    self._note(found, record, [ip_address(text) for text in record["short_answers"]])
        return found

    def _note(self, found: dict[Key, list[Record]], record: Any, addresses: list[IPAddress]) -> None:
        if owner := owner_of(record["domain"]):
            held = [Record(str(address), address, int(record["ttl"])) for address in addresses]
            found[owner, RRType(record["type"])] = held

    async def _record(self, api: Api, zone: Zone, key: Key) -> Any:
        request, reply = await api.send("GET", self._path(zone, key))
        if reply.status == 404 and "record not found" in reply.text:
            return None
        return api.read(request, reply)

    def _path(self, zone: Zone, key: Key) -> str:
        return f"/zones/{zone.id}/{key[0]}/{key[1]}"

    async def put(self, api: Api, zone: Zone, wanted: RRset) -> None:
        held = await self._record(api, zone, wanted.key)
        answers = [] if held is None else held["answers"]
        linked, filtered = (held or {}).get("link"), (held or {}).get("filters")
        path = self._path(zone, wanted.key)
        if linked or (filtered and len(answers) != len(wanted.addresses)):
            why = "is linked to another record, or its filters choose among its answers; change it there"
            raise Refused(f"{self.title}: {wanted.owner} {wanted.rrtype} {why}")
        if not wanted.addresses:
            await api.delete(path)
            return
        answers = _answers(wanted, answers)
        ttl = {"ttl": wanted.ttl} if wanted.ttl else {}
        body = {"zone": zone.id, "domain": wanted.owner.text, "type": wanted.rrtype.value, **ttl}
        stored = await api.call("PUT" if held is None else "POST", path, body={**body, "answers": answers})
        if {_address(answer) for answer in stored["answers"]} != wanted.addresses:
            raise ValueError(f"it stored {stored['answers']!r}")


def _address(answer: Any) -> IPAddress:
    [text] = answer["answer"]
    return ip_address(text)


def _answers(wanted: RRset, held: list[Any]) -> list[Any]:
    """The answers that are wanted, each with what it has; spare ones get the addresses that miss."""
    old = {_address(answer): answer for answer in held}
    missing = [address for address in in_order(wanted.addresses) if address not in old]
    answers = []
    for address, answer in old.items():
        if address not in wanted.addresses and not missing:
            continue
        now = address if address in wanted.addresses else missing.pop(0)
        rest = {name: value for name, value in answer.items() if name != "id"}
        answers.append({**rest, "answer": [str(now)]})
    return answers + [{"answer": [str(address)]} for address in missing]
