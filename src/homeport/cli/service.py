"""`homeport service`: the agent in the background, started by what the platform has for it."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from ..config import load as configuration
from ..config.find import SMALLEST, NothingFound
from ..config.mistakes import Mistakes
from ..config.model import Config
from ..config.read import SUFFIXES
from ..core.errors import ConfigError
from ..service import failure
from ..service import plan as plans
from ..service.failure import CODES, Failure
from ..service.manager import Manager, Standing, State, Trouble
from ..service.plan import How, Places, Plan, Words
from .exits import NOT_RIGHT, RIGHT

_NEVER_STARTED = 1077  # of Windows: since it was installed, or since the machine came up
_GONE = 1067  # of Windows: its process ended without a word


class Platform(NamedTuple):
    """All that differs between the platforms."""

    machine: Places
    mine: Places
    managers: Mapping[How, Manager]  # each way, the best first
    environment: Callable[[bool], Mapping[str, str]]  # which variables an agent (of a person?) will see
    prepare: Callable[[Plan], tuple[str, ...]]  # folders and rights; gives what the person should know
    forget: Callable[[], None]  # what `prepare` has told the system
    words: Words = plans.ENGLISH

    def places(self, *, user: bool) -> Places:
        return self.mine if user else self.machine


def service(args: argparse.Namespace) -> int:
    """One of the actions."""
    wanted = How(args.how) if args.how else None
    how = plans.chosen(sys.platform, wanted, user=args.user)
    here = _platform()
    try:
        match args.action:
            case "install":
                user = args.user or how is How.RUN
                return install(here, how, args.config, user=user, begin=not args.no_start)
            case "uninstall":
                return uninstall(here, wanted)
            case "status":
                return status(here, wanted, as_json=args.json)
            case action:
                return act(here, wanted, action)
    except Trouble as error:
        print(f"homeport: {error}", file=sys.stderr)
        return NOT_RIGHT


def install(here: Platform, how: How, named: Path | None, *, user: bool, begin: bool) -> int:
    """Checked first, then done, then the system is asked whether it is so."""
    places = here.places(user=user)
    file = _file(places, named, needed=begin)
    seen = here.environment(user)
    config = _checked(file, seen) if file.exists() else None
    if config is not None:
        places = places._replace(state=config.agent.state_dir)
    argv = plans.agent_command(_program(how), how, file, places.logs)
    plan = Plan(how, user, argv, file, places, here.words)
    manager = here.managers[how]
    manager.check(plan)
    _warn(here.prepare(plan))
    if config is not None:  # now that its files have their rights
        _warn(map(str, _checked(file, seen).warnings))
    former = _remove(here, [other for other in here.managers if other is not how])
    try:
        lacks = manager.install(plan)
    except (Trouble, ConfigError):
        if former:
            _warn([f"--how {one.how} has been removed already" for one in former])
        raise
    if lacks:
        _warn([f"this Windows does not know {', '.join(lacks)}"])
    if manager.find() is None:
        raise Trouble("the system does not know what was just installed; this may not be a real Windows")
    if begin:
        manager.stop()
        manager.start()
    print(f"installed: --how {how}")
    for name, place in (("configuration", file), ("state", places.state), ("logs", places.logs)):
        print(f"  {name:14}{place}")
    if not begin:
        print("not started yet: homeport service start")
        return RIGHT
    return _now(here, manager)


def uninstall(here: Platform, wanted: How | None) -> int:
    """Stop it, then remove it.  What it wrote stays."""
    removed = _remove(here, [wanted] if wanted else here.managers)
    if not removed:
        print("nothing is installed, so there is nothing to remove")
    else:
        here.forget()
    for one in removed:
        kept = here.places(user=one.user).config
        print(f"removed: --how {one.how}; configuration, state and logs stay in {kept}")
    return RIGHT


def act(here: Platform, wanted: How | None, action: str) -> int:
    """Start, stop, restart or reload what is installed."""
    found = (one for how, one in here.managers.items() if wanted in (None, how) and one.find() is not None)
    manager = next(found, None)
    if manager is None:
        raise ConfigError("nothing is installed: homeport service install")
    if action in ("stop", "restart"):
        manager.stop()
    if action in ("start", "restart"):
        manager.start()
    if action == "reload":
        manager.reload()
    shown = _now(here, manager)
    return RIGHT if action == "stop" else shown


def status(here: Platform, wanted: How | None, *, as_json: bool) -> int:
    """What the system says, and why it is not running."""
    asked = [manager for how, manager in here.managers.items() if wanted in (None, how)]
    found = [there for manager in asked if (there := manager.find()) is not None]
    if as_json:
        for there in found:
            print(json.dumps(_as_json(here, there), ensure_ascii=False))
        return RIGHT if any(there.state is State.RUNNING for there in found) else NOT_RIGHT
    if not found:
        print("homeport: nothing is installed: homeport service install", file=sys.stderr)
        return NOT_RIGHT
    return max(_show(here, there) for there in found)


def found() -> list[tuple[Standing, str]]:
    """What is installed on this Windows, each with why it does not run ("" if it does)."""
    here = _platform()
    standings = [there for manager in here.managers.values() if (there := manager.find()) is not None]
    return [(there, _why(here, there)) for there in standings]


def _now(here: Platform, manager: Manager) -> int:
    """What the system says after it was asked for something."""
    if (there := manager.find()) is None:
        raise Trouble("it was removed meanwhile")
    return _show(here, there)


def _show(here: Platform, there: Standing) -> int:
    process = f", process {there.process}" if there.process else ""
    who = f", account {there.account}" if there.account else ""
    print(f"{there.how}: {there.state}{process}{who}, starts {there.starts}")
    if there.state is State.RUNNING:
        return RIGHT
    if why := _why(here, there):
        print(f"homeport: {why}", file=sys.stderr)
    return NOT_RIGHT


def _why(here: Platform, there: Standing) -> str:
    """Why it does not run: what it wrote down itself, else what the system's number means."""
    if there.state is not State.STOPPED:
        return ""
    last = failure.last(Path(here.places(user=there.user).logs))
    if last is not None and there.code in (0, _NEVER_STARTED, _GONE, last.code):
        return f"it ended at {_moment(last)}: {last.text}"
    if there.code in CODES:
        return f"it ended: {CODES[there.code]}"
    return "" if there.code in (0, _NEVER_STARTED) else f"it ended with error {there.code} of the system"


