"""What one HTTP stack costs against another, on this machine, in one run: `python bench/http_stacks.py`.

A server in a process of its own answers every GET with 256 octets.  Each row is the median of three
fresh processes, measured by the kernel (`wait4`): wall clock, CPU, largest resident set.

    start   import the stack and do one GET
    one     200 GETs, one after the other, over one kept connection
    ten     1,000 GETs over ten kept connections

The stacks other than ours are optional (`pip install httpx2 aiohttp`).  POSIX only, for `wait4`.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from statistics import median

Get = Callable[[], Awaitable[int]]
WORK = {"start": (1, 1), "one": (200, 1), "ten": (1000, 10)}  # GETs, connections
STACKS = {"homeport": "homeport", "httpx2": "httpx2", "aiohttp": "aiohttp"}
BODY = b"x" * 256
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 256\r\n\r\n" + BODY
ROUNDS = 3


async def load(get: Get, count: int, at_once: int) -> None:
    """`count` GETs, `at_once` of them under way at any time."""
    left = iter(range(count))

    async def worker() -> None:
        for _ in left:
            assert await get() == len(BODY)

    async with asyncio.TaskGroup() as workers:
        for _ in range(at_once):
            workers.create_task(worker())


async def homeport(url: str, count: int, at_once: int) -> None:
    from homeport.net.http import HttpTransport
    from homeport.wire.http import Request

    async with HttpTransport(user_agent="bench", connections=at_once) as transport:

        async def get() -> int:
            return len((await transport.send(Request("GET", url))).body)

        await load(get, count, at_once)


async def httpx2(url: str, count: int, at_once: int) -> None:
    import httpx2

    async with httpx2.AsyncHTTPTransport(limits=httpx2.Limits(max_connections=at_once)) as transport:

        async def get() -> int:
            response = await transport.handle_async_request(httpx2.Request("GET", url))
            return len(await response.aread())

        await load(get, count, at_once)


async def aiohttp(url: str, count: int, at_once: int) -> None:
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=at_once)) as session:

        async def get() -> int:
            async with session.get(url) as response:
                return len(await response.read())

        await load(get, count, at_once)


async def serve() -> None:
    """Answer everything on a free port of 127.0.0.1; say which, then run until stdin ends."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


def measure(*words: str) -> tuple[float, float, float]:
    """One process: seconds, CPU seconds, peak MiB."""
    began = time.perf_counter()
    child = subprocess.Popen([sys.executable, *words])
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    if child.returncode:
        raise SystemExit(f"{' '.join(words)}: exit status {child.returncode}")
    per_mib = 1024 * 1024 if sys.platform == "darwin" else 1024
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / per_mib


def row(stack: str, what: str, *words: str) -> None:
    runs = [measure(*words) for _ in range(ROUNDS)]
    seconds, cpu, peak = (median(column) for column in zip(*runs, strict=True))
    print(f"{stack:<10} {what:<6} {seconds:>9.3f} {cpu:>9.3f} {peak:>9.1f}", flush=True)


def main() -> None:
    server = subprocess.Popen(
        [sys.executable, __file__, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin
    assert server.stdout
    with server, server.stdin, server.stdout:
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/"
        print(f"{'stack':<10} {'work':<6} {'seconds':>9} {'CPU s':>9} {'peak MiB':>9}")
        row("python", "pass", "-c", "pass")
        for stack, package in STACKS.items():
            if find_spec(package) is None:
                print(f"{stack:<10} not installed: pip install {package}")
                continue
            for what in WORK:
                row(stack, what, __file__, stack, what, url)


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            main()
        case ["serve"]:
            asyncio.run(serve())
        case [stack, what, url]:
            asyncio.run(
                {"homeport": homeport, "httpx2": httpx2, "aiohttp": aiohttp}[stack](url, *WORK[what])
            )
        case _:
            sys.exit(__doc__)
