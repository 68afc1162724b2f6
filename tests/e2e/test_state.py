"""The state file of the real agent, while somebody else keeps it from being written."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from homeport.demo.nameserver import Nameserver

from .home import Home, heard, record, rfc2136, running, uplink

ONE, TWO, THREE = "45.0.0.10", "45.0.0.11", "45.0.0.12"


def test_what_was_kept_in_memory_is_in_the_file_after_the_next_round(
    server: Nameserver, tmp_path: Path
) -> None:
    home = Home(tmp_path)

    def say(address: str) -> None:
        home.write(
            uplink(ipv4=[f"static:{address}"]) + rfc2136(server) + record("kept.example.com", type=["A"])
        )

    def live() -> list[str]:
        return list(home.run("status", "--json", "kept.example.com").line["live"])

    say(ONE)
    with running(home) as agent:
        heard(agent, "updated")
        with closing(sqlite3.connect(home.state / "state.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            say(TWO)
            heard(agent, "going on in memory")
            heard(agent, "updated to", TWO)
            assert live() == [ONE], "as the file has it"
            other.execute("ROLLBACK")
        say(THREE)
        log = heard(agent, "updated to", THREE)
        assert log.count("state.db again") == 1
        assert live() == [THREE]
        shown = home.run("status").out
        assert "\nagent: " in shown and "has written nothing" not in shown
        with closing(sqlite3.connect(home.state / "state.db")) as other, other:
            other.execute("UPDATE meta SET value = json_set(value, '$.at', 1e9) WHERE key = 'self'")
        assert "it has written nothing here since 2001-09-09" in home.run("status").out

    assert server.addresses("kept.example.com", "A") == [THREE]
