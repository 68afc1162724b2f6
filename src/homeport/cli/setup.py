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
from ..config.model import Account, Config, Record, Uplink
from ..core.dns import RRType
from ..core.neighbours import NeighbourAddress
from ..core.schedule import Target
from ..core.secret import Secret
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
    remove = config.agent.vanished == "remove"
    accounts = {
        name: agent.Account(name=name, provider=account.provider, fingerprint=fingerprint(account, salt))
        for name, account in config.accounts.items()
        if remove or any(rule.target.account == name for rule in rules)
    }
    return agent.Setup(
        rules=rules,
        uplinks=uplinks,
        accounts=accounts,
        interval=config.agent.interval.total_seconds(),
        verify=config.agent.verify,
        remove_vanished=remove,
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


def world(
    config: Config,
    noted: Callable[[Sequence[NeighbourAddress]], None] | None = None,
    before: tuple[Config, RealWorld] | None = None,
) -> RealWorld:
    """Sockets bound and proxied as the configuration says; nothing is opened yet.

    `noted` is told each neighbour table that is read.  What has not changed since `before` is taken over
    with all that it holds and knows.
    """
    old, held = before or (None, None)
    nets = {}
    for name, uplink in config.uplinks.items():
        was = old and old.uplinks.get(name)
        if held and old and was and (old.withheld, *_bound(was)) == (config.withheld, *_bound(uplink)):
            nets[name] = held.nets[name]
            continue
        nets[name] = UplinkNet(
            noted=noted,
            user_agent=USER_AGENT,
            interface=uplink.interface,
            source_address=uplink.source_address,
            withheld=config.withheld,
        )
    transports = {}
    for name, account in config.accounts.items():
        ways, known = _ways(account), old and old.accounts.get(name)
        if held and known and _ways(known) == ways:
            transports[name] = held.transports[name]
            continue
        proxy, ca_file, authorities = ways
        transports[name] = HttpTransport(
            user_agent=USER_AGENT, proxy=proxy, ca_file=ca_file, authorities=authorities
        )
    monitors = _monitors(config, nets, before)
    return RealWorld(nets, transports, monitors, held.letterbox if held else None)


def _bound(uplink: Uplink) -> tuple[object, ...]:
    """What the sockets of an uplink are bound to."""
    return uplink.interface, uplink.source_address


def _ways(account: Account) -> tuple[Secret | None, Path | None, str | None]:
    """The proxy of an account, and the authorities that it trusts: their file, and what is in it."""
    provider = account.provider
    if not isinstance(provider, HttpProvider):
        return None, None, None
    return provider.proxy, provider.ca_file, account.authorities


def _monitors(
    config: Config, nets: Mapping[str, UplinkNet], before: tuple[Config, RealWorld] | None
) -> dict[str, Monitor]:
    """Of the uplinks with probes; nothing is probed yet."""
    watched = {name: uplink for name, uplink in config.uplinks.items() if uplink.probes}
    if not watched:
        return {}
    from ..net import health  # noqa: PLC0415 - only where a line is watched
    from ..net.probe import Prober  # noqa: PLC0415

    found: dict[str, Monitor] = {}
    for name, uplink in watched.items():
        if before and (was := before[0].uplinks.get(name)):
            same = (was.probes, was.terms) == (uplink.probes, uplink.terms)
            if same and before[1].nets[name] is nets[name]:
                found[name] = before[1].monitors[name]
                continue
        found[name] = health.Monitor(name, uplink.probes, uplink.terms, Prober(nets[name]))
    return found
