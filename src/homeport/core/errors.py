"""What can go wrong, sorted by what the agent must do about it.

The class of an error decides the reaction; its message is for the person.

    HomeportError
    +- ConfigError                HALT       the person must edit the configuration
    +- SourceError                RETRY      an address could not be observed; records are kept
    +- ProviderError
       +- Unreachable             RETRY      nothing was changed
       |  +- Untrusted            RETRY      the peer's certificate was not accepted; nothing was sent
       |  +- NoAnswer             RETRY      something was sent: believe nothing, read again
       +- Stale                   RETRY      our view of the records was old: read again, then decide
       +- Unintelligible          RETRY      the reply has a shape the driver does not know
       +- Throttled               BACK_OFF   the provider asked for patience (retry_after)
       |  +- ThrottledAddress     BACK_OFF   ... of everybody at our address, whatever the account
       |  +- NotSent              BACK_OFF   we did not ask, so that the provider need not say no
       +- Doubted                 RETRY      a "no" without a reason: asked twice more, then HALT
       +- Refused                 HALT       asking again changes nothing
          +- AccountRefused       HALT       ... for every name of the account
          |  +- BadCredentials    HALT       ... since it does not accept our credentials
          +- NoSuchName           HALT       name or zone is not in this account
          +- Blocked              BACK_OFF   abuse lock: the whole service is left alone, for days

What concerns a whole account or service is kept beside the memories of its names (`core.circuit`).
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar


class Reaction(Enum):
    """What the agent does after an error of some class."""

    RETRY = "try again soon, then ever more slowly"
    BACK_OFF = "wait long before the next try"
    HALT = "do not try again until the account's settings change or a person asks"


class HomeportError(Exception):
    """Base of all errors this program raises on purpose."""

    reaction: ClassVar[Reaction] = Reaction.RETRY
    whole_account: ClassVar[bool] = False  # does it speak of the account, or of one name?


class ConfigError(HomeportError):
    """The configuration, or a call of the program, is wrong; a person must change it."""

    reaction = Reaction.HALT


class SourceError(HomeportError):
    """A source cannot tell the address.  What is published stays."""


class ProviderError(HomeportError):
    """Base of what can happen between us and a provider."""


class Unreachable(ProviderError):
    """No connection, or the provider said that it is out of order.  Nothing was changed."""


class Untrusted(Unreachable):
    """The peer's TLS certificate was not accepted.  Nothing was sent."""


class NoAnswer(Unreachable):
    """Something was sent and no answer came: it may have taken effect, or not."""


class Stale(ProviderError):
    """The records are not what we had read: read again, then decide."""


class Throttled(ProviderError):
    """The provider asked for patience; `retry_after` is in seconds, None if it did not say."""

    reaction = Reaction.BACK_OFF

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ThrottledAddress(Throttled):
    """The same, of everybody who asks from our address: another account is no way around it."""


class NotSent(Throttled):
    """Not sent, since it is not time yet; `retry_after` says when it is."""


class Unintelligible(ProviderError):
    """The reply has a shape that the driver does not know: a portal's page, an outage, a new API."""


class Doubted(ProviderError):
    """The provider said no and not why: our credentials, a name that is not ours, or an outage of its own.

    The account is asked twice more, hours apart (`core.circuit`), and then no more.
    """

    whole_account = True


class Refused(ProviderError):
    """The provider understood and said no; asking again changes nothing."""

    reaction = Reaction.HALT


class AccountRefused(Refused):
    """The provider wants nothing from this account or this program, whatever the name."""

    whole_account = True


class BadCredentials(AccountRefused):
    """The provider does not accept our credentials."""


class NoSuchName(Refused):
    """The name, or its zone, is not in this account."""


class Blocked(Refused):
    """The provider has locked us out for abuse; a person must talk to it.

    Nobody is asked for days, and then once: a person may have talked to it and told us nothing.
    """

    reaction = Reaction.BACK_OFF
    whole_account = True
