"""What is made from the code is current, and what the README shows works."""

from __future__ import annotations

import re
import tomllib
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import get_args

import pytest

from homeport.config import providers
from homeport.config.load import load
from homeport.config.tables import Teller, UplinkTable
from homeport.core.advice import WORDS
from homeport.wire.dyndns2_services import SERVICES
from scripts import coverage
from scripts.docs import pages

ROOT = Path(__file__).parents[1]
READMES = [ROOT / "README.md", ROOT / "README.zh.md"]
ADDRESSES = [ROOT / "docs" / "addresses.md", ROOT / "docs" / "addresses.zh.md"]
LINES = [ROOT / "docs" / "lines.md", ROOT / "docs" / "lines.zh.md"]
PAGES = [*READMES, *ADDRESSES, *LINES]


@pytest.mark.parametrize("path", pages(), ids=str)
def test_generated_pages_are_current(path: Path) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == pages()[path], "run `make docs`"


def test_no_page_is_left_of_a_provider_that_is_gone() -> None:
    written = {path.relative_to(ROOT) for path in (ROOT / "docs" / "providers").glob("*.md")}

    assert written == {path for path in pages() if path.parent.name == "providers"}


def test_the_table_of_coverage_names_only_what_there_is_and_every_provider() -> None:
    ways = [way for row in coverage.ROWS for way in coverage.named(row)]

    assert {way for way in ways if not coverage.exists(*way)} == set()
    named = {word for way, word in ways if way == "provider"}
    assert set(providers.names()) - named == {"dyndns2", "lexicon"} & set(providers.names())


def test_the_table_of_coverage_is_complete() -> None:
    names = [row["name"] for row in coverage.ROWS]
    counts = {peer: sum(peer in row["peers"] for row in coverage.ROWS) for peer in coverage.PEERS}

    assert len(names) == len(set(names)) == 169
    assert list(counts.values()) == [56, 60, 29, 63, 15, 88]
    assert all(row["peers"].keys() <= coverage.PEERS.keys() for row in coverage.ROWS)
    keys = {"name", "peers", "provider", "dyndns2", "lexicon", "closed"}
    assert all(row.keys() <= keys for row in coverage.ROWS)


def test_what_the_table_calls_a_provider_of_lexicon_is_one() -> None:
    library = import_module("lexicon._private.providers")
    there = {module.name for module in iter_modules(library.__path__)}

    assert {row["lexicon"] for row in coverage.ROWS if "lexicon" in row} <= there


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_configuration_that_is_shown_is_right(page: Path, tmp_path: Path) -> None:
    found = re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)

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


@pytest.mark.parametrize("pair", [READMES, ADDRESSES, LINES], ids=lambda pair: pair[0].name)
def test_both_languages_have_the_same_headings_tables_and_configurations(pair: list[Path]) -> None:
    shapes = []
    for page in pair:
        lines = page.read_text(encoding="utf-8").splitlines()
        marks = [line.partition(" ")[0] for line in lines if line.startswith(("#", "|", "```", "* "))]
        words = [re.findall(r"`([^`]+)`", line)[:1] for line in lines if line.startswith("| `")]
        shapes.append((marks, words))

    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        target, _, heading = link.partition("#")
        if not target.startswith("https:"):
            there = page.parent / target
            assert there.exists(), link
            headings = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            assert not heading or heading in [one.lower().replace(" ", "-") for one in headings], link


@pytest.mark.parametrize("page", ADDRESSES, ids=lambda path: path.name)
def test_every_verdict_is_explained_once(page: Path) -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| ", page.read_text(encoding="utf-8"), re.MULTILINE)

    assert [word for word in rows if word in WORDS] == list(WORDS)


@pytest.mark.parametrize("page", [*READMES, *ADDRESSES], ids=lambda path: path.name)
def test_everybody_who_may_tell_is_named_once(page: Path) -> None:
    rows = re.findall(r"^\| \*{0,2}`\"([a-z]+)\"`", page.read_text(encoding="utf-8"), re.MULTILINE)

    assert rows == list(get_args(Teller))


@pytest.mark.parametrize("page", LINES, ids=lambda path: path.name)
def test_the_defaults_of_a_line_are_those_of_the_code(page: Path) -> None:
    shown = re.findall(
        r"^\| `(probe_interval|detect|recover)` .* (\d+)([sm]) \|$", page.read_text("utf-8"), re.MULTILINE
    )
    units = {"s": "seconds", "m": "minutes"}

    assert len(shown) == 3
    for name, number, unit in shown:
        assert getattr(UplinkTable(), name) == timedelta(**{units[unit]: int(number)})


def test_the_changelog_speaks_of_this_version() -> None:
    from homeport import __version__

    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", READMES, ids=lambda path: path.name)
def test_the_readme_counts_right(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    bridges = {"dyndns2", "lexicon", "rfc2136", "webhook"}
    reached = re.search(r"Homeport reaches (\d+)", coverage.page())

    assert re.search(rf"\b{len(set(providers.names()) - bridges)} (drivers|个自有驱动)", text)
    assert re.search(rf"\b{len(SERVICES)} (services|个用一个 URL)", text)
    assert reached
    assert re.search(rf"(\b|支持 ){reached[1]} (of the|个)", text)
