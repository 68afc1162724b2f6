"""The real program, killed at moments that a service chooses: nothing acknowledged is sent again.

`tests/crash/` kills it at a thousand others, against BIND.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from homeport.core.schedule import Memory
from homeport.state.lock import held
from homeport.state.store import FILE, Store

# The real command, but no resolver: nobody on the Internet shall be asked about our names.
HOMEPORT = """
from pathlib import Path
from homeport.net import resolver
resolver._RESOLV_CONF = Path("/nonexistent")
from homeport.cli.main import main
raise SystemExit(main())
"""
PATIENCE = 20.0  # seconds, for a machine that is busy; nothing waits so long when all is well


class Stub:
    """A dyndns2 service: what it was told, what it holds, and a gate before its answers."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []  # each name and address, in the order of the requests
        self.held: dict[str, str] = {}
        self.answer = "good"
        self.free = 0  # so many names are answered whether or not the gate is open
        self.gate = threading.Event()
        self.gate.set()
        self.news = threading.Condition()

    def serve(self, owners: list[str], address: str) -> str:
        with self.news:
            self.told += [(owner, address) for owner in owners]
            must_wait = len(self.told) > self.free
            self.news.notify_all()
        if must_wait:
            self.gate.wait(PATIENCE)
        if self.answer == "good":
            self.held |= dict.fromkeys(owners, address)
            return "\n".join(f"good {address}" for _ in owners)
        return self.answer

    def wait(self, enough: Callable[[], bool]) -> None:
        """Until that is so."""
        with self.news:
            assert self.news.wait_for(enough, PATIENCE), self.told


@pytest.fixture
def stub() -> Iterator[tuple[Stub, str]]:
    """A running service, and its URL."""
    service = Stub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            body = service.serve(query["hostname"][0].split(","), query["myip"][0]).encode()
            try:
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except ConnectionError:
                pass  # whoever asked was killed

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield service, f"http://127.0.0.1:{server.server_address[1]}/nic/update"
    service.gate.set()
    server.shutdown()
    server.server_close()
    thread.join()


class Home:
    """A folder with a configuration, and the line's address in a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.move("8.8.8.1")

    def move(self, address: str) -> None:
        """The line gets another address."""
        (self.folder / "new").write_text(address)
        (self.folder / "new").replace(self.folder / "address")

    def configure(self, account: Mapping[str, object], names: list[str], interval: str = "1h") -> None:
        lines = [f"{key} = {json.dumps(value)}" for key, value in account.items()]
        text = f"""
            [agent]
            interval = "{interval}"
            state_dir = {json.dumps(str(self.state))}
            verify = false
            [uplink.line]
            ipv4 = [{json.dumps(f"file:{self.folder / 'address'}")}]
            ipv6 = []
            [account.dyn]
            {chr(10).join(lines)}
            [[record]]
            name = {json.dumps(names)}
            account = "dyn"
            type = "A"
            """
        (self.folder / "homeport.toml").write_text(text)

    def dyndns2(self, url: str, names: list[str]) -> None:
        """Keep the names at the stub."""
        account = {"provider": "dyndns2", "endpoint": url, "username": "me", "password": "env:DYN"}
        self.configure(account, names)

    def homeport(self, *words: str) -> subprocess.Popen[str]:
        """Start a command."""
        return subprocess.Popen(
            [sys.executable, "-c", HOMEPORT, *words, "-c", str(self.folder / "homeport.toml")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"DYN": "pass"},
        )

    def command(self, *words: str) -> tuple[int, str, str]:
        """Run a command to its end: exit status, output and errors."""
        with self.homeport(*words) as process:
            out, errors = process.communicate(timeout=PATIENCE)
            return process.returncode, out, errors

    @contextmanager
    def agent(self) -> Iterator[subprocess.Popen[str]]:
        """`homeport run`, killed at the end if it still lives."""
        with self.homeport("run") as process:
            try:
                yield process
            finally:
                process.kill()
                process.communicate()

    def memories(self) -> dict[str, Memory]:
        """What is remembered, by name; the file must be in good order."""
        told: list[str] = []
        with Store.open(self.state, told.append) as store:
            found = {target.owner.text: memory for target, memory in store.memories().items()}
            versions = [line.version for line in store.history()]
        assert told == [] and versions == sorted(versions)
        return found

    def acknowledged(self, address: str) -> set[str]:
        """The names of which it is known that the service has that address."""
        wanted = {address}
        return {
            name
            for name, memory in self.memories().items()
            if set(map(str, memory.acknowledged or ())) == wanted
        }


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def read_until(process: subprocess.Popen[str], text: str) -> list[str]:
    """The lines of its log up to one that has `text`."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if text in line:
            return lines
    raise AssertionError(f"{text!r} was not said: {''.join(lines)}")


