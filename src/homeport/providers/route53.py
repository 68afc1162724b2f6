r"""Zones at AWS Route 53.  API 2013-04-01, in XML:
https://docs.aws.amazon.com/Route53/latest/APIReference/ (read 2026-11-21).

A change batch sets many RRsets, all or none; to remove one, its TTL and values must be repeated.  Lists
begin at a name and do not end with it; they write "*" as "\052".  Alias, weighted, geographic and
similar sets are refused: an update would turn them into plain ones.  Some 400s ask for patience.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Annotated, Any, Literal, NamedTuple, cast
from urllib.parse import quote

from ..core.dns import Key, Name, Record, RRset, RRType, Zone, in_order
from ..core.errors import (
    BadCredentials,
    ProviderError,
    Refused,
    SourceError,
    Stale,
    Throttled,
    Unintelligible,
    Unreachable,
)
from ..core.plan import Change, Put
from ..core.secret import Secret
from ..driver import Api, Budget, HttpProvider, RRsetApi, Unusable, owner_of
from ..wire import xml
from ..wire.http import NOTHING, Content, Query, Reply, Request
from ..wire.sign_aws import AWS, Credentials, sign

_HOSTS = {
    "us-east-1": "https://route53.amazonaws.com",
    "cn-northwest-1": "https://route53.amazonaws.com.cn",
    "us-gov-west-1": "https://route53.us-gov.amazonaws.com",
}
Region = Literal["us-east-1", "cn-northwest-1", "us-gov-west-1"]
_NAMESPACE = "https://route53.amazonaws.com/doc/2013-04-01/"
_DEFAULT_TTL = 300  # seconds; the API has none
_PLAIN = {"Name", "Type", "TTL", "ResourceRecords"}  # what an ordinary set has, and nothing else
_MOST_PAGES = 1000


class _List(NamedTuple):
    """A kind of list: the reply, where its rows lie, and where the next page begins (query: element)."""

    answer: str
    at: str
    more: Mapping[str, str]  # the name first


_ZONES = _List(
    "ListHostedZonesByNameResponse",
    "HostedZones",
    {"dnsname": "NextDNSName", "hostedzoneid": "NextHostedZoneId"},
)
_SETS = _List(
    "ListResourceRecordSetsResponse",
    "ResourceRecordSets",
    {"name": "NextRecordName", "type": "NextRecordType", "identifier": "NextRecordIdentifier"},
)
_CREDENTIALS = {
    "InvalidClientTokenId", "SignatureDoesNotMatch", "InvalidSignatureException", "ExpiredToken",
    "ExpiredTokenException", "UnrecognizedClientException", "MissingAuthenticationToken",
    "IncompleteSignature", "OptInRequired",
}  # fmt: skip
_CLOCK = re.compile(r"signature (expired|not yet current)", re.IGNORECASE)
_OLD_VIEW = re.compile(r"not found|do not match", re.IGNORECASE)  # of a set that was to be removed


@dataclass(frozen=True, kw_only=True)
class Route53(RRsetApi, HttpProvider):
    access_key_id: Annotated[str, "the id of an access key, such as AKIA..."]
    secret_access_key: Annotated[Secret, "the secret of that access key"]
    session_token: Annotated[Secret | None, "the token of a temporary access key"] = None
    region: Annotated[Region, "cn-northwest-1 for China, us-gov-west-1 for GovCloud"] = "us-east-1"
    zone_id: Annotated[str | None, "the only hosted zone to use, if several have the same name"] = None

    title = "AWS Route 53"
    example = {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "env:AWS_SECRET_ACCESS_KEY"}
    credential = (
        "IAM › Users › a user of its own › Security credentials › Create access key; its policy: "
        "route53:ListHostedZonesByName (with zone_id: route53:GetHostedZone), and on the zone "
        "route53:ListResourceRecordSets and route53:ChangeResourceRecordSets."
    )
    least_ttl = 0
    budget = Budget(requests=300, seconds=60)  # 5 a second for the account
    batch = 250  # 1,000 addresses and 32,000 characters in one request, and an UPSERT counts twice
    few = 8  # up to so many names are asked for one by one, more with a list of the zone

    def address(self) -> str:
        return super().address() if self.endpoint else _HOSTS[self.region]

    def sign(self, request: Request, now: float, nonce: str) -> Request:
        keys = Credentials(self.access_key_id, self.secret_access_key, self.session_token)
        return sign(request, AWS, keys, (self.region, "route53"), now)

    def check_failure(self, reply: Reply, said: str) -> None:
        try:
            root = xml.read(reply.body, "an error", 100_000)
        except SourceError:
            return
        found = {xml.name(element): xml.text(element) for element in root.iter()}
        code, message = found.get("Code", ""), self.scrub(found.get("Message", ""))[:160]
        said = f"{self.title}: {code or xml.name(root)}: {message}"
        if code in ("Throttling", "ThrottlingException", "RequestLimitExceeded"):
            raise Throttled(said)
        if code == "PriorRequestNotComplete":
            raise Throttled(f"{said} (another change of the zone is under way)", retry_after=10)
        if code in ("RequestExpired", "RequestTimeTooSkewed") or _CLOCK.search(message):
            raise Unreachable(f"{said}; is this machine's clock right?")
        if code in _CREDENTIALS:
            raise BadCredentials(said)
        if xml.name(root) == "InvalidChangeBatch" or code == "InvalidChangeBatch":
            raise (Stale if _OLD_VIEW.search(message) else Refused)(said)
        if code.startswith("AccessDenied"):  # of one name or zone: policies may go as far as that
            raise Refused(f"{said}; does the policy of the access key allow this?")

    async def find_zones(self, api: Api, candidates: Collection[Name]) -> Sequence[Zone | Unusable]:
        if self.zone_id:
            path = _path(self.zone_id.removeprefix("/hostedzone/"))
            rows = [xml.need(await self._ask(api, "GetHostedZoneResponse", path, NOTHING), "HostedZone")]
        else:
            asked = [{"dnsname": f"{n}."} for n in candidates] if len(candidates) <= self.few else [{}]
            path = "/2013-04-01/hostedzonesbyname"
            lists = await api.together(
                [self._rows(api, path, {**one, "maxitems": "100"}, _ZONES) for one in asked]
            )
            rows = [row for rows in lists for row in rows]
        found: dict[Name, dict[str, Zone]] = {}
        for row in rows:
            apex, config = _owner(xml.child(row, "Name")), next(xml.children(row, "Config"), ())
            if apex is not None and apex in candidates and xml.child(config, "PrivateZone") != "true":
                handle = xml.text(xml.need(row, "Id")).removeprefix("/hostedzone/")
                found.setdefault(apex, {})[handle] = Zone(apex, handle)
        why = Refused(f"{self.title}: several public zones have that name; say which one with zone_id")
        return [
            next(iter(same.values())) if len(same) == 1 else Unusable(apex, why)
            for apex, same in found.items()
        ]

    async def records(
        self, api: Api, zone: Zone, keys: Collection[Key]
    ) -> Mapping[Key, list[Record] | ProviderError]:
        owners = {owner for owner, _ in keys}
        starts: list[Query] = [{"maxitems": "300"}]
        if len(owners) <= self.few:
            starts = [{"name": _escaped(owner), "maxitems": "20"} for owner in owners]
        path = _path(zone.id) + "/rrset"
        lists = await api.together([self._rows(api, path, start, _SETS) for start in starts])
        found: dict[Key, list[Record] | ProviderError] = {}
        for row in (row for rows in lists for row in rows):
            owner, rrtype = _owner(xml.child(row, "Name")), xml.child(row, "Type")
            if owner is not None and owner in owners and rrtype in list(RRType):
                found[owner, RRType(rrtype)] = self._set(owner, row)
        return found

    def _set(self, owner: Name, row: Any) -> list[Record] | ProviderError:
        special = {xml.name(element) for element in row} - _PLAIN
        if special:
            what = f"{owner} {xml.child(row, 'Type')} is no plain set ({', '.join(sorted(special))})"
            return Refused(f"{self.title}: {what}; an update would destroy it")
        ttl = int(xml.need(row, "TTL").text)
        texts = [xml.child(one, "Value") for one in xml.need(row, "ResourceRecords")]
        held = {"held": (ttl, tuple(texts))}
        return [Record(text, ip_address(text), ttl, held) for text in texts]

    def changes(self, wanted: RRset, present: Collection[Record]) -> tuple[Change, ...]:
        if not wanted.addresses and present:  # what is removed must be said as it stands
            return (Put(replace(wanted, options=next(iter(present)).options)),)
        return super().changes(wanted, present)

    async def commit(self, api: Api, zone: Zone, changes: Sequence[Change]) -> None:
        said = "".join(_change(change.wanted) for change in changes)
        body = (
            f'<?xml version="1.0" encoding="UTF-8"?><ChangeResourceRecordSetsRequest xmlns="{_NAMESPACE}">'
            f"<ChangeBatch><Changes>{said}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
        )
        path = _path(zone.id) + "/rrset"
        answer = "ChangeResourceRecordSetsResponse"
        root = await self._ask(api, answer, path, NOTHING, body)
        if (status := xml.child(xml.need(root, "ChangeInfo"), "Status")) not in ("PENDING", "INSYNC"):
            raise ValueError(f"the change is {status!r}")

    async def _rows(self, api: Api, path: str, query: Query, kind: _List) -> list[Any]:
        """The elements of a list: all pages, or those with the name that is asked for."""
        rows: list[Any] = []
        named = next(iter(kind.more))
        page = query
        for _ in range(_MOST_PAGES):
            root = await self._ask(api, kind.answer, path, page)
            rows += xml.need(root, kind.at)
            told = {name: xml.child(root, element) for name, element in kind.more.items()}
            ended = xml.child(root, "IsTruncated") != "true"
            if ended or (named in query and _owner(told[named]) != _owner(str(query[named]))):
                return rows
            page = {**query, **{name: text for name, text in told.items() if text}}
        raise Unintelligible(f"{self.title}: a list without an end")

    async def _ask(self, api: Api, answer: str, path: str, query: Query, body: str = "") -> Any:
        """One exchange; the root of what it answers, which must have that name."""
        content = Content("application/xml", body.encode()) if body else None
        request, reply = await api.send("POST" if body else "GET", path, query, content)
        api.judge(request, reply)
        try:
            root = xml.read(reply.body, "a reply", 1_000_000)
        except SourceError as error:
            raise Unintelligible(f"{request}: {self.title} {error}") from None
        if xml.name(root) != answer:
            raise Unintelligible(f"{request}: {xml.name(root)[:80]!r} instead of {answer}")
        return root


def _path(zone_id: str) -> str:
    return f"/2013-04-01/hostedzone/{quote(zone_id, safe='')}"


def _owner(text: str) -> Name | None:
    r"""An owner name of the API, in which octets may be written in octal: "\052.example.com."."""
    return owner_of(re.sub(r"\\([0-3][0-7]{2})", lambda found: chr(int(found[1], 8)), text))


def _escaped(owner: Name) -> str:
    return owner.text.replace("*", "\\052") + "."


def _change(wanted: RRset) -> str:
    """One change of a batch.  Names and addresses hold nothing that XML would have to escape."""
    ttl = _DEFAULT_TTL if wanted.ttl is None else wanted.ttl
    action, values = "UPSERT", [str(address) for address in in_order(wanted.addresses)]
    if not values:
        action = "DELETE"
        ttl, values = cast("tuple[int, list[str]]", wanted.options["held"])
    records = "".join(f"<ResourceRecord><Value>{value}</Value></ResourceRecord>" for value in values)
    return (
        f"<Change><Action>{action}</Action><ResourceRecordSet><Name>{wanted.owner}.</Name>"
        f"<Type>{wanted.rrtype}</Type><TTL>{ttl}</TTL><ResourceRecords>{records}</ResourceRecords>"
        "</ResourceRecordSet></Change>"
    )
