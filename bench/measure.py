"""Whole processes measured by the kernel, and tables of medians."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

PYTHON = sys.executable
HOMEPORT = str(Path(PYTHON).with_name("homeport"))
# What the person's shell says about Python must not change the figures: without byte code in the
# cache, every start would compile all of it.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
_SPAWN = str(Path(__file__).with_name("spawn.py"))


@dataclass(frozen=True)
class Cost:
    """Of one process, from its start to its end."""

    seconds: float
    cpu: float  # seconds, of user and system together
    peak: float  # MiB


def cost(*command: str, right: Sequence[int] = (0,)) -> Cost:
    """Run it; `SystemExit` with its words if its exit status is not right."""
    run = subprocess.run(
        [PYTHON, "-I", "-S", _SPAWN, *command], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    seconds, cpu, peak, status = run.stdout.split()
    if int(status) not in right:
        raise SystemExit(f"{' '.join(command)}: exit status {status}\n{run.stderr}")
    return Cost(float(seconds), float(cpu), int(peak) / 1024)


def costs(
    commands: Mapping[str, Sequence[str]], runs: int, before: Callable[[str], None] = lambda _: None
) -> dict[str, list[Cost]]:
    """Each command in turn, so that what else runs here is spread evenly; the first turn warms up.

    `before` is told the name of each command before it is run.
    """
    found: dict[str, list[Cost]] = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, command in commands.items():
            before(name)
            one = cost(*command)
            if turn:
                found[name].append(one)
    return found


def spread(values: Iterable[float], digits: int = 3) -> str:
    """`median (least-greatest)`."""
    some = list(values)
    middle, least, most = (f"{value:.{digits}f}" for value in (median(some), min(some), max(some)))
    return middle if least == most else f"{middle} ({least}-{most})"


def processes(found: Mapping[str, Sequence[Cost]]) -> None:
    """A table of whole processes."""
    table(
        ("process", "wall s", "CPU s", "peak RSS MiB"),
        [
            (
                name,
                spread(one.seconds for one in some),
                spread(one.cpu for one in some),
                spread((one.peak for one in some), 1),
            )
            for name, some in found.items()
        ],
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print it, the columns in line."""
    lines = [head, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
