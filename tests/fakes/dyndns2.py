"""The dyndns2 family: a plain server, those that treat IPv6 in their own ways, and any row of the table."""

from __future__ import annotations

import json
from base64 import b64encode
from ipaddress import ip_address
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote

from homeport.core.secret import Secret
from homeport.providers.dyndns2 import DynDNS2
from homeport.wire.dyndns2 import Service
from homeport.wire.dyndns2_services import SERVICES
from homeport.wire.http import Reply, Request

from . import Fake, header, query

SOURCE = "198.51.100.1"  # where the request seems to come from: what a server takes if it is not told


class FakePlain(Fake):
    """One family in a request."""

    readable = several = empties = False
    service: ClassVar[str | None] = None
    most: ClassVar[int] = 20

    def driver(self, key: str) -> DynDNS2:
        endpoint = None if self.service else "https://dyn.example.net/nic/update?system=dyndns"
        return DynDNS2(service=self.service, endpoint=endpoint, username="me", password=Secret(key))

    def __call__(self, request: Request) -> Reply:
        pair = b64encode(f"me:{self.good}".encode()).decode()
        if header(request, "authorization") != f"Basic {pair}":
            return Reply(401, b"badauth\r\n")
        asked = query(request)
        hosts = asked["hostname"].split(",")
        if len(hosts) > self.most:
            return Reply(200, b"numhost")
        return Reply(200, "\r\n".join(self.one(host, asked) for host in hosts).encode())

    def one(self, host: str, asked: dict[str, str]) -> str:
        if host in self.refused or not f".{host}".endswith(f".{self.zone}"):
            return "nohost"
        said = self.said(asked)
        before = [self.held(host, rrtype) for rrtype in said]
        for rrtype, addresses in said.items():
            self.put(host, rrtype, addresses)
        code = "nochg" if before == list(said.values()) else "good"
        return f"{code} {','.join(a for addresses in said.values() for a in addresses)}"

    def said(self, asked: dict[str, str]) -> dict[str, list[str]]:
        """What the host shall have, by type; a type that is missing is left alone."""
        address = ip_address(asked.get("myip", SOURCE))
        return {"A" if address.version == 4 else "AAAA": [str(address)]}


class FakeStrato(FakePlain):
    """Both families in `myip`; the one that is not named is removed."""

    service = "strato"
    most = 1

    def said(self, asked: dict[str, str]) -> dict[str, list[str]]:
        told = asked.get("myip", SOURCE).split(",")
        return {"A": [a for a in told if ":" not in a], "AAAA": [a for a in told if ":" in a]}


class FakeDynu(FakePlain):
    """A parameter for each family; "no" leaves it alone, silence means the source address."""

    service = "dynu"
    most = 1

    def said(self, asked: dict[str, str]) -> dict[str, list[str]]:
        told = {"A": asked.get("myip", SOURCE), "AAAA": asked.get("myipv6", "no")}
        return {rrtype: [address] for rrtype, address in told.items() if address != "no"}


class FakeDedyn(FakePlain):
    """deSEC's update server: "preserve" keeps a family, silence removes it, and so does nothing."""

    service = "desec"
    several = empties = True

    def said(self, asked: dict[str, str]) -> dict[str, list[str]]:
        told = {"A": asked.get("myipv4", ""), "AAAA": asked.get("myipv6", "")}
        return {
            rrtype: [a for a in text.split(",") if a] for rrtype, text in told.items() if text != "preserve"
        }


def sample(row: Service, words: str, host: str = "home.example.com", address: str = "192.0.2.1") -> Reply:
    """An answer that says `words` of a row, in the form in which the service answers."""
    holes = {"{host}": host, "{address}": address, "{word}": "UPDATE", "{any}": "error: "}
    for hole, filling in holes.items():
        words = words.replace(hole, filling)
    key, _, text = (part.strip() for part in words.partition(" = "))
    value: Any = text
    if row.answers == "json":
        value = text == "true" if text in ("true", "false") else int(text) if text.isdecimal() else text
        return Reply(200, json.dumps({"id": [1, None], key: value if text else 7}).encode())
    if row.answers == "xml":
        return Reply(200, f'<?xml version="1.0"?>\n<r x="1"><{key}>{text or 7}</{key}></r>'.encode())
    if row.answers == "page":
        return Reply(200, f"<html><title>x</title><body>\n<b>Hi</b>{words}<br></body></html>".encode())
    return Reply(200, f"[RESPONSE]\r\n  {words} and so on\r\n".encode())


def answer(row: Service, code: str, host: str, address: str) -> Reply | None:
    """How a service of this row says what dyndns2 calls `code`; None if it has no word for it."""
    if row.header:
        return Reply(200, b"<html>see the header</html>", {row.header: code})
    for words, meaning in row.words.items():
        if meaning == code:
            return sample(row, words, host, address)
    for status, meaning in row.statuses.items():
        if meaning == code:
            return Reply(status)
    return Reply(200, f"{code} {address}".encode()) if row.speaks_codes else None


