"""What the APIs of Tencent Cloud share: keys, signature TC3, errors inside a 200."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from ..core.errors import (
    AccountRefused,
    BadCredentials,
    Blocked,
    NoSuchName,
    Refused,
    Stale,
    Throttled,
    ThrottledAddress,
    Unreachable,
)
from ..core.secret import Secret
from ..driver import Api, Fault, HttpProvider, raise_fault
from ..wire.http import Request
from ..wire.sign_tc3 import signed

_FAULTS = (
    Fault(Unreachable, ("AuthFailure.SignatureExpire",), "; is the clock of this machine right?"),
    Fault(ThrottledAddress, ("RequestLimitExceeded.IPLimitExceeded",)),
    Fault(
        Throttled,
        (
            "RequestLimitExceeded",
            "LimitExceeded.FailedLoginLimitExceeded",
            "LimitExceeded.RateLimitExceeded",
            "FailedOperation.FrequencyLimit",
            "InvalidParameter.OperationIsTooFrequent",
        ),
    ),
    Fault(AccountRefused, ("FailedOperation.AccountIsLocked",)),
    Fault(Blocked, ("IpInBlacklist",)),
    Fault(Refused, ("FailedOperation.DomainIsSpam",)),
    Fault(
        BadCredentials,
        (
            "AuthFailure",
            "UnauthorizedOperation",
            "IpNotInWhitelist",
            "FailedOperation.LoginFailed",
            "InvalidParameter.LoginTokenValidateFailed",
            "InvalidParameter.RequestIpLimited",
        ),
        "; the API key must be enabled and its user must be allowed to do this",
    ),
    Fault(
        Stale,
        ("InvalidParameter.DomainRecordExist",),
        "; if a disabled record of this name holds the address, enable it or delete it",
    ),
    Fault(
        Stale,
        (
            "InvalidParameter.RecordIdInvalid",
            "ResourceNotFound.NoDataOfRecord",
            "ResourceNotFound.RecordNotFound",
        ),
    ),
    Fault(
        NoSuchName,
        (
            "FailedOperation.DomainOwnedByOtherUser",
            "FailedOperation.NotDomainOwner",
            "InvalidParameter.DomainIdInvalid",
            "InvalidParameter.ZoneNotFound",
            "InvalidParameterValue.DomainNotExists",
            "InvalidParameterValue.ZoneNotFound",
            "OperationDenied.NoPermissionToOperateDomain",
            "ResourceNotFound.NoDataOfDomain",
            "ResourceNotFound.ZoneNotFound",
            "ResourceUnavailable.ZoneNotFound",
        ),
    ),
    Fault(
        Refused,
        ("InvalidParameterValue.ConflictWithDomain",),
        "; the name is an acceleration domain: set mode = 'acceleration'",
    ),
    Fault(Refused, ("LimitExceeded.RecordTtlLimit",), "; the plan of the zone wants a greater `ttl`"),
    Fault(
        Refused,
        (
            "FailedOperation.DomainIsLocked",
            "FailedOperation.InsufficientAccountBalance",
            "FailedOperation.InsufficientBalance",
            "FailedOperation.MustAddDefaultLineFirst",
            "FailedOperation.NotRealNamedUser",
            "FailedOperation.NotResourceOwner",
            "FailedOperation.ProductDiscontinued",
            "FailedOperation.ProductNotActivated",
            "FailedOperation.TencentCloudForbid",
            "FailedOperation.InvalidZoneStatus",
        ),
    ),
    Fault(
        Unreachable,
        (
            "FailedOperation",
            "InternalError",
            "InvalidParameter.DomainIsModifyingDns",
            "InvalidParameter.DomainTaskNotFinished",
            "InvalidParameter.OperateFailed",
            "ResourceUnavailable",
        ),
    ),
)
_ENGLISH = {"x-tc-language": "en-US"}  # the words of errors


@dataclass(frozen=True, kw_only=True)
class TencentCloud(HttpProvider):
    """An account of Tencent Cloud."""

    secret_id: Annotated[str, "SecretId of an API key"]
    secret_key: Annotated[Secret, "SecretKey that belongs to it"]
    security_token: Annotated[Secret | None, "token of a key that the Security Token Service lent"] = None

    service: ClassVar[str]  # as the signature names it
    version: ClassVar[str]  # of the API
    patience = 60

    def sign(self, request: Request, now: float, nonce: str) -> Request:
        return signed(
            request,
            self.secret_id,
            self.secret_key,
            now,
            service=self.service,
            version=self.version,
            token=self.security_token,
        )

    async def act(self, api: Api, action: str, body: Mapping[str, object]) -> Any:
        """What one action answers; lists are asked for in the same way."""
        payload = await api.call("POST", "/", body=body, headers={"x-tc-action": action, **_ENGLISH})
        return payload["Response"]

    def check(self, payload: Any) -> None:
        error = payload["Response"].get("Error")
        if error is not None:
            said = " ".join(self.scrub(str(error.get("Message", ""))).split())
            said = f"{self.title}: {said[:160]} ({self.scrub(str(error['Code']))[:80]})"
            raise_fault(self, _FAULTS, str(error["Code"]), said)
            raise Refused(said)
