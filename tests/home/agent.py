"""The real command on a host of the lab, and the name server that it keeps a record at."""

from __future__ import annotations

import itertools
import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from homeport.core.dns import Name, RRType
from homeport.wire import dns
from tests.lab import ISP, KEY_NAME, KEY_SECRET, Home, LabError
from tests.lab.daemons import await_
from tests.peers.servers import Server

PATIENCE = 20.0  # seconds, for a machine that is busy; nothing waits so long when all is well
OWNER = "home.example.com"
ACCOUNT = f"""
[account.ns]
provider = "rfc2136"
server = "{ISP}"
tsig_name = "{KEY_NAME}"
tsig_key = "{KEY_SECRET}"
"""
GATEWAY_ONLY = f"""
[uplink.default]
ipv4 = ["gateway"]
ipv6 = []
{ACCOUNT}
[[record]]
name = "{OWNER}"
account = "ns"
"""


@dataclass
class Zone:
    """The BIND of a home, as the world sees it."""

    home: Home
    server: Server

    def told(self, rrtype: RRType = RRType.A, owner: str = OWNER) -> set[str]:
        """The addresses that it answers with."""
        question = dns.query(1, owner, dns.TYPES[rrtype])
        answer = self.home.ask("isp", ISP, self.server.port, question, PATIENCE)
        assert answer is not None, self.server.log[-2000:]
        return {str(address) for address in dns.decode(answer).addresses(Name(owner), rrtype)[0]}

    def published(self, rrtype: RRType = RRType.A, owner: str = OWNER) -> list[str]:
        """Every address that was ever added, in that order: BIND logs each update."""
        return re.findall(rf"adding an RR at '{re.escape(owner)}' {rrtype} (\S+)", self.server.log)


@dataclass
class Agent:
    """A `homeport run` that goes on, with its configuration and state in a folder of its own."""

    home: Home
    host: str
    folder: Path
    process: subprocess.Popen[Any]

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def wait(self, so: Callable[[], bool], what: str) -> None:
        """Until it is so; fails with the log when it takes too long or the agent has ended."""

        def alive_and_so() -> bool:
            if self.process.poll() is not None:
                raise LabError(f"the agent ended with status {self.process.returncode}:\n{self.log}")
            return so()

        await_(alive_and_so, lambda: f"{what}; the agent's log:\n{self.log}", seconds=PATIENCE)

    def says(self, pattern: str, times: int = 1) -> None:
        """Wait until its log has that, so many times."""
        self.wait(lambda: len(re.findall(pattern, self.log)) >= times, f"{pattern!r} is not in the log")

    def publishes(self, zone: Zone, *addresses: str, rrtype: RRType = RRType.A, owner: str = OWNER) -> None:
        """Wait until the name server answers with these addresses, and the agent knows that it does."""
        wanted = set(addresses)

        def so() -> bool:
            known = re.findall(rf"{re.escape(owner)} {rrtype} .*: updated to ([^(\n]+)", self.log)
            return (
                zone.told(rrtype, owner) == wanted
                and known[-1:] != []
                and set(known[-1].strip().split(", ")) == wanted
            )

        self.wait(
            so, f"{owner} has {zone.told(rrtype, owner) or 'no address'} at first, and never {wanted}"
        )

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Another command with the same configuration, on the same host, to its end."""
        done = self.home.run(self.host, _homeport(self.folder, *words), check=False)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def status(self, owner: str = OWNER, rrtype: RRType = RRType.A) -> dict[str, Any]:
        """What `homeport status` knows of one record."""
        lines = [json.loads(line) for line in self.command("status", "--json").stdout.splitlines()]
        [found] = [line for line in lines if (line.get("name"), line.get("type")) == (owner, rrtype.value)]
        assert isinstance(found, dict)
        return found

    def cannot_tell(self, why: str) -> None:
        """Wait until `status` says that the address is not known, and that pattern as the reason."""

        def so() -> bool:
            found = self.status()
            return found["state"] == "unknown" and re.search(why, found["error"] or "") is not None

        self.wait(so, f"{why!r} is not the error that `status` shows")

    def stop(self) -> str:
        """End it as a service manager does, and see that it ends well: its log."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE)
        assert status == 0, self.log
        assert "Traceback" not in self.log and "a bug in Homeport" not in self.log, self.log
        assert KEY_SECRET not in self.log
        return self.log


_numbers = itertools.count(1)


@contextmanager
def running(
    home: Home, config: str = GATEWAY_ONLY, *, host: str = "lan", agent: str = "", log: str = "debug"
) -> Iterator[Agent]:
    """The agent with that configuration; `agent` are more lines of its table `[agent]`.

    It is ended with the block, and must then have ended well.
    """
    folder = home.folder / f"agent-{next(_numbers)}"
    folder.mkdir()
    head = f'[agent]\nstate_dir = "{folder}/state"\n{agent}\n[log]\nlevel = "{log}"\n'
    (folder / "homeport.toml").write_text(head + config)
    (folder / "homeport.toml").chmod(0o600)
    with (folder / "log").open("ab") as out:
        process = home.popen(
            host, _homeport(folder, "run"), stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder
        )
    found = Agent(home, host, folder, process)
    try:
        yield found
        found.stop()
    finally:
        process.kill()
        process.wait()


def _homeport(folder: Path, *words: str) -> Sequence[str]:
    command, *rest = words
    return [sys.executable, "-m", "homeport", command, "-c", str(folder / "homeport.toml"), *rest]


def occupied(home: Home, host: str, port: int) -> socket.socket:
    """A UDP port that another program on that host holds, for itself alone."""
    with home.inside(host):
        found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    found.bind(("0.0.0.0", port))
    return found
