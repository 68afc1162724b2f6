"""The agent as a service of Windows' service control manager.

Learn.microsoft.com, CreateServiceW, ChangeServiceConfig2W, SERVICE_FAILURE_ACTIONSW,
SERVICE_REQUIRED_PRIVILEGES_INFOW, "Service User Accounts" (read 2026-11-21).
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from . import scm
from .manager import NotAllowed, Standing, State, Taken, Trouble
from .plan import NAME, How, Plan, account, command_line, whose
from .scm import Refused, Scm

NEEDS = ("nsi", "Tcpip")  # both are part of every Windows, and nobody who has a network disables them
RESTARTS = (0, 60_000, 300_000)  # milliseconds: at once, after a minute, and after five, again and again
RESET = 86_400  # seconds without a failure after which it is restarted at once again
PRIVILEGES = ("SeChangeNotifyPrivilege",)  # to walk through folders; every program needs it
PRESHUTDOWN = 20_000  # milliseconds that it may take to end when Windows does
PATIENCE = 90.0  # seconds without any step forward
_STATES = {
    scm.STOPPED: State.STOPPED,
    scm.START_PENDING: State.STARTING,
    scm.STOP_PENDING: State.STOPPING,
    scm.RUNNING: State.RUNNING,
}
_RIGHTS = (
    'only an administrator may do that: open a console with "Run as administrator", '
    "or use --user, which needs no rights"
)


class ServiceManager:
    """See `manager.Manager`."""

    how = How.SERVICE

    def __init__(
        self,
        api: Scm,
        parameters: Callable[[], str] = lambda: "",
        name: str = NAME,
        rest: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`parameters` gives what nssm starts, where nssm made the service of our name."""
        self._api, self._parameters, self._name = api, parameters, name
        self._rest, self._clock = rest, clock

    def find(self) -> Standing | None:
        try:
            with self._service(scm.LOOK) as service:
                registered, now = self._api.registered(service), self._api.now(service)
        except Refused as error:
            if error.code == scm.NO_SUCH_SERVICE:
                return None
            raise said(error) from error
        if whose(registered.binary, self._parameters()) is not self.how:
            return None
        return Standing(
            how=self.how,
            state=_STATES.get(now.state, State.STOPPED),
            command=registered.binary,
            account=registered.account,
            process=now.process,
            starts="with Windows" if registered.start == scm.AUTO_START else "by hand only",
            code=now.specific_code if now.exit_code == scm.SPECIFIC_ERROR else now.exit_code,
        )

    def check(self, _: Plan, /) -> None:
        try:
            with self._api.manager(scm.CONNECT | scm.CREATE):
                there = self._there()
        except Refused as error:
            raise said(error) from error
        if there is not None and whose(there, self._parameters()) is None:
            raise Taken(
                f"there is a service {self._name} already which is not ours: {there}; remove that one first"
            )

    def install(self, plan: Plan) -> tuple[str, ...]:
        who = account(plan.how, user=plan.user)
        title = plan.words.title
        facts: Any = {"title": title, "binary": command_line(plan.argv), "needs": NEEDS, "account": who}
        try:
            with self._api.manager(scm.CONNECT | scm.CREATE) as manager:
                try:
                    with self._api.created(manager, self._name, **facts) as service:
                        return self._complete(service, plan.words.description)
                except Refused as error:
                    if error.code not in (scm.EXISTS, scm.NAME_EXISTS):
                        raise
                self.check(plan)
                with self._api.service(manager, self._name, scm.ALL) as service:
                    self._api.configure(service, **facts)
                    return self._complete(service, plan.words.description)
        except Refused as error:
            raise said(error) from error

    def uninstall(self) -> None:
        try:
            with self._service(scm.DELETE | scm.LOOK) as service:
                self._api.delete(service)
        except Refused as error:
            if error.code not in (scm.NO_SUCH_SERVICE, scm.MARKED_FOR_DELETE):
                raise said(error) from error
        self._until_gone()

    def start(self) -> None:
        try:
            with self._service(scm.START | scm.LOOK) as service:
                try:
                    self._api.start(service)
                except Refused as error:
                    if error.code != scm.ALREADY_RUNNING:
                        raise
                self._settled(service, scm.START_PENDING)
        except Refused as error:
            raise said(error) from error

    def stop(self) -> None:
        try:
            with self._service(scm.STOP | scm.LOOK) as service:
                self._settled(service, scm.START_PENDING)
                try:
                    self._api.control(service, scm.CONTROL_STOP)
                except Refused as error:
                    if error.code not in (scm.NOT_ACTIVE, scm.NOT_CONTROLLABLE):
                        raise
                self._settled(service, scm.STOP_PENDING)
                if self._api.now(service).state != scm.STOPPED:
                    raise Trouble("the service does not stop; `homeport service status` says its process")
        except Refused as error:
            raise said(error) from error

    def reload(self) -> None:
        try:
            with self._service(scm.PAUSE_CONTINUE | scm.LOOK) as service:
                self._api.control(service, scm.CONTROL_PARAMCHANGE)
        except Refused as error:
            if error.code == scm.NOT_ACTIVE:
                raise Trouble(
                    "the service is not running; it reads its configuration when it starts"
                ) from error
            raise said(error) from error

    def _there(self) -> str | None:
        """The program of the service of our name."""
        try:
            with self._service(scm.QUERY_CONFIG) as service:
                return self._api.registered(service).binary
        except Refused as error:
            if error.code == scm.NO_SUCH_SERVICE:
                return None
            raise

    def _complete(self, service: Any, description: str) -> tuple[str, ...]:
        """What cannot be said at creation; gives what this Windows does not know."""
        missing = []
        for level, value, means in _details(description):
            try:
                self._api.detail(service, level, value)
            except Refused as error:
                if error.code not in (scm.INVALID_LEVEL, scm.CALL_NOT_IMPLEMENTED):
                    raise
                missing.append(means)
        return tuple(missing)

    @contextmanager
    def _service(self, rights: int) -> Iterator[Any]:
        with (
            self._api.manager(scm.CONNECT) as manager,
            self._api.service(manager, self._name, rights) as one,
        ):
            yield one

    def _settled(self, service: Any, pending: int) -> None:
        """Wait as long as it is on its way and gets further."""
        step, since = -1, self._clock()
        while (now := self._api.now(service)).state == pending:
            if now.checkpoint != step:
                step, since = now.checkpoint, self._clock()
            if self._clock() - since > PATIENCE:
                raise Trouble(f"the service says nothing new for {PATIENCE:.0f} s; its log may say why")
            self._rest(0.1)

    def _until_gone(self) -> None:
        """Windows removes it when the last program that looks at it closes it."""
        until = self._clock() + 10
        while self._clock() < until:
            try:
                with self._service(scm.QUERY_STATUS):
                    pass
            except Refused as error:
                if error.code == scm.NO_SUCH_SERVICE:
                    return
                if error.code != scm.MARKED_FOR_DELETE:
                    raise said(error) from error
            self._rest(0.1)
        raise Trouble(
            "Windows will remove the service when the last window that shows it is closed (services.msc?)"
        )


