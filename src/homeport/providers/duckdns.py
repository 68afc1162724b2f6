"""Names of the form NAME.duckdns.org.  API: https://www.duckdns.org/spec.jsp (read 2026-11-21).

Holds one A and one AAAA for each name and cannot be read.  Answers "OK" or "KO" and does not say
why: a wrong token, one name of several that is not ours, or an outage.  Every name below NAME.duckdns.org
shares NAME's addresses.  IPv6 is never guessed, and IPv4 not if IPv6 is given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from ..core.dns import Name, RRset, RRType
from ..core.errors import Doubted, NoSuchName, Unintelligible
from ..core.secret import Secret
from ..driver import Api, Update, UpdateApi, Verdict
from ..wire.http import Query

_ZONE = Name("duckdns.org")
_FEW = 3  # names that are asked for by themselves while nothing but "KO" comes
_FIELDS = {RRType.A: "ip", RRType.AAAA: "ipv6"}


@dataclass(frozen=True, kw_only=True)
class DuckDNS(UpdateApi):
    token: Annotated[Secret, "the token shown at the top of duckdns.org once you are logged in"]

    title = "Duck DNS"
    example = {"token": "env:DUCKDNS_TOKEN"}
    notes = (
        "Duck DNS answers KO and does not say why. If it takes another name with the same token, the name "
        "is not of the account, and stops. Otherwise the token may be wrong, or Duck DNS out of order: the "
        "account is asked again after 15 minutes and after 6 hours, and stops at the third KO. A new token "
        "is tried at once."
    )
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
        fine, bad = await self._halve(api, update.owners, said or {"clear": "true"})
        if fine:  # so the token is right
            unknown = NoSuchName("Duck DNS: not a name of this account; add it on duckdns.org")
            return dict.fromkeys(update.owners, unknown) | dict.fromkeys(fine)
        error = Doubted(
            f"Duck DNS: answered 'KO' for {bad[0]}: a wrong token, not a name of this account, or an "
            "outage of Duck DNS; compare both with duckdns.org"
        )
        return dict.fromkeys(update.owners, error)

    async def _halve(self, api: Api, owners: Sequence[Name], said: Query) -> tuple[list[Name], list[Name]]:
        """Who was told it, and who gets a "KO"; after a "KO" for several, their halves are asked.

        Who has not heard anything but "KO" for a few names by themselves asks no more: it is the token.
        """
        fine: list[Name] = []
        bad: list[Name] = []
        open_ones = [owners]
        while open_ones and (fine or len(bad) < _FEW):
            some = open_ones.pop()
            labels = ",".join(dict.fromkeys(map(_label, some)))
            answer = await api.text("/update", domains=labels, token=self.token, **said)
            word = answer.partition("\n")[0].strip()
            if word not in ("OK", "KO"):
                words = " ".join(self.scrub(answer).split())[:80]
                raise Unintelligible(f"Duck DNS: answered neither 'OK' nor 'KO': {words!r}")
            if word == "OK":
                fine += some
            elif "," not in labels:
                bad += some
            else:
                middle = len(some) // 2
                open_ones += [some[middle:], some[:middle]]
        return fine, bad


def _label(owner: Name) -> str:
    """The part that Duck DNS knows: "home" of www.home.duckdns.org."""
    return owner.label_in(_ZONE).rpartition(".")[2]
