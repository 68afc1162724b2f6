"""Warnings about what anybody in the network can cause: each is said once, and there are few of them."""

from __future__ import annotations

import logging
from collections.abc import Hashable

MOST = 8  # whoever is the cause of more only wants to fill the log


class Once:
    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._said: set[Hashable] = set()

    def warn(self, about: Hashable, text: str) -> None:
        """Say it, unless something was said `about` the same before."""
        if about not in self._said and len(self._said) < MOST:
            self._said.add(about)
            self._logger.warning(text)
