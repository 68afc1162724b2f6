"""The log that a configuration asks for, with none of its secrets in it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path

from ..agent.loop import TRACE
from ..config.model import Config
from ..report import log
from ..state.private import own_file


def begin(config: Config, more: Iterable[logging.Handler] = ()) -> None:
    """Raises `ConfigError` as `fit` does."""
    fit(config)
    asked = config.log
    log.start(asked.level, asked.format, asked.file, TRACE.get, hide=_without_secrets(config), more=more)


def go_on(config: Config) -> None:
    """The same, after the configuration has changed to one that is `fit`."""
    asked = config.log
    log.restart(asked.level, asked.format, asked.file, TRACE.get, _without_secrets(config))


def fit(config: Config) -> None:
    """Close old log files to others.  Raises `ConfigError` for one that another user may have prepared."""
    if (file := config.log.file) is not None:
        from ..report.log_file import KEPT  # noqa: PLC0415 - only where a file is wanted

        for one in (file, *(Path(f"{file}.{number}") for number in range(1, KEPT + 1))):
            own_file(one, "the log file", group=True)


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
