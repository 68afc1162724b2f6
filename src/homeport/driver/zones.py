"""The families of providers that hold zones which can be read: by record, by RRset."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_address
from typing import Any, ClassVar, NamedTuple

from ..core.dns import IPAddress, Key, Name, Present, Record, RRset, RRType, Zone
from ..core.errors import (
    ConfigError,
    NoSuchName,
    ProviderError,
    Refused,
    Stale,
)
from ..core.plan import Change, Create, Delete, Put, Replace, beside_others, by_record, by_rrset
from ..wire.http import NOTHING, Query
from .base import Api, End, HttpProvider, Provider, Settled, Task, understanding


class NoBatch(Exception):
    """Raised by `commit`: this server has no call for several RRsets; nothing was changed."""


class Unusable(NamedTuple):
    """A zone of the account that must not be written, and why."""

    apex: Name
    why: ProviderError


def owner_of(text: str) -> Name | None:
    """The owner name of a provider's row; None for one that no record of ours could ever have."""
    try:
        return Name.parse(text)
    except ConfigError:
        return None


@contextmanager
def seen_before() -> Iterator[None]:
    """Around a call for a record that was read a moment ago: if it is unknown now, our view was old."""
    try:
        yield
    except NoSuchName as error:
        raise Stale(str(error)) from None


async def ask_for_zones(
    candidates: Collection[Name], ask: Callable[[Name], Awaitable[Zone | Unusable | None]]
) -> list[Zone | Unusable]:
    """Zones at a service that cannot list them: each candidate is asked for, the shortest first.

    `ask` returns None, or raises `NoSuchName`, where there is no such zone.  Nothing is looked for
    inside a zone that was found: such services are registrars, whose zones do not nest.
    """
    found: list[Zone | Unusable] = []
    for name in sorted(candidates, key=lambda name: (name.text.count("."), name)):
        if any(name.within(zone.apex) for zone in found):
            continue
        try:
            zone = await ask(name)
        except NoSuchName:
            continue
        if zone is not None:
            found.append(zone)
    return found


class ZoneWriter(Provider):
    """A provider whose zones are changed by requests that hold one or many changes of one zone."""

    batch: ClassVar[int] = 1  # changes that one transactional request may hold
    both_families: ClassVar[bool] = False  # does one record of the service hold A and AAAA of an owner?

    @abstractmethod
    async def commit(self, api: Api, zone: Zone, changes: Sequence[Change]) -> None:
        """Carry out changes of one zone.  With `batch` > 1: all of them, or none."""

    async def write(self, api: Api, tasks: Sequence[Task], settled: Settled) -> None:
        end = End()
        await api.together([self._settle(api, chunk, settled, end) for chunk in self._chunks(tasks)])

    def _chunks(self, tasks: Sequence[Task]) -> Iterator[list[Task]]:
        """Tasks of one zone, together as many changes as one request may hold.

        Where a record holds both families, those of one owner stay together: else two requests that run
        at the same time could each undo what the other does.
        """
        by_zone: dict[Zone, dict[Name | Key, list[Task]]] = {}
        for task in tasks:
            assert task.zone is not None, "what was read has a zone"
            what = task.wanted.owner if self.both_families else task.wanted.key
            by_zone.setdefault(task.zone, {}).setdefault(what, []).append(task)
        for inside in by_zone.values():
            chunk: list[Task] = []
            size = 0
            for some in inside.values():
                more = sum(len(task.changes) for task in some)
                if chunk and size + more > self.batch:
                    yield chunk
                    chunk, size = [], 0
                chunk += some
                size += more
            yield chunk

    async def _settle(self, api: Api, chunk: Sequence[Task], settled: Settled, end: End) -> None:
        """One request; if it is refused, its halves, so that one bad name does not spoil the others."""
        [zone] = {task.zone for task in chunk}
        assert zone is not None, "what was read has a zone"
        error = end.error
        if error is None:
            try:
                with understanding(self):
                    await self.commit(api, zone, [change for task in chunk for change in task.changes])
            except NoBatch:
                for task in chunk:
                    await self._settle(api, [task], settled, end)
                return
            except ProviderError as raised:
                error = end.note(raised)
        if len(chunk) > 1 and isinstance(error, Refused | Stale) and error is not end.error:
            middle = len(chunk) // 2
            await self._settle(api, chunk[:middle], settled, end)
            await self._settle(api, chunk[middle:], settled, end)
        else:
            settled({task.wanted.key: error for task in chunk})


