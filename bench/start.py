"""From process start to exit: `homeport run --once`, and what its imports cost."""

from __future__ import annotations

import subprocess

from .lab import ZONE, Lab
from .measure import ENVIRONMENT, HOMEPORT, PYTHON, costs, processes, spread, table

PARTS = ("dataclasses", "asyncio", "sqlite3", "argparse, logging, json, tomllib", "h11", "homeport.cli.run")
SHOWN = 24  # rows of the list of modules


def once(lab: Lab, runs: int) -> None:
    """One HTTP source, one record by RFC 2136, verification included.  Aims: 0.20 s, 32 MiB."""
    path = lab.configuration("once", [f"home.{ZONE}"])
    still = "homeport run --once, nothing to send"
    moved = "homeport run --once, an update to send"
    run = [HOMEPORT, "-c", path, "run", "--once"]

    def before(name: str) -> None:
        if name == moved:
            lab.move()

    lab.move()
    commands = {"python3 -c pass": [PYTHON, "-c", "pass"], moved: run, still: run}
    processes(costs(commands, runs, before))


def imports(lab: Lab, runs: int) -> None:
    """What each part adds to those above it, and the modules that take longest by themselves."""
    commands, names = {"python3 -c pass": [PYTHON, "-c", "pass"]}, list[str]()
    for part in PARTS:
        names.append(part)
        commands[f"+ {part}"] = [PYTHON, "-c", f"import {', '.join(names)}"]
    processes(costs(commands, runs))
    print()
    command = [HOMEPORT, "-c", lab.configuration("imports", [f"imports.{ZONE}"]), "run", "--once"]
    found: dict[str, list[float]] = {}
    for _ in range(runs):
        run = subprocess.run(
            [PYTHON, "-X", "importtime", *command],
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=True,
        )
        for line in run.stderr.splitlines():
            own, _, module = line.removeprefix("import time:").split("|")
            if own.strip().isdecimal():
                found.setdefault(module.strip(), []).append(int(own) / 1000)
    packages: dict[str, float] = {}
    for module, times in found.items():
        package = ".".join(module.split(".")[: 2 if module.startswith("homeport.") else 1])
        packages[package] = packages.get(package, 0.0) + min(times)
    heaviest = sorted(packages.items(), key=lambda one: one[1], reverse=True)[:SHOWN]
    table(("package", "ms by itself"), [(name, f"{ms:.1f}") for name, ms in heaviest])
    print()
    slowest = sorted(found.items(), key=lambda one: min(one[1]), reverse=True)[:SHOWN]
    table(("module", "ms by itself"), [(module, spread(times, 1)) for module, times in slowest])
