"""Which files may be looked at without a thread."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from homeport.cli.reload import _at_hand, _look, _without

pytestmark = pytest.mark.linux("only Linux says what is mounted where")


def test_a_file_of_a_foreign_file_system_is_not_at_hand(tmp_path: Path) -> None:
    file = tmp_path / "homeport.toml"
    file.write_text("")
    look = _look([file])
    mark = look[file]
    assert mark is not None
    assert not _at_hand({file: (*mark[:-1], os.makedev(0, 999_999))})
    assert not _at_hand(_look([Path("/proc/self/status")]))  # a file system that nobody has thought of
    assert _look([tmp_path / "nowhere"]) == {tmp_path / "nowhere": None}


def test_a_file_that_changed_after_it_began_to_be_read_is_taken_for_changed(tmp_path: Path) -> None:
    file = tmp_path / "homeport.toml"
    file.write_text("")
    look = _look([file])
    assert _without(look, file.stat().st_mtime - 1) == {file: None}
    assert _without(look, file.stat().st_mtime + 1) == look
