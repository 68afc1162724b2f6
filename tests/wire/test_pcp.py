"""PCP, RFC 6887, 7 and 11.  The layouts are written out here a second time, by hand."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.errors import SourceError
from homeport.wire import pcp

NONCE = bytes(range(12))
CLIENT = IPv4Address("192.168.1.10")
PORT = 49_152 + 1  # of that nonce


def response(
    address: bytes = bytes(10) + b"\xff\xff\xcb\x00\x71\x07",
    *,
    result: int = 0,
    nonce: bytes = NONCE,
    protocol: int = 17,
    port: int = PORT,
    version: int = 2,
    operation: int = 0x81,
) -> bytes:
    head = struct.pack("!BBBBII", version, operation, 0, result, 120, 3600) + bytes(12)
    return head + nonce + struct.pack("!B3xHH", protocol, port, 40_000) + address


def test_a_request_has_the_layout_of_the_rfc() -> None:
    known = (
        "0201000000000078"  # version, MAP, reserved, 120 seconds
        "00000000000000000000ffffc0a8010a"  # the client as an IPv4-mapped address
        "000102030405060708090a0b11000000"  # nonce, UDP, reserved
        "c001000000000000000000000000ffff00000000"  # our port, any port, any IPv4 address
    )
    assert pcp.request(CLIENT, NONCE, 120).hex() == known
    assert pcp.request(CLIENT, NONCE, 0).hex() == known.replace("00000078", "00000000")


def test_a_request_over_ipv6_asks_for_any_ipv6_address() -> None:
    asked = pcp.request(IPv6Address("2001:db8::1"), NONCE, 120)
    assert asked[8:24] == IPv6Address("2001:db8::1").packed
    assert asked[44:] == bytes(16)


@given(st.binary(min_size=12, max_size=12))
def test_the_port_is_one_where_no_service_lives(nonce: bytes) -> None:
    assert int.from_bytes(pcp.request(CLIENT, nonce, 120)[40:42], "big") >= 49_152


@given(st.ip_addresses().filter(lambda address: int(address) not in (0, 0xFFFF << 32)))
def test_the_external_address_is_found(address: IPv4Address | IPv6Address) -> None:
    octets = address.packed if address.version == 6 else bytes(10) + b"\xff\xff" + address.packed
    found = pcp.answer(response(octets), NONCE)
    expected = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    assert found == (expected or address, 40_000, 120, 3600)


def test_options_after_the_mapping_are_ignored() -> None:
    assert pcp.answer(response() + bytes(8), NONCE).address == IPv4Address("203.0.113.7")


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (b"", "no PCP message"),
        (response()[:23], "no PCP message"),
        (response()[:24], "ends too early"),
        (response()[:56], "ends too early"),
        (response()[:59], "no PCP message"),
        (response() + bytes(1044), "no PCP message"),
        (response(operation=1), "no PCP message"),  # a request
        (response(operation=0x80), "no PCP message"),  # an announcement
        (response(version=1), "no PCP message"),
        (response(version=1, result=1), "does not speak this version"),
        (response(nonce=bytes(12)), "another request"),
        (response(port=9), "another request"),
        (response(protocol=6), "another request"),
        (response(bytes(16)), "its own line is down"),
        (response(bytes(10) + b"\xff\xff" + bytes(4)), "its own line is down"),
        (bytes.fromhex("0080000100000e10"), "write gateway:nat-pmp"),
        (bytes.fromhex("0081000100000e10"), "write gateway:nat-pmp"),
        (bytes.fromhex("0080000000000e10c0000201"), "no PCP message"),  # an address by NAT-PMP
    ],
)
def test_what_is_no_mapping_of_ours_is_refused(message: bytes, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        pcp.answer(message, NONCE)


@pytest.mark.parametrize("result", range(1, 256))
def test_every_error_is_said_in_words_also_when_nothing_follows_it(result: int) -> None:
    for message in (response(result=result), response(result=result)[:24]):
        with pytest.raises(SourceError) as caught:
            pcp.answer(message, NONCE)
        assert (f"PCP result {result}" in str(caught.value)) is (result > 13)
    assert len({pcp._RESULTS[known] for known in range(1, 14)}) == 13


def test_an_announcement_tells_the_epoch() -> None:
    assert pcp.announcement(bytes.fromhex("0280000000000000000000070000000000000000" + "00" * 4)) == 7
    for wrong in (b"", bytes(24), b"\2\x80" + bytes(21), b"\2\0" + bytes(22), b"\2\x81" + bytes(22)):
        with pytest.raises(SourceError, match="no PCP message"):
            pcp.announcement(wrong)
    with pytest.raises(SourceError, match="a PCP error"):
        pcp.announcement(b"\2\x80\0\3" + bytes(20))


@given(st.binary(max_size=80) | st.binary(max_size=60).map(lambda rest: b"\2\x81\0\0" + rest))
def test_any_octets_give_a_mapping_or_a_source_error(message: bytes) -> None:
    for read in (lambda: pcp.answer(message, NONCE), lambda: pcp.announcement(message)):
        try:
            read()
        except SourceError as error:
            assert str(error)


@given(st.data())
def test_one_wrong_octet_never_gives_another_mapping_than_a_gateway_can_mean(data: st.DataObject) -> None:
    message = bytearray(response())
    place = data.draw(st.sampled_from([*range(2), *range(24, 37), 40, 41]))  # what says whose answer it is
    message[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SourceError):
        pcp.answer(bytes(message), NONCE)
