"""A FRITZ!Box, and the login by which it is asked."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from .secret import Secret

NO_NAME = "dslf-config"  # the user of one that asks for a password only (AVM, "TR-064 First Steps")


class Login(NamedTuple):
    """Who asks.  With `ca_file` everything goes over TLS, and the box must have that certificate."""

    user: Secret
    password: Secret
    ca_file: Path | None = None
    authorities: str | None = None  # what is in it, as it was read with the configuration


class Box(NamedTuple):
    """Where it is, and who asks it."""

    host: str = ""  # "": the default gateway
    login: Login | None = None
