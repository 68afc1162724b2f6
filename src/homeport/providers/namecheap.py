"""IPv4 addresses of names in domains at Namecheap.  API:
https://www.namecheap.com/support/knowledgebase/article.aspx/29/11/ (read 2026-11-21).

Holds one IPv4 address for each host that exists as "A + Dynamic DNS record", takes one host in a
request and cannot be read.  The password belongs to a domain.  Answers "200 OK" even to failures,
in XML whose first line says UTF-16 while its octets are none.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from ..core.dns import Name, RRset, RRType
from ..core.errors import BadCredentials, NoSuchName, ProviderError, Refused, SourceError, Unintelligible
from ..core.secret import Secret
from ..driver import Api, Update, UpdateApi, Verdict, domain_of, not_in
from ..wire import xml

_LARGEST = 64 * 1024  # octets of an answer


@dataclass(frozen=True, kw_only=True)
class Namecheap(UpdateApi):
    password: Annotated[Secret, "the Dynamic DNS Password of the domain, not that of the account"]
    domain: Annotated[Name | None, "the domain, if it has more than two labels (example.co.uk)"] = None

    title = "Namecheap (dynamic DNS)"
    example = {"password": "env:NAMECHEAP_PASSWORD"}
    credential = (
        "Domain List › Manage › Advanced DNS › Dynamic DNS: switch it on, the password stands there. It is "
        'good for that domain only. Then add an "A + Dynamic DNS Record" for each host.'
    )
    notes = 'IPv4 only: write type = "A" for its records. One account of Homeport for each domain.'
    base = "https://dynamicdns.park-your-domain.com"

    def why_not(self, owner: Name) -> str | None:
        return not_in(owner, self.domain)

    def cannot(self, wanted: RRset, other: RRset | None) -> str | None:
        if wanted.rrtype is RRType.AAAA:
            return 'Namecheap takes IPv4 only here; write type = "A" for this record'
        return super().cannot(wanted, other)

    async def put(self, api: Api, update: Update) -> Mapping[Name, Verdict]:
        [owner], [address] = update.owners, update.addresses[RRType.A]
        domain = domain_of(owner, self.domain)
        said = {"host": owner.label_in(domain), "domain": domain.text, "ip": str(address)}
        request, reply = await api.send("GET", "/update", {**said, "password": self.password})
        body = api.judge(request, reply).body
        if body.startswith((b"\xff\xfe", b"\xfe\xff")):  # should the first line ever tell the truth
            body = body.decode("utf-16").encode()
        _, prolog, rest = body.partition(b"?>")
        try:
            root = xml.read(rest if prolog else body, "an XML document", _LARGEST)
        except SourceError as error:
            raise Unintelligible(f"{request}: {error}") from None
        return {owner: self._verdict(root, owner)}

    def _verdict(self, root: Any, owner: Name) -> Verdict:
        if xml.name(root) != "interface-response" or xml.child(root, "Done").lower() != "true":
            return Unintelligible(f"{self.title}: an answer of another shape")
        if xml.child(root, "ErrCount") == "0":
            return None
        words = self.scrub(" ".join(" ".join(_errors(root)).split()))[:160]
        return _meaning(words)(f"{self.title}: {owner}: {words or 'failed and does not say why'}")


def _errors(root: Any) -> Iterator[str]:
    """What stands in <Err1>, <Err2>, ..., and the numbers and words of the <responses>."""
    for one in root.iter():
        if re.fullmatch(r"Err\d+|ResponseNumber|ResponseString", xml.name(one)):
            yield xml.text(one)


def _meaning(words: str) -> type[ProviderError]:
    """By the words: the number 304156 is said of a wrong password and of a wrong address alike."""
    said = words.lower()
    if "password" in said:
        return BadCredentials
    if "not found" in said:  # "Domain name not found", "No Records updated. A record not Found;"
        return NoSuchName
    return Refused if "invalid" in said else Unintelligible
