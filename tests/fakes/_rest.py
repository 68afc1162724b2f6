"""What the stand-ins of REST services share: a zone of rows, refusals, pages."""

from __future__ import annotations

import json
from typing import Any

from homeport.wire.http import Reply, Request

from . import Fake, answer, query


class Failure(Exception):
    """The service says no; whatever the request changed is undone."""

    def __init__(self, status: int, payload: object) -> None:
        super().__init__(status, payload)
        self.status, self.payload = status, payload


class RestFake(Fake):
    """A subclass says how its service is spoken to (`serve`) and what its refusals look like.

    `serve` gets the method, the path below `base` cut at its slashes, the query and the decoded body.
    """

    base: str
    missing: tuple[int, object] = (404, {"message": "not found"})
    denied: tuple[int, object] = (422, {"message": "this record is not allowed"})
    twice: tuple[int, object] = (422, {"message": "this record is there already"})

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        raise NotImplementedError

    def authorised(self, request: Request) -> None:
        """Raise `Failure` for wrong credentials."""
        raise NotImplementedError

    def __call__(self, request: Request) -> Reply:
        before = [dict(row) for row in self.rows]
        try:
            self.authorised(request)
            if not request.url.startswith(self.base):
                raise Failure(*self.missing)
            path = request.url.removeprefix(self.base).strip("/").split("/")
            new = self.decoded(request.body) if request.body else None
            return self.serve(request.method, path, query(request), new)
        except Failure as failure:
            self.rows = before
            return answer(failure.payload, failure.status)

    def decoded(self, body: bytes) -> Any:
        """A body as `serve` gets it; services that take forms override this."""
        return json.loads(body)

    def inside(self, apex: str) -> list[dict[str, Any]]:
        """The rows of a zone of this account."""
        if apex != self.zone:
            raise Failure(*self.missing)
        return self.rows

    def row(self, id: str) -> dict[str, Any]:
        for row in self.rows:
            if row["id"] == id:
                return row
        raise Failure(*self.missing)

    def full(self, label: str, apex: str = "@") -> str:
        """The owner name of a label relative to the zone."""
        return self.zone if label in (apex, "") else f"{label}.{self.zone}"

    def label(self, row: dict[str, Any], apex: str = "@") -> str:
        return apex if row["owner"] == self.zone else row["owner"].removesuffix(f".{self.zone}")

    def create(
        self, owner: str, rrtype: str, address: str, ttl: int | None = None, **more: Any
    ) -> dict[str, Any]:
        row = self.add(owner, rrtype, address, **({"ttl": ttl} if ttl else {}), **more)
        self.valid(row)
        return row

    def store(self, owner: str, rrtype: str, addresses: list[str], ttl: int) -> None:
        """Make the RRset be that; rows whose address stays remain the rows that they are."""
        held = [row for row in self.rows if (row["owner"], row["type"]) == (owner, rrtype)]
        for row in held:
            row["ttl"] = ttl
            if row["address"] not in addresses:
                self.rows.remove(row)
        for address in addresses:
            if address not in [row["address"] for row in held]:
                self.create(owner, rrtype, address, ttl)

    def change(self, id: str, **new: Any) -> dict[str, Any]:
        row = self.row(id)
        row.update(new)
        self.valid(row)
        return row

    def valid(self, row: dict[str, Any]) -> None:
        """Raise `Failure` for a row that the service would not take."""
        if row["owner"] in self.refused or not f".{row['owner']}".endswith(f".{self.zone}"):
            raise Failure(*self.denied)
        same = ("owner", "type", "address")
        if any(all(r[key] == row[key] for key in same) for r in self.rows if r is not row):
            raise Failure(*self.twice)

    def paged(
        self, rows: list[Any], asked: dict[str, str], *, size: str = "per_page", page: str = "page"
    ) -> list[Any]:
        """The rows of the page that is asked for."""
        most, number = int(asked.get(size, 20)), int(asked.get(page, 1))
        return rows[(number - 1) * most : number * most]
