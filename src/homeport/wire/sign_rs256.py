"""Assertions of a service account: JSON Web Tokens (RFC 7519, RFC 7523) signed with RS256 (RFC 7518, 3.3).

RSA is no business of ours: it comes from `cryptography`, an extra that nobody else pays for.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import NamedTuple

from ..core.errors import BadCredentials, ConfigError
from ..core.secret import Secret

LIFETIME = 3600  # seconds, the most that Google takes
_FIELDS = ("client_email", "private_key")


class ServiceAccount(NamedTuple):
    """What the JSON key file of a service account says."""

    email: str
    key: Secret  # PEM
    key_id: str | None
    project: str | None


def service_account(credentials: Secret) -> ServiceAccount:
    """Read a key file; `ConfigError` for a text that is none, which is not quoted."""
    try:
        found = json.loads(credentials.reveal())
    except ValueError:
        raise ConfigError("this is not JSON") from None
    if not isinstance(found, dict) or not all(isinstance(found.get(name), str) for name in _FIELDS):
        raise ConfigError("this is not the key of a service account: it lacks client_email or private_key")
    key_id, project = found.get("private_key_id"), found.get("project_id")
    return ServiceAccount(
        found["client_email"],
        Secret(found["private_key"]),
        key_id if isinstance(key_id, str) else None,
        project if isinstance(project, str) else None,
    )


def assertion(account: ServiceAccount, scope: str, audience: str, now: float) -> Secret:
    """A token that says who asks for what; `BadCredentials` if it cannot be signed."""
    header = {"alg": "RS256", "typ": "JWT"} | ({"kid": account.key_id} if account.key_id else {})
    issued = int(now)
    claims = {
        "iss": account.email,
        "scope": scope,
        "aud": audience,
        "iat": issued,
        "exp": issued + LIFETIME,
    }
    text = b".".join(
        _encoded(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims)
    )
    return Secret((text + b"." + _encoded(_signature(account.key, text))).decode())


def _signature(pem: Secret, text: bytes) -> bytes:
    try:
        from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - an extra, and heavy
        from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415
    except ImportError:
        raise BadCredentials(
            'a service account needs the cryptography package: pip install "homeport[google]"'
        ) from None
    try:
        key = serialization.load_pem_private_key(pem.reveal().encode(), password=None)
    except (ValueError, TypeError):  # what it says may quote the key
        raise BadCredentials("the private_key of the service account cannot be read") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise BadCredentials("the private_key of the service account is no RSA key")
    return key.sign(text, padding.PKCS1v15(), hashes.SHA256())


def _encoded(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")
