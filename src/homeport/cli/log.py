"""The log that a configuration asks for, with none of its secrets in it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path

from ..agent.loop import TRACE
from ..config.model import Config
from ..report import log
from ..state.private import own_file


class Log:
    """`file` is for an agent that nobody looks at: it is written where the configuration names none.

    `more` are handlers with formats of their own, such as Windows' Event Log.
    """

    def __init__(self, file: Path | None = None, more: Iterable[logging.Handler] = ()) -> None:
        self._file, self._more = file, tuple(more)

    def begin(self, config: Config) -> None:
        """Raises `ConfigError` as `fit` does."""
        self.fit(config)
        asked, seen = config.log, self._file is None
        hide = _without_secrets(config)
        log.start(
            asked.level, asked.format, self._of(config), TRACE.get, hide=hide, more=self._more, console=seen
        )
        for warning in () if seen else config.warnings:
            log.LOGGER.warning("%s", warning)

    def begin_plainly(self) -> None:
        """For what must be said before there is a configuration."""
        log.start("info", "text", self._file, TRACE.get, more=self._more, console=self._file is None)

    def go_on(self, config: Config) -> None:
        """After the configuration has changed to one that is `fit`."""
        asked = config.log
        log.restart(asked.level, asked.format, self._of(config), TRACE.get, _without_secrets(config))

    def fit(self, config: Config) -> None:
        """Close old log files to others.

        Raises `ConfigError` for one that another user may have prepared.
        """
        if (file := self._of(config)) is not None:
            from ..report.log_file import KEPT  # noqa: PLC0415 - only where a file is wanted

            for one in (file, *(Path(f"{file}.{number}") for number in range(1, KEPT + 1))):
                own_file(one, "the log file", group=True)

    def _of(self, config: Config) -> Path | None:
        return config.log.file or self._file


def _without_secrets(config: Config) -> Callable[[str], str]:
    """Hides all secrets of a configuration in a text, even those that only a part is quoted of."""

    def hide(text: str) -> str:
        from ..wire.auth import veil, within  # noqa: PLC0415 - only for a bug

        accounts = [account.settings.values() for account in config.accounts.values()]
        sources = [
            vars(one).values() for up in config.uplinks.values() for s in up.sources.values() for one in s
        ]
        return veil(text, [secret for values in (*accounts, *sources) for secret in within(values)])

    return hide
