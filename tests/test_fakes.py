"""Are the fakes true?  Each is held to recorded exchanges with its service (tests/exchanges)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from homeport.core.secret import Secret
from homeport.wire.http import Query, Request
from tests.fakes import Fake, ask, every_fake
from tests.fakes.cloudflare import FakeCloudflare
from tests.fakes.duckdns import FakeDuckDNS

EXCHANGES = Path(__file__).parent / "exchanges"
CLOUDFLARE = "https://api.cloudflare.com/client/v4"
BY_HAND = {"cloudflare", "duckdns"}  # held to their recordings by tests of their own, below


def folder(fake: type[Fake]) -> Path:
    return EXCHANGES / fake.__module__.rpartition(".")[2]


@pytest.mark.parametrize(
    ("make", "name"), [(fake, name) for fake in every_fake() for name in fake.exchanges]
)
def test_a_fake_answers_in_the_shape_of_its_service(make: type[Fake], name: str) -> None:
    fake = make()
    fake.add(f"www.{fake.zone}", "A", "192.0.2.10")
    fake.add(fake.owner, "A", "192.0.2.2")
    reply = ask(fake, *fake.exchanges[name])
    real = json.loads((folder(make) / f"{name}.json").read_text(encoding="utf-8"))["response"]
    assert reply.status == real["status"]
    if real["body"]:
        ours = reply.json() if isinstance(real["body"], dict | list) else reply.text
        fits(shape(ours), shape(real["body"]))
        assert type(ours) is type(real["body"]) and (not ours) == (not real["body"])
    else:
        assert reply.text in ("", "null", "[]", "{}")


def test_every_recording_is_used() -> None:
    recordings = {path for path in EXCHANGES.rglob("*") if path.is_file()}
    used = {folder(fake) / f"{name}.json" for fake in every_fake() for name in fake.exchanges}
    assert recordings - used == {p for p in recordings if p.parent.name in BY_HAND}


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
    reply, real = (
        ask(cloudflare(), method, f"{CLOUDFLARE}{path}", body),
        recorded(f"cloudflare/{name}")["response"],
    )
    assert reply.status == real["status"]
    assert shape(reply.json()).keys() == real["body"].keys()  # type: ignore[attr-defined]
    fits(shape(reply.json()), shape(real["body"]))


def test_the_fake_cloudflare_refuses_a_wrong_token_as_cloudflare_does() -> None:
    reply, real = (
        ask(cloudflare(), "GET", f"{CLOUDFLARE}/zones", key="wrong"),
        recorded("cloudflare/error_auth")["response"],
    )
    assert (reply.status, reply.json()) == (real["status"], real["body"])


def test_the_fake_cloudflare_answers_a_batch_as_cloudflare_does() -> None:
    reply, real = (
        ask(cloudflare(), "POST", f"{CLOUDFLARE}/zones/z1/dns_records/batch", BATCH),
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
