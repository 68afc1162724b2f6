"""Zones at Cloudflare.  API v4: https://developers.cloudflare.com/api/resources/dns/ (read 2026-11-21).

`success` in the envelope decides, not the status.  TTL 1 means automatic, and proxied records know no
other.  Only what is wanted is PATCHed, so everything else about a record survives.  A batch is one
transaction, its deletions first.  Zone names may come in Unicode, and twice in different accounts.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Annotated, Any, cast

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
from ..core.plan import Change, Create, Delete, Put, Replace
from ..core.secret import Secret
from ..core.settings import MAY_BE_EMPTY
from ..driver import Api, Budget, NoBatch, RestRecords, Unusable, owner_of
from ..wire.auth import bearer
from ..wire.http import Query, Reply

_USABLE = ("active", "pending", "initializing")
_ERRORS: tuple[tuple[frozenset[int], type[ProviderError], str], ...] = (
    (
        frozenset({10000, 9109, 9106, 6003, 6111}),
        BadCredentials,
        "; the token must be valid and have Zone › DNS › Edit",
    ),
    (frozenset({10429, 971}), Throttled, ""),
    (frozenset({10013}), Unreachable, ""),
    (frozenset({81044, 7003, 7000, 81057, 81058}), Stale, ""),
    (frozenset({81053}), Refused, "; is there a CNAME of that name? Remove it, or choose another name"),
    (frozenset({1004, *range(9000, 9100)}), Refused, ""),
)


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `options = {...}` of a record may say; what is not said is left as it is."""

    proxied: Annotated[bool | None, "serve the name through Cloudflare's proxy"] = None
    comment: Annotated[str | None, "comment of the record"] = None
    tags: Annotated[tuple[str, ...] | None, "tags of the record, as name:value", MAY_BE_EMPTY] = None


