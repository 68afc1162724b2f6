"""`homeport secret`, as a person types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFIG = """\
[account.cf]
provider = "cloudflare"
token = "keyring:cloudflare"

[account.dyn]
provider = "dyndns2"
service = "noip"
username = "me"
password = "file:secrets/noip"

[[record]]
name = "home.example.com"
account = ["cf", "dyn"]
"""
# A keyring that lies in a file: what a desktop's is for the person, this is for the commands here.
BACKEND = """\
import json, os
from keyring.backend import KeyringBackend
class Keyring(KeyringBackend):
    priority = 1
    def _held(self):
        try:
            return json.load(open(os.environ["KEYRING_FILE"]))
        except OSError:
            return {}
    def get_password(self, service, username):
        return self._held().get(service + "/" + username)
    def set_password(self, service, username, password):
        held = self._held() | {service + "/" + username: password}
        json.dump(held, open(os.environ["KEYRING_FILE"], "w"))
    def delete_password(self, service, username):
        held = self._held()
        del held[service + "/" + username]
        json.dump(held, open(os.environ["KEYRING_FILE"], "w"))
"""


class Place:
    """A folder with a configuration, and a keyring."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "homeport.toml").write_text(CONFIG)
        (folder / "modules").mkdir()
        (folder / "modules" / "keyring_of_the_test.py").write_text(BACKEND)
        path = os.pathsep.join([str(folder / "modules"), os.environ.get("PYTHONPATH", "")])
        self.environ = os.environ | {
            "PYTHONPATH": path,
            "PYTHON_KEYRING_BACKEND": "keyring_of_the_test.Keyring",
            "KEYRING_FILE": str(folder / "keyring.json"),
            "HOMEPORT_STATE_DIR": str(folder / "state"),
        }

    def run(self, *words: str, stdin: bytes = b"") -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "homeport", *words],
            cwd=self.folder,
            env=self.environ,
            input=stdin,
            capture_output=True,
            timeout=60,
            check=False,
        )
        said = done.returncode, done.stdout.decode(), done.stderr.decode()
        assert "Traceback" not in said[2]
        return said

    def listed(self) -> dict[str, tuple[str, bool, list[str]]]:
        rows = [json.loads(line) for line in self.run("secret", "list", "--json")[1].splitlines()]
        return {
            row["name"]: (row["place"], row["there"], [use["where"] for use in row["used"]]) for row in rows
        }


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.posix("Windows asks its Credential Manager")
def test_a_secret_is_kept_used_listed_and_forgotten(place: Place) -> None:
    status, out, err = place.run("secret", "set", "cloudflare", stdin=b"s3cr3t-0f-cf\n")
    assert (status, err) == (0, "")
    assert '"keyring:cloudflare"' in out
    assert "service runs as the same user" in out
    status, out, err = place.run("secret", "set", "--file", "noip", stdin=b"s3cr3t-0f-noip\r\n")
    assert (status, err) == (0, "")
    assert '"file:secrets/noip"' in out
    assert (place.folder / "secrets" / "noip").read_text() == "s3cr3t-0f-noip"
    assert "homeport/cloudflare" in (place.folder / "keyring.json").read_text()
    place.run("secret", "set", "spare", stdin=b"x")

    assert place.run("check")[0] == 0
    assert place.run("plan")[0] != 2  # which follows the references
    assert place.listed() == {
        "cloudflare": ("keyring", True, ["homeport.toml:3"]),
        "noip": ("file", True, ["homeport.toml:9"]),
        "spare": ("keyring", True, []),
    }
    status, out, _ = place.run("secret", "list")
    assert status == 0
    assert "keyring:cloudflare\tthere\taccount.cf.token (homeport.toml:3)" in out
    assert "s3cr3t" not in out

    status, out, err = place.run("secret", "rm", "cloudflare")
    assert status == 0
    assert err == "homeport: warning: homeport.toml:3: account.cf.token still names it\n"
    assert place.listed()["cloudflare"] == ("keyring", False, ["homeport.toml:3"])
    assert place.run("secret", "list")[0] == 1
    assert "homeport secret set cloudflare" in place.run("plan")[2]
    assert place.run("secret", "rm", "cloudflare")[0] == 2
    assert place.run("secret", "rm", "noip", "--file")[0] == 0
    assert not (place.folder / "secrets" / "noip").exists()


