"""The dyndns2 update protocol.  https://help.dyn.com/perform-update.html (read 2026-11-21).

The answers: https://help.dyn.com/return-codes.html.  One line for each host, in the order in which
they were sent; what concerns the account or the system stands there once.  Services differ in how
they take IPv6 and in a few words: `Service`.  Pure.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Literal

from ..core.dns import IPAddress, Name, RRType, in_order
from ..core.errors import (
    BadCredentials,
    Blocked,
    NoSuchName,
    ProviderError,
    Refused,
    Throttled,
    Unintelligible,
    Unreachable,
)

Style = Literal["separate", "comma", "params", "none"]
MOST_HOSTS = 20  # in one request, as Dyn has it; more are answered `numhost`


class RefusedClient(Refused):
    """The service wants nothing from this account or this program, whatever the name."""

    whole_account = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How one service speaks dyndns2.

    `ipv6` says how the families go: "separate", one request for each, both in `myip`; "comma", both
    in one `myip=v4,v6`; "params", both in one request, IPv6 in a parameter of its own; "none", no IPv6.
    `keep` holds, for A and for AAAA, the query that leaves that family alone ("myip=no"); `forgets`
    says that a family that is not named is removed; `empties`, that an empty value removes it.
    """

    title: str
    url: str
    url6: str | None = None  # where AAAA go, if elsewhere; only with "separate"
    ipv6: Style = "separate"
    hostname: str = "hostname"
    myip: str = "myip"
    myip6: str = "myipv6"  # only with "params"
    extra: Mapping[str, str] = field(default_factory=dict)  # in every request
    keep: tuple[str, str] = ("", "")
    forgets: bool = False
    empties: bool = False
    several: bool = False  # may a name have several addresses of one type?
    hosts: int = 1  # names that one request may hold
    refresh_days: int | None = None  # an unchanged name must be sent again after so long
    also_good: frozenset[str] = frozenset()  # words for success besides good and nochg
    silent: bool = False  # is "204 No Content" its way to say nochg?
    username: str | None = None  # if it is the same for everybody
    by_label: bool = False  # is the host known by a label of the service's own, not by its name?
    doc: str = ""
    notes: str = ""


_SUCCESS = frozenset({"good", "nochg"})
_LOOPBACK = IPv4Address("127.0.0.1")
_HALF_AN_HOUR = 1800.0
_WAIT = re.compile(r"w(\d{1,4})([hms])")  # the oldest servers; seen in no server of today
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}
_FAILURES: Mapping[str, tuple[type[ProviderError], str]] = {
    "badauth": (
        BadCredentials,
        "wrong user name or password; many services have a key of their own for updates",
    ),
    "!donator": (RefusedClient, "this account may not use a feature that was asked for"),
    "notfqdn": (NoSuchName, "it is not a full domain name there"),
    "nohost": (NoSuchName, "there is no such host in this account; create it on the service's page"),
    "!yours": (NoSuchName, "the host belongs to another account"),
    "!active": (Refused, "the domain is not active yet; activate it on the service's page"),
    "numhost": (Refused, "too many hosts in one request, or a host with several addresses"),
    "abuse": (Blocked, "blocked for too many updates; ask the service to unblock it"),
    "badagent": (RefusedClient, "the service does not accept this program; please report it"),
    "badsys": (RefusedClient, "the service wants another value of 'system'; check the endpoint"),
    "badrequest": (Refused, "the service does not understand the request; check service and endpoint"),
    "fatal": (Refused, "the host was switched off by hand; enable it on the service's page"),
    "dnserr": (Throttled, "the service's name servers are out of order"),
    "911": (Throttled, "the service is out of order, or under maintenance"),
    "interval": (Throttled, "too soon after the last update"),
    "servererror": (Unreachable, "the service is out of order"),
    "unknown": (Throttled, "the service met an error that it does not know itself"),
}
_PAUSES = {"dnserr": _HALF_AN_HOUR, "911": _HALF_AN_HOUR, "unknown": _HALF_AN_HOUR, "interval": 300.0}
CODES = _SUCCESS | _FAILURES.keys()


def query(
    service: Service, hosts: Sequence[str], addresses: Mapping[RRType, frozenset[IPAddress]]
) -> dict[str, str]:
    """The parameters of one update.  Every address is said: servers guess badly.

    `addresses`: an empty set is "none, on purpose"; a missing type is kept, where there is a word for it.
    """
    said = {**service.extra, service.hostname: ",".join(hosts)}
    fields = {RRType.A: service.myip, RRType.AAAA: service.myip6}
    values: dict[str, list[str]] = {}
    for rrtype, keep in zip(RRType, service.keep, strict=True):
        if rrtype in addresses:
            name = fields[rrtype] if service.ipv6 == "params" else service.myip
            if addresses[rrtype] or service.empties:
                values.setdefault(name, []).extend(map(str, in_order(addresses[rrtype])))
        elif keep:
            name, _, word = keep.partition("=")
            values[name] = [word]
    return said | {name: ",".join(texts) for name, texts in values.items()}


def verdicts(
    body: str,
    hosts: Sequence[Name],
    sent: Collection[IPAddress],
    service: Service,
    *,
    success: bool = True,
) -> dict[Name, ProviderError | None] | None:
    """What the answer says about each host: None for success.  None alone: it is no dyndns2 answer.

    A host without a line is missing.  `success` says whether the HTTP status lets us believe in one.
    Raises what is said once for several hosts.
    """
    lines = [line.split() for line in body.splitlines() if line.strip()]
    good = _SUCCESS | service.also_good if success else frozenset[str]()
    known = [words for words in lines if _code(words) in good or _fails(_code(words))]
    if not known or body.lstrip().startswith("<"):
        return None

    def verdict(words: Sequence[str], who: str) -> ProviderError | None:
        if _code(words) not in good:
            return _failure(words, f"{service.title}: {who}")
        if words[1:2] == ["127.0.0.1"] and _LOOPBACK not in sent:
            return RefusedClient(
                f"{service.title}: {who}: answered 'good 127.0.0.1', which means that it ignores "
                "updates of this program; please report it"
            )
        return None

    if len(hosts) == 1:
        # nsupdate.info has a line for each address of the host: all of them must be good
        said = [verdict(words, str(hosts[0])) for words in (lines[0], *known)]
        return {hosts[0]: next((error for error in said if error is not None), None)}
    if len(lines) == 1:
        if error := verdict(lines[0], f"{hosts[0]} and {len(hosts) - 1} more"):
            raise error
        return dict.fromkeys(hosts, None)
    return {host: verdict(words, str(host)) for host, words in zip(hosts, lines, strict=False)}


def _code(words: Sequence[str]) -> str:
    return words[0].lower()


def _fails(code: str) -> bool:
    return code in _FAILURES or _WAIT.fullmatch(code) is not None


def _failure(words: Sequence[str], who: str) -> ProviderError:
    """What the agent must do about a return code, and what the person may do."""
    code = _code(words)
    if wait := _WAIT.fullmatch(code):
        seconds = int(wait[1]) * _UNITS[wait[2]]
        return Throttled(f"{who}: answered {code!r}: wait {seconds:.0f} s", retry_after=seconds)
    if code not in _FAILURES:
        return Unintelligible(f"{who}: the answer has no return code of dyndns2")
    kind, meaning = _FAILURES[code]
    said = f"{who}: answered {code!r}: {meaning}"
    return Throttled(said, retry_after=_PAUSES[code]) if kind is Throttled else kind(said)