class FakeRow(Fake):
    """A service as its row describes it: strict about the request, and with the row's own words."""

    readable = several = empties = False
    service: ClassVar[str] = "dynv6"

    def driver(self, key: str) -> DynDNS2:
        row = SERVICES[self.service]
        return DynDNS2(
            service=self.service,
            username=self.owner if row.own_name else "me" if row.wants_user else None,
            password=Secret(key),
            hostname="123" if row.by_label else None,
            domain=self.zone if row.zone else None,
            endpoint=None if row.url else "https://dyn.example.net/nic/update",
        )

    def __call__(self, request: Request) -> Reply:
        row = SERVICES[self.service]
        assert request.method == row.method
        asked = query(request) if row.method == "GET" else dict(parse_qsl(request.body.decode()))
        assert row.method == "GET" or not request.query
        host = self.host(request, asked)
        if not self.authorised(request, asked):
            return answer(row, "badauth", host, "") or Reply(401, b"no")
        hosts = host.split(",")
        assert len(hosts) <= row.hosts
        replies = [self.one(one, self.said(asked, one)) for one in hosts]
        return replies[0] if len(hosts) == 1 else Reply(200, b"\n".join(reply.body for reply in replies))

    def one(self, host: str, said: dict[str, str]) -> Reply:
        row = SERVICES[self.service]
        if host in self.refused or not f".{host}".endswith(f".{self.zone}"):
            refusals = (answer(row, code, host, "") for code in ("nohost", "notfqdn", "badrequest"))
            return next((reply for reply in refusals if reply), Reply(404, b"what?"))
        before = {rrtype: self.held(host, rrtype) for rrtype in said}
        for rrtype, address in said.items():
            self.put(host, rrtype, [address])
        unchanged = before == {rrtype: [address] for rrtype, address in said.items()}
        told = ",".join(said.values())
        reply = answer(row, "nochg", host, told) if unchanged else None
        reply = reply or answer(row, "good", host, next(iter(said.values()), ""))
        assert reply, "a row without success"
        return reply

    def authorised(self, request: Request, asked: dict[str, str]) -> bool:
        row = SERVICES[self.service]
        user = self.owner if row.own_name else "me"
        if row.key_in:
            assert "authorization" not in request.headers
            return asked.get(row.key_in) == self.good and (not row.user_in or asked[row.user_in] == user)
        pair = b64encode(f"{user}:{self.good}".encode()).decode()
        return header(request, "authorization") == f"Basic {pair}"

    def host(self, request: Request, asked: dict[str, str]) -> str:
        row = SERVICES[self.service]
        if row.by_label:
            assert asked[row.hostname] == "123"
            return self.owner
        if "{host}" in row.url:
            return unquote(request.url.removeprefix(row.url.partition("{host}")[0]).rpartition("/")[2])
        if "{host}" in row.myip:
            [name] = [key for key in asked if key.startswith(row.myip.partition("{")[0])]
            return name.partition("[")[2].removesuffix("]")
        if not row.hostname:
            return self.owner
        if not row.zone:
            return asked[row.hostname]
        assert asked[row.zone] == self.zone
        label = asked[row.hostname]
        return self.zone if label == "@" else f"{label}.{self.zone}"

    def said(self, asked: dict[str, str], host: str) -> dict[str, str]:
        row = SERVICES[self.service]
        extra = row.extra if row.extra6 is None or asked.get("type") != "AAAA" else row.extra6
        assert extra.items() <= asked.items() or row.extra6
        names = {row.myip.replace("{host}", host), row.myip6 or ("myipv6" if row.ipv6 == "params" else "")}
        values = [one for name in names if name for one in asked.get(name, "").split(",")]
        told = [one for one in values if one not in ("", "no", "preserve")]
        found = {"A" if ip_address(one).version == 4 else "AAAA": one for one in told}
        assert len(found) == len(told) and (found or not row.myip)
        for rrtype, address in found.items():
            if row.myip6 and row.myip != row.myip6:
                assert asked[row.myip if rrtype == "A" else row.myip6] == address
        return found or {"A": SOURCE}


class FakeZoneEdit(FakeRow):
    service = "zoneedit"

    def driver(self, key: str) -> DynDNS2:
        """As if it took IPv6, for the contract."""
        return DynDNS2(service=self.service, username="me", password=Secret(key), ipv6="separate")


class FakeRegfish(FakeRow):
    service = "regfish"


class FakeDomeneshop(FakeRow):
    """Only the status speaks."""

    service = "domeneshop"


class FakeDinahosting(FakeRow):
    """A form, the registered domain by itself, another command for each type, and JSON."""

    service = "dinahosting"
