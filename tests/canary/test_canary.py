"""Every command, with a canary in every place where a secret may stand: none comes out anywhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from homeport.config import providers
from homeport.config.load import load
from homeport.core.errors import ConfigError

from .birds import Birds, disguises, files, parts
from .cage import KEYRING, SAYS, Cage, Server, any_of, echo, hang, rubbish, secrets_of, serving

SECONDS = 300
START = "import accident; from homeport.cli.main import main; sys.exit(main())"
slow = pytest.mark.timeout(600)  # each command waits for name servers that nobody has here


class Commands:
    """The program in a cage, and everything that it said."""

    def __init__(self, cage: Cage) -> None:
        self.cage = cage
        self.said: list[tuple[str, bytes]] = []
        modules = cage.folder / "modules"
        modules.mkdir()
        (modules / "keyring_of_the_canaries.py").write_text(KEYRING)
        (modules / "accident.py").touch()
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("HOMEPORT")}
        self.environ = inherited | {"PYTHON_KEYRING_BACKEND": "keyring_of_the_canaries.Keyring"}
        # An embedded Python of Windows heeds no PYTHONPATH.
        self.program = [sys.executable, "-c", f"import sys; sys.path[:0] = [{str(modules)!r}]; {START}"]

    def run(self, *words: str, crashes: bool = False) -> int:
        done = subprocess.run(
            [*self.program, *words],
            cwd=self.cage.folder,
            env=self.environ | self.cage.environ,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        self.said.append((" ".join(words), done.stdout + b"\n" + done.stderr))
        assert crashes or b"Traceback" not in done.stderr, done.stderr.decode()
        return done.returncode

    def agent(self, *words: str, until: bytes, asked: bool = False) -> None:
        """The agent, until its log says something, and, with `asked`, until a service was asked."""
        log = self.cage.folder / f"said-{len(self.said)}"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [*self.program, "run", *words],
                cwd=self.cage.folder,
                env=self.environ | self.cage.environ,
                stdout=stream,
                stderr=stream,
            )
            try:
                ends = time.monotonic() + SECONDS
                while process.poll() is None and (
                    until not in log.read_bytes() or (asked and not self.cage.server.asked)
                ):
                    assert time.monotonic() < ends, log.read_bytes()[-2000:]
                    time.sleep(0.05)
                line = " ".join(psutil.Process(process.pid).cmdline())  # what other users may see
                self.said.append(("the list of processes", line.encode("utf-8", "surrogateescape")))
                process.terminate()
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
        f"command:{SAYS.format(line)}",
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


@slow
def test_no_service_that_quotes_our_request_gets_a_secret_into_anything(commands: Commands) -> None:
    cage = commands.cage
    cage.write(sources(cage.birds, cage.server))
    answers = [echo(status, shape, n, whole=whole) for n, (_, status, shape, whole) in enumerate(STATES)]
    cage.server.answer = any_of(answers, cage.birds.seed)
    for words in (
        ("run", "--once", "--record", "recording"),
        ("history", "--json"),
        ("retry",),
        ("run", "--once", "--json"),
        ("ip",),
        ("status",),
        ("replay", "recording"),
    ):
        commands.run(*words)
    assert len(cage.server.asked) > 50
    commands.judge()


LOG = '[log]\nfile = "homeport.log"\nlevel = "debug"\nformat = "{}"\n'


@slow
@pytest.mark.parametrize("state", ["refuses", "hangs", "speaks rubbish", "is a proxy that quotes all"])
def test_no_service_that_fails_gets_a_secret_into_anything(state: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with serving(hang) as server:
        commands = Commands(Cage(tmp_path, Birds(len(state), odd=True), server))
        cage, proxy = commands.cage, "proxy" in state
        form = "json" if state in ("refuses", "hangs") else "text"
        cage.write(["static:203.0.113.7"], log=LOG.format(form), proxy=proxy)
        if state == "refuses":
            text = cage.config.read_text("utf-8").replace(f":{server.port}", ":9")
            cage.config.write_text(text, encoding="utf-8")
        answers = {"speaks rubbish": rubbish, "hangs": hang}
        quoting = any_of([echo(s, shape, n, whole=w) for n, (_, s, shape, w) in enumerate(STATES)], 7)
        server.answer = answers.get(state, quoting)
        until = b"started" if state == "hangs" else b"failed"
        commands.agent("--record", "recording", until=until, asked=state == "hangs")
        commands.run("status", "--json")
        commands.run("history")
        assert state == "refuses" or server.asked
        commands.judge()


def test_commands_that_need_no_network_show_no_secret(commands: Commands) -> None:
    cage = commands.cage
    cage.write(sources(cage.birds, cage.server))
    for words in (
        ("check",),
        ("providers",),
        ("providers", "--json"),
        ("schema",),
        ("completion", "bash"),
        ("secret", "list"),
        ("secret", "list", "--json"),
        ("status", "no.such.name"),
        ("--version",),
        ("run", "--nonsense"),
    ):
        commands.run(*words)
    commands.judge()


CRASH = """\
import os
if os.environ.get("CRASH"):
    from homeport.agent.loop import Agent
    from homeport.providers.cloudflare import Cloudflare
    async def look(self, api, keys):
        try:
            raise ValueError(self.token.reveal())
        except ValueError as error:
            word = self.token.reveal()
            raise RuntimeError("a header: Bearer " + word, word[5:20]) from error
    Cloudflare.look = look
    async def once(self):
        token = next(iter(self._setup.accounts.values())).provider.token.reveal()
        raise RuntimeError("all of it " + repr(token))
    if os.environ["CRASH"] == "all":
        Agent.once = once
