"""Providers of the lab: the fakes that every driver is held to, each with what its requests mean.

A service knows what it holds, what a request would set, and which names an answer acknowledges; it knows
nothing of the agent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_address
from types import SimpleNamespace
from typing import Any, ClassVar

import dns.flags
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.IN.A
import dns.renderer
import dns.update

from homeport.core.dns import Key, Name, RRType
from homeport.core.secret import Secret
from homeport.demo import nameserver
from homeport.driver import Provider
from homeport.providers.dyndns2 import DynDNS2
from homeport.providers.rfc2136 import RFC2136
from homeport.wire.http import Reply, Request
from tests.fakes import Fake, query
from tests.fakes.cloudflare import FakeCloudflare
from tests.fakes.desec import FakeDeSEC
from tests.fakes.duckdns import FakeDuckDNS
from tests.fakes.dyndns2 import FakeDynu, FakePlain, FakeStrato

Texts = frozenset[str]
Said = dict[Key, Texts]
NOTHING: Texts = frozenset()


class Service:
    """One account at one provider."""

    readable: ClassVar[bool] = True
    days: ClassVar[int | None] = None  # after which it wants to be told again
    over_http: ClassVar[bool] = True
    whole: ClassVar[bool] = False  # is a whole RRset set at once?

    def __init__(self, account: str, owners: tuple[str, ...], secret: str) -> None:
        self.account = account
        self.owners = tuple(map(Name, owners))
        self.secret = secret  # what the configuration says
        self.shown: list[tuple[float, Key, Texts]] = []  # what the name servers were given, and when

    @property
    def keys(self) -> list[Key]:
        return [(owner, rrtype) for owner in self.owners for rrtype in RRType]

    def provider(self) -> Provider:
        raise NotImplementedError

    def held(self) -> Said:
        return {key: self.get(key) for key in self.keys}

    def get(self, key: Key) -> Texts:
        raise NotImplementedError

    def put(self, key: Key, addresses: Texts) -> None:
        """A person changes it by hand."""
        raise NotImplementedError

    def revoke(self, *, revoked: bool) -> None:
        """The credential of the configuration is not good any more, or is again."""
        raise NotImplementedError

    @property
    def secrets(self) -> list[str]:
        return [self.secret]


class HttpService(Service):
    """A service whose fake is a function from request to reply."""

    def __init__(self, account: str, owners: tuple[str, ...], secret: str) -> None:
        super().__init__(account, owners, secret)
        self.fake = self.make()
        self.fake.good = secret  # type: ignore[misc]  # of this one, not of all

    def make(self) -> Fake:
        raise NotImplementedError

    def at_home(self, kind: type[Fake]) -> Fake:
        """A fake that holds a zone of its own, so that a name says which account it is of."""
        fake: Fake = type(kind.__name__, (kind,), {"zone": f"{self.account}.test"})()
        return fake

    def provider(self) -> Provider:
        return self.fake.driver(self.secret)

    def get(self, key: Key) -> Texts:
        return frozenset(self.fake.held(key[0].text, key[1].value))

    def put(self, key: Key, addresses: Texts) -> None:
        self.fake.put(key[0].text, key[1].value, sorted(addresses))

    def revoke(self, *, revoked: bool) -> None:
        self.fake.good = "somebody changed it" if revoked else self.secret  # type: ignore[misc]

    def reads(self, request: Request) -> bool:
        return request.method == "GET"

    def said(self, request: Request) -> Said:
        """What it would set."""
        raise NotImplementedError

    def acknowledges(self, request: Request, reply: Reply) -> set[Key]:
        """What the answer confirms of that."""
        return set(self.said(request)) if 200 <= reply.status < 300 else set()

    def freeze(self) -> Any:
        return [dict(row) for row in self.fake.rows]

    def thaw(self, rows: Any) -> None:
        self.fake.rows = [dict(row) for row in rows]


class Dyndns2(HttpService):
    readable = False
    kind: ClassVar[type[FakePlain]] = FakePlain

    def make(self) -> Fake:
        return self.at_home(self.kind)

    def provider(self) -> Provider:
        driver = super().provider()
        assert isinstance(driver, DynDNS2)
        return replace(driver, refresh=self.days or 0)

    def reads(self, request: Request) -> bool:
        return False

    def said(self, request: Request) -> Said:
        asked = query(request)
        assert isinstance(self.fake, FakePlain)
        told = self.fake.said(asked)
        return {
            (Name(host), RRType(rrtype)): frozenset(addresses)
            for host in asked["hostname"].split(",")
            for rrtype, addresses in told.items()
        }

    def acknowledges(self, request: Request, reply: Reply) -> set[Key]:
        lines = reply.text.splitlines()
        hosts = query(request)["hostname"].split(",")
        good = {
            host for host, line in zip(hosts, lines, strict=False) if line.startswith(("good", "nochg"))
        }
        return {key for key in self.said(request) if key[0].text in good}


class Plain(Dyndns2):
    days = 28


class Strato(Dyndns2):
    kind = FakeStrato


class Dynu(Dyndns2):
    kind = FakeDynu


class Duck(HttpService):
    readable = False

    def make(self) -> Fake:
        return FakeDuckDNS()

    def reads(self, request: Request) -> bool:
        return False

    def said(self, request: Request) -> Said:
        asked = query(request)
        told = {
            RRType.of(ip_address(asked[field])): frozenset({asked[field]})
            for field in ("ip", "ipv6")
            if field in asked
        }
        owners = [Name(f"{label}.duckdns.org") for label in asked["domains"].split(",")]
        return {(owner, rrtype): said for owner in owners for rrtype, said in told.items()}

    def acknowledges(self, request: Request, reply: Reply) -> set[Key]:
        return set(self.said(request)) if reply.text.partition("\n")[0] == "OK" else set()


class Cloudflare(HttpService):
    def make(self) -> Fake:
        return self.at_home(FakeCloudflare)

    def said(self, request: Request) -> Said:
        if self.reads(request):
            return {}
        body = json.loads(request.body or b"{}")
        calls = [*body.get("patches", ()), *body.get("posts", ())] if "batch" in request.url else [body]
        found: Said = {}
        rows = {row["id"]: row for row in self.fake.rows}
        for call in calls:
            row = rows.get(call.get("id") or request.url.rpartition("/")[2], {})
            if content := call.get("content"):
                owner = call.get("name") or row.get("owner") or self.owners[0].text
                key = Name(owner), RRType.of(ip_address(content))
                found[key] = found.get(key, NOTHING) | {content}
        return found


class Desec(HttpService):
    whole = True

    def make(self) -> Fake:
        return self.at_home(FakeDeSEC)

    def said(self, request: Request) -> Said:
        if self.reads(request):
            return {}
        return {
            (Name(f"{one['subname']}.{self.fake.zone}"), RRType(one["type"])): frozenset(one["records"])
            for one in json.loads(request.body)
        }


_SIGNING = (dns.message, dns.renderer, nameserver)


@contextmanager
def clocks_put_back() -> Iterator[None]:
    """Whoever comes after a life signs by the real time again."""
    before = [module.time for module in _SIGNING]
    try:
        yield
    finally:
        for module, clock in zip(_SIGNING, before, strict=True):
            module.time = clock  # type: ignore[attr-defined]


class Primary(Service):
    """A name server of one's own: the one of the demo, without its sockets."""

    over_http = False

    def __init__(
        self, account: str, owners: tuple[str, ...], secret: str, now: Callable[[], float]
    ) -> None:
        super().__init__(account, owners, secret)
        self._raw = secret.encode()
        clock = SimpleNamespace(time=now)  # signatures hold for five minutes of virtual time
        for module in _SIGNING:
            module.time = clock  # type: ignore[attr-defined]
        self.server = nameserver.Nameserver(
            zone="own.test",
            host="192.0.2.53",
            port=53,
            idle=10.0,
            _data=nameserver._initial_zone("own.test", "192.0.2.53"),
            _key=nameserver._key("homeport", self._raw, "hmac-sha256"),
        )
        self._known: dict[tuple[bytes, tuple[int, int]], bytes] = {}
        self._held: tuple[int, Said] = (-1, {})  # reading it is slow: after so many updates

    def held(self) -> Said:
        if self._held[0] != self.server.updates:
            self._held = self.server.updates, super().held()
        return self._held[1]

    @property
    def secrets(self) -> list[str]:
        from base64 import b64encode

        return [b64encode(self._raw).decode()]

    def provider(self) -> Provider:
        key = Secret(self.secrets[0])
        return RFC2136(server="192.0.2.53", tsig_name="homeport", tsig_key=key)

    def revoke(self, *, revoked: bool) -> None:
        raw = b"somebody changed it" if revoked else self._raw
        self.server._key = nameserver._key("homeport", raw, "hmac-sha256")

    def get(self, key: Key) -> Texts:
        return frozenset(self.server.addresses(key[0].text, key[1].value))

    def ttls(self) -> list[int]:
        """Of all its RRsets, in order, in seconds; 0: there is none."""
        with self.server._data.reader() as txn:
            some = [txn.get(dns.name.from_text(owner.text), rrtype.value) for owner, rrtype in self.keys]
        return [0 if one is None else one.ttl for one in some]

    def put(self, key: Key, addresses: Texts) -> None:
        owner = dns.name.from_text(key[0].text)
        rdtype = dns.rdatatype.RdataType.make(key[1].value)
        with self.server._data.writer() as txn:
            txn.delete(owner, rdtype)
            for address in sorted(addresses):
                txn.add(owner, 300, dns.rdata.from_text("IN", rdtype, address))
        self._held = (-1, {})
        self._known.clear()

    def said(self, message: bytes) -> Said:
        if not self.writes(message):
            return {}
        asked = dns.message.from_wire(message, keyring=False)
        if not isinstance(asked, dns.update.UpdateMessage):
            return {}
        found: Said = {}
        for rrset in asked.update:
            if rrset.rdclass == dns.rdataclass.IN and rrset.deleting is None:
                key = Name(rrset.name.to_text(omit_final_dot=True)), RRType(rrset.rdtype.name)
                found[key] = found.get(key, NOTHING) | {rdata.to_text() for rdata in rrset}
        return found

    def writes(self, message: bytes) -> bool:
        return message[2] >> 3 & 15 == 5

    def answer(self, message: bytes) -> bytes:
        """The same question is answered as before while nothing has changed; but for its number."""
        version = self.server.updates, len(self.shown)
        if not self.writes(message) and (known := self._known.get((message[2:], version))):
            return message[:2] + known
        reply = self.server.answer(message, tcp=True)
        assert reply is not None, "the agent sends what is no DNS"
        self._known[message[2:], version] = reply[2:]
        return reply


MAKERS: Mapping[str, type[HttpService]] = {
    "plain": Plain,
    "strato": Strato,
    "dynu": Dynu,
    "duck": Duck,
    "cf": Cloudflare,
    "desec": Desec,
}
EVERY = (*MAKERS, "own")
SEVERAL = ("cf", "desec", "own")  # hold several addresses of one type


def service(account: str, secret: str, now: Callable[[], float], *, names: int = 2) -> Service:
    """The service of that account; `now` is the true time, which its signatures keep to."""
    zone = "duckdns.org" if account == "duck" else f"{account}.test"
    owners = tuple(f"{label}.{zone}" for label in ("home", "nas")[:names])
    if account == "own":
        return Primary(account, owners, secret, now)
    return MAKERS[account](account, owners, secret)


def account_of(owner: Name) -> str:
    """The account whose zone that name lies in."""
    zone = owner.text.split(".")[-2]
    return "duck" if zone == "duckdns" else zone
