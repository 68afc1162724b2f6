"""The mutex of Windows, run by Windows Python (under Wine: scripts/windows-lab)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

assert sys.platform == "win32", "elsewhere conftest.py leaves this file out"

from homeport.state import mutex  # noqa: E402 - a module for one system says so first
from homeport.state.lock import AlreadyRunning, Lock  # noqa: E402

OTHER = """
import sys
from pathlib import Path
from homeport.state import mutex
print(mutex.take(Path(sys.argv[1])) is None)
"""


def taken(directory: Path) -> bool:
    """As another process sees it."""
    done = subprocess.run(
        [sys.executable, "-c", OTHER, str(directory)], capture_output=True, text=True, check=True
    )
    return done.stdout.split() == ["True"]


def test_one_process_has_it_until_it_lets_go_whatever_the_directory_is_called(tmp_path: Path) -> None:
    handle = mutex.take(tmp_path)
    assert handle is not None
    assert taken(tmp_path) and taken(Path(str(tmp_path).upper())) and taken(tmp_path / "x" / "..")
    assert not taken(tmp_path / "other")
    mutex.release(handle)
    assert not taken(tmp_path)
    assert mutex.name(tmp_path).startswith("Global\\")


def test_the_lock_holds_by_the_mutex_alone(tmp_path: Path) -> None:
    """As where the directory cannot be written."""
    handle = mutex.take(tmp_path)
    assert handle is not None
    with pytest.raises(AlreadyRunning, match="unknown"), Lock(tmp_path):
        pass
    mutex.release(handle)
    with Lock(tmp_path):
        assert taken(tmp_path)
    assert not taken(tmp_path)
