"""The seam between `homeport service` and what a platform has to start programs with."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, Protocol

from ..core.errors import ConfigError, HomeportError
from .plan import How, Plan


class Trouble(HomeportError):
    """The system said no to something that was right to ask."""


class NotAllowed(ConfigError):
    """Whoever asks has not the rights for it."""


class Taken(ConfigError):
    """The name belongs to something that is not ours."""


class State(StrEnum):
    """What the system says of it."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"


class Standing(NamedTuple):
    """One installation, as the system tells it."""

    how: How
    state: State
    command: str
    account: str = ""
    process: int = 0
    starts: str = ""  # when it is started, in words
    code: int = 0  # with which its last run ended: `failure.CODES`
    user: bool = False  # of one person, not of the machine


class Manager(Protocol):
    """One way to start the agent.  Raises `Trouble`, `NotAllowed` or `Taken`."""

    how: How

    def find(self) -> Standing | None:
        """What is installed this way; None if nothing of ours is."""
        ...

    def check(self, plan: Plan, /) -> None:
        """Could it be installed?  Nothing is changed."""
        ...

    def install(self, plan: Plan) -> tuple[str, ...]:
        """Register it, or bring it up to date; not started.  Gives what this system could not do."""
        ...

    def uninstall(self) -> None:
        """Take it away; it is stopped already."""
        ...

    def start(self) -> None:
        """Ask for it, and wait until it is up, or down again."""
        ...

    def stop(self) -> None:
        """Ask for it, and wait until it has ended."""
        ...

    def reload(self) -> None:
        """Let the agent read its configuration again."""
        ...
