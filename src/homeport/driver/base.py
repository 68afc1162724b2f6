"""What every provider is, and the service as its driver sees it."""

from __future__ import annotations

import os
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
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple, Protocol, TypeVar
from urllib.parse import urlsplit

from ..core.budget import Budget, Toll
from ..core.dns import IPAddress, Key, Name, Present, Record, RRset, Zone
from ..core.errors import (
    BadCredentials,
    NoSuchName,
    NotSent,
    ProviderError,
    Refused,
    Throttled,
    Unintelligible,
    Unreachable,
)
from ..core.plan import Change, beside_others
from ..core.secret import Secret, SecretUrl
from ..wire.auth import json_of, scrub, veil, within
from ..wire.http import NOTHING, Content, Query, Reply, Request, Transport
from .library import Library, NoLibrary

T = TypeVar("T")
MOST_PAGES = 1000  # of one list; a server that ignores the page asked for must not hold us for ever
_READ = 10_000  # characters of an answer that are looked at for what it says
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


def random_nonce() -> str:
    """32 hexadecimal digits that nobody can guess."""
    return os.urandom(16).hex()


@dataclass(frozen=True, slots=True)
class Api:
    """A service, seen by its driver: relative paths, authorised, statuses judged, JSON decoded."""

    provider: Provider
    transport: Transport
    dns: DnsTransport
    now: Callable[[], float]  # seconds since 1970, UTC
    together: Together = one_by_one
    nonce: Callable[[], str] = random_nonce
    session: dict[str, Secret] = field(default_factory=dict)  # what a login gave, until the round ends
    library: Library = NoLibrary()  # noqa: RUF009 - it has no state

    async def rows(self, path: str, at: str = "", **query: str | Secret) -> list[Any]:
        """GET a list, all pages of it; `at` is the key it lies under, if the reply is an object.

        A page that changes while it is read may give a row twice: compare their ids.
        """
        payload, reply = await self._page(path, query)
        rows = self._rows(payload, at)
        later = list(islice(self.provider.later_pages(payload), MOST_PAGES))
        if len(later) == MOST_PAGES:
            raise Unintelligible(f"{self.provider.title}: a list of more than {MOST_PAGES} pages")
        asked = [{**query, **page} for page in later]
        for payload, _ in await self.together([self._page(path, page) for page in asked]):
            rows += self._rows(payload, at)
        pages = 1
        while not later and (page := self.provider.next_page(payload, reply)) is not None:
            pages += 1
            if pages > MOST_PAGES:
                raise Unintelligible(f"{self.provider.title}: a list without an end")
            payload, reply = await self._page(path, {**query, **page})
            rows += self._rows(payload, at)
        return rows

    async def _page(self, path: str, query: Query) -> tuple[Any, Reply]:
        request, reply = await self.send("GET", path, query)
        return self.read(request, reply), reply

    def _rows(self, payload: Any, at: str) -> list[Any]:
        found = payload[at] if at else payload
        if not isinstance(found, list):
            raise TypeError(f"a list was expected, not {found!r}")  # `understanding` makes it presentable
        return found

    async def get(self, path: str, **query: str | Secret) -> Any:
        return await self.call("GET", path, query)

    async def post(self, path: str, body: object) -> Any:
        return await self.call("POST", path, body=body)

    async def put(self, path: str, body: object) -> Any:
        return await self.call("PUT", path, body=body)

    async def patch(self, path: str, body: object) -> Any:
        return await self.call("PATCH", path, body=body)

    async def delete(self, path: str) -> None:
        self.judge(*await self.send("DELETE", path))

    async def text(self, path: str, **query: str | Secret) -> str:
        """GET from a service that answers in plain text."""
        return self.judge(*await self.send("GET", path, query)).text

    async def send(
        self,
        method: str,
        path: str,
        query: Query = NOTHING,
        body: object = None,
        headers: Query = NOTHING,
        *,
        hidden: Secret | None = None,
    ) -> tuple[Request, Reply]:
        """One exchange whose status the driver judges itself; `path` may also be a whole URL.

        `body` is sent as JSON, unless it is `Content`.  `hidden` is the end of the path, where that
        holds a secret.
        """
        said = {**self.provider.headers(), **self.provider.session_headers(self.session), **headers}
        data = b""
        if body is not None:
            kind, data = body if isinstance(body, Content) else json_of(body)
            said.setdefault("content-type", kind)
        url = path if "://" in path else self.provider.address() + path
        request = Request(method, url, query, said, data, hidden)
        request = self.provider.sign(request, self.now(), self.nonce())
        return request, await self.transport.send(request)

    def judge(self, request: Request, reply: Reply) -> Reply:
        """Return a 2xx reply; raise what the agent must do about any other."""
        return judge(request, reply, self.provider, self.now(), self.session.values())

    async def call(
        self,
        method: str,
        path: str,
        query: Query = NOTHING,
        body: object = None,
        headers: Query = NOTHING,
    ) -> Any:
        """One exchange: the JSON of the reply, None for "204 No Content"; any failure is raised."""
        return self.read(*await self.send(method, path, query, body, headers))

    def read(self, request: Request, reply: Reply) -> Any:
        """The JSON of a 2xx reply that reports no failure; else as `judge` and `Provider.check` say.

        None for "204 No Content".
        """
        self.judge(request, reply)
        if reply.status == 204:
            return None
        try:
            payload = reply.json()
        except Unintelligible:
            words = _words(request, reply, self.provider, self.session.values())
            raise Unintelligible(f"{request}: not JSON: {words}") from None
        if payload is None:  # so that None is "204 No Content" and nothing else
            raise Unintelligible(f"{request}: null")
        self.provider.check(payload)
        return payload


