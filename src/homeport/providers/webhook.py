"""Any HTTP call that sets an address, written as texts with placeholders.  API: whatever it is;
https://www.rfc-editor.org/rfc/rfc9110 (read 2026-11-21).

Placeholders: {name} {label} {zone}, {ip} and {type} for one call for each family, or {ipv4} and {ipv6}
for one call with both, and whatever stands in `secrets`.  Values are percent-encoded in the URL and in a
form, and escaped in JSON.  Of the URL only scheme and host are ever logged: the rest may hold a secret
that was written out.  A family that is not known is never sent as nothing: its parameter is left out,
or the word of `unknown` is sent, or no call is made.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal
from urllib.parse import urlsplit

from ..core.dns import Name, RRset, RRType, in_order
from ..core.errors import Refused, Unintelligible, Unreachable
from ..core.secret import Secret
from ..core.settings import Bounds, meant
from ..driver import Api, Update, UpdateApi, Verdict, domain_of, not_in
from ..wire import template
from ..wire.auth import basic, joined, veil
from ..wire.http import Content, Reply, Request

_BOTH = {RRType.A: "ipv4", RRType.AAAA: "ipv6"}
_EACH = {"ip", "type"}
_PLACES = {"name", "label", "zone", *_EACH, *_BOTH.values()}
_OURS = {"host", "content-length", "transfer-encoding", "connection"}
_BUSY = {408, 425, 429}
_TOKEN_LIKE = re.compile(r"[\w-]{16,}")


@dataclass(frozen=True, kw_only=True)
class Webhook(UpdateApi):
    url: Annotated[
        str,
        "what to call; placeholders are {name} {label} {zone}, {ip} {type} (one call for each family) or "
        "{ipv4} {ipv6} (one call for both), and those in secrets",
    ]
    secrets: Annotated[
        Mapping[str, Secret], 'placeholders of your own: of { token = "env:TOKEN" } the text is {token}'
    ] = field(default_factory=dict, hash=False)
    method: Annotated[
        Literal["GET", "POST", "PUT", "PATCH", "DELETE"] | None,
        "HTTP method; without it GET, with a body POST",
    ] = None
    header: Annotated[
        Mapping[str, str], 'header fields, with placeholders: { Authorization = "Bearer {token}" }'
    ] = field(default_factory=dict, hash=False)
    body: Annotated[str | None, "body of the request, with placeholders"] = None
    content_type: Annotated[
        str | None, "media type of the body; without it JSON if it begins with a brace, else plain text"
    ] = None
    username: Annotated[str | None, "user name for HTTP Basic authentication"] = None
    password: Annotated[Secret | None, "password that goes with it"] = None
    zone: Annotated[Name | None, "what {zone} is, if it has more than two labels (example.co.uk)"] = None
    several: Annotated[bool, "may a name have several addresses of a type? Then commas part them"] = False
    unknown: Annotated[
        str | None, "what {ipv4} or {ipv6} is while that address is not known, such as preserve"
    ] = None
    status: Annotated[
        tuple[int, ...] | None, "status codes of success; without it all from 200 to 299", Bounds(100, 599)
    ] = None
    success: Annotated[
        str | None, "regular expression that the answer must contain to be a success: ^(good|nochg)"
    ] = None
    stop: Annotated[
        str | None, "regular expression: an answer that contains it stops this name until you mend it"
    ] = None
    refresh: Annotated[
        int, "days after which an unchanged name is sent again; 0 is never", Bounds(0, 3650)
    ] = 0

    title = "Webhook"
    varies = True
    example = {
        "url": "https://dyn.example.net/update?host={name}&ip={ip}&key={key}",
        "secrets": {"key": "env:WEBHOOK_KEY"},
        "success": "^(good|nochg)",
    }
    credential = "Whatever the service gives out for updates; best a key that is good for nothing else."

    notes = (
        "With {ip} and {type} there is one call for each family; with {ipv4} and {ipv6} one call carries "
        "both. A family that is not known is never sent as nothing: its parameter of the query or the "
        "form is left out, or the word in `unknown` is sent, or, where neither can be, no call is made "
        "until it is known. {label} is the name within {zone}, @ for the zone itself. Values are "
        "percent-encoded in the URL and in a form, and escaped in JSON; {{word}} is {word} itself. Of "
        "the URL only scheme and host are logged, headers and body never. Success is a status from 200 "
        "to 299, unless `status` says otherwise, and an answer in which `success` is found; 401 and 403 "
        "stop the account, `stop` stops the name."
    )

    def mistakes(self) -> Iterator[tuple[str, str]]:
        split = urlsplit(self.url)
        if split.scheme not in ("http", "https") or not split.hostname or split.fragment:
            yield "url", "must be a URL such as https://dyn.example.com/update?host={name}&ip={ip}"
        elif "@" in split.netloc:
            yield "url", "must not hold user name and password; they have settings of their own"
        elif template.placeholders(split.netloc):
            yield "url", "no placeholder may stand in the host"
        elif re.search(r"\s", self.url):
            yield "url", "there is a space in it; write %20"
        for setting, text in self._texts():
            for word in sorted(template.placeholders(text) - _PLACES - self.secrets.keys()):
                yield setting, f"{{{word}}} is no placeholder; {meant(word, [*_PLACES, *self.secrets])}"
        used = self._used()
        if not used & {"ip", *_BOTH.values()}:
            yield "url", "the address is missing: write {ip}, or {ipv4} and {ipv6}"
        if used & _EACH and used & {*_BOTH.values()}:
            yield "url", "write {ip} and {type}, or {ipv4} and {ipv6}, not some of both"
        for word in self.secrets:
            if not template.WORD.fullmatch(word) or word in _PLACES:
                yield "secrets", f"{word[:40]!r} cannot be a placeholder; write a word such as token"
            elif word not in used:
                yield "secrets", f"no text has the placeholder {{{word}}}"
        for name in self.header:
            if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or name.lower() in _OURS:
                yield "header", f"{name[:40]!r} cannot be set"
        if self.body is not None and self.method == "GET":
            yield "method", "GET has no body"
        if (self.username is None) != (self.password is None):
            yield "username" if self.username is None else "password", "missing: they go together"
        yield from self._unreadable()

    def _unreadable(self) -> Iterator[tuple[str, str]]:
        """Texts that are not in the language that they should be in."""
        for setting, pattern in (("success", self.success), ("stop", self.stop)):
            try:
                re.compile(pattern or "")
            except re.error as error:
                yield setting, f"is no regular expression: {error.msg}"
        if self.body is not None and template.is_json(self._kind()):
            values = dict.fromkeys([*_PLACES, *self.secrets, *self._used()], "0")
            try:
                Reply(200, template.body(self._kind(), self.body, values).data).json()
            except Unintelligible:
                yield "body", "is no JSON; texts stand in quotation marks there, placeholders too"

    def _texts(self) -> Iterator[tuple[str, str]]:
        yield "url", self.url
        for text in self.header.values():
            yield "header", text
        yield "body", self.body or ""

    def _used(self) -> set[str]:
        return set().union(*(template.placeholders(text) for _, text in self._texts()))

    def _kind(self) -> str:
        found = "application/json" if (self.body or "").lstrip()[:1] in ("{", "[") else "text/plain"
        return self.content_type or found

    def address(self) -> str:
        split = urlsplit(self.url)
        return self.endpoint or f"{split.scheme}://{split.netloc}"

    def headers(self) -> Mapping[str, str | Secret]:
        return {} if self.password is None else basic(self.username or "", self.password)

    def scrub(self, text: str) -> str:
        written = [Secret(word) for _, text in self._texts() for word in _TOKEN_LIKE.findall(text)]
        # Who writes a token out, does not want it in a log either.
        return veil(super().scrub(text), written)

    def refresh_days(self) -> int | None:
        return self.refresh or None

    def why_not(self, owner: Name) -> str | None:
        return not_in(owner, self.zone, "zone") if self._used() & {"label", "zone"} else None

    def both(self) -> bool:
        return self._used() >= {*_BOTH.values()}

    def cannot(self, wanted: RRset, other: RRset | None) -> str | None:
        if not self._used() & {"ip", _BOTH[wanted.rrtype]}:
            others = RRType.A if wanted.rrtype is RRType.AAAA else RRType.AAAA
            return f'there is no {{{_BOTH[wanted.rrtype]}}} in the webhook; write type = "{others}"'
        return None if self.several and wanted.addresses else super().cannot(wanted, other)

    async def put(self, api: Api, update: Update) -> Mapping[Name, Verdict]:
        [owner] = update.owners
        values = self._values(owner, update)
        split = urlsplit(self.url)
        lacking = {*_BOTH.values()} - values.keys()
        form = self.body is not None and template.is_form(self._kind())
        fixed = [split.path, *self.header.values(), *([] if form else [self.body or ""])]
        if unmet := sorted(lacking & set().union(*map(template.placeholders, fixed))):
            raise Unreachable(
                f"{self.title}: {owner}: {{{unmet[0]}}} is not known yet, so nothing was sent; write "
                "what it is meanwhile as unknown, or take {ip} and {type}"
            )
        path = template.fill(split.path or "/", values, template.percent)
        asked = template.parameters(split.query, values, lacking)
        content: Content | None = None
        if self.body is not None:
            content = template.body(self._kind(), self.body, values, lacking)
        header = {name.lower(): template.fill(text, values) for name, text in self.header.items()}
        method = self.method or ("GET" if content is None else "POST")
        hidden = joined(path, "?", asked) if split.query else path
        request, reply = await api.send(method, "", body=content, headers=header, hidden=hidden)
        return {owner: self._verdict(api, owner, request, reply)}

    def _values(self, owner: Name, update: Update) -> dict[str, str | Secret]:
        zone = domain_of(owner, self.zone)
        values: dict[str, str | Secret] = {"name": owner.text, "zone": zone.text, **self.secrets}
        values["label"] = owner.label_in(zone) if owner.within(zone) else owner.text
        told = {t: ",".join(map(str, in_order(found))) for t, found in update.addresses.items() if found}
        for rrtype, text in told.items():
            values |= {_BOTH[rrtype]: text, "ip": text, "type": str(rrtype)}
        if self.unknown is not None:
            values |= {place: self.unknown for place in _BOTH.values() if place not in values}
        return values

    def _verdict(self, api: Api, owner: Name, request: Request, reply: Reply) -> Verdict:
        words = "a web page" if reply.is_page else repr(" ".join(self.scrub(reply.text).split())[:80])
        done = reply.status in self.status if self.status else 200 <= reply.status < 300
        if not done and (reply.status in _BUSY or reply.status >= 500):
            api.judge(request, reply)
        if self.stop is not None and re.search(self.stop, reply.text):
            return Refused(f"{self.title}: {owner}: answered {words}, which is a stop")
        if not done:
            api.judge(request, reply)
            return Unintelligible(f"{request}: {reply.status} is no success here: {words}")
        fine = not reply.is_page if self.success is None else re.search(self.success, reply.text)
        return None if fine else Unintelligible(f"{request}: {reply.status} and {words}: no success here")
