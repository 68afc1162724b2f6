"""Dynamic update of one's own name server.  https://www.rfc-editor.org/rfc/rfc2136 (read 2026-11-21).

Works with BIND, Knot and PowerDNS.  Everything goes over TCP.  What stands there is asked of the server
itself; RRsets of one zone are replaced together in one message, signed with TSIG (RFC 8945) where there
is a key, and only a signed answer counts.  Of a shared name only our own records are touched.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from ..core.dns import IPAddress, Key, Present, Record, RRset, Zone, in_order
from ..core.errors import (
    BadCredentials,
    ConfigError,
    NoSuchName,
    ProviderError,
    Refused,
    Unintelligible,
    Unreachable,
)
from ..core.plan import Change, Create, Delete, Put, as_wanted, beside_others, satisfied
from ..core.secret import Secret
from ..driver import Api, Primary, ZoneWriter, understanding
from ..wire import dns, tsig, update

# 2026-11-01: a clock that says less is not set yet.  PowerDNS answers to one as to a wrong key, and a
# small machine without a battery has such a clock at every boot.
_WRITTEN = 1793491200
_DEFAULT_TTL = 60  # seconds, of new records whose TTL nobody asked for
_HOST = r"[\w.-]+|[0-9a-fA-F]*:[0-9a-fA-F]*:[0-9a-fA-F:.]*(%[\w.]+)?"  # a name or IPv4, or IPv6
# What a person should look at when the key is not accepted.  Knot says BADKEY for what its ACL forbids;
# PowerDNS never says what it is, not even of the time.
_SUSPECTS: dict[int, str] = {
    dns.Rcode.BADSIG: "the secret with the server's key file",
    dns.Rcode.BADKEY: "name and algorithm with the server's key file, and these names with its policy",
}
_ALL_SUSPECTS = "name, algorithm and secret with the server's key file, and both clocks"
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
        if not re.fullmatch(_HOST, self.server):
            yield "server", "must be an address or a host name; the port is a setting of its own"
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

    def primary(self) -> Primary:
        return Primary(self.server, self.port)

    async def look(self, api: Api, keys: Collection[Key]) -> Mapping[Key, Present | ProviderError]:
        try:
            with understanding(self):
                return await self.primary().look(api, keys)
        except ProviderError as error:
            return dict.fromkeys(keys, error)

    def changes(self, wanted: RRset, present: Collection[Record]) -> tuple[Change, ...]:
        if satisfied(wanted, present):
            return ()
        if not present:
            return tuple(Create(wanted, address) for address in in_order(wanted.addresses))
        return (Put(_with_ttl(wanted, present)),)

    def shared_changes(
        self, wanted: RRset, old: frozenset[IPAddress], present: Collection[Record]
    ) -> tuple[Change, ...]:
        # Knot gives no record another TTL by adding it again: it is taken away first, in the same message.
        ours, _, records = beside_others(wanted, old, present)
        right = [one for one in records if one.address in ours.addresses and as_wanted(ours, one)]
        missing = in_order(ours.addresses - {one.address for one in right})
        goal = _with_ttl(ours, present)
        return (
            *(Delete(goal, one) for one in records if one not in right),
            *(Create(goal, address) for address in missing),
        )

    async def commit(self, api: Api, zone: Zone, changes: Sequence[Change]) -> None:
        created = list(dict.fromkeys(change.wanted for change in changes if isinstance(change, Create)))
        replaced = [change.wanted for change in changes if isinstance(change, Put)]
        deleted = [(c.wanted.owner, c.record.address) for c in changes if isinstance(c, Delete)]
        message = update.message(1, zone.apex, replaced, created, _DEFAULT_TTL, deleted=deleted)
        if len(message) > update.LARGEST:  # `write` sends its halves
            raise Refused(f"{self.primary()}: {len(changes)} changes do not fit one message")
        key, now = self.key(), int(api.now())
        signed, mac = tsig.sign(message, key, now) if key else (message, b"")
        [answer] = await api.dns.exchange(self.server, self.port, [signed])
        rcode = dns.decode(answer).rcode
        if key:
            self._verify(answer, key, mac, int(api.now()), rcode)
        self._judge(zone, rcode)

    def _verify(self, answer: bytes, key: tsig.Key, mac: bytes, now: int, rcode: int) -> None:
        here = self.primary()
        try:
            tsig.verify(answer, key, mac, now)
        except tsig.BadSignature as error:
            if error.rcode == dns.Rcode.BADTIME:
                raise Unreachable(
                    f"{here}: {error}: the clocks differ by {abs(error.skew or 0)} s; set them"
                ) from error
            if rcode == dns.Rcode.SERVFAIL:
                raise Unreachable(f"{here}: SERVFAIL; its log says why") from error
            if now < _WRITTEN:
                raise Unreachable(f"{here}: {error}: this machine's clock is wrong; set it") from error
            if error.rcode or rcode in (dns.Rcode.NOTAUTH, dns.Rcode.REFUSED):
                raise BadCredentials(
                    f"{here} does not accept the TSIG key {key.name!r} ({key.algorithm}): {error}; "
                    f"compare {_SUSPECTS.get(error.rcode, _ALL_SUSPECTS)}"
                ) from error
            raise Unintelligible(
                f"{here}: {dns.Rcode.name_of(rcode)}, but {error}: the update may not have been made"
            ) from error

    def _judge(self, zone: Zone, rcode: int) -> None:
        """RFC 2136, 2.2: what the agent must do about each answer."""
        said = f"{self.primary()}: {dns.Rcode.name_of(rcode)} for an update of {zone.apex}"
        match rcode:
            case dns.Rcode.NOERROR:
                return
            case dns.Rcode.SERVFAIL:
                raise Unreachable(f"{said}; its log says why")
            case dns.Rcode.YXRRSET:
                raise Refused(f"{said}: there is a CNAME; remove it, or give the record another name")
            case dns.Rcode.REFUSED | dns.Rcode.NOTAUTH if self.tsig_name is None:
                raise Refused(f"{said}; does it want a TSIG key? write tsig_name and tsig_key")
            case dns.Rcode.REFUSED:
                raise Refused(f"{said}; does the server's policy let this key change these names?")
            case dns.Rcode.NOTAUTH | dns.Rcode.NOTZONE:
                raise NoSuchName(f"{said}; is this the zone's primary server?")
            case dns.Rcode.NOTIMP:
                raise Refused(f"{said}; it takes no dynamic updates")
            case _:
                raise Refused(said)


def _with_ttl(wanted: RRset, present: Collection[Record]) -> RRset:
    """What is added must have a TTL: where nobody asked for one, that of what is there."""
    ttls = [record.ttl for record in present if record.ttl is not None]
    return wanted if wanted.ttl is not None else replace(wanted, ttl=min(ttls, default=None))
