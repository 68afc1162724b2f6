"""A line that a person wrote for `command:`, as a program and its arguments.  No shell ever reads it.

A shell would make a program of whatever slips into the line, and its words mean something else on each
machine.  Whoever wants one names it: `sh -c '...'`.  What only a shell understands is therefore refused
and never passed on as plain text, which would be a silent change of its meaning.
"""

from __future__ import annotations

import re
from typing import NoReturn

from .errors import ConfigError

_BLANK = " \t\r\n"
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_VARIABLE = re.compile(r"\$[\w({@*#?!$-]")  # POSIX.1-2024, XCU 2.6: what a "$" expands with
_PERCENT = re.compile(r"%[^%\s]+%")
# Words of a shell that are no programs (POSIX.1-2024, XCU 2.4 and 2.15; cmd.exe has most of the others).
_POSIX_WORDS = frozenset({"alias", "case", "cd", "eval", "exec", "export", "for", "if", "read", "set"})
_POSIX_WORDS |= {"source", "type", "ulimit", "umask", "unset", "until", "while", ".", ":", "!"}
_WINDOWS_WORDS = frozenset(
    {"call", "cd", "copy", "del", "dir", "echo", "for", "if", "set", "start", "type"}
)


_SH, _CMD = "sh -c '...'", 'cmd /c "..."'  # how a person asks for one


def posix(line: str) -> tuple[str, ...]:
    """Quotes and backslashes as a shell reads them (POSIX.1-2024, XCU 2.2).

    Raises `ConfigError`, which shows a sign of the line and nothing else of it.
    """
    words: list[str] = []
    word: str | None = None  # None: between two words
    i = 0
    while i < len(line):
        char = line[i]
        if char in _BLANK:
            words += [] if word is None else [word]
            word = None
        elif char == "'":
            end = line.find("'", i + 1)
            word = (word or "") + line[i + 1 : _closed(end)]
            i = end
        elif char == '"':
            inside, i = _in_double(line, i + 1)
            word = (word or "") + inside
        elif char == "\\":
            i += 1
            if i == len(line):
                _no_end()
            word = (word or "") + line[i]
        else:
            if shell := _of_a_shell(line, i, first=word is None):
                raise _for_a_shell(shell, _SH)
            word = (word or "") + char
        i += 1
    words += [] if word is None else [word]
    return _checked(words, _ASSIGNMENT, _POSIX_WORDS, _SH)


def windows(line: str) -> tuple[str, ...]:
    """As programs of Microsoft's C runtime read it ("Parsing C command-line arguments", 2024-07-25).

    Backslashes are plain, except before a double quote.  Raises `ConfigError` as `posix` does.
    """
    if _PERCENT.search(line):
        raise _for_a_shell("%NAME%", _CMD)
    words: list[str] = []
    word: str | None = None
    quoted = False
    i = 0
    while i < len(line):
        char = line[i]
        slashes = len(line) - i - len(line[i:].lstrip("\\"))
        if char in _BLANK and not quoted:
            words += [] if word is None else [word]
            word = None
        elif slashes and line[i + slashes : i + slashes + 1] == '"' and words:
            word = (word or "") + "\\" * (slashes // 2)
            i += slashes - 1
            if slashes % 2:
                word, i = word + '"', i + 1
        elif char == '"' and quoted and words and line[i + 1 : i + 2] == '"':
            word, i = (word or "") + '"', i + 1
        elif char == '"':
            word, quoted = word or "", not quoted
        else:
            if not quoted and char in "|<>&^":
                raise _for_a_shell(char, _CMD)
            word = (word or "") + char
        i += 1
    if quoted:
        _no_end()
    words += [] if word is None else [word]
    return _checked(words, None, _WINDOWS_WORDS, _CMD)


def _in_double(line: str, i: int) -> tuple[str, int]:
    """What stands between double quotes, and where the second one is."""
    inside = ""
    while i < len(line) and line[i] != '"':
        if line[i] == "\\" and line[i + 1 : i + 2] in ("$", "`", '"', "\\"):
            i += 1
        elif line[i] == "`" or _VARIABLE.match(line, i):
            raise _for_a_shell(line[i], _SH)
        inside += line[i]
        i += 1
    return inside, _closed(i if i < len(line) else -1)


def _of_a_shell(line: str, i: int, *, first: bool) -> str:
    """The sign at that place that only a shell understands, if there is one."""
    char = line[i]
    if char in "|&;<>":
        return char * 2 if line[i + 1 : i + 2] == char else char
    special = char in "()`*?[" or (char == "$" and _VARIABLE.match(line, i)) or (first and char in "~#")
    return char if special else ""


def _checked(
    words: list[str], assignment: re.Pattern[str] | None, of_a_shell: frozenset[str], shell: str
) -> tuple[str, ...]:
    if not words or not words[0]:
        raise ConfigError("no program is named; write its path, and then its arguments")
    if any("\0" in word for word in words):
        raise ConfigError("a command line cannot hold a NUL character")
    if assignment and assignment.match(words[0]):
        raise _for_a_shell("NAME=value", shell, "; env NAME=value PROGRAM does without")
    if words[0].lower() in of_a_shell:
        raise ConfigError(f"{words[0]} is a word of a shell, and no shell reads this line; write {shell}")
    return tuple(words)


def _for_a_shell(sign: str, shell: str, more: str = "") -> ConfigError:
    return ConfigError(
        f"{sign} is for a shell, and no shell reads this line; put it in quotes if it is meant as it is, "
        f"or write {shell} if you want a shell{more}"
    )


def _closed(end: int) -> int:
    if end < 0:
        _no_end()
    return end


def _no_end() -> NoReturn:
    raise ConfigError("the command line has a quote or a backslash with nothing behind it")