def _moment(last: Failure) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(last.when))


def _as_json(here: Platform, there: Standing) -> Mapping[str, object]:
    return {
        "how": there.how.value,
        "state": there.state.value,
        "process": there.process or None,
        "account": there.account or None,
        "starts": there.starts,
        "command": there.command,
        "logs": str(here.places(user=there.user).logs),
        "error": _why(here, there) or None,
        "code": there.code,
    }


def _remove(here: Platform, hows: Iterable[How]) -> list[Standing]:
    removed = []
    for how in hows:
        manager = here.managers[how]
        if (there := manager.find()) is not None:
            manager.stop()
            manager.uninstall()
            removed.append(there)
    return removed


def _file(places: Places, named: Path | None, *, needed: bool) -> Path:
    """The configuration, as a full path: a service has another working folder."""
    if named is not None:
        if not named.exists():
            raise ConfigError(f"{named}: there is no such file")
        return named.absolute()
    usual = [Path(places.config) / f"homeport{suffix}" for suffix in SUFFIXES]
    found = [file for file in usual if file.is_file()]
    if needed and not found:
        raise NothingFound(
            f"there is no configuration yet.  Write {usual[0]}; this is enough for a start:\n\n{SMALLEST}\n"
            "A file elsewhere is named with -c FILE; --no-start installs without any."
        )
    return found[0] if found else usual[0]


