"""What can happen, by number: the same in the JSON log, in Windows' Event Log and in the manual.

A number never changes its meaning and is never used again.  They lie between 1 and 1000, the messages
that `EventCreate.exe`, which each Windows has, holds for others (Microsoft Learn, "eventcreate",
read 2026-11-21).
"""

from __future__ import annotations

from enum import Enum


class Event(Enum):
    """The number, what has happened, and what to do about it ("" for nothing)."""

    STARTED = (100, "the agent has started", "")
    ENDED = (101, "the agent has ended in good order", "")
    NOT_STARTED = (102, "the agent could not start", "do what the text says, then `homeport service start`")
    ADOPTED = (103, "a changed configuration is in force", "")
    NOT_ADOPTED = (
        104,
        "a changed configuration is wrong; the one before stays in force",
        "mend the lines that the text names; `homeport check` shows them too",
    )
    STOOD_STILL = (
        105,
        "the agent stood still, and has ended itself to be started anew",
        "if it comes again: please report it, with the log",
    )
    UPDATED = (200, "a name points at another address now", "")
    RIGHT = (201, "a name is right: for the first time, or again", "")
    FAILED = (202, "a name could not be brought to its address; it is tried again", "read why in the text")
    HELD = (
        203,
        "a name is left alone: its account is stopped, or the provider has asked for patience",
        "what the text says; then `homeport retry`",
    )
    UNKNOWN = (
        204,
        "the address cannot be told; what is published stays",
        "`homeport ip` shows who says what",
    )
    LIVE = (205, "the name servers show the new address", "")
    NOT_LIVE = (
        206,
        "the name servers do not show the new address, or not all of them do",
        "if it stays so: ask the provider",
    )
    TOLD = (300, "somebody told of a change: the gateway, the system, a person", "")
    OTHER_WARNING = (990, "something else that a person should know", "read the text")
    OTHER_ERROR = (991, "something went wrong that should not: a bug", "please report it, with the log")

    @property
    def number(self) -> int:
        return self.value[0]

    @property
    def says(self) -> str:
        return self.value[1]

    @property
    def advice(self) -> str:
        return self.value[2]
