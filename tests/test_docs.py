"""What is made from the code is current, and what the README shows works."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from homeport.config.load import load
from scripts.docs import pages

ROOT = Path(__file__).parents[1]
READMES = [ROOT / "README.md", ROOT / "README.zh.md"]


@pytest.mark.parametrize("path", pages(), ids=str)
def test_generated_pages_are_current(path: Path) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == pages()[path], "run `make docs`"


def test_no_page_is_left_of_a_provider_that_is_gone() -> None:
    written = {path.relative_to(ROOT) for path in (ROOT / "docs" / "providers").glob("*.md")}

    assert written == {path for path in pages() if path.suffix == ".md"}


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_every_configuration_of_the_readme_is_right(readme: Path, tmp_path: Path) -> None:
    found = re.findall(r"```toml\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)

    assert found
    for number, text in enumerate(found):
        tomllib.loads(text)
        file = tmp_path / f"{number}.toml"
        file.write_text(text, encoding="utf-8")
        environ = dict.fromkeys(re.findall(r"env:(\w+)", text), "c2VjcmV0c2VjcmV0")
        assert load(file, environ).warnings == ()


def test_both_readmes_show_the_same_commands() -> None:
    commands = [
        re.findall(r"^\s*(?:\$ )?(homeport \S+|make \S+)", p.read_text(encoding="utf-8"), re.MULTILINE)
        for p in READMES
    ]

    assert commands[0] == commands[1]


def test_the_changelog_speaks_of_this_version() -> None:
    from homeport import __version__

    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
