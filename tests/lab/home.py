"""A home: a LAN, one or two gateways with NAT and miniupnpd, and an isp with services."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from ipaddress import IPv4Address, IPv6Network
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from homeport.wire import natpmp, stun
from tests.peers.servers import Server, bind

from . import daemons
from .daemons import Daemon, await_
from .network import LabError, Network
from .plan import (
    DNS_PORT,
    ECHO_PORT,
    ISP,
    KEY_NAME,
    KEY_SECRET,
    LINES,
    NEIGHBOUR,
    STUN_PORT,
    UPNP_PORT,
    ZONE,
    Line,
    build,
)
from .strangers import ALL_HOSTS, CLIENT_PORT, SERVER_PORT, Echo, Liar


class Home:
    """Built when the block begins, gone when it ends.  Raises `LabError` if it cannot be built."""

    def __init__(self, *, lines: Sequence[str] = ("fiber",), miniupnpd: bool = True) -> None:
        self.lines = tuple(LINES[name] for name in lines)
        self.network = Network(["lan", "neighbour", "isp", *(line.gateway for line in self.lines)])
        self.echo = Echo()
        self._with_miniupnpd = miniupnpd
        self._wans: dict[str, str] = {}
        self._daemons: dict[str, Daemon] = {}
        self._prefix: IPv6Network | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        try:
            name = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="homeport-lab-"))
            self.folder = Path(name)
            self._stack.callback(self.network.down)
            build(self.network, self.lines)
            for line in self.lines:
                self.wan(line.wan, line.name)
            with self.inside("isp"):
                self._stack.enter_context(self.echo.serving(ECHO_PORT))
            for line in self.lines:
                await_(partial(self.comes_through, line.name), f"{line.name}: nothing comes through")
                if self._with_miniupnpd:
                    self.start_miniupnpd(line.name)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    # -- the hosts: lan, neighbour, isp, gw and, with two lines, gw-lte ----------------------------

    def netns(self, host: str) -> str:
        """The name of a host's namespace, for `ip netns exec`."""
        return self.network.netns(host)

    def inside(self, host: str) -> AbstractContextManager[None]:
        """A block in which this thread is on that host: sockets opened in it stay there."""
        return self.network.inside(host)

    def popen(self, host: str, argv: Sequence[str | Path], **options: Any) -> subprocess.Popen[Any]:
        """Start a program there, with the options of `subprocess.Popen`; it ends with the home."""
        return self.network.popen(host, argv, **options)

    def run(
        self, host: str, argv: Sequence[str | Path], *, check: bool = True, input: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program there to its end; `LabError` with what it said if it fails and `check` holds."""
        return self.network.run(host, argv, check=check, input=input)

    def python(self, host: str, code: str, *arguments: str, check: bool = True) -> str:
        """Run Python with the project there: what it printed."""
        return self.run(host, [sys.executable, "-c", code, *arguments], check=check).stdout

    def ask(self, host: str, address: str, port: int, payload: bytes, seconds: float = 0.5) -> bytes | None:
        """One UDP datagram from that host and the answer to it; None if there is none."""
        with self.inside(host), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(seconds)
            try:
                client.connect((address, port))
                client.send(payload)
                return client.recv(65536)
            except OSError:  # refused, unreachable or silent: all of them mean "not there"
                return None

    def log(self, name: str) -> str:
        """What a daemon said: "miniupnpd-fiber", "dnsmasq", "stun"."""
        return self._daemons[name].log

    # -- the line ----------------------------------------------------------------------------------

    def line(self, name: str) -> Line:
        """One of the lines that this home has."""
        return next(line for line in self.lines if line.name == name)

    def wan(self, address: str | None, line: str = "fiber") -> None:
        """Give the WAN side of a line another address, at once; None: none at all."""
        here = self.line(line)
        old = self._wans.pop(line, None)
        rows = [] if old is None else [f"addr del {old}/32 dev wan0"]
        if address is not None:
            self.network.ip("isp", f"route replace {address}/32 dev {here.isp}")
            self._wans[line] = address
            rows += [f"addr add {address}/32 dev wan0", f"route replace default via {ISP} dev wan0 onlink"]
        self.network.ip(here.gateway, *rows)
        if old not in (None, address):
            self.network.ip("isp", f"route del {old}/32 dev {here.isp}")

    def cut(self, line: str = "fiber", *, loss: int = 100) -> None:
        """Lose that percentage of packets upstream of the gateway, which notices nothing."""
        self.mend(line)
        self.network.nft(self.line(line).gateway, daemons.CUT.replace("KEPT", str(100 - loss)))

    def mend(self, line: str = "fiber") -> None:
        """Undo `cut`."""
        # "add" makes "delete" right whether or not there is something to delete.
        self.network.nft(self.line(line).gateway, "add table inet cut\ndelete table inet cut\n")

    def comes_through(self, line: str = "fiber") -> bool:
        """Does the isp answer the host "lan" over that line?"""
        interface = self.line(line).interface
        with self.inside("lan"), socket.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
            client.settimeout(0.5)
            return client.connect_ex((ISP, ECHO_PORT)) == 0

    def unplug(self, line: str = "fiber") -> None:
        """Pull the cable between the host "lan" and the gateway."""
        self.network.ip(self.line(line).gateway, "link set port0 down")

    def plug(self, line: str = "fiber") -> None:
        """Undo `unplug`."""
        self.network.ip(self.line(line).gateway, "link set port0 up")

    # -- the gateway -------------------------------------------------------------------------------

    def start_miniupnpd(self, line: str = "fiber") -> Daemon:
        """Start it; it answers NAT-PMP and HTTP when this returns."""
        here = self.line(line)
        config = self.folder / f"miniupnpd-{line}.conf"
        config.write_text(daemons.MINIUPNPD.replace("NUMBER", str(self.lines.index(here))))
        pid = self.folder / f"miniupnpd-{line}.pid"
        argv = ["miniupnpd", "-d", "-f", str(config), "-i", "wan0", "-a", "lan0", "-P", str(pid)]
        return self._daemon(f"miniupnpd-{line}", here.gateway, argv, lambda: self._gateway_answers(here))

    def stop_miniupnpd(self, line: str = "fiber") -> None:
        """End it, as a gateway that restarts does: clients are told by SSDP only."""
        self._daemons.pop(f"miniupnpd-{line}").stop()

    def restart_miniupnpd(self, line: str = "fiber") -> None:
        """Its epoch begins again, and it has forgotten who subscribed."""
        self._daemons[f"miniupnpd-{line}"].restart()

    @contextmanager
    def liar(self, line: str = "fiber") -> Iterator[Liar]:
        """A NAT-PMP server that says what it is told to, in the place of miniupnpd."""
        here = self.line(line)
        honest = f"miniupnpd-{line}" in self._daemons
        if honest:
            self.stop_miniupnpd(line)
        with self.inside(here.gateway):
            server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with server, Liar(server, f"{here.net}.1").serving() as liar:
            yield liar
        if honest:
            self.start_miniupnpd(line)

    def prefix(self, prefix: str) -> None:
        """Let the gateway of the first line announce an IPv6 prefix; the one it had becomes deprecated.

        When this returns, the host "lan" has an address of it.
        """
        here = self.lines[0]
        old, new = self._prefix, IPv6Network(prefix)
        rows = [f"addr replace {new[1]}/{new.prefixlen} dev lan0 nodad"]
        if old not in (None, new):
            assert old is not None
            rows.insert(0, f"addr change {old[1]}/{old.prefixlen} dev lan0 preferred_lft 0 valid_lft 7200")
        self.network.ip("isp", f"route replace {new} via fe80::2 dev {here.isp}")
        self.network.ip(here.gateway, *rows)
        self._prefix = new
        if "dnsmasq" not in self._daemons:
            config = self.folder / "dnsmasq.conf"
            config.write_text(daemons.DNSMASQ.replace("FOLDER", str(self.folder)))
            argv = ["dnsmasq", "--keep-in-foreground", f"--conf-file={config}"]
            self._daemon("dnsmasq", here.gateway, argv, lambda: True)
        await_(lambda: self._has("lan", new), lambda: f"nobody took {new}; {self.log('dnsmasq')}")

    # -- the isp -----------------------------------------------------------------------------------

    def bind(self, *, zones: Sequence[str] = (ZONE,), records: Sequence[str] = ()) -> Server:
        """BIND at the isp, port 53; who has the key (KEY_NAME, KEY_SECRET) may change everything.

        Look at it, stop it or restart it in a block of `inside("isp")`.
        """
        serving = bind(zones, KEY_NAME, KEY_SECRET, records=records, host=ISP, port=DNS_PORT)
        with self.inside("isp"):
            return self._stack.enter_context(serving)

    def stun(self) -> Daemon:
        """coturn at the isp, port 3478, as a STUN server only."""
        argv = ["turnserver", "-n", "--stun-only", f"--listening-ip={ISP}", f"--listening-port={STUN_PORT}"]
        argv += ["--no-tls", "--no-dtls", "--no-cli", "--log-file=stdout", "--simple-log"]
        argv += [f"--pidfile={self.folder}/turnserver.pid", f"--db={self.folder}/turn.sqlite"]
        question = stun.request(b"twelve bytes")
        return self._daemon(
            "stun", "isp", argv, lambda: self.ask("isp", ISP, STUN_PORT, question) is not None
        )

    # -- the neighbour -----------------------------------------------------------------------------

    def forge(
        self,
        payload: bytes,
        *,
        to: tuple[str, int] = (ALL_HOSTS, CLIENT_PORT),
        source: tuple[str, int] = (NEIGHBOUR, SERVER_PORT),
    ) -> None:
        """The neighbour sends one UDP datagram, from any address and port: the gateway's, if wished."""
        target, sender = IPv4Address(to[0]), IPv4Address(source[0])
        ttl = 1 if target.is_multicast else 64
        # RFC 791; the kernel fills in what is 0 here: length, identification, checksum.  RFC 768: a
        # checksum of 0 is none.
        header = struct.pack(
            "!BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, ttl, socket.IPPROTO_UDP, 0, sender.packed, target.packed
        )
        udp = struct.pack("!HHHH", source[1], to[1], 8 + len(payload), 0)
        with (
            self.inside("neighbour"),
            socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw,
        ):
            raw.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(NEIGHBOUR))
            raw.sendto(header + udp + payload, (to[0], 0))

    # -- is it there? ------------------------------------------------------------------------------

    def _daemon(self, name: str, host: str, argv: Sequence[str], ready: Callable[[], bool]) -> Daemon:
        if name in self._daemons:
            raise LabError(f"{name} runs already")
        daemon = Daemon(self.network, host, argv, self.folder / f"{name}.log", ready)
        self._daemons[name] = daemon
        self._stack.callback(daemon.stop)
        daemon.start()
        return daemon

    def _gateway_answers(self, line: Line) -> bool:
        gateway = f"{line.net}.1"
        with self.inside("lan"), socket.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
            client.settimeout(1)
            listens = client.connect_ex((gateway, UPNP_PORT)) == 0
        return listens and self.ask("lan", gateway, natpmp.PORT, b"\0\0") is not None

    def _has(self, host: str, prefix: IPv6Network) -> bool:
        shown = self.run(host, ["ip", "-6", "-o", "addr", "show", "scope", "global"]).stdout
        words = [line.split()[3].partition("/")[0] for line in shown.splitlines()]
        return any(IPv6Network(f"{word}/{prefix.prefixlen}", strict=False) == prefix for word in words)
