"""Dynadot's dynamic DNS: one address of one type in a request, "ok" or JSON in words."""

from __future__ import annotations

from ipaddress import ip_address

from homeport.core.secret import Secret
from homeport.providers.dynadot import Dynadot
from homeport.wire.http import Reply, Request

from . import Fake, answer, query


def failed(words: str) -> Reply:
    return answer({"status": "error", "error_code": -1, "content": [words]})


class FakeDynadot(Fake):
    readable = several = empties = False

    def driver(self, key: str) -> Dynadot:
        return Dynadot(password=Secret(key))

    def __call__(self, request: Request) -> Reply:
        asked = query(request)
        assert request.url == "https://www.dynadot.com/set_ddns"
        assert asked.keys() - {"subDomain"} == {"containRoot", "domain", "type", "ip", "pwd", "ttl"}
        if asked["domain"] != self.zone:
            return failed("domain not found")
        if asked["pwd"] != self.good:
            return failed("invalid password")
        if ip_address(asked["ip"]).version != (4 if asked["type"] == "A" else 6):
            return failed("invalid ip")
        owners = [f"{one}.{self.zone}" for one in asked.get("subDomain", "").split(",") if one]
        owners += [self.zone] if asked["containRoot"] == "true" else []
        if not owners or self.refused & set(owners):
            return failed("sub domain not allowed for this domain")
        for owner in owners:
            self.put(owner, asked["type"], [asked["ip"]])
        return answer({"status": "success", "error_code": -1, "content": ["ok"]})
