"""Names of the form NAME.duckdns.org.  API: https://www.duckdns.org/spec.jsp (read 2026-11-21).

Holds one A and one AAAA for each name and cannot be read.  Answers "OK" or "KO" and does not say
why: a wrong token, or one name of several that is not ours.  Every name below NAME.duckdns.org
shares NAME's addresses.  IPv6 is never guessed, and IPv4 not if IPv6 is given.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

from ..core.dns import Name, RRset, RRType
from ..core.errors import BadCredentials, NoSuchName, Unintelligible
from ..core.secret import Secret
from ..driver import Api, Update, UpdateApi, Verdict
from ..wire.http import Query

_ZONE = Name("duckdns.org")
_FIELDS = {RRType.A: "ip", RRType.AAAA: "ipv6"}


@dataclass(frozen=True, kw_only=True)
class DuckDNS(UpdateApi):
    token: Annotated[Secret, "the token shown at the top of duckdns.org once you are logged in"]

    title = "Duck DNS"
    example = {"token": "env:DUCKDNS_TOKEN"}
    credential = "Log in at www.duckdns.org: the token is at the top of the page. It is good for all names."
    example_owner = "home.duckdns.org"
    base = "https://www.duckdns.org"

    def why_not(self, owner: Name) -> str | None:
        if owner.within(_ZONE) and _label(owner) not in ("@", "*"):
            return None
        return "Duck DNS holds only names such as NAME.duckdns.org"

    def hosts(self) -> int:
        return 20

    def both(self) -> bool:
        return True

    def cannot(self, wanted: RRset, other: RRset | None) -> str | None:
        cleared = not wanted.addresses and other is not None and not other.addresses
        return None if cleared else super().cannot(wanted, other)

    async def put(self, api: Api, update: Update) -> Mapping[Name, Verdict]:
        said = {_FIELDS[t]: str(a) for t, addresses in update.addresses.items() for a in addresses}
        verdicts = await self._put(api, update, said or {"clear": "true"})
        if any(verdict is None for verdict in verdicts.values()):  # so the token is right
            unknown = NoSuchName("Duck DNS: not a name of this account; add it on duckdns.org")
            return {owner: verdict and unknown for owner, verdict in verdicts.items()}
        return verdicts

    async def _put(self, api: Api, update: Update, said: Query) -> dict[Name, Verdict]:
        """One request; after a "KO" its halves, since only a single name tells which one it was."""
        labels = ",".join(dict.fromkeys(_label(owner) for owner in update.owners))
        answer = await api.text("/update", domains=labels, token=self.token, **said)
        match answer.partition("\n")[0].strip():
            case "OK":
                return dict.fromkeys(update.owners)
            case "KO" if "," in labels:
                middle = len(update.owners) // 2
                halves = [update.owners[:middle], update.owners[middle:]]
                parts = [await self._put(api, replace(update, owners=some), said) for some in halves]
                return parts[0] | parts[1]
            case "KO":
                error = BadCredentials(
                    f"Duck DNS: answered 'KO' for {update.owners[0]}: a wrong token, or not a name of "
                    "this account; compare both with duckdns.org"
                )
                return dict.fromkeys(update.owners, error)
            case _:
                words = " ".join(self.scrub(answer).split())[:80]
                raise Unintelligible(f"Duck DNS: answered neither 'OK' nor 'KO': {words!r}")


def _label(owner: Name) -> str:
    """The part that Duck DNS knows: "home" of www.home.duckdns.org."""
    return owner.label_in(_ZONE).rpartition(".")[2]
