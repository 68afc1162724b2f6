"""Does the lab find bugs?  Each of these is put into the agent, alone, and the lab must break.

python -m tests.faults.mutants [NAME ...]
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.faults.__main__ import FIXED

SRC = Path(__file__).parents[2] / "src"
SEEDS = 96
STRIDE = 7  # of the awaits of short lives, which are lived first


class Mutant(NamedTuple):
    """A bug: in that file, this instead of that."""

    name: str
    file: str
    old: str
    new: str


MUTANTS = (
    Mutant(
        "an acknowledgement is not written down",
        "agent/work.py",
        "            work.save(memories, changes)\n\n    # Whatever",
        "            work.memories.update(memories)\n\n    # Whatever",
    ),
    Mutant(
        "a stop of the account is ignored",
        "agent/guard.py",
        "        return found and (circuit.says(*found, now), circuit.left(found[1], now))",
        "        return None",
    ),
    Mutant(
        "a stop is not written down",
        "agent/guard.py",
        "            self._store.trip(news)\n",
        "            pass\n",
    ),
    Mutant(
        "one source is believed",
        "agent/observe.py",
        "need = max(1, min(uplink.agree or USUAL, operators))",
        "need = 1",
    ),
    Mutant(
        "after a change without an answer the old is believed",
        "core/schedule.py",
        "if wrote and isinstance(error, NoAnswer | Unintelligible):",
        "if False:",
    ),
    Mutant(
        "an unknown address is taken for none",
        "agent/decide.py",
        "    if isinstance(wish, Unseen):\n        return Settled(",
        "    if isinstance(wish, Unseen) and provider.readable:\n"
        "        wish = RRset(target.owner, target.rrtype, frozenset())\n"
        "    if isinstance(wish, Unseen):\n        return Settled(",
    ),
    Mutant(
        "a round waits for the slowest account",
        "agent/loop.py",
        "anew=anew, patience=PATIENCE)",
        "anew=anew, patience=None)",
    ),
    Mutant(
        "name servers are believed before they had their time",
        "core/schedule.py",
        "    return since >= (DRIFT_EVERY if memory.sent_at is not None else DRIFT_AFTER)",
        "    return True",
    ),
    Mutant(
        "drift is never mended",
        "core/schedule.py",
        "    if live is None or live == wanted.addresses or memory.acknowledged_at is None:",
        "    if True or live is None or memory.acknowledged_at is None:",
    ),
    Mutant(
        "the budget is not kept",
        "agent/guard.py",
        "        return max(budget.wait(meter.spent, limit, now) for meter in meters.values())",
        "        return 0.0",
    ),
    Mutant(
        "Retry-After is ignored",
        "core/circuit.py",
        "        asked = waits[min(strikes, len(waits)) - 1] if error.retry_after is None "
        "else error.retry_after",
        "        asked = 60.0",
    ),
    Mutant(
        "'abuse' holds for an hour",
        "core/circuit.py",
        "        span = min(DAY * 2.0 ** min(strikes - 1, 30), LONGEST_BLOCK)",
        "        span = HOUR",
    ),
    Mutant(
        "a provider's words go into messages as they are",
        "wire/auth.py",
        '    return forms - {""}',
        "    return set()",
    ),
    Mutant(
        "trouble with the disk ends the agent",
        "state/store.py",
        "        except TROUBLE as error:\n            self._recover(error)\n            with self._db:",
        "        except UnicodeDecodeError as error:\n            self._recover(error)\n"
        "            with self._db:",
    ),
    Mutant(
        "what is in memory only stays there",
        "agent/loop.py",
        "        self._store.go_home()\n",
        "",
    ),
    Mutant(
        "SQLite is not told to write in transactions",
        "state/store.py",
        "            with self._db:\n                work(self._db)\n        except (sqlite3",
        "            work(self._db)\n        except (sqlite3",
    ),
    Mutant(
        "tasks are left behind when a look is cancelled",
        "agent/work.py",
        "    finally:\n        for task in work:\n            task.cancel()\n"
        "        await asyncio.gather(*work, return_exceptions=True)\n    for task in work:",
        "    finally:\n        pass\n    for task in work:\n        if not task.done():\n"
        "            continue\n    for task in work:\n        if not task.done():\n            continue",
    ),
    Mutant(
        "a family that is told beside the other does not count as told",
        "agent/work.py",
        "    if told is None:\n        return None",
        "    if True:\n        return None",
    ),
    Mutant(
        "the other family is not told beside",
        "agent/work.py",
        "            decision = with_sibling(decision, wish_of_it, told, work.account.fingerprint)",
        "            pass",
    ),
    Mutant(
        "a line that is down is published",
        "core/wish.py",
        "    return [uplink for uplink in rule.uplinks if not health.get(uplink, True)]",
        "    return []",
    ),
    Mutant(
        "of several lines the last is taken",
        "core/wish.py",
        'used = known if rule.policy == "all" else known[:1]',
        'used = known if rule.policy == "all" else known[-1:]',
    ),
    Mutant(
        "the budget of a source is not kept",
        "agent/guard.py",
        "        if source.limit is None:",
        "        if True:",
    ),
    Mutant(
        "the budget of a source is forgotten at the end",
        "agent/guard.py",
        "        if news:\n            self._store.spend(news)\n\n    def not_asked",
        "\n    def not_asked",
    ),
    Mutant(
        "the addresses of others are taken for ours",
        "agent/decide.py",
        "    old = ours - wanted.addresses\n",
        "    old = live - wanted.addresses\n",
    ),
    Mutant(
        "a service that says good and does nothing is believed about what is ours",
        "agent/work.py",
        "            work.save(memories, changes)\n\n    # Whatever",
        "            work.save(memories, changes)\n            work.own("
        "{t.target: t.task.wanted.addresses for t in todos if t.target in memories})\n\n    # Whatever",
    ),
    Mutant(
        "what is put beside others is written down after it is there",
        "agent/work.py",
        "    work.own({t.target: work.shared.get(t.target, NONE)",
        "    dict({t.target: work.shared.get(t.target, NONE)",
    ),
    Mutant(
        "work that hangs is never given up",
        "agent/loop.py",
        "            if now - world.at > HUNG and name not in self._given_up",
        "            if False",
    ),
)


def run(mutant: Mutant) -> str:
    """What the lab says of it."""
    with tempfile.TemporaryDirectory() as folder:
        src = Path(folder) / "src"
        shutil.copytree(SRC, src, ignore=shutil.ignore_patterns("__pycache__"))
        path = src / "homeport" / mutant.file
        text = path.read_text()
        if text.count(mutant.old) != 1:
            return f"cannot be put in: {mutant.old!r} is there {text.count(mutant.old)} times"
        path.write_text(text.replace(mutant.old, mutant.new))
        environment = os.environ | {
            "PYTHONHASHSEED": FIXED,
            "PYTHONPATH": f"{src}:{os.environ.get('PYTHONPATH', '')}",
        }
        for asked in (["--gates", str(STRIDE)], ["--json", f"1:{SEEDS + 1}:1"]):
            if found := _found([sys.executable, "-m", "tests.faults", *asked], environment):
                return f"found by {found}"
    return "NOT FOUND"


def _found(command: list[str], environment: dict[str, str]) -> str | None:
    """The first law that breaks, or how the lab itself ends; None: all is well."""
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as worker:
        assert worker.stdout is not None
        last = ""
        for line in worker.stdout:
            last = line.strip() or last
            broken = json.loads(line)["broken"] if line.startswith("{") else None
            law, what = broken[0] if broken else (line[1:].partition("]")[0], line.partition("] ")[2])
            if broken or line.startswith("["):
                worker.kill()
                where = f"seed {json.loads(line)['seed']}" if broken else "a short life"
                return f"{where}: [{law}] {what.strip()[:90]}"
    return None if worker.returncode == 0 else f"the lab itself, which ends: {last}"


def main() -> int:
    lived = 0
    for mutant in MUTANTS:
        if sys.argv[1:] and not any(word in mutant.name for word in sys.argv[1:]):
            continue
        said = run(mutant)
        lived += not said.startswith("found")
        print(f"{mutant.name}: {said}", flush=True)
    print(f"{lived} not found")
    return 1 if lived else 0


if __name__ == "__main__":
    sys.exit(main())
