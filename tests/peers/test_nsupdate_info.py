"""The dyndns2 driver against a real nsupdate.info server, which updates a real BIND.

The server is Django's own, with SQLite in a temporary directory, in an environment of its own that
`make nsupdate` installs; everything goes over loopback.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import pytest

from homeport.core.dns import Key, Name, RRset, RRType
from homeport.core.errors import BadCredentials, Blocked, NoSuchName, Throttled
from homeport.core.secret import Secret
from homeport.driver import Api, Task, Verdict
from homeport.net.http import HttpTransport
from homeport.providers.dyndns2 import DynDNS2
from homeport.wire.http import Reply, Request
from tests.contract.test_every_driver import NoDns
from tests.peers.servers import DEADLINE, HOST, PATIENCE, Server, bind, free_port

PYTHON = Path(sys.prefix) / "nsupdate" / "bin" / "python"
ZONE, ELSEWHERE = "example.com", "example.net"  # of ELSEWHERE the server has a wrong key
KEY, WRONG = (b64encode(words * 4).decode() for words in (b"0123456789abcdef", b"fedcba9876543210"))
SECRET = "s3cr3t&update+key/"
HERE4, HERE6 = "45.0.0.10", "2a00:1450::10"

pytestmark = pytest.mark.peer

SETTINGS = """
from functools import partial
import dns.query
import dns.resolver
from nsupdate.settings.base import *

SECRET_KEY = "only for this test"
DEBUG = False
ALLOWED_HOSTS = ["*"]
BASEDOMAIN, WWW_HOST = "example.com", "{address}"
WWW_IPV4_HOST = WWW_IPV6_HOST = WWW_HOST
WE_HAVE_TLS = False
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": {database!r}}}}}
BAD_HOSTS = {{"banned.example.com"}}
MIGRATION_MODULES = {{app.rpartition(".")[2]: None for app in INSTALLED_APPS}}  # tables at once

# It knows only port 53, which nobody but root may have.
dns.query.tcp = partial(dns.query.tcp, port={port})
_reset = dns.resolver.Resolver.reset


def reset(self):
    _reset(self)
    self.port = {port}


dns.resolver.Resolver.reset = reset
"""

SET_UP = """
import django
django.setup()
from django.contrib.auth import get_user_model
from django.core.management import call_command
from nsupdate.main.models import Domain, Host

call_command("migrate", run_syncdb=True, verbosity=0)
user = get_user_model().objects.create_user("me", "me@example.com", "not used")
for zone, key in (("{zone}", "{key}"), ("{elsewhere}", "{wrong}")):
    domain = Domain.objects.create(
        name=zone, nameserver_ip="{host}", nameserver_update_secret=key, available=True, created_by=user
    )
    for name in ("home", "abuser", "gone", "banned"):
        host = Host(name=name, domain=domain, created_by=user, available=name != "gone")
        host.abuse_blocked = name == "abuser"
        host.generate_secret({secret!r})
