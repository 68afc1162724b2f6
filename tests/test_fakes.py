"""Are the fakes true?  Each is held to recorded exchanges with its service (tests/exchanges)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from homeport.core.secret import Secret
from homeport.wire.http import Query, Reply, Request
from tests.fakes import Fake
from tests.fakes.cloudflare import FakeCloudflare
from tests.fakes.duckdns import FakeDuckDNS

EXCHANGES = Path(__file__).parent / "exchanges"


def recorded(name: str) -> dict[str, Any]:
    exchange: dict[str, Any] = json.loads((EXCHANGES / f"{name}.json").read_text(encoding="utf-8"))
    return exchange


def shape(value: object) -> object:
    """Types instead of values; of a list, the shape of its first element."""
    match value:
        case dict():
            return {key: shape(inside) for key, inside in value.items()}
        case list():
            return [shape(inside) for inside in value[:1]]
        case _:
            return type(value).__name__


def fits(ours: object, theirs: object, at: str = "") -> None:
    """Whatever the fake says, the service says too, and in the same type; null may be anything."""
    match ours, theirs:
        case dict(), dict() if at.rpartition(".")[2] not in ("settings", "meta"):
            assert ours.keys() <= theirs.keys(), f"{at}: only the fake has {ours.keys() - theirs.keys()}"
            for key in ours:
                fits(ours[key], theirs[key], f"{at}.{key}")
        case [one, *_], [other, *_]:
            fits(one, other, f"{at}[]")
        case (list(), list()) | (dict(), dict()):
            pass
        case _:
            assert ours == theirs or "NoneType" in (ours, theirs), f"{at}: {ours} instead of {theirs}"


def cloudflare() -> FakeCloudflare:
    fake = FakeCloudflare()
    fake.add("localhost.example.com", "A", "192.0.2.1")
    fake.add("home.example.com", "A", "192.0.2.2")
    fake.add("home.example.com", "A", "192.0.2.3")
    return fake


def send(fake: Fake, method: str, path: str, body: object = None, *, key: str | None = None) -> Reply:
    url, _, query = f"https://api.cloudflare.com/client/v4{path}".partition("?")
    return fake(
        Request(
            method,
            url,
            dict(pair.split("=") for pair in query.split("&")) if query else {},
            {"authorization": Secret(f"Bearer {fake.good if key is None else key}")},
            b"" if body is None else json.dumps(body).encode(),
        )
    )


RECORD = {"type": "A", "name": "www.example.com", "content": "192.0.2.10", "ttl": 3600}
BATCH: dict[str, list[dict[str, Any]]] = {
    "deletes": [{"id": "2"}],
    "patches": [{"id": "3", "content": "192.0.2.7"}],
    "posts": [
        {"type": "A", "name": "home.example.com", "content": "192.0.2.8", "ttl": 1, "proxied": False}
    ],
}


@pytest.mark.parametrize(
    ("name", "method", "path", "body"),
    [
        ("zones_list", "GET", "/zones?page=1&per_page=100", None),
        ("records_list", "GET", "/zones/z1/dns_records?per_page=100&type=A&name=home.example.com", None),
        ("record_create", "POST", "/zones/z1/dns_records", RECORD),
        ("record_update_put", "PATCH", "/zones/z1/dns_records/1", {"content": "192.0.2.9"}),
        ("record_delete", "DELETE", "/zones/z1/dns_records/1", None),
        (
            "error_identical_record",
            "POST",
            "/zones/z1/dns_records",
            RECORD | {"name": "home.example.com", "content": "192.0.2.3"},
        ),
    ],
)
def test_the_fake_cloudflare_answers_in_the_shapes_of_cloudflare(
    name: str, method: str, path: str, body: object
) -> None:
    reply, real = send(cloudflare(), method, path, body), recorded(f"cloudflare/{name}")["response"]
    assert reply.status == real["status"]
    assert shape(reply.json()).keys() == real["body"].keys()  # type: ignore[attr-defined]
    fits(shape(reply.json()), shape(real["body"]))


def test_the_fake_cloudflare_refuses_a_wrong_token_as_cloudflare_does() -> None:
    reply, real = (
        send(cloudflare(), "GET", "/zones", key="wrong"),
        recorded("cloudflare/error_auth")["response"],
    )
    assert (reply.status, reply.json()) == (real["status"], real["body"])


def test_the_fake_cloudflare_answers_a_batch_as_cloudflare_does() -> None:
    reply, real = (
        send(cloudflare(), "POST", "/zones/z1/dns_records/batch", BATCH),
        recorded("cloudflare/batch"),
    )
    result, theirs = reply.json()["result"], real["response"]["body"]["result"]
    assert reply.json().keys() == real["response"]["body"].keys()
    assert result.keys() == theirs.keys()
    assert result["puts"] is theirs["puts"] is None
    for kind in "deletes", "patches", "posts":
        for ours, other in zip(result[kind], theirs[kind], strict=True):
            assert other.keys() <= ours.keys()  # the recorded records are shortened
            assert {k: ours[k] for k in ("name", "type")} == {k: other[k] for k in ("name", "type")}
    assert real["request"]["body"].keys() == BATCH.keys()
    assert real["request"]["body"]["posts"][0].keys() == BATCH["posts"][0].keys()


def test_the_fake_duck_dns_answers_a_verbose_update_as_duck_dns_does() -> None:
    exchange, fake = recorded("duckdns/update_verbose"), FakeDuckDNS()
    query: Query = {"domains": "home", "ip": "192.0.2.10", "verbose": "true", "token": Secret(fake.good)}
    reply = fake(Request("GET", "https://www.duckdns.org/update", query))
    assert (reply.status, reply.body.decode()) == (200, exchange["response"]["body"])
    assert exchange["request"]["url"].startswith("https://www.duckdns.org/update?domains=")
