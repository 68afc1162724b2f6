"""Names at which others keep addresses, too: a second agent, a person, and what ours once forgot."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from homeport.core.dns import Key

from .services import NOTHING, Said, Service, Texts


class Others:
    """Which addresses at the names of one account are not the agent's."""

    def __init__(self, service: Service, elapsed: Callable[[], float]) -> None:
        self._service, self._elapsed = service, elapsed
        self._theirs: dict[Key, list[tuple[float, Texts]]] = {key: [(0.0, NOTHING)] for key in service.keys}
        self.left: Said = dict.fromkeys(service.keys, NOTHING)  # forgotten by the agent: nobody's

    def now(self, key: Key) -> Texts:
        return self._theirs[key][-1][1]

    def had(self, key: Key, since: float) -> Texts:
        """What was not the agent's at some moment since then."""
        past = self._theirs[key]
        first = max(place for place, (at, _) in enumerate(past) if at <= since)
        return frozenset[str]().union(self.left[key], *(some for _, some in past[first:]))

    def moved(self, key: Key, since: float) -> bool:
        return self._theirs[key][-1][0] >= since

    def keep(self, key: Key, addresses: Texts) -> None:
        """From now on these are theirs."""
        if addresses != self.now(key):
            self._theirs[key].append((self._elapsed(), addresses))

    def edit(self, key: Key, to: Texts) -> None:
        """A person sets the name to these: what was not there before is theirs."""
        self.keep(key, to - (self._service.get(key) - self.now(key)))
        self.left[key] &= to

    def forget(self) -> None:
        """The agent does not know any more what it has put there."""
        for key in self._service.keys:
            self.left[key] |= self._service.get(key) - self.now(key)

    def gone(self, before: Said) -> Mapping[Key, Texts]:
        """What of theirs stood there before, and does not now; it is theirs no more."""
        found = {key: (self.now(key) & before[key]) - self._service.get(key) for key in before}
        for key, some in found.items():
            self.keep(key, self.now(key) - some)
        return {key: some for key, some in found.items() if some}

    def right(self, key: Key, wanted: Texts) -> bool:
        """Is all that is wanted there, and besides only what is not the agent's?"""
        held = self._service.get(key)
        return wanted <= held <= wanted | self.now(key) | self.left[key]


__all__ = ["Others"]
