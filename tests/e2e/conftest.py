"""What most of these tests need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from homeport.demo.nameserver import Nameserver

from .home import nameserver


@pytest.fixture(scope="module")
def server() -> Iterator[Nameserver]:
    with nameserver() as running:
        yield running
