"""The lab does what it says: else a test in it proves nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path

import pytest

from homeport.core.errors import SourceError
from homeport.wire import natpmp, stun
from tests.lab import (
    GATEWAY,
    ISP,
    ISP6,
    KEY_NAME,
    KEY_SECRET,
    LAN,
    NEIGHBOUR,
    Home,
    LabError,
    natpmp_answer,
    network,
)
from tests.lab.daemons import Daemon, await_
from tests.lab.network import remove_dead

pytestmark = pytest.mark.peer
ROOT = Path(__file__).parents[2]
ALL_HOSTS, CLIENT_PORT = "224.0.0.1", 5350
EXTERNAL = """
import sys, urllib.request
service = "urn:schemas-upnp-org:service:WANIPConnection:1"
body = f'''<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"
s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>
<u:GetExternalIPAddress xmlns:u="{service}"/></s:Body></s:Envelope>'''
head = {"SOAPAction": f'"{service}#GetExternalIPAddress"', "Content-Type": "text/xml"}
url = f"http://{sys.argv[1]}:5555/ctl/IPConn"
print(urllib.request.urlopen(urllib.request.Request(url, body.encode(), head), timeout=5).read().decode())
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with Home() as found:
        yield found


@pytest.fixture(scope="module")
def two_lines() -> Iterator[Home]:
    with Home(lines=("fiber", "lte")) as found:
        yield found


@pytest.fixture
def ear(home: Home) -> Iterator[socket.socket]:
    """Hears on the host "lan" what is multicast about addresses."""
    with home.inside("lan"):
        found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with found:
        found.bind((ALL_HOSTS, CLIENT_PORT))
        found.settimeout(5)
        group = socket.inet_aton(ALL_HOSTS) + socket.inet_aton(LAN)
        found.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
        yield found


def page(home: Home, host: str = "lan", *, at: str = ISP, device: str | None = None) -> str:
    """The address that the isp sees."""
    with home.inside(host), ExitStack() as stack:
        family = socket.AF_INET6 if ":" in at else socket.AF_INET
        client = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
        if device is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        client.settimeout(5)
        client.connect((at, 80))
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        answer = b""
        while part := client.recv(4096):
            answer += part
    return answer.partition(b"\r\n\r\n")[2].decode()


def external(home: Home, gateway: str = GATEWAY) -> str:
    """What the gateway says over NAT-PMP: its address, or why it has none."""
    answer = home.ask("lan", gateway, natpmp.PORT, b"\0\0")
    assert answer is not None
    try:
        return str(natpmp.answer(answer))
    except SourceError as error:
        return str(error)


def test_the_isp_sees_the_wan_address_of_every_host_of_the_lan(home: Home) -> None:
    home.wan("45.0.0.10")
    assert page(home) == page(home, "neighbour") == "45.0.0.10"
    assert home.echo.asked[-2:] == ["45.0.0.10"] * 2


def test_a_change_of_the_wan_address_is_seen_told_and_announced(home: Home, ear: socket.socket) -> None:
    home.wan("62.3.0.77")
    heard = set()
    while (62, 3, 0, 77) not in heard:
        message, (sender, port) = ear.recvfrom(1024)
        assert (sender, port) == (GATEWAY, 5351)
        heard.add(tuple(message[8:12]))
    assert page(home) == external(home) == "62.3.0.77"
    assert ">62.3.0.77<" in home.python("lan", EXTERNAL, GATEWAY)


def test_a_gateway_without_a_public_address_says_that_it_has_none(home: Home) -> None:
    for none in ("100.64.0.10", "10.0.0.7", None):
        home.wan(none)
        assert external(home) == "has no address at the moment: its own line is down"
    assert not home.comes_through()
    home.wan("45.0.0.10")
    assert home.comes_through()


def test_a_restarted_gateway_answers_again(home: Home) -> None:
    before = home.log("miniupnpd-fiber").count("starting NAT-PMP")
    home.restart_miniupnpd()
    assert external(home) == page(home)
    assert home.log("miniupnpd-fiber").count("starting NAT-PMP") == before + 1


