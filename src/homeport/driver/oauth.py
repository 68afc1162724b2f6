"""Access tokens of OAuth 2.0 (RFC 6749), fetched once for each `Api`: a driver holds no state."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from ..core.secret import Secret
from ..wire.auth import bearer, form
from .base import Api, HttpProvider


@dataclass(frozen=True, kw_only=True)
class OAuth(HttpProvider):
    """A service whose calls carry an access token, which is asked for with what the account holds."""

    @abstractmethod
    def token_url(self) -> str: ...

    @abstractmethod
    def grant(self, now: float) -> Mapping[str, str | Secret]:
        """The form that is exchanged for a token; its secrets are scrubbed from whatever is answered."""

    def session_headers(self, session: Mapping[str, Secret]) -> Mapping[str, str | Secret]:
        return bearer(session["token"]) if "token" in session else {}

    async def enter(self, api: Api) -> None:
        """Get a token, unless there is one; to be called before the first call of a look or a write."""
        if "token" in api.session:
            return
        fields = self.grant(api.now())
        api.session.update((name, value) for name, value in fields.items() if isinstance(value, Secret))
        try:
            token = (await api.call("POST", self.token_url(), body=form(fields)))["access_token"]
        finally:
            for name in fields:
                api.session.pop(name, None)
        if not isinstance(token, str) or not token:
            raise ValueError("a login without a token")
        api.session["token"] = Secret(token)
