"""The drivers, found by the names of their files; a run imports only those it is configured for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from .. import providers
from ..core.errors import ConfigError
from ..core.settings import Setting, meant, settings
from ..driver import Provider


def names() -> list[str]:
    """What `provider = ...` may say, sorted.  Imports no driver."""
    return list(_names())


@cache
def _names() -> tuple[str, ...]:
    return tuple(
        sorted(module.name for module in iter_modules(providers.__path__) if module.name[0] != "_")
    )


def load(kind: str) -> type[Provider]:
    """The driver of that name; `ConfigError` with a suggestion if there is none."""
    known = names()
    if kind not in known:
        raise ConfigError(f"there is no such provider; {_meant(kind, known)}")
    module = import_module(f"{providers.__name__}.{kind}")
    [driver] = [
        found
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, Provider) and found.__module__ == module.__name__
    ]
    return driver


def manual(kind: str) -> list[Setting]:
    """The settings of a provider: what must be written first, what all of them share last."""
    driver = load(kind)
    shared = {name for base in driver.__mro__[1:] for name in vars(base).get("__annotations__", ())}
    own = vars(driver).get("__annotations__", {})
    return sorted(
        settings(driver),
        key=lambda setting: (not setting.required, setting.name in shared and setting.name not in own),
    )


def about(kind: str) -> str:
    """The first sentence of the driver's own description."""
    text = import_module(load(kind).__module__).__doc__ or ""
    return " ".join(text.split()).partition(". ")[0].removesuffix(".")


# What other clients call them.
_ELSEWHERE: Mapping[str, str] = {
    "afraid": "freedns",
    "alibaba": "aliyun",
    "alibabacloud": "aliyun",
    "alidns": "aliyun",
    "aws": "route53",
    "baidu": "baiducloud",
    "callback": "webhook",
    "custom": "webhook",
    "ddns": "rfc2136",
    "dedyn": "desec",
    "dnspod_com": "dnspod",
    "esa": "aliesa",
    "gcp": "googleclouddns",
    "he.net": "he",
    "henet": "he",
    "hetznercloud": "hetzner",
    "hetzner_cloud": "hetzner",
    "huawei": "huaweicloud",
    "huaweidns": "huaweicloud",
    "linode4": "linode",
    "name.com": "namecom",
    "name_com": "namecom",
    "nsone": "ns1",
    "nsupdate": "rfc2136",
    "qcloud": "tencentcloud",
    "tencent": "tencentcloud",
    "trafficroute": "volcengine",
    "url": "webhook",
    "west": "westcn",
    "zeit": "vercel",
}


def _meant(kind: str, known: list[str]) -> str:
    """What the person may have had in mind: by another client's word, by a domain name, by its look."""
    from ..wire.dyndns2_services import GONE, SERVICES  # noqa: PLC0415 - only a mistake pays for it

    word = kind.lower().strip()
    bare = word.removeprefix("www.").partition(".")[0]
    for one in (word, bare):
        if (other := _ELSEWHERE.get(one, one)) in known:
            return f'write provider = "{other}"'
        if one in SERVICES:
            return f'write provider = "dyndns2" and service = "{one}"'
        if one in GONE:
            return GONE[one]
    hint = meant(kind, known)
    return hint if hint.startswith("did you") else "homeport providers lists all that there are"
