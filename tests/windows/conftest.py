"""A Windows under Wine, driven from Linux: for each test a copy of what `make windows-lab` has prepared.

The copies lie beside `.windows/prefix`, and have a Wine server of their own each: nothing that a test does
is seen by the next one, or by the tests that Windows' Python runs in `.windows` at the same time.
"""

from __future__ import annotations

import os
import selectors
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINKED, COPIED = ("windows", "Python"), ("Program Files", "ProgramData", "users")
CONTROL = r"HKLM\SYSTEM\CurrentControlSet\Control"
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


def copied(original: Path, folder: Path) -> Lab:
    """Another Windows, as new.  What no program changes once it is there is not copied but linked."""
    for name in ("wine", "winpython", "boot", "halt", "environment"):
        shutil.copy(original / name, folder)
    for suite in original.glob("*/.complete"):  # of a Debian, with its Wine
        (folder / suite.parent.name).symlink_to(suite.parent)
    made = Lab(folder)
    made.disk.mkdir(parents=True)
    shutil.copytree(original / "prefix" / "dosdevices", made.disk.parent / "dosdevices", symlinks=True)
    for folders, copy in ((LINKED, os.link), (COPIED, shutil.copy2)):
        for name in folders:
            shutil.copytree(
                original / "prefix" / "drive_c" / name,
                made.disk / name,
                symlinks=True,
                ignore=shutil.ignore_patterns("homeport", "Homeport"),
                copy_function=copy,
            )
    for path in (original / "prefix").iterdir():
        if path.is_file():
            (made.disk.parent / path.name).write_bytes(unmarked(path))
    source = made.disk / "Python" / "Lib" / "site-packages" / "homeport.pth"
    source.unlink(missing_ok=True)  # a link: writing into it would be writing into the original
    source.write_text(f"Z:{ROOT / 'src'}\n".replace("/", "\\"))
    return made


def unmarked(file: Path) -> bytes:
    """A file of the registry, without what somebody has registered there of Homeport by hand."""
    text = file.read_bytes().replace(rb";C:\\Program Files\\Homeport", b"")  # in the PATH
    keys = [key for key in text.split(b"\n\n[") if b"\\\\Homeport" not in key.partition(b"]")[0]]
    lines = b"\n\n[".join(keys).split(b"\n")
    return b"\n".join(line for line in lines if not line.startswith(b'"Homeport"='))


@pytest.fixture(scope="session")
def original() -> Path:
    """`HOMEPORT_WINDOWS` names another folder than `.windows`."""
    folder = Path(os.environ.get("HOMEPORT_WINDOWS") or ROOT / ".windows").resolve()
    if not (folder / "boot").exists():
        pytest.fail(f"there is no Windows in {folder}: `make windows-lab` puts one there, as root")
    return folder


@contextmanager
def running(original: Path) -> Iterator[Lab]:
    """A Windows that has never seen Homeport, up and running.  A link must be on the disk of its file."""
    with tempfile.TemporaryDirectory(prefix="of-a-test-", dir=original) as folder:
        lab = copied(original, Path(folder))
        lab.boot()
        # Otherwise it waits two minutes before it starts what is to be started with a delay.
        words = ("/v", "AutoStartDelay", "/t", "REG_DWORD", "/d", "1000", "/f")
        status, *_ = lab.wine("reg", "add", CONTROL, *words)
        assert status == 0
        yield lab
        lab.halt()


@pytest.fixture
def windows(original: Path) -> Iterator[Lab]:
    """One for each test."""
    with running(original) as lab:
        yield lab


@pytest.fixture(scope="session")
def workshop(original: Path) -> Iterator[Lab]:
    """One in which setup programs are built."""
    with running(original) as lab:
        yield lab


def wait_until(true: Callable[[], object], what: str) -> None:
    """Until that is so; the test fails with `what` if it never is."""
    until = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < until, f"still not: {what}"
        time.sleep(0.2)  # between two looks, not for luck
