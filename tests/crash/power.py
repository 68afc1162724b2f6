"""Power cuts: what a disk may hold when the current fails, and what the state file makes of it.

strace writes down what a process asks of the disk.  Between two calls the current fails: of what was
written and not yet waited for (fdatasync), any part may have arrived, in any order, the last piece torn;
of names that were made or taken away in a folder that nobody has synchronised, the first few.  This is
the worst that POSIX allows, short of a disk that lies about having written.
"""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Self

CALLS = "openat,write,pwrite64,fsync,fdatasync,ftruncate,unlink,rename,mkdir"
# strace -xx -y:  123 pwrite64(4<\x2f...>, "\x00...", 24, 32) = 24
_LINE = re.compile(r"\d+ +(?P<call>\w+)\((?P<rest>.*)\) += (?P<result>-?\d+)")
_FILE = re.compile(r"(\d+)<([^>]*)>")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


class Op(NamedTuple):
    """One thing that the process asked of the disk, or `said` to whoever listens."""

    kind: str  # said, make, folder, write, cut, sync, unlink, rename
    path: str = ""
    at: int = 0  # offset, or length
    data: bytes = b""
    other: str = ""  # the new name


@dataclass
class File:
    """What is surely there, and what was written since it was last waited for."""

    sure: bytes = b""
    pending: list[Op] = field(default_factory=list)

    def after_a_cut(self, chance: random.Random) -> bytes:
        octets = bytearray(self.sure)
        for op in self.pending:
            if chance.random() < 0.5:
                continue
            data = op.data
            if chance.random() < 0.3:
                data = data[: chance.randint(0, len(data))]
            _apply(octets, op._replace(data=data))
        return bytes(octets)

    def sync(self) -> None:
        octets = bytearray(self.sure)
        for op in self.pending:
            _apply(octets, op)
        self.sure, self.pending = bytes(octets), []


@dataclass
class Disk:
    """All below one folder, which itself is surely there."""

    root: str
    files: dict[str, File] = field(default_factory=dict)  # as the process sees them
    sure: dict[str, File | None] = field(default_factory=dict)  # names surely there; None: a folder
    renamed: list[Op] = field(default_factory=list)  # what happened to names since their folder was synced
    made: list[File | None] = field(default_factory=list)  # what each of those was about

    @classmethod
    def of(cls, root: Path) -> Self:
        """With what is there now, all of it surely."""
        disk = cls(str(root))
        for path in sorted(root.rglob("*")):
            if path.is_dir():
                disk.sure[str(path)] = None
            else:
                disk.sure[str(path)] = disk.files[str(path)] = File(path.read_bytes())
        return disk

    def do(self, op: Op) -> None:
        if op.kind == "make":
            if op.path not in self.files:
                self._name(op, self.files.setdefault(op.path, File()))
        elif op.kind == "folder":
            self._name(op, None)
        elif op.kind in ("write", "cut"):
            self.files[op.path].pending.append(op)
        elif op.kind == "unlink":
            self._name(op, self.files.pop(op.path))
        elif op.kind == "rename":
            self.files[op.other] = self.files.pop(op.path)
            self._name(op, self.files[op.other])
        elif op.kind == "sync" and op.path in self.files:
            self.files[op.path].sync()
        elif op.kind == "sync":
            kept = [(one, what) for one, what in zip(self.renamed, self.made, strict=True)]
            self.renamed, self.made = [], []
            for one, what in kept:
                if _parent(one.path) == op.path:
                    _rename(self.sure, one, what)
                else:
                    self._name(one, what)

    def after_a_cut(self, folder: Path, chance: random.Random) -> None:
        """Write into `folder` what may be left of it all."""
        names = dict(self.sure)
        for op, what in list(zip(self.renamed, self.made, strict=True))[
            : chance.randint(0, len(self.renamed))
        ]:
            _rename(names, op, what)
        for name in sorted(names):
            here, what = folder / Path(name).relative_to(self.root), names[name]
            if not here.parent.is_dir():
                continue  # its folder is gone, and so is it
            if what is None:
                here.mkdir(exist_ok=True)
            elif name.endswith("-shm"):  # mapped into memory: whatever the system wrote back
                here.write_bytes(chance.randbytes(32768))
            else:
                here.write_bytes(what.after_a_cut(chance))

    def _name(self, op: Op, what: File | None) -> None:
        self.renamed.append(op)
        self.made.append(what)


def watch(script: str, root: Path, trace: Path) -> list[Op]:
    """Run a script under strace; what it did below `root`, and what it wrote to its standard output."""
    strace = ["strace", "-f", "-qq", "-y", "-xx", "-s", "1000000", "-e", f"trace={CALLS}", "-o", str(trace)]
    subprocess.run([*strace, sys.executable, "-c", script, str(root)], check=True, stdout=subprocess.PIPE)
    return list(_ops(trace.read_text().splitlines(), str(root)))


def _ops(lines: Sequence[str], root: str) -> Iterator[Op]:
    for line in lines:
        found = _LINE.match(line)
        if found is None or int(found["result"]) < 0:
            continue
        call, rest = found["call"], found["rest"]
        texts = [_octets(text) for text in _TEXT.findall(rest)]
        opened = _FILE.match(rest)
        path = _octets(opened[2]).decode(errors="replace") if opened else ""
        if call == "write" and opened and opened[1] == "1":
            yield Op("said", data=texts[0])
            continue
        if call in ("openat", "mkdir", "unlink", "rename"):
            path = texts[0].decode(errors="replace")
        if not f"{path}/".startswith(f"{root}/"):
            continue
        if call == "openat" and "O_CREAT" in rest:
            yield Op("make", path)
        elif call == "mkdir":
            yield Op("folder", path)
        elif call == "pwrite64":
            yield Op("write", path, int(rest.rsplit(", ", 1)[1]), texts[0])
        elif call == "ftruncate":
            yield Op("cut", path, int(rest.rsplit(", ", 1)[1]))
        elif call in ("fsync", "fdatasync"):
            yield Op("sync", path)
        elif call == "unlink":
            yield Op("unlink", path)
        elif call == "rename":
            yield Op("rename", path, other=texts[1].decode())


def _octets(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _apply(octets: bytearray, op: Op) -> None:
    size = op.at if op.kind == "cut" else op.at + len(op.data)
    if len(octets) < size:
        octets.extend(bytes(size - len(octets)))
    if op.kind == "cut":
        del octets[op.at :]
    else:
        octets[op.at : size] = op.data


def _rename(names: dict[str, File | None], op: Op, what: File | None) -> None:
    if op.kind in ("unlink", "rename"):
        names.pop(op.path, None)
    if op.kind != "unlink":
        names[op.other or op.path] = what


def _parent(path: str) -> str:
    return path.rsplit("/", 1)[0]