class ZoneApi(ZoneWriter):
    """A provider that holds zones which can be listed and read."""

    zones: ClassVar[str] = ""  # path of the list of the account's zones
    zones_at: ClassVar[str] = ""  # key the list lies under
    zones_query: ClassVar[Query] = NOTHING  # what to add to ask for it, such as the size of a page
    zone_name_at: ClassVar[str] = "name"  # field of a row with the apex, with or without a final dot
    zone_id_at: ClassVar[str] = "id"  # field of a row with the handle

    async def find_zones(self, api: Api, candidates: Collection[Name]) -> Sequence[Zone | Unusable]:
        """The zones of this account whose apex is exactly one of the candidates.

        From the list of all zones; a service that has none overrides this (`ask_for_zones`).
        """
        found: dict[Name, Zone | Unusable] = {}
        for row in await self.zone_rows(api):
            if (zone := self.zone_of(row)) is None or zone.apex not in candidates:
                continue
            if found.setdefault(zone.apex, zone) != zone:
                why = f"{self.title}: this account has several zones {zone.apex}; which one is meant?"
                found[zone.apex] = Unusable(zone.apex, Refused(why))
        return list(found.values())

    async def zone_rows(self, api: Api) -> list[Any]:
        """The list of all zones, for services that do not answer a GET with it."""
        return await api.rows(self.zones, self.zones_at, **self.zones_query)

    def zone_of(self, row: Any) -> Zone | Unusable | None:
        """A row of the list of zones; None for one that is no zone of ours, such as a private one."""
        apex = owner_of(row[self.zone_name_at])
        return Zone(apex, str(row[self.zone_id_at])) if apex else None

    @abstractmethod
    async def records(
        self, api: Api, zone: Zone, keys: Collection[Key]
    ) -> Mapping[Key, list[Record] | ProviderError]:
        """All records of each key; a key without records may be missing.

        An error instead of records: what stands there is special and must not be overwritten.
        """

    async def look(self, api: Api, keys: Collection[Key]) -> Mapping[Key, Present | ProviderError]:
        names = {name for owner, _ in keys for name in owner.ancestors()}
        try:
            with understanding(self):
                held = await self.find_zones(api, {n for n in names if "." in n.text and n.text[0] != "*"})
        except ProviderError as error:
            return dict.fromkeys(keys, error)
        zones = {zone.apex: zone for zone in held}
        found: dict[Key, Present | ProviderError] = {}
        inside: dict[Zone, list[Key]] = {}
        for key in keys:
            match next((zones[name] for name in key[0].ancestors() if name in zones), None):
                case None:
                    found[key] = NoSuchName(f"{self.title}: no zone of this account contains {key[0]}")
                case Unusable(_, why):
                    found[key] = why
                case Zone() as zone:
                    inside.setdefault(zone, []).append(key)
        for part in await api.together([self._read(api, zone, some) for zone, some in inside.items()]):
            found |= part
        return found

    async def _read(self, api: Api, zone: Zone, keys: list[Key]) -> dict[Key, Present | ProviderError]:
        try:
            with understanding(self):
                rows = await self.records(api, zone, keys)
        except ProviderError as error:
            return dict.fromkeys(keys, error)
        found = {key: rows.get(key, []) for key in keys}
        return {
            key: some if isinstance(some, ProviderError) else Present(zone, tuple(some))
            for key, some in found.items()
        }


