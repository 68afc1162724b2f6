"""From valid samples to octets that are almost valid: flipped, cut, repeated, mixed, of a wrong length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

LONGEST = 70_000  # octets; no reader is given more at once
_NUMBERS = (0, 1, 2, 3, 4, 7, 8, 15, 16, 0x3F, 0x7F, 0x80, 0xC0, 0xFF, 0x7FFF, 0x8000, 0xFFFF)
_WIDE = (0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def mutated(random: Random, samples: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """One sample after up to six changes; every eighth time none, or only noise."""
    octets = bytearray(random.choice(samples))
    if random.randrange(16) == 0:
        return random.randbytes(random.randrange(64))
    for _ in range(random.randrange(7)):
        random.choice(_WAYS)(random, octets, samples, tokens)
        del octets[LONGEST:]
    return bytes(octets)


Way = Callable[[Random, bytearray, Sequence[bytes], Sequence[bytes]], None]


def _place(random: Random, octets: bytearray) -> int:
    return random.randrange(len(octets) + 1)


def _slice(random: Random, octets: bytes | bytearray) -> slice:
    start = random.randrange(len(octets) + 1)
    longest = random.choice((1, 2, 4, 16, 64, len(octets) or 1))
    return slice(start, min(len(octets), start + random.randrange(longest) + 1))


def _flip(random: Random, octets: bytearray, *_: object) -> None:
    if octets:
        octets[random.randrange(len(octets))] ^= 1 << random.randrange(8)


def _set(random: Random, octets: bytearray, *_: object) -> None:
    if octets:
        octets[random.randrange(len(octets))] = random.choice(_NUMBERS) & 0xFF


def _number(random: Random, octets: bytearray, *_: object) -> None:
    """In place of what may be a length."""
    size = random.choice((1, 2, 2, 4))
    value = random.choice(_NUMBERS if size < 4 else _NUMBERS + _WIDE)
    value = len(octets) + random.randrange(-8, 9) if random.randrange(4) == 0 else value
    at = _place(random, octets)
    raw = (value & (1 << 8 * size) - 1).to_bytes(size, random.choice(("big", "little")))
    octets[at : at + size] = raw


def _cut(random: Random, octets: bytearray, *_: object) -> None:
    del octets[_slice(random, octets)]


def _end(random: Random, octets: bytearray, *_: object) -> None:
    del octets[_place(random, octets) :]


def _repeat(random: Random, octets: bytearray, *_: object) -> None:
    part = _slice(random, octets)
    times = random.choice((1, 1, 2, 3, 50, 2000))
    times = min(times, LONGEST // max(1, part.stop - part.start))
    octets[part.stop : part.stop] = octets[part] * times


def _splice(random: Random, octets: bytearray, samples: Sequence[bytes], _: object) -> None:
    other = random.choice(samples)
    at = _place(random, octets)
    octets[at : at + random.choice((0, 0, 4, 16))] = other[_slice(random, other)]


def _token(random: Random, octets: bytearray, _: object, tokens: Sequence[bytes]) -> None:
    if tokens:
        at = _place(random, octets)
        octets[at : at + random.choice((0, 0, 1, 4))] = random.choice(tokens) * random.choice(
            (1, 1, 1, 2, 300)
        )


def _swap(random: Random, octets: bytearray, *_: object) -> None:
    first, second = _slice(random, octets), _slice(random, octets)
    octets[first], octets[second] = octets[second], octets[first]


_WAYS: tuple[Way, ...] = (
    _flip,
    _flip,
    _set,
    _number,
    _number,
    _cut,
    _end,
    _repeat,
    _splice,
    _token,
    _token,
    _swap,
)
