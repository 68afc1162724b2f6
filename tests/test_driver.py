"""What the driver base does for drivers that are still to be written."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import pytest

from homeport.core.dns import Key, Name, Present, Record, RRset
from homeport.core.errors import ProviderError, Unintelligible, Unreachable
from homeport.core.plan import Change
from homeport.core.secret import Secret
from homeport.driver import Api, HttpProvider, Settled, Task, one_by_one, owner_of
from homeport.wire.auth import basic
from homeport.wire.http import Query, Reply, Request
from tests.contract.test_every_driver import NoDns, run
from tests.fakes import query


@dataclass(frozen=True, kw_only=True)
class Pager(HttpProvider):
    """A service whose lists go on at `next`, or tell how many `pages` they have."""

    key: Annotated[Secret, "a key"]

    title = "Pager"
    example = {"key": "k"}
    base = "https://pager.test"

    def headers(self) -> dict[str, Secret]:
        return basic("me", self.key)

    def next_page(self, payload: Any, reply: Reply) -> Query | None:
        return {"page": str(payload["next"])} if payload.get("next") else None

    def later_pages(self, payload: Any) -> Iterable[Query]:
        return ({"page": str(number)} for number in range(2, payload.get("pages", 1) + 1))

    async def look(self, api: Api, keys: Collection[Key]) -> Mapping[Key, Present | ProviderError]:
        return {}

    def changes(self, wanted: RRset, present: Collection[Record]) -> tuple[Change, ...]:
        return ()

    async def write(self, api: Api, tasks: Sequence[Task], settled: Settled) -> None:
        settled({})


@dataclass
class Scripted:
    """A transport that answers from a function of the page asked for."""

    answer: Callable[[int], object]
    sent: list[Request]

    async def send(self, request: Request) -> Reply:
        self.sent.append(request)
        found = self.answer(int(query(request).get("page", "1")))
        return found if isinstance(found, Reply) else Reply(200, json.dumps(found).encode())


def api(answer: Callable[[int], object]) -> tuple[Api, list[Request]]:
    sent: list[Request] = []
    return Api(
        Pager(key=Secret("pässword with space")), Scripted(answer, sent), NoDns(), now=lambda: 0.0
    ), sent


def test_a_list_is_read_to_its_end_page_after_page() -> None:
    pager, sent = api(lambda n: {"rows": [n], "next": n + 1 if n < 4 else None})
    assert run(pager.rows("/x", "rows", size="1")) == [1, 2, 3, 4]
    assert [query(request) for request in sent[:2]] == [{"size": "1"}, {"size": "1", "page": "2"}]


def test_a_list_that_tells_how_many_pages_it_has_is_read_at_once() -> None:
    pager, sent = api(lambda n: {"rows": [n], "pages": 4})
    assert run(pager.rows("/x", "rows")) == [1, 2, 3, 4]
    assert len(sent) == 4


@pytest.mark.parametrize("payload", [{"rows": [], "next": 1}, {"rows": [], "pages": 10**9}])
def test_a_list_without_an_end_does_not_hold_us(payload: object) -> None:
    pager, sent = api(lambda n: payload)
    with pytest.raises(Unintelligible, match="Pager"):
        run(pager.rows("/x", "rows"))
    assert len(sent) <= 1000


def test_of_several_requests_the_first_error_is_raised_and_none_is_left_behind() -> None:
    async def work(number: int) -> int:
        if number == 2:
            raise Unreachable("no")
        return number

    left: list[Awaitable[int]] = [work(n) for n in (1, 2, 3)]
    with pytest.raises(Unreachable):
        run(one_by_one(left))
    assert run(one_by_one([work(n) for n in (1, 3)])) == [1, 3]


@pytest.mark.parametrize(
    "quoted",
    [
        "pässword with space",
        "p%C3%A4ssword%20with%20space",
        "p%C3%A4ssword+with+space",
        "bWU6cMOkc3N3b3JkIHdpdGggc3BhY2U=",
        "Basic bWU6cMOkc3N3b3JkIHdpdGggc3BhY2U=",
    ],
)
@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_no_message_quotes_a_secret_in_whatever_form_it_comes_back(status: int, quoted: str) -> None:
    pager, _ = api(lambda n: Reply(status, f"you said\n{quoted}, no".encode()))
    with pytest.raises(ProviderError) as caught:
        run(pager.get("/x"))
    assert "***" in str(caught.value) and quoted not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_message_quotes_the_hidden_end_of_a_url() -> None:
    pager, sent = api(lambda n: Reply(400, b"no such thing: /u/t0ken/ (t0ken)"))
    request, reply = run(pager.send("GET", "/u/", hidden=Secret("t0ken/")))
    with pytest.raises(ProviderError) as caught:
        pager.judge(request, reply)
    assert "t0ken" not in f"{caught.value} {request} {request!r}" and "***" in str(caught.value)
    assert sent == [request]


def test_the_pages_of_a_proxy_are_not_quoted() -> None:
    pager, _ = api(lambda n: Reply(502, b"\n <!DOCTYPE html><style>body { color: red }"))
    with pytest.raises(Unreachable, match=r"^GET https://pager.test/x: 502 a web page$"):
        run(pager.get("/x"))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Home.Example.COM.", "home.example.com"),
        ("münchen.de", "xn--mnchen-3ya.de"),
        ("-odd-.de", None),
        ("", None),
    ],
)
def test_the_owner_of_a_row_is_a_name_or_none_that_concerns_us(text: str, name: str | None) -> None:
    assert owner_of(text) == (Name(name) if name else None)
