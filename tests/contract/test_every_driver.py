"""What every driver must do.  A driver gets all of this by having a fake; it writes none of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from importlib import import_module
from inspect import isabstract
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast, get_args, get_origin, get_type_hints
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import homeport.providers
from homeport.core.dns import Key, Name, Present, RRset, RRType, Zone
from homeport.core.errors import (
    BadCredentials,
    HomeportError,
    NoAnswer,
    NoSuchName,
    ProviderError,
    Refused,
    Throttled,
    Unintelligible,
    Unreachable,
)
from homeport.core.plan import Change
from homeport.core.secret import Secret
from homeport.driver import Api, HttpProvider, Provider, Task, UpdateApi, Verdict
from homeport.wire.http import Reply, Request
from tests.fakes import Fake, every_fake, shown

T = TypeVar("T")
FAKES = every_fake()
WITHOUT_FAKE = {"rfc2136"}  # proved against real name servers instead


def drivers_of(fakes: Sequence[type[Fake]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("make", fakes, ids=lambda fake: fake.__name__)


every_driver = drivers_of(FAKES)
every_dual = drivers_of([fake for fake in FAKES if fake.ipv6])
every_readable = drivers_of([fake for fake in FAKES if fake.readable])


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end without an event loop: nothing here may ever really wait."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return cast("T", stop.value)
    raise AssertionError("a driver awaited something other than its transport")


Step = Callable[[Fake, Request], Reply]


def act(fake: Fake, request: Request) -> Reply:
    return fake(request)


@dataclass
class Wire:
    """A transport straight into a fake; `faults[n]` happens instead of the n-th exchange."""

    fake: Fake
    faults: dict[int, Step] = field(default_factory=dict)
    sent: list[Request] = field(default_factory=list)
    held: list[list[str]] = field(default_factory=list)
    got: list[Reply] = field(default_factory=list)  # of exchanges that went well
    junk: bool = False  # may a request repeat what an earlier answer said, whatever that was?

    async def send(self, request: Request) -> Reply:
        self.sent.append(request)
        before = [dict(row) for row in self.fake.rows] if self.junk else []
        try:
            reply = self.faults.get(len(self.sent), act)(self.fake, request)
            self.got.append(reply)
            return reply
        except HomeportError:
            raise
        except Exception as error:  # else the driver would be blamed for it
            if self.junk:
                self.fake.rows = before
                return Reply(400, b"bad request")
            pytest.fail(f"the fake broke on {request}: {error!r}")
        finally:
            self.held.append(self.fake.held(self.fake.owner, "A"))


class NoDns:
    async def exchange(self, host: str, port: int, messages: Sequence[bytes]) -> list[bytes]:
        raise AssertionError("this driver speaks HTTP")


@dataclass
class Agent:
    """The smallest agent: it looks, plans, writes, and remembers what was acknowledged."""

    fake: Fake
    wire: Wire
    provider: Provider
    acknowledged: dict[Key, RRset] = field(default_factory=dict)
    planned: dict[Key, tuple[Change, ...]] = field(default_factory=dict)

    def bring_about(self, *wanted: RRset) -> dict[Key, Verdict]:
        goals = {rrset.key: self.provider.fit(rrset) for rrset in wanted}
        api = self.api()
        verdicts: dict[Key, Verdict] = {}
        tasks: list[Task] = []
        zone: Zone | None
        seen = run(self.provider.look(api, goals.keys()))
        assert seen.keys() == (goals.keys() if self.provider.readable else set())
        for key, fitted in list(goals.items()):
            match seen.get(key):
                case ProviderError() as error:
                    verdicts[key] = error
                    continue
                case Present(zone, records):
                    goal = goals[key] = zone.fit(fitted)
                    changes = self.provider.changes(goal, records)
                case _:
                    zone, goal = None, fitted
                    known = self.acknowledged.get(key) == goal
                    changes = () if known else self.provider.changes(goal, ())
            self.planned[key] = changes
            verdicts[key] = None
            unpublished = self.provider.publishes and self.acknowledged.get(key) != goal
            if changes or unpublished:
                tasks.append(Task(goal, changes, zone, self.sibling(goals, key)))

        told: list[Key] = []

        def settled(some: Mapping[Key, Verdict]) -> None:
            told.extend(some)
            verdicts.update(some)

        if tasks:
            run(self.provider.write(api, tasks, settled))
        assert sorted(told) == sorted(task.wanted.key for task in tasks), "one verdict for each task"
        for key, verdict in verdicts.items():
            if verdict is None:
                self.acknowledged[key] = goals[key]
            else:
                self.acknowledged.pop(key, None)
        return verdicts

    def api(self) -> Api:
        library = self.fake.library(self.wire)
        return Api(self.provider, self.wire, NoDns(), now=lambda: 0.0, library=library)

    def sibling(self, goals: Mapping[Key, RRset], key: Key) -> RRset | None:
        other = key[0], RRType.AAAA if key[1] is RRType.A else RRType.A
        return goals.get(other, self.acknowledged.get(other))


def agent(fake: Fake, faults: dict[int, Step] | None = None, *, key: str | None = None) -> Agent:
    return Agent(fake, Wire(fake, faults or {}), fake.driver(fake.good if key is None else key))


def want(owner: str, *addresses: str, rrtype: RRType = RRType.A, ttl: int | None = None) -> RRset:
    return RRset(Name.parse(owner), rrtype, frozenset(map(ip_address, addresses)), ttl)


def only(verdicts: Mapping[Key, Verdict]) -> Verdict:
    [verdict] = verdicts.values()
    return verdict


@every_driver
@pytest.mark.parametrize("start", [[], ["192.0.2.1"], ["192.0.2.7"]], ids=["new", "same", "other"])
def test_the_name_gets_the_address(make: type[Fake], start: list[str]) -> None:
    fake = make()
    fake.put(fake.owner, "A", start)
    assert only(agent(fake).bring_about(want(fake.owner, "192.0.2.1"))) is None
    assert fake.held(fake.owner, "A") == ["192.0.2.1"]


@drivers_of([fake for fake in FAKES if not fake.ipv6])
def test_ipv6_where_there_is_none_is_refused_and_nothing_is_sent(make: type[Fake]) -> None:
    fake = make()
    guest = agent(fake)
    assert type(only(guest.bring_about(want(fake.owner, "2001:db8::1", rrtype=RRType.AAAA)))) is Refused
    assert guest.wire.sent == []


@every_dual
def test_both_families_together_and_no_other_name(make: type[Fake]) -> None:
    fake = make()
    fake.put(f"other.{fake.zone}", "A", ["192.0.2.99"])
    wanted = want(fake.owner, "192.0.2.1"), want(fake.owner, "2001:db8::1", rrtype=RRType.AAAA)
    assert set(agent(fake).bring_about(*wanted).values()) == {None}
    assert fake.held(fake.owner, "A") == ["192.0.2.1"]
    assert fake.held(fake.owner, "AAAA") == ["2001:db8::1"]
    assert fake.held(f"other.{fake.zone}", "A") == ["192.0.2.99"]


@every_dual
@pytest.mark.parametrize("first", RRType)
def test_one_family_never_touches_the_other_that_we_know(make: type[Fake], first: RRType) -> None:
    fake = make()
    guest = agent(fake)
    wanted = [want(fake.owner, "192.0.2.1"), want(fake.owner, "2001:db8::1", rrtype=RRType.AAAA)]
    for rrset in sorted(wanted, key=lambda rrset: rrset.rrtype is not first):
        assert only(guest.bring_about(rrset)) is None
    assert fake.held(fake.owner, "A") == ["192.0.2.1"]
    assert fake.held(fake.owner, "AAAA") == ["2001:db8::1"]


@every_driver
def test_the_second_time_nothing_is_written(make: type[Fake]) -> None:
    fake = make()
    guest = agent(fake)
    guest.bring_about(want(fake.owner, "192.0.2.1"))
    guest.wire.sent.clear()
    assert only(guest.bring_about(want(fake.owner, "192.0.2.1"))) is None
    assert set(guest.planned.values()) == {()}
    assert all(fake.readable and fake.reads(request) for request in guest.wire.sent)


@drivers_of([fake for fake in FAKES if fake.readable and fake.several and fake.empties])
@settings(max_examples=30)
@given(
    start=st.lists(st.integers(1, 6), max_size=4, unique=True),
    goal=st.sets(st.integers(1, 6), max_size=4),
    ttl=st.sampled_from([None, 300, 600]),
)
def test_any_start_reaches_any_goal_and_the_name_never_goes_dark(
    make: type[Fake], start: list[int], goal: set[int], ttl: int | None
) -> None:
    fake = make()
    fake.put(fake.owner, "A", [f"192.0.2.{n}" for n in start])
    guest = agent(fake)
    wanted = want(fake.owner, *(f"192.0.2.{n}" for n in goal), ttl=ttl)
    assert only(guest.bring_about(wanted)) is None
    assert fake.held(fake.owner, "A") == sorted(f"192.0.2.{n}" for n in goal)
    assert not (start and goal) or all(guest.wire.held)
    guest.bring_about(wanted)
    assert set(guest.planned.values()) == {()}


@drivers_of([fake for fake in FAKES if fake.attributes])
def test_replacing_an_address_keeps_everything_else_about_the_record(make: type[Fake]) -> None:
    fake = make()
    known = fake.driver("k").ttls  # a choosy service holds none but these
    before = dict(fake.add(fake.owner, "A", "192.0.2.7", ttl=known[-1] if known else fake.odd_ttl))
    assert only(agent(fake).bring_about(want(fake.owner, "192.0.2.1"))) is None
    [after] = fake.rows
    assert {key: after[key] for key in before} == before | {"address": "192.0.2.1"}


@drivers_of([fake for fake in FAKES if fake.special])
@pytest.mark.parametrize("goal", [["192.0.2.1"], ["192.0.2.1", "192.0.2.2"], []])
def test_a_record_that_is_special_is_left_alone(make: type[Fake], goal: list[str]) -> None:
    fake = make()
    fake.add(fake.owner, "A", "192.0.2.7", **fake.special)
    before = [dict(row) for row in fake.rows]
    assert type(only(agent(fake).bring_about(want(fake.owner, *goal)))) is Refused
    assert fake.rows == before


@every_readable
@pytest.mark.parametrize("start", [[], ["192.0.2.1"], ["192.0.2.7"]], ids=["new", "same", "other"])
@pytest.mark.parametrize("ttl", [0, 1, 30, 4200, 10**6])
def test_a_ttl_is_set_as_near_as_can_be_and_then_left_alone(
    make: type[Fake], start: list[str], ttl: int
) -> None:
    fake = make()
    fake.put(fake.owner, "A", start)
    guest, wanted = agent(fake), want(fake.owner, "192.0.2.1", ttl=ttl)
    assert only(guest.bring_about(wanted)) is None
    [goal] = [target.ttl for target in guest.acknowledged.values()]
    assert ttl != 4200 or fake.ttls or [row["ttl"] for row in fake.rows] == [4200]
    assert goal is None or [row["ttl"] for row in fake.rows] == [goal]
    guest.bring_about(wanted)
    assert set(guest.planned.values()) == {()}


@drivers_of([fake for fake in FAKES if not fake.several])
def test_two_addresses_where_only_one_fits_are_refused_and_nothing_is_sent(make: type[Fake]) -> None:
    fake = make()
    guest = agent(fake)
    assert type(only(guest.bring_about(want(fake.owner, "192.0.2.1", "192.0.2.2")))) is Refused
    assert guest.wire.sent == []


@drivers_of([fake for fake in FAKES if fake.empties])
def test_a_family_can_be_removed_while_the_other_stays(make: type[Fake]) -> None:
    fake = make()
    guest = agent(fake)
    other = want(fake.owner, "192.0.2.1")
    guest.bring_about(other, want(fake.owner, "2001:db8::1", rrtype=RRType.AAAA))
    guest.acknowledged.pop((other.owner, RRType.AAAA))
    task = Task(want(fake.owner, rrtype=RRType.AAAA), (), None, other)
    if fake.readable:
        guest.bring_about(task.wanted)
    else:
        run(guest.provider.write(guest.api(), [task], lambda verdicts: None))
    assert fake.held(fake.owner, "A") == ["192.0.2.1"]
    assert fake.held(fake.owner, "AAAA") == []


@pytest.mark.parametrize(
    ("make", "owner"), [(fake, name.format(zone=fake.zone)) for fake in FAKES for name in fake.names]
)
def test_apex_wildcard_and_deep_names(make: type[Fake], owner: str) -> None:
    fake = make()
    guest = agent(fake)
    assert only(guest.bring_about(want(owner, "192.0.2.1"))) is None
    assert fake.held(owner, "A") == ["192.0.2.1"]
    guest.bring_about(want(owner, "192.0.2.1"))
    assert set(guest.planned.values()) == {()}


@every_driver
def test_wrong_credentials_stop_the_whole_account_after_few_requests(make: type[Fake]) -> None:
    fake = make()
    guest = agent(fake, key="wrong-key")
    verdicts = guest.bring_about(*(want(name, "192.0.2.1") for name in crowd(fake, 200)))
    assert {type(verdict) for verdict in verdicts.values()} == {fake.denial}
    assert fake.rows == []
    assert len(guest.wire.sent) < 40


@every_driver
@pytest.mark.parametrize("owner", ["home.not{zone}", "home.{zone}.evil.org", "home.elsewhere.test"])
def test_names_outside_the_account(make: type[Fake], owner: str) -> None:
    fake = make()
    verdict = only(agent(fake).bring_about(want(owner.format(zone=fake.zone), "192.0.2.1")))
    assert isinstance(verdict, Refused)
    excused = fake.vague or fake.driver("k").why_not(Name.parse(f"home.not{fake.zone}"))
    assert isinstance(verdict, NoSuchName) or excused
    assert fake.rows == []


def crowd(fake: Fake, size: int) -> list[str]:
    return [fake.crowd.format(n, zone=fake.zone) for n in range(size)]


@every_driver
def test_many_names_of_a_large_zone_are_few_requests(make: type[Fake]) -> None:
    """300 names where one request takes many; else 40, beside 550, a page and more, that are not ours."""
    fake = make()
    fake.large = True
    guest = agent(fake)
    at_once = getattr(guest.provider, "batch", None) or cast("UpdateApi", guest.provider).hosts()
    names = crowd(fake, 300 if at_once > 1 else 40)
    for n in range(0 if at_once > 1 or not fake.readable else 550):
        fake.add(f"other{n}.{fake.zone}", "A", "192.0.2.99")
    others = len(fake.rows)
    most = 50 if at_once > 1 else 50 + len(names) * (fake.looks + fake.steps)
    for address in "192.0.2.1", "192.0.2.2":
        guest.wire.sent.clear()
        assert set(guest.bring_about(*(want(name, address) for name in names)).values()) == {None}
        assert all(fake.held(name, "A") == [address] for name in names[::9])
        assert len(fake.rows) == others + len(names)
        assert len(guest.wire.sent) <= most
    guest.wire.sent.clear()
    guest.bring_about(*(want(name, "192.0.2.2") for name in names))
    assert set(guest.planned.values()) == {()}, "what a long list cuts off is no reason to write"
    assert len(guest.wire.sent) <= 50 + len(names) * fake.looks


@every_driver
@pytest.mark.parametrize("bad", [0, 4, 8])
def test_one_refused_name_does_not_spoil_the_others(make: type[Fake], bad: int) -> None:
    fake = make()
    names = crowd(fake, 9)
    fake.refused = {names[bad]}
    guest = agent(fake)
    verdicts = guest.bring_about(*(want(name, "192.0.2.1") for name in names))
    refused = verdicts.pop((Name.parse(names[bad]), RRType.A))
    assert isinstance(refused, Refused) and not refused.whole_account
    assert set(verdicts.values()) == {None}
    assert [fake.held(name, "A") for name in names] == [
        [] if name in fake.refused else ["192.0.2.1"] for name in names
    ]


def cut_before(fake: Fake, request: Request) -> Reply:
    raise NoAnswer(f"{request}: connection reset")


def cut_after(fake: Fake, request: Request) -> Reply:
    fake(request)
    raise NoAnswer(f"{request}: timed out")


def refused(fake: Fake, request: Request) -> Reply:
    raise Unreachable(f"{request}: connection refused")


def quoted(request: Request) -> bytes:
    headers, values = (
        [shown(v) for v in request.headers.values()],
        [shown(v) for v in request.query.values()],
    )
    bare = [credentials(value) for value in headers]
    encoded = [quote(value) for value in values + bare] + [
        urlencode({"x": value}) for value in values + bare
    ]
    return f"your request {' '.join(headers + values + bare + encoded)} is fine, but...".encode()


FAULTS: dict[str, tuple[Step, type[ProviderError]]] = {
    "refused": (refused, Unreachable),
    "cut before": (cut_before, NoAnswer),
    "cut after": (cut_after, NoAnswer),
    "400 that quotes us": (lambda f, r: Reply(400, quoted(r)), Refused),
    "400 that quotes our body": (lambda f, r: Reply(400, r.body), Refused),
    "200 that quotes us": (lambda f, r: Reply(200, quoted(r)), Unintelligible),
    "200 that quotes us in JSON": (
        lambda f, r: Reply(200, b'{"errors": "' + quoted(r) + b'"}'),
        Unintelligible,
    ),
    "401": (lambda f, r: Reply(401, b"<html>Unauthorized</html>"), BadCredentials),
    "403 of a firewall": (lambda f, r: Reply(403, b"<!DOCTYPE html>Attention!"), Unintelligible),
    "500": (lambda f, r: Reply(500, b"oops"), Unreachable),
    "502 of a proxy": (lambda f, r: Reply(502, b"<html>Bad gateway: all good</html>"), Unreachable),
    "503 later": (lambda f, r: Reply(503, headers={"retry-after": "90"}), Throttled),
    "429": (lambda f, r: Reply(429), Throttled),
    "429 until a date": (
        lambda f, r: Reply(429, headers={"retry-after": "Thu, 01 Jan 1970 02:00:00 GMT"}),
        Throttled,
    ),
    "html": (
        lambda f, r: Reply(200, b"<html>Sign in to the hotel wifi, it is\ngood</html>"),
        Unintelligible,
    ),
    "{}": (lambda f, r: Reply(200, b"{}"), Unintelligible),
    "null": (lambda f, r: Reply(200, b"null"), Unintelligible),
    "list of junk": (lambda f, r: Reply(200, b'[{"a": [1]}]'), Unintelligible),
    "not UTF-8": (lambda f, r: Reply(200, b"\xff\xfe\x00"), Unintelligible),
    "redirect": (lambda f, r: Reply(302, headers={"location": "https://evil.test/"}), Unintelligible),
}


@every_driver
@pytest.mark.parametrize("fault", FAULTS)
def test_any_fault_at_any_exchange_is_named_and_the_next_round_mends_it(
    make: type[Fake], fault: str
) -> None:
    step, expected = FAULTS[fault]

    def start() -> tuple[Fake, list[RRset]]:
        fake = make()
        fake.put(fake.owner, "A", ["192.0.2.7"])
        return fake, [want(fake.owner, "192.0.2.1"), want(f"second.{fake.zone}", "192.0.2.1")]

    probe = agent(start()[0])
    probe.bring_about(*start()[1])
    for n, usual in enumerate(probe.wire.got, 1):
        if fault == "null" and usual.body == b"null":
            continue  # that is all the service ever says to it
        fake, wanted = start()
        guest = agent(fake, {n: step})
        verdicts = guest.bring_about(*wanted)
        errors = [verdict for verdict in verdicts.values() if verdict is not None]
        # a refusal of several names is asked again for each half, and the halves meet no fault
        assert errors or fault.startswith("400 that quotes"), "a fault is never taken for success"
        for error in errors:
            assert type(error) is expected, (n, error)
            told = shown_with(error)
            assert all(form not in told for form in forms(fake)), told
            assert not isinstance(error, Throttled) or error.retry_after != 0
        assert {None} == set(guest.bring_about(*wanted).values())
        assert fake.held(fake.owner, "A") == ["192.0.2.1"]


JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, 0, -1, True, "", "x", "192.0.2.300", [], {}, [None], {"a": []}, 10**30]
)


def mutated(data: st.DataObject, payload: Any) -> Any:
    """A copy of a decoded answer in which one place is missing or holds something else."""
    if isinstance(payload, dict) and payload and data.draw(st.integers(0, 3)):
        key = data.draw(st.sampled_from(sorted(payload)))
        rest = {name: value for name, value in payload.items() if name != key}
        return rest if not data.draw(st.integers(0, 3)) else payload | {key: mutated(data, payload[key])}
    if isinstance(payload, list) and payload and data.draw(st.integers(0, 3)):
        at = data.draw(st.integers(0, len(payload) - 1))
        return [*payload[:at], mutated(data, payload[at]), *payload[at + 1 :]]
    return data.draw(JUNK)


@every_driver
@settings(max_examples=30)
@given(data=st.data())
def test_an_answer_of_another_shape_is_survived(make: type[Fake], data: st.DataObject) -> None:
    """Whatever one place of one answer becomes: no crash, no secret, and the next round mends it."""

    def other(fake: Fake, request: Request) -> Reply:
        reply = fake(request)
        try:
            body = json.dumps(mutated(data, json.loads(reply.body))).encode()
        except ValueError:
            cut = data.draw(st.integers(0, len(reply.body)))
            body = reply.body[:cut] + data.draw(st.binary(max_size=8)) + reply.body[cut + 1 :]
        return replace(reply, body=body)

    fake = make()
    fake.put(fake.owner, "A", ["192.0.2.7"])
    probe = agent(fake)
    probe.bring_about(want(fake.owner, "192.0.2.1"))
    fake = make()
    fake.put(fake.owner, "A", ["192.0.2.7"])
    guest = agent(fake, {data.draw(st.integers(1, len(probe.wire.sent))): other})
    guest.wire.junk = True
    verdict = only(guest.bring_about(want(fake.owner, "192.0.2.1")))
    told = repr(verdict) + str(verdict)
    assert all(form not in told for form in forms(fake))
    guest.acknowledged.clear()
    assert only(guest.bring_about(want(fake.owner, "192.0.2.1"))) is None
    assert fake.held(fake.owner, "A") == ["192.0.2.1"]


def shown_with(error: BaseException | None) -> str:
    """All that a traceback of the error would say, except lines of our code."""
    said = []
    while error is not None:
        said += [str(error), repr(error), *getattr(error, "__notes__", ())]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(said)


def forms(fake: Fake) -> list[str]:
    """The fake's key, as it looks in headers and in URLs."""
    words = ["s3cr3t", "y +1", "k%26y"]
    provider = fake.driver(fake.good)
    secrets = [value for value in provider.headers().values() if isinstance(value, Secret)]
    return words + [credentials(shown(value)) for value in secrets]


