"""What a configuration means, once it has been read and found right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from ..core.dns import NO_OPTIONS, IPAddress, Name, RRType
from ..core.health import Terms
from ..core.host import HostId
from ..core.probe import Probe
from ..driver import Provider
from ..sources.base import Source
from .mistakes import Mistake

Policy = Literal["failover", "all"]
Vanished = Literal["keep", "remove"]


class AgentSettings(NamedTuple):
    """What concerns the agent as a whole."""

    interval: timedelta
    state_dir: Path  # absolute, or relative to the working directory
    verify: bool = True
    vanished: Vanished = "keep"


@dataclass(frozen=True, kw_only=True)
class LogSettings:
    """`[log]`, as it is written."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], "the least important line that is written"
    ] = "info"
    format: Annotated[Literal["text", "json"], "lines for people, or one JSON object a line"] = "text"
    file: Annotated[
        Path | None, "file to write to beside the console, rotated; relative to the configuration file"
    ] = None


class Uplink(NamedTuple):
    """One way to the Internet, and how its addresses are learnt."""

    name: str
    sources: Mapping[RRType, tuple[Source, ...]]  # of every type; () means: not looked for
    interface: str | None = None
    source_address: IPAddress | None = None
    types_written: frozenset[RRType] = frozenset()  # whose sources the person wrote
    agree: int | None = None
    allow: tuple[str, ...] = ()
    listen: tuple[str, ...] = ()  # words of `tables.Teller`
    probes: tuple[Probe, ...] = ()  # none: nobody watches whether it is up
    terms: Terms = Terms()


class Account(NamedTuple):
    """One account at one provider.  `settings` are those of the provider, defaults included.

    `authorities` is what its `ca_file` holds.
    """

    name: str
    kind: str
    provider: Provider
    settings: Mapping[str, object]
    authorities: str | None = None


class Record(NamedTuple):
    """One `[[record]]`: every owner, type and account of it is a target."""

    owners: tuple[Name, ...]
    accounts: tuple[str, ...]
    types: tuple[RRType, ...]  # without default types that none of its uplinks looks for
    types_written: bool
    uplinks: tuple[str, ...]
    ttl: int | None = None  # seconds
    policy: Policy = "failover"
    share: bool = False
    host: HostId | None = None
    options: Mapping[str, object] = NO_OPTIONS


class Config(NamedTuple):
    """All of it.  `files` are those that were read, in this order; none if it was the environment.

    `secret_files` are those that references lead to, `ca_files` those with certificates; `withheld` are
    the variables that references name, which no command gets to see.
    """

    agent: AgentSettings
    log: LogSettings
    uplinks: Mapping[str, Uplink]
    accounts: Mapping[str, Account]
    records: tuple[Record, ...]
    files: tuple[Path, ...]
    warnings: tuple[Mistake, ...]
    secret_files: tuple[Path, ...] = ()
    withheld: frozenset[str] = frozenset()
    ca_files: tuple[Path, ...] = ()

    @property
    def all_files(self) -> tuple[Path, ...]:
        """Whatever was read, and may be another tomorrow."""
        return *self.files, *self.secret_files, *self.ca_files
