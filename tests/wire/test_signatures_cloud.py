"""Our signatures against those that the vendors' own SDKs made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from homeport.core.secret import Secret
from homeport.wire import sign_ovh
from homeport.wire.http import Request

VECTORS: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "vectors" / "signatures_cloud.json").read_text()
)


@pytest.mark.parametrize("name", ["ovh_put", "ovh_get"])
def test_ovh(name: str) -> None:
    vector = VECTORS[name]
    url, _, query = vector["url"].partition("?")
    bare = Request(vector["method"], url, dict(parse_qsl(query)), {}, vector["body"].encode())
    theirs = {header.lower(): value for header, value in vector["headers"].items()}
    stamp = float(theirs["x-ovh-timestamp"])
    keys = vector["app_key"], Secret(vector["app_secret"]), Secret(vector["consumer_key"])
    ours = sign_ovh.signed(bare, *keys, stamp)
    assert (ours.url, dict(ours.query)) == (vector["url"], {})
    for header, value in ours.headers.items():
        assert (value.reveal() if isinstance(value, Secret) else value) == theirs[header]


def test_ovh_signs_the_query_as_it_travels() -> None:
    bare = Request("GET", "https://eu.api.ovh.com/1.0/domain/zone/x/record", {"subDomain": "*.a b&c"})
    signed = sign_ovh.signed(bare, "app", Secret("s"), Secret("c"), 1.0)
    assert signed.url.endswith("/record?subDomain=%2A.a%20b%26c")
