"""The calls to Windows' service control manager and their arguments: what Wine only pretends to keep."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import PureWindowsPath

import pytest

from homeport.core.errors import ConfigError
from homeport.service import plan as plans
from homeport.service import scm
from homeport.service.manager import NotAllowed, State, Taken, Trouble
from homeport.service.nssm import Nssm
from homeport.service.plan import How, Plan
from homeport.service.windows_agents import Answer
from homeport.service.windows_service import ServiceManager
from homeport.service.windows_signals import Names, Signals

from .scm_stand_in import Kept, StandIn

PLACES = plans.windows_places({"PROGRAMDATA": r"C:\ProgramData"}, user=False)
FILE = PureWindowsPath(r"C:\ProgramData\Homeport\homeport.toml")


def planned(how: How = How.SERVICE, python: str = r"C:\Program Files\Homeport\python.exe") -> Plan:
    argv = plans.agent_command((python, "-m", "homeport"), how, FILE, PLACES.logs)
    return Plan(how, False, argv, FILE, PLACES)


@pytest.fixture
def system() -> StandIn:
    return StandIn()


@pytest.fixture
def manager(system: StandIn) -> ServiceManager:
    return ServiceManager(system.api(), rest=lambda _: None)


def test_the_structures_have_the_sizes_of_windows() -> None:
    """On 64 bits: a pointer is 8 octets, a DWORD 4."""
    sizes = [ctypes.sizeof(one) for one in (scm.Status, scm.StatusProcess, scm.QueryConfig, scm.Action)]
    assert sizes == [28, 36, 64, 8]
    assert [ctypes.sizeof(one) for one in (scm.FailureActions, scm.Text, scm.Words, scm.Number)] == [
        40,
        8,
        8,
        4,
    ]
    assert scm.FailureActions.message.offset == 8 and scm.FailureActions.actions.offset == 32
    assert scm.QueryConfig.binary.offset == 16 and scm.QueryConfig.account.offset == 48


def test_an_installed_service_has_few_rights_and_comes_back(
    system: StandIn, manager: ServiceManager
) -> None:
    assert manager.install(planned()) == ()

    one = system.services["Homeport"]
    assert one.account == r"NT SERVICE\Homeport"
    assert one.needs == ["nsi", "Tcpip"]
    assert one.details[scm.DELAYED] == 1
    restart = scm.ACTION_RESTART
    assert one.details[scm.FAILURE_ACTIONS] == (
        86_400,
        None,
        None,
        [(restart, 0), (restart, 60_000), (restart, 300_000)],
    )
    assert one.details[scm.FAILURE_FLAG] == 1
    assert one.details[scm.PRIVILEGES] == ["SeChangeNotifyPrivilege"]
    assert one.details[scm.SID_TYPE] == scm.SID_UNRESTRICTED
    assert one.details[scm.PRESHUTDOWN] == 20_000
    assert (one.title, one.details[scm.DESCRIPTION]) == plans.ENGLISH
    assert system.nothing_open()


def test_on_a_chinese_windows_its_names_are_chinese(system: StandIn, manager: ServiceManager) -> None:
    manager.install(planned()._replace(words=plans.words(0x804)))
    manager.install(planned()._replace(words=plans.words(0x804)))  # over the first

    one = system.services["Homeport"]
    assert (one.title, one.details[scm.DESCRIPTION]) == plans.CHINESE


def test_the_program_is_in_quotes_so_that_no_other_one_is_started(
    system: StandIn, manager: ServiceManager
) -> None:
    manager.install(planned())

    assert system.services["Homeport"].binary == (
        r'"C:\Program Files\Homeport\python.exe" -m homeport service host --how service '
        r"--logs C:\ProgramData\Homeport\logs -c C:\ProgramData\Homeport\homeport.toml"
    )


def test_a_second_install_updates_the_first(system: StandIn, manager: ServiceManager) -> None:
    manager.install(planned(python=r"C:\old\python.exe"))
    system.services["Homeport"].start = 4  # disabled by somebody
    system.services["Homeport"].details.clear()

    manager.install(planned(python=r"C:\new\python.exe"))

    one = system.services["Homeport"]
    assert one.binary.startswith(r'"C:\new\python.exe"') and one.start == scm.AUTO_START
    assert set(one.details) == {1, 2, 3, 4, 5, 6, 7}
    assert system.nothing_open()


def test_what_this_windows_does_not_know_is_told_and_the_rest_is_done(
    system: StandIn, manager: ServiceManager
) -> None:
    system.unknown = {scm.FAILURE_FLAG, scm.PRIVILEGES}

    assert manager.install(planned()) == (
        "the restart after it stopped with an error",
        "the removal of privileges",
    )
    assert scm.PRESHUTDOWN in system.services["Homeport"].details


def test_a_service_of_the_same_name_that_is_not_ours_is_left_alone(
    system: StandIn, manager: ServiceManager
) -> None:
    foreign = Kept(r"C:\other\homeport.exe --serve", "LocalSystem", "Other", [])
    system.services["Homeport"] = foreign

    assert manager.find() is None
    with pytest.raises(Taken, match=r"C:\\other\\homeport.exe"):
        manager.check(planned())
    with pytest.raises(Taken):
        manager.install(planned())
    assert foreign == Kept(r"C:\other\homeport.exe --serve", "LocalSystem", "Other", [])


def test_without_rights_nothing_is_changed_and_the_way_out_is_named(
    system: StandIn, manager: ServiceManager
) -> None:
    system.denied = True

    for act in (manager.check, manager.install):
        with pytest.raises(NotAllowed, match="--user") as caught:
            act(planned())
        assert isinstance(caught.value, ConfigError), "the exit status is that of a wrong call"
    assert not system.services and system.nothing_open()


def test_started_and_stopped_it_is_asked_until_it_is_so(system: StandIn, manager: ServiceManager) -> None:
    manager.install(planned())
    before = manager.find()
    assert before is not None and before.state is State.STOPPED

    manager.start()
    there = manager.find()
    assert there is not None and (there.state, there.process) == (State.RUNNING, 4711)
    manager.start()  # again: it runs already
    manager.reload()
    assert f"control {scm.CONTROL_PARAMCHANGE}" in system.calls
    manager.stop()
    after = manager.find()
    assert after is not None and after.state is State.STOPPED
    manager.stop()  # again: it has stopped already
    with pytest.raises(Trouble, match="not running"):
        manager.reload()
    assert system.nothing_open()


def test_a_start_that_fails_gives_the_number_of_the_agent_and_not_1066(
    system: StandIn, manager: ServiceManager
) -> None:
    manager.install(planned())
    system.on_start = (scm.STOPPED, scm.SPECIFIC_ERROR, 2)

    manager.start()

    there = manager.find()
    assert there is not None and (there.state, there.code) == (State.STOPPED, 2)


def test_uninstalled_it_is_gone_and_a_second_time_is_no_error(
    system: StandIn, manager: ServiceManager
) -> None:
    manager.install(planned())
    manager.uninstall()
    assert not system.services and manager.find() is None
    manager.uninstall()
    assert system.nothing_open()


def test_a_service_that_does_not_get_further_is_not_waited_for_for_ever(system: StandIn) -> None:
    now = 0.0

    def rest(seconds: float) -> None:
        nonlocal now
        now += seconds

    manager = ServiceManager(system.api(), rest=rest, clock=lambda: now)
    manager.install(planned())
    system.on_start = (scm.START_PENDING, 0, 0)

    with pytest.raises(Trouble, match="nothing new"):
        manager.start()
    assert 90 < now < 100


# -- nssm ----------------------------------------------------------------------------------------


class NssmProgram:
    """A stand-in for nssm.exe: it writes down what it is told, and makes the service."""

    def __init__(self, system: StandIn) -> None:
        self.told: list[tuple[str, ...]] = []
        self._system = system
        self.parameters = ""

    def __call__(self, words: Sequence[str]) -> Answer:
        self.told.append(tuple(words))
        if words[0] == "install":
            self._system.services[words[1]] = Kept(r"C:\tools\nssm.exe", "LocalSystem", words[1], [])
            self.parameters = " ".join(words[3:])
        return Answer(0, "")


def by_nssm(system: StandIn, program: NssmProgram | None) -> Nssm:
    signals = object.__new__(Signals)  # no event is touched here
    return Nssm(
        system.api(),
        program,
        lambda: "" if program is None else program.parameters,
        signals,
        Names("", "", ""),
        rest=lambda _: None,
    )


def test_nssm_is_told_what_to_start_and_how_to_stop_it(system: StandIn) -> None:
    program = NssmProgram(system)
    manager = by_nssm(system, program)

    manager.install(planned(How.NSSM))

    head, *settings = program.told
    assert head[:3] == ("install", "Homeport", r"C:\Program Files\Homeport\python.exe")
    assert head[3:8] == ("-m", "homeport", "service", "host", "--how")
    assert ("set", "Homeport", "AppExit", "Default", "Restart") in settings
    assert ("set", "Homeport", "AppStopMethodConsole", "20000") in settings
    assert ("set", "Homeport", "AppDirectory", r"C:\ProgramData\Homeport") in settings
    one = system.services["Homeport"]
    assert (one.binary, one.account) == (r"C:\tools\nssm.exe", r"NT SERVICE\Homeport")
    assert one.details[scm.FAILURE_FLAG] == 1
    there = manager.find()
    assert there is not None and there.how is How.NSSM


def test_a_service_by_nssm_and_one_of_ours_are_told_apart(system: StandIn) -> None:
    program = NssmProgram(system)
    nssm = by_nssm(system, program)
    own = ServiceManager(system.api(), lambda: program.parameters, rest=lambda _: None)

    nssm.install(planned(How.NSSM))
    assert own.find() is None and nssm.find() is not None
    own.check(planned())  # ours to replace
    nssm.uninstall()
    own.install(planned())
    assert own.find() is not None and nssm.find() is None


def test_a_service_that_nssm_made_for_somebody_else_is_not_ours(system: StandIn) -> None:
    program = NssmProgram(system)
    program(("install", "Homeport", r"C:\other.exe", "--serve"))
    own = ServiceManager(system.api(), lambda: program.parameters)

    with pytest.raises(Taken):
        by_nssm(system, program).check(planned(How.NSSM))
    with pytest.raises(Taken):
        own.check(planned())


def test_without_nssm_it_is_said_where_to_get_it(system: StandIn) -> None:
    with pytest.raises(Trouble, match=r"https://nssm\.cc"):
        by_nssm(system, None).check(planned(How.NSSM))
