"""Zones at Hetzner.  Cloud API: https://docs.hetzner.cloud/reference/cloud#zones (read 2026-11-21).

Zones of the old DNS Console, and its tokens, are unknown here: that is `hetznerdns`.  Records and TTL of
an RRset are set by actions of their own, which end a moment after they are answered; a second one before
that may be turned away.  An RRset without a TTL has its zone's, which is 0 here.  Comments stay with the
addresses, and with those that take their place.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import quote

from ..core.dns import Key, Record, RRset, RRType, Zone, in_order
from ..core.errors import BadCredentials, NoSuchName, ProviderError, Refused, Stale, Throttled, Unreachable
from ..core.secret import Secret
from ..driver import Api, Budget, HttpProvider, SingleRRsetApi, Unusable, owner_of, told
from ..wire.auth import bearer
from ..wire.http import Query, Reply

_POLLS = 5
_ERRORS: dict[str, type[ProviderError]] = {
    "unauthorized": BadCredentials,
    "forbidden": BadCredentials,
    "token_readonly": BadCredentials,
    "uniqueness_error": Stale,
    "conflict": Unreachable,
    "locked": Unreachable,
    "maintenance": Unreachable,
    "service_error": Unreachable,
    "server_error": Unreachable,
    "timeout": Unreachable,
    "unavailable": Unreachable,
    "rate_limit_exceeded": Throttled,
    "protected": Refused,
    "incorrect_zone_mode": Refused,
}


@dataclass(frozen=True, kw_only=True)
class Hetzner(SingleRRsetApi, HttpProvider):
    token: Annotated[Secret, "an API token of the project, read and write"]

    title = "Hetzner"
    example = {"token": "env:HETZNER_TOKEN"}
    credential = (
        "console.hetzner.com › the project with the zone › Security › API tokens: read & write; it opens "
        "the whole project, so give the zone a project of its own."
    )
    base = "https://api.hetzner.cloud/v1"
    zones, zones_at, zones_query = "/zones", "zones", {"per_page": "50"}
    least_ttl = 60
    budget = Budget(requests=3600, seconds=3600)
    patience = 60
    few = 8  # names; more are looked for in the list of the zone

    def headers(self) -> dict[str, Secret]:
        return bearer(self.token)

    def check_failure(self, reply: Reply, said: str) -> None:
        kind = _ERRORS.get(told(reply, "error", "code"))
        if kind is Throttled:
            raise Throttled(said, retry_after=self.patience)
        if kind is not None:
            raise kind(said)

    def next_page(self, payload: Any, reply: Reply) -> Query | None:
        number = payload["meta"]["pagination"]["next_page"]
        return None if number is None else {"page": str(int(number))}

    def zone_of(self, row: Any) -> Zone | Unusable | None:
        zone = super().zone_of(row)
        if row["mode"] != "primary" and isinstance(zone, Zone):
            why = f"{self.title} is only a secondary of {zone.apex}; change it at its primary"
            return Unusable(zone.apex, Refused(why))
        return zone

    async def records(self, api: Api, zone: Zone, keys: Collection[Key]) -> Mapping[Key, list[Record]]:
        asked = [{"name": _label(zone, key), "type": key[1].value} for key in keys]
        if len(asked) > self.few:
            asked = [{"type": rrtype.value} for rrtype in {rrtype for _, rrtype in keys}]
        path = f"/zones/{zone.id}/rrsets"
        lists = await api.together([api.rows(path, "rrsets", **query, per_page="50") for query in asked])
        found: dict[Key, list[Record]] = {}
        for row in (row for rows in lists for row in rows):
            label, apex = row["name"], zone.apex
            owner = apex if label == "@" else owner_of(f"{label}.{apex}")
            if row["type"] in list(RRType) and owner:
                comments = {str(r["value"]): r.get("comment") for r in row["records"]}
                held = {"comments": comments, "held_ttl": row["ttl"]}
                found[owner, RRType(row["type"])] = [
                    Record(text, ip_address(text), row["ttl"] or 0, held) for text in comments
                ]
        return found

    async def put(self, api: Api, zone: Zone, wanted: RRset) -> None:
        """Create the RRset, remove it, or give it other records or another TTL, as far as it must be."""
        path = f"/zones/{zone.id}/rrsets"
        here = f"{path}/{quote(_label(zone, wanted.key), safe='@*')}/{wanted.rrtype}"
        comments: Any = wanted.options.get("comments")
        if comments is None:
            said = {
                "name": _label(zone, wanted.key),
                "type": wanted.rrtype.value,
                "ttl": wanted.ttl or None,
            }
            self._began(await api.post(path, said | {"records": _rows(wanted, {})}))
            return
        try:
            if not wanted.addresses:
                self._began(await api.call("DELETE", here))
                return
            if {ip_address(text) for text in comments} != wanted.addresses:
                action = self._began(
                    await api.post(f"{here}/actions/set_records", {"records": _rows(wanted, comments)})
                )
                if wanted.ttl != (wanted.options["held_ttl"] or 0):
                    await self._end(api, action)
            if wanted.ttl != (wanted.options["held_ttl"] or 0):
                self._began(await api.post(f"{here}/actions/change_ttl", {"ttl": wanted.ttl or None}))
        except NoSuchName as error:
            raise Stale(str(error)) from None

    async def _end(self, api: Api, action: Any) -> None:
        """Wait as long as a few questions take."""
        for _ in range(_POLLS):
            if action["status"] != "running":
                return
            action = self._began(await api.get(f"/zones/actions/{int(action['id'])}"))

    def _began(self, payload: Any) -> Any:
        """The action of a reply, if it has not failed already."""
        action = payload["action"]
        if action["status"] == "error":
            code, words = action["error"]["code"], self.scrub(str(action["error"]["message"]))[:160]
            raise _ERRORS.get(code, Refused)(f"{self.title}: {words} ({self.scrub(str(code))[:40]})")
        if action["status"] not in ("running", "success"):
            raise ValueError(f"an action that is {action['status']!r}")
        return action


def _label(zone: Zone, key: Key) -> str:
    return key[0].label_in(zone.apex)


def _rows(wanted: RRset, comments: Mapping[str, str | None]) -> Sequence[Mapping[str, str]]:
    """The records; an address that takes another's place takes its comment too."""
    known = {ip_address(text): comment for text, comment in comments.items()}
    free = [comment for address, comment in known.items() if address not in wanted.addresses and comment]
    rows = []
    for address in in_order(wanted.addresses):
        comment = known[address] if address in known else free.pop(0) if free else None
        rows.append({"value": str(address)} | ({"comment": comment} if comment else {}))
    return rows
