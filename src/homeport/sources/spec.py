"""The words of `ipv4 = [...]` and `ipv6 = [...]`: what a person writes, and the sources it stands for."""

from __future__ import annotations

import re
from binascii import crc32
from collections.abc import Callable, Collection
from ipaddress import IPv4Address, ip_address
from typing import Protocol, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

from ..core.budget import Budget
from ..core.dns import IPAddress, RRType
from ..core.errors import ConfigError
from ..core.fritzbox import Box, Login
from ..core.secret import Secret
from ..wire.auth import basic
from . import pools
from .base import Source

# PLC0415 below: a source is imported by the word that stands for it, so that a run pays only for its own.

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
HERE = "this machine"  # the operator of everything that looks only at it


def parse(
    text: str, rrtype: RRType, *, interface: str | None = None, login: Login | None = None
) -> tuple[Source, ...]:
    """The sources that `text` stands for, to learn addresses of that type with.

    `http`, `dns` and `stun` alone are their whole pools, `gateway` the ways to ask it; every other word
    is one source.  `interface` is the one that the uplink is bound to, which the bare word then means;
    `login` is that of its router.
    Raises `ConfigError`, which says what to write instead.
    """
    word, colon, rest = text.strip().partition(":")
    word, rest = word.strip(), rest.strip()
    if word in ("http", "https") and rest.startswith("//"):
        raise ConfigError(f"a page is written http:URL, here http:{_shown(text.strip())}")
    if word not in WORDS:
        raise ConfigError(f"there is no source {word!r}; {_meant(word, WORDS)}")
    if colon and not rest:
        raise ConfigError(f"nothing stands behind {word!r}:; write {EXAMPLES[word]}")
    if word == "interface" and not rest and interface is not None:
        return _interface(interface, rrtype, label=word)
    if word == "fritzbox":
        return _fritzbox(rest, rrtype, login)
    return WORDS[word](rest, rrtype)


def _http(rest: str, rrtype: RRType) -> tuple[Source, ...]:
    from .http import Http  # noqa: PLC0415

    if rest.startswith(("http://", "https://")):
        return (_written(rest),)
    return tuple(
        Http(
            label=f"http:{page.name}",
            operator=page.operator,
            url=page.urls[rrtype],
            shape="trace" if page.trace else "plain",
            limit=page.limit,
        )
        for page in _picked("http", rest, pools.HTTP, lambda page: rrtype in page.urls, rrtype)
    )


def _written(url: str) -> Source:
    """A page of the person's own choice: its user and password become a header, its query is a secret."""
    from .http import Http, divide  # noqa: PLC0415

    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # its text quotes the URL
        raise _no_url(url) from None
    if not host:
        raise _no_url(url)
    where = f"[{host}]" if ":" in host else host
    netloc = where if port is None else f"{where}:{port}"
    bare, query = divide(parts._replace(netloc=netloc).geturl())
    login = basic(unquote(parts.username), Secret(unquote(parts.password or ""))) if parts.username else {}
    return Http(
        label=f"http:{bare}{'?...' if query else ''}",
        operator=_operator(host, netloc, parts),
        url=bare,
        query=query,
        headers=login,
        shape="page",
        key=parts.fragment or None,
        written=True,
        limit=_limit(host),
    )


def _no_url(url: str) -> ConfigError:
    return ConfigError(f"{_shown(url)!r} is not a URL; write http:https://ip.example.com/")


def _operator(host: str, netloc: str, parts: SplitResult) -> str:
    """Who stands behind a page.  A bare address says nothing about that: each of its pages is its own."""
    for page in pools.HTTP:
        if host in {urlsplit(url).hostname for url in page.urls.values()}:
            return page.operator
    return host if _address(host) is None and host != "localhost" else netloc + parts.path


def _limit(host: str) -> Budget | None:
    """How often a page there may be asked; None for one that nobody is known to have set a limit for."""
    for page in pools.HTTP:
        if host in {urlsplit(url).hostname for url in page.urls.values()}:
            return page.limit
    return pools.WRITTEN.get(host.lower())


