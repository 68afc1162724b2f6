"""Ways to authorise a request.  Few modules may reveal a secret: this one, the transports, the signers."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import blake2b, sha1
from typing import NamedTuple

from ..core.errors import ConfigError
from ..core.secret import Secret, SecretUrl
from .http import NOTHING, Content


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


def pair(scheme: str, name: Secret, value: Secret) -> dict[str, Secret]:
    """`Authorization: sso-key NAME:VALUE`, plain."""
    return {"authorization": Secret(f"{scheme} {name.reveal()}:{value.reveal()}")}


def key(name: str, value: Secret) -> dict[str, Secret]:
    """A header of the service's own, such as `X-API-Key: ...`."""
    return {name: value}


def cookies(jar: Mapping[str, Secret]) -> dict[str, Secret]:
    """RFC 6265, 5.4: what a login gave, as the header that gives it back."""
    return {"cookie": Secret("; ".join(f"{name}={value.reveal()}" for name, value in jar.items()))}


def jar(set_cookie: str) -> dict[str, Secret]:
    """The cookies of a `Set-Cookie` header, several of them joined by commas; without attributes."""
    import re  # noqa: PLC0415 - few services use cookies

    pairs = re.findall(r"(?:^|, )([^=;, ]+)=([^;, ]+)", set_cookie)
    return {name: Secret(value.strip('"')) for name, value in pairs}


def joined(*parts: str | Secret) -> Secret:
    """Text with secrets in it, which is a secret itself: the path of a URL, say."""
    return Secret("".join(part.reveal() if isinstance(part, Secret) else part for part in parts))


def sha1_of(user: str, password: Secret) -> Secret:
    """The SHA-1 of "user|password" in hexadecimal digits, which FreeDNS takes for both."""
    return Secret(sha1(f"{user}|{password.reveal()}".encode(), usedforsecurity=False).hexdigest())


class Proxy(NamedTuple):
    """An HTTP proxy, and the headers that it wants."""

    host: str  # as it is written
    port: int
    headers: Mapping[str, Secret]
    secrets: tuple[Secret, ...]  # all that must not be quoted


def proxy(url: Secret) -> Proxy:
    """From `http://[user:password@]host[:port]` (RFC 9110, 11.7.2).

    Raises `ConfigError`, whose text quotes nothing of it.
    """
    from urllib.parse import unquote, urlsplit  # noqa: PLC0415 - few accounts have one

    try:
        split = urlsplit(url.reveal())
        port = 80 if split.port is None else split.port
    except ValueError:
        split, port = urlsplit(""), 0
    host = split.hostname or ""
    if (
        not (host and port)
        or split.scheme != "http"
        or split.path.strip("/")
        or split.query
        or split.fragment
    ):
        raise ConfigError(
            "must be a URL such as http://192.0.2.1:3128, or http://user:password@host:port with a password"
        ) from None
    if split.username is None:
        return Proxy(host, port, NOTHING, ())
    password = Secret(unquote(split.password or ""))
    header = basic(unquote(split.username), password)["authorization"]
    hidden = (password, Secret(split.password)) if split.password else (Secret(unquote(split.username)),)
    return Proxy(host, port, {"proxy-authorization": header}, (*hidden, header))


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
        if isinstance(value, SecretUrl):
            found += _login_in(value)
        elif isinstance(value, Secret):
            found.append(value)
    return found


def _login_in(url: SecretUrl) -> Iterable[Secret]:
    """What is secret in it: its host is not, and stands in many a message."""
    try:
        return proxy(url).secrets
    except ConfigError:  # whatever it is, nobody knows what of it is secret
        return (url,)


def scrub(text: str, secrets: Iterable[Secret]) -> str:
    """`text` without the secrets, in the forms in which a server may quote them back.

    As they are, percent-encoded (RFC 3986, 2.1), as in `repr` and in JSON, what follows the scheme of an
    authorization header, and without the slashes and the question mark of the end of a URL.
    """
    for form in sorted(_forms(secrets), key=len, reverse=True):
        text = text.replace(form, "***")
    return text


def veil(text: str, secrets: Iterable[Secret]) -> str:
    """The same, without any part of them that is long enough to be of use.

    For words that are only shown: of what a program reads, a part may mean something else.
    """
    secrets = list(secrets)
    parts = {form[i : i + _PART] for form in _forms(secrets) for i in range(len(form) - _PART + 1)}
    text = scrub(text, secrets)
    hits = [i for i in range(len(text)) if text[i : i + _PART] in parts] if parts else []
    found, done = "", 0  # `done`: up to where the text is taken, or hidden
    for i in hits:
        found += f"{text[done:i]}***" if i >= done else ""
        done = i + _PART
    return found + text[done:]


_PART = 8  # characters of a secret that nobody shall see together


def _forms(secrets: Iterable[Secret]) -> set[str]:
    import json  # noqa: PLC0415 - only after a failure
    from urllib.parse import quote, quote_plus  # noqa: PLC0415 - as above

    forms: set[str] = set()
    for secret in secrets:
        plain = secret.reveal()
        scheme, _, credentials = plain.partition(" ")
        bare = plain.strip("/?")
        for word in (
            [plain, bare, credentials] if scheme.isalpha() and len(credentials) > 7 else [plain, bare]
        ):
            forms |= {word, quote(word), quote(word, safe=""), quote_plus(word), repr(word)[1:-1]}
            forms |= {json.dumps(word)[1:-1], json.dumps(word, ensure_ascii=False)[1:-1]}
    return forms - {""}


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
