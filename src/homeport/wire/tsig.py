"""TSIG, the signature of DNS messages (RFC 8945).  Pure: the time is an argument."""

from __future__ import annotations

import hmac
import struct
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass

from ..core.errors import ConfigError, HomeportError
from ..core.secret import Secret
from .dns import CLASS_ANY, TSIG, MalformedMessage, Rcode, encode_name, last_record, read_name

FUDGE = 300  # seconds that the clocks may differ; RFC 8945, 10
ALGORITHMS: dict[str, tuple[str, str]] = {  # RFC 8945, 6: name on the wire, name of the hash
    "hmac-sha256": ("hmac-sha256", "sha256"),
    "hmac-sha512": ("hmac-sha512", "sha512"),
    "hmac-sha384": ("hmac-sha384", "sha384"),
    "hmac-sha224": ("hmac-sha224", "sha224"),
    "hmac-sha1": ("hmac-sha1", "sha1"),
    "hmac-md5": ("hmac-md5.sig-alg.reg.int", "md5"),
}


class BadSignature(HomeportError):
    """A response that is not signed with our key, or whose server did not accept our signature."""

    def __init__(self, message: str, *, rcode: int = 0, skew: int | None = None) -> None:
        super().__init__(message)
        self.rcode = rcode  # the TSIG error of the server: BADSIG, BADKEY, BADTIME, or 0
        self.skew = skew  # seconds that the server's clock is ahead of ours, for BADTIME


@dataclass(frozen=True, slots=True)
class Key:
    """A shared key: its name (no final dot), the raw secret, and the word for its algorithm."""

    name: str
    secret: Secret  # base64, as key files write it
    algorithm: str = "hmac-sha256"

    def __post_init__(self) -> None:
        try:
            if not b64decode(self.secret.reveal(), validate=True):
                raise ConfigError("the TSIG key is empty")
            encode_name(self.name)
        except (Base64Error, ValueError) as error:
            raise ConfigError("the TSIG key is not base64, or its name is no name") from error

    def mac(self, *parts: bytes) -> bytes:
        _, digest = ALGORITHMS[self.algorithm]
        return hmac.digest(b64decode(self.secret.reveal()), b"".join(parts), digest)

    @property
    def wire_algorithm(self) -> bytes:
        return encode_name(ALGORITHMS[self.algorithm][0])


def sign(message: bytes, key: Key, now: int) -> tuple[bytes, bytes]:
    """The message with a TSIG RR at its end, and the MAC that its response will be bound to."""
    name = encode_name(key.name)
    when = struct.pack("!HIH", now >> 32, now & 0xFFFFFFFF, FUDGE)
    mac = key.mac(message, _variables(name, key.wire_algorithm, when, 0, b""))
    rdata = key.wire_algorithm + when + struct.pack("!H", len(mac)) + mac + message[:2] + b"\0\0\0\0"
    record = name + struct.pack("!HHIH", TSIG, CLASS_ANY, 0, len(rdata)) + rdata
    additional = struct.unpack_from("!H", message, 10)[0] + 1
    return message[:10] + struct.pack("!H", additional) + message[12:] + record, mac


def verify(response: bytes, key: Key, request_mac: bytes, now: int) -> None:
    """Return if the response was signed with our key for our request; else raise `BadSignature`.

    RFC 8945, 5.3 and 5.4: an unsigned response proves nothing, except that a server which does not
    know our key cannot sign.
    """
    try:
        start, end = last_record(response)
        name, offset = read_name(response, start)
        rdtype, rdclass, ttl = struct.unpack_from("!HHI", response, offset)
        if rdtype != TSIG:
            raise BadSignature("the answer is not signed")
        algorithm, offset = read_name(response, offset + 10)
        high, low, fudge, size = struct.unpack_from("!HIHH", response, offset)
        mac = response[offset + 10 : offset + 10 + size]
        original, error, other_size = struct.unpack_from("!HHH", response, offset + 10 + size)
        other = response[offset + 16 + size : offset + 16 + size + other_size]
        whole = offset + 16 + size + other_size == end == len(response)
        if not whole or (rdclass, ttl) != (CLASS_ANY, 0):  # RFC 8945, 4.2 and 5.1; no MAC covers them
            raise BadSignature("the answer has a damaged signature")
    except (MalformedMessage, struct.error) as problem:
        raise BadSignature("the answer is not signed") from problem
    if error in (Rcode.BADSIG, Rcode.BADKEY, Rcode.BADTRUNC):
        raise BadSignature(f"the server says {Rcode.name_of(error)}", rcode=error)
    if name != key.name.lower() or algorithm != ALGORITHMS[key.algorithm][0]:
        raise BadSignature("the answer is signed with another key")
    when = struct.pack("!HIH", high, low, fudge)
    counts = struct.pack("!H", struct.unpack_from("!H", response, 10)[0] - 1)
    stripped = struct.pack("!H", original) + response[2:10] + counts + response[12:start]
    variables = _variables(encode_name(key.name.lower()), key.wire_algorithm, when, error, other)
    expected = key.mac(struct.pack("!H", len(request_mac)), request_mac, stripped, variables)
    if not hmac.compare_digest(expected, mac):
        raise BadSignature("the signature of the answer is wrong")
    signed_at = high << 32 | low
    if error == Rcode.BADTIME:
        theirs = int.from_bytes(other, "big") if len(other) == 6 else signed_at
        raise BadSignature("the server says BADTIME", rcode=error, skew=theirs - now)
    if abs(now - signed_at) > fudge:
        raise BadSignature("the answer was signed at another time", skew=signed_at - now)


def _variables(name: bytes, algorithm: bytes, when: bytes, error: int, other: bytes) -> bytes:
    """RFC 8945, 4.3.3: what the MAC covers beside the message."""
    head = name.lower() + struct.pack("!HI", CLASS_ANY, 0) + algorithm
    return head + when + struct.pack("!HH", error, len(other)) + other
