"""Any provider of the library dns-lexicon.  Its list: https://dns-lexicon.readthedocs.io (read 2026-11-21).

Needs the extra: pip install "homeport[lexicon]".  The library has no notion of a zone's list, filters
fuzzily and deletes by pattern where no id is given: so zones are asked for by name, rows are filtered
again, and nothing is ever deleted without an id.  It cannot tell whether a service took a TTL as it was
given, so a TTL alone is never a reason to write: `ttl` is for new records, the others keep theirs.
A service that homeport has a driver for is better used through that.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Annotated, Any, NoReturn

from ..core.dns import IPAddress, Key, Name, Record, RRset, RRType, Zone
from ..core.errors import BadCredentials, NoSuchName, Refused, Unintelligible
from ..core.secret import Secret
from ..core.settings import Bounds, Seconds
from ..driver import Api, Failed, RecordApi, Session, Step, Unusable, ask_for_zones, owner_of
from ..wire.lexicon_services import ANEW, BLIND, REFUSED, RELATIVE

_TTL = Seconds(300)
_FEW = 20  # names that are listed one by one; more with a list of the zone, which may be long
# AuthenticationError is lexicon's word for wrong credentials and for a zone that the account does not have.
_MISSING = re.compile(
    r"(?i)\bnot (be )?(found|exist|managed|among|registered|in view)|unknown (domain|zone)|could not find|"
    r"\bno (matching )?(domain|zone)"
)
_LOGIN = re.compile(r"(?i)log.?in|password|token|credential|api.?key|\bauth|\bmfa\b|signature|incorrect")
_ZONE = re.compile(r"(?i)domain|zone")
_MISSING_ZONE = re.compile(r"(?i)(domain|zone)\b.* not (be )?found|no zone for")
_QUERY = re.compile(r"\?\S+")  # of a URL, where keys may stand


@dataclass(frozen=True, kw_only=True)
class Lexicon(RecordApi):
    dns: Annotated[str, "lexicon's word for the service, as in `lexicon --help`"]
    settings: Annotated[
        Mapping[str, Secret],
        "what lexicon wants to know for this service, such as { auth_token = ... }: its command line "
        "options, with underscores",
    ] = field(default_factory=dict, hash=False)
    zone: Annotated[
        tuple[Name, ...] | None,
        "the zone, or a list of them; without it they are looked for, which not every service can do, and "
        "a zone inside of another one is not found",
    ] = None
    ttl: Annotated[
        Seconds,
        "how long resolvers may keep a new record; some services want 600 or more (the `ttl` of a record "
        "means nothing here)",
        Bounds(1, 2_147_483_647),
    ] = _TTL

    title = "dns-lexicon"
    example = {"dns": "safedns", "settings": {"auth_token": "env:SAFEDNS_TOKEN"}}
    credential = "What `lexicon SERVICE --help` asks for; the least rights that let it change records."

    def mistakes(self) -> Iterator[tuple[str, str]]:
        if why := REFUSED.get(self.dns):
            yield "dns", f"{self.dns} cannot be used through lexicon: {why}"
        elif self.dns in BLIND and self.zone is None:
            yield "zone", f"missing: through lexicon, {self.dns} cannot say which zones it has"

    def host(self) -> str:
        return f"{self.dns} through lexicon"

    def fit(self, wanted: RRset) -> RRset:
        return replace(wanted, ttl=None)

    async def find_zones(self, api: Api, candidates: Collection[Name]) -> Sequence[Zone | Unusable]:
        if self.zone is not None:
            return [Zone(apex, apex.text) for apex in self.zone if apex in candidates]
        doubts: list[Refused] = []  # of a zone that is not its customer's, a service may say "forbidden"

        async def ask(name: Name) -> Zone | None:
            try:
                await self._session(api, name)
            except Failed as failed:
                try:
                    self._judge(api, failed)
                except Refused as error:
                    if isinstance(error, NoSuchName):
                        return None
                    if failed.reply is None or failed.reply.status == 401:
                        raise
                    doubts.append(error)
                    return None
            return Zone(name, name.text)

        found = await ask_for_zones(candidates, ask)
        if doubts and not found:
            raise doubts[-1]
        return found

    async def records(self, api: Api, zone: Zone, keys: Collection[Key]) -> Mapping[Key, list[Record]]:
        asked: list[tuple[str, str | None]] = [(rrtype.value, owner.text) for owner, rrtype in keys]
        if len(asked) > _FEW:
            asked = [(rrtype, None) for rrtype in dict.fromkeys(rrtype for rrtype, _ in asked)]
        steps = [Step("list", rrtype, owner) for rrtype, owner in asked]
        found: dict[Key, dict[str, Record]] = {key: {} for key in keys}
        for row in (row for rows in await self._run(api, zone, *steps) for row in rows):
            key = _key(zone, row)
            if key is None or key not in found:
                continue
            record = self._record(key, row)
            if found[key].setdefault(record.id, record) != record:
                raise Refused(f"{self._title}: several addresses of {key[0]} have the same id")
        return {key: list(records.values()) for key, records in found.items()}

    async def create(self, api: Api, zone: Zone, wanted: RRset, address: IPAddress) -> None:
        step = Step("create", wanted.rrtype.value, wanted.owner.text, str(address))
        await self._run(api, zone, step)

    async def replace(
        self, api: Api, zone: Zone, wanted: RRset, record: Record, address: IPAddress
    ) -> None:
        owner = wanted.owner.text
        steps = [Step("update", wanted.rrtype.value, owner, str(address), record.id)]
        if self.dns in RELATIVE:
            steps = [steps[0]._replace(owner=wanted.owner.label_in(zone.apex, apex=""))]
        elif self.dns in ANEW:
            steps = [
                Step("create", wanted.rrtype.value, owner, str(address)),
                _removal(owner, record),
            ]
        await self._run(api, zone, *steps, ttl=record.ttl)

    async def delete(self, api: Api, zone: Zone, record: Record) -> None:
        await self._run(api, zone, _removal(str(record.options["name"]), record))

    def _record(self, key: Key, row: Any) -> Record:
        owner, _ = key
        handle, content, ttl = row["id"], str(row["content"]).strip(), row.get("ttl")
        if handle is None or not str(handle):
            raise Refused(f"{self._title} gives {owner} no id, so nothing of it can be changed safely")
        told = {"name": owner.text, "content": content}
        return Record(str(handle), ip_address(content), int(ttl) if ttl else None, told)

    @property
    def _title(self) -> str:
        return f"lexicon's {self.dns}"

    async def _session(self, api: Api, zone: Name, *steps: Step, ttl: int | None = None) -> list[Any]:
        return await api.library.run(Session(self.dns, self.settings, zone.text, ttl or self.ttl, steps))

    async def _run(self, api: Api, zone: Zone, *steps: Step, ttl: int | None = None) -> list[Any]:
        try:
            given = await self._session(api, zone.apex, *steps, ttl=ttl)
        except Failed as failed:
            self._judge(api, failed)
        for step, result in zip(steps, given, strict=True):
            if result is False:  # some swallow what the service said
                raise Unintelligible(f"{self._title} could not {step.action} {step.owner} {step.rrtype}")
        return given

    def _judge(self, api: Api, failed: Failed) -> NoReturn:
        """Raise what the agent must do about it: by the status if there is one, else by the words."""
        if failed.request is not None and failed.reply is not None:
            shown = replace(failed.request, url=self.scrub(failed.request.url))
            api.judge(shown, failed.reply)
        said = " ".join(self.scrub(failed.words).split())
        said = f"{self._title}: {failed.kind}: {_QUERY.sub('?***', said)[:160]}"
        if failed.kind == "AuthenticationError":
            if _MISSING.search(failed.words):
                raise NoSuchName(said) from None
            if _LOGIN.search(failed.words) or not _ZONE.search(failed.words):
                raise BadCredentials(said) from None
            raise NoSuchName(said) from None
        if _MISSING_ZONE.search(failed.words):
            raise NoSuchName(said) from None
        raise Unintelligible(said) from None


def _key(zone: Zone, row: Any) -> Key | None:
    """Whose row it is; None for one that no record of ours could be."""
    rrtype = next((one for one in RRType if one.value == row["type"]), None)
    if rrtype is None:
        return None
    text = row["name"].rstrip(".")
    if text in ("", "@", f"@.{zone.apex}"):
        return zone.apex, rrtype
    owner = owner_of(text)
    if owner is None or not owner.within(zone.apex):
        owner = owner_of(f"{text}.{zone.apex}")
    return (owner, rrtype) if owner else None


def _removal(owner: str, record: Record) -> Step:
    """Told in full beside the id: some look for all of it."""
    rrtype = RRType.of(record.address).value
    return Step("delete", rrtype, owner, str(record.options["content"]), record.id)
