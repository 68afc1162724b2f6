"""`homeport doctor`: what may be wrong with this machine, and what to do about it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from .. import USER_AGENT
from ..config.find import NothingFound
from ..config.model import Config
from ..core.dns import RRType
from ..core.errors import ConfigError, SourceError
from ..doctor import machine
from ..doctor.finding import Finding
from ..driver import HttpProvider
from ..net.uplink import UplinkNet
from ..service.manager import Standing, Trouble
from ..state.lock import held
from ..wire import sntp
from .exits import NOT_RIGHT, RIGHT
from .setup import configure
from .term import paint, progress

TIME_SERVERS = (("pool.ntp.org", sntp.PORT), ("time.cloudflare.com", sntp.PORT))
PATIENCE = 4.0  # seconds for a time server
_COLOURS = {"right": "green", "warning": "yellow", "wrong": "red", "unknown": "dim"}


def doctor(path: Path | None, *, as_json: bool) -> int:
    """Exit status 1 if something is wrong; a warning is none."""
    config = None
    try:
        config = configure(path)
    except NothingFound:
        where = "`homeport check` says where it is looked for, and shows a small one"
        first = Finding("configuration", "wrong", "there is none yet", where)
    except ConfigError as error:
        first = Finding("configuration", "wrong", str(error), "homeport check")
    else:
        read = ", ".join(map(str, config.files)) or "the environment"
        first = Finding("configuration", "right", f"{read}: {len(config.records)} [[record]]")
    with progress("asking a time server"):
        found = [first, *_checks(config)]
    for one in found:
        print(json.dumps(one.as_json(), ensure_ascii=False) if as_json else _text(one))
    return NOT_RIGHT if any(one.state == "wrong" for one in found) else RIGHT


def _text(one: Finding) -> str:
    line = f"{paint(one.state, _COLOURS[one.state])} {one.subject}: {one.says}"
    return f"{line}\n  {one.remedy}" if one.remedy else line


def _checks(config: Config | None) -> list[Finding]:
    found: list[Finding] = []
    services, unknown = _services()
    if config is not None:
        folder = config.agent.state_dir
        found.append(_state(folder))
        found.append(machine.agent(running=held(folder), start=_start(installed=bool(services))))
    found.append(machine.program(_missing()))
    found.append(asyncio.run(_clock(TIME_SERVERS)))
    if sys.platform == "win32":
        from ..doctor import windows  # noqa: PLC0415 - this system only
        from ..doctor.windows_facts import read  # noqa: PLC0415

        found.append(windows.service(services, unknown))
        found += windows.findings(
            read(), hears=_hears(config), proxied=_proxied(config), folder=str(Path(sys.executable).parent)
        )
    return found


def _start(*, installed: bool) -> str:
    if sys.platform != "win32":
        return "homeport run; for good, the unit of systemd that lies in contrib of the source"
    return "homeport service start" if installed else "homeport service install"


def _services() -> tuple[list[tuple[Standing, str]], str]:
    """What starts the agent by itself, known of Windows only; and why Windows does not say."""
    if sys.platform != "win32":
        return [], ""
    from .service import found  # noqa: PLC0415 - this system only

    try:
        return found(), ""
    except Trouble as error:
        return [], str(error)


def _state(folder: Path) -> Finding:
    """The nearest folder that exists says whether it could be made and written."""
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    right = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    why_not = None if right else "no right to write" if there.is_dir() else f"{there} is no folder"
    return machine.state_folder(str(folder), why_not, shutil.disk_usage(there).free if right else None)


def _missing() -> list[str]:
    """Files that were installed and are gone; none where nobody knows what was installed."""
    try:
        files = metadata.files("homeport") or []
    except metadata.PackageNotFoundError:
        return []
    sources = [file for file in files if file.suffix == ".py"]
    return [str(file) for file in sources if not Path(file.locate()).exists()]


def _hears(config: Config | None) -> bool:
    wanted = {"gateway", "upnp"}
    return config is not None and any(wanted & set(uplink.listen) for uplink in config.uplinks.values())


def _proxied(config: Config | None) -> bool:
    accounts = config.accounts.values() if config is not None else ()
    providers = [account.provider for account in accounts]
    return any(isinstance(one, HttpProvider) and one.proxy for one in providers)


async def _clock(servers: Sequence[tuple[str, int]]) -> Finding:
    net = UplinkNet(user_agent=USER_AGENT)
    why_not = ""
    for host, port in servers:
        try:
            async with asyncio.timeout(PATIENCE):
                ahead = await _ahead(net, host, port)
        except TimeoutError:
            why_not = f"{host} gave no answer"
        except SourceError as error:
            why_not = f"{host}: {error}"
        else:
            return machine.clock(machine.Clock(host, ahead), "")
    return machine.clock(None, why_not)


async def _ahead(net: UplinkNet, host: str, port: int) -> float:
    nonce, sent = os.urandom(8), time.time()
    reply = await net.datagram(host, port, sntp.request(nonce), RRType.A)
    return sntp.ahead(reply, nonce, sent, time.time())
