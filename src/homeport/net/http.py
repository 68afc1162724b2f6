"""HTTP/1.1 on real sockets: h11 over asyncio streams.  The only module that knows which library is used.

What must never happen here: a redirect followed, a request repeated that may have been carried out, a
proxy taken from the environment, a cookie kept, a certificate left unverified, a query, a header or
the words of the peer (who may quote our request) in a message.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import ExitStack
from copy import copy
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import SplitResult, quote, unquote, urlsplit

import h11

from ..core.dns import IPAddress, RRType
from ..core.errors import ConfigError, NoAnswer, Unintelligible, Unreachable, Untrusted
from ..core.secret import Secret
from ..wire import auth
from ..wire.auth import veil
from ..wire.http import Reply, Request
from .way import Way, reason

PORTS = {"http": 80, "https": 443}
CHUNK = 16_384  # octets read at once
LONGEST_HEAD = 65_536  # octets
MOST_EARLY = 16  # interim answers before the real one (RFC 9110, 15.2)
IDLE = 30.0  # seconds; many servers close a silent connection after 60, some after less
# What RFC 3986 lets stand unescaped, less what somebody reads as a separator or as a space.
IN_PATH = "/%:@!$&'()*+,;=~"
IN_QUERY = "/:@!$'()*,?~"

# X509_V_ERR_* of OpenSSL's x509_vfy.h, where the person can do something about it.
_NOT_YET, _EXPIRED = 9, 10
_WRONG_NAME = (62, 64)
_UNKNOWN_AUTHORITY = (2, 18, 19, 20, 21)


class HttpTransport:
    """A `wire.http.Transport` with a pool of connections and one way out of this machine.

    `family` pins connections to IPv4 (A) or IPv6 (AAAA); with `strict_family=False` it is only a
    preference, for URLs that a person wrote.  `interface` and `source_address` bind every socket.
    `proxy` is `http://[user:password@]host:port`; TLS goes through it end to end.  `ca_file` names
    the only authorities to trust, instead of the system's; `authorities` is what was read in it, and what
    holds until somebody reads it again.

    `limit` is in octets of body; times are in seconds: `connect_timeout` for everything until the
    request can be sent, `timeout` for the head of the answer and then for every silence, `deadline`
    for the whole answer.  At most `connections` are open at once; further sends wait.

    Without a request under way there is no task and no timer.  After `aclose` it can be used again.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        family: RRType | None = None,
        strict_family: bool = True,
        interface: str | None = None,
        source_address: IPAddress | None = None,
        proxy: Secret | None = None,
        ca_file: Path | None = None,
        authorities: str | None = None,
        limit: int = 1_000_000,
        connect_timeout: float = 10.0,
        timeout: float = 20.0,
        deadline: float = 60.0,
        connections: int = 8,
    ) -> None:
        """Raises `ConfigError` for a proxy that cannot be one; opens nothing."""
        self._way = Way(family, strict_family, interface, source_address)
        self._proxy = None if proxy is None else _read_proxy(proxy)
        self._ca_file, self._authorities = ca_file, authorities
        self._limit = limit
        self._connect_timeout, self._timeout, self._deadline = connect_timeout, timeout, deadline
        self._always = {
            "user-agent": user_agent,
            "accept": "*/*",
            "accept-encoding": "identity",
            "connection": "keep-alive",
        }
        self._connections = connections
        self._empty()

    def by(self, way: Way) -> HttpTransport:
        """The same, but with that way out of this machine."""
        other = copy(self)
        other._way = way  # noqa: SLF001 - of our own kind
        other._empty()  # noqa: SLF001 - of our own kind
        return other

    def _empty(self) -> None:
        """Without any connection yet."""
        self._slots = asyncio.Semaphore(self._connections)
        self._busy = 0
        self._idle: list[_Connection] = []  # the one used last is the last
        self._round = 0  # grows with `aclose`: a connection of an earlier round is not kept

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections: idle ones now, busy ones as soon as their answer is there."""
        self._round += 1
        self._close_idle()
        await asyncio.sleep(0)  # asyncio closes a socket in the next turn of its loop

    async def reach(self, host: str, port: int) -> None:
        """Connect as for a request, and close at once.  Raises `OSError` whose text is for the person."""
        (await self._way.connect(host, port)).close()

    async def send(self, request: Request) -> Reply:
        """See `wire.http.Transport.send`.  A redirect is a reply like any other."""
        said, origin, target = _read_url(request)
        head = self._head(request, said, origin, target)
        async with self._slots:
            self._busy += 1
            try:
                return await self._deliver(request, said, origin, head)
            except Unreachable:
                self._close_idle()  # after a line change they are dead too, and do not know it
                raise
            finally:
                self._busy -= 1

    async def _deliver(self, request: Request, said: str, origin: _Origin, head: h11.Request) -> Reply:
        connection = await self._reuse(origin)
        if connection is not None:
            try:
                return await self._exchange(connection, said, head, request.body)
            except NoAnswer:
                # RFC 9112, 9.3.1: a server may close an idle connection at any time.
                if not (connection.gone and request.method in ("GET", "HEAD")):
                    raise
                self._close_idle()
        connection = await self._open(origin, said)
        return await self._exchange(connection, said, head, request.body)

    def _head(self, request: Request, said: str, origin: _Origin, target: str) -> h11.Request:
        headers = {"host": origin.authority, **self._always}
        if self._proxy and origin.scheme == "http":
            target = f"http://{origin.authority}{target}"  # RFC 9112, 3.2.2
            headers |= {name: value.reveal() for name, value in self._proxy.headers.items()}
        headers |= {name: _plain(value) for name, value in request.headers.items()}
        if request.body or request.method in ("POST", "PUT", "PATCH"):  # RFC 9110, 8.6
            headers["content-length"] = str(len(request.body))
        try:
            return h11.Request(
                method=request.method,
                target=target,
                headers=[(name.encode(), value.encode()) for name, value in headers.items()],
            )
        except (h11.LocalProtocolError, UnicodeError):
            pass  # its text quotes the header: neither it nor a chain of errors may show it
        raise Unreachable(
            f"{said}: a header holds what HTTP cannot carry; has a secret a line break in it?"
        )

    async def _exchange(self, connection: _Connection, said: str, head: h11.Request, body: bytes) -> Reply:
        """One request and its answer; the connection is then kept or closed, whatever happens."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        status, headers, received, kept, early = 0, {}, bytearray(), False, 0
        try:
            async with asyncio.timeout_at(began + min(self._timeout, self._deadline)) as patience:
                await connection.ask(head, body)
                while not isinstance(event := connection.event(), h11.EndOfMessage):
                    if event is None:
                        await connection.read()
                        await asyncio.sleep(0)  # whoever floods us shall not stop the rest of the agent
                        if status:
                            patience.reschedule(min(loop.time() + self._timeout, began + self._deadline))
                    elif isinstance(event, h11.InformationalResponse):
                        early += 1
                        if early > MOST_EARLY:
                            raise Unintelligible(f"{said}: interim answers (1xx) without end")
                    elif isinstance(event, h11.Response):
                        status, headers = event.status_code, _fields(event)
                    elif isinstance(event, h11.Data):
                        received += event.data
                        if len(received) > self._limit:
                            raise Unintelligible(f"{said}: an answer of more than {self._limit} octets")
            kept = connection.next() and connection.round == self._round
        except TimeoutError as error:
            seconds = loop.time() - began
            raise NoAnswer(f"{said}: no complete answer after {seconds:.3g} s") from error
        except OSError as error:
            connection.gone = not connection.opening
            raise NoAnswer(f"{said}: {reason(error)} before the answer was complete") from error
        except _NotHttp as error:
            raise Unintelligible(f"{said}: {error}") from error
        finally:
            if kept:
                connection.since = loop.time()
                self._idle.append(connection)
            else:
                connection.close()
        if self._proxy and status == 407 and connection.origin.scheme == "http":
            raise Unreachable(f"{said}: {self._proxy.refusal(status)}")
        if received and headers.get("content-encoding", "identity") != "identity":
            raise Unintelligible(f"{said}: a compressed answer, which was not asked for")
        body = bytes(received)
        if self._proxy and connection.origin.scheme == "http":  # it may quote what it was told
            body = veil(body.decode("latin-1"), self._proxy.secrets).encode("latin-1")
        return Reply(status, body, headers)

    async def _reuse(self, origin: _Origin) -> _Connection | None:
        """An idle connection to that origin that is still open, as far as this side can know."""
        oldest = asyncio.get_running_loop().time() - IDLE
        for connection in [one for one in self._idle if one.since < oldest]:
            self._idle.remove(connection)
            connection.close()
        while found := next((one for one in reversed(self._idle) if one.origin == origin), None):
            self._idle.remove(found)
            usable = False
            try:
                usable = await found.silent()
            finally:
                if not usable:
                    found.close()
            if usable:
                return found
        return None

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    async def _open(self, origin: _Origin, said: str) -> _Connection:
        """A fresh connection over which the request can be sent; nothing of it has been sent yet."""
        while self._idle and len(self._idle) + self._busy > self._connections:
            self._idle.pop(0).close()
        tls = self._tls(said) if origin.scheme == "https" else None
        try:
            async with asyncio.timeout(self._connect_timeout):
                return await self._connect(origin, tls, said)
        except TimeoutError as error:
            raise Unreachable(f"{said}: no connection within {self._connect_timeout:g} s") from error
        except ssl.SSLCertVerificationError as error:
            raise Untrusted(f"{said}: {self._distrust(error, origin.host)}") from error
        except ssl.SSLError as error:
            why = (error.reason or "no reason given").lower().replace("_", " ")
            raise Unreachable(f"{said}: no TLS with that port ({why})") from error
        except OSError as error:
            raise Unreachable(f"{said}: {reason(error)}") from error

    async def _connect(self, origin: _Origin, tls: ssl.SSLContext | None, said: str) -> _Connection:
        server: Any = origin.host.partition("%")[0].rstrip(".").encode()
        # `ssl` takes octets as they are; for text it loads the "idna" codec, 0.4 MiB of tables.
        with ExitStack() as undo:
            hop = self._proxy.origin if self._proxy else origin
            sock = await self._way.connect(hop.host, hop.port)
            undo.callback(sock.close)
            direct = tls if self._proxy is None else None
            reader, writer = await asyncio.open_connection(
                sock=sock, limit=CHUNK, ssl=direct, server_hostname=server if direct else None
            )
            connection = _Connection(origin, reader, writer, self._round)
            undo.callback(connection.close)
            if self._proxy and tls:
                await self._tunnel(self._proxy, connection, said)
                await writer.start_tls(tls, server_hostname=server)
                connection = _Connection(origin, reader, writer, self._round)
                # What the proxy slipped in before TLS began would now pass for the server's words.
                if not await connection.silent():
                    raise Unreachable(f"{said}: the proxy {hop.authority} spoke out of turn")
            undo.pop_all()
        return connection

    async def _tunnel(self, proxy: _Proxy, connection: _Connection, said: str) -> None:
        """Ask the proxy for a way through (RFC 9110, 9.3.6)."""
        there = connection.origin
        host = f"[{there.host}]" if ":" in there.host else there.host
        secret = [(name, value.reveal()) for name, value in proxy.headers.items()]
        where = f"{host}:{there.port}"
        agent = ("user-agent", self._always["user-agent"])
        head = h11.Request(method="CONNECT", target=where, headers=[("host", where), agent, *secret])
        try:
            await connection.ask(head, b"")
            while not isinstance(event := connection.event(), h11.Response):
                if event is None:
                    await connection.read()
        except (ConnectionError, _NotHttp) as error:
            raise Unreachable(
                f"{said}: the proxy {proxy.origin.authority} opened no way: {error}"
            ) from error
        if not 200 <= event.status_code < 300:
            raise Unreachable(f"{said}: {proxy.refusal(event.status_code)}")

    def _tls(self, said: str) -> ssl.SSLContext:
        try:
            return _tls_context(self._ca_file, self._authorities)
        except OSError as error:  # ssl.SSLError is one
            what = f"ca_file {self._ca_file}" if self._ca_file else "the system's certificates"
            raise Unreachable(f"{said}: cannot use {what}: {reason(error)}") from error

    def _distrust(self, error: ssl.SSLCertVerificationError, host: str) -> str:
        """What is wrong with the certificate, and what the person can do."""
        if error.verify_code == _EXPIRED:
            return "the server's certificate has expired; renew it, or set this machine's clock"
        if error.verify_code == _NOT_YET:
            return "the server's certificate is not valid yet; is this machine's clock right?"
        if error.verify_code in _WRONG_NAME:
            return f"the server's certificate has the wrong name: it is not for {host}"
        if error.verify_code in _UNKNOWN_AUTHORITY:
            remedy = (
                f"it is not in the ca_file {self._ca_file}"
                if self._ca_file
                else "set ca_file if this is your own server"
            )
            return f"the server's certificate is from an unknown authority; {remedy}"
        return f"the server's certificate was not accepted: {error.verify_message}"


