"""Reading a primary name server: what stands at names, and in which zones they lie.

The zone is found by what the server says about the name, with SOA queries where an answer does not show
it.  Adding an address beside a CNAME is silently ignored by servers (RFC 2136, 3.4.2.2), so a CNAME is
an error before anything is sent; unless it is made of a wildcard (RFC 4592), which a record of the
name's own may override.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from ..core.dns import Key, Name, Present, Record, Zone
from ..core.errors import NoSuchName, ProviderError, Refused, Unintelligible, Unreachable
from ..wire import dns
from .base import Api

_AT_ONCE = 10_000  # questions over one connection; their IDs have 16 bits


class Primary(NamedTuple):
    """The server to which updates of a zone are sent (RFC 9499, section 8)."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host} port {self.port}"

    async def look(self, api: Api, keys: Collection[Key]) -> Mapping[Key, Present | ProviderError]:
        """What stands at each key, and what is wrong with those of which that cannot be told."""
        asked = sorted(keys)
        answers = await self._ask(api, [(owner, dns.TYPES[rrtype]) for owner, rrtype in asked])
        said = dict(zip(asked, answers, strict=True))
        aliases = {owner: to for (owner, _), answer in said.items() if (to := answer.alias(owner))}
        others = {key: answer for key, answer in said.items() if key[0] not in aliases}
        zones = await self._zones(api, others) | await self._aliased(api, aliases)
        return {key: self._present(key, answer, zones[key[0]]) for key, answer in said.items()}

    async def _ask(self, api: Api, questions: Sequence[tuple[Name, int]]) -> list[dns.Message]:
        answers: list[dns.Message] = []
        for start in range(0, len(questions), _AT_ONCE):
            messages = [
                dns.query(number, owner.text, rdtype)
                for number, (owner, rdtype) in enumerate(questions[start : start + _AT_ONCE])
            ]
            answers += map(dns.decode, await api.dns.exchange(self.host, self.port, messages))
        if any(answer.truncated for answer in answers):
            raise Unintelligible(f"{self}: a truncated answer over TCP")
        return answers

    async def _zones(
        self, api: Api, answers: Mapping[Key, dns.Message]
    ) -> dict[Name, Zone | ProviderError]:
        """The zone of each owner: where an answer does not show it, by a SOA query for the owner."""
        zones: dict[Name, Zone | ProviderError] = {}
        for (owner, _), answer in answers.items():
            if apex := answer.apex(owner):
                zones[owner] = Zone(apex, apex.text)
        silent = sorted({owner for owner, _ in answers} - zones.keys())
        asked = await self._ask(api, [(owner, dns.SOA) for owner in silent])
        for owner, answer in zip(silent, asked, strict=True):
            apex = answer.apex(owner)
            zones[owner] = Zone(apex, apex.text) if apex else self._not_ours(owner, answer)
        return zones

    async def _aliased(self, api: Api, aliases: Mapping[Name, str]) -> dict[Name, Zone | ProviderError]:
        """The zones of the owners whose CNAME a wildcard made, and what is wrong with the others.

        A server shows both kinds alike (RFC 4592, 2.2).  A CNAME that points where the wildcard above it
        does is taken for made of it, and the update that creates the address demands that it was.
        """
        asked = [(owner, above) for owner in aliases for above in list(owner.ancestors())[1:]]
        wildcards = [Name(f"*.{above}") for _, above in asked]
        apexes = await self._ask(api, [(above, dns.SOA) for _, above in asked])
        answers = await self._ask(api, [(wildcard, dns.CNAME) for wildcard in wildcards])
        made = {
            owner
            for (owner, _), wildcard, answer in zip(asked, wildcards, answers, strict=True)
            if wildcard != owner and answer.alias(wildcard) == aliases[owner]
        }
        zones: dict[Name, Zone | ProviderError] = {
            owner: Refused(f"{owner} is a CNAME to {to}; remove it, or give the record another name")
            for owner, to in aliases.items()
        }
        for (owner, above), answer in reversed(list(zip(asked, apexes, strict=True))):  # the nearest last
            if owner in made and (apex := answer.apex(above)):
                zones[owner] = Zone(apex, apex.text)
        return zones

    def _not_ours(self, owner: Name, answer: dns.Message) -> ProviderError:
        rcode = dns.Rcode.name_of(answer.rcode)
        if answer.rcode == dns.Rcode.SERVFAIL:
            return Unreachable(f"{self}: {rcode} for {owner}: the server cannot serve its zone now")
        if cut := answer.delegation(owner):
            told = f"{self}: {owner} lies in {cut[0]}, which is delegated to {', '.join(cut[1])}"
            return NoSuchName(f"{told}: write the primary server of that zone")
        if answer.rcode in (dns.Rcode.NOERROR, dns.Rcode.NXDOMAIN) and not answer.authoritative:
            rcode = "it answers from hearsay, as a resolver does"
        return NoSuchName(f"{self}: no zone of this server contains {owner} ({rcode})")

    def _present(
        self, key: Key, answer: dns.Message, zone: Zone | ProviderError
    ) -> Present | ProviderError:
        owner, rrtype = key
        if isinstance(zone, ProviderError):
            return zone
        if answer.alias(owner):
            return Present(zone, ())  # a wildcard's, which the address will override
        if answer.rcode not in (dns.Rcode.NOERROR, dns.Rcode.NXDOMAIN):
            return Unreachable(f"{self}: {dns.Rcode.name_of(answer.rcode)} for {owner}")
        addresses, ttl = answer.addresses(owner, rrtype)
        return Present(zone, tuple(Record(str(address), address, ttl) for address in addresses))
