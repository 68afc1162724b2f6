"""Files that only their user shall read, in a folder that may not be his alone.  POSIX only: on Windows a
new file has the access list of its folder.

In a folder that others can write to, such as /tmp, somebody may have put something in the way: a link to
a file of ours, which we would then overwrite, or a file of his own, which we would fill.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ..core.errors import ConfigError
from .folder import make


def own_folder(folder: Path, ours: Iterable[str]) -> str | None:
    """Make it, or see that it is fit to be used: a warning, if it can be with care.

    `ours` are patterns of the names that we use in it: a folder with nothing else becomes its user's only.
    Raises `ConfigError` for one that somebody may have prepared, `OSError` where none can be made.
    """
    make(folder)
    if sys.platform == "win32":
        return None
    link, found, me = folder.lstat(), folder.stat(), os.geteuid()
    strange = {link.st_uid, found.st_uid} - {0, me}
    if strange and me != 0:
        said = f"the state directory {folder} belongs to another user (number {min(strange)})"
        if _shared(folder):
            raise ConfigError(
                f"{said}, in a place where everyone may make one; name one of your own as state_dir"
            )
        return f"{said}, who can read and change what this agent remembers; chown it, or name another"
    loose = found.st_mode & (0o022 if found.st_mode & stat.S_ISVTX else 0o077)
    if found.st_uid == me and loose and _only(folder, ours):
        with suppress(OSError):  # a file system without such rights: nothing can be done there
            folder.chmod(0o700)
    return None


def own_file(path: Path, what: str, *, group: bool = False) -> None:
    """See that a file, if it is there, is an ordinary one of ours, and that others cannot read it.

    With `group`, what its group may is left as it is.  Raises `ConfigError` for anything else that lies
    there.
    """
    if sys.platform == "win32":
        return
    try:
        found = path.lstat()
    except OSError:  # nothing is there; or nobody may look, which whoever opens it is told as well
        return
    me = os.geteuid()
    if stat.S_ISLNK(found.st_mode):
        if found.st_uid in (0, me) and not _shared(path):
            return  # put there by whoever may do so: /dev/stdout, or another disk
        why = "is a link that another user could have put there"
    elif stat.S_ISREG(found.st_mode) and found.st_nlink > 1 and _shared(path):
        why = "has another name elsewhere (a hard link)"
    elif stat.S_ISREG(found.st_mode) and found.st_uid not in (me, path.parent.stat().st_uid):
        why = f"belongs to another user (number {found.st_uid})"
    else:
        closed = 0o7770 if group else 0o7700
        if stat.S_ISREG(found.st_mode) and found.st_uid == me and stat.S_IMODE(found.st_mode) & ~closed:
            with suppress(OSError):  # as above
                path.chmod(stat.S_IMODE(found.st_mode) & closed)
        return
    raise ConfigError(
        f"{what} {path} {why}, in a place where everyone may make one; remove it, or name another place"
    )


def _shared(path: Path) -> bool:
    """Could another user have put this there, or put something else in its place?

    Above the first folder, a sticky one such as /tmp does no harm: what is ours in it stays ours.
    """
    if sys.platform == "win32":
        return False
    first, *others = [above.stat() for above in path.absolute().parents]
    trusted = {0, os.geteuid()}
    if first.st_uid not in trusted or first.st_mode & 0o002:
        return True
    return any(
        above.st_uid not in trusted or (above.st_mode & 0o002 and not above.st_mode & stat.S_ISVTX)
        for above in others
    )


def _only(folder: Path, ours: Iterable[str]) -> bool:
    try:
        return all(any(one.match(pattern) for pattern in ours) for one in folder.iterdir())
    except OSError:
        return False
