"""The setup program, from an empty Windows to an empty one: installed, rebooted, upgraded, removed."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
from ipaddress import IPv4Address, ip_address
from pathlib import Path

import dns.message
import dns.query
import pytest

from scripts import windows_setup
from tests.peers import servers
from tests.windows.conftest import Lab, wait_until

pytestmark = pytest.mark.timeout(3600)  # it builds three setup programs, under Wine
KEY = base64.b64encode(bytes(range(32))).decode()
UNINSTALL = r"HKLM\Software\Microsoft\Windows\CurrentVersion\Uninstall\Homeport"
PERSON = UNINSTALL.replace("HKLM", "HKCU")
RUN = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run"
PATH = r"HKLM\System\CurrentControlSet\Control\Session Manager\Environment"
PROGRAMS = r"C:\Program Files\Homeport"
FIRST, SECOND = "0.1.0", "0.1.1"


@pytest.fixture(scope="session")
def setups(workshop: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A setup program of each of two versions."""
    folder = tmp_path_factory.mktemp("setups")
    return {version: built(workshop, folder, version) for version in (FIRST, SECOND)}


def built(lab: Lab, folder: Path, version: str) -> Path:
    work = folder / f"work-{version}"
    made = windows_setup.build(work, folder, lab.folder, version=version, quick=True)
    shutil.rmtree(work)
    return made


def install(lab: Lab, setup: Path, *words: str) -> int:
    """Run a setup program, silently."""
    shutil.copy(setup, lab.disk / "setup.exe")
    return lab.wine(r"C:\setup.exe", "/S", *words)[0]


def uninstall(lab: Lab, folder: str, *words: str) -> None:
    """Run the uninstaller; it goes on in a copy of itself, so its end is seen by what is gone."""
    lab.wine(rf"{folder}\uninstall.exe", "/S", *words)
    gone = lab.disk / folder.removeprefix("C:\\").replace("\\", "/")
    wait_until(lambda: not gone.exists(), f"{gone} is gone")
    root = "HKCU" if "/CURRENTUSER" in words else "HKLM"  # which it clears last
    wait_until(lambda: lab.registry(rf"{root}\Software\Homeport", "Folder") is None, "its key is gone")


def homeport(lab: Lab, *words: str, folder: str = PROGRAMS) -> tuple[int, str, str]:
    return lab.wine(rf"{folder}\homeport.exe", *words)


def running(lab: Lab) -> bool:
    return homeport(lab, "service", "status")[0] == 0


def wine_path(path: Path) -> str:
    return f"Z:{path}".replace("/", "\\")


def configure(folder: Path, port: int, address: Path, account: str = "bind") -> None:
    """As Notepad saves it: with a BOM and Windows' ends of lines."""
    folder.mkdir(parents=True, exist_ok=True)
    text = f"""
        [agent]
        interval = "1s"
        verify = false
        [uplink.line]
        ipv4 = ['file:{wine_path(address)}']
        ipv6 = []
        [account.{account}]
        provider = "rfc2136"
        server = "127.0.0.1"
        port = {port}
        tsig_name = "key"
        tsig_key = "{KEY}"
        [[record]]
        name = "home.example.com"
        account = "{account}"
        type = "A"
    """
    (folder / "homeport.toml").write_text(text, encoding="utf-8-sig", newline="\r\n")


def move(file: Path, address: str) -> None:
    """The line gets another address."""
    file.with_suffix(".new").write_text(address)
    file.with_suffix(".new").replace(file)


def published(server: servers.Server) -> list[IPv4Address]:
    """What the name server says."""
    question = dns.message.make_query("home.example.com", "A")
    reply = dns.query.tcp(question, server.host, port=server.port, timeout=10)
    return [IPv4Address(str(ip_address(data.to_text()))) for rrset in reply.answer for data in rrset]


