"""What shall be started, by whom, and with which folders: decided before anything is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import PurePath, PureWindowsPath
from typing import NamedTuple

from ..core.errors import ConfigError

NAME = "Homeport"  # of the service, of the task, of the value under the Run key
LONGEST_RUN_KEY = 260  # characters; learn.microsoft.com, "Run and RunOnce Registry Keys" (read 2026-11-21)
_HOST = " service host --how "
_LOCAL_SERVICE = "S-1-5-19"

_CHINESE = 0x04  # LANG_CHINESE, the low ten bits of a LANGID ([MS-LCID] 2.1)

LOG = "homeport.log"  # in the folder of logs, where the configuration names no file


class How(StrEnum):
    """The ways to start the agent and keep it running."""

    SERVICE = "service"
    NSSM = "nssm"
    RUN = "run"
    TASK = "task"


class Places(NamedTuple):
    """Where things are; `config` is the folder in which a configuration is looked for first."""

    config: PurePath
    state: PurePath
    logs: PurePath


class Words(NamedTuple):
    """What persons read in Windows' list of services, and of tasks."""

    title: str
    description: str


ENGLISH = Words(
    "Homeport dynamic DNS", "Keeps DNS names pointing at this machine, whatever address it gets."
)
CHINESE = Words("Homeport 动态 DNS", "让 DNS 名称始终指向本机，无论本机得到什么地址。")


def words(language: int) -> Words:
    """In the language that Windows itself speaks, a LANGID."""
    return CHINESE if language & 0x3FF == _CHINESE else ENGLISH


class Plan(NamedTuple):
    """One installation.  `argv` is the agent's command; the file in it is absolute."""

    how: How
    user: bool  # for the person who installs it, without rights over the machine
    argv: tuple[str, ...]
    file: PurePath  # the configuration
    places: Places
    words: Words = ENGLISH


def chosen(platform: str, how: How | None, *, user: bool) -> How:
    """Which way is meant.  `ConfigError` if there is none such here."""
    if platform == "darwin":
        raise ConfigError(
            "`homeport service` does not know launchd yet; start `homeport run` with a launch agent"
        )
    if platform != "win32":
        raise ConfigError(
            "`homeport service` does not know systemd yet: copy contrib/homeport.service of the source "
            "to /etc/systemd/system, then `systemctl enable --now homeport`"
        )
    if how is None:
        return How.RUN if user else How.SERVICE
    if user and how in (How.SERVICE, How.NSSM):
        raise ConfigError(
            f"--how {how} is for the whole machine; with --user there are --how run and --how task"
        )
    return how


def windows_places(environ: Mapping[str, str], *, user: bool) -> Places:
    """Below %ProgramData%, or below the person's %LOCALAPPDATA%."""
    if user:
        profile = environ.get("USERPROFILE", r"C:\Users\Default")
        top = PureWindowsPath(environ.get("LOCALAPPDATA") or rf"{profile}\AppData\Local") / "homeport"
    else:
        top = PureWindowsPath(environ.get("PROGRAMDATA") or r"C:\ProgramData") / "Homeport"
    return Places(top, top / "state", top / "logs")


def agent_command(python: Sequence[str], how: How, file: PurePath, logs: PurePath) -> tuple[str, ...]:
    """`python` starts Homeport: an interpreter with `-m homeport`, or a program of its own."""
    return (*python, "service", "host", "--how", how.value, "--logs", str(logs), "-c", str(file))


def outside_of_a_venv(python: str, packages: str) -> tuple[str, ...]:
    """Homeport by the Python that a virtual environment was made with, and with its packages alone."""
    code = f"import site, sys; site.addsitedir({packages!r})"
    return (python, "-I", "-S", "-c", f"{code}; from homeport.cli.main import main; sys.exit(main())")


def command_line(argv: Sequence[str]) -> str:
    r"""As Windows wants it; the program is always in quotes, so that no other one of its folder is meant.

    Without quotes, `C:\Program Files\x` would first start `C:\Program.exe` if somebody put one there.
    """
    return f'"{argv[0]}" {arguments(argv)}'.rstrip()


def arguments(argv: Sequence[str]) -> str:
    """The words behind the program, as Windows wants them."""
    from subprocess import list2cmdline  # noqa: PLC0415 - only words are joined; no process is started

    return list2cmdline(argv[1:])


def is_ours(line: str) -> bool:
    """Is that the command line of an agent that `homeport service` registered?"""
    return "homeport" in line.lower() and _HOST in line


def whose(binary: str, parameters: str) -> How | None:
    """Which way made the service with this program; None if it is not ours.

    `parameters` are those that nssm keeps for it, if it is nssm.
    """
    if is_ours(binary):
        return How.SERVICE
    return How.NSSM if "nssm" in binary.lower() and _HOST in parameters else None


def account(how: How, *, user: bool) -> str:
    r"""The account of the agent, as a person knows it.

    `NT SERVICE\Homeport` is a virtual account: it exists with the service, has no password, and no
    right that ordinary users do not have (learn.microsoft.com, "Service Accounts", read 2026-11-21).
    """
    if user or how is How.RUN:
        return ""
    return r"NT AUTHORITY\LocalService" if how is How.TASK else rf"NT SERVICE\{NAME}"


def account_sid(how: How) -> str:
    """The security identifier of the same account."""
    return _LOCAL_SERVICE if how is How.TASK else service_sid(NAME)


def service_sid(name: str) -> str:
    """S-1-5-80 and the SHA-1 of the name in capitals, as five numbers.

    [MS-DTYP] 2.4.2.4, SERVICE_ALL and below: how the identifier of a service is made.
    """
    from hashlib import sha1  # noqa: PLC0415 - only who installs needs it

    digest = sha1(name.upper().encode("utf-16-le"), usedforsecurity=False).digest()
    words = (int.from_bytes(digest[at : at + 4], "little") for at in range(0, 20, 4))
    return "-".join(["S-1-5-80", *map(str, words)])
