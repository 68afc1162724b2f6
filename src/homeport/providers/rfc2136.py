"""Dynamic update of one's own name server.  https://www.rfc-editor.org/rfc/rfc2136 (read 2026-11-21).

Works with BIND, Knot and PowerDNS.  Everything goes over TCP.  The zone is found by what the server
says about the name; RRsets of one zone are replaced together in one message, signed with TSIG
(RFC 8945) where there is a key, and only a signed answer counts.  Adding an address beside a CNAME is
silently ignored by servers (RFC 2136, 3.4.2.2), so a CNAME is an error before anything is sent.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from ..core.dns import Key, Name, Present, Record, RRset, Zone
from ..core.errors import (
    BadCredentials,
    ConfigError,
    NoSuchName,
    ProviderError,
    Refused,
    Stale,
    Unintelligible,
    Unreachable,
)
from ..core.plan import Change, by_rrset
from ..driver import Api, Secret, ZoneWriter, understanding
from ..wire import dns, tsig, update

_DEFAULT_TTL = 60  # seconds, of records that had none before
_ALGORITHM = Literal["hmac-sha256", "hmac-sha512", "hmac-sha384", "hmac-sha224", "hmac-sha1", "hmac-md5"]


@dataclass(frozen=True, kw_only=True)
class RFC2136(ZoneWriter):
    server: Annotated[str, "address or host name of the zone's primary server"]
    port: Annotated[int, "TCP port of the server"] = 53
    tsig_name: Annotated[str | None, "name of the TSIG key, as the server has it"] = None
    tsig_key: Annotated[Secret | None, "the TSIG key in base64, as in the server's key file"] = None
    tsig_algorithm: Annotated[_ALGORITHM, "algorithm of the TSIG key"] = "hmac-sha256"

    title = "RFC 2136"
    example = {
        "server": "192.0.2.53",
        "tsig_name": "homeport.",
        "tsig_key": "file:/etc/homeport/tsig.key",
    }
    batch = 4000
    least_ttl = 0

    def mistakes(self) -> Iterator[tuple[str, str]]:
        if not 0 < self.port < 65536:
            yield "port", "must be from 1 to 65535"
        if (self.tsig_name is None) != (self.tsig_key is None):
            missing = "tsig_key" if self.tsig_key is None else "tsig_name"
            yield missing, "missing: a TSIG key needs both its name and its secret"
        elif self.tsig_key is not None:
            try:
                self.key()
            except ConfigError as error:
                yield "tsig_key", f"{error}; write what the server's key file has after 'secret'"

    def fit(self, wanted: RRset) -> RRset:
        return wanted

    def key(self) -> tsig.Key | None:
        if self.tsig_name is None or self.tsig_key is None:
            return None
        return tsig.Key(self.tsig_name.removesuffix(".").lower(), self.tsig_key, self.tsig_algorithm)

    def primary(self) -> tuple[str, int]:
        return self.server, self.port

    async def look(self, api: Api, keys: Collection[Key]) -> Mapping[Key, Present | ProviderError]:
        asked = sorted(keys)
        try:
            with understanding(self):
                answers = await self._ask(api, [(owner, dns.TYPES[rrtype]) for owner, rrtype in asked])
                zones = await self._zones(api, dict(zip(asked, answers, strict=True)))
                return {
                    key: self._present(key, answer, zones[key[0]])
                    for key, answer in zip(asked, answers, strict=True)
                }
        except ProviderError as error:
            return dict.fromkeys(asked, error)

    async def _ask(self, api: Api, questions: Sequence[tuple[Name, int]]) -> list[dns.Message]:
        messages = [
            dns.query(number, owner.text, rdtype)
            for number, (owner, rdtype) in enumerate(questions, start=1)
        ]
        if not messages:
            return []
        answers = await api.dns.exchange(self.server, self.port, messages)
        return [dns.decode(answer) for answer in answers]

    async def _zones(
        self, api: Api, answers: Mapping[Key, dns.Message]
    ) -> dict[Name, Zone | ProviderError]:
        """The zone of each owner: where an answer does not show it, by a SOA query for the owner."""
        zones: dict[Name, Zone | ProviderError] = {}
        for (owner, _), answer in answers.items():
            if apex := answer.apex(owner):
                zones[owner] = Zone(apex, apex.text)
            elif not answer.authoritative:
                zones[owner] = self._not_ours(owner, answer)
        silent = sorted({owner for owner, _ in answers} - zones.keys())
        for owner, answer in zip(
            silent, await self._ask(api, [(owner, dns.SOA) for owner in silent]), strict=True
        ):
            apex = answer.apex(owner)
            zones[owner] = Zone(apex, apex.text) if apex else self._not_ours(owner, answer)
        return zones

    def _not_ours(self, owner: Name, answer: dns.Message) -> ProviderError:
        rcode = dns.Rcode.name_of(answer.rcode)
        if answer.rcode == dns.Rcode.SERVFAIL:
            return Unreachable(f"{self._where}: {rcode} for {owner}: the server cannot serve its zone now")
        return NoSuchName(f"{self._where}: no zone of this server contains {owner} ({rcode})")

    def _present(
        self, key: Key, answer: dns.Message, zone: Zone | ProviderError
    ) -> Present | ProviderError:
        owner, rrtype = key
        if isinstance(zone, ProviderError):
            return zone
        if alias := answer.alias(owner):
            return Refused(f"{owner} is a CNAME to {alias}; remove it, or give the record another name")
        if answer.rcode not in (dns.Rcode.NOERROR, dns.Rcode.NXDOMAIN):
            return Unreachable(f"{self._where}: {dns.Rcode.name_of(answer.rcode)} for {owner}")
        addresses, ttl = answer.addresses(owner, rrtype)
        return Present(zone, tuple(Record(str(address), address, ttl) for address in addresses))

    def changes(self, wanted: RRset, present: Collection[Record]) -> tuple[Change, ...]:
        return by_rrset(wanted, present)

    async def commit(self, api: Api, zone: Zone, changes: Sequence[Change]) -> None:
        message = update.replace(1, zone.apex, [change.wanted for change in changes], _DEFAULT_TTL)
        if len(message) > update.LARGEST:
            raise Refused(f"{self._where}: {len(changes)} changes do not fit one message")
        key, now = self.key(), int(api.now())
        signed, mac = tsig.sign(message, key, now) if key else (message, b"")
        [answer] = await api.dns.exchange(self.server, self.port, [signed])
        rcode = dns.decode(answer).rcode
        if key:
            self._verify(answer, key, mac, int(api.now()), rcode)
        self._judge(zone, rcode)

    def _verify(self, answer: bytes, key: tsig.Key, mac: bytes, now: int, rcode: int) -> None:
        try:
            tsig.verify(answer, key, mac, now)
        except tsig.BadSignature as error:
            if error.rcode == dns.Rcode.BADTIME:
                raise Unreachable(
                    f"{self._where}: {error}: the clocks differ by {abs(error.skew or 0)} s; set them"
                ) from error
            if rcode == dns.Rcode.SERVFAIL:
                raise Unreachable(f"{self._where}: SERVFAIL") from error
            if error.rcode or rcode in (dns.Rcode.NOTAUTH, dns.Rcode.REFUSED):
                raise BadCredentials(
                    f"{self._where} does not accept the TSIG key {key.name!r} ({key.algorithm}): {error}; "
                    "compare name, algorithm and secret with the server's key file"
                ) from error
            raise Unintelligible(f"{self._where}: {error}: the update may not have been made") from error

    def _judge(self, zone: Zone, rcode: int) -> None:
        """RFC 2136, 2.2: what the agent must do about each answer."""
        said = f"{self._where}: {dns.Rcode.name_of(rcode)} for an update of {zone.apex}"
        match rcode:
            case dns.Rcode.NOERROR:
                return
            case dns.Rcode.SERVFAIL:
                raise Unreachable(said)
            case dns.Rcode.YXDOMAIN | dns.Rcode.YXRRSET | dns.Rcode.NXRRSET:
                raise Stale(said)
            case dns.Rcode.REFUSED:
                raise Refused(f"{said}; does the server's policy let this key change these names?")
            case dns.Rcode.NOTAUTH | dns.Rcode.NOTZONE:
                raise NoSuchName(f"{said}; is this the zone's primary server?")
            case _:
                raise Refused(said)

    @property
    def _where(self) -> str:
        return f"{self.server} port {self.port}"
