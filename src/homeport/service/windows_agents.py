"""The ways of Windows to start an agent that no service manager keeps: the Run key and a task."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from xml.sax.saxutils import escape

from .manager import NotAllowed, Standing, State, Taken, Trouble
from .plan import (
    LONGEST_RUN_KEY,
    NAME,
    How,
    Plan,
    account,
    account_sid,
    arguments,
    command_line,
    is_ours,
)
from .windows_signals import Names, Signals

RUN_KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"
HEALTH = "PT5M"  # ISO 8601: every five minutes it is started, if it does not run
_MARK = " service host --how task "
PATIENCE = 90.0  # seconds to come up
_ENDING = 30.0  # seconds to end


class Registry(Protocol):
    """The values of text below one root of the registry."""

    def get(self, key: str, name: str) -> str | None: ...

    def put(self, key: str, name: str, value: str) -> None: ...

    def remove(self, key: str, name: str) -> None: ...


class Answer(NamedTuple):
    """What a program of Windows said."""

    status: int
    text: str


Ask = Callable[[Sequence[str]], Answer]


class _Agents:
    """What both ways share: the agent is told by events."""

    how: How

    def __init__(
        self,
        signals: Signals,
        called: Names,
        rest: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._signals, self._called, self._rest, self._clock = signals, called, rest, clock

    def _state(self) -> State:
        if self._signals.is_set(self._called.ready):
            return State.RUNNING
        return State.STARTING if self._signals.there(self._called.stop) else State.STOPPED

    def _come_up(self, ended: Callable[[], bool]) -> None:
        """Wait until it is ready, or has ended."""
        until, seen = self._clock() + PATIENCE, False
        while self._clock() < until:
            state = self._state()
            if state is State.RUNNING or ended() or (seen and state is State.STOPPED):
                return
            seen = seen or state is State.STARTING
            self._rest(0.1)
        raise Trouble(f"it did not come up within {PATIENCE:.0f} s; its log may say why")

    def stop(self) -> None:
        if not self._signals.send(self._called.stop):
            return
        until = self._clock() + _ENDING
        while self._signals.there(self._called.stop):
            if self._clock() > until:
                raise Trouble("the agent does not end; the task manager shows it as python or homeport")
            self._rest(0.1)

    def reload(self) -> None:
        if not self._signals.send(self._called.reload):
            raise Trouble("the agent is not running; it reads its configuration when it starts")


class RunKey(_Agents):
    r"""`HKCU\...\Run`: the agent starts when this person logs on, without a window.  See `Manager`."""

    how = How.RUN

    def __init__(
        self,
        signals: Signals,
        called: Names,
        registry: Registry,
        spawn: Callable[[str], Callable[[], bool]],
        **clock: Any,
    ) -> None:
        """`spawn` starts a command line, and gives what tells whether it has ended."""
        super().__init__(signals, called, **clock)
        self._registry, self._spawn = registry, spawn

    def find(self) -> Standing | None:
        command = self._registry.get(RUN_KEY, NAME)
        if command is None or not is_ours(command):
            return None
        return Standing(self.how, self._state(), command, starts="when you log on", user=True)

    def check(self, plan: Plan, /) -> None:
        there, line = self._registry.get(RUN_KEY, NAME), command_line(plan.argv)
        if there is not None and not is_ours(there):
            raise Taken(f"something else called {NAME} starts when you log on already: {there}")
        if len(line) > LONGEST_RUN_KEY:
            raise Trouble(
                f"the command has {len(line)} characters and Windows takes {LONGEST_RUN_KEY} there; "
                "use --how task, or shorter folders"
            )

    def install(self, plan: Plan) -> tuple[str, ...]:
        self.check(plan)
        self._registry.put(RUN_KEY, NAME, command_line(plan.argv))
        return ()

    def uninstall(self) -> None:
        self._registry.remove(RUN_KEY, NAME)

    def start(self) -> None:
        if self._state() is not State.STOPPED:
            return
        line = self._registry.get(RUN_KEY, NAME)
        if line is None:
            raise Trouble("it was removed meanwhile")
        self._come_up(self._spawn(line))


class Task(_Agents):
    """A task that starts the agent with Windows, and again when it is gone.  See `Manager`."""

    how = How.TASK

    def __init__(
        self,
        signals: Signals,
        called: Names,
        mine: Names,
        ask: Ask,
        me: str,
        *,
        may: Callable[[], bool],
        **clock: Any,
    ) -> None:
        r"""`called` are the events of a task of the machine, `mine` those of one of `me`, DOMAIN\name.

        `may`: has this process an administrator's rights?  schtasks says no in each language differently.
        """
        super().__init__(signals, called, **clock)
        self._machine, self._mine, self._ask, self._me, self._may = called, mine, ask, me, may

    def find(self) -> Standing | None:
        answer = self._ask(("/query", "/tn", NAME, "/xml"))
        if answer.status or _MARK not in answer.text:
            return None
        user = "<LogonTrigger>" in answer.text
        self._called = self._mine if user else self._machine
        return Standing(
            self.how,
            self._state(),
            f"task {NAME}",
            account=account(self.how, user=user),
            starts="when you log on" if user else "with Windows",
            user=user,
        )

    def check(self, _: Plan, /) -> None:
        answer = self._ask(("/query", "/tn", NAME, "/xml"))
        if not answer.status and answer.text.strip() and _MARK not in answer.text:
            raise Taken(f"there is a task {NAME} already which is not ours; remove that one first")

    def install(self, plan: Plan) -> tuple[str, ...]:
        self.check(plan)
        with tempfile.TemporaryDirectory(prefix="homeport-") as folder:
            file = Path(folder) / "task.xml"
            file.write_text(definition(plan, self._me), encoding="utf-16")
            answer = self._ask(("/create", "/tn", NAME, "/xml", str(file), "/f"))
        if answer.status:
            raise self._refused("registered", answer, user=plan.user)
        return ()

    def uninstall(self) -> None:
        answer = self._ask(("/delete", "/tn", NAME, "/f"))
        if answer.status:
            raise self._refused("removed", answer)

    def start(self) -> None:
        if self._state() is not State.STOPPED:
            return
        answer = self._ask(("/run", "/tn", NAME))
        if answer.status:
            raise self._refused("started", answer)
        self._come_up(lambda: False)

    def _refused(self, done: str, answer: Answer, *, user: bool = False) -> Exception:
        said = " ".join(answer.text.split()) or f"schtasks ended with {answer.status}"
        if self._may():
            return Trouble(f"the task cannot be {done}: {said}")
        way = "--user --how run needs no rights" if user else "--user makes one for you alone"
        return NotAllowed(f"the task cannot be {done} ({said}): only an administrator may; {way}")


def definition(plan: Plan, me: str) -> str:
    """The task in XML.

    Learn.microsoft.com, "Task Scheduler Schema" (read 2026-11-21), with its order of the elements.  The
    second trigger is the health check: as one that runs already is not started again (IgnoreNew), it
    starts the agent only where there is none.
    """
    program, words = plan.argv[0], arguments(plan.argv)
    if plan.user:
        who = f"<UserId>{escape(me)}</UserId><LogonType>InteractiveToken</LogonType>"
        first = f"<LogonTrigger><Enabled>true</Enabled><UserId>{escape(me)}</UserId></LogonTrigger>"
    else:
        who = f"<UserId>{account_sid(plan.how)}</UserId>"
        first = "<BootTrigger><Enabled>true</Enabled></BootTrigger>"
    return f"""<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>{escape(plan.words.description)}</Description></RegistrationInfo>
  <Triggers>
    {first}
    <TimeTrigger>
      <Enabled>true</Enabled>
      <StartBoundary>2026-01-01T00:00:00</StartBoundary>
      <Repetition><Interval>{HEALTH}</Interval><StopAtDurationEnd>false</StopAtDurationEnd></Repetition>
    </TimeTrigger>
  </Triggers>
  <Principals>
    <Principal id="Agent">{who}<RunLevel>LeastPrivilege</RunLevel></Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <IdleSettings><StopOnIdleEnd>false</StopOnIdleEnd></IdleSettings>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
  </Settings>
  <Actions Context="Agent">
    <Exec>
      <Command>{escape(program)}</Command>
      <Arguments>{escape(words)}</Arguments>
    </Exec>
  </Actions>
