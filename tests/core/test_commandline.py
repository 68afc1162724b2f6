"""`command:` lines become a program and its arguments, and never a line for a shell."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core import commandline
from homeport.core.errors import ConfigError

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
PROGRAM = TEXT.filter(lambda text: text.strip() and text.lower() not in _shell_words() and "=" not in text)


def _shell_words() -> frozenset[str]:
    return commandline._POSIX_WORDS | commandline._WINDOWS_WORDS


@given(PROGRAM, st.lists(TEXT))
def test_what_is_quoted_for_a_posix_shell_comes_back_as_it_is(program: str, arguments: list[str]) -> None:
    words = (program, *arguments)
    assert commandline.posix(shlex.join(words)) == words


@given(st.lists(st.text("ab'\" \\c/-=:,.@%+~", min_size=1), min_size=1).map(" ".join))
def test_a_line_without_signs_of_a_shell_is_read_as_shlex_reads_it(line: str) -> None:
    try:
        words = commandline.posix(line)
    except ConfigError:
        return
    if any(sign in line for sign in ("\\$", "\\`")):
        return  # here shlex is not POSIX
    assert list(words) == shlex.split(line)


@given(
    st.lists(TEXT.filter(lambda text: "%" not in text)),
    st.sampled_from(["python", r"C:\Program Files\a.exe"]),
)
def test_what_windows_programs_would_read_comes_back_as_it_is(arguments: list[str], program: str) -> None:
    quoted = subprocess.list2cmdline([*arguments])
    head = f'"{program}"' if " " in program else program
    plain = subprocess.list2cmdline([*(_plainly(a) for a in arguments)])
    assert commandline.windows(f"{head} {plain}") == (program, *map(_plainly, arguments))
    assert quoted.count("\0") == 0


def _plainly(text: str) -> str:
    """Without what list2cmdline leaves unquoted although a shell, or our reader, would see a sign in it."""
    return "".join("x" if char in "|<>&^\r\n\v\f" else char for char in text)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (r'"C:\Program Files\tool\x.exe" --name "a b"', (r"C:\Program Files\tool\x.exe", "--name", "a b")),
        (r"C:\tool\x.exe C:\data\ last", ("C:\\tool\\x.exe", "C:\\data\\", "last")),
        (r'x.exe "C:\data\\" last', ("x.exe", "C:\\data\\", "last")),
        (r'x.exe "a \"quoted\" word"', ("x.exe", 'a "quoted" word')),
        (r"x.exe a\\\"b c", ("x.exe", 'a\\"b', "c")),
        (r'x.exe a\\b "" c', ("x.exe", r"a\\b", "", "c")),
        ('x.exe "a|b" "c>d" "e&f"', ("x.exe", "a|b", "c>d", "e&f")),
        ('cmd /c "dir | more"', ("cmd", "/c", "dir | more")),
        ('"C:\\a b\\" x', ("C:\\a b\\", "x")),  # in the program's name a backslash is plain
    ],
)
def test_windows_lines(line: str, words: tuple[str, ...]) -> None:
    assert commandline.windows(line) == words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("pass show dns/token", ("pass", "show", "dns/token")),
        ("'/opt/my tools/x' \"a b\" c\\ d", ("/opt/my tools/x", "a b", "c d")),
        ('x "a$" "5 % of \\$HOME" a$', ("x", "a$", "5 % of $HOME", "a$")),
        ("sh -c 'a | b > c && d; e $HOME *'", ("sh", "-c", "a | b > c && d; e $HOME *")),
        ("x '' \"\"", ("x", "", "")),
        ("x a~b a#b a=b", ("x", "a~b", "a#b", "a=b")),
        ("curl 'https://ip.example.com/?a=1&b=2'", ("curl", "https://ip.example.com/?a=1&b=2")),
    ],
)
def test_posix_lines(line: str, words: tuple[str, ...]) -> None:
    assert commandline.posix(line) == words


@pytest.mark.parametrize(
    ("line", "sign"),
    [
        ("pass show s3cr3t | head -1", "|"),
        ("a s3cr3t && b", "&&"),
        ("a s3cr3t || b", "||"),
        ("a s3cr3t &", "&"),
        ("a; s3cr3t", ";"),
        ("a s3cr3t > b", ">"),
        ("a 2>/dev/null s3cr3t", ">"),
        ("a < s3cr3t", "<"),
        ("a $s3cr3t", "$"),
        ('a "$s3cr3t"', "$"),
        ('a "${s3cr3t}"', "$"),
        ("$(s3cr3t) a", "$"),
        ("a `s3cr3t`", "`"),
        ('a "`s3cr3t`"', "`"),
        ("~/bin/s3cr3t a", "~"),
        ("a ~/s3cr3t", "~"),
        ("a *.s3cr3t", "*"),
        ("a s3cr3t?", "?"),
        ("a [s3cr3t]", "["),
        ("(a s3cr3t)", "("),
        ("a # s3cr3t", "#"),
        ("TOKEN=s3cr3t a", "NAME=value"),
    ],
)
def test_what_only_a_posix_shell_understands_is_refused(line: str, sign: str) -> None:
    with pytest.raises(ConfigError) as caught:
        commandline.posix(line)
    said = str(caught.value)
    assert said.startswith(f"{sign} is for a shell, and no shell reads this line; ")
    assert "sh -c '...'" in said
    assert "s3cr3t" not in said


@pytest.mark.parametrize(
    ("line", "sign"),
    [
        ("a s3cr3t | b", "|"),
        ("a s3cr3t > b", ">"),
        ("a s3cr3t & b", "&"),
        ("a ^s3cr3t", "^"),
        ('a "%s3cr3t%"', "%NAME%"),
    ],
)
def test_what_only_cmd_understands_is_refused(line: str, sign: str) -> None:
    with pytest.raises(ConfigError) as caught:
        commandline.windows(line)
    said = str(caught.value)
    assert said.startswith(f"{sign} is for a shell, and no shell reads this line; ")
    assert 'cmd /c "..."' in said
    assert "s3cr3t" not in said


@pytest.mark.parametrize("split", [commandline.posix, commandline.windows])
def test_lines_that_are_none(split: object) -> None:
    assert callable(split)
    for line, said in (
        ("", "no program"),
        ('""', "no program"),
        ('a "b', "nothing behind it"),
        ("cd /tmp", "cd is a word of a shell"),
        ("a b\0c", "NUL"),
    ):
        with pytest.raises(ConfigError, match=said):
            split(line)
    for line in ("a 'b", "a b\\"):
        with pytest.raises(ConfigError, match="nothing behind it"):
            commandline.posix(line)
