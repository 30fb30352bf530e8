"""`make vm-test`: the test suite in a virtual machine with Debian's stock cloud kernel.

The machine has what a fresh Debian server has: systemd, cgroup v2 alone on /sys/fs/cgroup, the
kernel's modules. It needs no network. Arguments are pytest's; the output is pytest's as well,
and so is the status. Environment: VM_PACKAGES (what to install in the machine), VM_RUNTIME (what
the package needs), VM_TIMEOUT (in seconds), VM_MEMORY (in MiB), VM_CPUS.

Without arguments it runs all that depends on the machine (tests/unit does not), if there is a
/dev/kvm that works. Without one the processor is emulated, ten times slower or so, and the
features that only look at files and words are left out to stay within half an hour.

After the tests, or alone with the argument "boots", come two servers that boot; see boots.py.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.realpath(f"{__file__}/../.."))

from vm import boots, image, machine

PACKAGES = os.environ.get("VM_PACKAGES", "")
TIMEOUT = float(os.environ.get("VM_TIMEOUT", "5000"))
TESTS = {
    "kvm": ["tests/kernel", "tests/features"],
    "tcg": [
        "tests/kernel",
        *(
            f"tests/features/test_{tool}.py"
            for tool in (
                "aliases",
                "chbind",
                "chcontext",
                "iproot",
                "netns",
                "reducecap",
                "shared_files",
                "userns",
                "v_services",
                "vnetstat",
                "vserver",
            )
        ),
    ],
}
BOOTS = ["boots"]
NO_RESULT = 125
TERMINATED = 128 + signal.SIGTERM


def main() -> int:
    """Run what the arguments ask for; the status of what failed, 0 when nothing did."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))  # and qemu with us
    arguments = sys.argv[1:]
    _make_parts(disk=arguments != BOOTS)
    accelerator = machine.accelerator()
    print(f"vm-test: {machine.ARCHITECTURE} machine by {accelerator}", flush=True)
    if arguments == BOOTS:
        return boots.run()
    if arguments:
        return _run_tests(arguments)
    return _run_tests(["-n", machine.CPUS, *TESTS[accelerator]]) or boots.run()


def _make_parts(*, disk: bool) -> None:
    """Make what is missing in build/vm, with the ``disk`` of the tests or without."""
    os.makedirs(image.BUILD, exist_ok=True)
    with open(f"{image.BUILD}/lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        image.initramfs()
        if disk:
            image.disk(PACKAGES.split())


def _run_tests(arguments: list[str]) -> int:
    """Run pytest with ``arguments`` in the machine; its status."""
    with tempfile.TemporaryDirectory(prefix="run-", dir=image.BUILD) as run:
        _boot(run, image.disk(PACKAGES.split()), image.project(run, shlex.join(arguments)))
        return _result(run)


def _boot(run: str, disk: str, project: str) -> None:
    """Run the machine to its end; ``run`` gets pytest's status and the console's text."""
    devices = machine.disk(disk, "snapshot=on") + machine.disk(project, "readonly=on")
    devices += machine.ports(output="/dev/stdout,append=on", status=f"{run}/status")
    command = machine.command("", f"{run}/console", *devices)
    try:
        subprocess.run(command, check=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        print(f"vm-test: no end after {TIMEOUT:.0f} s", file=sys.stderr)
    except subprocess.CalledProcessError as error:
        print(f"vm-test: qemu ended with status {error.returncode}", file=sys.stderr)


def _result(run: str) -> int:
    """What the machine left in ``run`` as pytest's status."""
    try:
        with open(f"{run}/status", encoding="ascii") as file:
            return int(file.read())
    except (FileNotFoundError, ValueError):
        with open(f"{run}/console", encoding="utf-8", errors="replace") as console:
            print(console.read(), file=sys.stderr)
        print("vm-test: the machine ended without a result; above is its console", file=sys.stderr)
        return NO_RESULT


if __name__ == "__main__":
    sys.exit(main())