def _checked(file: Path, environ: Mapping[str, str]) -> Config:
    """The configuration as the agent will read it.  Raises `Mistakes` with all that is wrong."""
    try:
        config = configuration.load(file, environ, resolve=False)
    except Mistakes:
        configuration.load(file, os.environ, resolve=False)  # wrong here too: then this is what to say
        _warn(["an agent in the background sees the machine's variables, not those of this console"])
        raise
    if not config.agent.state_dir.is_absolute():
        raise ConfigError(
            f"{file}: state_dir is {config.agent.state_dir}, and an agent in the background has another "
            "working folder; write the full path"
        )
    return config


def _program(how: How) -> tuple[str, ...]:
    """What starts Homeport: this very program; for a person who is logged on, the one without a window.

    The python.exe of a virtual environment is none: it starts the one that it was made with, and waits.
    The service control manager shall know the process that it talks to.
    """
    if getattr(sys, "frozen", False):
        return (sys.executable,)
    if how is How.SERVICE and (base := _base()):
        return plans.outside_of_a_venv(str(base), str(Path(sys.prefix, "Lib", "site-packages")))
    python = Path(sys.executable)
    silent = python.with_name(f"{python.stem}w.exe")
    quiet = how in (How.RUN, How.TASK) and silent.is_file()
    return (str(silent if quiet else python), "-m", "homeport")


def _base() -> Path | None:
    """The Python that a virtual environment was made with; None where this is not in one."""
    if sys.prefix == sys.base_prefix:
        return None
    return Path(getattr(sys, "_base_executable", sys.executable))


def _own_folders() -> tuple[Path, ...]:
    """Where the program itself lies."""
    base = _base()
    return (
        *((base.parent,) if base else ()),
        Path(sys.executable).parent,
        Path(__file__).parents[1],
    )


def _warn(said: Iterable[str]) -> None:
    for one in said:
        print(f"homeport: warning: {one}", file=sys.stderr)


def _platform() -> Platform:
    """That of this machine, which `plans.chosen` has found to be Windows."""
    import shutil  # noqa: PLC0415 - only who installs and asks pays for it

    # PLC0415 below: they are for one system.
    from ..service import (  # noqa: PLC0415
        nssm,
        scm,
        windows_agents,
        windows_environment,
        windows_files,
        windows_person,
        windows_signals,
    )
    from ..service.windows_service import ServiceManager  # noqa: PLC0415

    api, signals = scm.real(), windows_signals.real()
    machine, mine = (plans.windows_places(os.environ, user=user) for user in (False, True))
    of_machine, of_mine = (windows_signals.names(places.logs) for places in (machine, mine))
    person = rf"{os.environ.get('USERDOMAIN', '.')}\{os.environ.get('USERNAME', '')}"
    ask = windows_agents.schtasks(os.environ.get("SYSTEMROOT", r"C:\Windows"))
    registry = windows_agents.CurrentUser()
    may = windows_person.is_administrator
    managers: dict[How, Manager] = {
        How.SERVICE: ServiceManager(api, nssm.parameters),
        How.NSSM: nssm.Nssm(api, nssm.program(shutil.which("nssm")), nssm.parameters, signals, of_machine),
        How.TASK: windows_agents.Task(signals, of_machine, of_mine, ask, person, may=may),
        How.RUN: windows_agents.RunKey(signals, of_mine, registry, windows_agents.spawn),
    }

    def prepare(plan: Plan) -> tuple[str, ...]:
        files = windows_files.real()
        windows_files.reachable(plan, _own_folders(), Path.home())
        if not plan.user:
            _make_known()
        return (*windows_files.prepare(files, plan), *windows_files.programs(files, plan, _own_folders()))

    return Platform(
        machine,
        mine,
        managers,
        lambda user: windows_environment.environment(os.environ, user=user),
        prepare,
        _make_forgotten,
        plans.words(windows_person.language()),
    )


def _make_known() -> None:
    """The source of events, to Windows' Event Log."""
    if sys.platform == "win32":
        from ..service import windows_event_log  # noqa: PLC0415 - for one system

        windows_event_log.register()


def _make_forgotten() -> None:
    if sys.platform == "win32":
        from ..service import windows_event_log  # noqa: PLC0415 - for one system

        windows_event_log.unregister()
