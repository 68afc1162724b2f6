"""Hosts as network namespaces: made under a name of this process, entered, and always removed."""

from __future__ import annotations

import ctypes
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

PREFIX = "hplab"
PACKAGES = {
    "dnsmasq": "dnsmasq-base",
    "ip": "iproute2",
    "miniupnpd": "miniupnpd",
    "nft": "nftables",
    "ping": "iputils-ping",
    "turnserver": "coturn",
}
PATIENCE = 30.0  # seconds that a command may take
ENDING = 3.0  # seconds that a process has to end by itself

_RUN, _ETC = Path("/run/netns"), Path("/etc/netns")
_CLONE_NEWNET = 0x40000000
_numbers = itertools.count(1)


class LabError(Exception):
    """The lab cannot be built, or something in it does not answer; the text says what to do."""


class Network:
    """Some hosts.  Their namespaces carry the process id, so that a later run knows the dead ones."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self.hosts = tuple(hosts)
        self._name = f"{PREFIX}-{os.getpid()}-{next(_numbers)}"
        self._processes: list[subprocess.Popen[Any]] = []

    def netns(self, host: str) -> str:
        """The name of that host's namespace, for `ip netns exec`."""
        if host not in self.hosts:
            raise LabError(f"there is no host {host!r}; there are {', '.join(self.hosts)}")
        return f"{self._name}-{host}"

    def build(self) -> None:
        """Make the namespaces, empty.  Raises `LabError` if this machine does not let us."""
        if sys.platform != "linux" or os.geteuid() != 0:
            raise LabError(
                "the lab makes network namespaces, and on Linux only root may: run the tests as root"
            )
        program("ip")
        remove_dead()
        ip(*(f"netns add {self.netns(host)}" for host in self.hosts))
        for host in self.hosts:
            self.ip(host, "link set lo up")

    def resolv_conf(self, host: str, text: str) -> None:
        """What programs on that host find in /etc/resolv.conf; see ip-netns(8)."""
        folder = _ETC / self.netns(host)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "resolv.conf").write_text(text)

    def down(self) -> None:
        """End every process in the namespaces, ours or not, and remove them."""
        for process in self._processes:
            end(process)
        _remove([self.netns(host) for host in self.hosts])

    # -- using a host ------------------------------------------------------------------------------

    @contextmanager
    def inside(self, host: str) -> Iterator[None]:
        """This thread is on that host: what it opens or starts in the block belongs there, for good."""
        with open("/proc/thread-self/ns/net") as home, open(_RUN / self.netns(host)) as there:
            _setns(there.fileno())
            try:
                yield
            finally:
                _setns(home.fileno())

    def popen(self, host: str, argv: Sequence[str | Path], **options: Any) -> subprocess.Popen[Any]:
        """Start a program there; `options` are those of `subprocess.Popen`.  It ends with the lab."""
        process = subprocess.Popen(self._there(host, argv), **options)
        self._processes.append(process)
        return process

    def run(
        self, host: str, argv: Sequence[str | Path], *, check: bool = True, input: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program there to its end: text in `stdout` and `stderr`.

        Raises `LabError` with what it said if it fails and `check` holds.
        """
        done = subprocess.run(
            self._there(host, argv),
            input=input,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if check and done.returncode != 0:
            what = " ".join(map(str, argv))
            raise LabError(
                f"{host}: {what}: status {done.returncode}: {done.stdout}{done.stderr}{input or ''}"
            )
        return done

    def nft(self, host: str, rules: str) -> None:
        """Rules of nft(8) on that host."""
        self.run(host, ["nft", "-f", "-"], input=rules)

    def ip(self, host: str, *lines: str) -> None:
        """Lines of ip(8) on that host, in one process."""
        ip(*lines, netns=self.netns(host))

    def _there(self, host: str, argv: Sequence[str | Path]) -> list[str | Path]:
        return [program("ip"), "netns", "exec", self.netns(host), program(str(argv[0])), *argv[1:]]

    def sysctl(self, host: str, **values: object) -> None:
        """Settings under net: `ipv4__ip_forward=1` is net.ipv4.ip_forward."""
        with self.inside(host):
            for name, value in values.items():
                Path("/proc/sys/net", *name.split("__")).write_text(str(value))


def ip(*lines: str, netns: str | None = None) -> None:
    """Lines of ip(8), in one process; `LabError` names the one that failed."""
    command = [program("ip"), *(["-n", netns] if netns else []), "-batch", "-"]
    text = "\n".join(lines)
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    if done.returncode != 0:
        raise LabError(f"ip: {done.stderr.strip()}; it was told:\n{text}")


def program(name: str) -> str:
    """Where a program is; `LabError` with the package to install if it is nowhere."""
    # Debian keeps daemons in /usr/sbin, which is not on everybody's PATH.
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        package = PACKAGES.get(name)
        hint = f": `make peers` installs it (Debian: {package})" if package else ""
        raise LabError(f"{name} is missing{hint}")
    return found


def end(process: subprocess.Popen[Any]) -> None:
    """End a process and wait until it is gone."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(ENDING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def remove_dead() -> None:
    """Remove what runs left behind that were killed."""
    names = {path.name for folder in (_RUN, _ETC) if folder.exists() for path in folder.iterdir()}
    dead = []
    for name in names:
        of_process = re.match(rf"{PREFIX}-(\d+)-", name)
        if of_process and not Path("/proc", of_process[1]).exists():
            dead.append(name)
    _remove(dead)


def _remove(names: Sequence[str]) -> None:
    there = {name: _RUN / name for name in names if (_RUN / name).exists()}
    inodes = {path.stat().st_ino for path in there.values()}
    for entry in Path("/proc").iterdir() if there else ():
        with suppress(OSError):  # it has ended meanwhile
            if entry.name.isdecimal() and (entry / "ns/net").stat().st_ino in inodes:
                os.kill(int(entry.name), signal.SIGKILL)
    if there:
        ip(*(f"netns del {name}" for name in there))
    for name in names:
        shutil.rmtree(_ETC / name, ignore_errors=True)


def _setns(descriptor: int) -> None:
    # Python has os.setns from 3.12 on.
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
