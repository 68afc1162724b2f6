"""The dyndns2 family: a plain server, and those that treat IPv6 in their own ways."""

from __future__ import annotations

from base64 import b64encode
from ipaddress import ip_address
from typing import ClassVar

from homeport.core.secret import Secret
from homeport.providers.dyndns2 import DynDNS2
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
