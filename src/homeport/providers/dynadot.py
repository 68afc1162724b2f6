"""Names in domains at Dynadot.  API: https://www.dynadot.com/set_ddns (read 2026-11-21).

Sets one address of one type and cannot be read.  The password belongs to a domain.  The domain itself
is no sub-domain: it goes by `containRoot`, which for any other name must be false, or the domain
changes as well.  Answers "ok", or JSON with a status; its error code -1 goes with success, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from ..core.dns import Name
from ..core.errors import (
    BadCredentials,
    NoSuchName,
    ProviderError,
    Refused,
    Throttled,
    Unintelligible,
)
from ..core.secret import Secret
from ..core.settings import Bounds
from ..driver import Api, Update, UpdateApi, Verdict, domain_of, not_in
from ..wire.http import Query, Reply


@dataclass(frozen=True, kw_only=True)
class Dynadot(UpdateApi):
    password: Annotated[Secret, "the DDNS password of the domain, not that of the account"]
    domain: Annotated[Name | None, "the domain, if it has more than two labels (example.co.uk)"] = None
    ttl: Annotated[int, "TTL of the records, in seconds", Bounds(60, 86_400)] = 300

    title = "Dynadot (dynamic DNS)"
    example = {"password": "env:DYNADOT_PASSWORD"}
    credential = (
        "Manage the domain › DNS settings › Dynadot DNS, switch on Dynamic DNS: the password stands "
        "there. It is good for that domain only."
    )
    notes = "One account of Homeport for each domain."
    base = "https://www.dynadot.com"

    def why_not(self, owner: Name) -> str | None:
        return not_in(owner, self.domain)

    async def put(self, api: Api, update: Update) -> Mapping[Name, Verdict]:
        [owner], [(rrtype, [address])] = update.owners, update.addresses.items()
        domain = domain_of(owner, self.domain)
        said = {"domain": domain.text, "type": str(rrtype), "ip": str(address), "ttl": str(self.ttl)}
        said |= {"containRoot": "true"} if owner == domain else {"subDomain": owner.label_in(domain)}
        query: Query = {"containRoot": "false", **said, "pwd": self.password}
        request, reply = await api.send("GET", "/set_ddns", query)
        words = _failure(api.judge(request, reply))
        if words is None:
            return {owner: None}
        words = self.scrub(" ".join(words.split()))[:160]
        return {owner: _meaning(words)(f"{self.title}: {owner}: {words or 'failed and does not say why'}")}


def _failure(reply: Reply) -> str | None:
    """The words of a failure; None for success."""
    if reply.text.lower() == "ok":
        return None
    if not reply.text.startswith("{"):
        first = reply.text.partition("\n")[0]
        if first.lower().startswith(("fail", "error")):
            return first
        raise ValueError(f"neither 'ok' nor a failure: {first[:80]!r}")
    payload = reply.json()
    status, content = payload.get("status"), payload.get("content") or []
    if status == "success":
        return None
    if status is None and payload["error_code"] == 0 and content == ["ok"]:
        return None
    if status not in (None, "error", "failure", "fail") or not isinstance(content, list):
        raise ValueError(f"neither success nor error: {status!r}")
    return " ".join(map(str, content)) or str(payload["error_code"])


def _meaning(words: str) -> type[ProviderError]:
    """By the words: what the codes mean is written nowhere."""
    said = words.lower()
    marks: tuple[tuple[type[ProviderError], tuple[str, ...]], ...] = (
        (Throttled, ("too many", "too frequent", "limit", "try again")),
        (BadCredentials, ("password", "pwd", "credential", "not authori", "unauthori")),
        (NoSuchName, ("not found", "not exist", "not in your account", "domain")),
        (Refused, ("invalid", "not allowed", "not support", "ttl", "address")),
    )
    return next((kind for kind, some in marks if any(mark in said for mark in some)), Unintelligible)