def _dns(rest: str, rrtype: RRType) -> tuple[Source, ...]:
    from .dns import Dns  # noqa: PLC0415

    return tuple(
        Dns(
            label=f"dns:{entry.name}",
            operator=entry.operator,
            server=entry.servers[rrtype],
            owner=entry.owner,
            rdtype=entry.rdtypes[rrtype],
            rdclass=entry.rdclass,
            limit=entry.limit,
        )
        for entry in _picked("dns", rest, pools.DNS, lambda entry: rrtype in entry.servers, rrtype)
    )


def _stun(rest: str, _: RRType) -> tuple[Source, ...]:
    from .stun import Stun  # noqa: PLC0415

    if rest and rest not in {server.name for server in pools.STUN}:
        host, port = _host_and_port(rest)
        operator = next((s.operator for s in pools.STUN if s.host == host), host)
        if _address(host) is not None or host == "localhost":
            operator = f"{host} port {port}"
        limit = next((s.limit for s in pools.STUN if s.host == host), None)
        return (Stun(label=f"stun:{rest}", operator=operator, host=host, port=port, limit=limit),)
    return tuple(
        Stun(label=f"stun:{s.name}", operator=s.operator, host=s.host, port=s.port, limit=s.limit)
        for s in pools.STUN
        if rest in ("", s.name)
    )


def _host_and_port(text: str) -> tuple[str, int]:
    """HOST, HOST:PORT, or [IPv6]:PORT."""
    from .stun import Stun  # noqa: PLC0415

    wrong = ConfigError(
        f"{text!r} is not HOST:PORT; write stun:stun.example.com:3478 or stun:[2001:db8::1]:3478"
    )
    if text.count(":") > 1 and not text.startswith("["):
        raise wrong
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise wrong from None
    if not host or parts.netloc != text or "@" in text or port == 0:
        raise wrong
    return host, port or Stun.port


def _interface(rest: str, _: RRType, *, label: str = "") -> tuple[Source, ...]:
    from .interface import Interface  # noqa: PLC0415

    label = label or (f"interface:{rest}" if rest else "interface")
    return (Interface(label=label, operator=HERE, name=rest or None),)


def _route(rest: str, _: RRType) -> tuple[Source, ...]:
    from .route import Route  # noqa: PLC0415

    _alone("route", rest)
    return (Route(label="route", operator=HERE),)


def _gateway(rest: str, rrtype: RRType) -> tuple[Source, ...]:
    """Without a protocol: those that change nothing in the router, the quickest first."""
    from .gateway import NatPmp, Pcp, Prefix, Upnp  # noqa: PLC0415

    if rrtype is RRType.AAAA:
        if rest:
            raise ConfigError(
                f"gateway:{rest} tells IPv4 addresses only; for IPv6 write gateway or interface"
            )
        return (Prefix(label="gateway", operator="gateway"),)
    kinds: dict[str, type[Source]] = {"nat-pmp": NatPmp, "upnp": Upnp, "pcp": Pcp}
    if rest and rest not in kinds:
        raise ConfigError(f"a gateway is not asked by {rest!r}; {_meant(rest, kinds)}")
    asked = [rest] if rest else ["nat-pmp", "upnp"]
    return tuple(kinds[name](label=f"gateway:{name}", operator="gateway") for name in asked)


def _fritzbox(rest: str, rrtype: RRType, login: Login | None = None) -> tuple[Source, ...]:
    """The router is one witness, whatever it is called.

    Without TLS only an address of the local network is asked: in the public DNS, "fritz.box" is a
    stranger's.
    """
    from .gateway import FritzBox, FritzPrefix  # noqa: PLC0415

    if rrtype is RRType.A and login is None:
        raise ConfigError(
            "fritzbox asks with a login: write router_user and router_password beside it, or gateway, "
            "which asks without"
        )
    known = login is not None and login.ca_file is not None
    if known and not rest:
        raise ConfigError(
            "with router_ca_file, write the name that the certificate has: fritzbox:fritz.box"
        )
    address = _address(rest) if rest else None
    near = isinstance(address, IPv4Address) and address.is_private
    if rest and not near and not (known and _HOST.fullmatch(rest)):
        raise ConfigError(
            f"{rest[:80]!r} is no IPv4 address of a local network, such as fritzbox:192.168.178.1; a name "
            "needs router_ca_file, the certificate of the FRITZ!Box"
        )
    kind = FritzBox if rrtype is RRType.A else FritzPrefix
    return (
        kind(label=f"fritzbox:{rest}" if rest else "fritzbox", operator="gateway", box=Box(rest, login)),
    )


