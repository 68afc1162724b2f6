"""What differs between two configurations, and what can be told of one that is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homeport.config.difference import Difference, difference, targets
from homeport.config.load import load
from homeport.config.mistakes import Mistakes
from homeport.config.model import Config
from homeport.config.salvage import state_dir

SECRETS = ("first-canary-kq7", "second-canary-zx9")
names = st.sampled_from(["a.example.com", "b.example.com", "c.example.com"])
trees = st.fixed_dictionaries(
    {
        "agent": st.fixed_dictionaries(
            {"interval": st.sampled_from(["5m", "1h"]), "state_dir": st.sampled_from(["/x", "/y"])}
        ),
        "log": st.fixed_dictionaries({"level": st.sampled_from(["info", "debug"])}),
        "uplink": st.dictionaries(
            st.sampled_from(["fiber", "lte"]),
            st.fixed_dictionaries({"ipv4": st.sampled_from([["http"], ["stun"]]), "ipv6": st.just([])}),
            min_size=1,
        ),
        "account": st.fixed_dictionaries(
            {
                name: st.fixed_dictionaries(
                    {"provider": st.just("cloudflare"), "token": st.sampled_from(SECRETS)}
                )
                for name in ("cf", "cg")
            }
        ),
        "record": st.lists(
            st.fixed_dictionaries(
                {"name": names, "account": st.sampled_from(["cf", "cg"]), "ttl": st.sampled_from([60, 300])}
            ),
            unique_by=lambda one: (one["name"], one["account"]),
        ),
    }
)


def loaded(folder: Path, tree: dict[str, Any]) -> Config:
    file = folder / "homeport.json"
    file.write_text(json.dumps(tree))
    file.chmod(0o600)
    return load(file, {})


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60
)
@given(trees, trees)
def test_the_difference_names_just_what_differs_and_no_secret(
    tmp_path: Path, before: dict[str, Any], after: dict[str, Any]
) -> None:
    old, new = loaded(tmp_path, before), loaded(tmp_path, after)
    assert difference(old, old) == Difference()
    found = difference(old, new)
    assert set(found.records.new) == targets(new).keys() - targets(old).keys()
    assert set(found.records.gone) == targets(old).keys() - targets(new).keys()
    changed = {name for name in ("cf", "cg") if before["account"][name] != after["account"][name]}
    assert set(found.accounts.changed) == changed
    assert (found.settings != ()) == (
        (before["agent"]["interval"], before["log"]) != (after["agent"]["interval"], after["log"])
    )
    assert bool(found.restart) == (before["agent"]["state_dir"] != after["agent"]["state_dir"])
    same = {k: v for k, v in before.items() if k not in ("agent", "record")}
    other = {k: v for k, v in after.items() if k not in ("agent", "record")}
    if same != other:
        assert found.anything
    back = difference(new, old)
    assert set(back.records.new) == set(found.records.gone)
    assert not any(secret in str(found) + repr(found) for secret in SECRETS)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("homeport.toml", '[agent]\nstate_dir = "states"\n[oops\n'),
        ("homeport.toml", '[agent]\n  state_dir="states" # here\ninterval = nonsense\n'),
        ("homeport.yaml", "agent:\n  state_dir: states\n\trecord: x\n"),
        ("homeport.json", '{"agent": {"state_dir": "states",}, "record": ['),
    ],
)
def test_a_file_that_is_wrong_still_tells_where_the_state_is(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(Mistakes) as caught:
        load(file, {})
    assert caught.value.files == (file,)
    assert state_dir(file, {}) == tmp_path / "states"
    assert state_dir(file, {"HOMEPORT_STATE_DIR": "/elsewhere"}) == Path("/elsewhere")
    assert state_dir(tmp_path / "nowhere.toml", {}) is None


def test_files_of_secrets_are_known_whether_or_not_they_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "homeport.toml"
    file.write_text(
        '[account.cf]\nprovider = "cloudflare"\ntoken = "file:token"\n'
        '[[record]]\nname = "a.example.com"\naccount = "cf"\n'
    )
    with pytest.raises(Mistakes) as caught:
        load(file, {})
    assert set(caught.value.files) == {file, tmp_path / "token"}
    (tmp_path / "token").write_text("secret")
    assert load(file, {}).secret_files == (tmp_path / "token",)
