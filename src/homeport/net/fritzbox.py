"""A FRITZ!Box that is asked by TR-064, with a login.

The login goes by HTTP Digest, so the password never leaves this machine; with the certificate of the box
in `ca_file`, inside TLS.  Without it, whoever listens in the local network can try passwords against what
was said; that is why the manual asks for a user of its own with a long password.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from ..core.errors import ProviderError, SourceError, Unreachable
from ..core.fritzbox import Box
from ..wire import digest, igd, tr064
from ..wire.digest import Challenge
from ..wire.http import Reply, Request, Transport
from ..wire.tr064 import Service

PAUSE = 3600.0  # seconds without a login after one was refused that had worked before
TRIES = 3  # without an answer to the challenge, with one, and once more if the nonce was too old

_REFUSED = "does not accept the login: is router_user or router_password wrong?"
_FOR_GOOD = (
    f"{_REFUSED} It is not tried again until they change or Homeport is started anew, because a "
    "FRITZ!Box locks out whoever tries on"
)
_FOR_NOW = f"{_REFUSED} They were right before, so they are tried again in an hour"


class Line(Protocol):
    """What is needed of an uplink: `net.uplink.UplinkNet` has it."""

    async def gateway(self) -> IPv4Address: ...

    def near(self, ca_file: Path | None = None, authorities: str | None = None) -> Transport:
        """HTTP to the local network; see `net.http.HttpTransport`."""
        ...


class FritzBox:
    """Remembers the challenge, and whether its login was refused.

    One question at a time: nonces are counted, and one wrong login is enough.
    """

    def __init__(self, line: Line, box: Box) -> None:
        self._line, self._box = line, box
        self._asking = asyncio.Lock()
        self._challenge: Challenge | None = None
        self._count = 0  # how often its nonce was used
        self._worked = False  # was the login ever accepted?
        self._refused: float | None = None  # when it was not, by the loop's clock

    async def ask(self, action: str) -> dict[str, str]:
        """The answer to an action, by the names of its arguments; `SourceError` if there is none."""
        async with self._asking:
            if action != igd.PREFIX:  # which needs no login
                self._check_refused()
            base = await self._base()
            service = tr064.PREFIXES if action == igd.PREFIX else await self._connection(base)
            return await self._call(base, service, action)

    async def _base(self) -> str:
        host = self._box.host or str(await self._line.gateway())
        plain = f"http://{host}:{tr064.PORT}"
        if self._box.login is None or self._box.login.ca_file is None:
            return plain
        question = tr064.request(plain, tr064.DEVICE, tr064.SECURITY_PORT)
        said = tr064.arguments(await self._send(question), tr064.SECURITY_PORT)
        return f"https://{host}:{tr064.security_port(said)}"

    async def _connection(self, base: str) -> Service:
        """The one in use; asked for each time, as another one may be by now."""
        said = await self._call(base, tr064.FORWARDING, tr064.DEFAULT_CONNECTION)
        return tr064.connection(said)

    async def _call(self, base: str, service: Service, action: str) -> dict[str, str]:
        reply = await self._with_login(tr064.request(base, service, action))
        return tr064.arguments(reply, action)

    async def _with_login(self, request: Request) -> Reply:
        for number in range(TRIES):
            answered = self._challenge is not None
            reply = await self._send(self._signed(request))
            if reply.status != 401:
                self._worked = self._worked or answered
                return reply
            self._challenge = digest.challenge(reply.headers.get("www-authenticate", ""))
            self._count = 0
            # A nonce of an earlier question may be too old, even if the box does not say so.
            if answered and number > 0 and not self._challenge.stale:
                self._challenge = None
                self._refused = asyncio.get_running_loop().time()
                raise SourceError(_FOR_NOW if self._worked else _FOR_GOOD)
        raise SourceError("asks for the login again and again")

    def _signed(self, request: Request) -> Request:
        """The same, with an answer to the challenge if there is one."""
        if self._challenge is None:
            return request
        if self._box.login is None:
            self._challenge = None
            raise SourceError("wants a login for this: write router_user and router_password")
        self._check_refused()
        self._count += 1
        user, password, *_ = self._box.login
        said = digest.authorization(
            self._challenge,
            user,
            password,
            method=request.method,
            target=urlsplit(request.url).path,
            count=self._count,
            cnonce=secrets.token_hex(8),
        )
        return replace(request, headers={**request.headers, **said})

    def _check_refused(self) -> None:
        """`SourceError` while the login must not be tried."""
        if self._refused is None:
            return
        if not self._worked:
            raise SourceError(_FOR_GOOD)
        if asyncio.get_running_loop().time() < self._refused + PAUSE:
            raise SourceError(_FOR_NOW)
        self._refused = None

    async def _send(self, request: Request) -> Reply:
        login = self._box.login
        trusted = login[2:] if login and request.url.startswith("https:") else ()
        try:
            return await self._line.near(*trusted).send(request)
        except Unreachable as error:
            raise SourceError(f"{error}; is it a FRITZ!Box?") from error
        except ProviderError as error:
            raise SourceError(str(error)) from error