def judge(
    request: Request, reply: Reply, provider: Provider, now: float, secrets: Iterable[Secret] = ()
) -> Reply:
    """Return a 2xx reply; raise what the agent must do about any other.

    Outages and throttling are told by the status; of the other 4xx, the provider's own list of
    errors (`check_failure`) goes first, since it knows more than the status.  `secrets` are those of
    the session, which stand in no setting.
    """
    status = reply.status
    if 200 <= status < 300:
        return reply
    said = f"{request}: {status} {_words(request, reply, provider, secrets)}".rstrip()
    seconds = reply.retry_after(now)
    if status in provider.too_many:
        least = provider.patience
        raise Throttled(said, retry_after=least if seconds is None else max(seconds, least or 0.0))
    if status == 503 and seconds:
        raise Throttled(said, retry_after=seconds)
    if status in (408, 425) or (status >= 500 and status not in provider.refusals):
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


def _words(request: Request, reply: Reply, provider: Provider, secrets: Iterable[Secret]) -> str:
    """What the reply says, fit for a message: short, on one line, without our secrets."""
    if reply.is_page:
        return "a web page"
    sent = [*request.headers.values(), *request.query.values(), *secrets]
    text = veil(provider.scrub(reply.text[:_READ]), within(sent))  # a session's key is in no setting
    text = scrub(text, within([request.hidden]))  # in part, it is the name and the address
    return " ".join(text.split())[:160]


