"""The agent as a service that nssm keeps: https://nssm.cc/usage, https://nssm.cc/commands (2026-11-21).

nssm is a program that others know how to look into.  It makes the service; its account, its start and its
restarts are set by the same calls as those of our own service.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from typing import Any

from . import scm
from .manager import Trouble
from .plan import NAME, How, Plan, account, arguments
from .scm import Refused, Scm
from .windows_agents import Answer, Ask, decoded
from .windows_service import NEEDS, ServiceManager, said
from .windows_signals import Names, Signals

# What nssm does with a console program: Ctrl-C first, and time to end; restarts after five seconds.
SETTINGS = (
    ("AppExit", "Default", "Restart"),
    ("AppRestartDelay", "5000"),
    ("AppStopMethodConsole", "20000"),
    ("AppStopMethodSkip", "6"),  # neither messages to windows nor to threads: the agent heeds none
    ("Start", "SERVICE_DELAYED_AUTO_START"),
)


class Nssm(ServiceManager):
    """See `manager.Manager`."""

    how = How.NSSM

    def __init__(
        self,
        api: Scm,
        nssm: Ask | None,
        parameters: Callable[[], str],
        signals: Signals,
        called: Names,
        **clock: Any,
    ) -> None:
        super().__init__(api, parameters, **clock)
        self._nssm, self._signals, self._called = nssm, signals, called

    def check(self, plan: Plan, /) -> None:
        if self._nssm is None:
            raise Trouble("there is no program nssm; get it from https://nssm.cc and put it into the PATH")
        super().check(plan)

    def install(self, plan: Plan) -> tuple[str, ...]:
        self.check(plan)
        there = self._there()
        program, *words = plan.argv
        if there is None:
            self._run("install", NAME, program, *words)
        else:
            self._run("set", NAME, "Application", program)
            self._run("set", NAME, "AppParameters", arguments(plan.argv))
        self._run("set", NAME, "AppDirectory", str(plan.places.config))
        for setting in SETTINGS:
            self._run("set", NAME, *setting)
        try:
            with self._service(scm.ALL) as service:
                who = account(plan.how, user=False)
                title = plan.words.title
                self._api.configure(service, title=title, binary=None, needs=NEEDS, account=who)
                return self._complete(service, plan.words.description)
        except Refused as error:
            raise said(error) from error

    def reload(self) -> None:
        """Nssm knows no such control; the agent itself is told."""
        if not self._signals.send(self._called.reload):
            raise Trouble("the agent is not running; it reads its configuration when it starts")

    def _run(self, *words: str) -> None:
        assert self._nssm is not None
        answer = self._nssm(words)
        if answer.status:
            text = " ".join(answer.text.split()) or f"it ended with {answer.status}"
            raise Trouble(f"nssm {words[0]} {' '.join(words[2:3])}: {text}")


def program(path: str | None) -> Ask | None:
    """The nssm of this machine, if there is one at `path`."""
    if path is None:
        return None

    def ask(words: Sequence[str]) -> Answer:
        done = subprocess.run(  # noqa: S603 - the program that the person asked for
            [path, *words], check=False, capture_output=True, stdin=subprocess.DEVNULL, timeout=60
        )
        return Answer(done.returncode, decoded(done.stdout) + decoded(done.stderr))

    return ask


def parameters() -> str:
    """What nssm starts, from the registry."""
    import sys  # noqa: PLC0415 - mypy sees that what follows is for one system

    if sys.platform != "win32":
        raise RuntimeError("there is no registry here")
    import winreg  # noqa: PLC0415 - for one system

    key = rf"SYSTEM\CurrentControlSet\Services\{NAME}\Parameters"
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key) as opened:
            return str(winreg.QueryValueEx(opened, "AppParameters")[0])
    except FileNotFoundError:
        return ""