class _Origin(NamedTuple):
    """Where a connection leads (RFC 6454, 4)."""

    scheme: str
    host: str  # A-labels in lower case, or an address without brackets
    port: int

    @property
    def authority(self) -> str:
        """As in the Host header: IPv6 in brackets and without its zone, the default port left out."""
        host = f"[{self.host.partition('%')[0]}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class _Proxy:
    origin: _Origin
    headers: Mapping[str, Secret] = field(repr=False)
    secrets: tuple[Secret, ...] = field(repr=False)

    def refusal(self, status: int) -> str:
        remedy = "; is its user name and password in the proxy setting right?" if status == 407 else ""
        return f"the proxy {self.origin.authority} answered {status}{remedy}"


class _NotHttp(Exception):
    """The peer speaks something else.  Never holds its words, which may quote our request."""


class _Connection:
    """One open connection, and what h11 knows about it."""

    def __init__(
        self, origin: _Origin, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, round_: int
    ) -> None:
        self.origin = origin
        self.round = round_
        self.since = 0.0  # when it became idle, by the loop's clock
        self.opening = b""  # the first octets of the present answer
        self.gone = False  # closed before the first octet of an answer
        self._ended = False
        self._reader, self._writer = reader, writer
        self._wire = h11.Connection(h11.CLIENT, max_incomplete_event_size=LONGEST_HEAD)

    async def ask(self, head: h11.Request, body: bytes) -> None:
        """Write one request; raises `OSError`."""
        self.opening = b""
        parts: list[h11.Request | h11.Data | h11.EndOfMessage] = [head, h11.EndOfMessage()]
        if body:
            parts.insert(1, h11.Data(data=body))
        self._writer.write(b"".join(self._wire.send(part) or b"" for part in parts))
        await self._writer.drain()

    def event(self) -> h11.Event | None:
        """The next part of the answer; None if more must be read for it.

        Raises `ConnectionError` if the connection ended too early, `_NotHttp` if this is no HTTP.
        """
        try:
            event = self._wire.next_event()
        except h11.RemoteProtocolError:
            event = h11.ConnectionClosed()
        if event is h11.NEED_DATA:
            return None
        if isinstance(event, h11.Event) and not isinstance(event, h11.ConnectionClosed):
            return event
        if self._ended:
            raise ConnectionResetError("connection closed")
        raise _NotHttp("what answered does not speak proper HTTP")

    async def read(self) -> None:
        """Take in what has come, or the end; raises like `event`."""
        data = await self._reader.read(CHUNK)
        self._ended = not data
        self.opening = (self.opening + data)[:5]
        if not b"HTTP/".startswith(self.opening):
            raise _NotHttp("what answered does not speak HTTP")
        self._wire.receive_data(data)

    def next(self) -> bool:
        """Make ready for another request; False if the connection cannot carry one."""
        if self._wire.states != {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}:
            return False
        if self._wire.trailing_data != (b"", False):
            return False
        self._wire.start_next_cycle()
        return True

    async def silent(self) -> bool:
        """Is it open, with nothing to read?  Whatever an idle connection says is not our answer."""
        for _ in range(2):  # in two turns of the loop an end that the system knows of has come up here
            await asyncio.sleep(0)
        try:
            async with asyncio.timeout(0):
                await self._reader.read(1)
        except TimeoutError:
            return self._reader.exception() is None and not self._writer.is_closing()
        except OSError:
            return False
        return False

    def close(self) -> None:
        """At once: a polite end of TLS would wait for the peer, with a timer."""
        self._writer.transport.abort()


