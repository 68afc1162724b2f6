"""What a provider driver is, and everything it need not write itself.

A driver is a frozen dataclass: its fields are its settings, its methods its API.  It holds no
connection, no cache and no state; the agent passes an `Api` in.  It inherits from the family that
matches the granularity of the service:

    RecordApi    one record at a time, by id       find_zones, records, create, replace, delete
    RestRecords  the same, as a REST collection    find_zones, query, record, body
    RRsetApi     whole RRsets                      find_zones, records, put
    UpdateApi    "my address is ...", unreadable   put

The family plans the changes, finds the zones, cuts the work into requests as large as the service
takes, and turns any reply the driver trips over into `Unintelligible`.  `Api` maps HTTP statuses to
errors.  A driver raises only what it alone can know, such as a refusal inside a "200 OK".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Coroutine,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Annotated, Any, ClassVar, Protocol, TypeVar

from .core.dns import IPAddress, Key, Name, Present, Record, RRset, RRType, Zone
from .core.errors import (
    BadCredentials,
    Blocked,
    ConfigError,
    NoSuchName,
    ProviderError,
    Refused,
    Stale,
    Throttled,
    Unintelligible,
    Unreachable,
)
from .core.plan import Change, Create, Delete, Put, Replace, by_record, by_rrset
from .core.secret import Secret
from .wire.auth import scrub
from .wire.http import NOTHING, Query, Reply, Request, Transport

T = TypeVar("T")
_MOST_PAGES = 1000  # of one list; a server that ignores the page asked for must not hold us for ever
Verdict = ProviderError | None  # None: the provider acknowledged it
Settled = Callable[[Mapping[Key, Verdict]], None]


class Together(Protocol):
    """Runs several awaitables, a few at a time; results in the order of the arguments.

    May be nested.  If some raise, the first error is raised, and no coroutine is left behind.
    """

    async def __call__(self, work: Sequence[Awaitable[T]]) -> list[T]: ...


class DnsTransport(Protocol):
    """DNS messages over one TCP connection (RFC 7766): all are sent, then all answers are awaited."""

    async def exchange(self, host: str, port: int, messages: Sequence[bytes]) -> list[bytes]:
        """The answers, in the order of the messages (matched by their IDs, which must differ).

        Raises `Unreachable` if nothing was sent, `NoAnswer` if something was but an answer is missing.
        """
        ...


async def one_by_one(work: Sequence[Awaitable[T]]) -> list[T]:
    """The simplest `Together`."""
    try:
        return [await one for one in work]
    finally:
        for one in work:
            if isinstance(one, Coroutine):
                one.close()  # those after an error were never started; else Python warns of them


@dataclass(frozen=True, slots=True)
class Budget:
    """What a service takes from one account: so many requests in so many seconds."""

    requests: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Api:
    """A service, seen by its driver: relative paths, authorised, statuses judged, JSON decoded."""

    provider: Provider
    transport: Transport
    dns: DnsTransport
    now: Callable[[], float]  # seconds since 1970, UTC
    together: Together = one_by_one

    async def rows(self, path: str, at: str = "", **query: str | Secret) -> list[Any]:
        """GET a list, all pages of it; `at` is the key it lies under, if the reply is an object.

        A page that changes while it is read may give a row twice: compare their ids.
        """
        payload = await self._json("GET", path, query)
        rows = self._rows(payload, at)
        later = list(islice(self.provider.later_pages(payload), _MOST_PAGES))
        if len(later) == _MOST_PAGES:
            raise Unintelligible(f"{self.provider.title}: a list of more than {_MOST_PAGES} pages")
        asked = [{**query, **page} for page in later]
        for payload in await self.together([self._json("GET", path, page) for page in asked]):
            rows += self._rows(payload, at)
        pages = 1
        while not later and (page := self.provider.next_page(payload)) is not None:
            pages += 1
            if pages > _MOST_PAGES:
                raise Unintelligible(f"{self.provider.title}: a list without an end")
            payload = await self._json("GET", path, {**query, **page})
            rows += self._rows(payload, at)
        return rows

    def _rows(self, payload: Any, at: str) -> list[Any]:
        found = payload[at] if at else payload
        if not isinstance(found, list):
            raise TypeError(f"a list was expected, not {found!r}")  # `understanding` makes it presentable
        return found

    async def get(self, path: str, **query: str | Secret) -> Any:
        return await self._json("GET", path, query)

    async def post(self, path: str, body: object) -> Any:
        return await self._json("POST", path, body=body)

    async def put(self, path: str, body: object) -> Any:
        return await self._json("PUT", path, body=body)

    async def patch(self, path: str, body: object) -> Any:
        return await self._json("PATCH", path, body=body)

    async def delete(self, path: str) -> None:
        self.judge(*await self.send("DELETE", path))

    async def text(self, path: str, **query: str | Secret) -> str:
        """GET from a service that answers in plain text."""
        return self.judge(*await self.send("GET", path, query)).text

    async def send(
        self, method: str, path: str, query: Query = NOTHING, body: object = None
    ) -> tuple[Request, Reply]:
        """One exchange whose status the driver judges itself; `path` may also be a whole URL."""
        headers = dict(self.provider.headers())
        data = b""
        if body is not None:
            import json  # noqa: PLC0415 - a run that meets no JSON does not pay for it

            data = json.dumps(body).encode()
            headers["content-type"] = "application/json"
        url = path if "://" in path else self.provider.address() + path
        request = Request(method, url, query, headers, data)
        return request, await self.transport.send(request)

    def judge(self, request: Request, reply: Reply) -> Reply:
        """Return a 2xx reply; raise what the agent must do about any other."""
        return judge(request, reply, self.provider, self.now())

    async def _json(self, method: str, path: str, query: Query = NOTHING, body: object = None) -> Any:
        return self.read(*await self.send(method, path, query, body))

    def read(self, request: Request, reply: Reply) -> Any:
        """The JSON of a 2xx reply that reports no failure; else as `judge` and `Provider.check` say."""
        self.judge(request, reply)
        try:
            payload = reply.json()
        except Unintelligible:
            raise Unintelligible(f"{request}: not JSON: {_words(reply, self.provider)}") from None
        self.provider.check(payload)
        return payload


def judge(request: Request, reply: Reply, provider: Provider, now: float) -> Reply:
    """Return a 2xx reply; raise what the agent must do about any other.

    Outages and throttling are told by the status; of the other 4xx, the provider's own list of
    errors (`check_failure`) goes first, since it knows more than the status.
    """
    status = reply.status
    if 200 <= status < 300:
        return reply
    said = f"{request}: {status} {_words(reply, provider)}".rstrip()
    seconds = reply.retry_after(now)
    if status == 429:
        least = provider.patience
        raise Throttled(said, retry_after=least if seconds is None else max(seconds, least or 0.0))
    if status == 503 and seconds:
        raise Throttled(said, retry_after=seconds)
    if status in (408, 425) or status >= 500:
        raise Unreachable(said)
    if 300 <= status < 400:
        raise Unintelligible(f"{said} (a redirect, which is never followed with credentials)")
    provider.check_failure(reply, said)
    if status == 403 and reply.is_page:
        raise Unintelligible(f"{said}: not from the provider's API; a proxy, a firewall?")
    if status in (401, 403):
        raise BadCredentials(said)
    if status in (404, 410):
        raise NoSuchName(said)
    raise Refused(said)


def _words(reply: Reply, provider: Provider) -> str:
    """What the reply says, fit for a message: short, on one line, without our secrets."""
    return "a web page" if reply.is_page else " ".join(provider.scrub(reply.text).split())[:160]


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be done about one RRset: the changes, and where they belong.

    `sibling` is the other family of the same owner, as it should be said to a service that forgets
    what it is not told; None if nobody knows it.
    """

    wanted: RRset
    changes: tuple[Change, ...]
    zone: Zone | None = None
    sibling: RRset | None = None