class RecordApi(ZoneApi):
    """One record at a time, by its id."""

    @abstractmethod
    async def create(self, api: Api, zone: Zone, wanted: RRset, address: IPAddress) -> None: ...

    @abstractmethod
    async def replace(
        self, api: Api, zone: Zone, wanted: RRset, record: Record, address: IPAddress
    ) -> None: ...

    @abstractmethod
    async def delete(self, api: Api, zone: Zone, record: Record) -> None: ...

    def changes(self, wanted: RRset, present: Collection[Record]) -> tuple[Change, ...]:
        return by_record(wanted, present)

    def shared_changes(
        self, wanted: RRset, old: frozenset[IPAddress], present: Collection[Record]
    ) -> tuple[Change, ...]:
        ours, _, records = beside_others(wanted, old, present)
        return self.changes(ours, records)

    def special(self, record: Record) -> str | None:
        """What is special about a record, so that only a person may change it; None if nothing is."""
        return None

    def spare(self, changes: Sequence[Change]) -> None:
        """Refuse to change what is special; a driver with a `commit` of its own calls it first."""
        for change in changes:
            if isinstance(change, Replace | Delete) and (what := self.special(change.record)):
                here = f"{change.wanted.owner} {change.wanted.rrtype} {change.record.address}"
                raise Refused(f"{self.title}: {here} is {what}; remove it, or choose another name")

    async def commit(self, api: Api, zone: Zone, changes: Sequence[Change]) -> None:
        self.spare(changes)
        for change in changes:
            match change:
                case Create(wanted, address):
                    await self.create(api, zone, wanted, address)
                case Replace(wanted, record, address):
                    await self.replace(api, zone, wanted, record, address)
                case Delete(_, record):
                    await self.delete(api, zone, record)
                case Put():
                    raise AssertionError("a RecordApi plans by record")