def _details(description: str) -> Iterator[tuple[int, ctypes.Structure, str]]:
    actions = (scm.Action * len(RESTARTS))(*[scm.Action(scm.ACTION_RESTART, delay) for delay in RESTARTS])
    privileges = scm.strings(PRIVILEGES)
    yield scm.DESCRIPTION, scm.Text(description), "its description"
    yield scm.DELAYED, scm.Number(1), "the delayed start"
    yield scm.FAILURE_ACTIONS, scm.FailureActions(RESET, None, None, len(RESTARTS), actions), "the restarts"
    yield scm.FAILURE_FLAG, scm.Number(1), "the restart after it stopped with an error"
    yield scm.SID_TYPE, scm.Number(scm.SID_UNRESTRICTED), "rights of files for this service alone"
    yield scm.PRIVILEGES, scm.Words(ctypes.addressof(privileges)), "the removal of privileges"
    yield scm.PRESHUTDOWN, scm.Number(PRESHUTDOWN), "the time to end before Windows does"


def said(error: Refused) -> Exception:
    """What it means for a person."""
    match error.code:
        case scm.ACCESS_DENIED:
            return NotAllowed(_RIGHTS)
        case scm.MARKED_FOR_DELETE:
            return Trouble(
                "the former service is not quite gone: close the windows that show services, and try again"
            )
        case scm.DISABLED:
            return Trouble("the service is disabled; `homeport service install` sets it right")
        case scm.LOGON_FAILED:
            return Trouble("Windows does not let the service's account log on; `homeport service install`")
        case scm.TIMEOUT:
            return Trouble("the service's program did not start in time, or not at all")
        case _:
            return Trouble(str(error))
