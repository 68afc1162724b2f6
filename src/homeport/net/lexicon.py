"""The library dns-lexicon, run beside the agent: each session in a thread of its own, with a deadline.

The library comes with an extra of ours and is heavy: it is imported when it is first needed.  Its
clients open connections of their own, which know of no uplink, no detour and no proxy setting of ours.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from ..core.errors import NoAnswer, ProviderError, Unreachable, Untrusted
from ..core.secret import Secret
from ..driver import Failed, Session, Step
from ..wire.http import Reply, Request

DEADLINE = 150.0  # seconds for one session
TIMEOUT = (10.0, 30.0)  # seconds to connect, and to wait for a reply, of each of its requests

Key = tuple[str, tuple[tuple[str, Secret], ...]]
Outcome = list[Any] | Failed | ProviderError
Perform = Callable[[Session], list[Any]]


class Lexicon:
    """A `driver.Library`.  A thread cannot be ended: one that hangs keeps its account waiting."""

    def __init__(self, act: Perform | None = None, deadline: float = DEADLINE) -> None:
        self._act = act or perform
        self._deadline = deadline
        self._busy: dict[Key, asyncio.Lock] = {}

    async def run(self, session: Session) -> list[Any]:
        """As `driver.Library` says."""
        key = (session.service, tuple(sorted(session.settings.items(), key=lambda item: item[0])))
        lock = self._busy.setdefault(key, asyncio.Lock())
        try:
            async with asyncio.timeout(self._deadline):
                await lock.acquire()
        except TimeoutError:
            raise Unreachable(f"lexicon's {session.service}: a call from before still hangs") from None
        done = self._start(session)
        done.add_done_callback(lambda _: lock.release())  # and not before, whoever gave up waiting
        try:
            async with asyncio.timeout(self._deadline):
                outcome = await asyncio.shield(done)
        except TimeoutError:
            raise NoAnswer(f"lexicon's {session.service}: not done within {self._deadline:.0f} s") from None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _start(self, session: Session) -> asyncio.Future[Outcome]:
        """Not in the loop's own pool, which would wait for a thread that hangs when the agent ends."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Outcome] = loop.create_future()

        def work() -> None:
            try:
                outcome: Outcome = self._act(session)
            except (Failed, ProviderError) as error:
                outcome = error
            except BaseException as error:  # noqa: BLE001 - else nobody would ever be told
                outcome = Failed(type(error).__name__, str(error))
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(done.set_result, outcome)

        threading.Thread(target=work, name=f"lexicon {session.service}", daemon=True).start()
        return done


def perform(session: Session) -> list[Any]:
    """Run the session here and now.  Raises what `driver.Library` says."""
    module = _provider(session.service)
    from lexicon.config import ConfigResolver  # noqa: PLC0415 - an extra, and heavy

    # Its `Client` is left out: it guesses the zone with a list that it fetches from the Internet.
    config: Any = ConfigResolver()  # type: ignore[no-untyped-call]
    config.with_dict(
        {
            "provider_name": session.service,
            "domain": session.zone,
            "delegated": session.zone,
            "ttl": session.ttl,
            session.service: {name: value.reveal() for name, value in session.settings.items()},
        }
    )
    try:
        provider = module.Provider(config)
        accepted = provider.authenticate() is not False
        try:
            given = [_step(provider, step) for step in session.steps if accepted]
        finally:
            provider.cleanup()
    except Exception as error:  # noqa: BLE001 - its providers raise whatever they like
        raise _explained(session, error) from None
    if not accepted:
        raise Failed("AuthenticationError", "the login was not accepted")
    return given


def _step(provider: Any, step: Step) -> Any:
    match step.action:
        case "list":
            return provider.list_records(step.rrtype, step.owner, None)
        case "create":
            return provider.create_record(step.rrtype, step.owner, step.content)
        case "update":
            return provider.update_record(step.id, step.rrtype, step.owner, step.content)
        case "delete":
            if not step.id:
                raise ValueError("nothing is deleted without an id: lexicon would delete by pattern")
            return provider.delete_record(step.id, step.rrtype, step.owner, step.content)


