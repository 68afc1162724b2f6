"""Namecheap's dynamic DNS: one host in a request, XML that calls itself UTF-16 and is none."""

from __future__ import annotations

from ipaddress import IPv4Address

from homeport.core.secret import Secret
from homeport.providers.namecheap import Namecheap
from homeport.wire.http import Reply, Request

from . import Fake, query

PROLOG = '<?xml version="1.0" encoding="utf-16"?>'
COMMAND = "<Command>SETDNSHOST</Command><Language>eng</Language>"


def failed(error: str, number: int, words: str) -> Reply:
    said = f"<ResponseNumber>{number}</ResponseNumber><ResponseString>{words}</ResponseString>"
    body = (
        f"{PROLOG}<interface-response>{COMMAND}<ErrCount>1</ErrCount><errors><Err1>{error}</Err1></errors>"
        f"<ResponseCount>1</ResponseCount><responses><response>{said}</response></responses>"
        "<Done>true</Done><debug><![CDATA[]]></debug></interface-response>"
    )
    return Reply(200, body.encode())


class FakeNamecheap(Fake):
    """Every host of the zone that is not in `refused` has its "A + Dynamic DNS Record"."""

    readable = several = empties = ipv6 = False

    def driver(self, key: str) -> Namecheap:
        return Namecheap(password=Secret(key))

    def __call__(self, request: Request) -> Reply:
        asked = query(request)
        assert request.url == "https://dynamicdns.park-your-domain.com/update"
        assert asked.keys() == {"host", "domain", "password", "ip"}
        if asked["domain"] != self.zone:
            return failed("Domain name not found", 316153, "Validation error; not found; domain name(s)")
        if asked["password"] != self.good:
            return failed("Passwords do not match", 304156, "Validation error; invalid ; password")
        try:
            address = str(IPv4Address(asked["ip"]))
        except ValueError:
            return failed("Invalid IP", 304156, "Validation error; invalid ; IP Address")
        owner = self.zone if asked["host"] == "@" else f"{asked['host']}.{self.zone}"
        if owner in self.refused:
            return failed(
                "No Records updated. A record not Found;", 380091, "No updates; A record not Found;"
            )
        self.put(owner, "A", [address])
        body = (
            f"{PROLOG}<interface-response>{COMMAND}<IP>{address}</IP><ErrCount>0</ErrCount>"
            "<ResponseCount>0</ResponseCount><Done>true</Done><debug><![CDATA[]]></debug></interface-response>"
        )
        return Reply(200, body.encode())