@dataclass(frozen=True, kw_only=True)
class NoOptions:
    """For providers without options of their own in `[[record]]`."""


@dataclass(frozen=True, kw_only=True)
class Provider(ABC):
    """A service and its account: what every driver is."""

    title: ClassVar[str]  # as people call the service
    example: ClassVar[Mapping[str, object]]  # a working `[account.NAME]` table, for the manual
    example_owner: ClassVar[str] = "home.example.com"  # a name that the example could keep
    options: ClassVar[type] = NoOptions  # dataclass of what `options = {...}` of a record may say
    least_ttl: ClassVar[int] = 1  # seconds
    readable: ClassVar[bool] = True  # can the provider say what it holds?
    budget: ClassVar[Budget | None] = None
    patience: ClassVar[float | None] = None  # seconds to wait at least after a 429

    def fit(self, wanted: RRset) -> RRset:
        """The nearest thing to `wanted` this provider can hold, so that a plan can ever come out empty."""
        return replace(wanted, ttl=max(wanted.ttl, self.least_ttl)) if wanted.ttl else wanted

    def mistakes(self) -> Iterator[tuple[str, str]]:
        """What is wrong among the settings together: (setting, what and what to write instead)."""
        return iter(())

    def why_not(self, owner: Name) -> str | None:
        """Why this service can never hold that owner name; None if it can."""
        return None

    def refresh_days(self) -> int | None:
        """After how many days an unchanged name must be sent again; None if never."""
        return None

    def address(self) -> str:
        """The URL that every path is appended to."""
        return ""

    def headers(self) -> Mapping[str, str | Secret]:
        """Headers of every request, such as the authorisation."""
        return NOTHING

    def check(self, payload: Any) -> None:
        """Raise if the body of a 2xx reply reports a failure.  (Statuses are already judged.)"""

    def check_failure(self, reply: Reply, said: str) -> None:
        """Raise if a 4xx reply names its cause more exactly than its status does.

        `said` is a message fit for a person, without secrets.
        """

    def next_page(self, payload: Any) -> Query | None:
        """What to add to the query for the page after this one; None after the last."""
        return None

    def later_pages(self, payload: Any) -> Iterable[Query]:
        """What to add to the query for each further page, if the first page tells how many there are."""
        return ()

    def scrub(self, text: str) -> str:
        """Words of the provider, without our secrets: some services quote them back."""
        told = [*vars(self).values(), *self.headers().values()]
        return scrub(text, [value for value in told if isinstance(value, Secret)])

    def veiled(self, options: Mapping[str, object]) -> bool:
        """Do name servers show other addresses than a record with these options holds (a proxy's)?"""
        return False

    def primary(self) -> tuple[str, int] | None:
        """Host and port of an authoritative server that the configuration itself names."""
        return None

    @abstractmethod
    async def look(self, api: Api, keys: Collection[Key]) -> Mapping[Key, Present | ProviderError]:
        """What the provider holds for each key; a key that is missing cannot be read at this service."""

    @abstractmethod
    def changes(self, wanted: RRset, present: Collection[Record]) -> tuple[Change, ...]:
        """The steps from `present` to `wanted`; none if all is well."""

    @abstractmethod
    async def write(self, api: Api, tasks: Sequence[Task], settled: Settled) -> None:
        """Carry the tasks out; call `settled` with verdicts as soon as the provider has spoken.

        Every task gets exactly one verdict.  Raises no `ProviderError`.
        """


