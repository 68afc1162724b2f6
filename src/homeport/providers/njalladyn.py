"""Dynamic records at Njalla.  API: https://njal.la/docs/ddns/ (read 2026-11-21).

Every Dynamic record has a key of its own and holds one A and one AAAA; one request carries both.
Cannot be read.  Answers "200 OK" to failures too: the status that counts stands in the JSON.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ..core.dns import Name, RRType
from ..core.errors import Refused, Throttled, Unreachable
from ..core.secret import Secret
from ..driver import Api, Update, Verdict
from ..driver.keys import KeyForEachName
from ..wire.http import Query

_FIELDS = {RRType.A: "a", RRType.AAAA: "aaaa"}


@dataclass(frozen=True, kw_only=True)
class NjallaDynamic(KeyForEachName):
    title = "Njalla (Dynamic record)"
    example = {"keys": {"home.example.com": "env:NJALLA_HOME_KEY"}}
    credential = (
        "In the domain at njal.la, add a record of the type Dynamic: the key is what follows k= in the URL "
        "that is shown. It is good for that name only."
    )
    base = "https://njal.la"

    def both(self) -> bool:
        return True

    async def put(self, api: Api, update: Update) -> Mapping[Name, Verdict]:
        [owner] = update.owners
        told = {_FIELDS[t]: str(a) for t, addresses in update.addresses.items() for a in addresses}
        query: Query = {"h": owner.text, "k": self.key_of(owner) or Secret(""), **told}
        answer = await api.call("GET", "/update/", query)
        status, words = answer["status"], self.scrub(str(answer["message"]))[:160]
        said = f"{self.title}: {owner}: {words}"
        if status == 200 and words.lower() == "record updated":
            return {owner: None}
        if status in (401, 403, 404):
            return {owner: self.denied(owner, said)}
        if status == 429:
            return {owner: Throttled(said)}
        if not isinstance(status, int) or not 400 <= status < 600:
            raise ValueError(f"neither success nor failure: {status!r}")
        return {owner: Unreachable(said) if status >= 500 else Refused(said)}
