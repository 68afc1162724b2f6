"""The commands as a person types them: what they print, and their exit status."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest

from homeport.cli.main import main
from homeport.demo.nameserver import Nameserver
from homeport.state.store import Store

from .home import SECONDS, Home, record, rfc2136, uplink

ADDRESS = "45.0.0.10"


def configured(folder: Path, server: Nameserver, owner: str) -> Home:
    home = Home(folder)
    home.write(uplink(ipv4=[f"static:{ADDRESS}"]) + rfc2136(server) + record(owner, ttl=60))
    return home


def test_plan_says_what_would_change_and_changes_nothing(server: Nameserver, tmp_path: Path) -> None:
    home = configured(tmp_path, server, "plan.example.com")

    before = home.run("plan")
    assert (before.status, server.addresses("plan.example.com", "A")) == (3, [])
    assert f"+ {ADDRESS}" in before.out

    home.once()
    after = home.run("plan")
    assert after.status == 0
    assert home.run("plan", "--json").line["change"] is False


def test_status_and_history_tell_what_happened(server: Nameserver, tmp_path: Path) -> None:
    home = configured(tmp_path, server, "told.example.com")
    assert home.run("status").status == 1  # nothing is known yet

    trace = home.once().line["trace"]

    status = home.run("status", "told.example.com", "--json")
    assert status.status == 0
    assert status.line["state"] == "right"
    assert status.line["live"] == [ADDRESS]
    assert status.line["verified_at"] is not None
    [change] = home.run("history", "--json").lines
    assert (change["event"], change["after"], change["trace"]) == ("updated", [ADDRESS], trace)


@pytest.mark.posix("access lists of Windows are not asked")
@pytest.mark.parametrize("command", ["status", "history", "retry"])
def test_the_state_of_another_user_is_no_empty_one(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path)
    home.write(record(account="x") + '[account.x]\nprovider = "cloudflare"\ntoken = "env:NOT_SET"\n')
    monkeypatch.chdir(tmp_path)
    assert main([command]) in (0, 1)

    with Store.open(home.state, print):
        """Now there is a file."""
    monkeypatch.setattr(os, "access", lambda *_: False)  # the tests are run by root, who may everything
    capsys.readouterr()
    assert main([command]) == 2
    said = capsys.readouterr()
    assert said.out == "" and "only by the user that runs the agent" in said.err


def test_ip_shows_every_source_with_a_verdict(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write(uplink(ipv4=["static:45.0.0.10", "static:192.168.1.1", "static:100.64.0.1"], agree=1))

    done = home.run("ip", "--json")

    assert done.status == 0
    verdicts = {line["source"]: line["verdict"] for line in done.lines}
    assert verdicts == {
        "static:45.0.0.10": "alone",
        "static:192.168.1.1": "private",
        "static:100.64.0.1": "cgnat",
    }


def test_every_mistake_of_a_configuration_is_told_at_once(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (tmp_path / "homeport.toml").write_text(
        '[account.cf]\nprovider = "cloudflar"\n\n'
        '[[record]]\nname = "not a name"\naccount = "fc"\ntlt = 60\n'
    )

    done = home.run("check")

    assert done.status == 2
    for place, word in (
        ("homeport.toml:2", '"cloudflare"'),
        (":5", "not a name"),
        (":6", "cf"),
        (":7", '"ttl"'),
    ):
        assert any(place in line and word in line for line in done.err.splitlines()), (
            place,
            word,
            done.err,
        )


@pytest.mark.parametrize("words", [["check"], ["run", "--once"], ["plan"], ["status"]])
def test_without_a_configuration_the_way_to_one_is_shown(words: list[str], tmp_path: Path) -> None:
    home = Home(tmp_path, {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)})

    done = home.run(*words)

    assert done.status == 2
    assert "[[record]]" in done.err


def test_the_environment_alone_is_enough(server: Nameserver, tmp_path: Path) -> None:
    home = Home(
        tmp_path,
        {
            "HOMEPORT_STATE_DIR": str(tmp_path / "state"),
            "HOMEPORT__UPLINK__DEFAULT__IPV4": f"static:{ADDRESS}",
            "HOMEPORT__ACCOUNT__NS__PROVIDER": "rfc2136",
            "HOMEPORT__ACCOUNT__NS__SERVER": server.host,
            "HOMEPORT__ACCOUNT__NS__PORT": str(server.port),
            "HOMEPORT__ACCOUNT__NS__TSIG_NAME": "homeport.",
            "HOMEPORT__ACCOUNT__NS__TSIG_KEY": "env:TSIG",
            "TSIG": "YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBvY3RldHMuLi4=",
            "HOMEPORT__RECORD__NAME": "environment.example.com",
            "HOMEPORT__RECORD__ACCOUNT": "ns",
            "HOMEPORT__RECORD__TYPE": "A",
        },
    )

    done = home.once()

    assert (done.status, done.line["outcome"]) == (0, "updated"), done


def test_logs_carry_the_trace_of_their_round(server: Nameserver, tmp_path: Path) -> None:
    home = configured(tmp_path, server, "logged.example.com")
    text = (tmp_path / "homeport.toml").read_text()
    (tmp_path / "homeport.toml").write_text(
        text + '[log]\nformat = "json"\nlevel = "debug"\nfile = "homeport.log"\n'
    )
    agent = home.start("run", "--json")
    try:
        assert agent.stdout is not None
        trace = json.loads(agent.stdout.readline())["trace"]
        agent.terminate()
        _, err = agent.communicate(timeout=SECONDS)
    finally:
        if agent.poll() is None:
            agent.kill()
            agent.communicate()

    lines = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    about = [line for line in lines if line.get("name") == "logged.example.com"]
    assert about
    assert {line["trace"] for line in about} == {trace}
    written = (tmp_path / "homeport.log").read_text().splitlines()
    assert [json.loads(line)["message"] for line in written] == [line["message"] for line in lines]


def test_providers_and_schema_are_for_people_and_machines(tmp_path: Path) -> None:
    home = Home(tmp_path)

    assert {line["name"] for line in home.run("providers", "--json").lines} >= {
        "cloudflare",
        "duckdns",
        "dyndns2",
        "rfc2136",
    }
    assert "token" in home.run("providers", "cloudflare").out
    unknown = home.run("providers", "cloudflar")
    assert (unknown.status, '"cloudflare"' in unknown.err) == (2, True)
    schema = json.loads(home.run("schema").out)
    jsonschema.Draft202012Validator.check_schema(schema)


def test_a_wrong_call_is_status_two(tmp_path: Path) -> None:
    home = Home(tmp_path)

    assert home.run("runn").status == 2
    assert home.run("check", "-c", "nowhere.toml").status == 2
    assert home.run("demo", "--changes", "0").status == 2
    assert home.run("run", "--onc").status == 2  # the next version may have two such words
    assert home.run("history", "-n", "-1").status == 2
    assert home.run("logs", "-n", "few").status == 2


@pytest.mark.parametrize(
    "words", ["schema", "providers duckdns", "completion bash", "secret", "secret list"]
)
def test_every_command_takes_the_name_of_a_file(words: str, tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write(record(account="ns"))
    before, after = [*words.split(), "-c", "homeport.toml"], ["-c", "homeport.toml", *words.split()]
    if words == "secret":  # between the two words of the command
        before, after = [*before, "list"], [*after, "list"]

    assert home.run(*before).status == home.run(*after).status == 0


def test_the_demo_shows_its_changes_and_ends(tmp_path: Path) -> None:
    done = Home(tmp_path).run("demo", "--changes", "2")

    assert done.status == 0
    assert done.out.count("answers so after") == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_knows_every_command(shell: str, tmp_path: Path) -> None:
    script = Home(tmp_path).run("completion", shell).out

    for command in ("run", "check", "plan", "ip", "status", "history", "retry", "providers", "demo"):
        assert command in script


@pytest.mark.posix("bash")
def test_bash_completes(tmp_path: Path) -> None:
    script = Home(tmp_path).run("completion", "bash").out
    bash = shutil.which("bash")
    assert bash is not None
    ask = "\nCOMP_WORDS=(homeport run --on); COMP_CWORD=2; _homeport; echo ${COMPREPLY[@]}"

    done = subprocess.run([bash, "-c", script + ask], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "--once"


def test_output_into_a_closed_pipe_is_no_crash(tmp_path: Path) -> None:
    command, environ = Home(tmp_path).command("schema")
    first = subprocess.Popen(
        command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert first.stdout is not None and first.stderr is not None
    first.stdout.read(10)
    first.stdout.close()

    assert "Traceback" not in first.stderr.read()
    first.stderr.close()
    first.wait(10)
