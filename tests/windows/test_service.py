"""`homeport service` on a Windows under Wine, from installing it to removing it."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Address, ip_address
from pathlib import Path

import dns.message
import dns.query
import pytest

from tests.peers import servers
from tests.windows.conftest import PATIENCE, Lab, wait_until

pytestmark = pytest.mark.timeout(1800)  # each of its many commands starts a Python of Windows

KEY = base64.b64encode(bytes(range(32))).decode()
RUN_KEY = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run"
# What the agent inherits would keep a pipe of ours open for as long as it runs: so all goes into a file.
COMMAND = """
import sys
sys.stdout = sys.stderr = open(sys.argv.pop(1), "w", encoding="utf-8")
from homeport.cli.main import main
status = main()
sys.stdout.flush()
raise SystemExit(status)
"""


def homeport(lab: Lab, *words: str) -> tuple[int, str]:
    """A command of this very source: exit status, and all that it said."""
    said = lab.disk / "said.txt"
    said.unlink(missing_ok=True)
    done = subprocess.run(
        [str(lab.folder / "winpython"), "-c", COMMAND, r"C:\said.txt", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=PATIENCE,
        check=False,
        cwd=lab.folder,
    )
    text = said.read_text("utf-8") if said.exists() else "it did not even begin"
    assert "Traceback" not in text, text
    return done.returncode, text


def mine(lab: Lab) -> Path:
    [folder] = [one for one in (lab.disk / "users").iterdir() if (one / "AppData").is_dir()]
    return folder / "AppData" / "Local" / "homeport"


class Line:
    """A home: the address of its line in a file, its name at a real name server."""

    def __init__(self, server: servers.Server, file: Path) -> None:
        self.server, self.file = server, file

    def move(self, address: str) -> None:
        self.file.with_suffix(".new").write_text(address)
        self.file.with_suffix(".new").replace(self.file)

    def configure(self, folder: Path, more: str = "") -> Path:
        source = f"Z:{self.file}".replace("/", "\\")
        text = f"""
            [agent]
            interval = "1s"
            verify = false
            {more}
            [uplink.line]
            ipv4 = ['file:{source}']
            ipv6 = []
            [account.bind]
            provider = "rfc2136"
            server = "127.0.0.1"
            port = {self.server.port}
            tsig_name = "key"
            tsig_key = "file:bind.key"
            [[record]]
            name = "home.example.com"
            account = "bind"
            type = "A"
        """
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "bind.key").write_text(KEY)
        (folder / "homeport.toml").write_text(text, encoding="utf-8-sig", newline="\r\n")
        return folder / "homeport.toml"

    def shows(self, address: str) -> None:
        wait_until(lambda: self._published() == [IPv4Address(address)], f"BIND says {address}")

    def _published(self) -> list[IPv4Address]:
        question = dns.message.make_query("home.example.com", "A")
        reply = dns.query.tcp(question, self.server.host, port=self.server.port, timeout=10)
        return [IPv4Address(str(ip_address(data.to_text()))) for rrset in reply.answer for data in rrset]


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    with servers.bind(["example.com"], "key", KEY) as server:
        made = Line(server, tmp_path / "address")
        made.move("8.8.8.1")
        yield made


def standing(lab: Lab) -> list[dict[str, object]]:
    """All ways that are installed, as `status` tells them."""
    return [json.loads(one) for one in homeport(lab, "service", "status", "--json")[1].splitlines()]


def test_a_service_runs_comes_back_after_a_reboot_says_why_it_fails_and_goes(
    windows: Lab, line: Line
) -> None:
    lab, data = windows, windows.program_data / "Homeport"
    file = line.configure(data)

    status, said = homeport(lab, "service", "install")
    assert status == 0, said
    for place in ("homeport.toml", "state", "logs"):
        assert rf"C:\ProgramData\Homeport\{place}" in said
    line.shows("8.8.8.1")
    [there] = standing(lab)
    assert (there["how"], there["state"]) == ("service", "running")
    assert there["account"] == r"NT SERVICE\Homeport" and there["process"]
    assert str(there["command"]).startswith(
        r'"C:\Python\python.exe" -m homeport service host --how service'
    )

    status, said = homeport(lab, "run", "-c", r"C:\ProgramData\Homeport\homeport.toml")
    assert (status, "another agent (process" in said) == (2, True), said

    lab.halt()
    line.move("8.8.8.2")
    lab.boot()
    line.shows("8.8.8.2")
    assert homeport(lab, "service", "status")[0] == 0

    assert homeport(lab, "service", "reload")[0] == 0
    line.move("8.8.8.3")
    line.shows("8.8.8.3")

    assert homeport(lab, "service", "stop")[0] == 0
    assert homeport(lab, "service", "status")[0] == 1
    assert "stopped" in (data / "logs" / "homeport.log").read_text("utf-8").splitlines()[-1]

    right = file.read_bytes()
    file.write_bytes(right.replace(b"interval", b"intervall"))
    status, said = homeport(lab, "service", "start")
    assert status == 1 and "homeport.toml:3" in said and "intervall" in said, said
    [there] = standing(lab)
    assert (there["state"], there["code"]) == ("stopped", 2)
    assert "homeport.toml:3" in str(there["error"])
    status, said = homeport(lab, "service", "install")
    assert status == 2 and "homeport.toml:3" in said, said

    file.write_bytes(right)
    status, said = homeport(lab, "service", "restart")
    assert (status, "it ended" in said) == (0, False), said
    status, said = homeport(lab, "service", "install")  # over the running one
    assert status == 0, said
    line.move("8.8.8.4")
    line.shows("8.8.8.4")

    assert homeport(lab, "service", "uninstall")[0] == 0  # while it runs
    assert lab.wine("sc", "query", "Homeport")[0] != 0
    assert file.exists() and (data / "state" / "state.db").exists()
    status, said = homeport(lab, "service", "uninstall")
    assert (status, "nothing to remove" in said) == (0, True)
    assert homeport(lab, "service", "start")[0] == 2


def test_for_a_person_it_starts_at_logon_and_a_service_takes_its_place(windows: Lab, line: Line) -> None:
    lab = windows
    line.configure(mine(lab))

    status, said = homeport(lab, "service", "install", "--user")
    assert status == 0, said
    line.shows("8.8.8.1")
    assert "pythonw.exe" in (lab.registry(RUN_KEY, "Homeport") or "")
    assert [(one["how"], one["state"]) for one in standing(lab)] == [("run", "running")]

    lab.wine("wineboot", "--end-session")
    log = mine(lab) / "logs" / "homeport.log"
    wait_until(lambda: "stopped" in log.read_text("utf-8").splitlines()[-1], "it has ended in good order")
    lab.halt()
    line.move("8.8.8.2")
    lab.boot()
    line.shows("8.8.8.2")

    assert homeport(lab, "service", "restart")[0] == 0
    line.configure(lab.program_data / "Homeport")
    status, said = homeport(lab, "service", "install", "--how", "service")
    assert status == 0, said
    assert [(one["how"], one["state"]) for one in standing(lab)] == [("service", "running")]
    assert lab.registry(RUN_KEY, "Homeport") is None
    line.move("8.8.8.3")
    line.shows("8.8.8.3")
    assert "stopped" in (mine(lab) / "logs" / "homeport.log").read_text("utf-8").splitlines()[-1]


def test_a_name_that_is_taken_a_configuration_that_is_missing_or_wrong_and_nothing_is_changed(
    windows: Lab, line: Line
) -> None:
    lab, data = windows, windows.program_data / "Homeport"
    status, said = homeport(lab, "service", "install")
    assert status == 2 and r"Write C:\ProgramData\Homeport\homeport.toml" in said, said
    file = line.configure(data, "intervall = 3")
    status, said = homeport(lab, "service", "install")
    assert status == 2 and "intervall" in said, said
    file = line.configure(data, 'state_dir = "here"')
    status, said = homeport(lab, "service", "install", "--how", "nssm")
    assert status == 1 and "https://nssm.cc" in said, said
    assert standing(lab) == []

    line.configure(data)
    assert lab.wine("sc", "create", "Homeport", "binPath=", r"C:\other.exe")[0] == 0
    status, said = homeport(lab, "service", "install")
    assert status == 2 and r"C:\other.exe" in said, said
    assert standing(lab) == []
    assert homeport(lab, "service", "uninstall")[0] == 0
    assert lab.wine("sc", "query", "Homeport")[0] == 0
    assert not (data / "logs").exists(), "not even a folder was made"
    assert file.exists()
