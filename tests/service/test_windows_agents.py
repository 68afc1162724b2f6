"""The Run key and the task: what is written, what Windows' programs are told, who is waited for."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from pathlib import Path, PureWindowsPath
from typing import Any

import pytest

from homeport.service import plan as plans
from homeport.service.manager import NotAllowed, State, Taken, Trouble
from homeport.service.plan import How, Plan
from homeport.service.windows_agents import RUN_KEY, Answer, RunKey, Task, decoded, definition
from homeport.service.windows_signals import Names

NAMES, MINE = Names("stop", "reload", "ready"), Names("my-stop", "my-reload", "my-ready")


def planned(how: How, *, user: bool, file: str = r"C:\数据\R & D\homeport.toml") -> Plan:
    places = plans.windows_places({"LOCALAPPDATA": r"C:\L", "PROGRAMDATA": r"C:\P"}, user=user)
    argv = plans.agent_command(
        (r"C:\Py thon\pythonw.exe", "-m", "homeport"), how, PureWindowsPath(file), places.logs
    )
    return Plan(how, user, argv, PureWindowsPath(file), places)


class Events:
    """The events of kernel32, and an agent that heeds them: `stop` sends it away."""

    def __init__(self) -> None:
        self.held: set[str] = set()
        self.sent: list[str] = []
        self.lasts = False  # an agent that does not end

    def there(self, name: str) -> bool:
        return name in self.held

    is_set = there

    def send(self, name: str) -> bool:
        self.sent.append(name)
        known = name in self.held
        if name.endswith("stop") and not self.lasts:
            self.held.clear()
        return known

    def come_up(self, names: Names = NAMES) -> None:
        self.held |= set(names)


class Registered(dict[tuple[str, str], str]):
    """The registry of a person."""

    def get(self, key: str, name: str) -> str | None:  # type: ignore[override]  # a smaller one
        return super().get((key, name))

    def put(self, key: str, name: str, value: str) -> None:
        self[key, name] = value

    def remove(self, key: str, name: str) -> None:
        del self[key, name]


@pytest.fixture
def events() -> Events:
    return Events()


def clock() -> dict[str, Any]:
    """Time that passes only where somebody rests."""
    now = [0.0]

    def rest(seconds: float) -> None:
        now[0] += seconds

    return {"rest": rest, "clock": lambda: now[0]}


def run_key(events: Any, registry: Registered, spawned: list[str], up: bool = True) -> RunKey:
    def spawn(line: str) -> Callable[[], bool]:
        spawned.append(line)
        if up:
            events.come_up()
        return lambda: not up

    return RunKey(events, NAMES, registry, spawn, **clock())


def test_the_run_key_holds_the_command_and_starting_it_is_the_same_command(events: Events) -> None:
    registry, spawned = Registered(), list[str]()
    manager = run_key(events, registry, spawned)

    assert manager.find() is None
    manager.install(planned(How.RUN, user=True))
    line = registry.get(RUN_KEY, "Homeport")
    assert line is not None and line.startswith(
        r'"C:\Py thon\pythonw.exe" -m homeport service host --how run'
    )
    assert line.endswith(r'"C:\数据\R & D\homeport.toml"')
    manager.start()
    manager.start()
    assert spawned == [line], "one that runs is not started again"
    there = manager.find()
    assert there is not None and there.state is State.RUNNING and there.user
    manager.reload()
    manager.stop()
    manager.stop()
    assert events.sent == ["reload", "stop", "stop"]
    manager.uninstall()
    assert not registry


def test_an_agent_that_ends_at_once_is_not_waited_for(events: Events) -> None:
    registry = Registered()
    manager = run_key(events, registry, [], up=False)
    manager.install(planned(How.RUN, user=True))
    manager.start()
    there = manager.find()
    assert there is not None and there.state is State.STOPPED


def test_an_agent_that_does_not_end_is_told(events: Events) -> None:
    events.lasts = True
    manager = run_key(events, Registered(), [])
    manager.install(planned(How.RUN, user=True))
    manager.start()
    with pytest.raises(Trouble, match="does not end"):
        manager.stop()


def test_a_command_that_is_too_long_for_the_run_key_is_refused_before_anything(events: Events) -> None:
    registry = Registered()
    with pytest.raises(Trouble, match="--how task"):
        run_key(events, registry, []).install(
            planned(How.RUN, user=True, file="C:\\" + 200 * "x" + ".toml")
        )
    assert not registry


def test_a_value_of_the_run_key_that_is_not_ours_stays(events: Events) -> None:
    registry = Registered({(RUN_KEY, "Homeport"): r"C:\other\homeport.exe"})
    manager = run_key(events, registry, [])
    assert manager.find() is None
    with pytest.raises(Taken, match="other"):
        manager.install(planned(How.RUN, user=True))
    assert registry == {(RUN_KEY, "Homeport"): r"C:\other\homeport.exe"}


# -- the task --------------------------------------------------------------------------------------


class Scheduler:
    """A stand-in for schtasks.exe: it writes down what it is told, and keeps the definition."""

    def __init__(self, events: Events | None = None) -> None:
        self.told: list[tuple[str, ...]] = []
        self.kept: str | None = None
        self.refuses = ""
        self.events = events

    def __call__(self, words: Sequence[str]) -> Answer:
        self.told.append(tuple(words))
        if self.refuses and words[0] != "/query":
            return Answer(1, self.refuses)
        if words[0] == "/create":
            self.kept = Path(words[4]).read_text("utf-16")
        elif words[0] == "/delete":
            self.kept = None
        elif words[0] == "/run" and self.events is not None:
            self.events.come_up()
        return Answer(1 if self.kept is None and words[0] == "/query" else 0, self.kept or "")


def task(events: Any, ask: Scheduler, *, may: bool = True) -> Task:
    return Task(events, NAMES, MINE, ask, r"PC\王", may=lambda: may, **clock())


def test_schtasks_is_told_to_register_run_and_remove_one_task(events: Events) -> None:
    ask = Scheduler(events)
    manager = task(events, ask)

    manager.install(planned(How.TASK, user=False))
    manager.start()
    there = manager.find()
    assert there is not None
    assert (there.state, there.account, there.user) == (State.RUNNING, r"NT AUTHORITY\LocalService", False)
    manager.stop()
    manager.uninstall()

    told = [one for one in ask.told if one[0] != "/query"]
    assert told[0][:4] == ("/create", "/tn", "Homeport", "/xml") and told[0][5] == "/f"
    assert told[1:] == [("/run", "/tn", "Homeport"), ("/delete", "/tn", "Homeport", "/f")]
    assert manager.find() is None


def test_a_task_of_a_person_is_asked_by_the_events_of_that_person(events: Events) -> None:
    manager = task(events, Scheduler())
    manager.install(planned(How.TASK, user=True))
    events.come_up(MINE)
    there = manager.find()
    assert there is not None and there.user and there.state is State.RUNNING


@pytest.mark.parametrize(
    ("octets", "page"),
    [("错误: 拒绝访问。".encode("gbk"), "cp936"), ("错误: 拒绝访问。".encode("utf-16"), "cp936")],
)
def test_what_schtasks_says_is_read_in_the_code_page_of_its_console(octets: bytes, page: str) -> None:
    assert decoded(octets, page) == "错误: 拒绝访问。"


@pytest.mark.parametrize(
    ("language", "title"),
    [(0x409, "dynamic DNS"), (0x804, "动态 DNS"), (0x404, "动态 DNS"), (0x407, "dynamic DNS")],
)
def test_the_names_are_in_the_language_of_windows(language: int, title: str) -> None:
    words = plans.words(language)
    assert title in words.title
    text = definition(planned(How.TASK, user=False)._replace(words=words), "me")
    assert ET.fromstring(text.encode("utf-16")).findtext(f".//{NAMESPACE}Description") == words.description


def test_a_task_that_is_not_ours_and_one_that_may_not_be_made(events: Events) -> None:
    ask = Scheduler()
    manager = task(events, ask, may=False)
    ask.refuses = "错误: 拒绝访问。"
    with pytest.raises(NotAllowed, match=r"拒绝访问.*--user makes"):
        manager.install(planned(How.TASK, user=False))
    with pytest.raises(NotAllowed, match="--how run"):
        manager.install(planned(How.TASK, user=True))
    with pytest.raises(Trouble, match="拒绝访问"):
        task(events, ask).install(planned(How.TASK, user=False))
    ask.kept = "<Task>another</Task>"
    assert manager.find() is None
    with pytest.raises(Taken):
        manager.install(planned(How.TASK, user=False))


# The schema, as far as the task uses it: each type's elements in their order, and which values they take.
# Learn.microsoft.com, "Task Scheduler Schema Complex Types" (taskType, triggerBaseType, bootTriggerType,
# logonTriggerType, timeTriggerType, repetitionType, principalType, settingsType, idleSettingsType,
# execActionType; read 2026-11-21).  The types in ANY_ORDER are xs:all.
BASE = ["Enabled", "StartBoundary", "EndBoundary", "Repetition", "ExecutionTimeLimit"]
SCHEMA: dict[str, list[str]] = {
    "Task": ["RegistrationInfo", "Triggers", "Settings", "Data", "Principals", "Actions"],
    "RegistrationInfo": ["URI", "SecurityDescriptor", "Source", "Date", "Author", "Version", "Description"],
    "Triggers": ["BootTrigger", "RegistrationTrigger", "IdleTrigger", "TimeTrigger", "LogonTrigger"],
    "BootTrigger": [*BASE, "Delay"],
    "LogonTrigger": [*BASE, "UserId", "Delay"],
    "TimeTrigger": [*BASE, "RandomDelay"],
    "Repetition": ["Interval", "Duration", "StopAtDurationEnd"],
    "Principals": ["Principal"],
    "Principal": ["UserId", "LogonType", "GroupId", "DisplayName", "RunLevel"],
    "Settings": [
        "AllowStartOnDemand",
        "RestartOnFailure",
        "MultipleInstancesPolicy",
        "DisallowStartIfOnBatteries",
        "StopIfGoingOnBatteries",
        "AllowHardTerminate",
        "StartWhenAvailable",
        "IdleSettings",
        "ExecutionTimeLimit",
        "Hidden",
    ],
    "IdleSettings": ["Duration", "WaitTimeout", "StopOnIdleEnd", "RestartOnIdle"],
    "Actions": ["Exec"],
    "Exec": ["Command", "Arguments", "WorkingDirectory"],
}
ANY_ORDER = {"Task", "RegistrationInfo", "Triggers", "Principal", "Settings", "IdleSettings", "Exec"}
VALUES = {
    "MultipleInstancesPolicy": {"Parallel", "Queue", "IgnoreNew", "StopExisting"},
    "LogonType": {"S4U", "Password", "InteractiveToken", "InteractiveTokenOrPassword"},
    "RunLevel": {"LeastPrivilege", "HighestAvailable"},
}
# xs:boolean, xs:duration and xs:dateTime, as far as anybody would write them here.
FORMS = dict.fromkeys(
    (
        "Enabled",
        "StopAtDurationEnd",
        "DisallowStartIfOnBatteries",
        "StopIfGoingOnBatteries",
        "StartWhenAvailable",
        "StopOnIdleEnd",
    ),
    r"true|false",
)
FORMS |= dict.fromkeys(("Interval", "ExecutionTimeLimit"), r"PT\d+[HMS]")
FORMS |= {"StartBoundary": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"}
NAMESPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


def valid(element: ET.Element) -> None:
    name = element.tag.removeprefix(NAMESPACE)
    assert element.tag != name, "outside of the schema's namespace"
    if name not in SCHEMA:
        assert not len(element) and element.text
        assert element.text in VALUES.get(name, {element.text})
        assert re.fullmatch(FORMS.get(name, r"(?s).+"), element.text), name
        return
    inside = [child.tag.removeprefix(NAMESPACE) for child in element]
    assert set(inside) <= set(SCHEMA[name]), name
    assert name == "Triggers" or len(set(inside)) == len(inside)
    if name not in ANY_ORDER:
        assert inside == sorted(inside, key=SCHEMA[name].index), name
    for child in element:
        valid(child)


@pytest.mark.parametrize("user", [False, True])
def test_the_definition_of_the_task_is_valid_and_revives_a_dead_agent(user: bool) -> None:
    text = definition(planned(How.TASK, user=user), r"PC\王 & Söhne")
    root = ET.fromstring(text.encode("utf-16"))

    valid(root)
    assert root.get("version") == "1.2"
    [principal], [actions] = root.iter(f"{NAMESPACE}Principal"), root.iter(f"{NAMESPACE}Actions")
    assert principal.get("id") == actions.get("Context"), "an IDREF"

    def found(path: str) -> str | None:
        return root.findtext("./" + "/".join(NAMESPACE + step for step in path.split("/")))

    assert found("Triggers/TimeTrigger/Repetition/Interval") == "PT5M"
    assert found("Triggers/TimeTrigger/Repetition/Duration") is None, "for ever"
    assert found("Settings/MultipleInstancesPolicy") == "IgnoreNew", "never two"
    assert found("Settings/ExecutionTimeLimit") == "PT0S", "not ended after three days"
    assert found("Settings/StopIfGoingOnBatteries") == "false"
    assert found("Actions/Exec/Command") == r"C:\Py thon\pythonw.exe"
    assert str(found("Actions/Exec/Arguments")).endswith(r'-c "C:\数据\R & D\homeport.toml"')
    if user:
        assert found("Triggers/LogonTrigger/UserId") == r"PC\王 & Söhne"
        assert found("Principals/Principal/LogonType") == "InteractiveToken"
    else:
        assert root.find(f".//{NAMESPACE}BootTrigger") is not None
        assert found("Principals/Principal/UserId") == "S-1-5-19", "LocalService"
    assert found("Principals/Principal/RunLevel") == "LeastPrivilege"
