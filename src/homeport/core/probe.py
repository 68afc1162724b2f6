"""The words of `probe = [...]`: what a line is asked, to learn whether it carries anything.  Pure.

`icmp:HOST`, `tcp:HOST:PORT` and `http:URL`, each with its weight behind it if that is not 1:
`"icmp:1.1.1.1 x2"`.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from .dns import RRType
from .errors import ConfigError

EXAMPLES = {"icmp": "icmp:1.1.1.1", "tcp": "tcp:9.9.9.9:443", "http": "http:https://example.com/"}
HEAVIEST = 100
_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"[\w.-]+", re.ASCII)  # or an IPv4 address


class Probe(NamedTuple):
    """One thing to ask, again and again."""

    label: str  # as the person wrote it, without the weight, and of a URL without the query
    kind: Literal["icmp", "tcp", "http"]
    host: str  # a name or an address, without brackets
    port: int = 0  # 0: the protocol has none
    url: str = ""  # of `http`, whole
    weight: int = 1

    @property
    def rrtype(self) -> RRType | None:
        """The family that it needs; None if the host is a name, and either will do."""
        try:
            return RRType.of(ip_address(self.host))
        except ValueError:
            return None


def parse(text: str) -> Probe:
    """The probe that `text` stands for.  Raises `ConfigError`, which says what to write instead."""
    written, *more = text.split() or [""]
    word, _, rest = written.partition(":")
    if word in _PORTS and rest.startswith("//"):
        raise ConfigError("a page is written http:URL, as in http:https://example.com/")
    if word not in EXAMPLES:
        raise ConfigError(f"there is no such probe; write {_either()}")
    if not rest:
        raise ConfigError(f"nothing stands behind {word!r}; write {EXAMPLES[word]}")
    weight = _weight(word, more)
    if word == "icmp":
        return Probe(written, "icmp", _host(rest.strip("[]"), word), weight=weight)
    if word == "tcp":
        host, port = _host_and_port(rest)
        return Probe(written, "tcp", host, port, weight=weight)
    return _page(rest, weight)


def _weight(word: str, more: list[str]) -> int:
    match [re.fullmatch(r"[xX]([0-9]{1,3})", one) for one in more]:
        case []:
            return 1
        case [re.Match() as found] if 1 <= int(found[1]) <= HEAVIEST:
            return int(found[1])
    raise ConfigError(f'a weight is written from x1 to x{HEAVIEST}, as in "{EXAMPLES[word]} x2"')


def _host(text: str, word: str) -> str:
    if not _is_host(text):
        raise ConfigError(f"{word} needs a host and nothing else; write {EXAMPLES[word]}")
    return text


def _is_host(text: str) -> bool:
    if ":" not in text:
        return _NAME.fullmatch(text) is not None
    try:
        return ip_address(text).version == 6
    except ValueError:
        return False


def _host_and_port(text: str) -> tuple[str, int]:
    """HOST:PORT, or [IPv6]:PORT."""
    wrong = ConfigError("tcp needs HOST:PORT; write tcp:9.9.9.9:443 or tcp:[2620:fe::fe]:443")
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not port.isascii() or not port.isdecimal() or not 0 < int(port[:6]) < 65536:
        raise wrong
    host = host[1:-1] if bracketed else host
    if (":" in host) is not bracketed or not _is_host(host):
        raise wrong
    return host, int(port)


def _page(url: str, weight: int) -> Probe:
    wrong = ConfigError("http needs a URL; write http:https://example.com/")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # its text quotes the URL
        raise wrong from None
    if parts.scheme not in _PORTS or not host or port == 0:
        raise wrong
    if parts.username is not None or parts.password is not None:
        raise ConfigError("a probe needs no password: any answer will do; write the URL without it")
    bare = parts._replace(query="", fragment="").geturl()
    label = f"http:{bare}{'?...' if parts.query else ''}"
    return Probe(label, "http", host, port or _PORTS[parts.scheme], url, weight)


def _either() -> str:
    *some, last = EXAMPLES.values()
    return f"{', '.join(some)} or {last}"
