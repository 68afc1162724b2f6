"""A program that keeps running on a host, with its log, and the configurations of those of the lab."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .network import LabError, Network, end

DEADLINE = 15.0  # seconds from start to the first answer
BETWEEN = 0.02  # seconds between two questions whether it answers


class Daemon:
    """One program.  `ready` asks it something; it is up when that is true."""

    def __init__(
        self, network: Network, host: str, argv: Sequence[str | Path], log: Path, ready: Callable[[], bool]
    ) -> None:
        self.argv = tuple(argv)
        self._network, self._host, self._log, self._ready = network, host, log, ready
        self._process: subprocess.Popen[Any] | None = None

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, seconds: float = DEADLINE) -> None:
        """Start it and wait until it answers; `LabError` with the end of its log if it does not."""
        assert self._process is None, "it runs already"
        with self._log.open("ab") as log:
            self._process = self._network.popen(
                self._host, self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            await_(self._answers, self._complaint, seconds=seconds)
        except LabError:
            self.stop()
            raise

    def stop(self) -> None:
        """End it; does nothing if it does not run."""
        if self._process is not None:
            end(self._process)
            self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def _answers(self) -> bool:
        if not self.runs:
            raise LabError(self._complaint())
        return self._ready()

    def _complaint(self) -> str:
        status = self._process.poll() if self._process is not None else None
        why = "it does not answer" if status is None else f"it ended with status {status}"
        return f"{self._host}: {' '.join(map(str, self.argv))}: {why}; its log ends:\n{self.log[-2000:]}"


def await_(
    so: Callable[[], bool], complaint: Callable[[], str] | str, *, seconds: float = DEADLINE
) -> None:
    """Ask until it is so; `LabError` with the complaint when that takes too long."""
    until = time.monotonic() + seconds
    while not so():
        if time.monotonic() > until:
            raise LabError(complaint if isinstance(complaint, str) else complaint())
        time.sleep(BETWEEN)


MINIUPNPD = """
ext_ifname=wan0
listening_ip=lan0
enable_natpmp=yes
enable_upnp=yes
min_lifetime=120
max_lifetime=86400
secure_mode=yes
notify_interval=30
uuid=7d4a1234-1dd2-11b2-9a6f-1fb7b1aa000NUMBER
http_port=5555
allow 1024-65535 0.0.0.0/0 1024-65535
"""

# Upstream of the gateway: it sees its link up and its address unchanged, and nothing comes through.
CUT = """
table inet cut {
    chain out {
        type filter hook postrouting priority 300
        oifname "wan0" numgen random mod 100 >= KEPT drop
    }
    chain in {
        type filter hook prerouting priority -400
        iifname "wan0" numgen random mod 100 >= KEPT drop
    }
}
"""

DNSMASQ = """
port=0
interface=lan0
bind-interfaces
enable-ra
dhcp-range=::,constructor:lan0,ra-only,64
ra-param=lan0,4,1800
dhcp-leasefile=FOLDER/leases
log-dhcp
log-facility=-
user=root
pid-file=FOLDER/dnsmasq.pid
"""
