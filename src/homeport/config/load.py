"""From files and environment to a `Config`, or to all that is wrong with them at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from ..core import host as hosts
from ..core import probe as probes
from ..core.address import ALLOWABLE, PLAIN_WORDS, at_home, classify, publishable
from ..core.dns import Name, RRType
from ..core.errors import ConfigError
from ..core.fritzbox import NO_NAME, Login
from ..core.health import Terms
from ..core.host import HostId
from ..core.probe import Probe
from ..core.secret import Secret, SecretUrl
from ..core.settings import KeyPath, Reader, Setting, Text, is_wrong, kind_of, meant, settings, untangled
from ..driver import HttpProvider, Provider
from ..sources import spec
from ..sources.base import Source
from ..sources.static import Static
from ..wire import auth
from . import authorities, commands, environment, extras, find, providers, rights, secrets
from .document import Document, Layer
from .mistakes import Mistake, Mistakes, written
from .model import Account, AgentSettings, Config, LogSettings, Record, Uplink
from .paths import expanded
from .read import read
from .tables import AgentTable, RecordTable, UplinkTable

_SECTIONS = {
    "agent": "[agent]",
    "log": "[log]",
    "uplink": "[uplink.NAME]",
    "account": "[account.NAME]",
    "record": "[[record]]",
}
_FAMILIES = {"ipv4": RRType.A, "ipv6": RRType.AAAA}
_SETTING = 3  # steps to a setting of an account; more are in a table of it
_TELLING = re.compile(
    r"(?i)token|key|secret|pass|psw|pwd|credential|cookie|authorization|auth[_-]?code|otp|2fa"
)
_HASTY = 30  # seconds; a shorter interval asks the sources more often than their operators like


def load(
    path: Path | None, environ: Mapping[str, str], *, resolve: bool = True, blind: bool = False
) -> Config:
    """The configuration of `path`, or of the usual places, with its overlay and the environment.

    Without `resolve`, secrets are read from variables and files, but no command is run and no keyring
    is asked.  With `blind`, no secret is looked for at all: for commands that only show something, and
    may run where the agent's secrets are not.  Raises `Mistakes` with all that is wrong; `ConfigError`
    if there is nothing to read.
    """
    first, warnings = find.find(path, environ)
    if first is None and not environment.present(environ):
        raise find.nothing_found(environ)
    files = _files(first, environ)
    layers = _layers(files)
    folder = Path() if first is None else first.parent
    work = _Load(Document(layers), secrets.References(environ, folder, resolve, blind))
    work.warnings += [((-1, 0), warning) for warning in warnings]
    try:
        return work.config(tuple(files))
    except Mistakes as error:
        raise Mistakes(error.mistakes, (*files, *sorted(work.secret_files | work.ca_files))) from None


def default(environ: Mapping[str, str]) -> Config:
    """What holds where nobody has configured anything: one uplink, no account, no record."""
    return _Load(Document([]), secrets.References(environ, Path(), resolve=False)).config(())


def read_layers(first: Path | None, environ: Mapping[str, str]) -> list[Layer]:
    """The first file and what lies over it, as they are written.  Raises as `load` does."""
    return _layers(_files(first, environ))


def _files(first: Path | None, environ: Mapping[str, str]) -> list[Path]:
    name = environ.get("HOMEPORT_ENV")
    if first is None:
        if name:
            raise ConfigError(
                f"HOMEPORT_ENV={name}: there is no homeport.toml for homeport.{name}.toml to lie over"
            )
        return []
    return [first, find.beside(first, name)] if name else [first]


def _layers(files: Sequence[Path]) -> list[Layer]:
    """All files, or the mistakes of every file that cannot be understood."""
    found: list[Layer] = []
    mistakes: list[Mistake] = []
    for file in files:
        try:
            found.append(read(file))
        except Mistakes as error:
            mistakes += error.mistakes
    if mistakes:
        raise Mistakes(tuple(mistakes), tuple(files))
    return found


@dataclass
class _Load:
    """One reading of a document, and what it has found so far."""

    document: Document
    references: secrets.References
    mistakes: list[tuple[tuple[int, int], Mistake]] = field(default_factory=list)
    warnings: list[tuple[tuple[int, int], Mistake]] = field(default_factory=list)
    unknown: set[KeyPath] = field(default_factory=set)  # secrets that were not followed
    literals: set[Path] = field(default_factory=set)  # files with a secret in plain text
    secret_files: set[Path] = field(default_factory=set)
    ca_files: set[Path] = field(default_factory=set)

    def config(self, files: tuple[Path, ...]) -> Config:
        below = self.document.tree()
        over = environment.overlay(self.references.environ, below, self._environment_mistake)
        self.document = Document([*self.document.layers, over])
        # Of every layer: what another one lies over is a secret no less.
        withheld = frozenset(name for one in self.document.layers for name in secrets.variables(one.tree))
        self.references = self.references._replace(withheld=withheld)
        tree = self.document.tree()
        self.reader = Reader(
            self.report,
            {Secret: self._secret, SecretUrl: self._secret_url, Path: self._path, HostId: self._host},
        )

        for key in tree:
            if key not in _SECTIONS and key != "$schema":
                self.report((key,), "no such setting", meant(key, _SECTIONS))
        agent = self._agent(tree.get("agent", {}))
        log = self.reader.table(LogSettings, tree.get("log", {}), ("log",))
        uplinks = self._uplinks(tree)
        accounts = self._accounts(tree)
        records = self._records(tree, uplinks, accounts)
        self._open_files()
        if self.mistakes or agent is None or log is None:
            raise Mistakes(_sorted(self.mistakes))
        made_uplinks = {name: uplink for name, uplink in uplinks.items() if uplink}
        made_accounts = {name: account for name, account in accounts.items() if account}
        return Config(
            agent=agent,
            log=log,
            uplinks=MappingProxyType(made_uplinks),
            accounts=MappingProxyType(made_accounts),
            records=tuple(records),
            files=files,
            warnings=_sorted(self.warnings),
            secret_files=tuple(sorted(self.secret_files)),
            withheld=withheld,
            ca_files=tuple(sorted(self.ca_files)),
        )

    # What is said, and where.

    def report(self, path: KeyPath, message: str, remedy: str = "") -> None:
        self.mistakes.append(self._mistake(path, message, remedy))

    def warn(self, path: KeyPath, message: str, remedy: str = "") -> None:
        self.warnings.append(self._mistake(path, message, remedy))

    def _mistake(self, path: KeyPath, message: str, remedy: str) -> tuple[tuple[int, int], Mistake]:
        layer, place = self.document.origin(path)
        order = next((i for i, one in enumerate(self.document.layers) if one is layer), 0)
        return (order, place.line), Mistake(str(place), written(path), message, remedy)

    def _environment_mistake(self, mistake: Mistake) -> None:
        self.mistakes.append(((len(self.document.layers), 0), mistake))

    # Values that need to know where they stand.

    def _secret(self, text: str, path: KeyPath) -> Secret:
        found = self._followed(text, path)
        in_table = len(path) > _SETTING
        if found.literal and in_table and not any(_TELLING.search(str(step)) for step in path[2:]):
            return (
                found.secret
            )  # a table such as lexicon's settings holds both what is secret and what is not
        if found.literal and path[-1] == "router_user":
            return found.secret  # a name is none, though it may be kept where the password is
        self._say_how_kept(found, path)
        return found.secret

    def _secret_url(self, text: str, path: KeyPath) -> SecretUrl:
        found = self._followed(text, path)
        url = secrets.as_url(found.secret)
        if not found.known:
            return url
        try:
            has_login = bool(auth.proxy(url).secrets)
        except ConfigError as error:
            hints = [remedy for _, remedy in found.warnings if remedy.startswith("did you mean")]
            raise ConfigError("; ".join([str(error), *hints])) from None
        if has_login or not found.literal:
            self._say_how_kept(found, path)
        return url

    def _followed(self, text: str, path: KeyPath) -> secrets.Found:
        if text.startswith("file:"):
            self.secret_files.add(self._path(text.removeprefix("file:").strip(), path))
        found = self.references.find(text)
        if not found.known:
            self.unknown.add(path)
        return found

    def _say_how_kept(self, found: secrets.Found, path: KeyPath) -> None:
        layer, _ = self.document.origin(path) if found.literal else (None, None)
        if found.literal and layer is not None and layer.file is not None:
            self.literals.add(layer.file)
        if not found.literal or (layer is not None and layer.file is not None):
            for message, remedy in found.warnings:
                self.warn(path, message, remedy)

    def _authorities(self, file: Path | None, path: KeyPath) -> str | None:
        """What is in it; None if there is none, or it is wrong, which is told."""
        if file is None or self.references.blind:
            return None
        self.ca_files.add(file)
        try:
            return authorities.read(file)
        except ConfigError as error:
            self.report(path, str(error))
            return None

    def _path(self, text: str, _: KeyPath) -> Path:
        return self.references.folder / expanded(text)

    def _host(self, text: str, _: KeyPath) -> HostId:
        return hosts.parse(text)

    def _open_files(self) -> None:
        for order, layer in enumerate(self.document.layers):
            if layer.file is None:
                continue
            if layer.file in self.literals:
                found, why = rights.too_open(layer.file), "it holds secrets in plain text"
            else:
                found, why = rights.writable_by_others(layer.file), "it says what the agent runs"
            for message, remedy in found:
                mistake = Mistake(str(layer.file), "", f"{message}, and {why}", remedy)
                self.warnings.append(((order, 0), mistake))

    # The sections.

    def _agent(self, table: object) -> AgentSettings | None:
        found = self.reader.table(AgentTable, table, ("agent",))
        if found is None:
            return None
        if found.interval.total_seconds() < _HASTY:
            self.warn(
                ("agent", "interval"),
                "asks public services more often than they like",
                f'write "{_HASTY}s" or more, unless all sources are yours',
            )
        environ = self.references.environ
        named = environ.get("HOMEPORT_STATE_DIR")
        usual = found.state_dir or find.state_dir(environ, self._first())
        state = expanded(named) if named else usual
        return AgentSettings(
            interval=found.interval, state_dir=state, verify=found.verify, vanished=found.vanished
        )

    def _first(self) -> Path | None:
        return next((layer.file for layer in self.document.layers if layer.file is not None), None)

    def _section(self, tree: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        """The tables of `[account.NAME]` or `[uplink.NAME]`."""
        section = untangled(tree.get(name, {}), dict)
        heading = _SECTIONS[name]
        if not isinstance(section, Mapping):
            self.report((name,), f"must be tables, not {kind_of(section)}", f"write {heading}")
            return {}
        found = {}
        for key, table in section.items():
            if isinstance(table, Mapping):
                found[key] = table
            elif not key.strip():
                self.report((name, key), "has an empty name", f"write {heading}")
            else:
                self.report((name, key), f"must be a table, not {kind_of(table)}", f"write {heading}")
        return found

    def _uplinks(self, tree: Mapping[str, Any]) -> dict[str, Uplink | None]:
        section = self._section(tree, "uplink")
        if "uplink" not in tree or not (section or tree["uplink"]):
            section = {"default": {}}
        return {name: self._uplink(name, table) for name, table in section.items()}

    def _uplink(self, name: str, table: Mapping[str, Any]) -> Uplink | None:
        path: KeyPath = ("uplink", name)
        before = len(self.mistakes)
        values, _ = self.reader.values(settings(UplinkTable), table, path)
        found = UplinkTable(**values)
        login = self._login(found, table, path)
        sources: dict[RRType, tuple[Source, ...]] = {}
        for key, rrtype in _FAMILIES.items():
            words: tuple[str, ...] = getattr(found, key)
            many = isinstance(untangled(table.get(key, []), list), list)
            some = [
                self._sources(word, rrtype, (*path, key, i) if many else (*path, key), found, login)
                for i, word in enumerate(words)
            ]
            sources[rrtype] = tuple(dict.fromkeys(source for part in some for source in part))
            witnesses = len({source.operator for source in sources[rrtype]})
            if found.agree and 0 < witnesses < found.agree:
                self.warn(
                    (*path, "agree"),
                    f"{key} has only {witnesses} independent source{'s' if witnesses > 1 else ''}",
                    f"name more sources in {key}, or write agree = {witnesses}",
                )
        asked = self._probes(found, table, path)
        if len(self.mistakes) > before:
            return None
        return Uplink(
            name=name,
            interface=found.interface,
            source_address=found.source_address,
            sources=MappingProxyType(sources),
            types_written=frozenset(rrtype for key, rrtype in _FAMILIES.items() if key in table),
            agree=found.agree,
            allow=tuple(dict.fromkeys(found.allow)),
            listen=found.listen,
            probes=asked,
            terms=Terms(
                found.probe_interval.total_seconds(),
                found.detect.total_seconds(),
                found.recover.total_seconds(),
            ),
        )

    def _probes(self, uplink: UplinkTable, table: Mapping[str, Any], path: KeyPath) -> tuple[Probe, ...]:
        found: list[Probe] = []
        for i, word in enumerate(uplink.probe):
            where = _item((*path, "probe"), i, table)
            try:
                probe = probes.parse(word)
            except ConfigError as error:
                self.report(where, str(error))
                continue
            source = uplink.source_address
            if source is not None and probe.rrtype not in (None, RRType.of(source)):
                family = "IPv6" if probe.rrtype is RRType.AAAA else "IPv4"
                self.report(where, f"cannot be asked from {source}", f"leave out this {family} probe")
            found.append(probe)
        for key in ("probe_interval", "detect", "recover"):
            if key in table and not uplink.probe:
                self.warn((*path, key), "changes nothing: there is no probe", 'write probe = ["icmp:..."]')
        return tuple(dict.fromkeys(found))

    def _login(self, uplink: UplinkTable, table: Mapping[str, Any], path: KeyPath) -> Login | None:
        """That of the router, if there is one; one that nobody uses is told."""
        asked = any(word.strip().startswith("fritzbox") for word in (*uplink.ipv4, *uplink.ipv6))
        for key in ("router_user", "router_password", "router_ca_file"):
            if key in table and not asked:
                self.warn((*path, key), "changes nothing: no source asks a FRITZ!Box", 'write "fritzbox"')
            elif key in table and "router_password" not in table:
                self.report((*path, key), "is of no use without router_password", "write it beside")
        if "router_password" not in table:
            return None
        password = uplink.router_password or Secret("")  # which is wrong, and told, if it is none
        file = uplink.router_ca_file
        trusted = self._authorities(file, (*path, "router_ca_file"))
        return Login(uplink.router_user or Secret(NO_NAME), password, file, trusted)

    def _sources(
        self, word: str, rrtype: RRType, path: KeyPath, uplink: UplinkTable, login: Login | None
    ) -> tuple[Source, ...]:
        try:
            found = spec.parse(word, rrtype, interface=uplink.interface, login=login)
            kind, _, line = word.partition(":")
            if kind.strip() == "command":
                commands.split(line)
        except ConfigError as error:
            self.report(path, str(error))
            return ()
        self._login_in_clear(word, path)
        for source in found:
            for address in sorted(source.addresses, key=str) if isinstance(source, Static) else ():
                if not publishable(address, uplink.allow):
                    kind = classify(address)
                    remedy = f'write allow = ["{kind}"]' if kind in ALLOWABLE else "no setting allows it"
                    self.warn(path, f"{address} will not be published: it is {PLAIN_WORDS[kind]}", remedy)
        return found

    def _login_in_clear(self, word: str, path: KeyPath) -> None:
        url = urlsplit(word.strip().removeprefix("http:"))
        if url.scheme == "http" and url.password and not at_home(url.hostname or ""):
            self.warn(
                path,
                "is http://, so its user name and password cross the Internet unencrypted",
                "write http:https://USER:PASSWORD@HOST/, or leave them out",
            )

    def _accounts(self, tree: Mapping[str, Any]) -> dict[str, Account | None]:
        return {name: self._account(name, table) for name, table in self._section(tree, "account").items()}

    def _account(self, name: str, table: Mapping[str, Any]) -> Account | None:
        path: KeyPath = ("account", name)
        kind = table.get("provider")
        if "provider" not in table:
            self.report(
                (*path, "provider"), "missing: which service? homeport providers lists all that there are"
            )
            return None
        if not isinstance(kind, str):
            self.report((*path, "provider"), f"must be text, not {kind_of(kind)}")
            return None
        try:
            driver = providers.load(str(kind))
        except ConfigError as error:
            self.report((*path, "provider"), str(error))
            return None
        wanted = settings(driver)
        before = len(self.mistakes)
        values, _ = self.reader.values(wanted, table, path, besides=("provider",))
        self._url(values.get("endpoint"), (*path, "endpoint"))
        if any(s.name not in values and (s.required or s.name in table) for s in wanted):
            return None
        provider: Provider = driver(**values)
        for key, message in provider.mistakes():
            place = written((*path, key))
            if (*path, key) not in self.unknown and all(one.path != place for _, one in self.mistakes):
                self.report((*path, key), message)
        if kind in extras.CHECKS and not self.references.blind:
            for where, message, remedy in extras.CHECKS[kind](provider):
                self.report((*path, *where), message, remedy)
        file = provider.ca_file if isinstance(provider, HttpProvider) else None
        trusted = self._authorities(file, (*path, "ca_file"))
        if len(self.mistakes) > before:
            return None
        self._in_clear(provider, table, path)
        held = {setting.name: getattr(provider, setting.name) for setting in wanted}
        return Account(name, str(kind), provider, MappingProxyType(held), trusted)

    def _in_clear(self, provider: Provider, table: Mapping[str, Any], path: KeyPath) -> None:
        """Once for each account, wherever its URL is written."""
        url = urlsplit(provider.origin())
        if url.scheme != "http" or at_home(url.hostname or ""):
            return
        if any(setting.secret and getattr(provider, setting.name) for setting in settings(type(provider))):
            key = next((key for key in ("endpoint", "url") if key in table), "endpoint")
            self.warn(
                (*path, key),
                "is http://, so the credentials of this account cross the Internet unencrypted",
                "write https:// (a server of your own may have a ca_file), or reach it by an address of "
                "your own network",
            )

    def _url(self, url: object, path: KeyPath) -> None:
        if not isinstance(url, str):
            return
        try:
            parts = urlsplit(url)
            fine = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            fine = False
        if not fine:
            self.report(path, "must be a URL such as https://api.example.com")

    def _records(
        self,
        tree: Mapping[str, Any],
        uplinks: Mapping[str, Uplink | None],
        accounts: Mapping[str, Account | None],
    ) -> list[Record]:
        tables = tree.get("record", [])
        if not isinstance(tables, list):
            self.report(("record",), f"must be a list of tables, not {kind_of(tables)}", "write [[record]]")
            return []
        if not tables and not self.mistakes:
            self.warn((), "there is no [[record]], so there is no name to keep")
        reading = _Records(self, uplinks, accounts)
        found = [reading.record(i, table) for i, table in enumerate(tables)]
        if not self.mistakes:
            reading.unused()
        return [record for record in found if record]


@dataclass
class _Records:
    """The records, checked against the accounts and uplinks they name and against each other."""

    load: _Load
    uplinks: Mapping[str, Uplink | None]
    accounts: Mapping[str, Account | None]
    met: dict[tuple[Name, RRType, str], KeyPath] = field(default_factory=dict)
    used: set[tuple[str, str]] = field(default_factory=set)  # ("account", name), ("uplink", name)

    def record(self, number: int, table: object) -> Record | None:
        path: KeyPath = ("record", number)
        before = len(self.load.mistakes)
        values, _ = self.load.reader.values(settings(RecordTable), table, path)
        if not isinstance(table, Mapping):
            return None
        found = RecordTable(**{"name": (), "account": (), **values})
        every = tuple(self.uplinks)
        uplinks = tuple(dict.fromkeys(found.uplink or every))
        accounts = tuple(dict.fromkeys(found.account))
        self._named("account", accounts, self.accounts, path, table)
        self._named("uplink", uplinks, self.uplinks, path, table)
        types = self._types(found.type, uplinks, path, written="type" in table)
        self._owners(found.name, accounts, path, table)
        options = self._options(found.options, accounts, (*path, "options"))
        if found.host and types == (RRType.A,):
            self.load.warn(
                (*path, "host"), "changes nothing: it is for IPv6, and this record has type A only"
            )
        self._twice(found.name, types, accounts, path, table)
        if found.share:
            self._shared(accounts, (*path, "share"))
        if len(self.load.mistakes) > before:
            return None
        return Record(
            owners=found.name,
            accounts=accounts,
            types=types,
            types_written="type" in table,
            ttl=found.ttl,
            uplinks=uplinks,
            policy=found.policy,
            share=found.share,
            host=found.host,
            options=options,
        )

    def unused(self) -> None:
        """Warn of accounts and uplinks that no record names."""
        for section, names in (("account", self.accounts), ("uplink", self.uplinks)):
            for name in names:
                if self.met and (section, name) not in self.used:
                    self.load.warn((section, name), f"no record uses this {section}")

    def _named(
        self,
        section: str,
        names: tuple[str, ...],
        known: Mapping[str, object],
        path: KeyPath,
        table: Mapping[str, Any],
    ) -> None:
        for i, name in enumerate(names):
            self.used.add((section, name))
            if name not in known:
                remedy = meant(name, known) if known else f"write {_SECTIONS[section]}"
                where = _item((*path, section), i, table)
                self.load.report(where, f"there is no such {section}", remedy)

    def _types(
        self, types: tuple[RRType, ...], uplinks: tuple[str, ...], path: KeyPath, *, written: bool
    ) -> tuple[RRType, ...]:
        """The types that some uplink looks for; one that is written and not looked for is a mistake."""
        some = [self.uplinks.get(name) for name in uplinks]
        types = tuple(dict.fromkeys(types))
        if None in some or not some:  # whose mistakes are already told
            return types
        held = tuple(rrtype for rrtype in types if any(uplink.sources[rrtype] for uplink in some if uplink))
        missing = [rrtype for rrtype in types if rrtype not in held] if written or not held else []
        for rrtype in missing:
            family = next(key for key, value in _FAMILIES.items() if value is rrtype)
            self.load.report(
                (*path, "type"),
                f"no uplink of this record looks for {rrtype} addresses",
                f"name sources in {family} of [uplink.{uplinks[0]}], or leave {rrtype} out",
            )
        return held

    def _owners(
        self, owners: tuple[Name, ...], accounts: tuple[str, ...], path: KeyPath, table: Mapping[str, Any]
    ) -> None:
        for i, owner in enumerate(owners):
            for name in accounts:
                account = self.accounts.get(name)
                if account and (why := account.provider.why_not(owner)):
                    where = _item((*path, "name"), i, table)
                    self.load.report(where, f"{owner} cannot be at account {name}: {why}")

    def _shared(self, accounts: tuple[str, ...], path: KeyPath) -> None:
        for name in accounts:
            account = self.accounts.get(name)
            if account and not account.provider.readable:
                self.load.report(
                    path,
                    f"{account.provider.title} (account {name}) takes one address and tells none, so "
                    "nothing of others could be kept there",
                    "leave out share, or keep the name at a service whose records can be read",
                )

    def _options(
        self, options: Mapping[str, object], accounts: tuple[str, ...], path: KeyPath
    ) -> dict[str, object]:
        """The options by the types that the providers give them."""
        some = [self.accounts.get(name) for name in accounts]
        known: dict[str, Setting] = {}
        for account in some:
            for setting in settings(account.provider.options) if account else ():
                known.setdefault(setting.name, setting)
        found: dict[str, object] = {}
        for key, value in options.items():
            if key in known:
                converted = self.load.reader.value(known[key], value, (*path, key))
                if not is_wrong(converted):
                    found[key] = converted
            elif None not in some:
                kinds = ", ".join(dict.fromkeys(account.provider.title for account in some if account))
                self.load.report((*path, key), f"{kinds} has no such option", meant(key, known))
        return found

    def _twice(
        self,
        owners: tuple[Name, ...],
        types: tuple[RRType, ...],
        accounts: tuple[str, ...],
        path: KeyPath,
        table: Mapping[str, Any],
    ) -> None:
        for i, owner in enumerate(owners):
            where = _item((*path, "name"), i, table)
            for account in accounts:
                met = {t: self.met[owner, t, account] for t in types if (owner, t, account) in self.met}
                if met:
                    first = next(iter(met.values()))
                    _, place = self.load.document.origin(first)
                    self.load.report(
                        where,
                        f"{owner} ({', '.join(met)}) at account {account} is configured twice, "
                        f"first at {place}",
                        "keep one of the two",
                    )
                self.met.update({(owner, t, account): where for t in types if t not in met})


def _item(path: KeyPath, i: int, table: Mapping[str, Any]) -> KeyPath:
    """The path of one of several values, which may have been written as one."""
    value = table.get(str(path[-1]))
    many = isinstance(value, list) or (isinstance(value, Text) and isinstance(untangled(value, list), list))
    return (*path, i) if many else path


def _sorted(found: Iterable[tuple[tuple[int, int], Mistake]]) -> tuple[Mistake, ...]:
    once = dict.fromkeys(mistake for _, mistake in sorted(found, key=lambda one: one[0]))
    return tuple(once)
