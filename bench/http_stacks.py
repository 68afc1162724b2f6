"""What one HTTP stack costs against another, on this machine, in one run: `python bench/http_stacks.py`.

A server in a process of its own answers every GET with 256 octets.  Each row is the median of three
fresh processes, measured by the kernel (`wait4`): wall clock, CPU, largest resident set.

    start   import the stack and do one GET
    one     200 GETs, one after the other, over one kept connection
    ten     1,000 GETs over ten kept connections

The stacks other than ours are optional (`pip install httpx2 aiohttp`).  POSIX only, for `wait4`.
"""

# A child's largest resident set begins with that of the process that spawned it (Linux, exec), so
# this process imports as little as `python -c pass` does; the children import what they need.
from __future__ import annotations

import os
import sys
import time
from collections.abc import Awaitable, Callable
from importlib.machinery import PathFinder

Get = Callable[[], Awaitable[int]]
WORK = {"start": (1, 1), "one": (200, 1), "ten": (1000, 10)}  # GETs, connections
BODY = b"x" * 256
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 256\r\n\r\n" + BODY
ROUNDS = 3


async def load(get: Get, count: int, at_once: int) -> None:
    """`count` GETs, `at_once` of them under way at any time."""
    import asyncio

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


STACKS = {stack.__name__: stack for stack in (homeport, httpx2, aiohttp)}


async def serve() -> None:
    """Answer everything on a free port of 127.0.0.1, and say which."""
    import asyncio

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def spawn(*words: str, stdout: int = 1) -> int:
    return os.posix_spawn(
        sys.executable,
        [sys.executable, *words],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, stdout, 1)],
    )


def measure(*words: str) -> tuple[float, float, float]:
    """One process: seconds, CPU seconds, peak MiB."""
    began = time.perf_counter()
    _, status, usage = os.wait4(spawn(*words), 0)
    seconds = time.perf_counter() - began
    if status:
        raise SystemExit(f"{' '.join(words)}: exit status {os.waitstatus_to_exitcode(status)}")
    per_mib = 1024 * 1024 if sys.platform == "darwin" else 1024
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / per_mib


def row(stack: str, what: str, *words: str) -> None:
    runs = [measure(*words) for _ in range(ROUNDS)]
    seconds, cpu, peak = (sorted(column)[ROUNDS // 2] for column in zip(*runs, strict=True))
    print(f"{stack:<10} {what:<6} {seconds:>9.3f} {cpu:>9.3f} {peak:>9.1f}", flush=True)


def main() -> None:
    ours, theirs = os.pipe()
    server = spawn(__file__, "serve", stdout=theirs)
    os.close(theirs)
    try:
        with os.fdopen(ours) as said:
            url = f"http://127.0.0.1:{int(said.readline())}/"
        print(f"{'stack':<10} {'work':<6} {'seconds':>9} {'CPU s':>9} {'peak MiB':>9}")
        row("python", "pass", "-c", "pass")
        for stack in STACKS:
            if stack != "homeport" and PathFinder.find_spec(stack) is None:
                print(f"{stack:<10} not installed: pip install {stack}")
                continue
            for what in WORK:
                row(stack, what, __file__, stack, what, url)
    finally:
        os.kill(server, 15)
        os.waitpid(server, 0)


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            main()
        case ["serve"]:
            import asyncio

            asyncio.run(serve())
        case [stack, what, url]:
            import asyncio

            asyncio.run(STACKS[stack](url, *WORK[what]))
        case _:
            sys.exit(__doc__)