def test_a_secret_in_the_command_is_refused_and_not_said_again(place: Place) -> None:
    for words in (("cloudflare", "s3cr3t"), ("cloudflare", "s3cr3t", "--file"), ("token=s3cr3t",)):
        status, out, err = place.run("secret", "set", *words)
        assert (status, out) == (2, "")
        assert "command" in err
        assert "s3cr3t" not in err
    assert not (place.folder / "secrets").exists()


@pytest.mark.parametrize(
    ("stdin", "said"),
    [(b"", "nothing came"), (b" \n", "nothing came"), (b"\xff", "UTF-8"), (b"x" * 70_000, "too large")],
)
def test_what_is_no_secret_is_not_kept(place: Place, stdin: bytes, said: str) -> None:
    status, _, err = place.run("secret", "set", "--file", "cf", stdin=stdin)
    assert status == 2
    assert said in err
    assert list((place.folder).glob("secrets/*")) == []


@pytest.mark.posix("a pseudo-terminal")
def test_at_a_terminal_it_is_asked_for_and_not_shown(place: Place) -> None:
    import pty

    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "homeport", "secret", "set", "--file", "cf"],
        cwd=place.folder,
        env=place.environ,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        seen = b""
        while b"nothing is shown" not in seen:
            seen += os.read(ours, 1000)
        while b": " not in seen.partition(b"type")[2]:
            seen += os.read(ours, 1000)
        os.write(ours, b"s3cr3t\n")
        while True:
            try:
                seen += os.read(ours, 1000)
            except OSError:  # Linux: the other end is closed
                break
    os.close(ours)
    assert process.returncode == 0
    assert b"s3cr3t" not in seen
    assert (place.folder / "secrets" / "cf").read_text() == "s3cr3t"


@pytest.mark.posix("Windows asks its Credential Manager")
def test_without_a_configuration_it_goes_where_one_would_be(place: Place) -> None:
    (place.folder / "homeport.toml").unlink()
    place.environ |= {"XDG_CONFIG_HOME": str(place.folder / "etc"), "HOME": str(place.folder)}
    place.environ["HOMEPORT_CONFIG"] = str(place.folder / "elsewhere.toml")
    assert place.run("secret", "set", "--file", "cf", stdin=b"abc")[0] == 2
    (place.folder / "elsewhere.toml").write_text("")
    assert place.run("secret", "list") == (
        0,
        "",
        "no secret is kept; make one with: homeport secret set NAME\n",
    )
    assert place.run("secret", "set", "--file", "cf", stdin=b"abc")[0] == 0
    assert (place.folder / "secrets" / "cf").exists()


@pytest.mark.posix("Windows asks its Credential Manager")
def test_a_machine_without_a_keyring_is_told_of_the_way_with_a_file(place: Place) -> None:
    place.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    for words in (("secret", "set", "cf"), ("secret", "rm", "cf"), ("plan",)):
        status, _, err = place.run(*words, stdin=b"abc")
        assert status == 2
        assert "homeport secret set --file NAME" in err
    status, _, err = place.run("secret", "list")
    assert status == 1
    assert "no keyring" in err


@pytest.mark.posix("Windows asks its Credential Manager")
def test_without_standard_input_nothing_is_kept(place: Place) -> None:
    words = [sys.executable, "-m", "homeport", "secret", "set", "--file", "cf"]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *words],
        cwd=place.folder,
        env=place.environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert (done.returncode, done.stderr) == (
        2,
        "homeport: nothing came from standard input, so nothing is kept\n",
    )
