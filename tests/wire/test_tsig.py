"""Our signatures, both ways, against dnspython's."""

from __future__ import annotations

import json
import time
from base64 import b64decode, b64encode
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.update
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.dns import Name, RRset, RRType
from homeport.core.errors import ConfigError
from homeport.core.secret import Secret
from homeport.wire import update
from homeport.wire.dns import MalformedMessage, Rcode, decode, query
from homeport.wire.tsig import ALGORITHMS, FUDGE, BadSignature, Key, sign, verify

VECTORS: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "vectors" / "tsig.json").read_text("utf-8")
)
NAME, BASE64 = "homeport", b64encode(b"a secret of thirty-two octets...").decode()
KEY = Key(NAME, Secret(BASE64))
MESSAGE = update.message(
    7, Name("example.com"), [RRset(Name("home.example.com"), RRType.A, frozenset(), 60)], [], 60
)
every_algorithm = pytest.mark.parametrize("algorithm", ALGORITHMS)


def oracle_key(key: Key) -> dns.tsig.Key:
    return dns.tsig.Key(f"{key.name}.", key.secret.reveal(), f"{ALGORITHMS[key.algorithm][0]}.")


def clock() -> int:
    return int(time.time())  # dnspython's validation takes the time from there and nowhere else


def read_signed(wire: bytes, key: Key) -> dns.message.Message:
    """The oracle reads and verifies; it raises if the signature is not right."""
    message = dns.message.from_wire(wire, keyring=oracle_key(key))
    assert message.had_tsig
    return message


def answered(
    key: Key = KEY, *, with_key: Key | None = None, error: int = 0, other: bytes = b"", **flags: Any
) -> tuple[bytes, bytes, int]:
    """The oracle's signed answer to a request of ours, the MAC of that, and the time."""
    now = clock()
    wire, mac = sign(MESSAGE, key, now)
    response = dns.message.make_response(read_signed(wire, key))
    response.use_tsig(oracle_key(with_key or key), tsig_error=error, other_data=other, **flags)
    response.request_mac = mac
    return response.to_wire(), mac, now


@pytest.mark.parametrize("name", VECTORS)
def test_the_recorded_messages_are_signed_octet_for_octet(name: str) -> None:
    vector = VECTORS[name]
    key = Key(vector["key_name"].removesuffix("."), Secret(vector["secret_base64"]))
    wire, mac = sign(bytes.fromhex(vector["wire_without_tsig"]), key, vector["time_signed"])
    assert (wire.hex(), mac.hex()) == (vector["wire"], vector["mac"])
    assert vector["fudge"] == FUDGE


def test_the_recorded_replacement_is_what_our_update_writes() -> None:
    wanted = RRset(Name("home.example.com"), RRType.A, frozenset({IPv4Address("192.0.2.1")}), 60)
    ours = update.message(0x1234, Name("example.com"), [wanted], [], 0)
    assert ours.hex() == VECTORS["tsig_update_replace"]["wire_without_tsig"]


@every_algorithm
@pytest.mark.parametrize("name", ["homeport", "a.long.key.name-1.example.com", "HomePort.Example"])
def test_the_oracle_accepts_our_signature_and_we_accept_its_answer(algorithm: str, name: str) -> None:
    key = Key(name, Secret(BASE64), algorithm)
    wire, _ = sign(MESSAGE, key, clock())
    read = read_signed(wire, key)
    assert (read.id, read.keyalgorithm) == (7, dns.name.from_text(ALGORITHMS[algorithm][0]))
    response, mac, now = answered(key)
    verify(response, key, mac, now)
    assert decode(response).rcode == Rcode.NOERROR


@given(st.binary(min_size=1, max_size=200), st.sampled_from(sorted(ALGORITHMS)), st.integers(0, 0xFFFF))
def test_a_key_of_any_length_signs_as_the_oracle_does(secret: bytes, algorithm: str, id: int) -> None:
    key = Key(NAME, Secret(b64encode(secret).decode()), algorithm)
    wire, mac = sign(query(id, "example.com", 6), key, clock())
    read = read_signed(wire, key)
    assert read.id == id
    assert read.mac == mac


def test_times_beyond_thirty_two_bits_are_signed() -> None:
    wire, _ = sign(MESSAGE, KEY, 2**32 + 5)
    rdata = dns.message.from_wire(wire, keyring=False).tsig
    assert rdata is not None
    assert rdata[0].time_signed == 2**32 + 5


@every_algorithm
def test_the_oracle_refuses_our_signature_by_another_key(algorithm: str) -> None:
    wire, _ = sign(MESSAGE, Key(NAME, Secret(b64encode(b"another").decode()), algorithm), clock())
    with pytest.raises(dns.tsig.BadSignature):
        read_signed(wire, Key(NAME, Secret(BASE64), algorithm))


def test_an_answer_signed_with_another_secret_is_noticed() -> None:
    wrong = Key(NAME, Secret(b64encode(b"another").decode()))
    response, mac, now = answered(with_key=wrong)
    with pytest.raises(BadSignature, match="signature of the answer is wrong") as caught:
        verify(response, KEY, mac, now)
    assert caught.value.rcode == 0


@pytest.mark.parametrize(
    "other", [Key("somebody", Secret(BASE64)), Key(NAME, Secret(BASE64), "hmac-sha512")]
)
def test_an_answer_signed_with_a_key_of_another_name_or_algorithm_is_noticed(other: Key) -> None:
    response, mac, now = answered(with_key=other)
    with pytest.raises(BadSignature, match="another key"):
        verify(response, KEY, mac, now)


