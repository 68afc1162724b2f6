"""The lab for people: `sudo .venv/bin/python -m tests.lab` builds a home and asks what to do in it."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence

from . import ISP, Home, LabError
from .network import program

COMMANDS = """\
  wan ADDRESS [LINE]     give the gateway another address
  cut|mend [LINE]        lose everything upstream of the gateway
  unplug|plug [LINE]     the cable between the host "lan" and the gateway
  prefix PREFIX          announce an IPv6 prefix
  restart [LINE]         restart miniupnpd
  run HOST COMMAND...    run a program on lan, neighbour, gw, gw-lte or isp
  end                    take it all down (also Ctrl-D)"""


def main() -> int:
    """Read commands until there are no more."""
    with Home(lines=("fiber", "lte")) as home:
        home.bind()
        home.stun()
        print(f"lan has the lines fiber and lte; at {ISP}: http://{ISP}/, DNS, STUN\n{COMMANDS}")
        while True:
            try:
                words = shlex.split(input("lab> "))
                if words == ["end"]:
                    return 0
                if words:
                    _do(home, words[0], words[1:])
            except EOFError:
                return 0
            except (LabError, KeyError, TypeError, ValueError) as error:
                print(f"{error}\n{COMMANDS}", file=sys.stderr)


def _do(home: Home, command: str, rest: Sequence[str]) -> None:
    if command == "run":
        netns = home.netns("".join(rest[:1]))
        subprocess.run([program("ip"), "netns", "exec", netns, *rest[1:]], check=False)
        return
    commands: dict[str, Callable[..., None]] = {
        "wan": home.wan,
        "cut": home.cut,
        "mend": home.mend,
        "unplug": home.unplug,
        "plug": home.plug,
        "prefix": home.prefix,
        "restart": home.restart_miniupnpd,
    }
    commands[command](*rest)


if __name__ == "__main__":
    sys.exit(main())
