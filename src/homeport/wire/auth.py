"""Ways to authorise a request.  Besides the transports, the only module that may reveal a secret."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import blake2b

from ..core.secret import Secret
from .http import Content


def bearer(token: Secret) -> dict[str, Secret]:
    """RFC 6750, 2.1."""
    return {"authorization": Secret(f"Bearer {token.reveal()}")}


def basic(user: str, password: Secret) -> dict[str, Secret]:
    """RFC 7617."""
    pair = f"{user}:{password.reveal()}".encode()
    return {"authorization": Secret("Basic " + b64encode(pair).decode())}


def token(scheme: str, value: Secret) -> dict[str, Secret]:
    """`Authorization: Token ...` and its relatives."""
    return {"authorization": Secret(f"{scheme} {value.reveal()}")}


def key(name: str, value: Secret) -> dict[str, Secret]:
    """A header of the service's own, such as `X-API-Key: ...`."""
    return {name: value}


def form(fields: Mapping[str, str | Secret]) -> Content:
    """`application/x-www-form-urlencoded` (URL Standard, 5), secrets revealed."""
    from urllib.parse import urlencode  # noqa: PLC0415 - few services take forms

    plain = {name: value.reveal() if isinstance(value, Secret) else value for name, value in fields.items()}
    return Content("application/x-www-form-urlencoded", urlencode(plain).encode())


def json_of(body: object) -> Content:
    """JSON (RFC 8259), secrets revealed."""
    import json  # noqa: PLC0415 - a run that meets no JSON does not pay for it

    return Content("application/json", json.dumps(body, default=_reveal).encode())


def _reveal(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def within(values: Iterable[object]) -> list[Secret]:
    """The secrets among the values, and in the tables among them."""
    found: list[Secret] = []
    for value in values:
        found += within(value.values()) if isinstance(value, Mapping) else []
        found += [value] if isinstance(value, Secret) else []
    return found


def scrub(text: str, secrets: Iterable[Secret]) -> str:
    """`text` without the secrets, in the forms in which a server may quote them back.

    As they are, percent-encoded (RFC 3986, 2.1), as in `repr`, and what follows the scheme of an
    authorization header.
    """
    from urllib.parse import quote, quote_plus  # noqa: PLC0415 - only after a failure

    forms: set[str] = set()
    for secret in secrets:
        plain = secret.reveal()
        scheme, _, credentials = plain.partition(" ")
        for word in [plain, credentials] if scheme.isalpha() and len(credentials) > 7 else [plain]:
            forms |= {word, quote(word), quote(word, safe=""), quote_plus(word), repr(word)[1:-1]}
    for form in sorted(forms - {""}, key=len, reverse=True):
        text = text.replace(form, "***")
    return text


def digest(settings: Mapping[str, object], salt: bytes) -> str:
    """32 hexadecimal digits that change with any of the settings, secrets included.

    Keyed BLAKE2b (RFC 7693) with up to 64 octets of salt.
    """
    state = blake2b(key=salt, digest_size=16)
    flat: dict[str, object] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}\0{key}": inner for key, inner in value.items()}
        else:
            flat[name] = value
    for name, value in sorted(flat.items()):
        plain = value.reveal() if isinstance(value, Secret) else repr(value)
        for part in (name, type(value).__name__, plain):
            octets = part.encode("utf-8", "surrogatepass")
            state.update(len(octets).to_bytes(8) + octets)  # lengths keep "a", "bc" and "ab", "c" apart
    return state.hexdigest()
