"""A service that dns-lexicon has a provider for: the real library, with a provider of ours.

Its lists are as fuzzy as those of real ones: a filter by name also gives the names that begin so, a
filter by type is not looked at.
"""

from __future__ import annotations

import json
import sys
from types import ModuleType
from typing import Any, ClassVar

from homeport.core.errors import NoAnswer, Unreachable
from homeport.core.secret import Secret
from homeport.driver import Library, Session
from homeport.net.lexicon import perform, prepare
from homeport.providers.lexicon import Lexicon
from homeport.wire.http import Reply, Request, Transport

from . import answer, header
from ._rest import Failure, RestFake

prepare()  # before anybody looks at what lexicon leaves in sys.modules

import requests  # noqa: E402
from lexicon.exceptions import AuthenticationError  # noqa: E402
from lexicon.interfaces import Provider  # noqa: E402

BASE = "https://api.contract.test/v1"


class FakeLexicon(RestFake):
    base = BASE
    ttls = True  # a TTL that is asked for is never sent
    steps = 2  # each session begins with a question for the zone
    missing = (404, {"error": "no such thing"})

    def driver(self, key: str) -> Lexicon:
        return Lexicon(dns="contract", settings={"auth_token": Secret(key)})

    def library(self, wire: Transport) -> Library:
        return Inline(wire)

    def authorised(self, request: Request) -> None:
        if header(request, "authorization") != f"Bearer {self.good}":
            raise Failure(401, {"error": "who are you?"})

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match method, path:
            case "GET", ["zones", zone]:
                self.inside(zone)
                return answer({"zone": {"id": "z1", "name": zone}})
            case "GET", ["zones", zone, "records"]:
                rows = [r for r in self.inside(zone) if self.label(r).startswith(asked.get("name", ""))]
                return answer({"records": [self.shown(r) for r in rows]})
            case "POST", ["zones", zone, "records"]:
                self.inside(zone)
                row = self.create(self.full(new["name"]), new["type"], new["content"], new["ttl"])
                return answer({"record": self.shown(row)}, 201)
            case "PUT", ["zones", zone, "records", id]:
                self.inside(zone)
                row = self.change(id, type=new["type"], address=new["content"], ttl=new["ttl"])
                return answer({"record": self.shown(row)})
            case "DELETE", ["zones", _, "records", id]:
                self.rows.remove(self.row(id))
                return answer({"deleted": True})
            case _:
                return Reply(405)

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        told = {"id": int(row["id"]), "type": row["type"], "content": row["address"], "ttl": row["ttl"]}
        return told | {"name": self.label(row)}


class Contract(Provider):
    """Written as those of lexicon are."""

    wire: ClassVar[Transport]

    @staticmethod
    def get_nameservers() -> list[Any]:
        return []

    @staticmethod
    def configure_parser(parser: Any) -> None:
        parser.add_argument("--auth-token", help="specify token for authentication")

    def authenticate(self) -> None:
        payload = self._get(f"/zones/{self.domain}")
        if payload["zone"]["name"] != self.domain:
            raise AuthenticationError("No domain found")
        self.domain_id = payload["zone"]["id"]

    def list_records(self, rtype: Any = None, name: Any = None, content: Any = None) -> list[Any]:
        query = {"type": rtype} | ({"name": self._relative_name(name)} if name else {})
        return [
            {**row, "name": self._full_name(row["name"])}
            for row in self._get(f"/zones/{self.domain}/records", query)["records"]
        ]

    def create_record(self, rtype: str, name: str, content: str) -> bool:
        data = self._data(rtype, name, content)
        return bool(self._post(f"/zones/{self.domain}/records", data)["record"]["id"])

    def update_record(
        self, identifier: Any = None, rtype: Any = None, name: Any = None, content: Any = None
    ) -> bool:
        url = f"/zones/{self.domain}/records/{identifier}"
        return bool(self._put(url, self._data(rtype, name, content))["record"]["id"])

    def delete_record(
        self, identifier: Any = None, rtype: Any = None, name: Any = None, content: Any = None
    ) -> bool:
        if identifier is None:
            raise AssertionError("homeport never deletes by pattern")
        return bool(self._delete(f"/zones/{self.domain}/records/{identifier}")["deleted"])

    def _data(self, rtype: str, name: str, content: str) -> dict[str, Any]:
        ttl = self._get_lexicon_option("ttl")
        return {"type": rtype, "name": self._relative_name(name), "content": content, "ttl": ttl}

    def _request(
        self, action: str = "GET", url: str = "/", data: Any = None, query_params: Any = None
    ) -> Any:
        token = self._get_provider_option("auth_token")
        headers = {"authorization": f"Bearer {token}"}
        body = json.dumps(data).encode() if data else b""
        response = sent(self.wire, Request(action, BASE + url, query_params or {}, headers, body))
        response.raise_for_status()
        return response.json()


def sent(wire: Transport, request: Request) -> requests.Response:
    """What `requests` would make of the exchange."""
    prepared = requests.Request(request.method, request.url).prepare()
    try:
        wire.send(request).__await__().__next__()
    except StopIteration as stop:
        reply: Reply = stop.value
    except NoAnswer:
        raise requests.ReadTimeout("timed out", request=prepared) from None
    except Unreachable:
        raise requests.ConnectionError("NewConnectionError: refused", request=prepared) from None
    else:
        raise AssertionError("a fake answers at once")
    response = requests.Response()
    response.status_code, response.url, response.request = reply.status, request.url, prepared
    response._content = reply.body
    response.headers.update(reply.headers)
    return response


class Inline:
    """A `Library` without threads."""

    def __init__(self, wire: Transport) -> None:
        self.wire = wire

    async def run(self, session: Session) -> list[Any]:
        Contract.wire = self.wire
        return perform(session)


class _Module(ModuleType):
    Provider = Contract


NAME = "lexicon._private.providers.contract"
sys.modules[NAME] = _Module(NAME)