def _command(rest: str, _: RRType) -> tuple[Source, ...]:
    from .command import Command  # noqa: PLC0415

    _needed("command", rest)
    program, *arguments = rest.split(maxsplit=1)
    label = f"command:{program} ..." if arguments else f"command:{program}"
    return (Command(label=label, operator=f"command {crc32(rest.encode()):08x}", line=rest),)


def _file(rest: str, _: RRType) -> tuple[Source, ...]:
    from .file import File  # noqa: PLC0415

    _needed("file", rest)
    return (File(label=f"file:{rest}", operator=f"file {rest}", path=rest),)


def _static(rest: str, rrtype: RRType) -> tuple[Source, ...]:
    """One address, several with commas between, or `none`: the name shall have none, on purpose."""
    from .static import Static  # noqa: PLC0415

    _needed("static", rest)
    written = [] if rest == "none" else [word.strip() for word in rest.split(",")]
    found = {word: _address(word) for word in written}
    for word, address in found.items():
        if address is None or "%" in word:
            raise ConfigError(f"{word!r} is not an address; write {EXAMPLES['static']}, or static:none")
        if RRType.of(address) is not rrtype:
            right = "ipv4" if rrtype is RRType.AAAA else "ipv6"
            raise ConfigError(f"{address} cannot stand in a record of type {rrtype}; move it to {right}")
    addresses = frozenset(address for address in found.values() if address is not None)
    return (Static(label=f"static:{rest}", operator="the configuration", addresses=addresses),)


WORDS: dict[str, Callable[[str, RRType], tuple[Source, ...]]] = {
    "http": _http,
    "dns": _dns,
    "stun": _stun,
    "interface": _interface,
    "route": _route,
    "gateway": _gateway,
    "fritzbox": _fritzbox,
    "command": _command,
    "file": _file,
    "static": _static,
}
EXAMPLES: dict[str, str] = {
    "http": "http, http:ipify or http:https://ip.example.com/",
    "dns": "dns or dns:cloudflare",
    "stun": "stun or stun:stun.example.com:3478",
    "interface": "interface or interface:eth0",
    "route": "route",
    "gateway": "gateway, gateway:upnp, gateway:nat-pmp or gateway:pcp",
    "fritzbox": "fritzbox or fritzbox:192.168.178.1",
    "command": "command:/usr/local/bin/my-address",
    "file": "file:/run/my-address",
    "static": "static:192.0.2.1",
}


class _Named(Protocol):
    @property
    def name(self) -> str: ...


_Entry = TypeVar("_Entry", bound=_Named)


def _picked(
    word: str, name: str, pool: Collection[_Entry], able: Callable[[_Entry], bool], rrtype: RRType
) -> list[_Entry]:
    """The whole pool, or its entry of that name, as far as they know the family."""
    chosen = [entry for entry in pool if name in ("", entry.name)]
    if not chosen:
        names = [entry.name for entry in pool]
        raise ConfigError(f"there is no {word} service {_shown(name)!r}; {_meant(name, names)}")
    found = [entry for entry in chosen if able(entry)]
    if not found:
        family = "IPv4" if rrtype is RRType.A else "IPv6"
        raise ConfigError(f"{word}:{name} does not tell {family} addresses; take another, or write {word}")
    return found


def _meant(word: str, known: Collection[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    close = get_close_matches(word.lower(), list(known), n=1)
    return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"


def _alone(word: str, rest: str) -> None:
    if rest:
        raise ConfigError(f"{word!r} stands alone; write {word}")


def _needed(word: str, rest: str) -> None:
    if not rest:
        raise ConfigError(f"{word!r} alone says too little; write {EXAMPLES[word]}")


def _address(text: str) -> IPAddress | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _shown(url: str) -> str:
    """A URL as it may stand in a message: what may be a password or a query is left out."""
    scheme, slashes, rest = url.partition("//")
    return scheme + slashes + ("..." if "@" in rest else rest.partition("?")[0])
