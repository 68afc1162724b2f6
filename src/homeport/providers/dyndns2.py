"""Any service that speaks dyndns2, or is told an address by one URL in words of its own.

API: https://help.dyn.com/perform-update.html (read 2026-11-21).  Cannot be read, and an update
without a change counts as abuse.  Answers in return codes, whatever the HTTP status; how a service
differs is a row of `wire/dyndns2_services.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated
from urllib.parse import parse_qsl, quote, urlsplit

from ..core.budget import Toll
from ..core.dns import Name, RRset, RRType
from ..core.errors import ConfigError, NoAnswer, Unintelligible
from ..core.secret import Secret
from ..driver import Api, Budget, Update, UpdateApi, Verdict
from ..wire.auth import basic, form
from ..wire.dyndns2 import MOST_HOSTS, Service, Style, login, query, read
from ..wire.dyndns2_services import GONE, SERVICES
from ..wire.http import Query, Request

_ANY = 1000  # owners in one request that names the host by its label, not by them
_LIST = "'homeport providers dyndns2' lists them"


@dataclass(frozen=True, kw_only=True)
class DynDNS2(UpdateApi):
    endpoint: Annotated[str | None, "URL of the update, used as it is: https://HOST/nic/update"] = None
    service: Annotated[str | None, "name of a known service, such as noip; or give an endpoint"] = None
    username: Annotated[str | None, "user name for updates, on the service's page for dynamic DNS"] = None
    password: Annotated[Secret, "password, update key or token that goes with it"]
    hostname: Annotated[str | None, "the host's label there (tunnel, record), if not its name"] = None
    domain: Annotated[str | None, "the registered domain, for services that want it by itself"] = None
    ipv6: Annotated[Style | None, "how both families go, where the service's way is not known"] = None
    refresh: Annotated[int | None, "days after which an unchanged name is sent again; 0 is never"] = None

    title = "dyndns2"
    varies = True
    example = {"service": "noip", "username": "your DDNS key", "password": "keyring:noip"}
    credential = (
        "On the service's page for dynamic DNS; where it has a key for updates only, take that, not the "
        "password of the account."
    )

    def mistakes(self) -> Iterator[tuple[str, str]]:
        if self.service is None and self.endpoint is None:
            yield "service", f"missing: write a service such as noip ({_LIST}), or give an endpoint"
        if self.service is not None and self.service in GONE:
            yield "service", GONE[self.service]
        elif self.service is not None and self.service not in SERVICES:
            from difflib import get_close_matches  # noqa: PLC0415 - only for a mistake

            near = get_close_matches(self.service.lower(), SERVICES, n=1)
            hint = f"did you mean {near[0]!r}?" if near else _LIST
            yield "service", f"{self.service!r} is not known; {hint}"
        else:
            row = self._service
            if not row.url and self.endpoint is None and self.service:
                yield "endpoint", f"missing: the URL of your server; {row.notes}"
            if self.username is None and row.wants_user:
                yield "username", "missing: the user name for updates"
            if self.hostname is None and row.by_label:
                yield "hostname", f"missing: {row.notes}"
            if row.zone:
                yield from self._domain_mistakes()
        if self.endpoint is not None:
            url = urlsplit(self.endpoint)
            if url.scheme not in ("http", "https") or not url.hostname:
                yield "endpoint", "must be a URL such as https://dyn.example.com/nic/update"
            elif "@" in url.netloc:
                yield "endpoint", "must not hold user name and password; they have settings of their own"
        if self.refresh is not None and self.refresh < 0:
            yield "refresh", "must be a number of days, or 0 for never"

    def _domain_mistakes(self) -> Iterator[tuple[str, str]]:
        if self.domain is None:
            yield "domain", "missing: the registered domain, such as example.com"
        else:
            try:
                Name.parse(self.domain)
            except ConfigError as error:
                yield "domain", str(error)

    @cached_property
    def _service(self) -> Service:
        """The row of the service, with what the settings say otherwise."""
        url = self.endpoint or ""
        row = SERVICES.get(self.service or "") or Service(
            title=urlsplit(url).hostname or self.title, url=url, hosts=MOST_HOSTS
        )
        row = replace(row, url=url, url6=None) if url else row
        return replace(row, ipv6=self.ipv6) if self.ipv6 else row

    def address(self) -> str:
        return self._service.url.partition("?")[0]

    def headers(self) -> dict[str, Secret]:
        return {} if self._service.key_in else basic(self.username or "", self.password)

    def why_not(self, owner: Name) -> str | None:
        service = self._service
        if service.zone and self.domain and not owner.within(Name.parse(self.domain)):
            return f"it is not in {self.domain}, which the account names as its domain"
        if service.own_name and owner.text != (self.username or "").lower():
            return "this service knows a host by the user name: one account for each name"
        return None

    def refresh_days(self) -> int | None:
        return self._service.refresh_days if self.refresh is None else self.refresh or None

    def limit(self) -> Budget | None:
        return self._service.limit

    def tolls(self, request: Request) -> Sequence[Toll]:
        of_domain = self._service.limit_of_domain
        if of_domain is None:
            return super().tolls(request)
        name = str(request.query.get(self._service.hostname, "")).partition(",")[0]
        return (*super().tolls(request), Toll(of_domain, f"updates of {_domain(name)}"))

    def apart(self, owner: Name) -> str:
        return "" if self._service.limit_of_domain is None else _domain(owner.text)

    def limit_of_name(self) -> Budget | None:
        usual, pause = super().limit_of_name(), self._service.pause
        return Budget(1, int(pause)) if usual and pause else usual

    def hosts(self) -> int:
        return _ANY if self.hostname or self._service.one_host else self._service.hosts

    def both(self) -> bool:
        return self._service.ipv6 in ("comma", "params")

    def cannot(self, wanted: RRset, other: RRset | None) -> str | None:
        service = self._service
        if wanted.rrtype is RRType.AAAA and service.ipv6 == "none":
            return f'{service.title} takes IPv4 only; write type = "A" for this record'
        if wanted.addresses:
            return None if service.several else super().cannot(wanted, other)
        forgotten = service.forgets and self.both() and other is not None and other.addresses
        return None if service.empties or forgotten else super().cannot(wanted, other)

    async def put(self, api: Api, update: Update) -> Mapping[Name, Verdict]:
        service = self._service
        url = service.url6 if service.url6 and RRType.AAAA in update.addresses else service.url
        shared = self.hostname is not None or service.one_host  # one request for whatever names
        asked = update.owners[:1] if shared else update.owners
        names = [self.hostname] if self.hostname else [owner.text for owner in asked]
        path, _, fixed = url.replace("{host}", quote(names[0], safe="")).partition("?")
        said: Query = {
            **dict(parse_qsl(fixed, keep_blank_values=True)),
            **query(service, names, update.addresses),
            **self._in_zone(asked[0]),
            **login(service, self.username or "", self.password),
        }
        if service.method == "POST":
            request, reply = await api.send("POST", path, body=form(said))
        else:
            request, reply = await api.send("GET", path, said)
        sent = {address for addresses in update.addresses.values() for address in addresses}
        answer = read(reply, asked, names, sent, service)
        if answer is not None:
            return dict.fromkeys(update.owners, answer[asked[0]]) if shared else answer
        if not reply.is_page or reply.status in (401, 429) or reply.status >= 500:
            api.judge(request, reply)
        if not reply.text:
            raise NoAnswer(f"{request}: an empty answer")
        words = "a web page" if reply.is_page else repr(self.scrub(reply.text)[:80])
        raise Unintelligible(f"{request}: not an answer of {service.title}: {words}; a portal, a proxy?")

    def _in_zone(self, owner: Name) -> dict[str, str]:
        """Label and registered domain, for services that want them apart."""
        service = self._service
        if not service.zone:
            return {}
        zone = Name.parse(self.domain or owner.text)
        return {service.zone: zone.text, service.hostname: owner.label_in(zone)}


def _domain(name: str) -> str:
    """The domain of a name; where it begins nobody says, and too short only means too careful."""
    labels = 3 if name.endswith(".dedyn.io") else 2
    return ".".join(name.split(".")[-labels:])