def test_a_liar_says_what_it_is_told_and_the_honest_one_comes_back(home: Home, ear: socket.socket) -> None:
    with home.liar() as liar:
        for lie in ("0.0.0.0", "10.0.0.7", "100.64.0.1"):
            liar.address = lie
            assert home.ask("lan", GATEWAY, natpmp.PORT, b"\0\0") == natpmp_answer(lie)
        liar.result, liar.epoch = 2, 7
        liar.announce()
        while ear.recv(1024) != natpmp_answer("100.64.0.1", epoch=7, result=2):
            pass  # the last words of the honest one
        assert home.ask("lan", GATEWAY, natpmp.PORT, b"\2\0") == b"\0\x80\0\1\0\0\0\7"
        liar.raw = b""
        assert home.ask("lan", GATEWAY, natpmp.PORT, b"\0\0", 0.1) is None
        assert liar.asked[-2:] == [b"\2\0", b"\0\0"]
    assert external(home) == page(home)


def test_a_neighbour_can_speak_in_the_name_of_the_gateway(home: Home, ear: socket.socket) -> None:
    forged = natpmp_answer("6.6.6.6")
    for source in ((NEIGHBOUR, 5351), (GATEWAY, 5351)):
        home.forge(forged, source=source)
        heard = ear.recvfrom(1024)
        while heard[0] != forged:
            heard = ear.recvfrom(1024)
        assert heard == (forged, source)


def test_stun_tells_the_wan_address(home: Home) -> None:
    home.stun()
    home.wan("45.0.0.99")
    identity = b"twelve bytes"
    answer = home.ask("lan", ISP, 3478, stun.request(identity), 5)
    assert answer is not None
    assert stun.answer(answer, identity) == ip_address("45.0.0.99")


def test_bind_takes_a_signed_update_from_the_lan(home: Home) -> None:
    server = home.bind(records=["home 60 IN A 192.0.2.1"])
    words = f"server {ISP}\nzone example.com\nupdate delete home.example.com A\n"
    words += "update add home.example.com 60 A 45.0.0.99\nsend\n"
    home.run("lan", ["nsupdate", "-y", f"hmac-sha256:{KEY_NAME}:{KEY_SECRET}"], input=words)
    dig = ["dig", "home.example.com", "A", "+short", "+tries=1"]
    assert home.run("lan", dig).stdout.split() == ["45.0.0.99"]  # by the resolv.conf of that host
    with home.inside("isp"):
        server.restart()
    assert home.run("isp", [*dig, f"@{ISP}"]).stdout.split() == ["45.0.0.99"]


def test_a_prefix_gives_addresses_and_a_new_one_deprecates_the_old(home: Home) -> None:
    home.prefix("2a0a:100:0:7::/64")
    assert page(home, at=ISP6).startswith("2a0a:100:0:7:")
    home.prefix("2a01:200:0:7::/64")
    assert page(home, at=ISP6).startswith("2a01:200:0:7:")
    shown = home.run("lan", ["ip", "-6", "-o", "addr", "show", "deprecated"]).stdout
    assert "2a0a:100:0:7:" in shown and "2a01:" not in shown


def test_two_lines_have_two_addresses_and_a_socket_chooses_its_line(two_lines: Home) -> None:
    assert page(two_lines) == page(two_lines, device="eth0") == "45.0.0.10"
    assert page(two_lines, device="eth1") == "62.0.0.10"
    with two_lines.inside("lan"), socket.create_connection((ISP, 80), 5, ("192.168.78.2", 0)) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b"62.0.0.10" in b"".join(iter(lambda: client.recv(4096), b""))
    assert external(two_lines, "192.168.78.1") == "62.0.0.10"


def test_a_line_that_is_cut_loses_everything_and_its_gateway_notices_nothing(two_lines: Home) -> None:
    two_lines.cut("fiber")
    assert not two_lines.comes_through("fiber")
    assert two_lines.comes_through("lte")
    assert external(two_lines) == "45.0.0.10"
    two_lines.mend("fiber")
    assert two_lines.comes_through("fiber")


