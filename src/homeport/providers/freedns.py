"""Names at FreeDNS (afraid.org).  API: https://freedns.afraid.org/dynamic/v2/ (read 2026-11-21).

Every record has a token of its own, A and AAAA of one name too: an address of the other family does
not go beside it, it changes the type of the record.  Tokens are configured, or found with the
password in a list, whose addresses tell what type the records are.  Answers in words, and names the
address that it took: if it is told none that it understands, it takes that of the caller.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Annotated

from ..core.dns import IPAddress, Name, RRset, RRType
from ..core.errors import BadCredentials, NoSuchName, ProviderError, Refused, Unintelligible
from ..core.secret import Secret
from ..driver import Api, Update, UpdateApi, Verdict
from ..driver.keys import by_name, wrong_names
from ..wire.auth import joined, scrub, sha1_of

_HOSTS = {RRType.A: "https://sync.afraid.org", RRType.AAAA: "https://v6.sync.afraid.org"}
_URL = re.compile(r"^https?://(?:[\w-]+\.)*afraid\.org/(dynamic/update\.php\?|u/)([\w=+-]+)/?$")
_DONE = re.compile(
    r"(?:Updated |No IP change detected for )(.*) (?:to|with IP) ([0-9A-Fa-f:.]+)(?:,| in |$)"
)
_AS_IT_WAS = re.compile(r"ERROR: Address (\S+) has not changed")


@dataclass(frozen=True, kw_only=True)
class FreeDNS(UpdateApi):
    tokens: Annotated[
        Mapping[str, Secret], 'the token of each A record: { "home.mooo.com" = "env:HOME_TOKEN" }'
    ] = field(default_factory=dict, hash=False)
    tokens6: Annotated[
        Mapping[str, Secret], "the token of each AAAA record, which is another than that of the A record"
    ] = field(default_factory=dict, hash=False)
    username: Annotated[str | None, "user name, where the tokens shall be looked up"] = None
    password: Annotated[Secret | None, "password of the whole account, which goes with it"] = None

    title = "FreeDNS (afraid.org)"
    example = {"tokens": {"home.mooo.com": "env:FREEDNS_TOKEN"}}
    example_owner = "home.mooo.com"
    credential = (
        "At freedns.afraid.org/dynamic/v2/ enable the record: its token is the last part of its URL there, "
        "https://sync.afraid.org/u/TOKEN/, and is good for that record only. User name and password find "
        "all tokens, but can do everything."
    )
    notes = (
        "The A and the AAAA record of a name have a token each: told an address of the other family, a "
        "record changes its type. Records must be there already, and be enabled for dynamic DNS."
    )
    base = "https://freedns.afraid.org"

    def mistakes(self) -> Iterator[tuple[str, str]]:
        yield from wrong_names("tokens", self.tokens)
        yield from wrong_names("tokens6", self.tokens6)
        if self.username is None and self.password is None and not self.tokens and not self.tokens6:
            yield "tokens", 'missing: write tokens = { "NAME" = "env:..." }, or username and password'
        if (self.username is None) != (self.password is None):
            yield "username" if self.username is None else "password", "missing: they go together"

    def _tokens(self, rrtype: RRType) -> Mapping[Name, Secret]:
        return by_name(self.tokens if rrtype is RRType.A else self.tokens6)

    def why_not(self, owner: Name) -> str | None:
        if self.password is None and not any(owner in self._tokens(rrtype) for rrtype in RRType):
            return f'there is no token for it; write tokens = {{ "{owner}" = "env:..." }} in the account'
        return None

    def cannot(self, wanted: RRset, other: RRset | None) -> str | None:
        if self.password is None and wanted.owner not in self._tokens(wanted.rrtype):
            setting = "tokens" if wanted.rrtype is RRType.A else "tokens6"
            others = "AAAA" if wanted.rrtype is RRType.A else "A"
            return f'its token is missing in {setting} of the account; or write type = "{others}"'
        return super().cannot(wanted, other)

    async def put(self, api: Api, update: Update) -> Mapping[Name, Verdict]:
        [owner], [(rrtype, [address])] = update.owners, update.addresses.items()
        if token := self._tokens(rrtype).get(owner):
            url, hidden = self._sync(rrtype), joined(token, "/")
        else:
            found = await self._look_up(api, owner, rrtype)
            if found is None:
                return {owner: NoSuchName(f"{self.title}: {owner} is no dynamic {rrtype} record there")}
            url, hidden = found
        said = {"address": str(address), "ip": str(address)}  # which of them counts depends on the URL
        request, reply = await api.send("GET", url, said, hidden=hidden)
        return {owner: self._verdict(scrub(api.judge(request, reply).text, [hidden]), owner, address)}

    def _sync(self, rrtype: RRType) -> str:
        return f"{self.endpoint or _HOSTS[rrtype]}/u/"

    async def _look_up(self, api: Api, owner: Name, rrtype: RRType) -> tuple[str, Secret] | None:
        """The URL to update that record, and its hidden end; None if there is no such record."""
        sha = sha1_of(self.username or "", self.password or Secret(""))
        text = await api.text("/api/", action="getdyndns", v="2", sha=sha)
        if text.lower().startswith("error: could not auth"):
            raise BadCredentials(f"{self.title}: wrong user name or password")
        for line in text.split("\n"):
            host, held, url = line.strip().split("|")
            if host.lower() == owner.text and RRType.of(ip_address(held)) is rrtype:
                [(kind, key)] = _URL.findall(url)
                if kind.endswith("?"):
                    return f"{self.address()}/dynamic/update.php", Secret(f"?{key}")
                return self._sync(rrtype), Secret(f"{key}/")
        return None

    def _verdict(self, text: str, owner: Name, address: IPAddress) -> Verdict:
        others: list[str] = []
        for line in text.splitlines():
            if (same := _AS_IT_WAS.match(line)) and ip_address(same[1]) == address:
                return None
            if line.startswith("ERROR"):
                words = self.scrub(" ".join(line.split()))[:160]
                return _meaning(words)(f"{self.title}: {owner}: {words}")
            if done := _DONE.match(line):
                names = re.findall(r"[\w*-]+(?:\.[\w-]+)+", done[1].lower().partition(" from ")[0])
                if owner.text in names and ip_address(done[2]) == address:
                    return None
                if owner.text in names:
                    return Refused(f"{self.title}: {owner}: it took {done[2]} instead of {address}")
                others += names
        if others:
            return NoSuchName(f"{self.title}: this token is not of {owner}, but of {others[0][:80]}")
        return Unintelligible(f"{self.title}: an answer of other words; a portal, a proxy?")


def _meaning(words: str) -> type[ProviderError]:
    said = words.lower()
    if "unable to locate" in said or "invalid update url" in said:
        return NoSuchName  # a wrong token belongs to no record, and tells nothing about the others
    return Refused if "invalid ip" in said else Unintelligible