"""


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("crash", ["driver", "all"])
def test_no_traceback_of_a_bug_shows_a_secret(commands: Commands, form: str, crash: str) -> None:
    cage = commands.cage
    (cage.folder / "modules" / "accident.py").write_text(CRASH)
    cage.environ["CRASH"] = crash
    rows = [cage.agent(), LOG.format(form)]
    rows.append("[uplink.default]\nipv4 = ['static:203.0.113.7']\nipv6 = []\nallow = ['documentation']\n")
    cage.config.write_text("\n".join([*rows, *cage.account("cloudflare", 0)]), encoding="utf-8")
    assert commands.run("run", "--once", crashes=True) == 1
    said = commands.said[-1][1] + (cage.folder / "homeport.log").read_bytes()
    assert said.count(b"Traceback (most recent call last)") == (4 if crash == "driver" else 2)
    assert b"RuntimeError" in said
    assert b"***" in said
    commands.judge()


def broken(name: str, secret: str) -> Iterator[str]:
    """Lines with a mistake, in which a person could have written a secret."""
    text = json.dumps(secret)
    yield f"{name} = [{text}]"
    yield f"{name} = {{ inner = {text} }}"
    yield f"{name} = {secret}"
    yield f'{name} = "{secret}'
    yield f"{name} = '{secret}"
    yield f'{name} = """{secret}'
    yield f"{name} {text}"
    yield f"{name} : {text}"
    yield f"{name} = {text} {text}"
    yield f"{name} = {text}\n{name} = {text}"
    yield f"{name} = {text}\n{name}x = {text}"
    yield f"{name} = [{text}"
    yield f"{name} = {{ a = {text}"
    yield f'{name} = "file:/nowhere/at/all"\nproxy = "me:{secret}@host"'
    yield f'{name} = "command:no-such-program {secret}"'
    yield f'{name} = "command:echo {secret} | cat"'
    yield f"{name} = \"command:sh -c 'echo {secret} >&2; exit 3'\""
    yield f'{name} = "keyrin:{secret}"'
    yield f'{name} = "\\q{secret}"'
    yield f"{name}.{name} = {text}\n{name} = {text}"
    yield f'endpoint = "https://me:{secret}@"\n{name} = {text}'


@pytest.mark.parametrize("kind", providers.names())
def test_no_mistake_in_the_line_of_a_secret_quotes_it(kind: str, tmp_path: Path) -> None:
    birds = Birds(7)
    file = tmp_path / "homeport.toml"
    for name in secrets_of(kind):
        for n in range(len(list(broken(name, "")))):
            line = list(broken(name, birds.text(f"{kind}.{name} {n}")))[n]
            file.write_text(f'[account.a]\nprovider = "{kind}"\n{line}\n', encoding="utf-8")
            try:
                config = load(file, os.environ)
                said = f"{config!r} {[str(one) for one in config.warnings]}"
            except ConfigError as error:
                said = "".join(traceback.format_exception(error))
            assert birds.leaks(said.encode()) == set(), (line, said)
    assert birds.made


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
def test_no_mistake_in_another_language_quotes_it(suffix: str, tmp_path: Path) -> None:
    birds = Birds(8)
    file = tmp_path / f"homeport{suffix}"
    for n, form in enumerate(
        (
            "account: {{a: {{provider: cloudflare, token: {0}",
            "account:\n  a:\n    provider: cloudflare\n   token: {0}\n",
            "account:\n  a:\n    provider: cloudflare\n    token: &{0} *{0}x\n",
            "account:\n  a:\n    provider: cloudflare\n    token: !{0} x\n",
            "account:\n  a:\n    provider: cloudflare\n    token: '{0}\n",
            "account:\n  a:\n    provider: cloudflare\n    token: {0}: {0}\n",
            "account:\n  a:\n    provider: cloudflare\n    token: @{0}\n",
            '{{"account": {{"a": {{"provider": "cloudflare", "token": "{0}}}}}}}',
            '{{"account": {{"a": {{"provider": "cloudflare", "token": {0}}}}}}}',
            '{{"account": {{"a": {{"provider": "cloudflare", "token": "{0}" "{0}"}}}}}}',
        )
    ):
        file.write_text(form.format(birds.text(f"form {n}")))
        try:
            said = repr(load(file, os.environ))
        except ConfigError as error:
            said = "".join(traceback.format_exception(error))
        assert birds.leaks(said.encode()) == set(), said