@lru_cache(maxsize=16)
def _tls_context(ca_file: Path | None, authorities: str | None = None) -> ssl.SSLContext:
    """Made once and only when needed: the system's authorities cost 20 ms and 1.3 MiB."""
    context = ssl.create_default_context(cafile=None if authorities else ca_file, cadata=authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996
    context.set_alpn_protocols(["http/1.1"])
    if ca_file:
        # The file may hold the server's own certificate; Python before 3.13 would insist on its issuer.
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    return context


def _read_url(request: Request) -> tuple[str, _Origin, str]:
    """How to speak of the request, where it goes, and its target: path and query, escaped.

    Raises `Unreachable` for a URL that is none, or that holds a password.
    """
    url, hidden = request.url, _plain(request.hidden or "")
    if any(char <= " " or char == "\x7f" for char in url + hidden):
        raise _no_url(request, "there is a space or a control character in the URL")
    try:
        split = urlsplit(url)
        host, port = _host(split), split.port
    except ValueError:  # UnicodeError of idna is one; its text quotes the URL
        host, port, split = "", None, SplitResult("", "", "", "", "")
    if split.scheme and split.scheme not in PORTS:
        raise _no_url(request, "only http:// and https:// URLs can be fetched")
    if "@" in split.netloc:
        raise _no_url(request, "a URL may hold no user name or password; they have settings of their own")
    if not host or not split.scheme:
        raise _no_url(request, "this is not a URL such as https://host/path")
    query = "&".join(
        f"{quote(name, safe=IN_QUERY)}={quote(_plain(value), safe=IN_QUERY)}"
        for name, value in request.query.items()
    )
    path, _, asked = hidden.partition("?")
    written = [quote(part, safe=IN_QUERY + "%&=+;") for part in (split.query, asked)]
    target = quote(split.path + path or "/", safe=IN_PATH)
    if both := "&".join(part for part in (*written, query) if part):
        target += "?" + both
    said = f"{request.method} {_cut(url)}"
    return said, _Origin(split.scheme, host, port or PORTS[split.scheme]), target


def _no_url(request: Request, why: str) -> Unreachable:
    """Where the host begins is not known, so everything up to the last "@" may be a password."""
    before, at, after = request.url.rpartition("@")
    scheme, slashes, _ = before.partition("://")
    hidden = f"{scheme if slashes else ''}{slashes}***@" if at else ""
    shown = "".join(char if char.isprintable() else "?" for char in hidden + _cut(after))
    return Unreachable(f"{request.method} {shown}: {why}")


def _cut(url: str) -> str:
    return url.partition("#")[0].partition("?")[0]


def _host(split: SplitResult) -> str:
    return _ascii(split.hostname or "")


def _ascii(host: str) -> str:
    if ":" in host:
        return unquote(host)  # RFC 6874: the "%" before a zone is written "%25"
    if host.isascii():
        return host
    import idna  # noqa: PLC0415 - its tables are megabytes; most hosts never need them

    return idna.encode(host, uts46=True).decode("ascii")


def _read_proxy(url: Secret) -> _Proxy:
    found = auth.proxy(url)
    try:
        host = _ascii(found.host)
    except ValueError:  # UnicodeError of idna; its text quotes the host
        raise ConfigError("the proxy has a host that is no name") from None
    return _Proxy(_Origin("http", host, found.port), found.headers, found.secrets)


def _plain(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value


def _fields(response: h11.Response) -> dict[str, str]:
    """Names in lower case; fields of one name are joined (RFC 9110, 5.3)."""
    fields: dict[str, str] = {}
    for name, value in response.headers:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        fields[key] = f"{fields[key]}, {text}" if key in fields else text
    return fields