def test_a_line_that_is_cut_in_part_loses_some(two_lines: Home) -> None:
    two_lines.cut("lte", loss=50)
    ping = ["ping", "-c", "40", "-i", "0.01", "-W", "1", "-I", "eth1", ISP]
    shown = two_lines.run("lan", ping, check=False).stdout
    two_lines.mend("lte")
    received = int(shown.partition(" packets transmitted, ")[2].split()[0])
    assert 0 < received < 40, shown


def test_an_unplugged_cable_has_no_carrier_and_comes_back(two_lines: Home) -> None:
    two_lines.unplug("lte")
    assert "NO-CARRIER" in two_lines.run("lan", ["ip", "link", "show", "eth1"]).stdout
    assert not two_lines.comes_through("lte")
    two_lines.plug("lte")
    await_(lambda: two_lines.comes_through("lte"), "it does not come back")


# -- the end ----------------------------------------------------------------------------------------


def left(number: int | None = None) -> list[str]:
    """Namespaces, and their files, of some process."""
    prefix = f"{network.PREFIX}-{number or os.getpid()}-"
    folders = [folder for folder in (Path("/run/netns"), Path("/etc/netns")) if folder.exists()]
    return [path.name for folder in folders for path in folder.iterdir() if path.name.startswith(prefix)]


def test_nothing_is_left_of_a_home(home: Home) -> None:
    before = sorted(left())
    with Home(miniupnpd=False) as other:
        process = other.popen("lan", ["sleep", "1000"])
        stray = other.run("lan", ["sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & echo $!"]).stdout.strip()
        folder = other.folder
        assert len(left()) > len(before)
    assert sorted(left()) == before
    assert process.poll() is not None
    await_(lambda: not alive(int(stray)), "a process that the lab did not start itself goes on")
    assert not folder.exists()


def test_a_block_that_raises_takes_its_home_with_it(home: Home) -> None:
    before = sorted(left())
    with pytest.raises(ZeroDivisionError), Home(miniupnpd=False):
        raise ZeroDivisionError
    assert sorted(left()) == before


def test_what_a_killed_run_left_is_removed_by_the_next() -> None:
    code = "from tests.lab import Home\nwith Home():\n    print('up', flush=True)\n    input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "up\n"
        assert len(left(run.pid)) > 3
        run.send_signal(signal.SIGKILL)
    remove_dead()
    assert left(run.pid) == []


def alive(number: int) -> bool:
    """Zombies do not count: who reaps them is not ours to say."""
    try:
        return Path("/proc", str(number), "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


# -- what is missing is said --------------------------------------------------------------------------


def test_who_is_not_root_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(LabError, match="only root may"), Home():
        raise AssertionError("it was built")


def test_a_missing_program_is_named_with_its_package(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(
        LabError, match=r"turnserver is missing: `make peers` installs it \(Debian: coturn\)"
    ):
        network.program("turnserver")


def test_a_daemon_that_ends_at_once_shows_its_log(home: Home, tmp_path: Path) -> None:
    daemon = Daemon(home.network, "gw", ["dnsmasq", "-k", "--nonsense"], tmp_path / "log", lambda: False)
    with pytest.raises(LabError, match=r"ended with status 1; its log ends:\n[\s\S]*bad command line"):
        daemon.start()


def test_a_daemon_that_keeps_silent_shows_its_log(home: Home, tmp_path: Path) -> None:
    argv = ["sh", "-c", "echo here I am; exec sleep 1000"]
    daemon = Daemon(home.network, "gw", argv, tmp_path / "log", lambda: False)
    with pytest.raises(LabError, match=r"sleep 1000: it does not answer; its log ends:\nhere I am"):
        daemon.start(seconds=0.2)
    assert not daemon.runs


def test_a_command_that_fails_says_why(home: Home) -> None:
    with pytest.raises(LabError, match=r"gw: nft -f -: status 1: [\s\S]*syntax error"):
        home.network.nft("gw", "nonsense")
    with pytest.raises(LabError, match="there is no host 'attic'; there are lan, neighbour, isp, gw"):
        home.run("attic", ["true"])
