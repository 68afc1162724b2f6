"""A small authoritative name server for `homeport demo` and the tests: one zone, in memory, on loopback.

It answers as RFC 1034, 4.3.2 asks of the server of one zone without delegations (CNAME; wildcards by
RFC 4592; negative answers by RFC 2308; EDNS by RFC 6891) over UDP and TCP (RFC 7766), and lets the
holder of one TSIG key (RFC 8945) change the zone by RFC 2136.  No zone transfers, no DNSSEC.

What must never happen in it: that an unsigned or a wrongly signed message changes the zone, that an
update is applied in part, or that bytes from a peer stop the server.
"""

from __future__ import annotations

import asyncio
import errno
import io
import struct
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import NamedTuple, cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rdtypes.ANY.CNAME
import dns.rdtypes.ANY.SOA
import dns.rdtypes.ANY.TSIG
import dns.rrset
import dns.serial
import dns.transaction
import dns.tsig
import dns.update
import dns.versioned
import dns.zone
from dns.rcode import Rcode
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType

from ..core.dns import Name
from ..core.errors import ConfigError

_HEADER = 12  # octets (RFC 1035, 4.1.1)
_PLAIN_UDP = 512  # octets of an answer to a peer without EDNS (RFC 1035, 2.3.4)
_EDNS_UDP = 1232  # octets that cross every path unfragmented (DNS flag day 2020)
_FUDGE = 300  # seconds a signature is good for (RFC 8945, 10)
_MAX_TTL = 0x7FFFFFFF  # RFC 2181, 8: a larger one counts as zero
_PORT_TRIES = 20  # UDP and TCP must share a number; the system chooses only one of them

_ZONE_TEXT = """
@    3600 IN SOA ns1 hostmaster 1 3600 900 604800 60
@    3600 IN NS  ns1
ns1  3600 IN {type} {address}
"""


