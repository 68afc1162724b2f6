"""A configuration with a canary in every place, and the server that all its accounts speak to."""

from __future__ import annotations

import json
import random
import re
import socket
import socketserver
import sys
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from homeport.config import providers
from homeport.core.settings import settings
from homeport.driver import HttpProvider

from .birds import Birds

# What a driver wants to look like what it is.
SHAPES: Mapping[str, Callable[[Birds, str], str]] = {
    "dnspod.token": lambda birds, purpose: "12345," + birds.text(purpose),
    "ionos.api_key": lambda birds, purpose: "prefix." + birds.text(purpose, odd=False),
    "westcn.api_key": lambda birds, purpose: birds.text(purpose, 32, odd=False),
    "rfc2136.tsig_key": Birds.base64,
    "googleclouddns.credentials": lambda birds, purpose: json.dumps(
        {
            "type": "service_account",
            "project_id": "p",
            "client_email": "a@p.iam.gserviceaccount.com",
            "private_key": birds.text(purpose, 60),
            "private_key_id": "0",
        }
    ),
}
# Programs that write a file, and a word to both streams.
CAT = "cmd /d /c type" if sys.platform == "win32" else "cat"
SAYS = 'cmd /d /c "echo {0}& echo {0} >&2"' if sys.platform == "win32" else "sh -c 'echo {0} >&2; echo {0}'"
TABLES = {"tokens", "tokens6", "keys", "secrets", "settings"}  # of secrets, by name


@dataclass
class Server:
    """Answers every request alike: `answer` makes octets of what was sent, or None to say nothing."""

    answer: Callable[[bytes], bytes | None]
    port: int = 0
    asked: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving(answer: Callable[[bytes], bytes | None]) -> Iterator[Server]:
    """HTTP, and DNS over TCP, as far as an answer to them can be made without understanding them."""
    server = Server(answer)
    ended = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(5)
            with suppress(OSError):
                said = _request(self.request)
                server.asked.append(said)
                found = server.answer(said) if said else b""
                if found is None:
                    ended.wait()
                else:
                    self.request.sendall(found)

    class Listener(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 200
        allow_reuse_address = True

    with Listener(("127.0.0.1", 0), Handler) as listener:
        server.port = listener.server_address[1]
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            ended.set()
            listener.shutdown()
            thread.join()


def _request(sock: socket.socket) -> bytes:
    """One HTTP request, whole; or what a DNS client sends first."""
    said = b""
    while b"\r\n\r\n" not in said:
        piece = sock.recv(65_536)
        said += piece
        if not piece or (said and not said[:1].isalpha()):
            return said
    head, _, body = said.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.splitlines()
            if line.lower().startswith(b"content-length")
        ),
        0,
    )
    while len(body) < length and (piece := sock.recv(65_536)):
        body += piece
    return head + b"\r\n\r\n" + body


def quoted(said: bytes) -> list[str]:
    """What a careless service may quote of a request: as it came, decoded, piece by piece."""
    text = said.decode("latin-1")
    head, _, body = text.partition("\r\n\r\n")
    lines = head.splitlines() or [""]
    values = [line.partition(": ")[2] for line in lines[1:]]
    found = [text, lines[0], unquote_plus(lines[0]), body, unquote_plus(body), head, *lines[1:], *values]
    for value in values:
        scheme, _, credentials = value.partition(" ")
        found += [credentials]
        if scheme == "Basic":
            with suppress(ValueError):
                found.append(b64decode(credentials).decode("latin-1"))
    with suppress(ValueError):
        found += [str(value) for value in _leaves(json.loads(body))]
    return [piece for piece in found if piece]


