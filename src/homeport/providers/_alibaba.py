"""What the APIs of Alibaba Cloud share: keys, signature V3, errors."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from ..core.errors import (
    BadCredentials,
    NoSuchName,
    Refused,
    Stale,
    Throttled,
    Unintelligible,
    Unreachable,
)
from ..core.secret import Secret
from ..driver import Api, Fault, HttpProvider, raise_fault
from ..wire.http import Query, Reply, Request
from ..wire.sign_acs3 import signed

_FAULTS = (
    Fault(Unreachable, ("InvalidTimeStamp",), "; is the clock of this machine right?"),
    Fault(Unreachable, ("SignatureNonceUsed", "InternalError", "ServiceUnavailable", "UnKnownError")),
    Fault(
        BadCredentials,
        (
            "InvalidAccessKeyId",
            "InvalidAccessKeySecret",
            "InvalidSecurityToken",
            "MissingSecurityToken",
            "SignatureDoesNotMatch",
            "IncompleteSignature",
            "Forbidden",
            "NoPermission",
        ),
        "; the AccessKey must be active and its RAM user must be allowed to do this",
    ),
    Fault(Refused, ("DomainForbidden", "RecordForbidden")),
    Fault(Throttled, ("Throttling", "FlowControl", "LastOperationNotFinished", "TooManyRequests")),
    Fault(
        Stale,
        ("DomainRecordDuplicate", "Record.DuplicateRecord", "RecordAlreadyExists"),
        "; if a paused record of this name holds the address, enable it or delete it",
    ),
    Fault(Stale, ("DomainRecordNotBelongToUser", "InvalidRecordId", "RecordNotExist", "Record.NotFound")),
    Fault(
        NoSuchName,
        (
            "InvalidDomainName.NoExist",
            "IncorrectDomainUser",
            "InvalidSite",
            "SiteNotExist",
            "Site.NotFound",
        ),
    ),
    Fault(
        Refused,
        (
            "DomainRecordConflict",
            "DomainRecordLocked",
            "InvalidDomainName",
            "InvalidParameter",
            "InvalidRR",
            "InvalidTTL",
            "QuotaExceeded",
            "UnsupportedLine",
        ),
    ),
)


@dataclass(frozen=True, kw_only=True)
class AlibabaCloud(HttpProvider):
    """An account of Alibaba Cloud."""

    access_key_id: Annotated[str, "AccessKey ID of a RAM user"]
    access_key_secret: Annotated[Secret, "AccessKey secret that belongs to it"]
    security_token: Annotated[Secret | None, "token of a key that the Security Token Service lent"] = None

    version: ClassVar[str]  # of the API
    patience = 60

    def sign(self, request: Request, now: float, nonce: str) -> Request:
        key = self.access_key_id, self.access_key_secret
        return signed(request, *key, now, nonce, version=self.version, token=self.security_token)

    async def ask(self, api: Api, action: str, query: Query, method: str = "GET") -> Any:
        return await api.call(method, "/", query, headers={"x-acs-action": action})

    async def act(self, api: Api, action: str, query: Query) -> Any:
        """The same for an action that changes something."""
        return await self.ask(api, action, query, "POST")

    def check(self, payload: Any) -> None:
        if payload.get("Code") not in (None, "", "200", 200):
            self._raise(payload)
            raise Refused(self._words(payload))

    def check_failure(self, reply: Reply, said: str) -> None:
        try:
            payload = reply.json()
        except Unintelligible:
            return
        if isinstance(payload, dict) and "Code" in payload:
            self._raise(payload)

    def _raise(self, payload: Any) -> None:
        raise_fault(self, _FAULTS, str(payload["Code"]), self._words(payload))

    def _words(self, payload: Any) -> str:
        said = " ".join(self.scrub(str(payload.get("Message", ""))).split())
        return f"{self.title}: {said[:160]} ({self.scrub(str(payload['Code']))[:60]})"
