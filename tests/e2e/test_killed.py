"""Ended at any moment, as the power does and TerminateProcess: the next life knows all that was said.

`tests/crash` does it a thousand times on Linux, at system calls too; this runs everywhere.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

from .home import Home, page, record, uplink

KILLS = 6


def test_what_was_acknowledged_is_known_to_the_next_life_whenever_the_last_one_ended(
    tmp_path: Path,
) -> None:
    chance, address = random.Random(20261122), tmp_path / "address"
    with page("good") as service:
        home = Home(tmp_path)
        home.write(
            uplink(ipv4=[f"file:{address.as_posix()}"])
            + f'[account.dyn]\nprovider = "dyndns2"\nendpoint = "{service.url}/nic/update"\n'
            'username = "me"\npassword = "env:DYN"\n' + record(account="dyn", type="A")
        )
        home.environ["DYN"] = "a password"
        address.write_text("45.0.0.1")
        began = time.monotonic()
        assert home.once().line["outcome"] == "updated"
        life = time.monotonic() - began

        for number in range(2, 2 + KILLS):
            moved = f"45.0.0.{number}"
            address.write_text(moved)
            service.says(f"good {moved}")
            agent = home.start("run")
            time.sleep(chance.random() * 1.5 * life)  # any moment is as good as another
            agent.kill()
            agent.communicate()
            sent = told(service.asked, moved)

            done = home.once()
            assert done.line["outcome"] in ("updated", "unchanged"), done
            assert "put aside" not in done.err
            assert told(service.asked, moved) in (1, 1 + sent), (
                "once more at the most, if no answer was kept"
            )
            assert home.once().line["outcome"] == "unchanged"
            assert told(service.asked, moved) in (1, 1 + sent), "what was acknowledged is not sent again"
            changes = [line for line in home.run("history", "--json").lines if line["after"] == [moved]]
            assert len(changes) == 1, changes


def told(asked: list[dict[str, str]], address: str) -> int:
    """How often the service was told of that address."""
    return sum(query.get("myip") == address for query in asked)
