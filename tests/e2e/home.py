"""A home to test the program in, from outside: pages that tell an address, a provider, a name server."""

from __future__ import annotations

import asyncio
import http.server
import json
import os
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from homeport.demo.nameserver import Nameserver

ZONE, KEY = "example.com", b"a secret of thirty-two octets..."
KEY_TEXT = b64encode(KEY).decode()
PATIENCE = 60.0  # seconds that something may take to happen, on a busy machine
SECONDS = 300  # that any command may take, on a busy machine, under Wine


@dataclass
class Answer:
    """What a page answers; or, with `act`, what happens to the connection."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    act: Callable[[http.server.BaseHTTPRequestHandler], None] | None = None


@dataclass
class Page:
    """A web server with one answer, which a test may change; it remembers the queries."""

    answer: Answer
    url: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)

    def says(self, body: str | bytes, status: int = 200, **headers: str) -> None:
        self.answer = Answer(body.encode() if isinstance(body, str) else body, status, headers)


@contextmanager
def page(body: str | bytes = b"", *, tls: Any = None) -> Iterator[Page]:
    """A page on the loopback interface."""
    found = Page(Answer(body.encode() if isinstance(body, str) else body))

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append({k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()})
            answer = found.answer
            if answer.act is not None:
                answer.act(self)
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            """A test is told by its asserts."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    scheme = "https" if tls is not None else "http"
    found.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def nameserver() -> Iterator[Nameserver]:
    """The embedded authoritative server, in a thread of its own."""
    stop, ready = threading.Event(), threading.Event()
    servers: list[Nameserver] = []

    async def serve() -> None:
        async with Nameserver.serving(ZONE, tsig_name="homeport.", tsig_key=KEY) as server:
            servers.append(server)
            ready.set()
            await asyncio.to_thread(stop.wait)

    with ThreadPoolExecutor(1) as threads:
        run = threads.submit(asyncio.run, serve())
        run.add_done_callback(lambda _: ready.set())
        try:
            ready.wait()
            if not servers:
                run.result()
            yield servers[0]
        finally:
            stop.set()
            run.result()


@dataclass
class Done:
    """A command that has ended."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def line(self) -> dict[str, Any]:
        [line] = self.lines
        return line

    @property
    def outcomes(self) -> dict[str, str]:
        return {f"{line['name']} {line['type']}": line["outcome"] for line in self.lines}


@dataclass
class Home:
    """A working directory with a configuration, and the program in it."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def write(self, text: str) -> None:
        head = f'[agent]\nstate_dir = "{self.state.as_posix()}"\n'
        (self.folder / "homeport.toml").write_text(head + text, encoding="utf-8")

    def command(self, *words: str) -> tuple[list[str], dict[str, str]]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("HOMEPORT")}
        return [sys.executable, "-m", "homeport", *words], inherited | self.environ

    def run(self, *words: str) -> Done:
        command, environ = self.command(*words)
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environ,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def once(self) -> Done:
        return self.run("run", "--once", "--json")

    def start(self, *words: str) -> subprocess.Popen[str]:
        command, environ = self.command(*words)
        return subprocess.Popen(
            command, cwd=self.folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )


def end(process: subprocess.Popen[str]) -> None:
    """Whatever a test left running."""
    if process.poll() is None:
        process.kill()
    process.communicate()


@contextmanager
def running(home: Home) -> Iterator[subprocess.Popen[str]]:
    agent = home.start("run")
    try:
        yield agent
    finally:
        end(agent)


def until(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.02)


def heard(agent: subprocess.Popen[str], *words: str) -> str:
    """The log, up to a line with these words."""
    assert agent.stderr is not None
    log = ""
    for line in agent.stderr:
        log += line
        if all(word in line for word in words):
            return log
    raise AssertionError(log)


def rfc2136(server: Nameserver, *, key: str = KEY_TEXT, name: str = "ns") -> str:
    """An account at the embedded name server."""
    return (
        f'[account.{name}]\nprovider = "rfc2136"\nserver = "{server.host}"\nport = {server.port}\n'
        f'tsig_name = "homeport."\ntsig_key = "{key}"\n'
    )


def uplink(**sources: list[str] | int) -> str:
    """The default uplink; types that are not named are not looked for."""
    found: dict[str, list[str] | int] = {"ipv4": [], "ipv6": []}
    rows = [f"{key} = {json.dumps(value)}" for key, value in (found | sources).items()]
    return "\n".join(["[uplink.default]", *rows, ""])


def record(name: str = "home.example.com", account: str = "ns", **more: object) -> str:
    rows = [f"{key} = {json.dumps(value)}" for key, value in more.items()]
    return "\n".join(["[[record]]", f'name = "{name}"', f'account = "{account}"', *rows, ""])
