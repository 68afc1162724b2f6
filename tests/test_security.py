"""SECURITY.md and docs/state.md name the tests that hold their promises: those tests exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TESTS = {
    name
    for path in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
}


@pytest.mark.parametrize("page", ["SECURITY.md", "docs/state.md", "docs/reliability.md"])
def test_every_test_that_a_promise_names_exists(page: str) -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / page).read_text(encoding="utf-8")))
    assert named - TESTS == set()
    assert len(named) >= 5


def test_no_line_of_ours_can_turn_the_verification_of_certificates_off() -> None:
    words = re.compile(
        r"CERT_NONE|CERT_OPTIONAL|check_hostname *=|_create_unverified|verify_mode *=|set_ciphers"
    )
    files = sorted((ROOT / "src").rglob("*.py"))
    assert [path.name for path in files if words.search(path.read_text(encoding="utf-8"))] == []
    assert len(files) > 100