</Task>
"""


class CurrentUser:
    """The registry of whoever runs this.  See `Registry`."""

    def get(self, key: str, name: str) -> str | None:
        if sys.platform == "win32":
            import winreg  # noqa: PLC0415 - for one system

            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key) as opened:
                    value, _ = winreg.QueryValueEx(opened, name)
            except FileNotFoundError:
                return None
            return str(value)
        raise RuntimeError("there is no registry here")

    def put(self, key: str, name: str, value: str) -> None:
        if sys.platform == "win32":
            import winreg  # noqa: PLC0415 - for one system

            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, key) as opened:
                winreg.SetValueEx(opened, name, 0, winreg.REG_SZ, value)

    def remove(self, key: str, name: str) -> None:
        if sys.platform == "win32":
            import winreg  # noqa: PLC0415 - for one system

            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key, 0, winreg.KEY_SET_VALUE) as opened:
                winreg.DeleteValue(opened, name)


def spawn(line: str) -> Callable[[], bool]:
    """Start it beside us: it outlives this console, and gets no Ctrl-C of it."""
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    process = subprocess.Popen(  # noqa: S603 - the command that was registered
        line,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        creationflags=flags,
        close_fds=True,
    )
    return lambda: process.poll() is not None


def schtasks(root: str) -> Ask:
    """Windows' own program; `root` is %SystemRoot%, so that no other of its name is meant."""

    def ask(words: Sequence[str]) -> Answer:
        program = rf"{root}\System32\schtasks.exe"
        done = subprocess.run(  # noqa: S603 - a fixed program, and words of ours
            [program, *words], check=False, capture_output=True, stdin=subprocess.DEVNULL, timeout=60
        )
        return Answer(done.returncode, decoded(done.stdout) + decoded(done.stderr))

    return ask


def decoded(octets: bytes, page: str = "oem") -> str:
    """What a program of Windows writes where no console asks: in the console's code page, or UTF-16."""
    return octets.decode("utf-16" if b"\0" in octets else page, "replace")
