"""`homeport service` with stand-ins for the ways: what is done, in which order, and what is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import pytest

from homeport.cli.exits import NOT_RIGHT, RIGHT
from homeport.cli.hosted import hosted
from homeport.cli.main import main
from homeport.cli.service import Platform, act, install, status, uninstall
from homeport.config.mistakes import Mistakes
from homeport.core.errors import ConfigError
from homeport.service import failure
from homeport.service import plan as plans
from homeport.service.host import Nobody
from homeport.service.manager import NotAllowed, Standing, State, Trouble
from homeport.service.plan import LOG, How, Places, Plan

RIGHT_FILE = """
[agent]
state_dir = "state"
verify = false
[uplink.line]
ipv4 = ["static:8.8.8.1"]
ipv6 = []
[account.dyn]
provider = "dyndns2"
endpoint = "http://127.0.0.1:9/nic/update"
username = "me"
password = "env:DYN"
[[record]]
name = "home.example.com"
account = "dyn"
"""


class Way:
    """A `Manager` that keeps what it is told in the diary of all ways."""

    def __init__(self, how: How, diary: list[str]) -> None:
        self.how, self._diary = how, diary
        self.there: State | None = None
        self.refuses: Exception | None = None
        self.comes_up = True
        self.code = 0
        self.plan: Plan | None = None

    def _did(self, what: str) -> None:
        self._diary.append(f"{self.how} {what}")

    def find(self) -> Standing | None:
        return None if self.there is None else Standing(self.how, self.there, "", code=self.code)

    def check(self, plan: Plan, /) -> None:
        if self.refuses:
            raise self.refuses

    def install(self, plan: Plan) -> tuple[str, ...]:
        self._did("install")
        self.plan, self.there = plan, self.there or State.STOPPED
        return ()

    def uninstall(self) -> None:
        self._did("uninstall")
        assert self.there is State.STOPPED
        self.there = None

    def start(self) -> None:
        self._did("start")
        self.there = State.RUNNING if self.comes_up else State.STOPPED

    def stop(self) -> None:
        if self.there is State.RUNNING:
            self._did("stop")
        self.there = State.STOPPED

    def reload(self) -> None:
        self._did("reload")


class Home:
    """A platform of stand-ins, with its folders."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.diary = folder, list[str]()
        self.ways = {how: Way(how, self.diary) for how in How}
        self.seen = {"DYN": "pass"}
        places = Places(folder, folder / "state", folder / "logs")
        self.here = Platform(places, places, self.ways, self._environment, self._prepare, self._forget)

    def _environment(self, user: bool) -> Mapping[str, str]:
        return self.seen

    def _prepare(self, plan: Plan) -> tuple[str, ...]:
        self.diary.append("prepare")
        return ()

    def _forget(self) -> None:
        self.diary.append("forget")

    def configure(self, text: str = RIGHT_FILE) -> Path:
        (self.folder / "homeport.toml").write_text(text)
        return self.folder / "homeport.toml"

    def install(self, how: How = How.SERVICE, file: Path | None = None, begin: bool = True) -> int:
        return install(self.here, how, file, user=False, begin=begin)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_install_prepares_registers_starts_asks_and_says_where_things_are(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    file = home.configure()
    assert home.install() == RIGHT
    assert home.diary == ["prepare", "service install", "service start"]
    out = capsys.readouterr().out
    for place in (file, home.folder / "state", home.folder / "logs"):
        assert str(place) in out
    assert "service: running" in out
    plan = home.ways[How.SERVICE].plan
    assert plan is not None and plan.argv[-2:] == ("-c", str(file)) and file.is_absolute()


def test_another_way_takes_the_place_of_the_former_and_there_are_never_two(home: Home) -> None:
    home.configure()
    for how in (How.SERVICE, How.TASK, How.RUN, How.NSSM, How.SERVICE):
        assert home.install(how) == RIGHT
        assert [one.how for one in home.ways.values() if one.there is not None] == [how]
    assert home.diary[3:8] == ["prepare", "service stop", "service uninstall", "task install", "task start"]


def test_a_second_install_brings_the_first_up_to_date_and_starts_it_anew(home: Home) -> None:
    home.configure()
    home.install()
    home.diary.clear()
    assert home.install() == RIGHT
    assert home.diary == ["prepare", "service install", "service stop", "service start"]


@pytest.mark.parametrize("why", [NotAllowed("only an administrator may"), Trouble("there is no nssm")])
def test_what_cannot_be_installed_leaves_the_former_alone(home: Home, why: Exception) -> None:
    home.configure()
    home.install()
    home.diary.clear()
    home.ways[How.NSSM].refuses = why
    with pytest.raises(type(why)):
        home.install(How.NSSM)
    assert home.diary == [] and home.ways[How.SERVICE].there is State.RUNNING


def test_a_broken_configuration_is_refused_with_all_its_mistakes(home: Home) -> None:
    home.configure(RIGHT_FILE.replace("verify", "verfy").replace("username", "usrname"))
    with pytest.raises(Mistakes, match=r"(?s)verfy.*usrname"):
        home.install()
    assert home.diary == []


def test_a_secret_of_this_console_that_the_agent_will_not_see_is_found_before(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DYN", "pass")
    home.configure()
    home.seen = {}
    with pytest.raises(Mistakes, match="DYN is not set"):
        home.install()
    assert "not those of this console" in capsys.readouterr().err
    assert home.diary == []


def test_without_a_configuration_it_is_installed_only_if_it_need_not_start(home: Home) -> None:
    with pytest.raises(ConfigError, match="--no-start"):
        home.install()
    assert home.install(begin=False) == RIGHT
    assert home.diary == ["prepare", "service install"]


def test_a_start_that_fails_says_why_and_the_status_too(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.configure()
    way = home.ways[How.SERVICE]
    way.comes_up, way.code = False, failure.CONFIGURATION
    failure.keep(home.folder / "logs", failure.Failure(failure.CONFIGURATION, "homeport.toml:3: verfy"))
    assert home.install() == NOT_RIGHT
    assert "homeport.toml:3: verfy" in capsys.readouterr().err
    assert status(home.here, None, as_json=True) == NOT_RIGHT
    found = json.loads(capsys.readouterr().out)
    assert (found["state"], found["code"]) == ("stopped", 2) and "verfy" in found["error"]
    (home.folder / "logs" / failure.FILE).unlink()
    status(home.here, None, as_json=False)
    assert "the configuration is not right" in capsys.readouterr().err


def test_a_service_is_not_started_by_the_stand_in_of_a_virtual_environment(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its python.exe starts another one and waits: not the process that Windows would talk to."""
    monkeypatch.setattr("sys.prefix", "/venv")
    monkeypatch.setattr("sys.base_prefix", "/python")
    monkeypatch.setattr("sys._base_executable", "/python/python.exe", raising=False)
    home.configure()
    for how in (How.SERVICE, How.RUN):
        home.install(how)
    service, run = home.ways[How.SERVICE].plan, home.ways[How.RUN].plan
    assert service is not None and run is not None
    assert service.argv[:4] == (str(Path("/python/python.exe")), "-I", "-S", "-c")
    assert repr(str(Path("/venv/Lib/site-packages"))) in service.argv[4]
    assert plans.is_ours(plans.command_line(service.argv))
    assert run.argv[1:3] == ("-m", "homeport"), "which must be short"


def test_what_starts_a_service_from_a_virtual_environment_starts_homeport() -> None:
    base = getattr(sys, "_base_executable", sys.executable)
    command = plans.outside_of_a_venv(base, sysconfig.get_path("purelib"))
    done = subprocess.run([*command, "--version"], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()[0]) == (0, "homeport"), done.stderr


def test_uninstall_stops_what_runs_and_without_anything_it_is_no_error(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.configure()
    home.install()
    home.diary.clear()
    assert uninstall(home.here, None) == RIGHT
    assert home.diary == ["service stop", "service uninstall", "forget"]
    assert uninstall(home.here, None) == RIGHT
    assert "nothing to remove" in capsys.readouterr().out
    for word in ("start", "stop", "restart", "reload"):
        with pytest.raises(ConfigError, match="homeport service install"):
            act(home.here, None, word)


def test_on_this_platform_it_is_said_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    assert main(["service", "install"]) == 2
    assert "contrib/homeport.service" in capsys.readouterr().err


# -- the agent for a host --------------------------------------------------------------------------


def test_an_agent_that_cannot_start_writes_down_why_and_ends_with_the_number(tmp_path: Path) -> None:
    file, logs = tmp_path / "homeport.toml", tmp_path / "logs"
    file.write_text("[agent]\nintervall = 3\n")
    assert hosted(file, logs, Nobody(), "the service") == failure.CONFIGURATION
    last = failure.last(logs)
    assert last is not None and "homeport.toml:2" in last.text and last.code == failure.CONFIGURATION
    assert "homeport.toml:2" in (logs / LOG).read_text("utf-8")


def test_a_configuration_that_is_gone_is_said_too(tmp_path: Path) -> None:
    assert hosted(tmp_path / "homeport.toml", tmp_path, Nobody(), "it") == failure.CONFIGURATION
    last = failure.last(tmp_path)
    assert last is not None and "there is no such file" in last.text


# Its loop stands still as soon as it is up.
STILL = """
import sys, threading
from functools import partial
from pathlib import Path
from homeport.cli.hosted import hosted, stood_still
from homeport.service import watchdog
from homeport.service.host import Nobody

class Host(Nobody):
    def ready(self):
        threading.Event().wait()

watchdog.TICK = 0.01
logs = Path(sys.argv[2])
hosted(Path(sys.argv[1]), logs, watchdog.Watchdog(Host(), partial(stood_still, logs)), "it")
"""


def test_an_agent_that_stands_still_ends_itself_and_says_so(home: Home) -> None:
    home.configure()
    file, logs = home.folder / "homeport.toml", home.folder / "logs"
    done = subprocess.run(
        [sys.executable, "-c", STILL, str(file), str(logs)],
        check=False,
        capture_output=True,
        env=os.environ | home.seen,
    )
    assert done.returncode == failure.STILL, done.stderr
    last = failure.last(logs)
    assert last is not None and last.code == failure.STILL
    assert "nothing went on" in (logs / LOG).read_text("utf-8").splitlines()[-1]


def test_one_whose_process_is_gone_has_left_its_reason(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.configure()
    home.install()
    way = home.ways[How.SERVICE]
    way.stop()
    way.code = 1067  # ERROR_PROCESS_ABORTED: all that Windows knows
    failure.keep(home.folder / "logs", failure.Failure(failure.STILL, "nothing went on in it"))
    capsys.readouterr()
    assert status(home.here, None, as_json=False) == NOT_RIGHT
    assert "nothing went on in it" in capsys.readouterr().err
