r"""Who may do what with a folder, in the words of Windows (SDDL).

Learn.microsoft.com, "Security Descriptor String Format" and "ACE Strings" (read 2026-11-21).
%ProgramData% lets every user of the machine make files in a new folder of it: whoever made the agent's
folder could give it a configuration.  So ours inherit nothing from it, and belong to the administrators.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_READ, _MODIFY = "0x1200a9", "0x1301bf"  # read and execute; all but changing the rights and the owner
_TRUSTED = frozenset({"SY", "BA", "S-1-5-18", "S-1-5-32-544", "LA", "DA", "EA", "CO", "S-1-3-0"})
_TRUSTED_BEFORE = "S-1-5-80-956008885-"  # NT SERVICE\TrustedInstaller
_WRITE = {"FA", "FW", "GA", "GW", "WD", "WO", "DC", "LC", "SD"}
# FILE_WRITE_DATA, FILE_APPEND_DATA, FILE_DELETE_CHILD, DELETE, WRITE_DAC, WRITE_OWNER, GENERIC_ALL, _WRITE
_WRITE_BITS = 0x2 | 0x4 | 0x40 | 0x10000 | 0x40000 | 0x80000 | 0x10000000 | 0x40000000


class Entry(NamedTuple):
    """One entry of an access control list."""

    kind: str  # A: allowed
    flags: str  # OI, CI: for files and folders below; IO: for those alone
    rights: str
    who: str  # a SID, or its two letters


def entries(sddl: str) -> tuple[Entry, ...]:
    """Those of the discretionary list."""
    listed = re.search(r"D:[A-Z]*((?:\([^)]*\))*)", sddl)
    if listed is None:
        return ()
    parts = (one.split(";") for one in re.findall(r"\(([^)]*)\)", listed[1]))
    return tuple(Entry(part[0], part[1], part[2], part[5]) for part in parts if len(part) >= 6)


def owner(sddl: str) -> str:
    """Of whom it is; empty if that is not said."""
    found = re.match(r"O:(S-[\d-]+|[A-Z]{2})", sddl)
    return found[1] if found else ""


def trusted(who: str) -> bool:
    """Somebody who can do everything on this machine anyway."""
    return who in _TRUSTED or who.startswith(_TRUSTED_BEFORE)


def writers(sddl: str) -> tuple[str, ...]:
    """Who else than administrators and the system may change it.  A missing list lets everybody."""
    if "D:" not in sddl or "D:NO_ACCESS_CONTROL" in sddl:
        return ("WD",)
    return tuple(
        dict.fromkeys(
            one.who
            for one in entries(sddl)
            if one.kind == "A" and "IO" not in one.flags and not trusted(one.who) and _writes(one.rights)
        )
    )


def _writes(rights: str) -> bool:
    if rights.startswith("0x"):
        return bool(int(rights, 16) & _WRITE_BITS)
    return bool(_WRITE & {rights[at : at + 2] for at in range(0, len(rights), 2)})


def _covers(given: str, wanted: str) -> bool:
    bits = int(wanted, 16)
    return given == "FA" or (given.startswith("0x") and int(given, 16) & bits == bits)


def folder(who: str | None, *, modify: bool) -> str:
    """The rights of a folder of ours and of all below it: nothing is inherited from above."""
    own = f"(A;OICI;{_MODIFY if modify else _READ};;;{who})" if who else ""
    return f"D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA){own}"


def granted(sddl: str, who: str, *, modify: bool, below: bool) -> str | None:
    """The list with one right more; None if it is there already."""
    rights, flags = _MODIFY if modify else _READ, "OICI" if below else ""
    mine = (one for one in entries(sddl) if one.who == who and one.kind == "A" and "IO" not in one.flags)
    if any(_covers(one.rights, rights) for one in mine):
        return None
    listed = re.search(r"D:[A-Z]*(?:\([^)]*\))*", sddl)
    return f"{listed[0] if listed else 'D:'}(A;{flags};{rights};;;{who})"
