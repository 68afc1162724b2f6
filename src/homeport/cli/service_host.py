"""`homeport service host`: the agent, as a service manager starts it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..service.host import Host
from ..service.plan import NAME, How, account
from .exits import NOT_RIGHT


def host(words: list[str]) -> int:
    """Until the manager stops it.  Whatever ends it is told to whoever may ask later."""
    args = _parser().parse_args(words)
    how = How(args.how)
    if sys.platform != "win32":
        print(f"homeport: nothing starts the agent here by --how {how}", file=sys.stderr)
        return NOT_RIGHT
    if how is How.SERVICE:
        return _as_service(args)
    from ..service import windows_session, windows_signals  # noqa: PLC0415 - for one system

    signals, called = windows_signals.real(), windows_signals.names(args.logs)
    events = windows_signals.EventHost(signals, called)
    windows_session.real(lambda: signals.send(called.stop)).listen()
    return _hosted(args, events, events.ended, account(how, user=False) or "this account")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="homeport service host", add_help=False)
    parser.add_argument("--how", required=True, choices=[how.value for how in How])
    parser.add_argument("--logs", required=True, type=Path)
    parser.add_argument("-c", "--config", required=True, type=Path)
    return parser


def _as_service(args: argparse.Namespace) -> int:
    from ..service import windows_host  # noqa: PLC0415 - for one system
    from ..service.scm import Refused  # noqa: PLC0415

    manager = windows_host.real(NAME, _clock_was_set)
    try:
        manager.connect()
    except Refused as error:
        print(f"homeport: this command is for Windows' service manager: {error}", file=sys.stderr)
        return NOT_RIGHT
    return _hosted(args, manager, manager.ended, account(How.SERVICE, user=False))


def _clock_was_set() -> None:
    """Windows tells services of it by their manager, and windows of programs by a message."""
    if sys.platform == "win32":
        from ..net import windows_clock  # noqa: PLC0415 - only then

        windows_clock.clock_was_set()


def _hosted(args: argparse.Namespace, host: Host, ended: Callable[[int], None], who: str) -> int:
    """The agent is loaded only now: on a slow disk that takes longer than Windows waits for a sign."""
    code = 1
    try:
        from ..service.watchdog import Watchdog  # noqa: PLC0415 - see above
        from .hosted import hosted, stood_still  # noqa: PLC0415

        if args.how != How.RUN:  # which nobody would start again before the next logon
            host = Watchdog(host, partial(stood_still, args.logs))
        code = hosted(args.config, args.logs, host, who)
    finally:
        ended(code)
    return code
