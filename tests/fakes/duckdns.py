"""Duck DNS: one A and one AAAA for each name, "OK" or "KO" for all names of a request."""

from __future__ import annotations

from homeport.core.errors import Doubted
from homeport.core.secret import Secret
from homeport.providers.duckdns import DuckDNS
from homeport.wire.http import Reply, Request

from . import Fake, query


class FakeDuckDNS(Fake):
    zone = "duckdns.org"
    readable = several = empties = False
    denial = Doubted  # "KO" may be anything
    names = ()

    def driver(self, key: str) -> DuckDNS:
        return DuckDNS(token=Secret(key))

    def __call__(self, request: Request) -> Reply:
        asked = query(request)
        assert request.url == "https://www.duckdns.org/update"
        owners = [f"{label}.duckdns.org" for label in asked["domains"].split(",")]
        if asked["token"] != self.good or self.refused & set(owners):
            return Reply(200, b"KO")
        before = [dict(row) for row in self.rows]
        for owner in owners:
            if asked.get("clear") == "true":
                self.put(owner, "A", [])
                self.put(owner, "AAAA", [])
            elif "ip" in asked or "ipv6" not in asked:
                self.put(owner, "A", [asked.get("ip", "198.51.100.1")])
            if "ipv6" in asked:
                self.put(owner, "AAAA", [asked["ipv6"]])
        if asked.get("verbose") != "true":
            return Reply(200, b"OK")
        said = [*(self.held(owners[0], "A") or [""]), *(self.held(owners[0], "AAAA") or [""])]
        changed = "NOCHANGE" if self.rows == before else "UPDATED"
        return Reply(200, "\n".join(["OK", *said, changed]).encode())
