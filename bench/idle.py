"""The agent left alone.  Linux only: it reads /proc."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from .lab import ZONE, Lab
from .measure import ENVIRONMENT, HOMEPORT, PYTHON, table

SETTLE = 10.0  # seconds
ROUNDS = 5  # that are asked for with SIGHUP
ROUND = 1.0  # seconds that one may take


def idle(lab: Lab, seconds: float) -> None:
    """`homeport run` with its usual interval, between two rounds.  Aims: 28 MiB, 5 ms CPU a minute."""
    path = lab.configuration("idle", [f"idle.{ZONE}"])
    lab.move()
    commands = {
        "python3 -c 'sleep for ever'": [PYTHON, "-c", "import time; time.sleep(1e6)"],
        "homeport run": [HOMEPORT, "-c", path, "run"],
    }
    running = {
        name: subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.DEVNULL)
        for name, command in commands.items()
    }
    try:
        time.sleep(SETTLE)
        before = {name: _cpu(one.pid) for name, one in running.items()}
        time.sleep(seconds)
        after = {name: _cpu(one.pid) for name, one in running.items()}
        memory = {name: _memory(one.pid) for name, one in running.items()}
        agent = running["homeport run"].pid
        for _ in range(ROUNDS):
            os.kill(agent, signal.SIGHUP)
            time.sleep(ROUND)
        round_ms = (_cpu(agent) - after["homeport run"]) / ROUNDS
        again = _memory(agent)
    finally:
        for one in running.values():
            one.terminate()
            one.wait()
    per_minute = {name: (after[name] - before[name]) * 60 / seconds for name in running}
    table(
        ("process", "RSS MiB", "PSS MiB", "CPU ms/min"),
        [(name, *memory[name], f"{per_minute[name]:.2f}") for name in running],
    )
    whole = per_minute["homeport run"] + round_ms / 5
    print(
        f"A round with nothing to send: {round_ms:.1f} ms CPU (mean of {ROUNDS}), so {whole:.1f} ms/min at "
        f"one in 5 min; RSS after them: {again[0]} MiB."
    )


def _cpu(pid: int) -> float:
    """Milliseconds on a CPU, of all threads that still run."""
    files = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(file.read_text().split()[0]) for file in files) / 1e6


def _memory(pid: int) -> tuple[str, str]:
    """RSS and PSS in MiB."""
    rows = dict(line.split()[:2] for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    rss, pss = (int(rows[name]) / 1024 for name in ("Rss:", "Pss:"))
    return f"{rss:.1f}", f"{pss:.1f}"
