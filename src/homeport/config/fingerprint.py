"""Has anything about an account changed?"""

from __future__ import annotations

from ..wire.auth import digest
from .model import Account


def fingerprint(account: Account, salt: bytes) -> str:
    """The same text as long as the kind and every setting of the account stay the same, secrets too.

    `salt`, up to 64 octets, is secret: without it nobody can try passwords against the fingerprint.
    """
    return digest({**account.settings, "provider": account.kind}, salt)
