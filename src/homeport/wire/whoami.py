"""DNS servers that answer "who am I?" with the address they were asked from.

They must be asked themselves, not through a resolver: one would learn the resolver's address.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from ..core.dns import IPAddress, RRType
from ..core.errors import SourceError
from . import dns, echo

IN, CH = 1, 3  # RFC 1035, 3.2.4
_NOTE = "edns0-client-subnet"  # Google adds a TXT with the resolver's view of the client


class Question(NamedTuple):
    """What is asked, under which message ID (RFC 1035, 4.1.1)."""

    number: int
    owner: str  # absolute, lower case, no final dot
    rdtype: int
    rdclass: int

    def octets(self) -> bytes:
        return dns.query(self.number, self.owner, self.rdtype, rdclass=self.rdclass)


def answer(message: bytes, question: Question, rrtype: RRType) -> IPAddress:
    """The one address of that type in the answer to our question; `SourceError` for anything else.

    Aliases are not followed: none of these services uses them, those who forge answers do.
    """
    try:
        read = dns.decode(message)
    except dns.MalformedMessage as error:
        raise SourceError(f"answered with no DNS message ({error})") from error
    if (read.id, read.question) != (question.number, (question.owner, question.rdtype)):
        raise SourceError("answered another question than ours")
    if read.rcode:
        raise SourceError(f"answered {dns.Rcode.name_of(read.rcode)}: is port 53 intercepted on this line?")
    if read.truncated:
        raise SourceError("answered with a truncated message")
    ours = (question.owner, question.rdtype, question.rdclass)
    rows = [row.data for row in read.answer if (row.owner, row.rdtype, row.rdclass) == ours]
    found = {address for data in rows if (address := _address(data, rrtype)) is not None}
    if len(found) != 1:
        raise SourceError(f"answered with {len(found) or 'no'} addresses where one was asked")
    return found.pop()


def _address(data: IPAddress | str | bytes, rrtype: RRType) -> IPAddress | None:
    """The address in one RDATA; None in a remark."""
    match data:
        case IPv4Address() | IPv6Address():
            return echo.address(str(data), rrtype)
        case bytes():
            text = _only_string(data)
            return None if text.startswith(_NOTE) else echo.address(text, rrtype)
        case _:
            raise SourceError("answered with a name, not with an address")


def _only_string(rdata: bytes) -> str:
    """The text of TXT RDATA that is exactly one character-string (RFC 1035, 3.3 and 3.3.14)."""
    if not rdata or rdata[0] != len(rdata) - 1 or not rdata.isascii():
        raise SourceError("answered with a TXT record that is not one plain text")
    return rdata[1:].decode("ascii")
