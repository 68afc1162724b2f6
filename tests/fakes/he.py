"""Hurricane Electric's DNS: the user is the name, the password the key of its record."""

from __future__ import annotations

from base64 import b64encode
from ipaddress import ip_address

from homeport.core.secret import Secret
from homeport.providers.he import HurricaneElectric
from homeport.wire.http import Reply, Request

from . import Fake, header, query


class FakeHurricaneElectric(Fake):
    """Every name of the zone that is not in `refused` has both records, and all have one key."""

    readable = several = empties = False

    def driver(self, key: str) -> HurricaneElectric:
        return HurricaneElectric(key=Secret(key))

    def __call__(self, request: Request) -> Reply:
        asked = query(request)
        assert request.url == "https://dyn.dns.he.net/nic/update"
        assert asked.keys() == {"hostname", "myip"}
        owner, address = asked["hostname"], ip_address(asked["myip"])
        if owner in self.refused or not f".{owner}".endswith(f".{self.zone}"):
            return Reply(200, b"nohost")
        pair = b64encode(f"{owner}:{self.good}".encode()).decode()
        if header(request, "authorization") != f"Basic {pair}":
            return Reply(200, b"badauth")
        rrtype = "A" if address.version == 4 else "AAAA"
        code = "nochg" if self.held(owner, rrtype) == [str(address)] else "good"
        self.put(owner, rrtype, [str(address)])
        return Reply(200, f"{code} {address}".encode())
