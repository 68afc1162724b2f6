"""The canaries: made at random, and found again in whatever disguise."""

from __future__ import annotations

import json
import random
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

PART = 8  # characters; a part of a secret that long is a leak
PLAIN = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
# What looks different in a URL, in JSON, in a repr and in XML; what no header may hold is left out.
ODD = "\"\\/+&=%<>' ?#{}"


@dataclass
class Birds:
    """All that were made; the same seed makes the same ones."""

    seed: int
    odd: bool = False  # with characters that are escaped everywhere
    made: dict[str, str] = field(default_factory=dict)  # by what they are for
    _chance: random.Random = field(init=False)
    _known: int = 0
    _parts: dict[bytes, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def text(self, purpose: str, length: int = 28, *, odd: bool | None = None) -> str:
        """A new secret."""
        found = "".join(self._chance.choices(PLAIN, k=length))
        if self.odd if odd is None else odd:
            found = "".join(
                self._chance.choice(ODD) if i % 6 == 4 and i < length - 1 else char
                for i, char in enumerate(found)
            )
        self.made[purpose] = found
        return found

    def base64(self, purpose: str) -> str:
        """A new key, as it is written for TSIG."""
        found = b64encode(self._chance.randbytes(32)).decode()
        self.made[purpose] = found
        return found

    def leaks(self, what: bytes) -> set[str]:
        """The purposes of those that are in it, wholly or in part, in whatever disguise."""
        if self._known != len(self.made):
            self._known = len(self.made)
            self._parts = {
                part: purpose
                for purpose, secret in self.made.items()
                for form in disguises(secret)
                for part in parts(form)
            }
        windows = {what[i : i + PART] for i in range(len(what) - PART + 1)}
        return {self._parts[part] for part in windows & self._parts.keys()}


def disguises(secret: str) -> set[bytes]:
    """The ways in which it may be written."""
    octets = secret.encode()
    found = {
        octets,
        secret.swapcase().encode(),
        octets[::-1],
        quote(secret, safe="").encode(),
        quote_plus(secret).encode(),
        json.dumps(secret)[1:-1].encode(),
        repr(secret)[1:-1].encode(),
        octets.hex().encode(),
        octets.hex().upper().encode(),
    }
    for shift in range(3):  # of octets that stood before it
        for encode in (b64encode, urlsafe_b64encode):
            # Without the digits that it shares with its neighbours.
            form = encode(bytes(shift) + octets)[(0, 2, 3)[shift] :]
            form = form[: len(form) - 4]
            found |= {form, form.swapcase(), quote(form, safe="").encode()}
    return found


def parts(form: bytes) -> Iterable[bytes]:
    return (form[i : i + PART] for i in range(len(form) - PART + 1))


def files(folder: Path, but: Iterable[Path]) -> Iterator[tuple[Path, bytes]]:
    """Every file below a folder, as octets, but those that hold the secrets on purpose."""
    left_out = {path.resolve() for path in but}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(one == path or one in path.parents for one in left_out):
            yield path, path.read_bytes()
