"""NAT-PMP, RFC 6886, 3.2."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.errors import SourceError
from homeport.wire import natpmp


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
