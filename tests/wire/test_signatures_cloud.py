"""Our signatures against those that the vendors' own SDKs made."""

from __future__ import annotations

import json
import sys
import traceback
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from homeport.core.errors import BadCredentials, ConfigError
from homeport.core.secret import Secret
from homeport.wire import sign_ovh, sign_rs256
from homeport.wire.http import Request
from tests.fakes.googleclouddns import key_of, pem

VECTORS: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "vectors" / "signatures_cloud.json").read_text("utf-8")
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


def test_a_service_account_signs_what_others_can_verify() -> None:
    text = sign_rs256.assertion(account(), "a-scope", "https://tokens.test/", 1_800_000_000.5).reveal()
    head, claims, signature = (urlsafe_b64decode(part + "==") for part in text.split("."))
    assert json.loads(head) == {"alg": "RS256", "typ": "JWT", "kid": "7"}
    assert json.loads(claims) == {
        "iss": "me@example.com",
        "scope": "a-scope",
        "aud": "https://tokens.test/",
        "iat": 1_800_000_000,
        "exp": 1_800_003_600,
    }
    signed = text.rpartition(".")[0].encode()
    key_of("key").public_key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())


def account(**more: object) -> sign_rs256.ServiceAccount:
    said = {"client_email": "me@example.com", "private_key": pem("key"), "private_key_id": "7"}
    return sign_rs256.service_account(Secret(json.dumps(said | more)))


@pytest.mark.parametrize("text", ["s3cr3t", '"s3cr3t"', '["s3cr3t"]', '{"private_key": "s3cr3t"}'])
def test_what_is_no_key_file_is_named_and_not_quoted(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        sign_rs256.service_account(Secret(text))
    assert "s3cr3t" not in str(caught.value)


def test_a_key_that_cannot_be_read_is_not_quoted() -> None:
    found = account(private_key="-----BEGIN s3cr3t")
    with pytest.raises(BadCredentials) as caught:
        sign_rs256.assertion(found, "", "", 0.0)
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


def test_without_cryptography_a_person_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    found = account()
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)
    with pytest.raises(BadCredentials, match=r'pip install "homeport\[google\]"'):
        sign_rs256.assertion(found, "", "", 0.0)