# -- kill -9 -------------------------------------------------------------------------------------


def test_killed_while_the_service_has_not_answered_the_update_is_made_after_the_restart(
    home: Home, stub: tuple[Stub, str]
) -> None:
    service, url = stub
    home.dyndns2(url, ["home.example.com"])
    service.gate.clear()
    with home.agent() as agent:
        service.wait(lambda: len(service.told) == 1)
        agent.kill()
        agent.wait()
    service.gate.set()
    assert not held(home.state) and home.acknowledged("8.8.8.1") == set()
    status, out, _ = home.command("run", "--once")
    assert status == 0 and out.startswith("updated")
    assert service.told == [("home.example.com", "8.8.8.1")] * 2
    assert service.held == {"home.example.com": "8.8.8.1"}


def test_killed_after_the_answer_was_kept_nothing_is_sent_again(home: Home, stub: tuple[Stub, str]) -> None:
    service, url = stub
    home.dyndns2(url, ["home.example.com"])
    for _ in range(3):
        with home.agent() as agent:
            read_until(agent, "home.example.com A (dyn): ")
            agent.kill()
            agent.wait()
    assert home.acknowledged("8.8.8.1") == {"home.example.com"}
    status, out, _ = home.command("run", "--once")
    assert status == 0 and out.startswith("unchanged")
    assert service.told == [("home.example.com", "8.8.8.1")]


def test_killed_at_any_moment_of_many_updates_no_acknowledged_name_is_sent_again(
    home: Home, stub: tuple[Stub, str]
) -> None:
    """Five requests of 20 names: the agent dies before, between and after their answers."""
    service, url = stub
    names = [f"n{n}.example.com" for n in range(100)]
    home.dyndns2(url, names)
    chance = random.Random(20261121)
    cut = 0
    for run in range(8):
        address = f"8.8.8.{run + 1}"
        home.move(address)
        start = len(service.told)
        with home.agent() as agent:
            if run % 2:
                service.wait(lambda: len(service.told) >= start + 20)  # noqa: B023 - called at once
                time.sleep(chance.random() * 0.02)  # the moment is what is tested
            else:  # the first answer is kept, the others do not come
                service.free = start + 20
                service.gate.clear()
                service.wait(lambda: len(service.told) >= start + 40)  # noqa: B023 - called at once
            agent.kill()
            agent.wait()
        service.gate.set()
        known = home.acknowledged(address)
        cut += 0 < len(known) < len(names)
        before = len(service.told)
        status, _, _ = home.command("run", "--once")
        assert status == 0
        assert {name for name, _ in service.told[before:]} == set(names) - known
        assert service.held == dict.fromkeys(names, address)
        assert home.acknowledged(address) == set(names)
    assert cut >= 4


def test_a_stop_survives_a_kill(home: Home, stub: tuple[Stub, str]) -> None:
    service, url = stub
    service.answer = "badauth"
    home.dyndns2(url, ["home.example.com"])
    with home.agent() as agent:
        read_until(agent, "badauth")
        agent.kill()
        agent.wait()
    for _ in range(2):
        status, out, _ = home.command("run", "--once")
        assert status == 1 and out.startswith("held")
    assert len(service.told) == 1


