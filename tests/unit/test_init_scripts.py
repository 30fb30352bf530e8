"""The headers of the init scripts, from which service managers learn when to run them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

INIT_D = Path(__file__).parents[2] / "init.d"
NEEDS = "$local_fs $remote_fs"

CHKCONFIG = {
    "vservers": "345 98 10",
    "rebootmgr": "- 98 10",
    "v_httpd": "- 85 15",
    "v_sshd": "- 55 25",
    "v_xinetd": "- 56 50",
    "v_sendmail": "- 80 30",
    "v_named": "- 55 45",
    "v_portmap": "- 91 35",
    "v_smb": "- 91 35",
    "v_gated": "- 32 75",
}


def tags(name: str) -> dict[str, str]:
    """The ``# Name: value`` lines of a script's header, continued lines joined."""
    text = (INIT_D / name).read_text().replace("\\\n#", "")
    return dict(re.findall(r"^# ([A-Za-z-]+):[ \t]*(.*)$", text, re.MULTILINE))


@pytest.mark.parametrize("name", CHKCONFIG)
def test_header(name: str) -> None:
    found = tags(name)
    assert found["chkconfig"] == CHKCONFIG[name]
    assert len(found["description"].split()) > 5
    assert found["Provides"] == name
    assert found["Required-Start"] == found["Required-Stop"]
    assert NEEDS in found["Required-Start"]
    assert os.access(INIT_D / name, os.X_OK)


@pytest.mark.parametrize("name", [name for name in CHKCONFIG if name.startswith("v_")])
def test_a_wrapper_hands_on_to_the_service_of_its_name(name: str) -> None:
    last = (INIT_D / name).read_text().splitlines()[-1]
    assert last == f'exec "$USR_LIB_VSERVER/vsysvwrapper" {name.removeprefix("v_")} "$@"'


def test_rebootmgr_names_what_it_depends_on() -> None:
    found = tags("rebootmgr")
    assert (found["processname"], found["config"]) == ("rebootmgr", "/etc/vservers")


@pytest.mark.parametrize("name", CHKCONFIG)
def test_no_run_level_both_starts_and_stops(name: str) -> None:
    """insserv complains of it, for as long as the script is there."""
    found = tags(name)
    assert not set(found["Default-Start"].split()) & set(found["Default-Stop"].split())


def test_run_levels_of_vservers() -> None:
    found = tags("vservers")
    assert (found["Default-Start"], found["Default-Stop"]) == ("2 3 4 5", "0 1 6")


def test_a_shutdown_in_the_middle_of_the_start_stops_the_servers() -> None:
    """ExecStop= is for a unit that has been started (systemd.service(5))."""
    unit = (INIT_D.parent / "systemd/vservers.service").read_text()
    assert "\nExecStopPost=/etc/init.d/vservers stop\n" in unit
    assert "\nExecStop=" not in unit