def credentials(value: str) -> str:
    """A header's value without the scheme ("Bearer"); without one, the whole is the secret."""
    scheme, _, rest = value.partition(" ")
    return rest if scheme.isalpha() and rest else value


@every_driver
def test_nothing_that_can_be_logged_holds_a_secret(make: type[Fake]) -> None:
    fake = make()
    guest = agent(fake)
    guest.bring_about(want(fake.owner, "192.0.2.1"))
    told = f"{guest.provider!r} {guest.wire.sent!r} {[str(request) for request in guest.wire.sent]}"
    assert all(form not in told for form in forms(fake))


@drivers_of([fake for fake in FAKES if issubclass(type(fake().driver("k")), HttpProvider)])
def test_an_endpoint_takes_the_place_of_the_service(make: type[Fake]) -> None:
    fake = make()
    provider = replace(cast("HttpProvider", fake.driver(fake.good)), endpoint="http://127.0.0.1:9/x")
    guest = Agent(fake, Wire(fake, {1: refused}), provider)
    guest.bring_about(want(fake.owner, "192.0.2.1"))
    assert guest.wire.sent[0].url.startswith("http://127.0.0.1:9/x")


def drivers() -> list[type[Provider]]:
    folder = Path(homeport.providers.__file__).parent
    modules = [
        import_module(f"homeport.providers.{path.stem}") for path in sorted(folder.glob("[a-z]*.py"))
    ]
    return [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__ and issubclass(value, Provider)
    ]


