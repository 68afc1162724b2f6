"""Takes a changed configuration into force while the agent runs; one that is wrong changes nothing."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path

from ..config import load as configuration
from ..config.find import NothingFound
from ..config.mistakes import Mistakes
from ..config.model import Config
from ..core.errors import ConfigError
from ..core.events import Event
from ..core.stillness import STILL, Look, Stillness
from ..report.log import LOGGER
from ..service.host import Host
from ..state.store import Store
from .force import Force

LOOKS = 5.0  # seconds between two looks at files that are as they were
COARSE = 0.05  # seconds by which a file's time may lag behind the clock
# File systems that answer at once; any other may keep whoever asks waiting for ever.
_LOCAL = frozenset({"btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "squashfs", "tmpfs", "xfs", "zfs"})

Take = Callable[[Config], Awaitable[None]]


class Reloading:
    """Watches the files that the configuration in force was read from, and reads them again.

    `take` puts another configuration into force; what became of it is left in the store.  When
    somebody asks, and has not merely changed a file, there is a round whatever was read: `asked`.
    `fit` raises `ConfigError` for one that cannot be taken.  `began` is when the configuration began to
    be read, in seconds since 1970.
    """

    def __init__(
        self,
        path: Path | None,
        config: Config,
        store: Store,
        take: Take,
        *,
        began: float,
        host: Host,
        asked: Callable[[], None],
        fit: Callable[[Config], None],
    ) -> None:
        self._path, self._config, self._store, self._host = path, config, store, host
        self._take, self._asked, self._began, self._fit = take, asked, began, fit
        self._files: Collection[Path] = config.all_files
        self._near = False  # are they on file systems that answer at once?
        self._bell = asyncio.Event()
        self._force = Force(time.time(), _texts(config.files))
        self._force.keep(store)

    def ask(self) -> None:
        """Somebody wants it read again, whether or not a file has changed."""
        self._bell.set()

    async def run(self) -> None:
        """Until it is cancelled."""
        clock = asyncio.get_running_loop().time
        look = await asyncio.to_thread(_look, self._files)
        self._near = _at_hand(look)
        known = Stillness.begin(_without(look, self._began), clock()).looked(look, clock())
        while True:
            try:
                async with asyncio.timeout(STILL if known.changed else LOOKS):
                    await self._bell.wait()
            except TimeoutError:
                known = known.looked(await self._look(), clock())
                if not known.due(clock()):
                    continue
            asked = self._bell.is_set()
            self._bell.clear()
            self._host.reloading()
            in_force = self._config
            try:
                known = Stillness.begin(await self._read(), clock())
            finally:
                self._host.ready()
            if asked and self._config is in_force:
                self._asked()

    async def _look(self) -> Look:
        """How the files look now.  A thread, which costs ten times as much, asks what may not answer."""
        return _look(self._files) if self._near else await asyncio.to_thread(_look, self._files)

    async def _read(self) -> Look:
        """Read the files; returns how they looked before."""
        before = await asyncio.to_thread(_look, self._files)
        try:
            config = await asyncio.to_thread(configuration.load, self._path, os.environ)
            self._fit(config)
        except ConfigError as error:
            mistakes = [str(one) for one in error.mistakes] if isinstance(error, Mistakes) else [str(error)]
            if isinstance(error, NothingFound):  # its advice is for who has never had one
                mistakes = [f"{file}: the file is gone" for file in self._config.files]
            named = error.files if isinstance(error, Mistakes) else ()
            self._files = dict.fromkeys((*self._config.all_files, *named))
            self._refuse(mistakes)
        else:
            self._files = config.all_files
            await self._accept(config)
        new = [file for file in self._files if file not in before]
        now = {**before, **await asyncio.to_thread(_look, new)}
        self._near = _at_hand(now)
        return {file: now[file] for file in self._files}

    def _refuse(self, mistakes: list[str]) -> None:
        from ..config.difference import targets  # noqa: PLC0415 - an agent left alone never needs it

        LOGGER.error(
            "the configuration has changed and is refused; the one that was read at %s stays in force, and "
            "the files are read again when they change",
            time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self._force.since)),
            extra={"event": Event.NOT_ADOPTED},
        )
        for words in mistakes:
            LOGGER.error("refused: %s", words, extra={"event": Event.NOT_ADOPTED})
        self._force = self._force.refuse(time.time(), mistakes, targets(self._config))
        self._force.keep(self._store)

    async def _accept(self, config: Config) -> None:
        from ..config.difference import difference  # noqa: PLC0415 - an agent left alone never needs it

        differs = difference(self._config, config)
        for words in differs.restart:
            LOGGER.warning("%s", words)
        for warning in config.warnings:
            if warning not in self._config.warnings:
                LOGGER.warning("%s", warning)
        state_dir = self._config.agent.state_dir
        since = time.time() if differs.anything else self._force.since
        if differs.anything:
            self._config = config._replace(agent=config.agent._replace(state_dir=state_dir))
            await self._take(self._config)
            adopted = {"event": Event.ADOPTED}
            LOGGER.info("the configuration was read again: %s", differs, extra=adopted)
            for target in differs.records.gone if config.agent.vanished == "keep" else ():
                LOGGER.info("%s: not in the configuration any more; what is published stays", target)
        else:
            LOGGER.info("the configuration was read again: nothing differs")
        self._force = Force(since, _texts(config.files), differs.restart)
        self._force.keep(self._store)


def _at_hand(look: Look) -> bool:
    """Are all files on file systems of this machine?  Only Linux says so; elsewhere, none is."""
    if sys.platform == "win32":
        return False
    try:
        rows = Path("/proc/self/mountinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    devices = {f"{os.major(mark[-1])}:{os.minor(mark[-1])}" for mark in look.values() if mark}
    kinds = {row.split(" ")[2]: row.partition(" - ")[2].split(" ")[0] for row in rows}
    return all(kinds.get(device) in _LOCAL for device in devices)


def _look(files: Collection[Path]) -> Look:
    """What tells another state of each file."""
    found: dict[Path, tuple[int, ...] | None] = {}
    for file in files:
        try:
            stat = file.stat()
        except OSError:
            found[file] = None
        else:
            found[file] = (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino, stat.st_dev)
    return found


def _without(look: Look, began: float) -> Look:
    """The same without the files that may have changed after that."""
    younger = (began - COARSE) * 1e9
    return {file: None if mark and max(mark[:2]) >= younger else mark for file, mark in look.items()}


def _texts(files: Collection[Path]) -> tuple[str, ...]:
    return tuple(map(str, files))
