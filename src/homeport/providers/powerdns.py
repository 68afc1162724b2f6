"""Zones at PowerDNS.  HTTP API: https://doc.powerdns.com/authoritative/http-api/ (read 2026-11-21).

All RRsets of a PATCH change together, or none.  Comments survive as long as nobody speaks of them;
disabled records do not, and only the list of the whole zone shows them, so it is read before a write.
The serial rises only where the zone has SOA-EDIT-API (`pdnsutil set-meta ZONE SOA-EDIT-API DEFAULT`),
without which secondaries learn of nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import quote

from ..core.dns import Key, Name, Record, RRType, Zone, in_order
from ..core.errors import NoSuchName, Refused
from ..core.plan import Change
from ..core.secret import Secret
from ..driver import Api, HttpProvider, RRsetApi, Unusable, owner_of
from ..wire.auth import key
from ..wire.http import Reply

_FOLLOWERS = ("slave", "secondary", "consumer")


@dataclass(frozen=True, kw_only=True)
class PowerDNS(RRsetApi, HttpProvider):
    endpoint: Annotated[str, "URL of the server's API, such as http://192.0.2.53:8081"] = field()
    api_key: Annotated[Secret, "the `api-key` of pdns.conf"]
    server: Annotated[str, "name of the server instance; nearly always localhost"] = "localhost"

    title = "PowerDNS"
    example = {"endpoint": "http://192.0.2.53:8081", "api_key": "env:PDNS_API_KEY"}
    credential = (
        "pdns.conf: webserver=yes, api=yes, api-key=..., webserver-allow-from=...; the key is good for all "
        "zones, so reach the server over HTTPS or a trusted network only."
    )
    least_ttl = 0
    few = 8  # names; more are looked for in the list of all zones, or of the whole zone
    batch = 500

    def address(self) -> str:
        return f"{self.endpoint.rstrip('/').removesuffix('/api/v1')}/api/v1/servers/{quote(self.server)}"

    def headers(self) -> dict[str, Secret]:
        return key("x-api-key", self.api_key)

    def check_failure(self, reply: Reply, said: str) -> None:
        if reply.status == 422 and "Could not find domain" in reply.text:  # before 4.2
            raise NoSuchName(said)

    async def find_zones(self, api: Api, candidates: Collection[Name]) -> Sequence[Zone | Unusable]:
        asked: list[dict[str, str]] = [{"zone": f"{name}.", "dnssec": "false"} for name in candidates]
        if len(asked) > self.few:
            asked = [{"dnssec": "false"}]
        lists = await api.together([api.rows("/zones", **query) for query in asked])
        held = [self.zone_of(row) for rows in lists for row in rows]
        return list({zone.apex: zone for zone in held if zone and zone.apex in candidates}.values())

    def zone_of(self, row: Any) -> Zone | Unusable | None:
        if (apex := owner_of(row["name"])) is None:
            return None
        if row["kind"].lower() in _FOLLOWERS:
            why = f"{self.title} is only a secondary of {apex}; change it at its primary"
            return Unusable(apex, Refused(why))
        return Zone(apex, str(row["id"]))

    async def records(self, api: Api, zone: Zone, keys: Collection[Key]) -> Mapping[Key, list[Record]]:
        owners = {owner for owner, _ in keys}
        asked: list[dict[str, str]] = [{"rrset_name": f"{owner}."} for owner in owners]
        if len(asked) > self.few:
            asked = [{}]
        path = _path(zone)
        lists = await api.together([api.rows(path, "rrsets", **query) for query in asked])
        return {
            wanted: [
                Record(row["content"], ip_address(row["content"]), ttl)
                for row in rows
                if not row["disabled"]
            ]
            for wanted, ttl, rows in _sets(rrset for some in lists for rrset in some)
        }

    async def commit(self, api: Api, zone: Zone, changes: Sequence[Change]) -> None:
        rrsets = await api.rows(_path(zone), "rrsets")
        parked = {known: [row for row in rows if row["disabled"]] for known, _, rows in _sets(rrsets)}
        said = []
        for wanted, *_ in changes:
            addresses = [str(address) for address in in_order(wanted.addresses)]
            rows = [{"content": address, "disabled": False} for address in addresses]
            rows += [row for row in parked.get(wanted.key, []) if row["content"] not in addresses]
            said.append(
                {
                    "name": f"{wanted.owner}.",
                    "type": wanted.rrtype.value,
                    "ttl": 3600 if wanted.ttl is None else wanted.ttl,
                    "changetype": "REPLACE",
                    "records": rows,
                }
            )
        reply = api.judge(*await api.send("PATCH", _path(zone), body={"rrsets": said}))
        if reply.status != 204:
            raise ValueError(f"204 was expected, not {reply.status}")


def _path(zone: Zone) -> str:
    return f"/zones/{quote(zone.id, safe='=')}"


def _sets(rrsets: Iterable[Any]) -> list[tuple[Key, int, list[Any]]]:
    """The address RRsets: key, TTL, rows."""
    return [
        ((owner, RRType(rrset["type"])), rrset["ttl"], rrset["records"])
        for rrset in rrsets
        if rrset["type"] in list(RRType) and (owner := owner_of(rrset["name"]))
    ]
