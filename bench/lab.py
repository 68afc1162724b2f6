"""What the tables share: a real BIND, the stand-in, and configurations that point at them."""

from __future__ import annotations

import http.client
import json
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.peers.servers import bind

from .measure import ENVIRONMENT, PYTHON

ROOT = Path(__file__).parents[1]
ZONE, KEY_NAME = "example.com", "homeport"
KEY = b64encode(b"a key that is used in the bench!").decode()
LATENCY = 50  # milliseconds, of every answer of the API
_ADDRESSES = cycle(f"203.0.113.{number}" for number in range(1, 255))


@dataclass(frozen=True)
class Lab:
    """Everything runs; `folder` holds the configurations and their state."""

    folder: Path
    dns_port: int
    http_port: int
    _last: list[str] = field(default_factory=list)

    def move(self) -> str:
        """From now on the page tells another address."""
        address = next(_ADDRESSES)
        self._ask("PUT", "/address", address)
        return address

    def counted(self) -> tuple[int, float]:
        """Requests to the API since the last time; seconds from the first to the last answer."""
        found: dict[str, Any] = json.loads(self._ask("GET", "/count"))
        return found["requests"], found["seconds"]

    def empty(self) -> None:
        """Remove every record that the API holds."""
        self._ask("DELETE", "/zone")

    def _ask(self, method: str, path: str, body: str | None = None) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port)
        try:
            connection.request(method, path, body)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def configuration(self, name: str, owners: list[str], *, api: bool = False) -> str:
        """Write a configuration with one source and one account; its path."""
        account = (
            f'provider = "cloudflare"\nendpoint = "http://127.0.0.1:{self.http_port}/client/v4"\n'
            f'token = "file:{self.folder}/key"\n'
            if api
            else f'provider = "rfc2136"\nserver = "127.0.0.1"\nport = {self.dns_port}\n'
            f'tsig_name = "{KEY_NAME}"\ntsig_key = "file:{self.folder}/key"\n'
        )
        path = self.folder / f"{name}.toml"
        path.write_text(
            f'[agent]\nstate_dir = "{self.folder / name}"\n\n'
            f'[uplink.line]\nipv4 = "http:http://127.0.0.1:{self.http_port}/address"\n'
            'ipv6 = []\nallow = ["documentation"]\n\n'
            f"[account.office]\n{account}\n"
            f'[[record]]\nname = {json.dumps(owners)}\naccount = "office"\ntype = "A"\n'
        )
        return str(path)


@contextmanager
def lab() -> Iterator[Lab]:
    """All of it, until the block ends."""
    stand_in = subprocess.Popen(
        [PYTHON, "-m", "bench.stand_in", str(LATENCY)],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert stand_in.stdin
    assert stand_in.stdout
    with (
        TemporaryDirectory(prefix="homeport-bench-") as folder,
        bind([ZONE], KEY_NAME, KEY) as server,
        stand_in,
        stand_in.stdin,
        stand_in.stdout,
    ):
        key = Path(folder, "key")
        key.write_text(KEY)
        key.chmod(0o600)
        yield Lab(Path(folder), server.port, int(stand_in.stdout.readline()))
