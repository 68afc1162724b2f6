"""The families of providers that hold zones which can be read: by record, by RRset."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import (
    Collection,
    Iterator,
    Mapping,
    Sequence,
)
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
from ..wire.http import Query
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


class ZoneWriter(Provider):
    """A provider whose zones are changed by requests that hold one or many changes of one zone."""

    batch: ClassVar[int] = 1  # changes that one transactional request may hold

    @abstractmethod
    async def commit(self, api: Api, zone: Zone, changes: Sequence[Change]) -> None:
        """Carry out changes of one zone.  With `batch` > 1: all of them, or none."""

    async def write(self, api: Api, tasks: Sequence[Task], settled: Settled) -> None:
        end = End()
        await api.together([self._settle(api, chunk, settled, end) for chunk in self._chunks(tasks)])

    def _chunks(self, tasks: Sequence[Task]) -> Iterator[list[Task]]:
        """Tasks of one zone, together as many changes as one request may hold."""
        by_zone: dict[Zone, list[Task]] = {}
        for task in tasks:
            assert task.zone is not None, "what was read has a zone"
            by_zone.setdefault(task.zone, []).append(task)
        for inside in by_zone.values():
            chunk: list[Task] = []
            size = 0
            for task in inside:
                if chunk and size + len(task.changes) > self.batch:
                    yield chunk
                    chunk, size = [], 0
                chunk.append(task)
                size += len(task.changes)
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

    @abstractmethod
    async def find_zones(self, api: Api, candidates: Collection[Name]) -> Sequence[Zone | Unusable]:
        """The zones of this account whose apex is exactly one of the candidates."""

    @abstractmethod
    async def records(self, api: Api, zone: Zone, keys: Collection[Key]) -> Mapping[Key, list[Record]]:
        """All records of each key; a key without records may be missing."""

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
        return {key: Present(zone, tuple(rows.get(key, ()))) for key in keys}


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

    async def commit(self, api: Api, zone: Zone, changes: Sequence[Change]) -> None:
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
    """A RecordApi whose records are a plain REST collection.  Nothing but translation is left to do."""

    collection: ClassVar[str]  # path of a zone's records, with {zone}
    rows_at: ClassVar[str] = ""  # key the list of records lies under
    few: ClassVar[int] = 8  # up to so many keys are asked for one by one, more with a list of the zone

    @abstractmethod
    def query(self, zone: Zone, owner: Name | None, rrtype: RRType) -> Query:
        """The filter for the records of one owner, or of all owners (None), and that type."""

    @abstractmethod
    def record(self, row: Any) -> Record: ...

    @abstractmethod
    def owner(self, zone: Zone, row: Any) -> Name | None:
        """The owner name of a row; lists are filtered again by it, since filters may be fuzzy."""

    def rrtype(self, row: Any) -> str:
        """The type of a row; lists are filtered again by it too."""
        return str(row["type"])

    @abstractmethod
    def body(self, zone: Zone, wanted: RRset, address: IPAddress) -> dict[str, Any]:
        """The record without TTL and options."""

    def extras(self, wanted: RRset) -> dict[str, Any]:
        """TTL and options of the body, where they are wanted; what is left out is left alone."""
        return {"ttl": wanted.ttl} if wanted.ttl else {}

    def defaults(self) -> dict[str, Any]:
        """What a new record gets if the configuration does not say."""
        return {}

    async def records(self, api: Api, zone: Zone, keys: Collection[Key]) -> Mapping[Key, list[Record]]:
        if len(keys) <= self.few:
            queries = [(self.query(zone, owner, rrtype), rrtype) for owner, rrtype in keys]
        else:
            queries = [(self.query(zone, None, rrtype), rrtype) for rrtype in {t for _, t in keys}]
        path = self.path(zone)
        lists = await api.together([api.rows(path, self.rows_at, **query) for query, _ in queries])
        found: dict[Key, dict[str, Record]] = {key: {} for key in keys}  # by id: pages may overlap
        for (_, rrtype), rows in zip(queries, lists, strict=True):
            for row in rows:
                if self.rrtype(row) != rrtype or (owner := self.owner(zone, row)) is None:
                    continue
                if (owner, rrtype) in found:
                    record = self.record(row)
                    found[owner, rrtype][record.id] = record
        return {key: list(records.values()) for key, records in found.items()}

    async def create(self, api: Api, zone: Zone, wanted: RRset, address: IPAddress) -> None:
        await api.post(self.path(zone), self.new(zone, wanted, address))

    async def replace(
        self, api: Api, zone: Zone, wanted: RRset, record: Record, address: IPAddress
    ) -> None:
        body = self.body(zone, wanted, address) | self.extras(wanted)
        await api.patch(f"{self.path(zone)}/{record.id}", body)

    async def delete(self, api: Api, zone: Zone, record: Record) -> None:
        await api.delete(f"{self.path(zone)}/{record.id}")

    def new(self, zone: Zone, wanted: RRset, address: IPAddress) -> dict[str, Any]:
        return self.defaults() | self.body(zone, wanted, address) | self.extras(wanted)

    def path(self, zone: Zone) -> str:
        return self.collection.format(zone=zone.id)


class RRsetApi(ZoneApi):
    """Whole RRsets.  A service that takes many in one request overrides `commit` and sets `batch`."""

    @abstractmethod
    async def put(self, api: Api, zone: Zone, wanted: RRset) -> None: ...

    def changes(self, wanted: RRset, present: Collection[Record]) -> tuple[Change, ...]:
        return by_rrset(wanted, present)

    async def commit(self, api: Api, zone: Zone, changes: Sequence[Change]) -> None:
        for change in changes:
            await self.put(api, zone, change.wanted)
