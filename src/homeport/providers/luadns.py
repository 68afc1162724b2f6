"""Zones at LuaDNS.  API v1: https://luadns.com/api.html (read 2026-11-21).

Owner names are FQDNs with their final dot.  An update is the whole record.  Lists come whole, or in pages
that headers count.  The API is off until it is switched on in the settings.  Zones that are built from a
Lua script in Git are made anew with each push.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from ..core.dns import IPAddress, RRset, Zone
from ..core.secret import Secret
from ..driver import Budget, RestRecords
from ..wire.auth import basic
from ..wire.http import Query, Reply


@dataclass(frozen=True, kw_only=True)
class LuaDNS(RestRecords):
    email: Annotated[str, "e-mail address of the account"]
    api_key: Annotated[Secret, "an API key"]

    title = "LuaDNS"
    example = {"email": "me@example.com", "api_key": "env:LUADNS_API_KEY"}
    credential = (
        "app.luadns.com › Settings: enable API access; then API Keys: a key that is restricted to the zone."
    )
    base = "https://api.luadns.com/v1"
    zones = "/zones"
    collection, update_with, apex = "/zones/{zone}/records", "PUT", None
    budget = Budget(requests=1200, seconds=300)
    patience = 300

    def headers(self) -> dict[str, str | Secret]:
        return {"accept": "application/json", **basic(self.email, self.api_key)}

    def next_page(self, payload: Any, reply: Reply) -> Query | None:
        page, pages = (int(reply.headers.get(name, "1")) for name in ("x-page", "x-total-pages"))
        return {"page": str(page + 1)} if page < pages else None

    def body(self, zone: Zone, wanted: RRset, address: IPAddress) -> dict[str, Any]:
        return super().body(zone, wanted, address) | {"name": f"{wanted.owner}."}

    def defaults(self) -> dict[str, Any]:
        return {"ttl": 3600}
