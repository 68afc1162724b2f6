"""Output to consoles and pipes of any code page, and streams that are not there."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.cli.streams import forgiving

PAGES = ["ascii", "cp437", "cp850", "cp1252", "cp936", "utf-8", "utf-16-le"]
SMALL = """
[agent]
state_dir = {state}
[account.x]
provider = "duckdns"
token = "00000000-0000-4000-8000-000000000000"
[[record]]
name = "home.duckdns.org"
account = "x"
"""


@given(text=st.text(), page=st.sampled_from(PAGES))
def test_every_text_is_taken_what_the_page_has_is_unchanged_and_json_stays_json(
    text: str, page: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        octets = io.BytesIO()
        stream = io.TextIOWrapper(octets, encoding=page, newline="")
        patch.setattr(sys, "stdout", stream)
        forgiving()
        sys.stdout.write(text + "\n" + json.dumps(text, ensure_ascii=False))
        stream.flush()
        said = octets.getvalue().decode(page)
        stream.detach()

    assert json.loads(said[said.rindex("\n") + 1 :]) == text
    try:
        text.encode(page)
    except UnicodeEncodeError:
        return
    assert said.startswith(text + "\n")


def test_a_name_of_a_file_that_is_no_text_is_taken_too(monkeypatch: pytest.MonkeyPatch) -> None:
    octets = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(octets, encoding="utf-8"))
    forgiving()
    print("\udce4")

    assert octets.getvalue() in (b"", b"\\udce4\n", b"\\udce4\r\n") and not sys.stdout.flush()
    assert octets.getvalue().startswith(b"\\udce4")


def test_without_streams_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    forgiving()
    print("nobody reads this")
    assert not sys.stdout.isatty() and not sys.stderr.isatty()


@pytest.mark.parametrize("page", ["cp437", "cp1252", "cp936", "ascii"])
def test_a_command_tells_of_a_folder_with_spaces_and_chinese_characters_on_every_page(
    tmp_path: Path, page: str
) -> None:
    folder = tmp_path / "Zo\xeb 的 文件夹 🏠"
    folder.mkdir()
    file = folder / "家 homeport.toml"
    file.write_text(SMALL.format(state=quoted(folder / "état 状态")), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "homeport", "check", "-c", str(file)],
        capture_output=True,
        timeout=110,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": page},
    )

    assert done.returncode == 0, done.stderr
    # The embeddable Python of Windows does not hear PYTHONIOENCODING: there it is the page of the machine.
    assert b"homeport.toml: right" in done.stdout


def test_a_configuration_with_a_bom_and_ends_of_lines_of_windows_is_read(tmp_path: Path) -> None:
    file = tmp_path / "homeport.toml"
    text = SMALL.format(state=quoted(tmp_path / "state"))
    file.write_text(text, encoding="utf-8-sig", newline="\r\n")

    assert command("check", "-c", str(file))[0] == 0
    file.write_text(text + "nonsense = 1\n", encoding="utf-8-sig", newline="\r\n")
    status, errors = command("check", "-c", str(file))
    assert status == 2
    assert f"homeport.toml:{text.count(chr(10)) + 1}" in errors


@pytest.mark.parametrize("page", ["utf-16", "utf-16-be", "gbk"])
def test_a_configuration_in_another_encoding_is_a_mistake_with_a_remedy(tmp_path: Path, page: str) -> None:
    file = tmp_path / "homeport.toml"
    text = "# 家\n" + SMALL.format(state=quoted(tmp_path / "state"))
    file.write_bytes((b"\xfe\xff" if page == "utf-16-be" else b"") + text.encode(page))
    status, errors = command("check", "-c", str(file))

    assert status == 2
    assert "UTF-8" in errors and "Notepad" in errors
    assert "Traceback" not in errors


def test_a_path_of_more_than_260_characters(tmp_path: Path) -> None:
    folder = tmp_path
    while len(str(folder)) < 300:
        folder = folder / "a folder with a long name 长"
    folder.mkdir(parents=True)
    file = folder / "homeport.toml"
    file.write_text(SMALL.format(state=quoted(folder / "state")), encoding="utf-8")

    assert command("check", "-c", str(file))[0] == 0
    assert command("status", "-c", str(file))[0] == 1  # it has never run


def command(*words: str) -> tuple[int, str]:
    """Run a command in a process of its own: exit status and errors."""
    done = subprocess.run(
        [sys.executable, "-m", "homeport", *words], capture_output=True, timeout=110, check=False
    )
    return done.returncode, done.stderr.decode("utf-8", "replace")


def quoted(path: Path) -> str:
    """As TOML takes a path on every system."""
    return f"'{path}'"


def test_help_may_go_nowhere() -> None:
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        done = subprocess.run(
            [sys.executable, "-m", "homeport", "--help"], stdout=nowhere, timeout=110, check=False
        )
    assert done.returncode == 0


@pytest.mark.posix("there is no /dev/full, and a closed pipe has other words")
@pytest.mark.parametrize("words", [["schema"], ["providers"], ["check"]])
def test_output_that_cannot_be_written_is_told_in_a_line_and_by_the_exit_status(
    tmp_path: Path, words: list[str]
) -> None:
    (tmp_path / "homeport.toml").write_text(SMALL.format(state=quoted(tmp_path / "state")))
    read, write = os.pipe()
    os.close(read)
    full = os.open("/dev/full", os.O_WRONLY)
    for out, said in (
        (full, ["homeport: the output cannot be written: No space left on device"]),
        (write, []),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "homeport", *words],
            cwd=tmp_path,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            timeout=110,
            check=False,
        )
        os.close(out)
        assert done.returncode == 1
        assert [line for line in done.stderr.splitlines() if "warning: " not in line] == said
