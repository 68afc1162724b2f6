"""Every command, with a canary in every place where a secret may stand: none comes out anywhere."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .birds import Birds, disguises, files, parts
from .cage import KEYRING, Cage, Server, by_state, echo, hang, serving

SECONDS = 120


class Commands:
    """The program in a cage, and everything that it said."""

    def __init__(self, cage: Cage) -> None:
        self.cage = cage
        self.said: list[tuple[str, bytes]] = []
        modules = cage.folder / "modules"
        modules.mkdir()
        (modules / "keyring_of_the_canaries.py").write_text(KEYRING)
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("HOMEPORT")}
        path = os.pathsep.join([str(modules), os.environ.get("PYTHONPATH", "")])
        self.environ = inherited | {
            "PYTHONPATH": path,
            "PYTHON_KEYRING_BACKEND": "keyring_of_the_canaries.Keyring",
        }

    def run(self, *words: str) -> int:
        done = subprocess.run(
            [sys.executable, "-m", "homeport", *words],
            cwd=self.cage.folder,
            env=self.environ | self.cage.environ,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        self.said.append((" ".join(words), done.stdout + b"\n" + done.stderr))
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        return done.returncode

    def agent(self, *words: str, until: bytes) -> None:
        """The agent, until its log says something."""
        log = self.cage.folder / f"said-{len(self.said)}"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "homeport", "run", *words],
                cwd=self.cage.folder,
                env=self.environ | self.cage.environ,
                stdout=stream,
                stderr=stream,
            )
            try:
                ends = time.monotonic() + SECONDS
                while until not in log.read_bytes() and process.poll() is None:
                    assert time.monotonic() < ends, log.read_bytes()[-2000:]
                    time.sleep(0.05)
                line = Path(f"/proc/{process.pid}/cmdline").read_bytes()
                self.said.append(("the list of processes", line))
                process.send_signal(signal.SIGTERM)
                process.wait(SECONDS)
            finally:
                process.kill()
                process.wait()
        self.said.append((" ".join(("run", *words)), log.read_bytes()))

    def forget(self) -> None:
        shutil.rmtree(self.cage.folder / "state", ignore_errors=True)

    def judge(self) -> None:
        """No canary is in anything that was said, or in any file but those that shall hold them."""
        birds, folder = self.cage.birds, self.cage.folder
        found = {f"said by {what}: {purpose}" for what, said in self.said for purpose in birds.leaks(said)}
        kept = [self.cage.config, folder / "kept", folder / "modules"]
        for path, octets in files(folder, kept):
            found |= {f"in {path.name}: {purpose}" for purpose in birds.leaks(octets)}
        assert not found, "\n".join(sorted(found))


@pytest.fixture(params=[False, True], ids=["plain", "odd"])
def commands(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Commands]:
    tmp_path.chmod(0o700)
    with serving(hang) as server:
        yield Commands(Cage(tmp_path, Birds(20261121 + request.param, odd=request.param), server))


def test_the_search_finds_a_secret_in_every_disguise() -> None:
    birds = Birds(1, odd=True)
    birds.text("other")
    secret = birds.text("bird")
    for form in disguises(secret):
        for piece in parts(form):
            assert birds.leaks(b"before" + piece + b"after") == {"bird"}
    assert birds.leaks(secret[:7].encode()) == set()
    assert birds.leaks(b"x" * 1000) == set()


def sources(birds: Birds, server: Server) -> list[str]:
    """Sources with secrets in them, and one that tells an address."""
    word, token = birds.text("source: a password", odd=False), birds.text("source: a token", odd=False)
    line = birds.text("source: in a command", odd=False)
    return [
        "static:203.0.113.7",
        f"http:http://me:{word}@127.0.0.1:{server.port}/ip?token={token}",
        f"command:sh -c 'echo {line} >&2; echo {line}; exit 0'",
    ]


STATES = [
    ("quotes all with 400 in JSON", 400, "json", True),
    ("quotes all with 401 in JSON", 401, "json", True),
    ("quotes all with 200 in JSON", 200, "json", True),
    ("quotes all with 200 in other JSON", 200, "flat", True),
    ("quotes all with 403 in text", 403, "text", True),
    ("quotes all with 200 in text", 200, "text", True),
    ("quotes all with 500 in text", 500, "text", True),
    ("quotes all with 404 in XML", 404, "xml", True),
    ("quotes all with 302 in text", 302, "text", True),
    ("quotes pieces with 400 in JSON", 400, "json", False),
    ("quotes pieces with 422 in text", 422, "text", False),
    ("quotes pieces with 200 in JSON", 200, "json", False),
    ("quotes pieces with 200 in text", 200, "text", False),
]


def test_no_service_that_quotes_our_request_gets_a_secret_into_anything(commands: Commands) -> None:
    cage = commands.cage
    cage.write(sources(cage.birds, cage.server), len(STATES))
    answers = [echo(status, shape, n, whole=whole) for n, (_, status, shape, whole) in enumerate(STATES)]
    cage.server.answer = by_state(answers)
    for words in (
        ("run", "--once"),
        ("status", "--json"),
        ("history", "--json"),
        ("retry",),
        ("run", "--once", "--json", "--record", "recording"),
        ("plan",),
        ("ip", "--json"),
        ("ip",),
        ("status",),
        ("history",),
        ("check",),
        ("replay", "recording"),
    ):
        commands.run(*words)
    assert len(cage.server.asked) > 100
    commands.judge()