class RestRecords(RecordApi, HttpProvider):
    """A RecordApi whose records are a plain REST collection.

    The attributes say what its rows look like; a service that fits needs no method at all.
    """

    collection: ClassVar[str]  # path of a zone's records, with {zone}
    listed: ClassVar[str] = ""  # path to read them at, with {zone}, if it is another
    rows_at: ClassVar[str] = ""  # key the list of records lies under
    row_at: ClassVar[str | None] = ""  # the same for one record, in the reply to a write; None: no record
    few: ClassVar[int] = 8  # up to so many keys are asked for one by one, more with a list of the zone
    create_with: ClassVar[str] = "POST"  # the method
    update_with: ClassVar[str] = "PATCH"  # the method; with any other, what is not said is lost
    kept: ClassVar[tuple[str, ...]] = ()  # fields of a row that such an update repeats to keep them
    fixed: ClassVar[tuple[str, ...]] = ()  # fields of the body that an update must not hold
    name_at: ClassVar[str] = "name"  # field of a row with the owner name
    apex: ClassVar[str | None] = "@"  # how the apex is written; None: names are written in full
    type_at: ClassVar[str] = "type"  # field with the type
    address_at: ClassVar[str] = "content"  # field with the address
    ttl_at: ClassVar[str] = "ttl"  # field with the TTL in seconds
    id_at: ClassVar[str] = "id"  # field with the handle

    def query(self, zone: Zone, owner: Name | None, rrtype: RRType) -> Query:
        """The filter for the records of one owner, or of all owners (None), and that type."""
        return NOTHING

    def record(self, row: Any) -> Record:
        ttl = row[self.ttl_at]
        options = {field: row[field] for field in self.kept if field in row}
        return Record(
            str(row[self.id_at]), ip_address(row[self.address_at]), int(ttl) if ttl else None, options
        )

    def owner(self, zone: Zone, row: Any) -> Name | None:
        """The owner name of a row; lists are filtered again by it, since filters may be fuzzy."""
        label = row[self.name_at]
        if self.apex is None:
            return owner_of(label)
        return zone.apex if label in (self.apex, "", None) else owner_of(f"{label}.{zone.apex}")

    def rrtype(self, row: Any) -> str:
        """The type of a row; lists are filtered again by it too."""
        return str(row[self.type_at])

    def body(self, zone: Zone, wanted: RRset, address: IPAddress) -> dict[str, Any]:
        """The record without TTL and options."""
        owner = wanted.owner
        label = owner.text if self.apex is None else owner.label_in(zone.apex, apex=self.apex)
        return {self.type_at: wanted.rrtype.value, self.name_at: label, self.address_at: str(address)}

    def extras(self, wanted: RRset) -> dict[str, Any]:
        """TTL and options of the body, where they are wanted; what is left out is left alone."""
        return {self.ttl_at: wanted.ttl} if wanted.ttl else {}

    def defaults(self) -> dict[str, Any]:
        """What a new record gets if the configuration does not say."""
        return {}

    async def records(self, api: Api, zone: Zone, keys: Collection[Key]) -> Mapping[Key, list[Record]]:
        one_by_one = len(keys) <= self.few
        asked = [self.query(zone, owner if one_by_one else None, rrtype) for owner, rrtype in keys]
        queries = {frozenset(query.items()): query for query in asked}.values()
        lists = await api.together([self.zone_content(api, zone, query) for query in queries])
        found: dict[Key, dict[str, Record]] = {key: {} for key in keys}  # by id: pages may overlap
        wanted = {rrtype.value: rrtype for rrtype in RRType}
        for row in (row for rows in lists for row in rows):
            rrtype = wanted.get(self.rrtype(row))
            if rrtype is None or (owner := self.owner(zone, row)) is None:
                continue
            if (owner, rrtype) in found:
                record = self.record(row)
                found[owner, rrtype][record.id] = record
        return {key: list(records.values()) for key, records in found.items()}

    async def zone_content(self, api: Api, zone: Zone, query: Query) -> list[Any]:
        """The rows of a zone that match `query`, for services that do not answer a GET with them."""
        path = self.listed.format(zone=zone.id) or self.path(zone)
        return await api.rows(path, self.rows_at, **query)

    async def create(self, api: Api, zone: Zone, wanted: RRset, address: IPAddress) -> None:
        body = self.new(zone, wanted, address)
        self.wrote(await api.call(self.create_with, self.path(zone), body=body), address)

    async def replace(
        self, api: Api, zone: Zone, wanted: RRset, record: Record, address: IPAddress
    ) -> None:
        body = self.changed(zone, wanted, record, address)
        with seen_before():
            reply = await api.call(self.update_with, self.record_path(zone, record), body=body)
        self.wrote(reply, address)

    async def delete(self, api: Api, zone: Zone, record: Record) -> None:
        with seen_before():
            await api.delete(self.record_path(zone, record))

    def wrote(self, payload: Any, address: IPAddress) -> None:
        """Raise (anything) if the reply to a write does not show that it was understood."""
        if payload is None:  # "204 No Content": there is nothing to compare
            return
        if self.row_at is None:
            raise ValueError(f"no answer was expected, not {payload!r}")
        record = self.record(payload[self.row_at] if self.row_at else payload)
        if record.address != address:
            raise ValueError(f"it stored {record.address}, not {address}")

    def new(self, zone: Zone, wanted: RRset, address: IPAddress) -> dict[str, Any]:
        return self.defaults() | self.body(zone, wanted, address) | self.extras(wanted)

    def changed(self, zone: Zone, wanted: RRset, record: Record, address: IPAddress) -> dict[str, Any]:
        """The body that turns `record` into what is wanted; with any method but "PATCH", all of it."""
        body = self.body(zone, wanted, address) | self.extras(wanted)
        if self.update_with != "PATCH":
            kept = {field: record.options[field] for field in self.kept if field in record.options}
            body = kept | ({self.ttl_at: record.ttl} if record.ttl else {}) | body
        return {field: value for field, value in body.items() if field not in self.fixed}

    def path(self, zone: Zone) -> str:
        return self.collection.format(zone=zone.id)

    def record_path(self, zone: Zone, record: Record) -> str:
        return f"{self.path(zone)}/{record.id}"


class RRsetApi(ZoneApi):
    """Whole RRsets, many in one request: `commit` carries out the changes, `batch` says how many."""

    def changes(self, wanted: RRset, present: Collection[Record]) -> tuple[Change, ...]:
        """The whole RRset in one step; TTL and options that nobody asked for stay as they are."""
        changes = by_rrset(wanted, present)
        if not changes or not present:
            return changes
        first = min(present, key=lambda record: (record.ttl is None, record.ttl, record.id))
        ttl = first.ttl if wanted.ttl is None else wanted.ttl
        return (Put(replace(wanted, ttl=ttl, options={**first.options, **wanted.options})),)


class SingleRRsetApi(RRsetApi):
    """Whole RRsets, one in a request."""

    @abstractmethod
    async def put(self, api: Api, zone: Zone, wanted: RRset) -> None:
        """Make the RRset be exactly that; without addresses, remove it."""

    async def commit(self, api: Api, zone: Zone, changes: Sequence[Change]) -> None:
        for change in changes:
            await self.put(api, zone, change.wanted)