def test_from_a_silent_installation_over_a_reboot_and_an_upgrade_to_nothing_but_the_data(
    windows: Lab, setups: dict[str, Path], tmp_path: Path
) -> None:
    lab = windows
    address, data = tmp_path / "address", lab.program_data / "Homeport"
    move(address, "8.8.8.1")
    path_before = lab.registry(PATH, "PATH")
    with servers.bind(["example.com"], "key", KEY) as server:

        def shows(address: str) -> None:
            wait_until(lambda: published(server) == [IPv4Address(address)], f"BIND says {address}")

        configure(data, server.port, address)
        assert install(lab, setups[FIRST]) == 0
        assert running(lab)
        shows("8.8.8.1")
        assert lab.registry(UNINSTALL, "DisplayVersion") == FIRST
        assert lab.registry(PATH, "PATH") == rf"{path_before};{PROGRAMS}"
        assert homeport(lab, "status")[0] == 0

        lab.halt()
        move(address, "8.8.8.2")
        lab.boot()
        wait_until(lambda: running(lab), "the service runs after a reboot")
        shows("8.8.8.2")

        assert install(lab, setups[SECOND]) == 0
        assert homeport(lab, "--version")[1].split() == ["homeport", SECOND]
        assert lab.registry(UNINSTALL, "DisplayVersion") == SECOND
        assert lab.registry(PATH, "PATH") == rf"{path_before};{PROGRAMS}"
        assert running(lab)
        move(address, "8.8.8.3")
        shows("8.8.8.3")
        told = [json.loads(line) for line in homeport(lab, "history", "--json")[1].splitlines()]
        found = [line["after"] for line in told if line["event"] == "updated"]
        assert sorted(found) == [["8.8.8.1"], ["8.8.8.2"], ["8.8.8.3"]]

        uninstall(lab, PROGRAMS)
        move(address, "8.8.8.4")
        assert lab.wine("sc", "query", "Homeport")[0] != 0
        assert lab.registry(UNINSTALL, "DisplayVersion") is None
        assert lab.registry(r"HKLM\Software\Homeport", "Folder") is None
        assert lab.registry(PATH, "PATH") == path_before
        assert list(lab.disk.glob("ProgramData/Microsoft/Windows/Start Menu/Programs/Homeport*")) == []
        assert {path.name for path in data.iterdir()} <= {"homeport.toml", "state", "logs"}
        assert (data / "homeport.toml").exists() and list((data / "state").iterdir())
        assert published(server) == [IPv4Address("8.8.8.3")]


def test_without_a_configuration_it_is_installed_but_not_started_and_an_example_lies_there(
    windows: Lab, setups: dict[str, Path]
) -> None:
    data = windows.program_data / "Homeport"

    assert install(windows, setups[FIRST]) == 0
    assert [path.name for path in data.iterdir() if path.is_file()] == ["example.toml"]
    assert (data / "example.toml").read_bytes().startswith(b"\xef\xbb\xbf#")
    assert not running(windows)
    shutil.copy(data / "example.toml", data / "homeport.toml")
    assert homeport(windows, "check")[0] == 2  # the token that it names is not there
    (data / "cloudflare.token").write_text("secret")
    assert homeport(windows, "check")[0] == 0

    uninstall(windows, PROGRAMS, "/PURGE")
    wait_until(lambda: not data.exists(), "its data are gone")


