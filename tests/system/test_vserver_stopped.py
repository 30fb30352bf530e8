"""A guest that stops the command of an exec stops no more than that job of the administrator's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from guests import busybox
from steps import eventually

if TYPE_CHECKING:
    from testhost import TestHost

# the quotes keep what is typed from looking like what is printed
STOP_ITSELF = "vserver --silent web exec sh -c 'kill -STOP $$; echo goes o''n'"
SHELL = "env PS1=prompt: bash --norc"


@pytest.fixture
def web(host: TestHost) -> TestHost:
    """A host with the running guest "web"."""
    busybox.make(host, "web")
    assert host.run("vserver web start").status == 0
    return host


def test_the_shell_gets_the_terminal_back_as_it_was(web: TestHost) -> None:
    with web.terminal(SHELL) as terminal:
        terminal.expect("prompt:")
        terminal.send("stty -a >/tmp/before\n" + STOP_ITSELF + "\n")
        terminal.expect("Stopped")
        terminal.send("stty -a | cmp - /tmp/before && echo the sa''me\n")
        terminal.expect("the same\n")
        terminal.send("fg; stty -a | cmp - /tmp/before && echo still the sa''me\n")
        terminal.expect("goes on\nstill the same\n")


def test_a_stopped_job_can_be_ended(web: TestHost) -> None:
    with web.terminal(SHELL) as terminal:
        terminal.send(STOP_ITSELF + "\n")
        terminal.expect("Stopped")
        terminal.send("kill %1\n")
        eventually(lambda: web.run("pgrep -x vserver").status == 1, "end")
        terminal.send("\n")
        terminal.expect("Terminated")


def test_all_of_the_job_is_stopped(web: TestHost) -> None:
    web.write("/tmp/script", f"echo begin; {STOP_ITSELF}; echo end\n")
    with web.terminal(SHELL) as terminal:
        terminal.send("sh /tmp/script | cat\n")
        terminal.expect("Stopped")
        terminal.send("fg\n")
        terminal.expect("goes on\nend\n")


def test_it_goes_on_in_a_shell_without_jobs(web: TestHost) -> None:
    with web.terminal(SHELL) as terminal:
        terminal.send(f"set +m; {STOP_ITSELF}\n")
        terminal.expect("goes on\n")


def test_it_goes_on_in_a_script_that_cannot_be_stopped(web: TestHost) -> None:
    web.write("/tmp/script", f"trap '' TSTP; {STOP_ITSELF}; echo end\n")
    with web.terminal(SHELL) as terminal:
        terminal.send("sh /tmp/script\n")
        terminal.expect("goes on\nend\n")


def test_it_goes_on_at_once_where_there_is_no_shell(web: TestHost) -> None:
    with web.terminal("exec " + STOP_ITSELF) as terminal:
        terminal.expect("goes on\n")
        assert terminal.wait() == 0


def test_a_session_on_a_terminal_that_is_stopped_can_be_ended(web: TestHost) -> None:
    with web.terminal("exec vserver --silent web exec sh -c 'echo ready; sleep 4711'") as terminal:
        terminal.expect("ready")
        web.run("vserver web exec killall -STOP sh")
        web.run("pkill -STOP -x session; pkill -TERM -x vserver")
        assert terminal.wait() == -15


def test_control_z_stops_a_command_without_a_terminal(web: TestHost) -> None:
    with web.terminal(SHELL) as terminal:
        terminal.send("vserver --silent web exec sleep 4711 </dev/null >/tmp/out 2>&1\n")
        eventually(lambda: _state(web, "sleep 4711") == "S", "start")
        terminal.send("\x1a")
        terminal.expect("Stopped")
        assert _state(web, "sleep 4711") == "T"
        terminal.send("fg\n")
        eventually(lambda: _state(web, "sleep 4711") == "S", "going on")
        terminal.send("\x03")
        terminal.send("echo status $?\n")
        terminal.expect("status 130\n")


def test_scripts_that_are_stopped_stop_no_start(web: TestHost) -> None:
    web.run("vserver web stop")
    web.write("/vservers/web/etc/rc.d/rc3.d/S05stop", "#!/bin/sh\nkill -STOP $PPID\n", 0o755)
    with web.terminal(SHELL) as terminal:
        terminal.send("vserver --silent web start; echo status $?\n")
        terminal.expect("status 0\n")
        assert "Stopped" not in terminal.screen


@pytest.mark.parametrize("signal", ["INT", "TERM", "HUP"])
def test_a_start_whose_script_has_stopped_can_be_ended(web: TestHost, signal: str) -> None:
    web.run("vserver web stop")
    script = "#!/bin/sh\necho ready\nkill -STOP $$\n"
    web.write("/vservers/web/etc/rc.d/rc3.d/S05stop", script, 0o755)
    with web.start("exec vserver --silent web start") as process:
        process.expect("ready")
        web.run(f"pkill -{signal} -x -f '.*vserver --silent web start'")
        process.wait()


def _state(host: TestHost, command: str) -> str:
    return host.run(f"ps -o state= -p $(pgrep -x -f '{command}')").out.strip()
