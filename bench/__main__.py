"""All tables, one after the other."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import subprocess
from collections.abc import Callable
from pathlib import Path

from .change import change
from .idle import idle
from .lab import Lab, lab
from .measure import ENVIRONMENT, PYTHON
from .start import imports, once
from .thousand import thousand

TABLES: dict[str, tuple[str, Callable[[Lab, bool], None]]] = {
    "once": (
        "`homeport run --once`: one HTTP source, one record at BIND, verified (aims: 0.20 s, 32 MiB)",
        lambda lab, quick: once(lab, 5 if quick else 20),
    ),
    "idle": (
        "The agent left alone, a round every 5 min (aims: 28 MiB, 5 ms CPU a minute)",
        lambda lab, quick: idle(lab, 10 if quick else 120),
    ),
    "thousand": (
        "1,000 names of one zone (aims: 0.5 s to BIND, 2 s over an API with 50 ms latency)",
        lambda lab, quick: thousand(lab, 1 if quick else 5),
    ),
    "change": (
        "From a changed WAN address to the answer of BIND (aims: 60 ms, 99 % 300 ms; by STUN alone 6 s)",
        lambda _, quick: change(5 if quick else 100, 20 if quick else 300),
    ),
    "imports": (
        "What `homeport run --once` imports",
        lambda lab, quick: imports(lab, 3 if quick else 10),
    ),
    "http": ("HTTP stacks", lambda _, __: _http_stacks()),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="What Homeport costs, measured.")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs, for development")
    parser.add_argument("table", nargs="*", help=f"only these: {', '.join(TABLES)}")
    args = parser.parse_args()
    if unknown := set(args.table) - TABLES.keys():
        parser.error(f"no such table: {', '.join(sorted(unknown))}")
    print(_machine())
    print("median (least-greatest)")
    if args.quick:
        print("QUICK: fewer and shorter runs than `make bench`")
    with lab() as everything:
        for name, (title, show) in TABLES.items():
            if name in args.table or not args.table:
                print(f"\n## {title}\n", flush=True)
                show(everything, args.quick)


def _http_stacks() -> None:
    """In a process of its own, which must be smaller than what it measures."""
    subprocess.run([PYTHON, str(Path(__file__).with_name("http_stacks.py"))], env=ENVIRONMENT, check=True)


def _machine() -> str:
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{os.cpu_count()} x {models[0] if models else platform.machine()}, "
        f"Python {platform.python_version()}, {platform.system()} {platform.release()}, "
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC, load average {load}"
    )


if __name__ == "__main__":
    main()
