"""Stand-ins for providers: a `Handler` over a small zone.  One module per driver, found by its name.

A fake is held to the recorded answers of its service (tests/exchanges, tests/test_fakes.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from homeport.core.errors import BadCredentials, ProviderError
from homeport.core.secret import Secret
from homeport.driver import Library, NoLibrary, Provider
from homeport.wire.auth import json_of
from homeport.wire.http import NOTHING, Content, Reply, Request, Transport

Exchange = tuple[str, str, object] | tuple[str, str, object, Mapping[str, str]]


class Fake:
    """A provider in memory.  `rows` is the zone; a subclass only translates to its dialect."""

    zone: ClassVar[str] = "example.com"
    readable: ClassVar[bool] = True
    several: ClassVar[bool] = True  # may an RRset have more than one address?
    empties: ClassVar[bool] = True  # can an RRset be removed?
    vague: ClassVar[bool] = False  # does it not say which is wrong, the name or the key?
    denial: ClassVar[type[ProviderError]] = BadCredentials  # what a wrong key comes to
    ipv6: ClassVar[bool] = True  # does it hold AAAA at all?
    ttls: ClassVar[bool] = False  # does the service take only some TTLs, or one for the whole zone?
    odd_ttl: ClassVar[int] = 1234  # one that the service takes and nobody asks for
    attributes: ClassVar[dict[str, Any]] = {}  # what else a row may have, that nobody asked for
    special: ClassVar[dict[str, Any]] = {}  # what a row has that must be left alone, such as a location
    names: ClassVar[tuple[str, ...]] = ("{zone}", "*.{zone}", "a.b.{zone}")  # special owners it can hold
    steps: ClassVar[int] = 1  # requests that one change needs
    looks: ClassVar[int] = 0  # requests that a look at one more name needs, where no list can be had
    crowd: ClassVar[str] = "n{}.{zone}"
    exchanges: ClassVar[Mapping[str, Exchange]] = {}  # method, URL, body, headers: see test_fakes
    session: ClassVar[dict[str, Secret]] = {}  # what a login gives, where calls carry that
    good: ClassVar[str] = "s3cr3t/k&y +1"  # with what looks different in a URL

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.ids: Iterator[int] = count(1)
        self.refused: set[str] = set()  # owners that the service says no to
        self.large = False  # has the account more zones than one page holds?
        self.owner = f"home.{self.zone}"

    def driver(self, key: str) -> Provider:
        raise NotImplementedError

    def __call__(self, request: Request) -> Reply:
        raise NotImplementedError

    def reads(self, request: Request) -> bool:
        """Does the request change nothing?  Where reading is no GET, a fake says which requests do."""
        return request.method == "GET"

    def library(self, wire: Transport) -> Library:
        """For drivers that speak through somebody's library: one whose requests go to the wire."""
        return NoLibrary()

    def held(self, owner: str, rrtype: str) -> list[str]:
        return sorted(r["address"] for r in self.rows if (r["owner"], r["type"]) == (owner, rrtype))

    def add(self, owner: str, rrtype: str, address: str, **more: Any) -> dict[str, Any]:
        row = {"id": str(next(self.ids)), "owner": owner, "type": rrtype, "address": address, "ttl": 300}
        self.rows.append(row | self.attributes | more)
        return self.rows[-1]

    def put(self, owner: str, rrtype: str, addresses: list[str]) -> None:
        self.rows = [r for r in self.rows if (r["owner"], r["type"]) != (owner, rrtype)]
        for address in addresses:
            self.add(owner, rrtype, address)


def every_fake() -> list[type[Fake]]:
    """All fakes of this folder, for all drivers."""
    modules = [
        import_module(f"{__name__}.{path.stem}") for path in sorted(Path(__file__).parent.glob("[a-z]*.py"))
    ]
    return [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Fake) and value.__module__ == module.__name__
    ]


def ask(
    fake: Fake,
    method: str,
    url: str,
    body: object = None,
    more: Mapping[str, str] = NOTHING,
    *,
    key: str | None = None,
) -> Reply:
    """What the fake answers to a request with the authorisation of its driver; JSON, unless `Content`."""
    provider = fake.driver(fake.good if key is None else key)
    bare, _, asked = url.partition("?")
    content = body if isinstance(body, Content) or body is None else json_of(body)
    headers = {**provider.headers(), **provider.session_headers(fake.session)}
    headers |= {**({"content-type": content.kind} if content else {}), **more}
    request = Request(method, bare, dict(parse_qsl(asked)), headers, content.data if content else b"")
    return fake(provider.sign(request, 0.0, "0" * 32))


def shown(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value


def query(request: Request) -> dict[str, str]:
    return {key: shown(value) for key, value in request.query.items()}


def header(request: Request, name: str) -> str:
    return shown(request.headers.get(name, ""))


def answer(payload: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(payload).encode())