@pytest.mark.parametrize("driver", drivers(), ids=lambda driver: driver.__name__)
def test_a_driver_says_what_it_is(driver: type[Provider]) -> None:
    assert not isabstract(driver)
    module = import_module(driver.__module__)
    assert re.search(r"https://\S+ \(read \d{4}-\d\d-\d\d\)", module.__doc__ or "")
    hints = get_type_hints(driver, include_extras=True)
    assert all(get_origin(hints[field.name]) is Annotated for field in fields(driver))
    assert all(get_origin(hint) is Annotated for hint in option_hints(driver).values())
    values = {
        name: veiled(value) if Secret in plain(hints[name]) else value
        for name, value in driver.example.items()
    }
    wrong = {name for name, _ in driver(**values).mistakes()}  # the secrets are references, not values
    assert {name for name in wrong if not isinstance(values.get(name), Secret)} == set()
    assert driver.title
    assert driver.credential or not issubclass(driver, HttpProvider), "where does the user get it?"
    stem = driver.__module__.rpartition(".")[2]
    faked = {type(fake().driver("k")) for fake in FAKES}
    assert driver in faked or stem in WITHOUT_FAKE


def veiled(value: Any) -> Any:
    """What the reader makes of a secret, or of a table of secrets."""
    return {k: Secret(v) for k, v in value.items()} if isinstance(value, dict) else Secret(str(value))


def option_hints(driver: type[Provider]) -> dict[str, Any]:
    return get_type_hints(driver.options, include_extras=True)


def plain(hint: Any) -> tuple[Any, ...]:
    """The alternatives of `Annotated[Secret | None, ...]`."""
    kind = get_args(hint)[0]
    return get_args(kind) or (kind,)
