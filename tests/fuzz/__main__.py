"""`python -m tests.fuzz [MINUTES] [LAW ...]`: as many octets as there is time for.

What is found is made small, and kept in `found/`.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random, SystemRandom

from .every import LAWS
from .laws import Law
from .mutate import mutated

FOUND = Path(__file__).parent / "found"
SLOW = 2.0  # seconds for one of at most 70,000 octets; all are far below


def trouble(check: Callable[[bytes], None], octets: bytes) -> str | None:
    """Where and how it fails; None if it holds."""
    began = time.process_time()
    try:
        check(octets)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"
    return "takes too long" if time.process_time() - began > SLOW else None


def smaller(check: Callable[[bytes], None], octets: bytes, what: str) -> bytes:
    """Without the parts that it also fails without."""
    size = len(octets) // 2
    tries = 0
    while size and tries < 500:
        at = 0
        while at < len(octets) and tries < 500:
            tries += 1
            shorter = octets[:at] + octets[at + size :]
            if trouble(check, shorter) == what:
                octets = shorter
            else:
                at += size
        size //= 2
    return octets


def run(name: str, law: Law, seconds: float, seed: int) -> tuple[int, float, dict[str, bytes]]:
    """How many, in how long, and what was found by its description."""
    random, found, count = Random(f"{seed} {name}"), dict[str, bytes](), 0
    began = time.monotonic()
    while time.monotonic() - began < seconds and len(found) < 5:
        count += 1
        octets = mutated(random, law.samples, law.words)
        what = trouble(law.check, octets)
        if what is not None and what not in found:
            found[what] = smaller(law.check, octets, what)
    return count, time.monotonic() - began, found


def main(words: list[str]) -> int:
    minutes = float(words.pop(0)) if words and words[0].replace(".", "").isdigit() else 1.0
    seed = SystemRandom().randrange(1 << 32)
    print(f"seed {seed}, {minutes:g} minutes for each")
    total, bad = 0, 0
    for name in words or LAWS:
        count, took, found = run(name, LAWS[name], minutes * 60, seed)
        total, bad = total + count, bad + len(found)
        print(
            f"{name:16} {count:10,} examples {count / took:10,.0f} a second {len(found):3} found",
            flush=True,
        )
        for what, octets in found.items():
            file = FOUND / name / sha256(octets).hexdigest()[:12]
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(octets)
            print(f"  {what}: {file}")
    print(f"{total:,} examples, {bad} found")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
