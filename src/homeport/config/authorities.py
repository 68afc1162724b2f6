"""Certificates that a `ca_file` holds: read with the configuration, so that they are in force with it.

A file that is written anew is so taken as a whole or not at all, and one that is broken is told by
`check`, not by the first connection.
"""

from __future__ import annotations

import re
from pathlib import Path

from ..core.errors import ConfigError

_LARGEST = 4_000_000  # octets; all authorities of a system are a tenth of it
# What OpenSSL takes for one (PEM_read_bio_X509): around these, a file may hold whatever words.
_PEM = re.compile(
    rb"-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[\sA-Za-z0-9+/=]*-----END \1-----",
)


def read(file: Path) -> str:
    """All certificates in the file, as PEM; `ConfigError` if there is none, or one that is none."""
    try:
        with file.open("rb") as stream:
            octets = stream.read(_LARGEST + 1)
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror or type(error).__name__}") from None
    if len(octets) > _LARGEST:
        raise ConfigError(f"{file} is too large for certificates")
    found = "\n".join(match.group().decode("ascii") for match in _PEM.finditer(octets))
    if not found:
        raise ConfigError(f"{file} holds no certificate; it must be in PEM: -----BEGIN CERTIFICATE-----")
    import ssl  # noqa: PLC0415 - only who has a server of his own pays for it

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=found)
    except ssl.SSLError:
        raise ConfigError(f"{file} holds a certificate that is none; was it written to its end?") from None
    return found
