"""`homeport`: the commands and their arguments."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import __version__
from ..core.errors import ConfigError
from .exits import INTERRUPTED, NOT_RIGHT, RIGHT, WRONG
from .streams import forgiving, last_words, undelivered


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    forgiving()
    words = sys.argv[1:] if argv is None else list(argv)
    if words[:2] == ["service", "host"]:  # what a service manager types; persons are not told of it
        from .service_host import host  # noqa: PLC0415

        return host(words[2:])
    try:
        status = _do(words)
    except OSError as error:
        if (trouble := undelivered(error)) is None:
            raise  # it was none of the output
        status = NOT_RIGHT
    else:
        trouble = undelivered()
    last_words(trouble)
    return status if trouble is None else status or NOT_RIGHT


def _do(words: Sequence[str]) -> int:
    args = parser().parse_args(words)
    try:
        return int(_COMMANDS[args.command](args))
    except ConfigError as error:
        print(f"homeport: {error}", file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:
        return INTERRUPTED


def parser() -> argparse.ArgumentParser:
    """The whole command line; completion scripts are made from it."""
    top = _Parser(
        prog="homeport",
        description="Keeps names pointing at you.",
        epilog="homeport COMMAND --help tells more.",
    )
    top.add_argument("--version", action="version", version=f"homeport {__version__}")
    top.add_argument("-c", "--config", metavar="FILE", type=Path, help="configuration file")
    common = _Parser(add_help=False)
    common.add_argument(
        "-c", "--config", metavar="FILE", type=Path, default=argparse.SUPPRESS, help="configuration file"
    )
    lines = _Parser(add_help=False)
    lines.add_argument("--json", action="store_true", help="one JSON object a line")
    name = _Parser(add_help=False)
    name.add_argument("name", metavar="NAME", nargs="?", help="only this name")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    run = commands.add_parser("run", parents=[common, lines], help="the agent, in the foreground")
    run.add_argument("--once", action="store_true", help="one round, then end")
    run.add_argument("--record", metavar="FILE", type=Path, help="write what was seen, for `replay`")
    commands.add_parser("check", parents=[common], help="is the configuration right?")
    commands.add_parser("plan", parents=[common, lines], help="what would change: live against wanted")
    commands.add_parser("ip", parents=[common, lines], help="every source of addresses, side by side")
    commands.add_parser(
        "status", parents=[common, lines, name], help="every target: wanted, live, last proof"
    )
    history = commands.add_parser("history", parents=[common, lines, name], help="the change log")
    history.add_argument("-n", "--lines", metavar="N", type=_count, default=100, help="the newest N (100)")
    logs = commands.add_parser("logs", parents=[common], help="what the agent has logged")
    logs.add_argument("-f", "--follow", action="store_true", help="go on, until Ctrl-C")
    logs.add_argument("-n", "--lines", metavar="N", type=_count, default=50, help="the newest N (50)")
    commands.add_parser("retry", parents=[common, name], help="lift a stop, try now")
    commands.add_parser("doctor", parents=[common, lines], help="what may be wrong with this machine")
    providers = commands.add_parser(
        "providers", parents=[common, lines], help="the providers and their settings"
    )
    providers.add_argument("name", metavar="NAME", nargs="?", help="all about one provider")
    replay = commands.add_parser(
        "replay", parents=[common, lines], help="the decisions of a recording once more"
    )
    replay.add_argument("file", metavar="FILE", type=Path, help="what `run --record FILE` has written")
    secret = commands.add_parser(
        "secret", parents=[common], help="keep secrets out of the configuration: set, rm, list"
    )
    actions = secret.add_subparsers(dest="action", metavar="ACTION", required=True)
    kept = _Parser(add_help=False)
    kept.add_argument("name", metavar="NAME", help="what to call it, such as cloudflare")
    kept.add_argument(
        "--file",
        action="store_true",
        help="in a file beside the configuration, not in the system's keyring",
    )
    put = actions.add_parser(
        "set", parents=[common, kept], help="keep a secret; it is read from standard input, or asked for"
    )
    put.add_argument("rest", nargs="*", help=argparse.SUPPRESS)
    actions.add_parser("rm", parents=[common, kept], help="forget a secret")
    actions.add_parser("list", parents=[common, lines], help="the names, and which settings use them")

    service = commands.add_parser(
        "service", parents=[common], help="the agent in the background, from the start of the machine"
    )
    service.add_argument(
        "action",
        choices=["install", "uninstall", "start", "stop", "restart", "reload", "status"],
        metavar="ACTION",
        help="install, uninstall, start, stop, restart, reload or status",
    )
    service.add_argument(
        "--how", choices=["service", "nssm", "run", "task"], help="what starts it (Windows: service)"
    )
    service.add_argument(
        "--user", action="store_true", help="for you alone, without administrator's rights"
    )
    service.add_argument("--no-start", action="store_true", help="install: do not start it yet")
    service.add_argument("--json", action="store_true", help="status: one JSON object")
    commands.add_parser("schema", parents=[common], help="JSON Schema of the configuration, for editors")
    demo = commands.add_parser(
        "demo", parents=[common], help="see it work: no Internet, no root, no configuration"
    )
    demo.add_argument("--changes", metavar="N", type=int, help="end after N changes of the address")
    completion = commands.add_parser(
        "completion", parents=[common], help="a completion script for your shell"
    )
    completion.add_argument("shell", choices=["bash", "zsh", "fish", "powershell"])
    return top


class _Parser(argparse.ArgumentParser):
    """Left alone, argparse asks `shutil` for the width of the terminal: half a MiB at every start."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=_help, allow_abbrev=False, **settings)


