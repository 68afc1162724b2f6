"""`python -m tests.crash [KILLS] [--seed N] [--workers N]`: kill the real program, and count."""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.crash.lives import KEY_NAME, SECRET, Tenant, zone
from tests.peers.servers import bind


def crash(kills: int, seed: int, workers: int) -> list[Tenant]:
    """So many deaths, shared among the workers.  Raises `Wrong` for a promise that is broken."""
    zones = [zone(number) for number in range(workers)]
    with (
        tempfile.TemporaryDirectory(prefix="homeport-crash-") as name,
        bind(zones, KEY_NAME, SECRET) as server,
        ThreadPoolExecutor(workers) as threads,
    ):
        wrong = threading.Event()

        def work(number: int) -> Tenant:
            folder = Path(name) / str(number)
            folder.mkdir()
            try:
                tenant = Tenant(number, server, folder, seed)
                tenant.die(kills // workers + (number < kills % workers), wrong)
            except BaseException:
                wrong.set()
                raise
            return tenant

        return list(threads.map(work, range(workers)))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("kills", type=int, nargs="?", default=1000)
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--workers", type=int, default=2 * (os.cpu_count() or 1))
    asked = parser.parse_args()
    began = time.monotonic()
    tenants = crash(asked.kills, asked.seed, asked.workers)
    deaths = [death for tenant in tenants for death in tenant.deaths]
    updates = sum(tenant.updates.total() for tenant in tenants)
    twice = sum(count - 1 for tenant in tenants for count in tenant.updates.values())
    print(f"{len(deaths)} deaths in {time.monotonic() - began:.0f} s, seed {asked.seed}")
    for title, counts in (
        ("how far the agent had come", Counter(death.stage for death in deaths)),
        ("killed at", Counter(death.how for death in deaths)),
    ):
        print(f"{title}: " + ", ".join(f"{word} {count}" for word, count in counts.most_common()))
    print(f"addresses of the lines: {sum(t.moves for t in tenants)}; updates that BIND took: {updates}")
    print(f"addresses that BIND was told twice: {twice}; state files put aside: 0; updates lost: 0")


if __name__ == "__main__":
    main()
