"""ICMP echo messages."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from homeport.wire import icmp

TOKEN = b"sixteen octets.."
VERSIONS = st.sampled_from([4, 6])


def checksum(octets: bytes) -> int:
    """As a receiver adds it up: right if the sum is all ones."""
    total: int = sum(struct.unpack(f"!{(len(octets) + 1) // 2}H", octets + b"\0" * (len(octets) % 2)))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def reply(version: int, token: bytes, identifier: int = 7) -> bytes:
    return struct.pack("!BBHHH", 0 if version == 4 else 129, 0, 0, identifier, 1) + token


def test_a_request_as_rfc_792_and_rfc_4443_draw_it() -> None:
    assert icmp.request(4, 0x1234, b"") == bytes.fromhex("0800 e5ca 1234 0001".replace(" ", ""))
    assert icmp.request(6, 0x1234, b"ab") == bytes.fromhex("8000 0000 1234 0001".replace(" ", "")) + b"ab"


@given(st.integers(0, 0xFFFF), st.binary(max_size=65))
def test_the_checksum_is_what_every_receiver_adds_up(identifier: int, token: bytes) -> None:
    assert checksum(icmp.request(4, identifier, token)) == 0xFFFF


@given(VERSIONS, st.integers(0, 0xFFFF), st.binary(min_size=1, max_size=40))
def test_the_reply_to_us_is_known_with_and_without_the_header_of_ipv4(
    version: int, identifier: int, token: bytes
) -> None:
    octets = reply(version, token, identifier)
    assert icmp.is_reply(version, octets, token)
    assert not icmp.is_reply(version, icmp.request(version, identifier, token), token)
    if version == 4:
        for words in (5, 15):
            assert icmp.is_reply(4, bytes((0x40 + words,)) + bytes(words * 4 - 1) + octets, token)


@given(VERSIONS, st.binary(max_size=80))
def test_nothing_else_is_taken_for_it(version: int, octets: bytes) -> None:
    assert not icmp.is_reply(version, octets, TOKEN)
    assert not icmp.is_reply(version, reply(version, octets), TOKEN) or octets == TOKEN
    assert not icmp.is_reply(version, reply(version, octets), b"")
