"""`homeport service`: the agent in the background, started by what the platform has for it."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..config import load as configuration
from ..config.find import SMALLEST, NothingFound
from ..config.model import Config
from ..config.read import SUFFIXES
from ..core.errors import ConfigError
from ..service import failure
from ..service import plan as plans
from ..service.failure import CODES, Failure
from ..service.manager import Manager, Standing, State, Trouble
from ..service.plan import How, Places, Plan
from .exits import NOT_RIGHT, RIGHT


class Here(NamedTuple):
    """What this machine has: the only thing that differs between the platforms."""

    places: Places
    managers: Mapping[How, Manager]


def service(args: argparse.Namespace) -> int:
    """One of the actions."""
    wanted = How(args.how) if args.how else None
    how = plans.chosen(sys.platform, wanted, user=args.user)
    here = _here(user=args.user or how is How.RUN)
    try:
        match args.action:
            case "install":
                return install(here, how, args.config, user=args.user, begin=not args.no_start)
            case "uninstall":
                return uninstall(here, wanted)
            case "status":
                return status(here, wanted, as_json=args.json)
            case action:
                return act(here, wanted, action)
    except Trouble as error:
        print(f"homeport: {error}", file=sys.stderr)
        return NOT_RIGHT


def install(here: Here, how: How, file: Path | None, *, user: bool, begin: bool) -> int:
    """Checked first, then done, then asked whether it is so."""
    found = _file(here.places, file, needed=begin)
    config = _checked(found) if found.exists() else None
    plan = Plan(
        how,
        user,
        plans.agent_command(_python(), how, found, here.places.logs),
        found,
        here.places._replace(state=config.agent.state_dir if config else here.places.state),
        {},
    )
    manager = here.managers[how]
    lacks = manager.install(plan)
    _remove(here, [other for other in here.managers if other is not how])
    if begin:
        if (there := manager.find()) is not None and there.state is not State.STOPPED:
            manager.stop()
        manager.start()
    there = manager.find()
    if there is None:
        raise Trouble("the system does not know what was just installed")
    print(f"installed: {there.how}, starts {there.starts}, account {there.account or 'yours'}")
    for name, place in (
        ("configuration", plan.file),
        ("state", plan.places.state),
        ("logs", plan.places.logs),
    ):
        print(f"  {name:14}{place}")
    if lacks:
        print(f"homeport: warning: this Windows does not know {', '.join(lacks)}", file=sys.stderr)
    if not begin:
        print("not started yet: homeport service start")
        return RIGHT
    return _show(there, here.places)


def uninstall(here: Here, wanted: How | None) -> int:
    """Stop it, then remove it.  What it wrote stays."""
    removed = _remove(here, [wanted] if wanted else list(here.managers))
    if not removed:
        print("nothing is installed, so there is nothing to remove")
    for standing in removed:
        print(f"removed: {standing.how}; configuration, state and logs stay in {here.places.config}")
    return RIGHT


def act(here: Here, wanted: How | None, action: str) -> int:
    """Start, stop, restart or reload what is installed."""
    manager = _installed(here, wanted)
    if action in ("stop", "restart"):
        manager.stop()
    if action in ("start", "restart"):
        manager.start()
    if action == "reload":
        manager.reload()
    there = manager.find()
    if there is None:
        raise Trouble("it was removed meanwhile")
    if action == "stop":
        print(f"{there.how}: {there.state}")
        return RIGHT
    return _show(there, here.places)


def status(here: Here, wanted: How | None, *, as_json: bool) -> int:
    """What the system says, and why it is not running."""
    found = [
        there
        for how, manager in here.managers.items()
        if wanted in (None, how) and (there := manager.find()) is not None
    ]
    if as_json:
        for there in found:
            print(json.dumps(_as_json(there, here.places), ensure_ascii=False))
        return RIGHT if any(there.state is State.RUNNING for there in found) else NOT_RIGHT
    if not found:
        print("nothing is installed: homeport service install", file=sys.stderr)
        return NOT_RIGHT
    return max(_show(there, here.places) for there in found)


def _show(there: Standing, places: Places) -> int:
    process = f", process {there.process}" if there.process else ""
    who = f", account {there.account}" if there.account else ""
    print(f"{there.how}: {there.state}{process}{who}, starts {there.starts}")
    if there.state is State.RUNNING:
        return RIGHT
    if why := _why(there, failure.last(Path(places.logs))):
        print(f"homeport: {why}", file=sys.stderr)
    return NOT_RIGHT


def _why(there: Standing, last: Failure | None) -> str:
    if last is not None and last.code == (there.code or last.code):
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(last.when))
        return f"it ended at {when}: {last.text}"
    if there.code in CODES:
        return f"it ended: {CODES[there.code]}"
    return f"it ended with error {there.code} of the system" if there.code else ""


def _as_json(there: Standing, places: Places) -> Mapping[str, object]:
    last = failure.last(Path(places.logs))
    return {
        "how": there.how.value,
        "state": there.state.value,
        "process": there.process or None,
        "account": there.account or None,
        "starts": there.starts,
        "command": there.command,
        "logs": str(places.logs),
        "error": _why(there, last) or None if there.state is not State.RUNNING else None,
        "code": there.code,
    }


def _installed(here: Here, wanted: How | None) -> Manager:
    for how, manager in here.managers.items():
        if wanted in (None, how) and manager.find() is not None:
            return manager
    raise ConfigError("nothing is installed: homeport service install")


def _remove(here: Here, hows: Sequence[How]) -> list[Standing]:
    removed = []
    for how in hows:
        manager = here.managers[how]
        if (there := manager.find()) is None:
            continue
        if there.state is not State.STOPPED:
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
    for file in usual:
        if file.is_file():
            return file
    if needed:
        raise NothingFound(
            f"there is no configuration yet.  Write {usual[0]}; this is enough for a start:\n\n{SMALLEST}\n"
            "A file elsewhere is named with -c FILE; --no-start installs without one."
        )
    return usual[0]


def _checked(file: Path) -> Config:
    """The configuration as the agent will read it.  Raises `Mistakes` with all that is wrong."""
    config = configuration.load(file, os.environ, resolve=False)
    for warning in config.warnings:
        print(f"homeport: warning: {warning}", file=sys.stderr)
    if not config.agent.state_dir.is_absolute():
        raise ConfigError(
            f"{file}: state_dir is {config.agent.state_dir}, and a service has another working folder; "
            "write the full path"
        )
    return config


def _python() -> tuple[str, ...]:
    """What starts Homeport: this very program."""
    if getattr(sys, "frozen", False):
        return (sys.executable,)
    return (sys.executable, "-m", "homeport")


def _here(*, user: bool) -> Here:
    if sys.platform != "win32":
        raise ConfigError("there is no service manager here that Homeport knows")
    from ..service import scm  # noqa: PLC0415 - for one system
    from ..service.windows_service import ServiceManager  # noqa: PLC0415

    return Here(plans.windows_places(os.environ, user=user), {How.SERVICE: ServiceManager(scm.real())})
