"""`python -m tests.faults SEED` tells the story of a seed; `--soak N` lives many and sums them up.

A soak that is ended by Ctrl-C, or killed, goes on with the seed that it names last: `--from`.
"""

from __future__ import annotations

import argparse
import json
import os
import selectors
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from io import TextIOWrapper
from typing import Any

FIXED = "0"  # of PYTHONHASHSEED: sets of names have an order, which must be the same every time


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("seed", type=int, nargs="?", help="the seed whose story is to be told")
    parser.add_argument(
        "--soak", type=int, metavar="N", help="live so many seeds, those from --from on, on all cores"
    )
    parser.add_argument("--from", type=int, default=1, metavar="SEED", dest="first")
    parser.add_argument("--workers", type=int, metavar="N", help="processes instead of one for each core")
    parser.add_argument("--kill", type=int, metavar="GATE", help="of the short life SEED: killed there")
    parser.add_argument(
        "--cancel", type=int, metavar="GATE", help="of the short life SEED: asked to end there"
    )
    parser.add_argument(
        "--gates", type=int, metavar="STRIDE", help="strike short lives at every so-manieth gate"
    )
    parser.add_argument("--json", metavar="FIRST:LAST:STEP", help="live these seeds; an object a line")
    asked = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != FIXED:
        os.environ["PYTHONHASHSEED"] = FIXED
        os.execv(sys.executable, [sys.executable, "-m", "tests.faults", *sys.argv[1:]])
    if asked.json:
        return _worker(*map(int, asked.json.split(":")))
    if asked.soak:
        return _soak(asked.first, asked.soak, asked.workers)
    if asked.gates:
        return _gates(asked.gates)
    if asked.seed is None:
        parser.error("which seed?")
    return _one(asked.seed, asked.kill, asked.cancel)


def _one(seed: int, kill: int | None, cancel: int | None) -> int:
    from .gates import strike
    from .life import tell

    if kill is not None or cancel is not None:
        story = strike(seed, "cancel" if kill is None else "kill", kill or cancel or 0, aloud=print)
    else:
        story = tell(seed, aloud=print)
    print(
        f"\nseed {seed}: {story.days:.1f} days, {story.lives} processes, {story.rounds} rounds, "
        f"{story.requests} requests, {sum(story.struck.values())} faults, digest {story.digest}"
    )
    return 1 if story.broken else 0


def _gates(stride: int) -> int:
    """Strike every short life at every gate, or at every so-manieth; on one core."""
    from .gates import SCENES, WAYS, every

    lived = failed = 0
    for scene in range(SCENES):
        for way in WAYS:
            for gate, story in every(scene, way, stride=stride):
                lived += 1
                failed += bool(story.broken)
                for law, what in story.broken[:1]:
                    repeat = f"python -m tests.faults {scene} --{way} {gate}"
                    print(f"[{law}] {what}\n    {repeat}", flush=True)
            print(
                f"scene {scene}, {way}: {lived} lives so far, {failed} failed", file=sys.stderr, flush=True
            )
    print(f"{lived} short lives, each struck at another gate; {failed} finds")
    return 1 if failed else 0


def _worker(first: int, last: int, step: int) -> int:
    from .life import tell

    for seed in range(first, last, step):
        began = time.process_time()
        story = asdict(tell(seed))
        del story["lines"]
        print(json.dumps(story | {"seconds": time.process_time() - began}), flush=True)
    return 0


def stories(first: int, number: int, workers: int | None = None) -> Iterator[dict[str, object]]:
    """What became of the seeds, as they are done, on all cores."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    cores = max(1, workers or here)
    command = [sys.executable, "-m", "tests.faults", "--json"]
    environment = os.environ | {"PYTHONHASHSEED": FIXED}
    started = [
        subprocess.Popen(
            [*command, f"{first + n}:{first + number}:{cores}"],
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        for n in range(cores)
    ]
    try:
        with selectors.DefaultSelector() as ready:
            for worker in started:
                assert worker.stdout is not None
                ready.register(worker.stdout, selectors.EVENT_READ)
            while ready.get_map():
                for key, _ in ready.select():
                    assert isinstance(key.fileobj, TextIOWrapper)
                    if line := key.fileobj.readline():
                        yield json.loads(line)
                    else:
                        ready.unregister(key.fileobj)
        for worker in started:
            if worker.wait() != 0:
                raise RuntimeError(f"a worker ended with {worker.returncode}")
    finally:
        for worker in started:
            worker.kill()
            worker.communicate()


def _soak(first: int, number: int, workers: int | None) -> int:
    """Live them all; those that fail are told at once, and counted in the last line."""
    total = _Total(first, number)
    try:
        for story in stories(first, number, workers):
            total.add(story)
    except KeyboardInterrupt:
        print(f"\nended by hand; the rest: --from {total.reached} --soak {first + number - total.reached}")
    total.sum_up()
    return 1 if total.failed or total.done < number else 0


class _Total:
    """What became of many seeds."""

    def __init__(self, first: int, number: int) -> None:
        self.first, self.number = first, number
        self.began = self.told = time.perf_counter()
        self.sums: Counter[str] = Counter()
        self.struck: Counter[str] = Counter()
        self.days = self.seconds = 0.0
        self.lived: set[int] = set()
        self.failed: list[int] = []
        self.reached = first  # all seeds before it are done

    @property
    def done(self) -> int:
        return len(self.lived)

    def add(self, story: dict[str, Any]) -> None:
        for name in ("steps", "requests", "checks", "rounds", "kills", "torn", "lives"):
            self.sums[name] += story[name]
        self.struck.update(story["struck"])
        self.days += story["days"]
        self.seconds += story["seconds"]
        self.lived.add(seed := story["seed"])
        while self.reached in self.lived:
            self.reached += 1
        if story["broken"]:
            self.failed.append(seed)
            law, what = story["broken"][0]
            print(f"\nseed {seed}: [{law}] {what}\n    python -m tests.faults {seed}", flush=True)
        now = time.perf_counter()
        if now - self.told > (1 if sys.stderr.isatty() else 60) or self.done == self.number:
            self.told = now
            left = (now - self.began) / self.done * (self.number - self.done)
            said = (
                f"{self.done}/{self.number} seeds, all before {self.reached}; {self.days / 365:.1f} years"
            )
            end = "\r" if sys.stderr.isatty() else "\n"
            text = f"{said}, {len(self.failed)} failed, {left / 60:.0f} min left   "
            print(text, end=end, file=sys.stderr, flush=True)

    def sum_up(self) -> None:
        spent, each = time.perf_counter() - self.began, self.seconds / max(1, self.done)
        print(f"\n{self.done} seeds from {self.first} on in {spent:.0f} s, {each:.2f} s of CPU each")
        print(", ".join(f"{self.sums[name]:,} {name}" for name in self.sums))
        print("faults struck: " + ", ".join(f"{name} {n:,}" for name, n in self.struck.most_common()))
        found = f": {sorted(self.failed)}" if self.failed else ""
        years, asked = self.days / 365, self.sums["requests"]
        print(f"{self.done} seeds, {years:.1f} years, {asked:,} requests, {len(self.failed)} finds{found}")


if __name__ == "__main__":
    sys.exit(main())
