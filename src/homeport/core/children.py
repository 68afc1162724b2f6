"""What a program that a person names (`command:`) sees of our environment."""

from __future__ import annotations

from collections.abc import Collection, Mapping

SETTINGS = "HOMEPORT__"  # variables that begin so are settings, and may be secrets themselves
# systemd's for this process alone (sd_notify(3)): who has it can speak for us.
_OURS = frozenset({"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"})


def inherited(environ: Mapping[str, str], secrets: Collection[str]) -> dict[str, str]:
    """All but what this program alone was given: its settings, and the variables named in `secrets`.

    A list of what may pass would be shorter, and wrong for whoever wrote the line: a password manager
    needs its agent's socket, a session's bus, a home of keys, a token of its own; nobody knows them all.
    A list of names that look secret would take some of these away and miss others.  What we know for
    certain is which variables hold *our* secrets, since the configuration names them.
    """
    return {
        name: value
        for name, value in environ.items()
        if name not in secrets and name not in _OURS and not name.startswith(SETTINGS)
    }
