"""NAT-PMP, RFC 6886, 3.2 and 3.6."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.errors import SourceError
from homeport.wire import natpmp
from homeport.wire.natpmp import Announcement, Epoch


@given(st.ip_addresses(v=4).filter(int), st.integers(0, 2**32 - 1))
def test_the_external_address_is_found(address: IPv4Address, epoch: int) -> None:
    assert natpmp.answer(struct.pack("!BBHI", 0, 128, 0, epoch) + address.packed) == address


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        ("", "no NAT-PMP"),
        ("0000", "no NAT-PMP"),
        ("0080000000000e10c00002", "no NAT-PMP"),
        ("0080000000000e10c000020100", "no NAT-PMP"),
        ("0281000000000e10c0000201", "no NAT-PMP"),  # PCP
        ("0081000000000e10c0000201", "no NAT-PMP"),  # another operation
        ("0080000100000e10", "this version"),
        ("0080000200000e1000000000", "switched off"),
        ("0080000300000e1000000000", "its own line is down"),
        ("0080000000000e1000000000", "its own line is down"),
        ("0080006300000e1000000000", "result 99"),
    ],
)
def test_a_gateway_that_has_or_tells_no_address_is_named(octets: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        natpmp.answer(bytes.fromhex(octets))


@given(st.binary(max_size=20))
def test_any_octets_give_an_address_or_a_source_error(octets: bytes) -> None:
    try:
        assert natpmp.answer(octets).version == 4
    except SourceError as error:
        assert str(error)


@given(st.ip_addresses(v=4).filter(int), st.integers(0, 2**32 - 1))
def test_an_announcement_names_the_address_and_the_age_of_the_gateway(
    address: IPv4Address, epoch: int
) -> None:
    message = struct.pack("!BBHI", 0, 128, 0, epoch) + address.packed

    assert natpmp.announcement(message) == Announcement(address, epoch)


@pytest.mark.parametrize(
    "octets",
    [
        "0080000000000e1000000000",  # 0.0.0.0
        "0080000300000e1000000000",  # network failure
        "0080000300000e10c0000201",  # with an error, the address has no meaning (3.5)
        "0080000300000e10",
    ],
)
def test_a_gateway_whose_line_is_down_announces_no_address(octets: str) -> None:
    assert natpmp.announcement(bytes.fromhex(octets)) == Announcement(None, 3600)


@pytest.mark.parametrize(
    "octets",
    [
        "",
        "00",
        "0080",
        "0080000000000e10",  # a success must have an address
        "0080000000000e10c00002",
        "0080000000000e10c000020100",
        "0000000000000e10c0000201",  # a request
        "0081000000000e10c0000201",  # of another operation
        "0280000000000e10c0000201",  # PCP
    ],
)
def test_what_is_no_announcement_is_said_to_be_none(octets: str) -> None:
    with pytest.raises(SourceError, match="no NAT-PMP"):
        natpmp.announcement(bytes.fromhex(octets))


@given(st.binary(max_size=20) | st.binary(max_size=10).map(b"\0\x80".__add__))
def test_any_octets_are_an_announcement_or_a_source_error(octets: bytes) -> None:
    try:
        found = natpmp.announcement(octets)
    except SourceError:
        return
    assert found.address is None or not found.address.is_unspecified
    assert 0 <= found.epoch_seconds < 2**32


AGES = st.integers(0, 2**31)
SPANS = st.floats(0, 1e9)


@given(AGES, SPANS)
def test_a_gateway_that_has_not_restarted_is_never_said_to_have(age: int, span: float) -> None:
    """Its clock may be slow by an eighth, and it says whole seconds."""
    before = Epoch(age, at=0.0)

    assert not before.restarted(Epoch(int(age + span), at=span))
    assert not before.restarted(Epoch(int(age + span * 7 / 8), at=span))


@given(AGES, SPANS)
def test_a_gateway_that_counts_from_zero_has_restarted(age: int, span: float) -> None:
    restarted = Epoch(age, at=0.0).restarted(Epoch(0, at=span))

    assert restarted == (age + span * 7 / 8 > 2)


@pytest.mark.parametrize(
    ("seconds", "later", "restarted"),
    [
        (1000, 1085, True),  # less than 1000 + 100 * 7/8 - 2, which is 1085.5
        (1000, 1086, False),
        (1000, 5000, False),  # a clock that is fast
    ],
)
def test_the_rule_of_seven_eighths_is_exact(seconds: int, later: int, restarted: bool) -> None:
    assert Epoch(seconds, at=50.0).restarted(Epoch(later, at=150.0)) is restarted


def test_a_clock_of_ours_that_went_back_is_no_restart_of_the_gateway() -> None:
    assert not Epoch(1000, at=150.0).restarted(Epoch(1000, at=50.0))
