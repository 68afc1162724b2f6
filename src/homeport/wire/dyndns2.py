"""The dyndns2 update protocol, and services that only differ from it in their words.

https://help.dyn.com/perform-update.html, answers: https://help.dyn.com/return-codes.html (read
2026-11-21).  One line for each host, in the order in which they were sent; what concerns the account
or the system stands there once.  Services differ in where the login goes, in parameters, in how they
take IPv6 and in their answers: all of it is data, a `Service`.  Pure.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any, Literal, NamedTuple

from ..core.budget import Budget
from ..core.dns import IPAddress, Name, RRType, in_order
from ..core.errors import (
    AccountRefused,
    BadCredentials,
    Blocked,
    NoSuchName,
    ProviderError,
    Refused,
    Throttled,
    Unintelligible,
)
from ..core.secret import Secret
from .http import Reply

Style = Literal["separate", "comma", "params", "none"]
MOST_HOSTS = 20  # in one request, as Dyn has it; more are answered `numhost`


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How one service is told an address, and what it answers.

    The request: `user_in` and `key_in` are the parameters that hold user name and password; without
    them the login goes as HTTP Basic.  "{host}" may stand in `url` and `myip`.  `ipv6` says how the
    families go: "separate", one request for each; "comma", both in one `myip=v4,v6`; "params", both
    in one request, IPv6 in `myip6`; "none", no IPv6.  `keep` holds, for A and for AAAA, the query
    that leaves that family alone ("myip=no"); `forgets` says that a family that is not named is
    removed; `empties`, that an empty value removes it.

    The answer: without `words` and `statuses` (or with `codes`) it is in the return codes of dyndns2.
    `words` translates the beginning of a line into such a code, `statuses` an HTTP status.  In words,
    a space is any space or none, {host} and {address} are what was sent, {word} is one word, and
    {any} anything on the line.  JSON and XML are read as lines "key = value"; a web page, by the
    pieces of text between its tags.
    """

    title: str
    url: str  # "" for software that everybody runs on a server of their own
    url6: str | None = None  # where AAAA go, if elsewhere; only with "separate"
    method: Literal["GET", "POST"] = "GET"  # POST: the parameters go as a form
    user_in: str = ""
    key_in: str = ""
    ipv6: Style = "separate"
    hostname: str = "hostname"  # "": the login, or `url`, says which host
    zone: str = ""  # parameter of the registered domain; then `hostname` holds the label in it
    myip: str = "myip"  # "": the service takes the address that the request comes from
    myip6: str = ""  # where it is not `myip` (in "params": not "myipv6")
    extra: Mapping[str, str] = field(default_factory=dict)  # in every request
    extra6: Mapping[str, str] | None = None  # in a request for AAAA instead, if it differs
    keep: tuple[str, str] = ("", "")
    forgets: bool = False
    empties: bool = False
    several: bool = False  # may a name have several addresses of one type?
    hosts: int = 1  # names that one request may hold
    by_label: bool = False  # is the host known by a label of the service's own, not by its name?
    own_name: bool = False  # is the user name the host itself, whatever else the request says?
    words: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[int, str] = field(default_factory=dict)
    codes: bool = False  # besides `words` or `statuses`, the return codes of dyndns2
    answers: Literal["lines", "json", "xml", "page"] = "lines"
    header: str = ""  # header of the answer that holds the return code
    pause: float | None = None  # seconds from one update of a name to the next, if known
    limit: Budget | None = None  # requests of one account, if known
    limit_of_domain: Budget | None = None  # of them, those for names of one domain
    refresh_days: int | None = None  # an unchanged name must be sent again after so long
    doc: str = ""
    certain: bool = True  # False: known from other clients only, not from the service's own pages
    notes: str = ""

    @property
    def one_host(self) -> bool:
        """Does the login alone say which host is meant?"""
        return not self.hostname and "{host}" not in self.url + self.myip

    @property
    def wants_user(self) -> bool:
        return bool(self.user_in) or not self.key_in

    @property
    def speaks_codes(self) -> bool:
        return self.codes or not (self.words or self.statuses)


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
    "!donator": (AccountRefused, "this account may not use a feature that was asked for"),
    "notfqdn": (NoSuchName, "it is not a full domain name there"),
    "nohost": (NoSuchName, "there is no such host in this account; create it on the service's page"),
    "!yours": (NoSuchName, "the host belongs to another account"),
    "!active": (Refused, "it is not active (yet); activate it on the service's page"),
    "disabled": (AccountRefused, "the account is switched off; ask the service"),
    "numhost": (Refused, "too many hosts in one request, or a host with several addresses"),
    "abuse": (Blocked, "blocked for too many updates; ask the service to unblock it"),
    "badagent": (AccountRefused, "the service does not accept this program; please report it"),
    "badsys": (AccountRefused, "the service wants another value of 'system'; check the endpoint"),
    "badip": (Refused, "the service does not take this address"),
    "badrequest": (Refused, "the service does not understand the request; check service and endpoint"),
    "fatal": (Refused, "the host was switched off by hand; enable it on the service's page"),
    "dnserr": (Throttled, "the service's name servers are out of order"),
    "911": (Throttled, "the service is out of order, or under maintenance"),
    "interval": (Throttled, "too soon after the last update"),
    "servererror": (Throttled, "the service is out of order"),
    "unknown": (Throttled, "the service met an error that it does not know itself"),
}
_PAUSES = dict.fromkeys(("dnserr", "911", "servererror", "unknown"), _HALF_AN_HOUR) | {"interval": 300.0}
CODES = _SUCCESS | _FAILURES.keys()
_MOST = 65_536  # characters of an answer in words; real ones are a line or a small page
_HOLES = {"{word}": r"\S+", "{any}": ".*?"}


