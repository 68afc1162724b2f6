"""Zones at Hostinger.  API: https://developers.hostinger.com/#tag/dns-zone (read 2026-11-21).

Whole RRsets by name ("@" at the apex) and type, in one list for the zone.  A domain that is registered
elsewhere may have a zone here too, and is in no list.  A single address may be disabled there, which no
request can say: such an RRset is left alone.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Annotated, Any

from ..core.dns import Key, Name, Record, RRset, RRType, Zone, in_order
from ..core.errors import Refused
from ..core.plan import Change, Put
from ..core.secret import Secret
from ..driver import Api, HttpProvider, SingleRRsetApi, Unusable, ask_for_zones, owner_of
from ..wire.auth import bearer

_ZONE = "/api/dns/v1/zones/"


@dataclass(frozen=True, kw_only=True)
class Hostinger(SingleRRsetApi, HttpProvider):
    token: Annotated[Secret, "an API token"]

    title = "Hostinger"
    example = {"token": "env:HOSTINGER_TOKEN"}
    credential = (
        "hpanel.hostinger.com › Account › API: a token; it has all rights of the person who made it."
    )
    base = "https://developers.hostinger.com"
    zones, zone_name_at, zone_id_at = "/api/domains/v1/portfolio", "domain", "domain"
    least_ttl, most_ttl = 60, 604800
    patience = 60

    def headers(self) -> dict[str, Secret]:
        return bearer(self.token)

    def zone_of(self, row: Any) -> Zone | None:
        apex = owner_of(row["domain"] or "")  # null until a free domain is claimed
        return Zone(apex, apex.text) if apex else None

    async def find_zones(self, api: Api, candidates: Collection[Name]) -> Sequence[Zone | Unusable]:
        listed = await super().find_zones(api, candidates)
        left = [name for name in candidates if not any(name.within(zone.apex) for zone in listed)]

        async def ask(name: Name) -> Zone | None:
            if any(zone.apex.within(name) for zone in listed):
                return None
            request, reply = await api.send("GET", f"{_ZONE}{name}")
            known = reply.status != 422 and api.read(request, reply)
            return Zone(name, name.text) if known else None

        return [*listed, *await ask_for_zones(left, ask)]

    async def records(self, api: Api, zone: Zone, keys: Collection[Key]) -> Mapping[Key, list[Record]]:
        found: dict[Key, list[Record]] = {}
        for row in await api.rows(f"{_ZONE}{zone.id}"):
            if row["type"] not in list(RRType):
                continue
            label = row["name"]
            if owner := zone.apex if label in ("@", "") else owner_of(f"{label}.{zone.apex}"):
                found[owner, RRType(row["type"])] = [
                    Record(
                        one["content"],
                        ip_address(one["content"]),
                        int(row["ttl"]),
                        {"disabled": bool(one.get("is_disabled"))},
                    )
                    for one in row["records"]
                ]
        return found

    def changes(self, wanted: RRset, present: Collection[Record]) -> tuple[Change, ...]:
        off = any(record.options["disabled"] for record in present)
        return tuple(
            Put(replace(change.wanted, options={"disabled": off}))
            for change in super().changes(wanted, present)
        )

    async def put(self, api: Api, zone: Zone, wanted: RRset) -> None:
        if wanted.options.get("disabled"):
            why = "has an address that is disabled; enable or remove it there"
            raise Refused(f"{self.title}: {wanted.owner} {wanted.rrtype} {why}")
        row = {"name": wanted.owner.label_in(zone.apex), "type": wanted.rrtype.value}
        if wanted.addresses:
            values = [{"content": str(address)} for address in in_order(wanted.addresses)]
            ttl = {"ttl": wanted.ttl} if wanted.ttl else {}
            body = {"overwrite": True, "zone": [{**row, **ttl, "records": values}]}
            reply = await api.put(f"{_ZONE}{zone.id}", body)
        else:
            reply = await api.call("DELETE", f"{_ZONE}{zone.id}", body={"filters": [row]})
        if not isinstance(reply["message"], str):
            raise TypeError(f"a message was expected, not {reply!r}")