def test_an_answer_to_another_request_is_noticed() -> None:
    response, mac, now = answered()
    with pytest.raises(BadSignature, match="wrong"):
        verify(response, KEY, mac[:-1] + bytes([mac[-1] ^ 1]), now)
    with pytest.raises(BadSignature, match="wrong"):
        verify(response, KEY, b"", now)


def test_an_unsigned_answer_proves_nothing() -> None:
    unsigned = dns.message.make_response(dns.message.from_wire(MESSAGE)).to_wire()
    _, mac, now = answered()
    for wire in (unsigned, b"", b"\0\7", unsigned[:11], MESSAGE):
        with pytest.raises(BadSignature, match="not signed"):
            verify(wire, KEY, mac, now)


def test_a_signature_that_is_not_the_last_record_does_not_count() -> None:
    response, mac, now = answered()
    more = response[:10] + b"\0\2" + response[12:] + b"\0\0\1\0\1\0\0\0\0\0\4\1\2\3\4"
    with pytest.raises(BadSignature, match="not signed"):
        verify(more, KEY, mac, now)
    for trailing in (b"\0", b"x" * 40):
        with pytest.raises(BadSignature, match="damaged"):
            verify(response + trailing, KEY, mac, now)


@pytest.mark.parametrize("rcode", [Rcode.BADSIG, Rcode.BADKEY, Rcode.BADTRUNC])
def test_what_the_server_says_about_our_signature_is_told(rcode: Rcode) -> None:
    # RFC 8945, 5.3.2: these answers carry a TSIG record without a MAC.
    response, mac, now = answered(error=rcode)
    message = dns.message.from_wire(response, keyring=False)
    assert message.tsig is not None
    bare = message.tsig[0].replace(mac=b"", time_signed=0)
    message.tsig = dns.rrset.from_rdata(message.tsig.name, 0, bare)
    with pytest.raises(BadSignature, match=f"the server says {rcode.name}") as caught:
        verify(message.to_wire(), KEY, mac, now)
    assert (caught.value.rcode, caught.value.skew) == (rcode, None)


@pytest.mark.parametrize("skew", [-86400, 3600])
def test_a_server_with_another_time_says_how_far_it_is_off(skew: int) -> None:
    now = clock()
    theirs = (now + skew).to_bytes(6, "big")
    response, mac, now = answered(error=Rcode.BADTIME, other=theirs)
    with pytest.raises(BadSignature, match="BADTIME") as caught:
        verify(response, KEY, mac, now)
    assert caught.value.rcode == Rcode.BADTIME
    assert caught.value.skew is not None
    assert abs(caught.value.skew - skew) <= 2


def test_a_forged_complaint_about_the_time_is_not_believed() -> None:
    wrong = Key(NAME, Secret(b64encode(b"another").decode()))
    response, mac, now = answered(with_key=wrong, error=Rcode.BADTIME, other=b"\0" * 6)
    with pytest.raises(BadSignature, match="wrong") as caught:
        verify(response, KEY, mac, now)
    assert caught.value.skew is None


@pytest.mark.parametrize(("late", "good"), [(0, True), (FUDGE - 2, True), (FUDGE + 2, False)])
def test_an_old_answer_does_not_count(late: int, good: bool) -> None:
    response, mac, now = answered()
    for then in (now + late, now - late):
        if good:
            verify(response, KEY, mac, then)
        else:
            with pytest.raises(BadSignature, match="another time"):
                verify(response, KEY, mac, then)


def test_every_flipped_bit_of_a_signed_answer_is_noticed() -> None:
    response, mac, now = answered()
    unnoticed = []
    for bit in range(16, 8 * len(response)):  # the ID is matched by the transport, and restored by TSIG
        damaged = bytearray(response)
        damaged[bit // 8] ^= 0x80 >> bit % 8
        try:
            verify(bytes(damaged), KEY, mac, now)
        except BadSignature:
            continue
        unnoticed.append(bit)
    # DNS names know no case: these bits turn a letter of the key's name, or of the algorithm's, over.
    assert [(response[bit // 8], bit % 8) for bit in unnoticed] == [
        (letter, 2) for letter in NAME.encode() + b"hmacsha"
    ]


@given(st.data())
def test_whatever_an_answer_holds_it_is_proved_or_not(data: st.DataObject) -> None:
    response, mac, now = answered()
    octets = data.draw(st.binary(max_size=60))
    cut = data.draw(st.integers(0, len(response)))
    if octets or cut != len(response):
        with pytest.raises(BadSignature):
            verify(response[:cut] + octets, KEY, mac, now)


@pytest.mark.parametrize(
    ("name", "secret"), [("k", ""), ("k", "not base64!"), ("k..k", BASE64), ("ä", BASE64)]
)
def test_a_key_that_cannot_be_is_a_mistake_of_the_configuration(name: str, secret: str) -> None:
    with pytest.raises(ConfigError, match="TSIG key") as caught:
        Key(name, Secret(secret))
    assert not secret or secret not in str(caught.value)


def test_a_key_does_not_show_its_secret() -> None:
    assert BASE64 not in repr(KEY)
    assert b64decode(BASE64).decode() not in repr(KEY)


def test_a_message_signed_by_us_is_no_response() -> None:
    wire, mac = sign(MESSAGE, KEY, 0)
    with pytest.raises(MalformedMessage, match="not a response"):
        decode(wire)
    with pytest.raises(BadSignature):
        verify(wire, KEY, mac, 0)