def query(
    service: Service, hosts: Sequence[str], addresses: Mapping[RRType, frozenset[IPAddress]]
) -> dict[str, str]:
    """The parameters of one update.  Every address is said: servers guess badly.

    `addresses`: an empty set is "none, on purpose"; a missing type is kept, where there is a word for it.
    """
    alone = RRType.A not in addresses
    said = dict(service.extra if service.extra6 is None or not alone else service.extra6)
    if service.hostname:
        said[service.hostname] = ",".join(hosts)
    six = service.myip6 or ("myipv6" if service.ipv6 == "params" else service.myip)
    fields = {RRType.A: service.myip, RRType.AAAA: six}
    values: dict[str, list[str]] = {}
    for rrtype, keep in zip(RRType, service.keep, strict=True):
        if rrtype in addresses:
            name = fields[rrtype].replace("{host}", ",".join(hosts))
            if name and (addresses[rrtype] or service.empties):
                values.setdefault(name, []).extend(map(str, in_order(addresses[rrtype])))
        elif keep:
            name, _, word = keep.partition("=")
            values[name] = [word]
    return said | {name: ",".join(texts) for name, texts in values.items()}


def login(service: Service, user: str, password: Secret) -> dict[str, str | Secret]:
    """The login, where it goes with the parameters; nothing where it is HTTP Basic."""
    if not service.key_in:
        return {}
    return {service.key_in: password} | ({service.user_in: user} if service.user_in else {})


def read(
    reply: Reply, hosts: Sequence[Name], said: Sequence[str], sent: Collection[IPAddress], service: Service
) -> dict[Name, ProviderError | None] | None:
    """What the answer says about each host (`said`: as they were named to the service).

    None for success, None alone for no answer of this service.  Success is only what a rule of the
    row names; a web page is none, unless the row knows the page by its words.
    """
    done = 200 <= reply.status < 300
    body = reply.headers.get(service.header, "") if service.header else ""
    page = reply.is_page or _is_markup(reply.text)
    if not body and page and service.answers != "page":
        return None
    found = verdicts(body or reply.text, hosts, sent, service, success=done, said=said)
    if found is None and not page and reply.status in service.statuses:
        code = service.statuses[reply.status]
        found = {h: _verdict(_Line(code, f"status {reply.status}"), str(h), sent, service) for h in hosts}
    return found


def _is_markup(text: str) -> bool:
    return re.match(r"<(!|html|head|body|title|p\b|h\d)", text.lstrip(), re.IGNORECASE) is not None


class _Line(NamedTuple):
    """One line of an answer: its return code, or what stands for one, and the word after it."""

    code: str
    said: str
    value: str = ""


