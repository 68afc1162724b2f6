"""Keeps us from being banned: who must be left alone, and how often each may be asked.

Decisions are in `core.circuit` and `core.budget`; here they meet the clock and the state file.  What must
outlast a crash is on the disk before it is acted on: a stop before anything else is sent, and a
request before it is sent, unless a few were put down at once (`budget.reserve`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from ..core import budget, circuit
from ..core.budget import Budget, Spent, Toll
from ..core.circuit import Party, Trip
from ..core.errors import ProviderError
from ..core.schedule import DAY
from ..sources.base import Source
from ..state.store import Store
from .world import Account

_log = logging.getLogger(__name__)

SLEWED = 0.5  # seconds; a clock that is corrected by less has not jumped, and is followed
KEPT = 2 * DAY  # longer than any window of a budget


@dataclass(slots=True)
class _Meter:
    """What counts for one key, and how much of it may still be used before it is on the disk."""

    spent: Spent = ()
    ahead: int = 0
    kept: Spent = ()


class Guard:
    """`now` is the clock of the wall, `elapsed` one that never jumps.

    While we watch, a clock that jumps ends no stop and no window early; a machine that sleeps does not
    serve its time meanwhile either, since that looks the same.
    """

    def __init__(self, store: Store, now: Callable[[], float], elapsed: Callable[[], float]) -> None:
        self._store, self._wall, self._elapsed = store, now, elapsed
        self._circuits: dict[circuit.Key, Trip] = store.circuits()
        self._meters = {key: _Meter(spent, 0, spent) for key, spent in store.spent().items()}
        self._last: tuple[float, float] | None = None
        self._parties: dict[str, Party] = {}

    # -- accounts and services that are left alone ---------------------------------------------

    def refresh(self, accounts: Collection[Account]) -> None:
        """Before each round: what a person has lifted, and what the configuration makes of the rest."""
        now = self._now()
        self._circuits = self._store.circuits()
        self._parties.clear()
        parties = {account.name: self._party(account) for account in accounts}
        self._keep(circuit.kept_up(self._circuits, parties, now))

    def hold(self, account: Account) -> tuple[str, float] | None:
        """Why an account must be left alone, and for how many seconds; None if it may be asked."""
        now = self._now()
        if not self._circuits:
            return None
        found = circuit.hold(self._circuits, self._party(account), now)
        return found and (circuit.says(*found, now), circuit.left(found[1], now))

    def trip(self, account: Account, error: ProviderError) -> None:
        """After an error of a provider; most concern a name alone, and change nothing here."""
        concerned = circuit.scope(error)
        if concerned is None:
            return
        [key] = [key for key in party(account).keys if key.scope is concerned]
        now, old = self._now(), self._circuits.get(key)
        new = circuit.tripped(old, error, account.name, now)
        if new != old:
            self._keep({key: new})
            _log.warning("%s; what lifts it: %s", circuit.says(key, new, now), circuit.lifts(key, new))

    def _party(self, account: Account) -> Party:
        """Asked before each request, and the same for a whole round."""
        known = self._parties.get(account.name)
        if known is None or known.fingerprint != account.fingerprint:
            known = self._parties[account.name] = party(account)
        return known

    def due(self) -> list[float]:
        """Seconds until somebody may be asked again; empty if nobody waits."""
        soonest = circuit.due(self._circuits, self._now())
        return [] if soonest is None else [soonest]

    def obeyed(self, account: Account) -> None:
        """The provider did what it was asked to: what it refused without a reason was not for good."""
        key = party(account).keys[0]
        if circuit.cleared(self._circuits.get(key)):
            self._keep({key: None})

    def _keep(self, news: Mapping[circuit.Key, Trip | None]) -> None:
        if news:
            self._store.trip(news)
            for key, trip in news.items():
                if trip is None:
                    self._circuits.pop(key, None)
                else:
                    self._circuits[key] = trip

    # -- how often each may be asked -----------------------------------------------------------

    def wait(self, keys: Iterable[str], limit: Budget) -> float:
        """Seconds until somebody known by these keys may be asked."""
        now = self._now()
        meters = {key: self._meters.setdefault(key, _Meter()) for key in keys}
        for meter in meters.values():
            meter.spent = budget.current(meter.spent, limit, now)
        return max(budget.wait(meter.spent, limit, now) for meter in meters.values())

    def spend(self, dues: Mapping[str, Budget]) -> None:
        """One request that counts for each of these keys; whether it may be sent is what `wait` says."""
        now = self._now()
        news: dict[str, Spent] = {}
        for key, limit in dues.items():
            meter = self._meters.setdefault(key, _Meter())
            if not meter.ahead:
                meter.ahead = budget.reserve(limit)
                news[key] = meter.kept = budget.spend(meter.spent, limit, now, meter.ahead)
            meter.ahead -= 1
            meter.spent = budget.spend(meter.spent, limit, now)
        if news:
            self._store.spend(news)

    def not_asked(self, source: Source) -> str | None:
        """Why a source must not be asked now; None if it may, and then it counts."""
        if source.limit is None:
            return None
        key = source_key(source)
        if not (wait := self.wait([key], source.limit)):
            self.spend({key: source.limit})
            return None
        return f"it takes {source.limit}; the next question may be sent in {circuit.span(wait)}"

    def settle(self) -> None:
        """When the agent ends: put down what was used, in place of what might have been."""
        now = self._now()
        gone = {
            key for key, one in self._meters.items() if all(now - group.at > KEPT for group in one.spent)
        }
        news = {
            key: () if key in gone else meter.spent
            for key, meter in self._meters.items()
            if key in gone or meter.spent != meter.kept
        }
        if news:
            self._store.spend(news)
        for meter in self._meters.values():
            meter.kept, meter.ahead = meter.spent, 0
        for key in gone:
            del self._meters[key]

    # -- the clock -----------------------------------------------------------------------------

    def _now(self) -> float:
        """The clock of the wall; if it has jumped since it was last looked at, all else jumps with it."""
        wall, elapsed = self._wall(), self._elapsed()
        if self._last is not None:
            jump = (wall - self._last[0]) - (elapsed - self._last[1])
            if abs(jump) > SLEWED:
                self._keep({key: circuit.shifted(trip, jump) for key, trip in self._circuits.items()})
                for meter in self._meters.values():
                    meter.spent, meter.kept = (
                        budget.shifted(one, jump) for one in (meter.spent, meter.kept)
                    )
                if self._meters:
                    self._store.spend({key: meter.kept for key, meter in self._meters.items()})
        self._last = wall, elapsed
        return wall


def party(account: Account) -> Party:
    return Party(account.name, account.fingerprint, account.provider.host())


def account_keys(account: Account, toll: Toll) -> tuple[str, str]:
    """Neither another name in the configuration nor another setting makes a new budget of it."""
    of = f": {toll.of}, {toll.budget}" if toll.of else ""
    return f"account {account.name}{of}", f"login {account.fingerprint}{of}"


def source_key(source: Source) -> str:
    """Both families, all uplinks and every spelling of it are one service."""
    return f"source {source.label.partition(':')[0]}:{source.operator}"