class NoBatch(Exception):
    """Raised by `commit`: this server has no call for several RRsets; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """A zone of the account that must not be written, and why."""

    apex: Name
    why: ProviderError


@dataclass(slots=True)
class _End:
    """The first error after which nothing more is sent for this account in this round."""

    error: ProviderError | None = None

    def note(self, error: ProviderError) -> ProviderError:
        if self.error is None and (error.whole_account or isinstance(error, Throttled)):
            self.error = error
        return error


def owner_of(text: str) -> Name | None:
    """The owner name of a provider's row; None for one that no record of ours could ever have."""
    try:
        return Name.parse(text)
    except ConfigError:
        return None


@contextmanager
def understanding(provider: Provider) -> Iterator[None]:
    """Whatever a driver trips over in a reply becomes `Unintelligible`."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise Unintelligible(
            f"{provider.title}: unexpected reply ({provider.scrub(repr(error))})"
        ) from error


@dataclass(frozen=True, kw_only=True)
class HttpProvider(Provider):
    """A provider reached over HTTPS: settings that all of them share."""

    endpoint: Annotated[str | None, "URL of another server that speaks the same API"] = None
    proxy: Annotated[str | None, "HTTP proxy to reach it through, as http://host:port"] = None
    ca_file: Annotated[str | None, "PEM file with the certificate authority of a private server"] = None

    base: ClassVar[str] = ""  # URL every path is appended to

    def address(self) -> str:
        return (self.endpoint or self.base).rstrip("/")


class ZoneWriter(Provider):
    """A provider whose zones are changed by requests that hold one or many changes of one zone."""

    batch: ClassVar[int] = 1  # changes that one transactional request may hold

    @abstractmethod
    async def commit(self, api: Api, zone: Zone, changes: Sequence[Change]) -> None:
        """Carry out changes of one zone.  With `batch` > 1: all of them, or none."""

    async def write(self, api: Api, tasks: Sequence[Task], settled: Settled) -> None:
        end = _End()
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

    async def _settle(self, api: Api, chunk: Sequence[Task], settled: Settled, end: _End) -> None:
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


@dataclass(frozen=True, slots=True)
class Update:
    """One "my address is ...": the same addresses for several owners.

    `addresses` holds what is known: an empty set is "none, on purpose".  A type that is missing is
    not known and must be kept, by whatever word or silence the service has for it.
    """

    owners: tuple[Name, ...]
    addresses: Mapping[RRType, frozenset[IPAddress]]


class UpdateApi(HttpProvider):
    """A service that is told addresses and cannot be read."""

    readable: ClassVar[bool] = False

    def hosts(self) -> int:
        """Owners that one request may name."""
        return 1

    def both(self) -> bool:
        """Does one request carry both families?  Then it always does: the silent one may be forgotten."""
        return False

    def cannot(self, wanted: RRset, other: RRset | None) -> str | None:
        """Why the service cannot be told that; None if it can.

        `other` is the owner's other family, as it shall be; None if it is not known.
        """
        if len(wanted.addresses) > 1:
            return "the service holds one address of each type; choose one uplink, or policy 'failover'"
        if not wanted.addresses:
            return f"the service has no way to remove the {wanted.rrtype} address; do it on its web page"
        return None

    @abstractmethod
    async def put(self, api: Api, update: Update) -> Mapping[Name, Verdict]:
        """Send one update; the verdict on each owner.

        If it raises `Refused` (of no whole account) over several owners, they are asked in halves.
        """

    def fit(self, wanted: RRset) -> RRset:
        return replace(wanted, ttl=None)  # the service sets it, and tells nobody

    async def look(self, api: Api, keys: Collection[Key]) -> Mapping[Key, Present | ProviderError]:
        return {}

    def changes(self, wanted: RRset, present: Collection[Record]) -> tuple[Change, ...]:
        return by_rrset(wanted, present)

    async def write(self, api: Api, tasks: Sequence[Task], settled: Settled) -> None:
        known: dict[Name, dict[RRType, RRset]] = {}
        for rrset in [t.wanted for t in tasks] + [t.sibling for t in tasks if t.sibling]:
            known.setdefault(rrset.owner, {}).setdefault(rrset.rrtype, rrset)
        due = {task.wanted.key for task in tasks}
        said: dict[Name, dict[RRType, RRset]] = {}
        for owner, sets in known.items():
            for rrset in sets.values():
                other = next((s for s in sets.values() if s is not rrset), None)
                reason = self.why_not(owner) or self.cannot(rrset, other)
                if reason is None:
                    said.setdefault(owner, {})[rrset.rrtype] = rrset
                elif rrset.key in due:
                    settled({rrset.key: Refused(f"{self.title}: {owner} {rrset.rrtype}: {reason}")})
        end = _End()
        updates = list(self._updates(said, due))
        for some in updates[:1], updates[1:]:  # the first alone: wrong credentials are shown only once
            await api.together([self._settle(api, update, keys, settled, end) for update, keys in some])

    def _updates(
        self, said: Mapping[Name, Mapping[RRType, RRset]], due: Collection[Key]
    ) -> Iterator[tuple[Update, Collection[Key]]]:
        """The fewest requests: owners with the same addresses together, both families if both go."""
        alike: dict[frozenset[tuple[RRType, frozenset[IPAddress]]], list[Name]] = {}
        for owner, sets in said.items():
            for part in [sets] if self.both() else [{rrtype: rrset} for rrtype, rrset in sets.items()]:
                if any((owner, rrtype) in due for rrtype in part):
                    content = frozenset((rrtype, rrset.addresses) for rrtype, rrset in part.items())
                    alike.setdefault(content, []).append(owner)
        for content, owners in alike.items():
            for start in range(0, len(owners), self.hosts()):
                some = tuple(owners[start : start + self.hosts()])
                types = sorted(rrtype for rrtype, _ in content)
                keys = [(owner, rrtype) for owner in some for rrtype in types if (owner, rrtype) in due]
                yield Update(some, dict(content)), keys

    async def _settle(
        self, api: Api, update: Update, keys: Collection[Key], settled: Settled, end: _End
    ) -> None:
        """One request; if it is refused as a whole, its halves, or one bad name spoils the others."""
        verdicts: Mapping[Name, Verdict] = dict.fromkeys(update.owners, end.error)
        if end.error is None:
            try:
                with understanding(self):
                    verdicts = await self.put(api, update)
            except ProviderError as error:
                alone = isinstance(error, Refused) and not isinstance(error, Blocked)
                if len(update.owners) > 1 and alone and not error.whole_account:
                    middle = len(update.owners) // 2
                    for some in update.owners[:middle], update.owners[middle:]:
                        theirs = [key for key in keys if key[0] in some]
                        await self._settle(api, replace(update, owners=some), theirs, settled, end)
                    return
                verdicts = dict.fromkeys(update.owners, error)
            for verdict in verdicts.values():
                if verdict is not None:
                    end.note(verdict)
        missing = Unreachable(f"{self.title} said nothing about this name")
        settled({key: verdicts.get(key[0], missing) for key in keys})