def _help(prog: str) -> argparse.HelpFormatter:
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isdecimal() else _columns()
    return argparse.HelpFormatter(prog, width=(width or 80) - 2)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of lines")
    return int(text)


def _columns() -> int:
    if not sys.stdout.isatty():
        return 0
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except OSError:
        return 0  # Windows takes even NUL for a terminal


def _run(args: argparse.Namespace) -> int:
    gc.disable()  # imports leave nothing to collect, and looking for it takes a tenth of the start
    from .run import run  # noqa: PLC0415 - each command imports what it needs, and no more

    gc.freeze()
    gc.enable()
    return run(args.config, once=args.once, as_json=args.json, record=args.record)


def _check(args: argparse.Namespace) -> int:
    from .look import check  # noqa: PLC0415

    return check(args.config)


def _plan(args: argparse.Namespace) -> int:
    from .plan import plan  # noqa: PLC0415

    return plan(args.config, as_json=args.json)


def _ip(args: argparse.Namespace) -> int:
    from .ip import ip  # noqa: PLC0415

    return ip(args.config, as_json=args.json)


def _status(args: argparse.Namespace) -> int:
    from .look import status  # noqa: PLC0415

    return status(args.config, args.name, as_json=args.json)


def _history(args: argparse.Namespace) -> int:
    from .look import history  # noqa: PLC0415

    return history(args.config, args.name, limit=args.lines, as_json=args.json)


def _logs(args: argparse.Namespace) -> int:
    from .logs import logs  # noqa: PLC0415

    return logs(args.config, lines=args.lines, follow=args.follow)


def _retry(args: argparse.Namespace) -> int:
    from .look import retry  # noqa: PLC0415

    return retry(args.config, args.name)


def _doctor(args: argparse.Namespace) -> int:
    from .doctor import doctor  # noqa: PLC0415

    return doctor(args.config, as_json=args.json)


def _providers(args: argparse.Namespace) -> int:
    from .manual import providers  # noqa: PLC0415

    return providers(args.name, as_json=args.json)


def _replay(args: argparse.Namespace) -> int:
    from .replay import replay  # noqa: PLC0415

    return replay(args.file, as_json=args.json)


def _secret(args: argparse.Namespace) -> int:
    from . import secret  # noqa: PLC0415

    if args.action == "set":
        return secret.put(args.config, args.name, args.rest, file=args.file)
    if args.action == "rm":
        return secret.drop(args.config, args.name, file=args.file)
    return secret.show(args.config, as_json=args.json)


def _service(args: argparse.Namespace) -> int:
    from .service import service  # noqa: PLC0415

    return service(args)


def _schema(_: argparse.Namespace) -> int:
    from .manual import schema  # noqa: PLC0415

    return schema()


def _demo(args: argparse.Namespace) -> int:
    from .demo import demo  # noqa: PLC0415

    return demo(args.changes)


def _completion(args: argparse.Namespace) -> int:
    from .completion import script  # noqa: PLC0415

    print(script(args.shell, parser()))
    return RIGHT


_COMMANDS = {
    "run": _run,
    "check": _check,
    "plan": _plan,
    "ip": _ip,
    "status": _status,
    "history": _history,
    "logs": _logs,
    "retry": _retry,
    "doctor": _doctor,
    "providers": _providers,
    "replay": _replay,
    "service": _service,
    "schema": _schema,
    "secret": _secret,
    "demo": _demo,
    "completion": _completion,
}