"""


@dataclass
class Service:
    """A running nsupdate.info, and the name server behind it."""

    url: str
    names: Server

    def told(self, name: str, rrtype: str) -> list[str]:
        """What the name server says, asked by a client that is not ours."""
        question = dns.message.make_query(name, rrtype)
        answer = dns.query.tcp(question, self.names.host, 5, self.names.port).answer
        return sorted(rdata.to_text() for rrset in answer for rdata in rrset)


@dataclass
class Listening:
    """Our transport, and what came back through it."""

    inner: HttpTransport
    heard: list[Reply] = field(default_factory=list)

    async def send(self, request: Request) -> Reply:
        self.heard.append(await self.inner.send(request))
        return self.heard[-1]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    if not PYTHON.exists():
        pytest.fail(f"{PYTHON} is missing: `make nsupdate` installs it")
    folder = tmp_path_factory.mktemp("nsupdate")
    # nsupdate.info calls the key of a zone by the zone's own name
    with bind([ZONE, ELSEWHERE], f"{ZONE}.", KEY, "hmac-sha512") as names:
        port = free_port()
        address = f"{HOST}:{port}"
        database = str(folder / "db.sqlite")
        (folder / "peer_settings.py").write_text(
            SETTINGS.format(address=address, database=database, port=names.port)
        )
        environment = {"DJANGO_SETTINGS_MODULE": "peer_settings", "PYTHONPATH": str(folder)}
        words = {"zone": ZONE, "key": KEY, "elsewhere": ELSEWHERE, "wrong": WRONG, "secret": SECRET}
        django(folder, environment, "-c", SET_UP.format(host=names.host, **words))
        with (folder / "server.log").open("wb") as log:
            command = [str(PYTHON), "-m", "django", "runserver", "--noreload", "--skip-checks", address]
            process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            wait_for(f"http://{address}/myip", process, folder / "server.log")
            yield Service(f"http://{address}/nic/update", names)
            assert SECRET not in (folder / "server.log").read_text()  # no URL of ours holds it
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def django(folder: Path, environment: Mapping[str, str], *arguments: str) -> None:
    run = subprocess.run(
        [PYTHON, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    if run.returncode:
        pytest.fail(f"nsupdate.info could not be set up: {run.stdout}{run.stderr}")


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 2 * DEADLINE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as reply:
                assert reply.read() == HOST.encode()
                return
        except (urllib.error.URLError, OSError):
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"nsupdate.info does not answer; its log ends:\n{log.read_text()[-2000:]}")
            time.sleep(0.05)  # between two questions, not for luck


def update(
    service: Service, *wanted: tuple[str, str], user: str = "home.example.com", **settings: Any
) -> tuple[dict[Key, Verdict], list[str]]:
    """Tell the service (name, address) by our driver and our transport: verdicts, and what it said."""
    values: dict[str, Any] = {
        "endpoint": service.url,
        "username": user,
        "password": Secret(SECRET),
    } | settings
    provider = DynDNS2(service="nsupdate", **values)
    assert list(provider.mistakes()) == []
    tasks = []
    for name, text in wanted:
        address = ip_address(text)
        rrset = RRset(Name.parse(name), RRType.of(address), frozenset({address}))
        tasks.append(Task(rrset, provider.changes(rrset, ())))
    found: dict[Key, Verdict] = {}

    async def write() -> list[str]:
        async with HttpTransport(user_agent="homeport/test") as transport:
            wire = Listening(transport)
            await provider.write(Api(provider, wire, NoDns(), now=time.time), tasks, found.update)
            return [reply.text for reply in wire.heard]

    heard = asyncio.run(write())
    assert len(found) == len(wanted)
    for verdict in found.values():
        assert SECRET not in str(verdict)
    return found, heard


def test_each_address_is_published_and_the_second_time_it_is_no_change(service: Service) -> None:
    for address, rrtype in (HERE4, "A"), (HERE6, "AAAA"):
        verdicts, said = update(service, ("home.example.com", address))
        assert set(verdicts.values()) == {None} and said == [f"good {address}"]
        assert service.told("home.example.com", rrtype) == [address]
        verdicts, said = update(service, ("home.example.com", address))
        assert set(verdicts.values()) == {None} and said == [f"nochg {address}"]
    assert service.told("home.example.com", "A") == [HERE4], "IPv6 does not touch IPv4"


def test_both_families_in_one_request_with_a_line_for_each(service: Service) -> None:
    both = ("home.example.com", HERE4), ("home.example.com", HERE6)
    update(service, *both)
    moved = ("home.example.com", "45.0.0.11"), both[1]
    verdicts, said = update(service, *moved, ipv6="comma")
    assert set(verdicts.values()) == {None}
    assert said == [f"good 45.0.0.11\nnochg {HERE6}"]
    assert service.told("home.example.com", "A") == ["45.0.0.11"]
    assert service.told("home.example.com", "AAAA") == [HERE6]
    _, said = update(service, *both, ipv6="separate")
    assert said == [f"good {HERE4}", f"nochg {HERE6}"]


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"password": Secret("s3cr3t-wrong")}, "badauth"),
        ({"user": "stranger.example.com"}, "badauth"),
        ({"user": "label"}, "notfqdn"),
    ],
)
def test_a_wrong_login(service: Service, settings: dict[str, Any], code: str) -> None:
    verdicts, said = update(service, ("home.example.com", "45.0.0.99"), **settings)
    [error] = verdicts.values()
    assert said == [code]
    assert type(error) is (BadCredentials if code == "badauth" else NoSuchName)
    assert service.told("home.example.com", "A") != ["45.0.0.99"]


@pytest.mark.parametrize(("user", "name"), [("home", "abuser"), ("home", "nobody"), ("gone", "gone")])
def test_a_name_that_is_not_there(service: Service, user: str, name: str) -> None:
    verdicts, said = update(service, (f"{name}.{ZONE}", "45.0.0.99"), user=f"{user}.{ZONE}")
    [error] = verdicts.values()
    assert said == ["nohost"] and type(error) is NoSuchName
    assert service.told(f"{name}.{ZONE}", "A") == []


@pytest.mark.parametrize("name", ["abuser", "banned"])
def test_a_host_that_was_blocked_for_abuse(service: Service, name: str) -> None:
    """Flagged by an operator (status 200), or thrown out at the door (status 403)."""
    verdicts, said = update(service, (f"{name}.{ZONE}", "45.0.0.99"), user=f"{name}.{ZONE}")
    [error] = verdicts.values()
    assert said == ["abuse"] and type(error) is Blocked
    assert service.told(f"{name}.{ZONE}", "A") == []


def test_name_servers_that_refuse_the_service_are_its_trouble(service: Service) -> None:
    verdicts, said = update(service, (f"home.{ELSEWHERE}", HERE4), user=f"home.{ELSEWHERE}")
    [error] = verdicts.values()
    assert said == ["dnserr"] and isinstance(error, Throttled) and error.retry_after
    assert service.told(f"home.{ELSEWHERE}", "A") == []
