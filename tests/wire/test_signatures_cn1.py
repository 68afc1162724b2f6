"""The signatures of Alibaba Cloud and Tencent Cloud, against those that their own SDKs made."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from homeport.core.secret import Secret
from homeport.wire import sign_acs3, sign_tc3
from homeport.wire.http import Request

VECTORS: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "vectors" / "signatures_cn1.json").read_text(encoding="utf-8")
)


def authorization(request: Request) -> str:
    value = request.headers["authorization"]
    assert isinstance(value, Secret)
    return value.reveal()


def acs3(vector: dict[str, Any], token: Secret | None = None) -> Request:
    said = vector["headers"]
    made = ("x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256", "host")
    request = Request(
        vector["method"],
        f"https://{said['host']}/",
        {name: vector["query"][name] for name in reversed(vector["query"])},
        {name: value for name, value in said.items() if name not in made},
        vector["body"].encode(),
    )
    return sign_acs3.signed(
        request,
        vector["access_key_id"],
        Secret(vector["access_key_secret"]),
        datetime.fromisoformat(said["x-acs-date"]).timestamp(),
        said["x-acs-signature-nonce"],
        version=said["x-acs-version"],
        token=token,
    )


@pytest.mark.parametrize("name", ["aliyun_v3_query", "aliyun_v3_form"])
def test_acs3_signs_as_the_sdk_does(name: str) -> None:
    vector = VECTORS[name]
    request = acs3(vector)
    assert authorization(request) == vector["authorization"]
    assert {"host", *request.headers} == {*vector["headers"], "authorization"}
    assert all(
        request.headers[name] == vector["headers"][name] for name in vector["headers"] if name != "host"
    )


def test_acs3_signs_the_token_of_a_lent_key() -> None:
    request = acs3(VECTORS["aliyun_v3_query"], Secret("lent"))
    assert request.headers["x-acs-security-token"] == Secret("lent")
    assert ";x-acs-security-token;" in authorization(request)
    assert authorization(request) != authorization(acs3(VECTORS["aliyun_v3_query"], Secret("other")))


def tc3(vector: dict[str, Any], now: float, token: Secret | None = None) -> Request:
    said = vector["headers"]
    headers = {"content-type": said["Content-Type"], "x-tc-action": said["X-TC-Action"]}
    request = Request(vector["method"], f"https://{said['Host']}/", {}, headers, vector["body"].encode())
    secret = Secret(vector["secret_key"])
    service = said["Host"].partition(".")[0]
    return sign_tc3.signed(
        request,
        vector["secret_id"],
        secret,
        now,
        service=service,
        version=said["X-TC-Version"],
        token=token,
    )


def test_tc3_signs_as_the_sdk_does() -> None:
    vector = VECTORS["tencent_tc3_modify"]
    request = tc3(vector, 1767323045.9)
    assert authorization(request) == vector["headers"]["Authorization"]
    assert request.headers["x-tc-timestamp"] == vector["headers"]["X-TC-Timestamp"]
    assert request.headers["x-tc-version"] == vector["headers"]["X-TC-Version"]


def test_tc3_knows_the_day_in_utc_and_says_the_token_of_a_lent_key() -> None:
    vector = VECTORS["tencent_tc3_modify"]
    midnight = 1767312000.0  # 2026-01-02T00:00:00Z
    assert "/2026-01-02/" in authorization(tc3(vector, midnight))
    assert "/2026-01-01/" in authorization(tc3(vector, midnight - 1))
    assert tc3(vector, midnight, Secret("lent")).headers["x-tc-token"] == Secret("lent")


def test_the_host_is_signed_as_it_is_sent() -> None:
    said = {
        "https://Dns.Example.com:443/": "dns.example.com",
        "https://dns.example.com:80/x": "dns.example.com:80",
        "http://127.0.0.1:80/": "127.0.0.1",
        "http://[::1]:8080/": "[::1]:8080",
    }
    assert {url: Request("GET", url).host for url in said} == said