@dataclass(frozen=True, kw_only=True)
class Cloudflare(RestRecords):
    token: Annotated[Secret, "an API token with Zone › DNS › Edit"]
    account_id: Annotated[str | None, "account to look for zones in, if several have the same zone"] = None

    title = "Cloudflare"
    example = {"token": "env:CF_API_TOKEN"}
    credential = (
        "dash.cloudflare.com › My Profile › API Tokens › Create Token › Edit zone DNS: the permission "
        "Zone › DNS › Edit, for the one zone."
    )
    base = "https://api.cloudflare.com/client/v4"
    collection, rows_at, row_at, apex = "/zones/{zone}/dns_records", "result", "result", None
    options = Options
    budget = Budget(requests=1200, seconds=300)
    patience = 300
    batch = 200

    def headers(self) -> dict[str, Secret]:
        return bearer(self.token)

    def fit(self, wanted: RRset) -> RRset:
        options = {name: value for name, value in wanted.options.items() if value is not None}
        if "tags" in options:
            options["tags"] = tuple(sorted(cast("Iterable[str]", options["tags"])))
        ttl = wanted.ttl if wanted.ttl in (None, 1) else min(max(wanted.ttl, 60), 86400)
        return replace(wanted, ttl=None if options.get("proxied") else ttl, options=options)

    def check(self, payload: Any) -> None:
        if payload["success"] is not True:
            self._raise(payload["errors"])
            raise Refused(f"{self.title}: {self.scrub(str(payload['errors']))[:160]}")

    def check_failure(self, reply: Reply, said: str) -> None:
        try:
            errors = reply.json()["errors"]
        except (Unintelligible, LookupError, TypeError):
            return
        self._raise(errors)

    def _raise(self, errors: Any) -> None:
        """Raise for the first of the known codes, the gravest first."""
        told = {error["code"]: str(error.get("message", "")) for error in errors}
        for codes, kind, hint in _ERRORS:
            for code in told.keys() & codes:
                said = f"{self.title}: {self.scrub(told[code])[:160]} (code {code}){hint}"
                raise Throttled(said, retry_after=self.patience) if kind is Throttled else kind(said)

    def later_pages(self, payload: Any) -> Iterable[Query]:
        pages = (payload.get("result_info") or {}).get("total_pages") or 1
        return ({"page": str(number)} for number in range(2, pages + 1))

    async def find_zones(self, api: Api, candidates: Collection[Name]) -> Sequence[Zone | Unusable]:
        rows = []
        left = sorted(candidates, key=lambda name: (name.text.count("."), name))
        if len(left) > self.few:
            rows = await self._zones(api, [{}])
            held = [name for row in rows if (name := owner_of(row["name"]))]
            left = [n for n in left if not any(n.within(zone) or zone.within(n) for zone in held)][
                : self.few
            ]
        rows += await self._zones(api, [{"name": form} for name in left for form in _forms(name)])
        by_apex: dict[Name, dict[str, Any]] = {}
        for row in rows:
            if (apex := owner_of(row["name"])) in candidates and apex and self._ours(row):
                by_apex.setdefault(apex, {})[row["id"]] = row
        return [self._choose(apex, list(same.values())) for apex, same in by_apex.items()]

    async def _zones(self, api: Api, filters: Iterable[Query]) -> list[Any]:
        account = {"account.id": self.account_id} if self.account_id else {}
        asked = [{**one, **account, "per_page": "50"} for one in filters]
        lists = await api.together([api.rows("/zones", "result", **one) for one in asked])
        return [row for rows in lists for row in rows]

    def _ours(self, row: Any) -> bool:
        told = (row.get("account") or {}).get("id")
        return self.account_id is None or told in (None, self.account_id)

    def _choose(self, apex: Name, rows: list[Any]) -> Zone | Unusable:
        states = {row["id"]: row.get("status") or "active" for row in rows}
        usable = [row for row in rows if states[row["id"]] in _USABLE]
        active = [row for row in usable if states[row["id"]] == "active"] or usable
        match active:
            case []:
                state = next(iter(states.values()))
                why = (
                    f"the zone {apex} is {state!r} there; let its registrar delegate it to Cloudflare again"
                )
                return Unusable(apex, NoSuchName(f"{self.title}: {why}"))
            case [row]:
                return Zone(apex, row["id"])
            case _:
                why = f"several accounts have a zone {apex}; say which one with account_id"
                return Unusable(apex, Refused(f"{self.title}: {why}"))

    def query(self, zone: Zone, owner: Name | None, rrtype: RRType) -> Query:
        named = {"name": owner.text} if owner else {}
        return {**named, "type": rrtype.value, "per_page": "100"}

    def record(self, row: Any) -> Record:
        proxied = bool(row.get("proxied"))
        options = {
            "proxied": proxied,
            "comment": row.get("comment") or "",
            "tags": tuple(sorted(row.get("tags") or ())),
        }
        return Record(row["id"], ip_address(row["content"]), None if proxied else row["ttl"], options)

    def extras(self, wanted: RRset) -> dict[str, Any]:
        return {**super().extras(wanted), **wanted.options}

    def defaults(self) -> dict[str, Any]:
        return {"ttl": 1, "proxied": False}

    def patch(self, wanted: RRset, record: Record, address: IPAddress) -> dict[str, Any]:
        """Only what differs; a record that stays proxied has no TTL to set."""
        moved: dict[str, Any] = {"content": str(address)} if address != record.address else {}
        moved |= {k: v for k, v in wanted.options.items() if record.options.get(k) != v}
        if wanted.ttl not in (None, record.ttl) and (record.ttl is not None or "proxied" in moved):
            moved["ttl"] = wanted.ttl
        return moved

    async def replace(
        self, api: Api, zone: Zone, wanted: RRset, record: Record, address: IPAddress
    ) -> None:
        patched = await api.patch(self.record_path(zone, record), self.patch(wanted, record, address))
        self.wrote(patched, address)

    async def commit(self, api: Api, zone: Zone, changes: Sequence[Change]) -> None:
        if len(changes) == 1:
            await super().commit(api, zone, changes)
            return
        for start in range(0, len(changes), self.batch):
            some = changes[start : start + self.batch]
            request, reply = await api.send(
                "POST", f"{self.path(zone)}/batch", body=self._batch(zone, some)
            )
            if reply.status not in (404, 405):
                api.read(request, reply)
            elif len({change.wanted.key for change in some}) > 1:
                raise NoBatch
            else:
                await super().commit(api, zone, some)

    def _batch(self, zone: Zone, changes: Sequence[Change]) -> Mapping[str, Any]:
        calls: dict[str, list[dict[str, Any]]] = {"deletes": [], "patches": [], "posts": []}
        for change in changes:
            match change:
                case Delete(_, record):
                    calls["deletes"].append({"id": record.id})
                case Replace(wanted, record, address):
                    calls["patches"].append({"id": record.id, **self.patch(wanted, record, address)})
                case Create(wanted, address):
                    calls["posts"].append(self.new(zone, wanted, address))
                case Put():
                    raise AssertionError("planned by record")
        return {name: calls[name] for name in calls if calls[name]}


def _forms(name: Name) -> list[str]:
    """A name as A-labels and, where that differs, in Unicode: the API may know a zone by either."""
    if "xn--" not in name.text:
        return [name.text]
    import idna  # noqa: PLC0415 - its tables are megabytes; most names never need them

    try:
        return [name.text, idna.decode(name.text)]
    except idna.IDNAError:
        return [name.text]
