"""Draw homeport.ico, a house with a signal above it: python packaging/windows/icon.py."""

from __future__ import annotations

import struct
import zlib
from math import atan2, hypot, pi
from pathlib import Path

SIZES = (16, 20, 24, 32, 48, 64, 256)
_BLUE, _WHITE = (0x1F, 0x6F, 0xEB), (0xFF, 0xFF, 0xFF)
_FINE = 4  # samples in each direction of one pixel


def _colour(x: float, y: float) -> tuple[int, int, int] | None:
    """Of a point in the unit square; None where nothing is drawn."""
    radius = 0.22
    inside = abs(x - 0.5) <= 0.5 - radius or abs(y - 0.5) <= 0.5 - radius
    corner = hypot(abs(x - 0.5) - (0.5 - radius), abs(y - 0.5) - (0.5 - radius)) <= radius
    if not (inside or corner):
        return None
    roof = 0.46 <= y <= 0.68 and abs(x - 0.5) <= (y - 0.46) * 1.5
    wall = 0.66 <= y <= 0.86 and abs(x - 0.5) <= 0.22
    door = y >= 0.72 and abs(x - 0.5) <= 0.06
    angle, distance = atan2(0.46 - y, x - 0.5), hypot(x - 0.5, y - 0.46)
    waves = abs(angle - pi / 2) < 0.8 and (0.10 <= distance <= 0.16 or 0.23 <= distance <= 0.29)
    return _WHITE if (roof or wall or waves) and not door else _BLUE


def _pixel(x: int, y: int, size: int) -> bytes:
    points = [
        _colour((x + (i + 0.5) / _FINE) / size, (y + (j + 0.5) / _FINE) / size)
        for i in range(_FINE)
        for j in range(_FINE)
    ]
    drawn = [point for point in points if point]
    if not drawn:
        return bytes(4)
    mixed = [sum(point[channel] for point in drawn) // len(drawn) for channel in range(3)]
    return bytes([*mixed, 255 * len(drawn) // len(points)])


def _png(size: int) -> bytes:
    rows = b"".join(b"\0" + b"".join(_pixel(x, y, size) for x in range(size)) for y in range(size))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )


def _bitmap(size: int) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, size, 2 * size, 1, 32, 0, 0, 0, 0, 0, 0)
    rows = []
    for y in reversed(range(size)):
        pixels = [_pixel(x, y, size) for x in range(size)]
        rows.append(b"".join(bytes([blue, green, red, alpha]) for red, green, blue, alpha in pixels))
    return head + b"".join(rows) + bytes((size + 31) // 32 * 4 * size)


def icon() -> bytes:
    """All sizes in one file; the large one is a PNG, as Windows has them."""
    images = [_png(size) if size > 64 else _bitmap(size) for size in SIZES]
    at = 6 + 16 * len(images)
    rows = []
    for size, image in zip(SIZES, images, strict=True):
        rows.append(struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(image), at))
        at += len(image)
    return struct.pack("<HHH", 0, 1, len(images)) + b"".join(rows) + b"".join(images)


if __name__ == "__main__":
    (Path(__file__).parent / "homeport.ico").write_bytes(icon())