def test_a_damaged_state_file_is_put_aside_by_the_real_program_too(
    home: Home, stub: tuple[Stub, str]
) -> None:
    service, url = stub
    home.dyndns2(url, ["home.example.com"])
    assert home.command("run", "--once")[0] == 0
    (home.state / FILE).write_bytes(random.Random(1).randbytes(5000))
    status, out, errors = home.command("run", "--once")
    assert status == 0 and out.startswith("updated")
    assert f"{FILE}.damaged-1" in errors
    assert len(service.told) == 2


# -- one agent in a directory --------------------------------------------------------------------


def test_a_second_agent_in_the_same_directory_ends_with_status_2_and_says_who_is_there(
    home: Home, stub: tuple[Stub, str]
) -> None:
    service, url = stub
    home.dyndns2(url, ["home.example.com"])
    with home.agent() as agent:
        read_until(agent, "home.example.com A (dyn): ")
        for words in (("run",), ("run", "--once")):
            status, _, errors = home.command(*words)
            assert status == 2
            assert f"another agent (process {agent.pid})" in errors and "state_dir" in errors
        assert agent.poll() is None
    assert len(service.told) == 1


# -- ending in good order ------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
@pytest.mark.parametrize("moment", ["asleep", "at work"])
def test_a_signal_ends_the_agent_at_once_and_in_good_order(
    home: Home, stub: tuple[Stub, str], number: signal.Signals, status: int, moment: str
) -> None:
    service, url = stub
    home.dyndns2(url, ["home.example.com"])
    with home.agent() as agent:
        if moment == "asleep":
            read_until(agent, "home.example.com A (dyn): ")
        else:
            service.gate.clear()
            service.wait(lambda: len(service.told) == 1)
        began = time.monotonic()
        agent.send_signal(number)
        assert agent.wait(PATIENCE) == status
        assert time.monotonic() - began < 2
        assert agent.stderr is not None
        rest = agent.stderr.read()
    service.gate.set()
    assert "stopped" in rest and "Traceback" not in rest
    assert not held(home.state)
    home.memories()


# -- the doorbell --------------------------------------------------------------------------------


def test_retry_wakes_a_running_agent(home: Home, stub: tuple[Stub, str]) -> None:
    service, url = stub
    service.answer = "badauth"
    home.dyndns2(url, ["home.example.com", "b.example.com"])
    with home.agent() as agent:
        read_until(agent, "b.example.com A (dyn): ")
        read_until(agent, "home.example.com A (dyn): ")
        assert len(service.told) == 2
        service.answer = "good"
        status, out, _ = home.command("retry")
        assert status == 0
        assert out.count("free to be tried again") == 2 and "the agent was woken" in out
        read_until(agent, "b.example.com A (dyn): updated")
        read_until(agent, "home.example.com A (dyn): updated")
    assert service.held == dict.fromkeys(["home.example.com", "b.example.com"], "8.8.8.1")
    events = {name: memory.outcome for name, memory in home.memories().items() if memory.stopped_by is None}
    assert events == {"home.example.com": "updated", "b.example.com": "updated"}


def test_retry_without_an_agent_says_so_and_the_next_run_tries(home: Home, stub: tuple[Stub, str]) -> None:
    service, url = stub
    service.answer = "badauth"
    home.dyndns2(url, ["home.example.com"])
    assert home.command("run", "--once")[0] == 1
    assert home.command("run", "--once")[0] == 1
    assert len(service.told) == 1
    service.answer = "good"
    status, out, _ = home.command("retry", "home.example.com")
    assert status == 0 and "free to be tried again" in out and "no agent is running" in out
    assert home.command("run", "--once")[0] == 0
    assert len(service.told) == 2
