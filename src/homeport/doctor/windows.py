"""The checks of Windows: what was read there comes in, what to think of it comes out.

Where things lie (Microsoft Learn, read 2026-11-21): "Windows Firewall registry", "Power setting GUIDs",
"Windows Time service tools and settings", "WinHTTP proxy settings".  `windows_facts` reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..service.manager import Standing, State
from .finding import Finding

_DISABLED = 4  # the start type of a service that nothing may start
_OPEN = 'dir=in action=allow profile=private remoteip=localsubnet program="{program}"'


class Facts(NamedTuple):
    """What Windows says of itself; None, or nothing, where it does not say."""

    firewall: Mapping[str, bool] = {}  # by profile: is it on?
    rules: Sequence[str] = ()  # of the firewall, as the registry has them
    program: str = ""  # whose network access is meant
    sleep_on_mains: int | None = None  # seconds without a user until the machine sleeps; 0: never
    sleep_on_battery: int | None = None
    has_battery: bool | None = None
    restart: Sequence[str] = ()  # who waits for a restart
    time_start: int | None = None  # the start type of the time service
    time_kind: str | None = None  # NTP, NT5DS (a domain), AllSync or NoSync
    proxy: str = ""  # of the user that asks
    proxy_script: str = ""
    scanner_on: bool | None = None  # does Microsoft Defender look at each file?
    excluded: Sequence[str] = ()  # folders that it leaves alone


def findings(facts: Facts, *, hears: bool, proxied: bool, folder: str) -> list[Finding]:
    """`hears`: does the configuration listen to the gateway?  `proxied`: does it name a proxy itself?

    `folder` is where the program lies.
    """
    return [
        firewall(facts, hears=hears),
        sleep(facts),
        restart(facts),
        clock_service(facts),
        proxy(facts, proxied=proxied),
        scanner(facts, folder),
    ]


def service(found: Sequence[tuple[Standing, str]], unknown: str = "") -> Finding:
    """What starts the agent by itself, each with why it does not run ("" if it does).

    `unknown` is why Windows does not say.
    """
    if unknown:
        return Finding("service", "unknown", unknown)
    if not found:
        return Finding(
            "service",
            "warning",
            "nothing starts the agent by itself: it runs as long as somebody runs it",
            "homeport service install",
        )
    one, why = min(found, key=lambda each: each[0].state is not State.RUNNING)
    who = f" as {one.account}" if one.account else ""
    says = f"{one.how}: {one.state}{who}, starts {one.starts}"
    if one.state is not State.RUNNING:
        return Finding("service", "wrong", f"{says}{': ' if why else ''}{why}", "homeport service start")
    if one.account.lower() == "localsystem":
        remedy = "homeport service install sets an account with few rights"
        return Finding("service", "warning", f"{says}: it has every right on this machine", remedy)
    return Finding("service", "right", says)


def firewall(facts: Facts, *, hears: bool) -> Finding:
    """It lets out whatever asks; what the gateway says unasked must be let in."""
    on = sorted(name for name, state in facts.firewall.items() if state)
    if not facts.firewall:
        return Finding("firewall", "unknown", "Windows does not say whether its firewall is on")
    if not on:
        return Finding(
            "firewall", "right", "the firewall of Windows is off: it keeps nothing from the agent"
        )
    if not hears:
        return Finding("firewall", "right", "it is on, and this configuration needs nothing let in")
    if any(lets_in(rule, facts.program) for rule in facts.rules):
        return Finding("firewall", "right", "it is on, and lets the gateway's announcements in")
    return Finding(
        "firewall",
        "warning",
        f"it is on ({', '.join(on)}) and has no rule for this program: a gateway that announces a new "
        "address is not heard, and the change is noticed later",
        "as administrator: netsh advfirewall firewall add rule name=Homeport "
        + _OPEN.format(program=facts.program),
    )


def lets_in(rule: str, program: str) -> bool:
    """Does this rule, as `v2.30|Action=Allow|Active=TRUE|Dir=In|App=...|`, let others in to the program?"""
    said = dict(part.split("=", 1) for part in rule.split("|") if "=" in part)
    named = {key: said.get(key, "").lower() for key in ("Action", "Active", "Dir", "App")}
    right = (named["Action"], named["Active"], named["Dir"]) == ("allow", "true", "in")
    return right and bool(program) and named["App"] == program.lower()


def sleep(facts: Facts) -> Finding:
    """A machine that sleeps keeps no name."""
    known = [("on mains", facts.sleep_on_mains)]
    if facts.has_battery:
        known.append(("on battery", facts.sleep_on_battery))
    if all(seconds is None for _, seconds in known):
        return Finding("sleep", "unknown", "Windows does not say when this machine goes to sleep")
    soon = [f"{where} after {seconds // 60} min" for where, seconds in known if seconds]
    if not soon:
        return Finding("sleep", "right", "the machine does not go to sleep by itself")
    return Finding(
        "sleep",
        "warning",
        f"the machine goes to sleep {', '.join(soon)} without a user: nobody reaches it then, and a new "
        "address is published when it wakes",
        "if it shall be reached at any time: powercfg /change standby-timeout-ac 0",
    )


def restart(facts: Facts) -> Finding:
    """Updates that wait for a restart get it at a time of their choice."""
    if not facts.restart:
        return Finding("restart", "right", "nothing waits for a restart")
    return Finding(
        "restart",
        "warning",
        f"a restart is pending ({', '.join(facts.restart)}): Windows may restart by itself",
        "restart when it suits you; then see with `homeport status` that the agent is back",
    )


def clock_service(facts: Facts) -> Finding:
    """Who sets the clock."""
    if facts.time_start is None and facts.time_kind is None:
        return Finding("time service", "unknown", "Windows does not say who sets its clock")
    off = facts.time_start == _DISABLED or (facts.time_kind or "").lower() == "nosync"
    if not off:
        return Finding(
            "time service", "right", f"Windows sets its clock ({facts.time_kind or 'by default'})"
        )
    return Finding(
        "time service",
        "warning",
        "Windows does not set its clock; if nothing else does, signatures will be refused one day",
        'Settings, Time and language: "Set time automatically"',
    )


def proxy(facts: Facts, *, proxied: bool) -> Finding:
    """The agent does not use the system's proxy: what a proxy sees of us is not our address."""
    if not facts.proxy and not facts.proxy_script:
        return Finding("proxy", "right", "this user has no proxy set")
    what = facts.proxy or f"the script {facts.proxy_script}"
    if proxied:
        return Finding("proxy", "right", f"the system has {what}; the configuration names its own")
    return Finding(
        "proxy",
        "warning",
        f"the system has a proxy ({what}), which the agent does not use by itself",
        'if nothing gets out without it, write proxy = "http://HOST:PORT" into each [account.NAME]',
    )


def scanner(facts: Facts, folder: str) -> Finding:
    """Scanners hold files for a moment; what they took away, `machine.program` shows."""
    if facts.scanner_on is None:
        return Finding("virus scanner", "unknown", "Windows does not say whether Microsoft Defender is on")
    if not facts.scanner_on:
        return Finding("virus scanner", "right", "Microsoft Defender does not look at files (others may)")
    spared = any(_within(folder, one) for one in facts.excluded)
    says = "leaves this program alone" if spared else "is on, and has taken no file of this program away"
    return Finding("virus scanner", "right", f"Microsoft Defender {says}")


def _within(folder: str, outer: str) -> bool:
    inner, outer = folder.lower().rstrip("\\") + "\\", outer.lower().rstrip("\\") + "\\"
    return inner.startswith(outer)