def test_while_a_person_runs_it_an_upgrade_changes_nothing_and_says_so_by_its_exit_code(
    windows: Lab, setups: dict[str, Path], tmp_path: Path
) -> None:
    lab, address = windows, tmp_path / "address"
    move(address, "8.8.8.1")
    with servers.bind(["example.com"], "key", KEY) as server:
        configure(lab.program_data / "Homeport", server.port, address)
        assert install(lab, setups[FIRST], "/NOSTART") == 0
        before = everything(lab)
        command = [str(lab.folder / "wine"), rf"{PROGRAMS}\homeport.exe", "demo"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as person:
            assert person.stdout is not None
            assert person.stdout.readline()
            assert install(lab, setups[SECOND]) == 4
            assert everything(lab) == before
            person.kill()
        lab.wine("taskkill", "/F", "/IM", "homeport.exe")
        assert install(lab, setups[SECOND]) == 0
        assert homeport(lab, "--version")[1].split() == ["homeport", SECOND]


def test_for_one_person_in_a_folder_with_chinese_characters(
    windows: Lab, setups: dict[str, Path], tmp_path: Path
) -> None:
    lab, address, folder = windows, tmp_path / "address", r"C:\users\root\我的程序\Homeport"
    data = lab.disk / "users" / "root" / "AppData" / "Local" / "homeport"
    path_before = lab.registry(r"HKCU\Environment", "Path")
    move(address, "8.8.8.1")
    with servers.bind(["example.com"], "key", KEY) as server:
        configure(data, server.port, address)
        assert install(lab, setups[FIRST], "/CURRENTUSER", f"/D={folder}") == 0
        wait_until(lambda: published(server) == [IPv4Address("8.8.8.1")], "BIND says it")
        assert homeport(lab, "service", "status", "--how", "run", folder=folder)[0] == 0
        assert lab.registry(PERSON, "QuietUninstallString") is not None
        assert lab.registry(UNINSTALL, "QuietUninstallString") is None
        assert list((data / "state").iterdir())
        assert install(lab, setups[SECOND], "/CURRENTUSER") == 0
        assert homeport(lab, "--version", folder=folder)[1].split() == ["homeport", SECOND]
        uninstall(lab, folder, "/CURRENTUSER", "/PURGE")
    assert lab.registry(PERSON, "QuietUninstallString") is None
    assert lab.registry(RUN, "Homeport") is None
    assert lab.registry(r"HKCU\Environment", "Path") == path_before
    wait_until(lambda: not data.exists(), "its data are gone")
    assert not (lab.program_data / "Homeport").exists()


def test_in_a_folder_of_somebody_else_nothing_of_theirs_is_touched(
    windows: Lab, setups: dict[str, Path]
) -> None:
    theirs = windows.disk / "tools" / "lib" / "theirs.txt"
    theirs.parent.mkdir(parents=True, exist_ok=True)
    theirs.write_text("important")

    assert install(windows, setups[FIRST], r"/D=C:\tools") == 0
    assert homeport(windows, "--version", folder=r"C:\tools\Homeport")[0] == 0
    uninstall(windows, r"C:\tools\Homeport")
    assert [path for path in (windows.disk / "tools").rglob("*") if path.is_file()] == [theirs]


def test_on_a_chinese_windows_every_text_is_said_in_its_code_page(
    windows: Lab, setups: dict[str, Path]
) -> None:
    lab = windows
    assert install(lab, setups[FIRST]) == 0
    for name in ("家里 的 配置", "Zoë 🏠"):
        folder = lab.disk / name
        folder.mkdir(exist_ok=True)
        example = (windows_setup.HERE / "example.toml").read_text("utf-8")
        text = example.replace(r"file:C:\ProgramData\Homeport\cloudflare.token", "keyring:cloudflare")
        (folder / "homeport.toml").write_text(text, "utf-8")
    lab.halt()
    command = [str(lab.folder / "wine"), rf"{PROGRAMS}\homeport.exe", "check", "-c"]
    chinese = os.environ | {"WINELAB_LOCALE": "zh_CN.UTF-8"}
    said = [
        subprocess.run(
            [*command, rf"C:\{name}\homeport.toml"], env=chinese, capture_output=True, check=False
        )
        for name in ("家里 的 配置", "Zoë 🏠", "没有")
    ]

    assert said[0].returncode == 0 and r"C:\家里 的 配置\homeport.toml: right" in said[0].stdout.decode(
        "gbk"
    )
    assert said[1].returncode == 0 and r"\ud83c\udfe0\homeport.toml: right" in said[1].stdout.decode("gbk")
    assert said[2].returncode == 2 and "没有" in said[2].stderr.decode("gbk")


def everything(lab: Lab) -> dict[str, str]:
    """Each installed file, by its hash."""
    top = lab.disk / "Program Files" / "Homeport"
    return {
        str(path.relative_to(top)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in top.rglob("*")
        if path.is_file()
    }


def test_nothing_that_runs_writes_into_its_own_folder(windows: Lab, setups: dict[str, Path]) -> None:
    assert install(windows, setups[FIRST]) == 0
    before = everything(windows)
    assert homeport(windows, "demo", "--changes", "1")[0] == 0
    assert homeport(windows, "providers")[0] == 0

    assert everything(windows) == before


def test_two_builds_of_the_same_source_are_the_same_octets(
    workshop: Lab, setups: dict[str, Path], tmp_path: Path
) -> None:
    again = built(workshop, tmp_path / "elsewhere", FIRST)

    assert again.read_bytes() == setups[FIRST].read_bytes()
