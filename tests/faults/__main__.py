"""`python -m tests.faults SEED` tells the story of a seed; `--soak N` lives many and sums them up."""

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

FIXED = "0"  # of PYTHONHASHSEED: sets of names have an order, which must be the same every time


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("seed", type=int, nargs="?", help="the seed whose story is to be told")
    parser.add_argument(
        "--soak", type=int, metavar="N", help="live the seeds from --first on, on all cores"
    )
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--json", metavar="FIRST:LAST:STEP", help="live these seeds; an object a line")
    asked = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != FIXED:
        os.environ["PYTHONHASHSEED"] = FIXED
        os.execv(sys.executable, [sys.executable, "-m", "tests.faults", *sys.argv[1:]])
    if asked.json:
        return _worker(*map(int, asked.json.split(":")))
    if asked.soak:
        return _soak(asked.first, asked.soak)
    if asked.seed is None:
        parser.error("which seed?")
    return _one(asked.seed)


def _one(seed: int) -> int:
    from .life import tell

    story = tell(seed, aloud=print)
    print(
        f"\nseed {seed}: {story.days:.1f} days, {story.lives} processes, {story.rounds} rounds, "
        f"{story.requests} requests, {sum(story.struck.values())} faults, digest {story.digest}"
    )
    return 1 if story.broken else 0


def _worker(first: int, last: int, step: int) -> int:
    from .life import tell

    for seed in range(first, last, step):
        began = time.process_time()
        story = asdict(tell(seed))
        del story["lines"]
        print(json.dumps(story | {"seconds": time.process_time() - began}), flush=True)
    return 0


def stories(first: int, number: int) -> Iterator[dict[str, object]]:
    """What became of the seeds, as they are done, on all cores."""
    cores = max(
        1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    command = [sys.executable, "-m", "tests.faults", "--json"]
    environment = os.environ | {"PYTHONHASHSEED": FIXED}
    workers = [
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
            for worker in workers:
                assert worker.stdout is not None
                ready.register(worker.stdout, selectors.EVENT_READ)
            while ready.get_map():
                for key, _ in ready.select():
                    assert isinstance(key.fileobj, TextIOWrapper)
                    if line := key.fileobj.readline():
                        yield json.loads(line)
                    else:
                        ready.unregister(key.fileobj)
        for worker in workers:
            if worker.wait() != 0:
                raise RuntimeError(f"a worker ended with {worker.returncode}")
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


def _soak(first: int, number: int) -> int:
    began = time.perf_counter()
    sums: Counter[str] = Counter()
    struck: Counter[str] = Counter()
    days, failed = 0.0, []
    for done, story in enumerate(stories(first, number), 1):
        for name in ("steps", "requests", "checks", "rounds", "kills", "torn", "lives"):
            sums[name] += int(str(story[name]))
        struck.update(story["struck"])  # type: ignore[call-overload]
        days += float(str(story["days"]))
        if story["broken"]:
            failed.append(story["seed"])
            law, what = story["broken"][0]  # type: ignore[index]
            print(f"\nseed {story['seed']}: [{law}] {what}\n    python -m tests.faults {story['seed']}")
        spent = time.perf_counter() - began
        if sys.stderr.isatty() or done % 100 == 0 or done == number:
            end = "\r" if sys.stderr.isatty() else "\n"
            left = spent / done * (number - done)
            told = f"{done}/{number} seeds, {days / 365:.1f} years, {len(failed)} failed"
            print(f"{told}, {left / 60:.0f} min left   ", end=end, file=sys.stderr, flush=True)
    print(f"\n{number} seeds in {time.perf_counter() - began:.0f} s: {days / 365:.1f} simulated years")
    print(", ".join(f"{sums[name]:,} {name}" for name in sums))
    print("faults struck: " + ", ".join(f"{name} {times:,}" for name, times in struck.most_common()))
    print(f"{len(failed)} seeds failed" + (f": {failed[:20]}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
