"""A Windows under Wine, driven from Linux: what `make windows-lab` has prepared in `.windows`."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 900.0  # seconds, for a machine that is busy; nothing waits so long when all is well


class Lab:
    """That Windows: its disk, and how to run something there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.disk = folder / "prefix" / "drive_c"
        self.program_data = self.disk / "ProgramData"

    def wine(
        self, program: str, *words: str, environment: Mapping[str, str] | None = None
    ) -> tuple[int, str, str]:
        """Run a Windows program to its end: exit status, output and errors."""
        with subprocess.Popen(
            [str(self.folder / "wine"), program, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | (environment or {}),
            cwd=self.folder,
        ) as process:
            out, errors = _said(process)
            return process.wait(), out, errors

    def boot(self) -> None:
        """Start it, with what starts by itself there."""
        subprocess.run([str(self.folder / "boot")], check=True, timeout=PATIENCE)

    def halt(self) -> None:
        """Everything in it dies at once, as when the power fails."""
        subprocess.run([str(self.folder / "halt")], check=True, timeout=PATIENCE)

    def registry(self, key: str, value: str) -> str | None:
        """A text of the registry; None if it is not there."""
        status, out, _ = self.wine("reg", "query", key, "/v", value)
        line = next((line for line in out.splitlines() if f" {value} ".lower() in f" {line} ".lower()), "")
        return None if status else line.split("REG_", 1)[-1].partition("    ")[2].strip()


def _said(process: subprocess.Popen[bytes]) -> tuple[str, str]:
    """Output and errors, until the program has ended: one of Wine's own may keep its pipes for ever."""
    assert process.stdout is not None and process.stderr is not None
    said = {process.stdout.fileno(): b"", process.stderr.fileno(): b""}
    until = time.monotonic() + PATIENCE
    with selectors.DefaultSelector() as pipes:
        for pipe in said:
            pipes.register(pipe, selectors.EVENT_READ)
        while pipes.get_map():
            assert time.monotonic() < until, f"{process.args!r} does not end"
            ended = process.poll() is not None
            ready = pipes.select(0 if ended else 0.05)
            if ended and not ready:
                break
            for key, _ in ready:
                data = os.read(key.fd, 65536)
                said[key.fd] += data
                if not data:
                    pipes.unregister(key.fd)
    out, errors = (text.decode("utf-8", "replace") for text in said.values())
    return out, errors


@pytest.fixture(scope="session")
def lab() -> Lab:
    """`HOMEPORT_WINDOWS` names another folder than `.windows`."""
    folder = Path(os.environ.get("HOMEPORT_WINDOWS") or ROOT / ".windows")
    if not (folder / "boot").exists():
        pytest.fail(f"there is no Windows in {folder}: `make windows-lab` puts one there, as root")
    return Lab(folder)


@pytest.fixture
def windows(lab: Lab) -> Iterator[Lab]:
    """The same, up and running, for one test."""
    lab.halt()
    lab.boot()
    yield lab
    lab.halt()


def wait_until(true: Callable[[], object], what: str) -> None:
    """Until that is so; the test fails with `what` if it never is."""
    until = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < until, f"still not: {what}"
        time.sleep(0.2)  # between two looks, not for luck
