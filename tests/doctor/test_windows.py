"""What the checks of Windows think of what Windows says; whatever it does not say is unknown, not wrong."""

from __future__ import annotations

import pytest

from homeport.doctor import windows
from homeport.doctor.windows import Facts
from homeport.service.manager import Standing, State
from homeport.service.plan import How

PROGRAM = r"C:\Program Files\Homeport\homeport.exe"
RULE = (
    "v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=17|Profile=Private|RA4=LocalSubnet|"
    rf"App={PROGRAM}|Name=Homeport|"
)
ON = {"private": True, "public": True}


def standing(state: State, account: str = r"NT SERVICE\Homeport") -> Standing:
    return Standing(How.SERVICE, state, "homeport.exe", account=account, starts="delayed")


def test_a_service_that_runs_is_right_unless_it_may_do_everything() -> None:
    running = windows.service([(standing(State.STOPPED), "no"), (standing(State.RUNNING), "")])
    assert (running.state, "NT SERVICE" in running.says) == ("right", True)
    assert windows.service([(standing(State.RUNNING, "LocalSystem"), "")]).state == "warning"


def test_a_service_that_does_not_run_says_why_and_none_at_all_is_told() -> None:
    found = windows.service([(standing(State.STOPPED), "it ended: homeport.toml:3")])
    assert found.state == "wrong" and "homeport.toml:3" in found.says
    assert windows.service([]).remedy == "homeport service install"
    assert windows.service([], "access denied").state == "unknown"


def test_of_a_windows_that_says_nothing_nothing_is_claimed() -> None:
    found = {
        one.subject: one.state
        for one in windows.findings(Facts(), hears=True, proxied=False, folder="C:\\")
    }
    assert found == {
        "firewall": "unknown",
        "sleep": "unknown",
        "restart": "right",
        "time service": "unknown",
        "proxy": "right",
        "virus scanner": "unknown",
    }


@pytest.mark.parametrize(
    ("facts", "hears", "state"),
    [
        (Facts(firewall={"private": False}), True, "right"),
        (Facts(firewall=ON), False, "right"),
        (Facts(firewall=ON, program=PROGRAM), True, "warning"),
        (Facts(firewall=ON, program=PROGRAM, rules=[RULE]), True, "right"),
        (Facts(firewall=ON, program=PROGRAM.upper(), rules=["", RULE]), True, "right"),
    ],
)
def test_a_firewall_matters_where_the_gateway_is_listened_to(facts: Facts, hears: bool, state: str) -> None:
    assert windows.firewall(facts, hears=hears).state == state


@pytest.mark.parametrize(
    "rule",
    [
        RULE.replace("Allow", "Block"),
        RULE.replace("TRUE", "FALSE"),
        RULE.replace("Dir=In", "Dir=Out"),
        RULE.replace("Homeport\\", "Other\\"),
        "",
        "v2.31",
        "v2.31|Action=Allow|Active=TRUE|Dir=In|",
    ],
)
def test_a_rule_that_lets_nobody_in_to_this_program_is_none(rule: str) -> None:
    assert windows.lets_in(RULE, PROGRAM)
    assert not windows.lets_in(rule, PROGRAM)
    assert not windows.lets_in(rule, "")


@pytest.mark.parametrize(
    ("mains", "battery", "has", "state", "says"),
    [
        (0, 900, False, "right", "does not go to sleep"),
        (0, 900, True, "warning", "on battery after 15 min"),
        (1800, None, None, "warning", "on mains after 30 min"),
        (None, None, True, "unknown", "does not say"),
    ],
)
def test_a_machine_that_goes_to_sleep_is_not_reached(
    mains: int | None, battery: int | None, has: bool | None, state: str, says: str
) -> None:
    found = windows.sleep(Facts(sleep_on_mains=mains, sleep_on_battery=battery, has_battery=has))
    assert found.state == state and says in found.says


def test_who_waits_for_a_restart_is_named() -> None:
    found = windows.restart(Facts(restart=["Windows Update", "system parts"]))
    assert found.state == "warning" and "Windows Update, system parts" in found.says


@pytest.mark.parametrize(
    ("start", "kind", "state"),
    [
        (3, "NTP", "right"),
        (2, "NT5DS", "right"),
        (4, "NTP", "warning"),
        (3, "NoSync", "warning"),
        (3, None, "right"),
    ],
)
def test_somebody_must_set_the_clock(start: int | None, kind: str | None, state: str) -> None:
    assert windows.clock_service(Facts(time_start=start, time_kind=kind)).state == state


def test_a_proxy_of_the_system_is_told_unless_the_configuration_has_one() -> None:
    facts = Facts(proxy="10.0.0.1:3128")
    assert windows.proxy(facts, proxied=False).state == "warning"
    assert windows.proxy(facts, proxied=True).state == "right"
    assert "proxy.pac" in windows.proxy(Facts(proxy_script="http://wpad/proxy.pac"), proxied=False).says


def test_a_scanner_that_spares_the_folder_is_said_to() -> None:
    folder = r"C:\Program Files\Homeport"
    spared = Facts(scanner_on=True, excluded=["c:\\program files\\HOMEPORT\\"])
    assert "alone" in windows.scanner(spared, folder).says
    other = Facts(scanner_on=True, excluded=[r"C:\Program Files\Home"])
    assert "alone" not in windows.scanner(other, folder).says
    assert windows.scanner(Facts(scanner_on=False), folder).state == "right"