def _leaves(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from _leaves(value)
    else:
        yield node


def echo(status: int, shape: str, seed: int, *, whole: bool = True) -> Callable[[bytes], bytes]:
    """Quotes the request in its answer; unless `whole`, some piece of it, cut anywhere."""
    chance = random.Random(seed)

    def answer(said: bytes) -> bytes:
        pieces = quoted(said)
        text = chance.choice(pieces)
        if not whole:
            start = chance.randrange(len(text))
            text = text[start : start + chance.choice((12, 20, 40, 100))]
        line = " ".join(text.split())
        kind, body = _shaped(shape, text)
        fields = [
            f"HTTP/1.1 {status} {line[:40].encode('ascii', 'replace').decode()}",
            f"Content-Type: {kind}",
            f"Content-Length: {len(body)}",
            f"Location: http://127.0.0.1/{''.join(line.split())[:60]}",
            f"X-Echo: {line[:500]}",
            "Connection: close",
        ]
        head = "\r\n".join("".join(c if c.isprintable() else "?" for c in one) for one in fields)
        return head.encode("latin-1", "replace") + b"\r\n\r\n" + body

    return answer


def _shaped(shape: str, text: str) -> tuple[str, bytes]:
    if shape == "text":
        return "text/plain", text.encode()
    if shape == "xml":
        safe = text.replace("&", "&amp;").replace("<", "&lt;")
        inner = f"<Code>{safe}</Code><Message>{safe}</Message><Err1>{safe}</Err1>"
        return (
            "text/xml",
            f"<ErrorResponse><Error>{inner}</Error><errors>{inner}</errors></ErrorResponse>".encode(),
        )
    error = {"code": text, "message": text, "Code": text, "Message": text, "detail": text, "msg": text}
    found: dict[str, Any] = {
        **error,
        "error": error if shape == "json" else text,
        "errors": [error] if shape == "json" else text,
        "status": error if shape == "json" else "error",
        "Response": {"Error": error},
        "ResponseMetadata": {"Error": error},
        "reply": {"code": "280", "detail": text},
        "result": text,
        "success": False,
        "statusDescription": text,
        "error_description": text,
        "error_msg": text,
        "error_code": text,
        "shortmessage": text,
        "longmessage": text,
        "statuscode": 4000,
        "access_token": text,
        "action": {"status": "error", "error": error},
        "records": [error],
        "data": [text],
        "zones": [error],
    }
    return "application/json", json.dumps(found).encode()


def by_state(answers: Sequence[Callable[[bytes], bytes | None]]) -> Callable[[bytes], bytes | None]:
    """Each account has a server in a state of its own: what its URL begins with tells which."""

    def answer(said: bytes) -> bytes | None:
        found = re.match(rb"\w+ (?:http://[^/ ]+)?/(\d+)", said)
        return answers[int(found[1]) if found else 0](said)

    return answer


def any_of(
    answers: Sequence[Callable[[bytes], bytes | None]], seed: int
) -> Callable[[bytes], bytes | None]:
    """Each time another one."""
    chance = random.Random(seed)

    def answer(said: bytes) -> bytes | None:
        return chance.choice(answers)(said)

    return answer


def rubbish(said: bytes) -> bytes:
    return b"\x00\xff\x17 this is not HTTP at all " + said[:200]


def hang(_: bytes) -> None:
    return None


@dataclass
class Cage:
    """A folder, its configuration, and what the environment of the commands has to hold."""

    folder: Path
    birds: Birds
    server: Server
    environ: dict[str, str] = field(default_factory=dict)
    on_purpose: list[Path] = field(default_factory=list)  # files that hold secrets, as they should
    _turn: int = 0

    def refer(self, secret: str) -> str:
        """A reference to it; another kind each time."""
        self._turn += 1
        n = self._turn
        # Windows' keyring is its own: no backend can be put in its place.
        kind = ("literal", "env", "file", "command", "file" if sys.platform == "win32" else "keyring")[
            n % 5
        ]
        if kind == "literal":
            return f"literal:{secret}"
        if kind == "env":
            self.environ[f"BIRD_{n}"] = secret
            return f"env:BIRD_{n}"
        place = self.folder / "kept" / str(n)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        place.write_bytes(secret.encode())
        place.chmod(0o600)
        if kind == "keyring":
            return f"keyring:{n}"  # see keyring_of_the_canaries
        return f"file:{place}" if kind == "file" else f"command:{CAT} {place}"

    def account(self, kind: str, state: int, *, proxy: bool = False) -> list[str]:
        """One whose requests all begin with the number of a state."""
        url = f"{self.server.url}/{state}"
        driver = providers.load(kind)
        held: dict[str, object] = dict(driver.example)
        wanted = {setting.name: setting for setting in settings(driver)}
        for name, setting in wanted.items():
            if not setting.secret:
                continue
            purpose = f"{kind}.{name} in state {state}"
            if name in TABLES:
                known = held.get(name)
                keys = list(known) if isinstance(known, dict) else [driver.example_owner]
                held[name] = {key: self.refer(self.birds.text(f"{purpose}.{key}")) for key in keys}
            else:
                make = SHAPES.get(f"{kind}.{name}")
                secret = make(self.birds, purpose) if make else self.birds.text(purpose)
                held[name] = self.refer(secret)
        if kind in ("he", "njalladyn"):
            del held["key"]  # or keys
        if kind == "freedns":
            del held["tokens6"], held["password"]  # tokens, or user and password
        if kind == "webhook":
            written = self.birds.text(f"webhook: a token in the path in state {state}", odd=False)
            spelt = self.birds.text(f"webhook: a token in a header in state {state}", odd=False)
            held["url"] = f"{url}/{written}/update?host={{name}}&ip={{ip}}&key={{key}}"
            held["header"] = {"X-Token": spelt}
            held["username"] = "me"
        if issubclass(driver, HttpProvider) and kind != "webhook":
            held["endpoint"] = url
            if proxy:
                word = self.birds.text(f"{kind}: the password of the proxy in state {state}", odd=False)
                held["proxy"] = self.refer(f"http://me:{word}@127.0.0.1:{self.server.port}")
        if kind == "rfc2136":
            held |= {"server": "127.0.0.1", "port": self.server.port}
        if kind == "lexicon":
            held = {
                "dns": "powerdns",
                "settings": {
                    "pdns_server": url,
                    "auth_token": self.refer(self.birds.text(f"lexicon.settings in state {state}")),
                },
            }
        return [
            f"[account.{kind}-{state}]",
            f'provider = "{kind}"',
            *(f"{name} = {_toml(value)}" for name, value in held.items()),
            "[[record]]",
            f'name = "{driver.example_owner}"',
            f'account = "{kind}-{state}"',
            'type = "A"',
            "",
        ]

    def write(self, sources: list[str], states: int = 1, *, log: str = "", proxy: bool = False) -> None:
        """Every provider there is, once for each state that the server may be in."""
        rows = [self.agent(), log]
        rows.append(
            f"[uplink.default]\nipv4 = {_toml(sources)}\nipv6 = []\nagree = 1\nlisten = []\n"
            'allow = ["documentation"]\n'
        )
        for state in range(states):
            for kind in providers.names():
                rows += self.account(kind, state, proxy=proxy)
        self.config.write_text("\n".join(rows), encoding="utf-8")
        self.config.chmod(0o600)

    def agent(self) -> str:
        return f"[agent]\nstate_dir = {_toml(str(self.folder / 'state'))}"

    @property
    def config(self) -> Path:
        return self.folder / "homeport.toml"


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return (
            "{ " + ", ".join(f"{json.dumps(name)} = {_toml(inner)}" for name, inner in value.items()) + " }"
        )
    return json.dumps(value, ensure_ascii=False)


KEYRING = """\
from pathlib import Path
from keyring.backend import KeyringBackend
class Keyring(KeyringBackend):
    priority = 1
    def get_password(self, service, username):
        place = Path(__file__).parents[1] / "kept" / username
        return place.read_bytes().decode() if place.exists() else None
    def set_password(self, service, username, password):
        raise NotImplementedError
    def delete_password(self, service, username):
        raise NotImplementedError
"""


def secrets_of(kind: str) -> list[str]:
    """The names of the settings of a provider that hold secrets."""
    return [setting.name for setting in settings(providers.load(kind)) if setting.secret]
