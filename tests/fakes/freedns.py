"""FreeDNS: a list of records with their update URLs, and updates that may change a record's type."""

from __future__ import annotations

from hashlib import sha1
from ipaddress import ip_address

from homeport.core.secret import Secret
from homeport.providers.freedns import FreeDNS
from homeport.wire.http import Reply, Request

from . import Fake, query, shown


class FakeFreeDNS(Fake):
    """Tokens are looked up.  Every name below has both records, unless it is in `refused`."""

    readable = several = empties = False
    steps = 2  # the list, the update

    def driver(self, key: str) -> FreeDNS:
        return FreeDNS(username="me", password=Secret(key))

    def records(self) -> list[tuple[str, str]]:
        labels = ["home.", "second.", "other.", "", "*.", "a.b.", *(f"n{n}." for n in range(60))]
        owners = [f"{label}{self.zone}" for label in labels if f"{label}{self.zone}" not in self.refused]
        return [(owner, rrtype) for owner in owners for rrtype in ("A", "AAAA")]

    def __call__(self, request: Request) -> Reply:
        asked, hidden = query(request), shown(request.hidden or "")
        if request.url == "https://freedns.afraid.org/api/":
            sha = sha1(f"me|{self.good}".encode()).hexdigest()
            if asked != {"action": "getdyndns", "v": "2", "sha": sha}:
                return Reply(200, b"ERROR: Could not authenticate.")
            return Reply(200, "\n".join(self.line(*one) for one in enumerate(self.records())).encode())
        host, _, path = request.url.removeprefix("https://").partition("/")
        if path == "dynamic/update.php":
            return self.update(hidden.removeprefix("?"), asked["address"], host, old=True)
        assert (path, host) in (("u/", "sync.afraid.org"), ("u/", "v6.sync.afraid.org"))
        return self.update(hidden.removesuffix("/"), asked["address"], host, old=False)

    def line(self, number: int, record: tuple[str, str]) -> str:
        """Even records have a URL of the old kind."""
        owner, rrtype = record
        [held] = self.held(owner, rrtype) or ["0.0.0.0" if rrtype == "A" else "::"]
        if number // 2 % 2:
            return f"{owner}|{held}|http://freedns.afraid.org/dynamic/update.php?K{number}=="
        return f"{owner}|{held}|https://sync.afraid.org/u/K{number}/"

    def update(self, key: str, address: str, host: str, *, old: bool) -> Reply:
        number = key.removeprefix("K").removesuffix("==")
        if not number.isdecimal() or int(number) >= len(self.records()):
            return Reply(200, b"ERROR: Unable to locate this record (changed password recently?)")
        owner, rrtype = self.records()[int(number)]
        assert rrtype == ("A" if ip_address(address).version == 4 else "AAAA"), "the type would change"
        assert old or host.startswith("v6.") == (rrtype == "AAAA")
        [before] = self.held(owner, rrtype) or [""]
        if before == address and old:
            return Reply(200, f"ERROR: Address {address} has not changed.".encode())
        if before == address:
            return Reply(
                200, f"No IP change detected for {owner} with IP {address}, skipping update".encode()
            )
        self.put(owner, rrtype, [address])
        how = f"to {address} in 0.326 seconds" if old else f"from {before or 'nothing'} to {address}"
        return Reply(200, f"Updated {owner} {how}".encode())
