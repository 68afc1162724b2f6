"""Real authoritative servers on loopback, as peers of our RFC 2136 client: BIND, Knot DNS and PowerDNS.

Each function is a context manager that gives a `Server` which has answered for all its zones over UDP
and TCP, keeps its files in a temporary directory, and is stopped and gone when the block ends.  Every
zone starts with a SOA (serial 1), an NS (ns1), ns1's address, and the `records` asked for, which are
lines of a zone file with names relative to the zone ("home 60 IN A 192.0.2.1").

A missing program is a failure, never a skip: `make test` installs them.
"""

import contextlib
import dataclasses
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

HOST = "127.0.0.1"
DEADLINE = 15.0  # seconds from start to the first answer
PATIENCE = 5.0  # seconds a server has to end by itself
_PACKAGES = {
    "named": "bind9",
    "knotd": "knot",
    "pdns_server": "pdns-server",
    "pdnsutil": "pdns-server",
    "sqlite3": "sqlite3",
}
_PDNS_SCHEMA = Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql")  # pdns-backend-sqlite3


@dataclasses.dataclass
class Server:
    """A server that runs; `stop` and `restart` are for tests of outages (zone and port stay)."""

    command: Sequence[str]
    port: int
    zones: tuple[str, ...]
    directory: Path
    host: str = HOST
    api_port: int = 0  # of PowerDNS's HTTP API, where it was asked for
    _process: subprocess.Popen[bytes] | None = None

    @property
    def log_path(self) -> Path:
        return self.directory / "server.log"

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def start(self) -> None:
        """Start, and wait until it answers; the test fails with the end of its log if it does not.

        TCP is asked first: a port that is still closed says so at once.
        """
        assert self._process is None, "it runs already"
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.directory
            )
        until = time.monotonic() + DEADLINE
        while not all(self._answers(zone, tcp=tcp) for zone in self.zones for tcp in (True, False)):
            ended = self._process.poll()
            if ended is not None or time.monotonic() > until:
                self.stop()
                why = (
                    f"no answer for {DEADLINE:.0f} s" if ended is None else f"it ended with status {ended}"
                )
                pytest.fail(
                    f"{self.command[0]} on port {self.port}: {why}; its log ends:\n{self.log[-2000:]}"
                )
            time.sleep(0.02)  # between two questions, not for luck

    def stop(self) -> None:
        """End the server and wait until it is gone; does nothing to one that does not run."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def _answers(self, zone: str, *, tcp: bool) -> bool:
        question = dns.message.make_query(zone, "SOA")
        over = dns.query.tcp if tcp else dns.query.udp
        try:
            reply = over(question, self.host, timeout=1, port=self.port)
        except (dns.exception.DNSException, OSError, EOFError):
            return False  # not yet there
        return (
            reply.rcode() == dns.rcode.NOERROR and bool(reply.flags & dns.flags.AA) and bool(reply.answer)
        )


@contextlib.contextmanager
def bind(
    zone_names: Sequence[str],
    tsig_name: str,
    tsig_secret_b64: str,
    algorithm: str = "hmac-sha256",
    *,
    policy: str | None = None,
    records: Iterable[str] = (),
    host: str = HOST,
    port: int | None = None,
) -> Iterator[Server]:
    """BIND 9.  `policy` is the inside of `update-policy { }`; without it the key may change everything.

    It listens at `host`, at a free port unless `port` says which.
    """
    allowed = (
        f'allow-update {{ key "{tsig_name}"; }};' if policy is None else f"update-policy {{ {policy} }};"
    )
    with _directory(zone_names, records, host) as directory:
        port = port or free_port()
        zones = "".join(
            f'zone "{zone}" {{ type primary; file "{_zone_file(directory, zone)}"; {allowed} }};\n'
            for zone in zone_names
        )
        config = directory / "named.conf"
        config.write_text(
            f"""
options {{
    directory "{directory}";
    listen-on port {port} {{ {host}; }};
    listen-on-v6 {{ none; }};
    pid-file none;
    session-keyfile none;
    lock-file none;
    recursion no;
    allow-transfer {{ none; }};
    notify no;
    dnssec-validation no;
    empty-zones-enable no;
    minimal-responses yes;
}};
controls {{ }};
key "{tsig_name}" {{ algorithm {algorithm}; secret "{tsig_secret_b64}"; }};
{zones}"""
        )
        # Without -u it stays who the tests are; -n: one thread starts faster than many.
        command = [_program("named"), "-f", "-g", "-4", "-n", "1", "-c", str(config)]
        with _running(Server(command, port, tuple(zone_names), directory, host)) as server:
            yield server


@contextlib.contextmanager
def knot(
    zone_names: Sequence[str],
    tsig_name: str,
    tsig_secret_b64: str,
    algorithm: str = "hmac-sha256",
    *,
    policy: str | None = None,
    records: Iterable[str] = (),
) -> Iterator[Server]:
    """Knot DNS.  `policy` is one more line of the update ACL, such as "update-type: [A, AAAA]"."""
    with _directory(zone_names, records) as directory:
        port = free_port()
        zones = "".join(
            f"  - domain: {zone}\n    file: {_zone_file(directory, zone)}\n    acl: update\n"
            for zone in zone_names
        )
        config = directory / "knot.conf"
        config.write_text(
            f"""
