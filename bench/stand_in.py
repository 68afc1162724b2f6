"""A page that tells an address, and an API shaped like Cloudflare's, in a process of their own.

`python -m bench.stand_in LATENCY` (milliseconds, of the API only) prints its port and runs until its
standard input ends.  Beside the API of one zone, example.com, it takes

    PUT /address    from now on the page tells what the body says
    GET /address    the page
    DELETE /zone    the zone is empty again
    GET /count      {"requests": ..., "seconds": ...} of the API since the last time somebody asked:
                    seconds from the first request to the last answer
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

API = "/client/v4"
MOST_ROWS, MOST_OPERATIONS = 100, 200
Row = dict[str, Any]


class StandIn:
    """The zone, the address, and what was asked."""

    def __init__(self, latency: float) -> None:
        self.latency = latency
        self.address = b""
        self.rows: dict[str, Row] = {}
        self.ids = count(1)
        self.requests, self.first, self.last = 0, 0.0, 0.0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, kept alive."""
        clock = asyncio.get_running_loop().time
        try:
            while True:
                line, *fields = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, target, _ = line.split(" ")
                headers = {name.lower(): value for name, _, value in (f.partition(": ") for f in fields)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                asked = clock()
                if target.startswith(API):
                    self.requests += 1
                    self.first = self.first or asked
                    status, said = self.api(method, target.removeprefix(API), body)
                    await asyncio.sleep(asked + self.latency - clock())
                    self.last = clock()
                else:
                    status, said = 200, self.control(method, target, body)
                writer.write(f"HTTP/1.1 {status} -\r\ncontent-length: {len(said)}\r\n\r\n".encode() + said)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def control(self, method: str, target: str, body: bytes) -> bytes:
        if target == "/count":
            said = {"requests": self.requests, "seconds": self.last - self.first}
            self.requests, self.first = 0, 0.0
            return json.dumps(said).encode()
        if method == "DELETE":
            self.rows.clear()
        if method == "PUT":
            self.address = body
        return self.address

    def api(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        """The shapes are those of tests/exchanges/cloudflare."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        new = json.loads(body or b"null")
        match method, parts.path.strip("/").split("/"):
            case "GET", ["zones"]:
                zone = {"id": "z1", "name": "example.com", "status": "active"}
                return _page([zone] if query.get("name", zone["name"]) == zone["name"] else [], query)
            case "GET", ["zones", "z1", "dns_records"]:
                wanted = {key: query[key] for key in ("name", "type") if key in query}
                return _page([row for row in self.rows.values() if wanted.items() <= row.items()], query)
            case "POST", ["zones", "z1", "dns_records"]:
                return _result(self.create(new))
            case "PATCH", ["zones", "z1", "dns_records", id]:
                return _result(self.change({**new, "id": id}))
            case "DELETE", ["zones", "z1", "dns_records", id]:
                return _result(self.rows.pop(id))
            case "POST", ["zones", "z1", "dns_records", "batch"]:
                if sum(map(len, new.values())) > MOST_OPERATIONS:
                    return 400, _failure(9207, "Too many operations")
                return _result(
                    {
                        "deletes": [self.rows.pop(row["id"]) for row in new.get("deletes", ())],
                        "patches": [self.change(row) for row in new.get("patches", ())],
                        "posts": [self.create(row) for row in new.get("posts", ())],
                    }
                )
            case _:
                return 404, _failure(7003, f"Could not route to {parts.path}")

    def create(self, new: Row) -> Row:
        row = {"proxied": False, "comment": None, "tags": [], **new, "id": str(next(self.ids))}
        self.rows[row["id"]] = row
        return row

    def change(self, new: Row) -> Row:
        self.rows[new["id"]] |= new
        return self.rows[new["id"]]


def _page(rows: list[Row], query: Mapping[str, str]) -> tuple[int, bytes]:
    size, number = min(int(query.get("per_page", MOST_ROWS)), MOST_ROWS), int(query.get("page", 1))
    pages = -(-len(rows) // size)
    info = {"page": number, "per_page": size, "total_count": len(rows), "total_pages": pages}
    return _result(rows[(number - 1) * size : number * size], result_info=info)


def _result(value: object, **more: object) -> tuple[int, bytes]:
    said = {"result": value, "success": True, "errors": [], "messages": [], **more}
    return 200, json.dumps(said).encode()


def _failure(code: int, message: str) -> bytes:
    told = [{"code": code, "message": message}]
    return json.dumps({"result": None, "success": False, "errors": told, "messages": []}).encode()


async def main(latency: float) -> None:
    server = await asyncio.start_server(StandIn(latency).talk, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) / 1000))
