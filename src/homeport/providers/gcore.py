"""Zones at Gcore.  DNS API v2: https://apidocs.gcore.com/dns (read 2026-11-21).

An RRset is made by a POST, replaced as a whole by a PUT.  What its records have beside their addresses
is said again; records that are switched off stay.  An RRset with filters or rules of its own (by place,
weight or health) is left alone.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import quote

from ..core.dns import Key, Record, RRset, RRType, Zone, in_order
from ..core.errors import NoSuchName, Refused, Stale
from ..core.secret import Secret
from ..driver import Api, HttpProvider, SingleRRsetApi, owner_of, seen_before, told
from ..wire.auth import token
from ..wire.http import Query, Reply

_RULES = ("filters", "pickers", "meta")


@dataclass(frozen=True, kw_only=True)
class Gcore(SingleRRsetApi, HttpProvider):
    token: Annotated[Secret, "a permanent API token"]

    title = "Gcore"
    example = {"token": "env:GCORE_TOKEN"}
    credential = (
        "portal.gcore.com › Profile › API tokens › Create token: a role that may manage DNS, no more."
    )
    base = "https://api.gcore.com/dns/v2"
    zones, zones_at, zones_query, zone_id_at = "/zones", "zones", {"limit": "1000"}, "name"
    few = 8  # keys; more are looked for in the list of the zone

    def headers(self) -> dict[str, Secret]:
        return token("APIKey", self.token)

    def check_failure(self, reply: Reply, said: str) -> None:
        if reply.status == 409 or "already exist" in told(reply, "error").lower():
            raise Stale(said)

    def later_pages(self, payload: Any) -> Iterable[Query]:
        [size] = [len(rows) for name, rows in payload.items() if name in ("zones", "rrsets")]
        pages = -(-payload["total_amount"] // size) if size else 1  # it may give fewer than asked for
        return ({"offset": str(number * size)} for number in range(1, pages))

    async def records(self, api: Api, zone: Zone, keys: Collection[Key]) -> Mapping[Key, list[Record]]:
        if len(keys) <= self.few:
            lists = await api.together([self._rrset(api, zone, key) for key in keys])
            return {key: _records(row) for key, rows in zip(keys, lists, strict=True) for row in rows}
        found: dict[Key, list[Record]] = {}
        types = {rrtype.value for _, rrtype in keys}
        path = f"{_path(zone)}/rrsets"
        for rows in await api.together([api.rows(path, "rrsets", type=one, limit="1000") for one in types]):
            for row in rows:
                if row["type"] in list(RRType) and (owner := owner_of(row["name"])):
                    found[owner, RRType(row["type"])] = _records(row)
        return found

    async def _rrset(self, api: Api, zone: Zone, key: Key) -> Sequence[Any]:
        """The RRset, if there is one."""
        try:
            return [await api.get(_path(zone, key))]
        except NoSuchName:
            return []

    async def put(self, api: Api, zone: Zone, wanted: RRset) -> None:
        path, held = _path(zone, wanted.key), wanted.options.get("held")
        # None: there is no RRset, or one whose records are all switched off.
        there: Sequence[Any] = [held] if held is not None else await self._rrset(api, zone, wanted.key)
        rows = _rows(wanted, [record for row in there for record in row["resource_records"]])
        if any(row.get(rule) for row in there for rule in _RULES):
            why = f"{wanted.owner} {wanted.rrtype} has rules of its own"
            raise Refused(f"{self.title}: {why}; remove them, or choose another name")
        if not rows:
            with seen_before():
                await api.delete(path)
            return
        body = {"ttl": wanted.ttl or 300, "resource_records": rows}
        with seen_before():
            stored = await api.call("PUT" if there else "POST", path, body=body)
        if {record.address for record in _records(stored)} != wanted.addresses:
            raise ValueError("other addresses were stored")


def _path(zone: Zone, key: Key | None = None) -> str:
    path = f"/zones/{quote(zone.id, safe='')}"
    return f"{path}/{quote(key[0].text, safe='*')}/{key[1]}" if key else path


def _records(row: Any) -> list[Record]:
    texts = [str(record["content"][0]) for record in row["resource_records"] if record["enabled"]]
    return [Record(text, ip_address(text), int(row["ttl"]), {"held": row}) for text in texts]


def _rows(wanted: RRset, old: Sequence[Any]) -> list[Mapping[str, Any]]:
    """The records; an address that takes another's place takes what that had, too."""
    known = {ip_address(row["content"][0]): row for row in old}
    free = [row for at, row in known.items() if row["enabled"] and at not in wanted.addresses]
    rows = []
    for address in in_order(wanted.addresses):
        row = known[address] if address in known else free.pop(0) if free else {}
        kept = {"meta": row["meta"]} if row.get("meta") else {}
        rows.append({"content": [str(address)], "enabled": True, **kept})
    return rows + [row for at, row in known.items() if not row["enabled"] and at not in wanted.addresses]
