"""Names at Hurricane Electric's free DNS.  API: https://dns.he.net/docs.html (read 2026-11-21).

Speaks dyndns2, but every record has a key of its own, with the name itself as the user.  One address
in a request; the record of its type must exist and be marked for dynamic DNS.  Cannot be read.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ..core.dns import Name
from ..core.errors import BadCredentials, Unintelligible
from ..core.secret import Secret
from ..driver import Api, Budget, Update, Verdict
from ..driver.keys import KeyForEachName
from ..wire.auth import basic
from ..wire.dyndns2 import Service, query, verdicts

_SERVICE = Service(title="Hurricane Electric", url="/nic/update")


@dataclass(frozen=True, kw_only=True)
class HurricaneElectric(KeyForEachName):
    title = "Hurricane Electric DNS"
    example = {"keys": {"home.example.com": "env:HE_HOME_KEY"}}
    credential = (
        "In the zone at dns.he.net, tick 'Enable entry for dynamic dns' for its A and AAAA records, then "
        "generate the same key for both with the arrows beside them. It is good for that name only."
    )
    notes = "The records must be there already: an A for IPv4, an AAAA for IPv6."
    base = "https://dyn.dns.he.net"
    pace = Budget(requests=1, seconds=300)  # sooner is answered "interval"

    async def put(self, api: Api, update: Update) -> Mapping[Name, Verdict]:
        [owner], [addresses] = update.owners, update.addresses.values()
        key = self.key_of(owner) or Secret("")
        said = query(_SERVICE, [owner.text], update.addresses)
        request, reply = await api.send("GET", _SERVICE.url, said, headers=basic(owner.text, key))
        success = 200 <= reply.status < 300
        found = verdicts(reply.text, [owner], addresses, _SERVICE, success=success)
        if found is None:
            api.judge(request, reply)
            raise Unintelligible(f"{request}: not an answer of dyndns2; a portal, a proxy?")
        error = found[owner]
        if isinstance(error, BadCredentials):
            return {owner: self.denied(owner, f"{self.title}: {owner}: a wrong key, or no such record")}
        return {owner: error}
