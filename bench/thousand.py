"""1,000 names of one zone: over RFC 2136 to BIND, beside `nsupdate`, and over an API with latency."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from homeport.agent.loop import Agent
from homeport.cli.setup import configure, setup, world
from homeport.core.report import Outcome
from homeport.net import world as net
from homeport.net.dns import TcpDns
from homeport.state.store import Store

from .lab import KEY, KEY_NAME, LATENCY, ZONE, Lab
from .measure import ENVIRONMENT, PYTHON, spread, table

NAMES = 1000
ROUNDS = ("all new", "all changed", "nothing to send")


def thousand(lab: Lab, runs: int) -> None:
    """From the first look to the last acknowledgement.  Aims: 0.5 s to BIND, 2 s over the API."""
    seconds: dict[tuple[str, str], list[float]] = {}
    sent: dict[tuple[str, str], set[int]] = {}
    for run in range(runs):
        for way in ("BIND", "API"):
            path = lab.configuration(
                f"{way}-{run}", [f"n{i}.{way}-{run}.{ZONE}".lower() for i in range(NAMES)], api=way == "API"
            )
            for round_, (took, messages) in zip(ROUNDS, _rounds(lab, path, api=way == "API"), strict=True):
                seconds.setdefault((way, round_), []).append(took)
                sent.setdefault((way, round_), set()).add(messages)
        for round_, took in zip(ROUNDS, _nsupdate(lab, run), strict=False):
            seconds.setdefault(("nsupdate", round_), []).append(took)
    rows = [
        (
            {"API": f"homeport, API with {LATENCY} ms", "BIND": "homeport, BIND"}.get(
                way, "nsupdate, BIND"
            ),
            round_,
            spread(times),
            ", ".join(map(str, sorted(sent.get((way, round_), {1})))),
        )
        for (way, round_), times in sorted(seconds.items())
    ]
    table(("way", f"{NAMES} names", "seconds", "messages"), rows)
    print(
        "homeport, BIND: one round of the agent, from reading the page to keeping the state; messages\n"
        "are questions and updates.  homeport, API: from the first request to the last answer, at the\n"
        "server.  nsupdate: the whole process, one message, without asking what is there."
    )


def _rounds(lab: Lab, path: str, *, api: bool) -> list[tuple[float, int]]:
    """Seconds and messages of each round, by an agent in a process of its own."""
    with subprocess.Popen(
        [PYTHON, "-m", "bench.thousand", path],
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as agent:
        assert agent.stdin
        assert agent.stdout
        found = []
        lab.empty()
        lab.counted()
        for round_ in ROUNDS:
            if round_ != "nothing to send":
                lab.move()
            agent.stdin.write("go\n")
            agent.stdin.flush()
            took, messages, *outcomes = agent.stdout.readline().split()
            expected = Outcome.UNCHANGED if round_ == "nothing to send" else Outcome.UPDATED
            if outcomes != [expected.value]:
                raise SystemExit(f"{path}: {round_}: {outcomes} instead of {expected.value}")
            requests, span = lab.counted()
            found.append((span, requests) if api else (float(took), int(messages)))
        agent.stdin.close()
    return found


def _nsupdate(lab: Lab, run: int) -> list[float]:
    """Seconds of two processes: all new, all changed."""
    program = shutil.which("nsupdate")
    if program is None:
        raise SystemExit("nsupdate is missing: `make peers` installs it")
    found = []
    for _ in range(2):
        address = lab.move()
        lines = [f"server 127.0.0.1 {lab.dns_port}", f"zone {ZONE}"]
        for i in range(NAMES):
            owner = f"n{i}.ns-{run}.{ZONE}"
            lines += [f"update delete {owner} A", f"update add {owner} 60 A {address}"]
        began = time.perf_counter()
        subprocess.run(
            [program, "-v", "-y", f"hmac-sha256:{KEY_NAME}:{KEY}"],
            input="\n".join([*lines, "send", ""]).encode(),
            check=True,
        )
        found.append(time.perf_counter() - began)
    return found


class _Counted(TcpDns):
    messages = 0

    async def exchange(self, host: str, port: int, messages: Sequence[bytes]) -> list[bytes]:
        type(self).messages += len(messages)
        return await super().exchange(host, port, messages)


async def _agent(path: str) -> None:
    """A round for every line on standard input: seconds, messages and outcomes on standard output."""
    config = configure(Path(path))
    setattr(net, "TcpDns", _Counted)  # noqa: B010 - to count, nothing else
    real = world(config)
    with Store.open(config.agent.state_dir, print) as store:
        asked = setup(config, store.salt())._replace(verify=False)
        agent = Agent(asked, real, store, lambda _: None, lambda _: None)
        while await asyncio.to_thread(sys.stdin.readline):
            before, began = _Counted.messages, time.perf_counter()
            report = await agent.once()
            took = time.perf_counter() - began
            outcomes = {one.outcome.value for one in report.targets}
            print(took, _Counted.messages - before, *outcomes, flush=True)
            for one in report.targets[:1]:
                if one.error:
                    print(one.error, file=sys.stderr)
        await real.rest()


if __name__ == "__main__":
    asyncio.run(_agent(sys.argv[1]))