@dataclass
class Nameserver:
    """A running server, made by `serving`.  `updates` counts the accepted update messages."""

    zone: str
    host: str
    port: int
    idle: float
    updates: int = field(default=0, init=False)
    _data: dns.versioned.Zone = field(repr=False)
    _key: dns.tsig.Key = field(repr=False)  # dnspython's key prints its secret
    _connections: dict[asyncio.Task[None], asyncio.StreamWriter] = field(
        default_factory=dict, init=False, repr=False
    )

    @classmethod
    @asynccontextmanager
    async def serving(
        cls,
        zone: str,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tsig_name: str,
        tsig_key: bytes,
        algorithm: str = "hmac-sha256",
        idle: float = 10.0,
    ) -> AsyncIterator[Nameserver]:
        """A server of `zone` while the block runs; all of it is closed when the block ends.

        `host` is an address of this machine; `port` 0 lets the system choose (UDP and TCP have the same
        number, see `.port`).  `tsig_key` is the raw secret.  `idle` is how many seconds a TCP peer has
        for its next message.  Raises `ConfigError` if the names, the algorithm or the port will not do.
        """
        apex = Name.parse(zone)
        server = cls(
            zone=apex.text,
            host=host,
            port=port,
            idle=idle,
            _data=_initial_zone(apex.text, host),
            _key=_key(tsig_name, tsig_key, algorithm),
        )
        tcp, udp = await server._listen()
        try:
            yield server
        finally:
            udp.close()
            tcp.close()
            await server._hang_up()
            await tcp.wait_closed()

    def addresses(self, owner: str, rrtype: str) -> list[str]:
        """What the zone holds for (owner, type), as sorted text; empty if nothing.  No wildcards."""
        with self._data.reader() as now:
            found = now.get(dns.name.from_text(owner), RdataType.make(rrtype))
        return sorted(rdata.to_text() for rdata in found or ())

    def answer(self, wire: bytes, *, tcp: bool = False) -> bytes | None:
        """The answer to one message, or None where silence is right: an answer, or no DNS at all."""
        if len(wire) < _HEADER:
            return None
        ident, flags = struct.unpack("!HH", wire[:4])
        if flags & dns.flags.QR:
            return None  # answering answers is how two servers talk for ever
        opcode = dns.opcode.from_flags(flags)
        if opcode not in (dns.opcode.QUERY, dns.opcode.UPDATE):
            return _header_only(ident, flags, Rcode.NOTIMP)
        try:
            request = dns.message.from_wire(wire, keyring=False)
        except dns.exception.DNSException:
            return _header_only(ident, flags, Rcode.FORMERR)
        signature, request.tsig = request.tsig, None  # ours to judge, not `make_response`'s
        response = dns.message.make_response(request, our_payload=_EDNS_UDP)
        room = 65535 if tcp else _PLAIN_UDP if request.edns < 0 else min(request.payload, _EDNS_UDP)
        if signature is not None:
            error = self._judge(wire)
            if error is not Rcode.NOERROR:
                return self._unverified(response, signature, error)
            response.use_tsig(self._key, fudge=_FUDGE)
            response.request_mac = _tsig(signature).mac
        if request.edns > 0:
            response.set_rcode(Rcode.BADVERS)
        elif isinstance(request, dns.update.UpdateMessage):
            allowed = signature is not None
            response.set_rcode(self._update(request) if allowed else Rcode.REFUSED)
        else:
            self._query(request, response)
        return response.to_wire(max_size=room, prefer_truncation=True)

    # TSIG

    def _judge(self, wire: bytes) -> Rcode:
        """What RFC 8945, 5.2 says of the signature: NOERROR, FORMERR, BADKEY, BADSIG or BADTIME.

        A shortened MAC is BADSIG here: nobody has agreed to one with us (5.2.2.1).
        """
        try:
            dns.message.from_wire(wire, keyring=self._key)
        except (dns.tsig.BadKey, dns.tsig.BadAlgorithm):
            return Rcode.BADKEY
        except dns.tsig.BadSignature:
            return Rcode.BADSIG
        except dns.tsig.BadTime:
            return Rcode.BADTIME
        except dns.tsig.PeerError:
            return Rcode.FORMERR  # a request that carries a TSIG error
        return Rcode.NOERROR

    def _unverified(self, response: dns.message.Message, signature: dns.rrset.RRset, error: Rcode) -> bytes:
        """NOTAUTH and why: unsigned; only BADTIME is signed, and tells our time (RFC 8945, 5.3.2)."""
        if error is Rcode.FORMERR:
            response.set_rcode(Rcode.FORMERR)
            return response.to_wire()
        response.set_rcode(Rcode.NOTAUTH)
        asked, wire = _tsig(signature), response.to_wire()
        timely = error is Rcode.BADTIME
        said = cast(
            dns.rdtypes.ANY.TSIG.TSIG,
            asked.replace(
                mac=b"",
                original_id=response.id,
                error=error,
                other=int(time.time()).to_bytes(6, "big") if timely else b"",
            ),
        )
        if timely:
            # By hand: dnspython would put our time where the client's must stand.
            said, _ = dns.tsig.sign(  # type: ignore[no-untyped-call]  # dnspython's, not typed
                wire, self._key, said, asked.time_signed, asked.mac
            )
        # By hand as well: before 2.8 dnspython signs whatever has a TSIG.
        record = io.BytesIO()
        dns.rrset.from_rdata(signature.name, 0, said).to_wire(record)
        [count] = struct.unpack("!H", wire[10:12])
        return wire[:10] + struct.pack("!H", count + 1) + wire[12:] + record.getvalue()

    # Queries

    def _query(self, request: dns.message.Message, response: dns.message.Message) -> None:
        apex = self._apex
        if len(request.question) != 1:  # RFC 9619
            response.set_rcode(Rcode.FORMERR)
            return
        [question] = request.question
        if question.rdclass != RdataClass.IN or not question.name.is_subdomain(apex):
            response.set_rcode(Rcode.REFUSED)
            return
        if dns.rdatatype.is_metatype(question.rdtype) and question.rdtype != RdataType.ANY:
            transfer = question.rdtype in (RdataType.AXFR, RdataType.IXFR)
            response.set_rcode(Rcode.REFUSED if transfer else Rcode.NOTIMP)
            return
        response.flags |= dns.flags.AA
        with self._data.reader() as now:
            rcode, response.answer, complete = _look_up(now, apex, question.name, question.rdtype)
            response.set_rcode(rcode)
            if not complete:
                response.authority = [_negative_soa(now, apex)]

    # Updates

    def _update(self, request: dns.update.UpdateMessage) -> Rcode:
        """Apply an update whose signature is good, whole or not at all (RFC 2136, 3)."""
        apex = self._apex
        if len(request.zone) != 1:
            return Rcode.FORMERR
        if request.zone[0].name != apex or request.zone[0].rdclass != RdataClass.IN:
            return Rcode.NOTAUTH
        prerequisites, changes = _records(request)
        with self._data.reader() as now:
            rcode = _unmet(now, apex, prerequisites) or _prescan(apex, changes)
            if rcode != Rcode.NOERROR:
                return rcode
            touched = {apex, *(change.owner for change in changes)}
            before = _content(now, touched)
            serial = _soa(now, apex).serial
        with self._data.writer() as then:
            for change in changes:
                _apply(then, apex, change)
            if _content(then, touched) == before:
                then.rollback()
            elif _soa(then, apex).serial == serial:
                then.update_serial(name=apex)
        self.updates += 1
        return Rcode.NOERROR

    @property
    def _apex(self) -> dns.name.Name:
        assert self._data.origin is not None
        return self._data.origin

    # Sockets

    async def _listen(self) -> tuple[asyncio.Server, asyncio.DatagramTransport]:
        """Both sockets, on one number, which `self.port` then is."""
        wanted = self.port
        for _ in range(1 if wanted else _PORT_TRIES):
            try:
                tcp = await asyncio.start_server(self._converse, self.host, wanted)
            except (OSError, OverflowError) as error:
                raise self._cannot_listen(wanted, error) from error
            self.port = tcp.sockets[0].getsockname()[1]
            try:
                udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                    lambda: _Datagrams(self), local_addr=(self.host, self.port)
                )
            except OSError as error:
                tcp.close()
                await tcp.wait_closed()
                if wanted or error.errno != errno.EADDRINUSE:
                    raise self._cannot_listen(self.port, error) from error
            else:
                return tcp, udp
        raise ConfigError(f"nameserver: {self.host}: no port is free for both UDP and TCP; name one")

    def _cannot_listen(self, port: int, error: Exception) -> ConfigError:
        return ConfigError(f"nameserver: cannot listen on {self.host} port {port}: {error}; choose another")

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the messages of one connection, in their order, until the peer goes or idles."""
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        try:
            while True:
                async with asyncio.timeout(self.idle):
                    length = int.from_bytes(await reader.readexactly(2), "big")
                    answer = self.answer(await reader.readexactly(length), tcp=True)
                    if answer is None:
                        return  # what speaks no DNS here will not begin to
                    writer.write(len(answer).to_bytes(2, "big") + answer)
                    await writer.drain()
        except TimeoutError:
            writer.transport.abort()  # a peer that does not read would keep a closing one open for ever
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            del self._connections[task]

    async def _hang_up(self) -> None:
        open_ones = dict(self._connections)
        for writer in open_ones.values():
            writer.transport.abort()
        await asyncio.gather(*open_ones)


@dataclass
class _Datagrams(asyncio.DatagramProtocol):
    server: Nameserver
    transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self.server.answer(data)
        if answer is not None and self.transport is not None:
            self.transport.sendto(answer, addr)


class _Record(NamedTuple):
    """One RR of an update message as it stood on the wire; `rdata` is None where RDLENGTH was zero."""

    owner: dns.name.Name
    rdtype: RdataType
    rdclass: RdataClass
    ttl: int
    rdata: dns.rdata.Rdata | None


def _key(name: str, secret: bytes, algorithm: str) -> dns.tsig.Key:
    try:
        owner = dns.name.from_text(name)
    except (dns.exception.DNSException, UnicodeError) as error:
        raise ConfigError(f"nameserver: {name!r} is not a name for a TSIG key: {error}") from error
    key = dns.tsig.Key(owner, secret, algorithm)
    if key.algorithm not in dns.tsig.mac_sizes or key.algorithm == dns.tsig.GSS_TSIG:
        raise ConfigError(f"nameserver: no TSIG algorithm {algorithm!r}; write hmac-sha256")
    return key


def _initial_zone(apex: str, host: str) -> dns.versioned.Zone:
    text = _ZONE_TEXT.format(type="AAAA" if ":" in host else "A", address=host)
    zone = dns.zone.from_text(text, apex, relativize=False, zone_factory=dns.versioned.Zone)
    return cast(dns.versioned.Zone, zone)


def _header_only(ident: int, flags: int, rcode: Rcode) -> bytes:
    """What can be said to a message of which only the header is understood (RFC 1035, 4.1.1)."""
    kept = flags & (0x7800 | dns.flags.RD)  # the opcode's four bits
    return struct.pack("!HHHHHH", ident, dns.flags.QR | kept | rcode, 0, 0, 0, 0)


def _tsig(signature: dns.rrset.RRset) -> dns.rdtypes.ANY.TSIG.TSIG:
    return cast(dns.rdtypes.ANY.TSIG.TSIG, signature[0])


def _soa(txn: dns.transaction.Transaction, apex: dns.name.Name) -> dns.rdtypes.ANY.SOA.SOA:
    found = txn.get(apex, RdataType.SOA)
    assert found is not None, "no update can delete the SOA"
    return cast(dns.rdtypes.ANY.SOA.SOA, found[0])


def _negative_soa(txn: dns.transaction.Transaction, apex: dns.name.Name) -> dns.rrset.RRset:
    """The SOA as a negative answer carries it: its TTL says how long to believe the "no" (RFC 2308, 3)."""
    found = txn.get(apex, RdataType.SOA)
    assert found is not None, "no update can delete the SOA"
    return dns.rrset.from_rdata(apex, min(found.ttl, _soa(txn, apex).minimum), found[0])


def _held(txn: dns.transaction.Transaction, name: dns.name.Name) -> list[dns.rdataset.Rdataset]:
    node = txn.get_node(name)
    return [] if node is None else list(node.rdatasets)


def _at(txn: dns.transaction.Transaction, name: dns.name.Name) -> list[dns.rdataset.Rdataset] | None:
    """What a name holds, or None if it does not exist; it does if one below it does (RFC 4592, 2.2.2)."""
    held = _held(txn, name)
    if not held and not any(other.is_subdomain(name) for other in txn.iterate_names()):
        return None
    return held


def _source(
    txn: dns.transaction.Transaction, apex: dns.name.Name, name: dns.name.Name
) -> list[dns.rdataset.Rdataset] | None:
    """What answers for a name: itself, else the wildcard at its closest encloser (RFC 4592, 3.3.1)."""
    encloser = name
    while (held := _at(txn, encloser)) is None and encloser != apex:
        encloser = encloser.parent()
    if encloser == name:
        return held
    return _at(txn, dns.name.Name((b"*",)).concatenate(encloser))


def _look_up(
    txn: dns.transaction.Transaction, apex: dns.name.Name, name: dns.name.Name, rdtype: RdataType
) -> tuple[Rcode, list[dns.rrset.RRset], bool]:
    """Response code, answer section, and whether that is all (else the SOA must say that there is no more).

    The code is that of the last name of a CNAME chain (RFC 6604, 3).
    """
    answer: list[dns.rrset.RRset] = []
    asked: set[dns.name.Name] = set()
    while name not in asked and name.is_subdomain(apex):
        asked.add(name)
        held = _source(txn, apex, name)
        if held is None:
            return Rcode.NXDOMAIN, answer, False
        alias = next((data for data in held if data.rdtype == RdataType.CNAME), None)
        if alias is None or rdtype in (RdataType.CNAME, RdataType.ANY):
            found = [data for data in held if rdtype in (RdataType.ANY, data.rdtype)]
            answer += (dns.rrset.from_rdata_list(name, data.ttl, list(data)) for data in found)
            return Rcode.NOERROR, answer, bool(found)
        answer.append(dns.rrset.from_rdata_list(name, alias.ttl, list(alias)))
        name = cast(dns.rdtypes.ANY.CNAME.CNAME, alias[0]).target
    return Rcode.NOERROR, answer, True


def _records(request: dns.update.UpdateMessage) -> tuple[list[_Record], list[_Record]]:
    """The prerequisite and the update section, with class and TTL of every RR as they were sent."""
    assert request.wire is not None
    ttls = _ttls(request.wire)

    def of(section: Iterable[dns.rrset.RRset]) -> list[_Record]:
        # dnspython keeps one RR in each "RRset" of an update, and ANY and NONE in `deleting`.
        return [
            _Record(rr.name, rr.rdtype, rr.deleting or rr.rdclass, next(ttls), rr[0] if rr else None)
            for rr in section
        ]

    return of(request.prerequisite), of(request.update)


def _ttls(wire: bytes) -> Iterator[int]:
    """The TTLs of all RRs after the zone section: dnspython drops those of RRs without RDATA."""
    zones, *counts = struct.unpack_from("!4H", wire, 4)
    at = _HEADER
    for _ in range(zones):
        at += dns.name.from_wire(wire, at)[1] + 4
    for _ in range(sum(counts)):
        at += dns.name.from_wire(wire, at)[1]
        _, _, ttl, length = struct.unpack_from("!HHIH", wire, at)
        at += 10 + length
        yield ttl


def _unmet(txn: dns.transaction.Transaction, apex: dns.name.Name, prerequisites: list[_Record]) -> Rcode:
    """What the first unmet prerequisite answers, or NOERROR (RFC 2136, 3.2.5)."""
    exact: dict[tuple[dns.name.Name, RdataType], set[dns.rdata.Rdata]] = {}
    for owner, rdtype, rdclass, ttl, rdata in prerequisites:
        if ttl != 0:
            return Rcode.FORMERR
        if not owner.is_subdomain(apex):
            return Rcode.NOTZONE
        exists = any(rdtype in (RdataType.ANY, data.rdtype) for data in _held(txn, owner))
        if rdclass == RdataClass.ANY:
            if not exists:
                return Rcode.NXDOMAIN if rdtype == RdataType.ANY else Rcode.NXRRSET
        elif rdclass == RdataClass.NONE:
            if exists:
                return Rcode.YXDOMAIN if rdtype == RdataType.ANY else Rcode.YXRRSET
        elif rdclass == RdataClass.IN and rdata is not None:
            exact.setdefault((owner, rdtype), set()).add(rdata)
        else:
            return Rcode.FORMERR
    for (owner, rdtype), wanted in exact.items():
        if set(txn.get(owner, rdtype) or ()) != wanted:
            return Rcode.NXRRSET
    return Rcode.NOERROR


def _prescan(apex: dns.name.Name, changes: list[_Record]) -> Rcode:
    """NOTZONE or FORMERR if any RR of the update section may not stand there (RFC 2136, 3.4.1.3)."""
    for owner, rdtype, rdclass, ttl, rdata in changes:
        if not owner.is_subdomain(apex):
            return Rcode.NOTZONE
        storable = not dns.rdatatype.is_metatype(rdtype)
        if rdclass == RdataClass.ANY:
            fits = ttl == 0 and rdata is None and (storable or rdtype == RdataType.ANY)
        elif rdclass == RdataClass.NONE:
            fits = ttl == 0 and rdata is not None and storable
        else:
            fits = rdclass == RdataClass.IN and rdata is not None and storable
        if not fits:
            return Rcode.FORMERR
    return Rcode.NOERROR


def _apply(txn: dns.transaction.Transaction, apex: dns.name.Name, change: _Record) -> None:
    """One RR of the update section (RFC 2136, 3.4.2.7); what must not be done is passed over in silence."""
    if change.rdata is None:
        kept = (RdataType.SOA, RdataType.NS) if change.owner == apex else ()
        for data in _held(txn, change.owner):
            if change.rdtype in (RdataType.ANY, data.rdtype) and data.rdtype not in kept:
                txn.delete(change.owner, data.rdtype, data.covers)
    elif change.rdclass == RdataClass.NONE:
        last_ns = (
            change.owner == apex and change.rdtype == RdataType.NS and len(txn.get(apex, "NS") or ()) == 1
        )
        if change.rdtype != RdataType.SOA and not last_ns:
            txn.delete(change.owner, change.rdata)
    elif _welcome(txn, apex, change):
        covers = change.rdata.covers()
        data = dns.rdataset.Rdataset(RdataClass.IN, change.rdtype, covers)
        for rdata in txn.get(change.owner, change.rdtype, covers) or ():
            data.add(rdata)
        data.add(change.rdata)  # alone, where the type is a singleton (CNAME, SOA)
        data.ttl = change.ttl if change.ttl <= _MAX_TTL else 0  # one TTL for the RRset (RFC 2181, 5.2)
        txn.replace(change.owner, data)


def _welcome(txn: dns.transaction.Transaction, apex: dns.name.Name, change: _Record) -> bool:
    """May this RR be added beside what is there?  (RFC 2136, 3.4.2.2.)"""
    if change.rdtype == RdataType.SOA:
        serial = cast(dns.rdtypes.ANY.SOA.SOA, change.rdata).serial
        newer = bool(dns.serial.Serial(serial) > dns.serial.Serial(_soa(txn, apex).serial))
        return change.owner == apex and newer
    present = {data.rdtype for data in _held(txn, change.owner)}
    if change.rdtype == RdataType.CNAME:
        return present <= {RdataType.CNAME}
    return RdataType.CNAME not in present


def _content(txn: dns.transaction.Transaction, names: set[dns.name.Name]) -> frozenset[tuple[object, ...]]:
    """All that the names hold, comparable; TTLs included, which dnspython's own comparison ignores."""
    return frozenset(
        (name, data.rdtype, data.covers, data.ttl, frozenset(data))
        for name in names
        for data in _held(txn, name)
    )
