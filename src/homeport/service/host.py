"""Whoever started the agent and waits for it: a terminal, systemd, Windows' service control manager."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable


class Host(Protocol):
    """What the agent tells its host.  No method raises or waits: a deaf host must not stop the agent."""

    def begin(self, stop: Callable[[], None], reload: Callable[[], None]) -> None:
        """The agent's loop runs.  From now on both may be called, from any thread, any number of times."""
        ...

    def ready(self) -> None:
        """All is up: at its start, and after each reload."""
        ...

    def reloading(self) -> None:
        """The configuration is being read again; `ready` follows, whatever comes of it."""
        ...

    def alive(self) -> None:
        """The loop still turns: said every ten seconds, and not said when it hangs."""
        ...

    def stopping(self) -> None:
        """It ends in good order; that may take a few seconds."""
        ...


@runtime_checkable
class Shows(Protocol):
    """A host that shows a line about how it goes."""

    def shows(self, line: str) -> None:
        """Raises nothing and does not wait, as above."""
        ...


class Nobody:
    """A terminal, a container, a test: nobody who wants to be told."""

    def begin(self, stop: Callable[[], None], reload: Callable[[], None]) -> None:
        """See `Host`, here and below."""

    def ready(self) -> None: ...

    def reloading(self) -> None: ...

    def alive(self) -> None: ...

    def stopping(self) -> None: ...
