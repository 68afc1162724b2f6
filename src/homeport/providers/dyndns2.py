"""Any service that speaks dyndns2.  API: https://help.dyn.com/perform-update.html (read 2026-11-21).

Cannot be read, and an update without a change counts as abuse.  Answers in return codes, whatever
the HTTP status; services differ in IPv6 and in details (`wire/dyndns2_services.py`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from ..core.dns import Name, RRset, RRType
from ..core.errors import NoAnswer, Unintelligible
from ..core.secret import Secret
from ..driver import Api, Update, UpdateApi, Verdict
from ..wire.auth import basic
from ..wire.dyndns2 import MOST_HOSTS, Service, Style, query, verdicts
from ..wire.dyndns2_services import GONE, SERVICES

_ANY = 1000  # owners in one request that names the host by its label, not by them


@dataclass(frozen=True, kw_only=True)
class DynDNS2(UpdateApi):
    endpoint: Annotated[str | None, "URL of the update, used as it is: https://HOST/nic/update"] = None
    service: Annotated[str | None, "name of a known service, such as noip; or give an endpoint"] = None
    username: Annotated[str | None, "user name for updates, on the service's page for dynamic DNS"] = None
    password: Annotated[Secret, "password, update key or token that goes with it"]
    hostname: Annotated[str | None, "the host's label there (tunnel, network), if not its name"] = None
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
            yield "service", f"missing: write one of {', '.join(SERVICES)}; or give an endpoint"
        if self.service is not None and self.service in GONE:
            yield "service", GONE[self.service]
        elif self.service is not None and self.service not in SERVICES:
            from difflib import get_close_matches  # noqa: PLC0415 - only for a mistake

            near = get_close_matches(self.service.lower(), SERVICES, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f": one of {', '.join(SERVICES)}"
            yield "service", f"{self.service!r} is not known{hint}"
        else:
            if self.username is None and self._service.username is None:
                yield "username", "missing: the user name for updates"
            if self.hostname is None and self._service.by_label:
                yield "hostname", f"missing: {self._service.notes}"
        if self.endpoint is not None:
            url = urlsplit(self.endpoint)
            if url.scheme not in ("http", "https") or not url.hostname:
                yield "endpoint", "must be a URL such as https://dyn.example.com/nic/update"
            elif "@" in url.netloc:
                yield "endpoint", "must not hold user name and password; they have settings of their own"
        if self.refresh is not None and self.refresh < 0:
            yield "refresh", "must be a number of days, or 0 for never"

    @property
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
        return basic(self.username or self._service.username or "", self.password)

    def refresh_days(self) -> int | None:
        return self._service.refresh_days if self.refresh is None else self.refresh or None

    def hosts(self) -> int:
        return _ANY if self.hostname else self._service.hosts

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
        path, _, fixed = url.partition("?")
        names = [self.hostname] if self.hostname else [owner.text for owner in update.owners]
        said = dict(parse_qsl(fixed, keep_blank_values=True)) | query(service, names, update.addresses)
        request, reply = await api.send("GET", path, said)
        sent = {address for addresses in update.addresses.values() for address in addresses}
        done = 200 <= reply.status < 300
        asked = update.owners[:1] if self.hostname else update.owners
        answer = verdicts(reply.text, asked, sent, service, success=done)
        if answer is not None:
            return dict.fromkeys(update.owners, answer[asked[0]]) if self.hostname else answer
        if service.silent and reply.status == 204:
            return dict.fromkeys(update.owners)
        if not reply.is_page or reply.status in (401, 429) or reply.status >= 500:
            api.judge(request, reply)
        if not reply.text:
            raise NoAnswer(f"{request}: an empty answer")
        words = "a web page" if reply.is_page else repr(self.scrub(reply.text)[:80])
        raise Unintelligible(f"{request}: not an answer of dyndns2: {words}; a portal, a proxy?")
