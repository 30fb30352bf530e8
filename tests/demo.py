"""`make demo`: one virtual server from its first file to its end, told step by step.

Everything happens in a throw-away copy of this machine: the package is installed there, and
nothing of the machine itself changes.
"""

from __future__ import annotations

import sys
import time

from guests import busybox
from testhost import Keeper, Machine, Terminal, TestHost, has_v2_controllers

ADDRESS = "192.0.2.20"
PAGE = "Hello from the virtual server\n"


def tell(text: str) -> None:
    """Say in plain words what comes next."""
    print(f"\n* {text}", flush=True)


def show(machine: Machine, command: str, *, prompt: str = "host#", fails: bool = False) -> None:
    """Run ``command`` where an administrator would, and show what it prints.

    A command that goes wrong ends the demonstration, unless it is meant to.
    """
    print(f"{prompt} {command}", flush=True)
    result = machine.run(command)
    print(result.out + result.err, end="", flush=True)
    if fails:
        print(f"[exit status {result.status}]", flush=True)
    if (result.status != 0) != fails:
        raise SystemExit(f"demo: '{command}' ended with status {result.status}")


def enter(host: TestHost) -> None:
    """Sit down at a terminal inside, and leave again."""
    command = "vserver --silent demo enter"
    print(f"host# {command}")
    with host.terminal(command) as terminal:
        for answered, keys in enumerate(("tty\n", "hostname\n", "exit 0\n")):
            _wait_for_prompt(terminal, answered + 1)
            terminal.send(keys)
        terminal.wait()
        print(terminal.screen.replace("\r", ""), flush=True)


def _wait_for_prompt(terminal: Terminal, count: int) -> None:
    deadline = time.monotonic() + 20
    while terminal.screen.count("[root@vserver:demo") < count:
        if time.monotonic() > deadline:
            raise SystemExit(f"demo: no prompt: {terminal.screen}")
        time.sleep(0.02)


def main() -> int:
    """Tell the story; 0 when every step of it went well."""
    tell("Making a copy of this machine in memory and installing vserver there.")
    keeper = Keeper()
    host = keeper.host(hybrid=not has_v2_controllers())
    try:
        _tell_all(host)
    finally:
        host.close()
        keeper.close()
    tell("The copy is gone, with all that was in it. This machine is as it was.")
    return 0


def _tell_all(host: TestHost) -> None:
    tell("A guest needs a directory tree. This one holds a single program, busybox.")
    busybox.make(host, "demo", conf=_configuration(), files={"var/www/index.html": PAGE})
    show(host, "ls /vservers/demo")
    tell("And a configuration file, in the format of 2001.")
    show(host, "cat /etc/vservers/demo.conf")
    tell("Starting it: its address is set on eth0, its services are started by its own scripts.")
    show(host, "vserver demo start")
    show(host, "vserver demo status")
    show(host, "ip -brief address show dev eth0")
    tell("Inside there is another host name, and nobody else's processes.")
    show(host, "vserver --silent demo exec hostname")
    show(host, "vserver --silent demo exec ps")
    tell("Its root is not the machine's: no mount, no device, no kernel setting.")
    show(host, "vserver --silent demo exec mount -t tmpfs none /tmp", fails=True)
    show(host, "vserver --silent demo exec mknod /tmp/disk b 8 0", fails=True)
    show(
        host,
        "vserver --silent demo exec sh -c 'echo /tmp/x >/proc/sys/kernel/core_pattern'",
        fails=True,
    )
    tell("A terminal of its own, for a person.")
    enter(host)
    tell("A second machine on the network asks the guest's web server for a page.")
    show(host.lan, _request(ADDRESS), prompt="lan#")
    tell("The host itself has no web server: the guest's one listens on the guest's address only.")
    show(host.lan, _request("192.0.2.10"), prompt="lan#", fails=True)
    tell("Stopping it.")
    show(host, "vserver demo stop")
    show(host, "vserver demo status")
    show(host, "ip -brief address show dev eth0")


def _configuration() -> dict[str, str]:
    return {
        "IPROOT": ADDRESS,
        "IPROOTDEV": "eth0",
        "S_HOSTNAME": "demo.example.com",
        "S_FLAGS": "lock nproc",
        "ULIMIT": "-HS -u 200",
        "ONBOOT": "yes",
    }


def _request(address: str) -> str:
    return f"sh -c \"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -N -w 3 {address} 80\""


if __name__ == "__main__":
    sys.exit(main())
