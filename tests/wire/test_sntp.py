"""What a time server says of our clock."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.errors import SourceError
from homeport.wire import sntp

NONCE = b"8 octets"
TO_1970 = 2_208_988_800


def stamp(at: float) -> bytes:
    since_1900 = at + TO_1970
    return struct.pack(">II", int(since_1900) % 2**32, int(since_1900 % 1 * 2**32))


def reply(at: float, *, first: int = 0x24, stratum: int = 2, origin: bytes = NONCE) -> bytes:
    head = struct.pack(">BBBbIII8s", first, stratum, 0, -20, 0, 0, 0, bytes(8))
    return head + origin + stamp(at) + stamp(at)


def test_a_question_has_our_nonce_and_nothing_else_of_ours() -> None:
    asked = sntp.request(NONCE)
    assert len(asked) == 48 and asked == b"\x23" + bytes(39) + NONCE


@given(
    there=st.floats(0, 4_000_000_000),
    error=st.floats(-10_000, 10_000),
    way=st.floats(0, 3),
)
def test_the_error_of_our_clock_is_found_in_both_eras(there: float, error: float, way: float) -> None:
    """2036, when the seconds since 1900 begin anew, lies within."""
    sent, received = there + error - way / 2, there + error + way / 2
    assert sntp.ahead(reply(there), NONCE, sent, received) == pytest.approx(error, abs=1e-5)


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (b"", "something else"),
        (reply(1e9)[:47], "something else"),
        (reply(1e9, first=0x23), "something else"),
        (reply(1e9, origin=b"another!"), "something else"),
        (reply(1e9, stratum=0), "does not know"),
        (reply(1e9, stratum=16), "does not know"),
        (reply(1e9, first=0xE4), "does not know"),
        (reply(1e9)[:40] + bytes(8), "does not know"),
    ],
)
def test_what_is_no_answer_to_our_question_tells_nothing(message: bytes, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        sntp.ahead(message, NONCE, 0, 0)


@given(st.binary(max_size=80))
def test_no_datagram_does_more_than_to_be_refused(message: bytes) -> None:
    try:
        sntp.ahead(message, NONCE, 0, 0)
    except SourceError:
        return
    assert len(message) >= 48
