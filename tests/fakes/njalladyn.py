"""Njalla's Dynamic records: both families in one request, the status in the JSON."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from homeport.core.secret import Secret
from homeport.providers.njalladyn import NjallaDynamic
from homeport.wire.http import Reply, Request

from . import Fake, answer, query


class FakeNjallaDynamic(Fake):
    """Every name of the zone that is not in `refused` is a Dynamic record, and all have one key."""

    readable = several = empties = False
    vague = True  # "invalid host or key"

    def driver(self, key: str) -> NjallaDynamic:
        return NjallaDynamic(key=Secret(key))

    def __call__(self, request: Request) -> Reply:
        asked = query(request)
        assert (request.method, request.url) == ("GET", "https://njal.la/update/")
        assert asked.keys() <= {"h", "k", "a", "aaaa"}
        owner = asked["h"]
        if asked["k"] != self.good or not f".{owner}".endswith(f".{self.zone}"):
            return answer({"status": 401, "message": "invalid host or key"})
        if owner in self.refused:
            return answer({"status": 400, "message": "this record is locked"})
        value = {}
        if "a" in asked:
            value["A"] = str(IPv4Address(asked["a"]))
        if "aaaa" in asked:
            value["AAAA"] = str(IPv6Address(asked["aaaa"]))
        assert value, "the address of the caller would be taken"
        for rrtype, address in value.items():
            self.put(owner, rrtype, [address])
        return answer({"status": 200, "message": "record updated", "value": value})
