"""HTTP Digest access authentication (RFC 7616): the password itself never travels.  Pure.

Answered is `qop=auth` with MD5 or SHA-256, plain or `-sess`, and nothing else: a challenge without `qop`
lets whoever asks try a whole dictionary that was prepared beforehand (RFC 7616, 5.9), and `Basic` would
hand over the password.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import md5, sha256
from typing import NamedTuple

from ..core.errors import SourceError
from ..core.secret import Secret

_LONGEST = 4096  # characters of a header; real ones have a hundred
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # RFC 9110, 5.6.2: a "token"
_PART = re.compile(rf'({_WORD})(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|({_WORD})))?')


class Challenge(NamedTuple):
    """What a server wants proved."""

    realm: str
    nonce: str
    algorithm: str = "MD5"  # MD5, MD5-sess, SHA-256 or SHA-256-sess
    opaque: str | None = None
    stale: bool = False  # was the nonce too old, and nothing else wrong?


def challenge(header: str) -> Challenge:
    """The first one in a `WWW-Authenticate` field that can be answered; `SourceError` if there is none."""
    for scheme, said in _challenges(header[:_LONGEST]):
        offered = said.get("qop", "").lower().replace(",", " ").split()
        algorithm = _ALGORITHMS.get(said.get("algorithm", "MD5").upper())
        if scheme == "digest" and "auth" in offered and algorithm and {"realm", "nonce"} <= said.keys():
            stale = said.get("stale", "").lower() == "true"
            return Challenge(said["realm"], said["nonce"], algorithm, said.get("opaque"), stale)
    raise SourceError("asks for a login, but not by HTTP Digest with qop=auth: the password is not sent")


def authorization(
    asked: Challenge, user: Secret, password: Secret, *, method: str, target: str, count: int, cnonce: str
) -> dict[str, Secret]:
    """The header that answers: `target` as in the request line, `count` grows from 1 with each use."""
    times = f"{count:08x}"
    a1 = f"{user.reveal()}:{asked.realm}:{password.reveal()}"
    if asked.algorithm.endswith("-sess"):
        a1 = f"{_hash(asked, a1)}:{asked.nonce}:{cnonce}"
    proof = f"{asked.nonce}:{times}:{cnonce}:auth:{_hash(asked, f'{method}:{target}')}"
    parts = {
        "username": _quoted(user.reveal()),
        "realm": _quoted(asked.realm),
        "nonce": _quoted(asked.nonce),
        "uri": _quoted(target),
        "response": _quoted(_hash(asked, f"{_hash(asked, a1)}:{proof}")),
        "algorithm": asked.algorithm,
        "cnonce": _quoted(cnonce),
        "qop": "auth",
        "nc": times,
    }
    if asked.opaque is not None:
        parts["opaque"] = _quoted(asked.opaque)
    said = ", ".join(f"{name}={value}" for name, value in parts.items())
    return {"authorization": Secret(f"Digest {said}")}


_ALGORITHMS = {word.upper(): word for word in ("MD5", "MD5-sess", "SHA-256", "SHA-256-sess")}


def _hash(asked: Challenge, text: str) -> str:
    octets = text.encode("utf-8", "surrogatepass")
    if asked.algorithm.startswith("SHA-256"):
        return sha256(octets).hexdigest()
    return md5(octets, usedforsecurity=False).hexdigest()  # what the routers speak


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _challenges(header: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Scheme and parameters of each, names in lower case (RFC 9110, 11.6.1); the first of a name counts."""
    scheme, said = "", dict[str, str]()
    for found in _PART.finditer(header):
        word, quoted, plain = found.groups()
        if quoted is not None or plain is not None:
            value = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            said.setdefault(word.lower(), value)
        else:
            yield scheme, said
            scheme, said = word.lower(), {}
    yield scheme, said
