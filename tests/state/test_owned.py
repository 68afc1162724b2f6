"""Which addresses of shared names are ours: as lasting as everything else in the state file."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

from homeport.core.dns import Name, RRType
from homeport.core.schedule import Target
from homeport.state.store import Store

ONE = frozenset({ip_address("8.8.8.1")})
TARGET = Target(Name("home.example.com"), RRType.A, "cf")
OTHER = Target(Name("home.example.com"), RRType.A, "office")


def refuse(text: str) -> None:
    raise AssertionError(text)


def test_what_is_ours_comes_back_from_the_disk_and_in_a_copy_for_lookers(tmp_path: Path) -> None:
    with Store.open(tmp_path, refuse) as store:
        store.own({TARGET: ONE, OTHER: frozenset()})
        store.own({TARGET: ONE})
    for opened in (Store.open, Store.view):
        with opened(tmp_path, refuse) as store:
            assert store.owned() == {TARGET: ONE, OTHER: frozenset()}


def test_what_is_no_longer_shared_is_dropped(tmp_path: Path) -> None:
    with Store.open(tmp_path, refuse) as store:
        store.own({TARGET: ONE, OTHER: ONE})
        store.disown([OTHER])
        assert store.owned() == {TARGET: ONE}


def test_a_line_that_cannot_be_read_is_told_and_left_out(tmp_path: Path) -> None:
    told: list[str] = []
    with Store(None, told.append) as store:
        store.own({TARGET: ONE, OTHER: ONE})
        store._db.execute("UPDATE owned SET addresses = 'rot' WHERE account = 'cf'")
        assert store.owned() == {OTHER: ONE}
    [said] = told
    assert said.startswith("which addresses of home.example.com are ours cannot be read")
