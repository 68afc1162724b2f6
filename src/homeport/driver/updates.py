"""The family of services that are told an address and cannot be read."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import (
    Collection,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, replace
from typing import ClassVar

from ..core.budget import Budget
from ..core.dns import IPAddress, Key, Name, Present, Record, RRset, RRType
from ..core.errors import (
    Blocked,
    ProviderError,
    Refused,
    Unreachable,
)
from ..core.plan import Change, by_rrset
from .base import Api, End, HttpProvider, Settled, Task, Verdict, understanding


@dataclass(frozen=True, slots=True)
class Update:
    """One "my address is ...": the same addresses for several owners.

    `addresses` holds what is known: an empty set is "none, on purpose".  A type that is missing is
    not known and must be kept, by whatever word or silence the service has for it.
    """

    owners: tuple[Name, ...]
    addresses: Mapping[RRType, frozenset[IPAddress]]


class UpdateApi(HttpProvider):
    """A service that is told addresses and cannot be read."""

    readable: ClassVar[bool] = False
    pace: ClassVar[Budget] = Budget(requests=12, seconds=3600)  # such services judge by the number
    varies: ClassVar[bool] = False  # does what it can be told depend on its settings?

    def hosts(self) -> int:
        """Owners that one request may name."""
        return 1

    def apart(self, owner: Name) -> str:
        """Names of which this differs cannot go in one request."""
        return ""

    def both(self) -> bool:
        """Does one request carry both families?  Then it always does: the silent one may be forgotten."""
        return False

    def told_beside(self, task: Task) -> RRset | None:
        """The other family of the task, if the request that tells the one tells it too."""
        other = task.sibling
        if other is None or not self.both() or self.cannot(other, task.wanted) is not None:
            return None
        return other

    def cannot(self, wanted: RRset, other: RRset | None) -> str | None:
        """Why the service cannot be told that; None if it can.

        `other` is the owner's other family, as it shall be; None if it is not known.
        """
        if len(wanted.addresses) > 1:
            return "the service holds one address of each type; choose one uplink, or policy 'failover'"
        if not wanted.addresses:
            return f"the service has no way to remove the {wanted.rrtype} address; do it on its web page"
        return None

    @abstractmethod
    async def put(self, api: Api, update: Update) -> Mapping[Name, Verdict]:
        """Send one update; the verdict on each owner.

        If it raises `Refused` (of no whole account) over several owners, they are asked in halves.
        """

    def fit(self, wanted: RRset) -> RRset:
        return replace(wanted, ttl=None)  # the service sets it, and tells nobody

    async def look(self, api: Api, keys: Collection[Key]) -> Mapping[Key, Present | ProviderError]:
        return {}

    def changes(self, wanted: RRset, present: Collection[Record]) -> tuple[Change, ...]:
        return by_rrset(wanted, present)

    async def write(self, api: Api, tasks: Sequence[Task], settled: Settled) -> None:
        known: dict[Name, dict[RRType, RRset]] = {}
        for rrset in [t.wanted for t in tasks] + [t.sibling for t in tasks if t.sibling]:
            known.setdefault(rrset.owner, {}).setdefault(rrset.rrtype, rrset)
        due = {task.wanted.key for task in tasks}
        said: dict[Name, dict[RRType, RRset]] = {}
        for owner, sets in known.items():
            for rrset in sets.values():
                other = next((s for s in sets.values() if s is not rrset), None)
                reason = self.why_not(owner) or self.cannot(rrset, other)
                if reason is None:
                    said.setdefault(owner, {})[rrset.rrtype] = rrset
                elif rrset.key in due:
                    settled({rrset.key: Refused(f"{self.title}: {owner} {rrset.rrtype}: {reason}")})
        end = End()
        updates = list(self._updates(said, due))
        for some in updates[:1], updates[1:]:  # the first alone: wrong credentials are shown only once
            await api.together([self._settle(api, update, keys, settled, end) for update, keys in some])

    def _updates(
        self, said: Mapping[Name, Mapping[RRType, RRset]], due: Collection[Key]
    ) -> Iterator[tuple[Update, Collection[Key]]]:
        """The fewest requests: owners with the same addresses together, both families if both go."""
        alike: dict[tuple[str, frozenset[tuple[RRType, frozenset[IPAddress]]]], list[Name]] = {}
        for owner, sets in said.items():
            for part in [sets] if self.both() else [{rrtype: rrset} for rrtype, rrset in sets.items()]:
                if any((owner, rrtype) in due for rrtype in part):
                    content = frozenset((rrtype, rrset.addresses) for rrtype, rrset in part.items())
                    alike.setdefault((self.apart(owner), content), []).append(owner)
        for (_, content), owners in alike.items():
            for start in range(0, len(owners), self.hosts()):
                some = tuple(owners[start : start + self.hosts()])
                types = sorted(rrtype for rrtype, _ in content)
                keys = [(owner, rrtype) for owner in some for rrtype in types if (owner, rrtype) in due]
                yield Update(some, dict(content)), keys

    async def _settle(
        self, api: Api, update: Update, keys: Collection[Key], settled: Settled, end: End
    ) -> None:
        """One request; if it is refused as a whole, its halves, or one bad name spoils the others."""
        verdicts: Mapping[Name, Verdict] = dict.fromkeys(update.owners, end.error)
        if end.error is None:
            try:
                with understanding(self):
                    verdicts = await self.put(api, update)
            except ProviderError as error:
                alone = isinstance(error, Refused) and not isinstance(error, Blocked)
                if len(update.owners) > 1 and alone and not error.whole_account:
                    middle = len(update.owners) // 2
                    for some in update.owners[:middle], update.owners[middle:]:
                        theirs = [key for key in keys if key[0] in some]
                        await self._settle(api, replace(update, owners=some), theirs, settled, end)
                    return
                verdicts = dict.fromkeys(update.owners, error)
            for verdict in verdicts.values():
                if verdict is not None:
                    end.note(verdict)
        missing = Unreachable(f"{self.title} said nothing about this name")
        settled({key: verdicts.get(key[0], missing) for key in keys})
