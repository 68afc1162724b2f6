"""A FRITZ!Box on the loopback interface: TR-064 with HTTP Digest, over HTTP and TLS, as AVM documents it.

The proofs are checked by hashing what RFC 7616, 3.4, names, and not with the code under test.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import md5

REALM = "HTTPS Access"
PPP = "urn:dslforum-org:service:WANPPPConnection:1"
IP = "urn:dslforum-org:service:WANIPConnection:1"
AVM = "urn:schemas-upnp-org:service:WANIPConnection:1"
LAYER3 = "urn:dslforum-org:service:Layer3Forwarding:1"
DEVICE = "urn:dslforum-org:service:DeviceInfo:1"
PAGES = {
    PPP: "/upnp/control/wanpppconn1",
    IP: "/upnp/control/wanipconnection1",
    AVM: "/igdupnp/control/WANIPConn1",
    LAYER3: "/upnp/control/layer3forwarding",
    DEVICE: "/upnp/control/deviceinfo",
}
OPEN = {AVM, DEVICE}  # services without a login; of DeviceInfo only GetSecurityPort
DENIED = (
    "<HTML><HEAD><TITLE>401 Unauthorized (ERR_NONE)</TITLE></HEAD><BODY><H1>401 Unauthorized</H1></BODY>"
)


def fault(code: int, text: str) -> str:
    return (
        '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>'
        "<faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail>"
        f'<UPnPError xmlns="urn:dslforum-org:control-1-0"><errorCode>{code}</errorCode>'
        f"<errorDescription>{text}</errorDescription></UPnPError></detail></s:Fault></s:Body></s:Envelope>"
    )


def answer(kind: str, action: str, said: dict[str, str]) -> str:
    within = "".join(f"<{name}>{value}</{name}>" for name, value in said.items())
    return (
        '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        f'<u:{action}Response xmlns:u="{kind}">{within}</u:{action}Response></s:Body></s:Envelope>'
    )


@dataclass
class FakeBox:
    """Change what it says and does while it runs."""

    user: str = "homeport"
    password: str = "gurkensalat"
    uses: int = 1000  # of one nonce
    says_stale: bool = True
    challenge: str = 'Digest realm="{realm}",nonce="{nonce}",algorithm=MD5,qop="auth"{stale}'
    default: str = "1.WANPPPConnection.1"
    switched_off: bool = False
    rights: bool = True
    prefix_needs_login: bool = False
    page: bytes = b""  # answered to everything, if not empty
    tls_port: str = "0"
    said: dict[str, dict[str, str]] = field(
        default_factory=lambda: {
            f"{PPP}#GetExternalIPAddress": {"NewExternalIPAddress": "8.8.4.1"},
            f"{IP}#GetExternalIPAddress": {"NewExternalIPAddress": "8.8.4.2"},
            f"{PPP}#GetInfo": {"NewConnectionStatus": "Connected", "NewLastConnectionError": "ERROR_NONE"},
            f"{AVM}#X_AVM_DE_GetIPv6Prefix": {
                "NewIPv6Prefix": "2a01:71a0:8406:7600::",
                "NewPrefixLength": "56",
                "NewValidLifetime": "6840",
                "NewPreferedLifetime": "3240",
            },
        }
    )

    asked: list[str] = field(default_factory=list)  # status and action, with a "+" if a login came with it
    wrong: int = 0  # logins that were wrong: a real one locks out after some
    octets: bytes = b""  # all that it was sent
    encrypted: bytes = b""  # ... of it, what came inside TLS
    _nonce: str = "0000000000000000"
    _used: int = 0
    _known: set[str] = field(default_factory=set)

    def restart(self) -> None:
        """All nonces are forgotten."""
        self._known.clear()

    def reply(self, head: str, body: str) -> tuple[int, str, str]:
        """Status, further headers and body."""
        path = head.split(" ")[1]
        found = re.search(r'^SOAPAction: "?([^"\r]*)"?\r?$', head, re.MULTILINE | re.IGNORECASE)
        kind, _, action = found[1].partition("#") if found else ("", "", "")
        login = re.search(r"^authorization: (.*?)\r?$", head, re.MULTILINE | re.IGNORECASE)
        status, headers, said = self._reply(path, kind, action, login[1] if login else "", body)
        self.asked.append(f"{status} {action}{'+' if login else ''}")
        return status, headers, said

    def _reply(self, path: str, kind: str, action: str, login: str, body: str) -> tuple[int, str, str]:
        if self.page:
            return 200, "", self.page.decode()
        if self.switched_off or PAGES.get(kind) != path or f"<u:{action} " not in body:
            return 404, "", "<html><body>ERR_NOT_FOUND</body></html>"
        free = kind in OPEN and not (kind == AVM and self.prefix_needs_login)
        if not free and (denied := self._denied(path, login)) is not None:
            return 401, f"WWW-Authenticate: {denied}\r\n", DENIED
        if not free and not self.rights:
            return 500, "", fault(606, "Action not authorized")
        if action == "GetDefaultConnectionService":
            return 200, "", answer(kind, action, {"NewDefaultConnectionService": self.default})
        if action == "GetSecurityPort":
            return 200, "", answer(kind, action, {"NewSecurityPort": self.tls_port})
        if (said := self.said.get(f"{kind}#{action}")) is None:
            return 500, "", fault(401, "Invalid Action")
        return 200, "", answer(kind, action, said)

    def _denied(self, path: str, login: str) -> str | None:
        """The next challenge; None if the login is right."""
        parts = dict(re.findall(r'(\w+)="?([^",]*)"?', login))
        stale = parts.get("nonce") not in self._known
        if login and not stale:
            a1 = md5(f"{self.user}:{REALM}:{self.password}".encode()).hexdigest()
            a2 = md5(f"POST:{path}".encode()).hexdigest()
            proof = ":".join([parts["nonce"], parts["nc"], parts["cnonce"], "auth", a2])
            right = md5(f"{a1}:{proof}".encode()).hexdigest() == parts["response"]
            if not right or parts["username"] != self.user or parts["uri"] != path:
                self.wrong += 1
            elif int(parts["nc"], 16) != self._used + 1:
                stale = True  # a replay
            else:
                self._used += 1
                if self._used == self.uses:
                    self._known.discard(parts["nonce"])
                return None
        self._nonce, self._used = f"{int(self._nonce, 16) + 0x1F2E3D4C5B6A7988:016X}"[-16:], 0
        self._known = {self._nonce}
        said = ', stale="true"' if login and stale and self.says_stale else ""
        return self.challenge.format(realm=REALM, nonce=self._nonce, stale=said)

    @asynccontextmanager
    async def serve(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
        """The port."""

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while True:
                    raw = await reader.readuntil(b"\r\n\r\n")
                    length = re.search(rb"(?i)content-length: (\d+)", raw)
                    body = await reader.readexactly(int(length[1]) if length else 0)
                    self.octets += raw + body
                    self.encrypted += raw + body if tls else b""
                    status, headers, said = self.reply(raw.decode(), body.decode())
                    headers += f"Content-Length: {len(said)}\r\n"
                    writer.write(f"HTTP/1.1 {status} x\r\n{headers}\r\n{said}".encode())
                    await writer.drain()
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            await server.wait_closed()
