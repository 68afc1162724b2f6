"""From a configuration to the agent's setup and the world it lives in: the one place that joins them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .. import USER_AGENT
from ..agent import world as agent
from ..config import load as configuration
from ..config.find import NothingFound
from ..config.fingerprint import fingerprint
from ..config.model import Config, Record
from ..core.dns import RRType
from ..core.neighbours import NeighbourAddress
from ..core.schedule import Target
from ..core.settings import settings
from ..core.wish import Rule
from ..driver import HttpProvider, Provider
from ..net.http import HttpTransport
from ..net.uplink import UplinkNet
from ..net.world import Monitor, RealWorld

if TYPE_CHECKING:
    from ..report.record import Recorder


def configure(
    path: Path | None, *, resolve: bool = True, blind: bool = False, needed: bool = True
) -> Config:
    """The configuration; its warnings go to standard error.

    With `blind` no secret is looked for and nothing is warned of: for commands that only look at the
    state.  A command that does not need a configuration gets what holds without.
    """
    try:
        config = configuration.load(path, os.environ, resolve=resolve, blind=blind)
    except NothingFound:
        if needed:
            raise
        return configuration.default(os.environ)
    if not blind:
        for warning in config.warnings:
            print(f"homeport: warning: {warning}", file=sys.stderr)
    return config


def setup(config: Config, salt: bytes) -> agent.Setup:
    """What the configuration asks of the agent.  `salt` keys the fingerprints of the accounts."""
    rules = tuple(
        Rule(
            target=Target(owner, rrtype, account),
            uplinks=record.uplinks,
            policy=record.policy,
            ttl=record.ttl,
            host=record.host,
            options=_known(record.options, config, account),
            written=record.types_written,
            share=record.share,
            beside=_beside(record, rrtype, config.accounts[account].provider),
        )
        for record in config.records
        for owner in record.owners
        for account in record.accounts
        for rrtype in record.types
        if any(config.uplinks[uplink].sources.get(rrtype) for uplink in record.uplinks)
    )
    uplinks = {
        name: agent.Uplink(
            name=name,
            sources=uplink.sources,
            agree=uplink.agree,
            allow=uplink.allow,
            by_default=frozenset(RRType) - uplink.types_written,
        )
        for name, uplink in config.uplinks.items()
    }
    accounts = {
        name: agent.Account(name=name, provider=account.provider, fingerprint=fingerprint(account, salt))
        for name, account in config.accounts.items()
        if any(rule.target.account == name for rule in rules)
    }
    return agent.Setup(
        rules=rules,
        uplinks=uplinks,
        accounts=accounts,
        interval=config.agent.interval.total_seconds(),
        verify=config.agent.verify,
    )


def _beside(record: Record, rrtype: RRType, provider: Provider) -> frozenset[RRType]:
    """The other types of the name, where the service can take this one away and leave them."""
    return frozenset(record.types) - {rrtype} if provider.readable else frozenset()


def _known(options: Mapping[str, object], config: Config, account: str) -> dict[str, object]:
    """The options that this account's provider knows; another account of the record knows the rest."""
    known = {setting.name for setting in settings(config.accounts[account].provider.options)}
    return {name: value for name, value in options.items() if name in known}


def begin(recorder: Recorder, asked: agent.Setup) -> None:
    """The first line of a recording."""
    from ..report.record import SourceFacts, UplinkFacts  # noqa: PLC0415 - for a recording only

    facts = [
        UplinkFacts(
            uplink.name,
            {
                rrtype: tuple(SourceFacts(one.label, one.operator, one.local) for one in some)
                for rrtype, some in uplink.sources.items()
            },
            uplink.agree,
            uplink.allow,
            uplink.by_default,
        )
        for uplink in asked.uplinks.values()
    ]
    recorder.begin(asked.rules, facts, asked.interval)


def world(config: Config, noted: Callable[[Sequence[NeighbourAddress]], None] | None = None) -> RealWorld:
    """Sockets bound and proxied as the configuration says; nothing is opened yet.

    `noted` is told each neighbour table that is read.
    """
    nets = {
        name: UplinkNet(
            noted=noted,
            user_agent=USER_AGENT,
            interface=uplink.interface,
            source_address=uplink.source_address,
        )
        for name, uplink in config.uplinks.items()
    }
    transports = {}
    for name, account in config.accounts.items():
        proxy = ca_file = None
        if isinstance(account.provider, HttpProvider):
            proxy, ca_file = account.provider.proxy, account.provider.ca_file
        transports[name] = HttpTransport(user_agent=USER_AGENT, proxy=proxy, ca_file=ca_file)
    return RealWorld(nets, transports, _monitors(config, nets))


def _monitors(config: Config, nets: Mapping[str, UplinkNet]) -> dict[str, Monitor]:
    """Of the uplinks with probes; nothing is probed yet."""
    watched = {name: uplink for name, uplink in config.uplinks.items() if uplink.probes}
    if not watched:
        return {}
    from ..net import health  # noqa: PLC0415 - only where a line is watched
    from ..net.probe import Prober  # noqa: PLC0415

    return {
        name: health.Monitor(name, uplink.probes, uplink.terms, Prober(nets[name]))
        for name, uplink in watched.items()
    }