class Task(NamedTuple):
    """What is to be done about one RRset: the changes, and where they belong.

    Without changes, all stands there as it is wanted, but a service that `publishes` must be told to.
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
    credential: ClassVar[str] = ""  # where to get it, and the least rights that do, for the manual
    notes: ClassVar[str] = ""  # what else a person must know to use it, for the manual
    example_owner: ClassVar[str] = "home.example.com"  # a name that the example could keep
    options: ClassVar[type] = NoOptions  # dataclass of what `options = {...}` of a record may say
    least_ttl: ClassVar[int] = 1  # seconds
    most_ttl: ClassVar[int] = 2**31 - 1  # seconds (RFC 2181, 8)
    ttls: ClassVar[tuple[int, ...]] = ()  # the only ones it takes, in ascending order, if it is choosy
    readable: ClassVar[bool] = True  # can the provider say what it holds?
    publishes: ClassVar[bool] = (
        False  # does a last step publish what is written, and no look show if it did?
    )
    budget: ClassVar[Budget | None] = None  # what it takes from one account
    pace: ClassVar[Budget] = Budget(requests=30, seconds=3600)  # changes of one name
    patience: ClassVar[float | None] = None  # seconds to wait at least after a 429
    refusals: ClassVar[tuple[int, ...]] = ()  # of the 5xx, those by which it says that we are wrong
    too_many: ClassVar[tuple[int, ...]] = (429,)  # statuses by which it asks for patience

    def fit(self, wanted: RRset) -> RRset:
        """The nearest thing to `wanted` this provider can hold, so that a plan can ever come out empty."""
        if wanted.ttl is None:
            return wanted
        ttl = min(max(wanted.ttl, self.least_ttl), self.most_ttl)
        if self.ttls:
            ttl = next((one for one in self.ttls if one >= ttl), self.ttls[-1])
        return replace(wanted, ttl=ttl)

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

    def origin(self) -> str:
        """A URL at the same host, which can be told where no secret is known."""
        return self.address()

    def host(self) -> str:
        """Who is asked: what blocks one account there, blocks all.

        A host that has only an address says nothing of who is behind it: there, each port is another.
        """
        found, port = self._server()
        return f"{found} port {port}" if _bare(found) and port else found or self.title

    def limit(self) -> Budget | None:
        """What the service takes from one account in all; None if nothing is known of a limit."""
        return self.budget

    def tolls(self, request: Request) -> Sequence[Toll]:
        """What that request counts for: all of it at the same time."""
        limit = self.limit()
        return () if limit is None else (Toll(limit),)

    def limit_of_name(self) -> Budget | None:
        """How often one name may be changed; None for a server of one's own, which minds nothing."""
        return None if _bare(self._server()[0]) else self.pace

    def _server(self) -> tuple[str, int | None]:
        url = urlsplit(self.origin())
        found, port = self.primary() or (url.hostname or "", url.port)
        return found.lower(), port

    def headers(self) -> Mapping[str, str | Secret]:
        """Headers of every request, such as the authorisation."""
        return NOTHING

    def session_headers(self, session: Mapping[str, Secret]) -> Mapping[str, str | Secret]:
        """Headers with what a login gave (`Api.session`), beside the other headers of every request."""
        return NOTHING

    def sign(self, request: Request, now: float, nonce: str) -> Request:
        """The request with its signature, for services that want one; `now` in seconds since 1970.

        Called once for each exchange, so that a date or nonce is never used twice.
        """
        return request

    def check(self, payload: Any) -> None:
        """Raise if the body of a 2xx reply reports a failure.  (Statuses are already judged.)"""

    def check_failure(self, reply: Reply, said: str) -> None:
        """Raise if a 4xx reply names its cause more exactly than its status does.

        `said` is a message fit for a person, without secrets.
        """

    def next_page(self, payload: Any, reply: Reply) -> Query | None:
        """What to add to the query for the page after this one; None after the last."""
        return None

    def later_pages(self, payload: Any) -> Iterable[Query]:
        """What to add to the query for each further page, if the first page tells how many there are."""
        return ()

    def scrub(self, text: str) -> str:
        """Words of the provider, without our secrets: some services quote them back."""
        return veil(text, within([*vars(self).values(), *self.headers().values()]))

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

    def shared_changes(
        self, wanted: RRset, old: frozenset[IPAddress], present: Collection[Record]
    ) -> tuple[Change, ...]:
        """The same where others keep addresses of theirs at the name.

        Of ours, `wanted` shall stand there and `old` shall not; whatever else is there stays.
        """
        _, whole, _ = beside_others(wanted, old, present)
        return self.changes(whole, present)

    @abstractmethod
    async def write(self, api: Api, tasks: Sequence[Task], settled: Settled) -> None:
        """Carry the tasks out; call `settled` with verdicts as soon as the provider has spoken.

        Every task gets exactly one verdict.  Raises no `ProviderError`.
        """


def _bare(host: str) -> bool:
    """Is it no name that somebody registered, but an address, or this machine?"""
    return host == "localhost" or ":" in host or host.replace(".", "").isdecimal()


@dataclass(slots=True)
class End:
    """The first error after which nothing more is sent for this account in this round."""

    error: ProviderError | None = None

    def note(self, error: ProviderError) -> ProviderError:
        throttled = isinstance(error, Throttled) and not isinstance(error, NotSent)  # maybe of one zone
        if self.error is None and (error.whole_account or throttled):
            self.error = error
        return error


@contextmanager
def understanding(provider: Provider) -> Iterator[None]:
    """Whatever a driver trips over in a reply becomes `Unintelligible`."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        said = f"{provider.title}: unexpected reply ({provider.scrub(repr(error))[:160]})"
        raise Unintelligible(said) from None  # what was tripped over may quote a secret


@dataclass(frozen=True, kw_only=True)
class HttpProvider(Provider):
    """A provider reached over HTTPS: settings that all of them share."""

    endpoint: Annotated[str | None, "URL of another server that speaks the same API"] = None
    proxy: Annotated[
        SecretUrl | None,
        "HTTP proxy to reach it through, as http://host:port or http://user:password@host:port",
    ] = None
    ca_file: Annotated[Path | None, "PEM file with the certificate authority of a private server"] = None

    base: ClassVar[str] = ""  # URL every path is appended to

    def address(self) -> str:
        return (self.endpoint or self.base).rstrip("/")
