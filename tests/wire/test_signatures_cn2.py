"""Our signatures against those that the vendors' own libraries made (tests/vectors)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from homeport.core.secret import Secret
from homeport.wire import sign_aws, sign_bce, sign_huawei
from homeport.wire.http import Request
from homeport.wire.sign_aws import AWS, VOLCENGINE, Credentials
from tests.fakes import header

VECTORS: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "vectors" / "signatures_cn2.json").read_text("utf-8")
)
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp() + 0.9
HOSTS = {"baidu_bce_v1": "bcd.baidubce.com"}


def request_of(name: str) -> Request:
    vector = VECTORS[name]
    told = {key.lower(): value for key, value in vector.get("headers", {}).items()}
    host = told.get("host") or HOSTS.get(name)
    url = urlsplit(vector.get("url") or f"https://{host}{vector.get('path', '/')}")
    query = dict(vector["query"]) if "query" in vector else dict(parse_qsl(url.query))
    typed = {"content-type": told["content-type"]} if "content-type" in told else {}
    bare = f"{url.scheme}://{url.netloc}{url.path}"
    return Request(vector["method"], bare, query, typed, vector.get("body", "").encode())


def signed(name: str, request: Request) -> Request:
    vector = VECTORS[name]
    token = vector.get("session_token")
    keys = Credentials(vector["access_key"], Secret(vector["secret_key"]), Secret(token) if token else None)
    match name.partition("_")[0]:
        case "aws":
            return sign_aws.sign(request, AWS, keys, ("us-east-1", "route53"), NOW)
        case "volcengine":
            where = vector["region"], vector["service"]
            return sign_aws.sign(request, VOLCENGINE, keys, where, NOW)
        case "huawei":
            return sign_huawei.sign(request, keys, NOW)
        case _:
            return sign_bce.sign(request, keys, NOW)


@pytest.mark.parametrize("name", VECTORS)
def test_a_signature_is_the_one_that_the_vendor_makes(name: str) -> None:
    vector = VECTORS[name]
    found = signed(name, request_of(name))
    told = vector.get("headers") or {"Authorization": vector["authorization"]}
    for field, value in told.items():
        if field != "Host":  # the transport's
            assert header(found, field.lower()) == value


@pytest.mark.parametrize("name", VECTORS)
@pytest.mark.parametrize("change", ["method", "url", "query", "host"])
def test_whatever_is_signed_changes_the_signature(name: str, change: str) -> None:
    before = request_of(name)
    other = {
        "method": Request("PATCH", before.url, before.query, before.headers, before.body),
        "url": Request(before.method, before.url + "/x", before.query, before.headers, before.body),
        "query": Request(before.method, before.url, {"x": "1"}, before.headers, before.body),
        "host": Request(
            before.method, before.url.replace(".", "-", 1), before.query, before.headers, before.body
        ),
    }[change]
    one, two = (header(signed(name, request), "authorization") for request in (before, other))
    assert one != two


def test_the_port_of_the_scheme_is_not_part_of_the_host_and_any_other_is() -> None:
    assert sign_aws.authority(Request("GET", "https://A.test:443/x")) == "a.test"
    assert sign_aws.authority(Request("GET", "http://127.0.0.1:443/x")) == "127.0.0.1:443"


@pytest.mark.parametrize("name", VECTORS)
def test_no_key_and_no_token_shows_itself(name: str) -> None:
    told = repr(signed(name, request_of(name)))
    assert VECTORS[name]["secret_key"] not in told
    assert str(VECTORS[name].get("session_token")) not in told