def verdicts(
    body: str,
    hosts: Sequence[Name],
    sent: Collection[IPAddress],
    service: Service,
    *,
    success: bool = True,
    said: Sequence[str] = (),
) -> dict[Name, ProviderError | None] | None:
    """What the answer says about each host: None for success.  None alone: it is no such answer.

    A host without a line is missing.  `success` says whether the HTTP status lets us believe in one.
    Raises what is said once for several hosts.
    """
    if not service.speaks_codes or service.words:
        rules = _rules(service, said or [host.text for host in hosts], sent)
        texts = list(_texts(body, service))
        # a line means what the first rule says that fits it; of several errors the row has the most
        # telling ones first
        fits = (next((n for n, (rule, *_) in enumerate(rules) if rule.match(text)), None) for text in texts)
        found = [_Line(rules[n][2], rules[n][1]) for n in sorted({n for n in fits if n is not None})]
        found = [line for line in found if success or line.code not in _SUCCESS]
        if found:
            errors = [_verdict(line, str(hosts[0]), sent, service) for line in found]
            return dict.fromkeys(hosts, next((error for error in errors if error is not None), None))
    if not service.speaks_codes or body.lstrip().startswith("<"):
        return None
    good = _SUCCESS if success else frozenset[str]()
    coded = [_coded(line) for line in body.splitlines() if line.strip()]
    known = [line for line in coded if line.code in good or _fails(line.code)]
    if not known:
        return None
    if len(hosts) == 1:
        # nsupdate.info has a line for each address of the host: all of them must be good
        every = [_verdict(line, str(hosts[0]), sent, service, good) for line in (coded[0], *known)]
        return {hosts[0]: next((error for error in every if error is not None), None)}
    if len(coded) == 1:
        if error := _verdict(coded[0], f"{hosts[0]} and {len(hosts) - 1} more", sent, service, good):
            raise error
        return dict.fromkeys(hosts, None)
    return {h: _verdict(line, str(h), sent, service, good) for h, line in zip(hosts, coded, strict=False)}


def _texts(body: str, service: Service) -> Iterator[str]:
    """The lines of an answer; JSON and XML as "key = value", a page without its tags."""
    text = body.strip()[:_MOST]
    if service.answers == "json" and text.startswith("{"):
        yield from _fields(text)
    elif service.answers == "xml" and text.startswith("<"):
        for element in re.finditer(r'<(\w+)>([^<>]*)</|\b(\w+)\s*=\s*"([^"<>]*)"', text):
            yield f"{element[1] or element[3]} = {(element[2] or element[4] or '').strip()}"
    else:
        if service.answers == "page":
            text = re.sub(r"<[^<>]*>", "\n", text)
        yield from (" ".join(line.split()) for line in text.splitlines() if line.strip())


def _fields(text: str) -> Iterator[str]:
    import json  # noqa: PLC0415 - few services answer so

    def walk(value: Any, key: str, depth: int = 3) -> Iterator[str]:
        match value:
            case dict() if depth:
                for name, inside in value.items():
                    yield from walk(inside, f"{key}.{name}" if key else str(name), depth - 1)
            case bool():
                yield f"{key} = {'true' if value else 'false'}"
            case str() | int():
                yield f"{key} = {value}"
            case _:
                return

    try:
        payload = json.loads(text)
    except (ValueError, RecursionError):
        return
    yield from walk(payload, "")


def _rules(
    service: Service, hosts: Sequence[str], sent: Collection[IPAddress]
) -> list[tuple[re.Pattern[str], str, str]]:
    holes = _HOLES | {"{host}": "|".join(map(re.escape, hosts)) or "(?!)"}
    holes["{address}"] = "|".join(re.escape(str(address)) for address in sent) or "(?!)"

    def pattern(words: str) -> re.Pattern[str]:
        parts = re.split(r"(\{\w+\}| )", words)
        text = "".join(
            f"(?:{holes[p]})" if p in holes else r"\s*" if p == " " else re.escape(p) for p in parts
        )
        end = r"(?![\w-])" if words[-1].isalnum() or words[-1] == "}" else ""
        return re.compile(text + end, re.IGNORECASE)

    return [(pattern(words), words, code) for words, code in service.words.items()]


def _coded(line: str) -> _Line:
    words = [*line.split(), ""]
    return _Line(words[0].lower(), words[0].lower(), words[1])


def _fails(code: str) -> bool:
    return code in _FAILURES or _WAIT.fullmatch(code) is not None


def _verdict(
    line: _Line,
    who: str,
    sent: Collection[IPAddress],
    service: Service,
    good: Collection[str] = _SUCCESS,
) -> ProviderError | None:
    """What the agent must do about a return code, and what the person may do."""
    who = f"{service.title}: {who}"
    code = line.code
    if code in good:
        if line.value == "127.0.0.1" and _LOOPBACK not in sent:
            return AccountRefused(
                f"{who}: answered 'good 127.0.0.1', which means that it ignores updates of this "
                "program; please report it"
            )
        return None
    if wait := _WAIT.fullmatch(code):
        seconds = int(wait[1]) * _UNITS[wait[2]]
        return Throttled(f"{who}: answered {code!r}: wait {seconds:.0f} s", retry_after=seconds)
    if code not in _FAILURES:
        return Unintelligible(f"{who}: the answer has no return code of dyndns2")
    kind, meaning = _FAILURES[code]
    said = f"{who}: answered {line.said!r}: {meaning}"
    if kind is not Throttled:
        return kind(said)
    pause = service.pause if code == "interval" and service.pause else _PAUSES[code]
    return Throttled(said, retry_after=pause)
