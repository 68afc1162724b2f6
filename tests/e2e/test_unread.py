"""The real agent, where nobody reads what it says, or nothing can be written."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from homeport.demo.nameserver import Nameserver

from .home import Home, record, rfc2136, until, uplink

posix = pytest.mark.posix("files and pipes of POSIX")
ONE, TWO = "45.0.0.10", "45.0.0.11"


@contextmanager
def agent(
    home: Home, *words: str, stdout: int = subprocess.DEVNULL, stderr: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    command, environ = home.command("run", *words)
    process = subprocess.Popen(command, cwd=home.folder, env=environ, stdout=stdout, stderr=stderr)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def configured(home: Home, server: Nameserver, address: str, name: str) -> None:
    home.write(uplink(ipv4=[f"static:{address}"]) + rfc2136(server) + record(name, type=["A"]))


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    read, write = os.pipe()
    yield read, write
    os.close(read)
    os.close(write)


def fill(write: int) -> None:
    """Until the pipe takes no octet more."""
    os.set_blocking(write, False)
    for piece in (4096, 1):
        try:
            while True:
                os.write(write, b"x" * piece)
        except BlockingIOError:
            continue
        except OSError as error:  # as Windows' C library says it
            assert error.errno == errno.EINVAL
    os.set_blocking(write, True)


def live(home: Home, name: str, address: str) -> bool:
    done = home.run("status", "--json", name)
    return bool(done.out) and done.line["live"] == [address]


@pytest.mark.parametrize(("stream", "words"), [("stderr", ()), ("stdout", ("--json",))])
def test_an_agent_does_not_wait_for_who_does_not_read(
    tmp_path: Path, server: Nameserver, pipe: tuple[int, int], stream: str, words: tuple[str, ...]
) -> None:
    home, name = Home(tmp_path), f"{stream}.example.com"
    configured(home, server, ONE, name)
    with agent(home, *words, **{stream: pipe[1]}):
        until(lambda: live(home, name, ONE))
        fill(pipe[1])
        configured(home, server, TWO, name)
        until(lambda: live(home, name, TWO))


@posix
def test_what_was_dropped_is_told_once_somebody_reads_again(
    tmp_path: Path, server: Nameserver, pipe: tuple[int, int]
) -> None:
    home, name = Home(tmp_path), "told.example.com"
    configured(home, server, ONE, name)
    read, write = pipe
    with agent(home, stderr=write):
        until(lambda: live(home, name, ONE))
        fill(write)
        for address in (TWO, ONE):  # the second is seen by who has given up waiting to tell of the first
            configured(home, server, address, name)
            until(lambda: live(home, name, address))  # noqa: B023 - called at once
        os.set_blocking(read, False)
        with suppress(BlockingIOError):
            while os.read(read, 65536):
                """Until it is empty."""
        os.set_blocking(read, True)
        configured(home, server, TWO, name)
        said = b""
        while b"updated to 45.0.0.11" not in said:
            said += os.read(read, 65536)

    assert b"lines of the log were dropped here: nobody read them" in said


@posix
def test_an_agent_goes_on_where_its_output_cannot_be_written(tmp_path: Path, server: Nameserver) -> None:
    home, name = Home(tmp_path), "full.example.com"
    configured(home, server, ONE, name)
    full, said = os.open("/dev/full", os.O_WRONLY), tmp_path / "said"
    with said.open("wb") as log, agent(home, "--json", stdout=full, stderr=log.fileno()) as process:
        os.close(full)
        until(lambda: live(home, name, ONE))
        configured(home, server, TWO, name)
        until(lambda: live(home, name, TWO))
        process.terminate()
        assert process.wait() in (0, 1)

    text = said.read_text()
    assert text.count("standard output cannot be written: No space left on device") == 1
    assert "Traceback" not in text
