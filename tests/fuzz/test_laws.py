"""The laws, on some octets that hypothesis chooses and on all that were found before."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeport.core.dns import RRType
from homeport.wire import igd, natpmp, pcp, rtnetlink, stun, tsig, whoami

from . import samples
from .every import LAWS
from .files import JSON, TOML, YAML, check_json, check_toml, check_yaml, loaded
from .laws import check_dns
from .mutate import LONGEST, mutated

# For each law; fewer for the slow ones, and on Windows, where only the platform is to be tried.
EXAMPLES = int(os.environ.get("HOMEPORT_FUZZ", "30" if sys.platform == "win32" else "300"))
FOUND = Path(__file__).parent / "found"


@pytest.mark.parametrize("name", LAWS)
def test_no_octets_break_a_law(name: str) -> None:
    law = LAWS[name]

    @settings(max_examples=max(2, EXAMPLES // law.slow), database=None)
    @given(st.randoms(use_true_random=False))
    def broken_by(random: Random) -> None:
        law.check(mutated(random, law.samples, law.words))

    for sample in law.samples:
        law.check(sample)
    broken_by()


@pytest.mark.parametrize(
    "file", sorted(FOUND.glob("*/*")), ids=lambda file: f"{file.parent.name}-{file.name}"
)
def test_what_was_found_is_mended(file: Path) -> None:
    LAWS[file.parent.name].check(file.read_bytes())


def test_the_octets_are_near_the_samples_and_never_many() -> None:
    random = Random(1)
    some = [mutated(random, [b"a sample of some octets"], [b"word"]) for _ in range(2000)]
    assert max(map(len, some)) <= LONGEST
    assert 100 < sum(one == b"a sample of some octets" for one in some) < 1000
    assert sum(b"sample" in one and one != b"a sample of some octets" for one in some) > 200
    assert len(set(some)) > 1000


# What a machine seldom finds by itself: the ways to make little look like much.


def test_a_chain_of_pointers_to_which_every_record_leads_is_not_followed() -> None:
    """It took 40 seconds for one message of 64 KiB."""
    head = struct.pack("!6H", 1, 0x8400, 0, 4000, 0, 0)
    chain = bytearray(struct.pack("!H", 0xC00C))
    while len(chain) < 16_000:
        chain += struct.pack("!H", 0xC000 | len(head) + 11 + len(chain) - 2)
    last = len(head) + 11 + len(chain) - 2
    first = b"\0" + struct.pack("!HHIH", 16, 1, 0, len(chain)) + chain
    check_dns(head + first + struct.pack("!HHHIH", 0xC000 | last, 16, 1, 0, 0) * 3999)


ACCOUNT = (
    b'[account.w]\nprovider = "duckdns"\ntoken = "%s"\n[[record]]\nname = "a.duckdns.org"\naccount = "w"\n'
)


@pytest.mark.parametrize(
    "text",
    [
        b"a." * 900 + b"b = 1\n",
        b"a." * 5000 + b"b = 1\n",
        ACCOUNT % b"abc" + b"options." + b"a." * 3000 + b"b = 1\n",
        b"a = " + b"[" * 400 + b"]" * 400,
        b"a = " + b"[" * 5000,
        b"a = " + b"9" * 5000,
        b"a = 0x" + b"f" * 5000,
        ACCOUNT % b"abc" + b"ttl = 0x" + b"f" * 5000,
        (ACCOUNT % b"abc").replace(b'"a.duckdns.org"', b"0x" + b"f" * 5000),
        ACCOUNT % b"file:a\\u0000b",
        ACCOUNT % b"file:~nobody99/x",
        b'[agent]\nstate_dir = "~nobody99/x"\n' + ACCOUNT % b"abc",
        b'[log]\nfile = "a\\u0000"\n' + ACCOUNT % b"abc",
        b"[agent]\ninterval = nan\n",
        b"[agent]\ninterval = 1e400\n",
    ],
    ids=range(15),
)
def test_toml_that_is_deep_or_huge_or_no_path_is_refused_in_words(text: bytes) -> None:
    check_toml(text)


@pytest.mark.parametrize("depth", [30, 400, 900, 50_000])
def test_json_that_is_deep_is_refused_in_words(depth: int) -> None:
    check_json(b'{"record":' + b"[" * depth + b"]" * depth + b"}")
    settings = b'{"a":' * depth + b"1" + b"}" * depth
    check_json(b'{"account":{"a":{"provider":"lexicon","settings":' + settings + b"}}}")
    check_json(JSON[0].replace(b'"cloudflare"', b'"file:\\ud800"'))


def test_yaml_whose_aliases_stand_for_billions_is_refused_in_no_time() -> None:
    lists = b"a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + b"".join(
        b"a%d: &a%d [%s]\n" % (i, i, b",".join([b"*a%d" % (i - 1)] * 9)) for i in range(1, 30)
    )
    merges = b"a0: &a0 {x: 1}\n" + b"".join(
        b"a%d: &a%d {<<: [*a%d, *a%d, *a%d]}\n" % (i, i, i - 1, i - 1, i - 1) for i in range(1, 40)
    )
    for text in (lists, merges, b"a: " + b"[" * 5000, b"{a: " * 900 + b"}" * 900, b"a: &a {<<: *a}\n"):
        check_yaml(text)


def test_the_samples_are_right(tmp_path: Path) -> None:
    assert stun.answer(samples.STUN[1], samples.TRANSACTION) == samples.V6
    assert natpmp.answer(samples.NATPMP[0]) == samples.V4
    assert pcp.answer(samples.PCP[0], samples.TRANSACTION).address == samples.V4
    tsig.verify(samples.SIGNED, samples.KEY, samples.MAC, samples.NOW)
    assert whoami.answer(samples.WHOAMI[0], samples.QUESTIONS[0], RRType.A) == samples.V4
    assert whoami.answer(samples.WHOAMI[2], samples.QUESTIONS[2], RRType.AAAA) == samples.V6
    assert all(rtnetlink.changes(one) or rtnetlink.neighbours(one) for one in samples.RTNETLINK)
    assert all(igd.devices(one, samples.PAGE) for one in samples.IGD)
    assert all(loaded(tmp_path, "homeport.toml", text) for text in TOML)
    assert all(loaded(tmp_path, "homeport.json", text) for text in JSON)
    assert loaded(tmp_path, "homeport.yaml", YAML[0])