server:
    listen: {HOST}@{port}
    rundir: {directory}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: info
database:
    storage: {directory}
    journal-db-max-size: 16M
key:
  - id: {tsig_name}
    algorithm: {algorithm}
    secret: {tsig_secret_b64}
acl:
  - id: update
    key: {tsig_name}
    action: update
    {policy or ""}
zone:
{zones}"""
        )
        command = [_program("knotd"), "-c", str(config)]
        with _running(Server(command, port, tuple(zone_names), directory)) as server:
            yield server


@contextlib.contextmanager
def powerdns(
    zone_names: Sequence[str],
    tsig_name: str,
    tsig_secret_b64: str,
    algorithm: str = "hmac-sha256",
    *,
    records: Iterable[str] = (),
    api_key: str | None = None,
    secondaries: Iterable[str] = (),
) -> Iterator[Server]:
    """PowerDNS with its SQLite backend.  It knows no policy finer than "this key, this zone".

    With an `api_key`, its HTTP API listens as well, at `api_port`.  `secondaries` are zones whose
    primary never answers.
    """
    with _directory(zone_names, records) as directory:
        port = free_port()
        api_port = 0
        api = ""
        if api_key is not None:
            api_port = free_port()
            api = (
                f"api=yes\napi-key={api_key}\nwebserver=yes\nwebserver-address={HOST}\n"
                f"webserver-port={api_port}\nwebserver-allow-from={HOST}/32\n"
            )
        database = directory / "pdns.sqlite3"
        (directory / "pdns.conf").write_text(
            f"""
launch=gsqlite3
gsqlite3-database={database}
gsqlite3-dnssec=yes
gsqlite3-pragma-synchronous=0
local-address={HOST}
local-port={port}
dnsupdate=yes
allow-dnsupdate-from={HOST}/32
daemon=no
guardian=no
disable-syslog=yes
loglevel=5
socket-dir={directory}
security-poll-suffix=
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
domain-metadata-cache-ttl=0
zone-cache-refresh-interval=0
receiver-threads=1
distributor-threads=1
{api}"""
        )
        if not _PDNS_SCHEMA.exists():
            pytest.fail(
                f"{_PDNS_SCHEMA} is missing: `make test` installs it (Debian: pdns-backend-sqlite3)"
            )
        _run(_program("sqlite3"), str(database), f".read {_PDNS_SCHEMA}")
        pdnsutil = [_program("pdnsutil"), f"--config-dir={directory}"]
        _run(*pdnsutil, "import-tsig-key", tsig_name, algorithm, tsig_secret_b64)
        for zone in zone_names:
            _run(*pdnsutil, "load-zone", zone, str(_zone_file(directory, zone)))
            _run(*pdnsutil, "set-meta", zone, "TSIG-ALLOW-DNSUPDATE", tsig_name.removesuffix("."))
            _run(*pdnsutil, "set-meta", zone, "SOA-EDIT-DNSUPDATE", "INCREASE")
        for zone in secondaries:
            _run(*pdnsutil, "create-slave-zone", zone, f"{HOST}:1")
        command = [_program("pdns_server"), f"--config-dir={directory}"]
        with _running(Server(command, port, tuple(zone_names), directory, api_port=api_port)) as server:
            yield server


@contextlib.contextmanager
def _directory(zone_names: Sequence[str], records: Iterable[str], host: str = HOST) -> Iterator[Path]:
    lines = "\n".join(records)
    # Not pytest's own directory: its long path does not fit the socket of knotd.
    with tempfile.TemporaryDirectory(prefix="homeport-", ignore_cleanup_errors=True) as name:
        for zone in zone_names:
            _zone_file(Path(name), zone).write_text(
                f"$ORIGIN {zone.removesuffix('.')}.\n"
                "$TTL 3600\n"
                "@ IN SOA ns1 hostmaster 1 3600 900 604800 60\n"
                "@ IN NS ns1\n"
                f"ns1 IN A {host}\n"
                f"{lines}\n"
            )
        yield Path(name)


def _zone_file(directory: Path, zone: str) -> Path:
    return directory / f"{zone.removesuffix('.')}.zone"


@contextlib.contextmanager
def _running(server: Server) -> Iterator[Server]:
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _program(name: str) -> str:
    # Debian keeps the servers in /usr/sbin, which is not on everybody's PATH.
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")
    if found is None:
        pytest.fail(f"{name} is missing: `make test` installs it (Debian: {_PACKAGES.get(name, name)})")
    return found


def _run(*command: str) -> None:
    run = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    if run.returncode != 0:
        pytest.fail(f"{Path(command[0]).name} ended with status {run.returncode}: {run.stdout}{run.stderr}")


def free_port() -> int:
    """A number free for UDP and TCP, below those that the system gives to clients (32768 and up)."""
    for port in random.sample(range(20000, 32000), 100):
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
            contextlib.suppress(OSError),
        ):
            udp.bind((HOST, port))
            tcp.bind((HOST, port))
            return port
    pytest.fail("no port is free for both UDP and TCP")
