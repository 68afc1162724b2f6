"""STUN against the test vectors of RFC 5769."""

from __future__ import annotations

import struct
from ipaddress import IPv6Address
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.dns import IPAddress
from homeport.core.errors import SourceError
from homeport.wire import stun

ID = bytes.fromhex("b7e7a701bc34d686fa87dfae")
COOKIE = bytes.fromhex("2112a442")
# RFC 5769, 2.2 and 2.3, whole: SOFTWARE, XOR-MAPPED-ADDRESS, MESSAGE-INTEGRITY, FINGERPRINT.
IPV4 = bytes.fromhex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220"
    "002000080001a147e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96"
)
IPV6 = "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"


def message(*attributes: str, kind: int = 0x0101, transaction: bytes = ID) -> bytes:
    body = b"".join(map(bytes.fromhex, attributes))
    return struct.pack("!HH", kind, len(body)) + COOKIE + transaction + body


def test_the_request_is_twenty_octets() -> None:
    assert stun.request(ID) == bytes.fromhex("000100002112a442b7e7a701bc34d686fa87dfae")


def test_the_vectors_of_rfc_5769() -> None:
    assert crc32(IPV4[:-8]) ^ 0x5354554E == int.from_bytes(IPV4[-4:])  # copied without a slip
    assert str(stun.answer(IPV4, ID)) == "192.0.2.1"
    assert stun.answer(message(IPV6), ID) == IPv6Address("2001:db8:1234:5678:11:2233:4455:6677")


@given(st.ip_addresses(), st.binary(min_size=12, max_size=12), st.integers(0, 65535))
def test_what_a_server_hides_is_found_again(address: IPAddress, transaction: bytes, port: int) -> None:
    mask = COOKIE + transaction
    hidden = bytes(a ^ b for a, b in zip(address.packed, mask, strict=False))
    family = 1 if address.version == 4 else 2
    value = struct.pack("!BBH", 0, family, port ^ 0x2112) + hidden
    plain = struct.pack("!BBH", 0, family, port) + address.packed
    xored = struct.pack("!HH", 0x20, len(value)) + value
    mapped = struct.pack("!HH", 0x01, len(plain)) + plain
    for attribute in (xored, mapped):
        assert stun.answer(message(attribute.hex(), transaction=transaction), transaction) == address


def test_the_address_that_routers_cannot_rewrite_goes_first() -> None:
    rewritten = "0001000800018055c0a80102"
    assert str(stun.answer(message(rewritten, "002000080001a147e112a643"), ID)) == "192.0.2.1"
    assert str(stun.answer(message(rewritten), ID)) == "192.168.1.2"


BAD = {
    "nothing": (b"", "no STUN message"),
    "the request itself": (stun.request(ID), "type 0x0001"),
    "another transaction": (message(IPV6, transaction=bytes(12)), "another request"),
    "another cookie": (IPV4[:4] + bytes(4) + IPV4[8:], "no STUN message"),
    "too short": (IPV4[:-4], "no STUN message"),
    "too long": (IPV4 + bytes(4), "no STUN message"),
    "an attribute too long": (message("00200018" + IPV6[8:]), "ends too early"),
    "no address": (message("80220000"), "without an address"),
    "an unknown family": (message("002000080003a147e112a643"), "of an unknown kind"),
    "a family that does not fit": (message("002000080002a147e112a643"), "of an unknown kind"),
    "an empty address": (message("00200000"), "of an unknown kind"),
    "what cannot be ignored": (message("7fff0000", IPV6), "0x7fff"),
    "an error": (
        message("0009000c" + "00000414" + b"No entry".hex(), kind=0x0111),
        "refused with 420: 'No entry'",
    ),
    "an error without words": (message(kind=0x0111), "refused without a reason"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_the_answer_to_our_request_is_refused_and_named(name: str) -> None:
    octets, said = BAD[name]
    with pytest.raises(SourceError, match=said):
        stun.answer(octets, ID)


@given(st.binary(max_size=80), st.sampled_from([0x0101, 0x0111, 0x0001]))
def test_any_octets_give_an_address_or_a_source_error(body: bytes, kind: int) -> None:
    for octets in (body, struct.pack("!HH", kind, len(body)) + COOKIE + ID + body):
        try:
            assert stun.answer(octets, ID).version in (4, 6)
        except SourceError:
            continue


@given(st.binary(max_size=40), st.binary(min_size=12, max_size=12))
def test_only_our_transaction_id_behind_the_cookie_makes_it_ours(body: bytes, transaction: bytes) -> None:
    assert stun.echoes(message(body.hex()), ID)
    assert stun.echoes(message(body.hex(), transaction=transaction), ID) is (transaction == ID)
    assert not stun.echoes(IPV4[:19], ID)
    assert not stun.echoes(IPV4[:4] + bytes(4) + IPV4[8:], ID)