@cache
def _provider(service: str) -> ModuleType:
    """The module of a provider.  Raises `Unreachable` with what is to be installed."""
    try:
        prepare()
        from lexicon._private.discovery import find_providers  # noqa: PLC0415 - an extra, and heavy
    except ImportError:
        raise Unreachable('dns-lexicon is not installed: pip install "homeport[lexicon]"') from None
    try:
        module = import_module(f"lexicon._private.providers.{service}")
    except ModuleNotFoundError as error:
        if error.name == f"lexicon._private.providers.{service}":
            raise Unreachable(f"the lexicon that is installed does not know {service!r}") from None
        raise _incomplete(service) from None
    if find_providers().get(service) is False:
        raise _incomplete(service)
    vars(module).setdefault("print", _silence)  # some of them print what they send
    return module


def _incomplete(service: str) -> Unreachable:
    return Unreachable(f'lexicon\'s {service} needs more: pip install "dns-lexicon[{service}]"')


def _silence(*_: object, **__: object) -> None:
    pass


@cache
def prepare() -> None:
    """Give its HTTP a patience, which it lacks, and keep its debugging, with all it sends, out of logs.

    Nothing else in this program uses `requests`.
    """
    import lexicon  # noqa: F401, PLC0415 - an extra, and heavy
    from requests import sessions  # noqa: PLC0415
    from requests.adapters import HTTPAdapter  # noqa: PLC0415

    class Patient(HTTPAdapter):
        def send(self, *args: Any, **more: Any) -> Any:
            return super().send(*args, **{**more, "timeout": more.get("timeout") or TIMEOUT})

    vars(sessions)["HTTPAdapter"] = Patient
    for name in ("cli", "discovery", "parser"):  # they warn whoever looks at them
        sys.modules.pop(f"lexicon.{name}", None)
    logger = logging.getLogger("lexicon")
    logger.setLevel(logging.CRITICAL)
    logger.propagate = False
    logger.addHandler(logging.NullHandler())


def _explained(session: Session, error: Exception) -> Exception:
    """The error in our terms; what it wraps is often more exact than what it says."""
    import requests  # noqa: PLC0415 - came with lexicon

    where = f"lexicon's {session.service}"
    for cause in _causes(error):
        if isinstance(cause, requests.HTTPError) and cause.response is not None:
            return Failed(type(error).__name__, str(error), *_exchange(cause.response))
        if isinstance(cause, requests.exceptions.SSLError):
            return Untrusted(f"{where}: {_host(cause)}: the certificate was not accepted")
        if isinstance(cause, requests.ConnectTimeout):
            return Unreachable(f"{where}: {_host(cause)}: no connection")
        if isinstance(cause, requests.Timeout):
            return NoAnswer(f"{where}: {_host(cause)}: no answer")
        if isinstance(cause, requests.ConnectionError):
            refused = "NewConnectionError" in repr(cause) or "NameResolutionError" in repr(cause)
            return (
                Unreachable(f"{where}: {_host(cause)}: no connection")
                if refused
                else NoAnswer(f"{where}: {_host(cause)}: the connection ended before the answer")
            )
        if isinstance(cause, ConnectionRefusedError):
            return Unreachable(f"{where}: connection refused")
        if isinstance(cause, TimeoutError | ConnectionError) or type(cause).__name__.endswith("Timeout"):
            return NoAnswer(f"{where}: no answer")
    return Failed(type(error).__name__, str(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _exchange(response: Any) -> tuple[Request, Reply]:
    """What went over the wire, without the query, in which keys may stand."""
    url = urlsplit(str(response.url))
    method = getattr(response.request, "method", None) or "GET"
    headers = {name.lower(): value for name, value in response.headers.items()}
    bare = f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}"
    return Request(method, bare), Reply(response.status_code, response.content or b"", headers)


def _host(error: Any) -> str:
    """Its host alone: these errors quote the whole URL."""
    url = getattr(error.request, "url", None)
    return urlsplit(str(url)).hostname or "its service" if url else "its service"
