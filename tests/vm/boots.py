"""`make vm-test ARGS=boots`: root servers that boot with systemd and with sysvinit.

Each boots three times. The first time it is shut down while the virtual servers are started;
the second time the power is cut while one is restarted; the third time they are started in the
background, and an orderly shutdown ends it. What the machine finds (probe) and what hook
scripts have written on its disk is judged here, one line for each check.
"""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, NamedTuple

from vm import image, machine, server

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vm.server import Init

BOOT_SECONDS = 600.0
SHUTDOWN_SECONDS = 180.0
# The grace period, three times a second of TERM, and an emulated processor.
STOP_SECONDS = 20.0
NEXT_SECONDS = 8.0  # until the next virtual server is started after those that cannot be

ON_BOOT = ["first", "slow", "stubborn", "last"]
UP = [
    "ONBOOT=yes  Server first is running",
    "ONBOOT=yes  No directory for this vserver: /vservers/gone",
    "ONBOOT=yes  Server last is running",
    "ONBOOT=yes  Server slow is running",
    "ONBOOT=no  Server spare is not running",
    "ONBOOT=yes  Server stubborn is running",
]
FOUND = {
    "servers": UP,
    "pages": ON_BOOT,
    "service": ["echo on 192.0.2.1"],
    "rebootmgr": ["rebootmgr is running"],
    "vreboot": ["last"],
    "guests": [line.replace("spare is not", "spare is") for line in UP],
}
FOUND_BY_SYSTEMD: dict[str, list[str]] = {
    "units": ["active"] * 3,
    "failed": [],
    "delegated": ["yes"] * 3,
    "reload": ["first"],
    "manager": ["last"],
    "oneshot": ["nobody"],
    "native": [
        "web of the server",
        "web.service/ip4-",
        "first",
        "web of the server",
        "inactive",
        "0",
    ],
}


SEQUENCE = (("a shutdown", "early"), ("a power cut", "cut"), ("the boot after it", "off"))


class Event(NamedTuple):
    """Something that a hook script has seen, ``seconds`` after the start of the kernel."""

    seconds: float
    what: str
    guest: str


class Boot:
    """What was found in one boot: the sections of the probe, and the events by the disk."""

    def __init__(self, findings: str = "", events: Sequence[Event] = ()) -> None:
        self.sections: dict[str, list[str]] = {}
        for line in findings.splitlines():
            if line.startswith("== "):
                lines = self.sections.setdefault(line[3:], [])
            else:
                lines.append(line)
        self.events = events

    def guests(self, what: str) -> list[str]:
        """To which virtual servers ``what`` happened, in that order."""
        return [event.guest for event in self.events if event.what == what]

    def when(self, what: str, guest: str) -> float:
        """The second in which ``what`` happened to ``guest`` for the first time, or NaN."""
        found = (event for event in self.events if (event.what, event.guest) == (what, guest))
        return next(found, Event(math.nan, what, guest)).seconds


class Judge:
    """Says of each check whether it holds, and counts those that do not."""

    def __init__(self) -> None:
        self.subject = ""
        self.failures = 0

    def expect(self, title: str, found: object, wanted: object) -> None:
        """Are they equal?"""
        self.hold(title, f"found {found}, wanted {wanted}", holds=found == wanted)

    def below(self, title: str, seconds: float, most: float) -> None:
        """Did it take less than ``most`` seconds?"""
        self.hold(f"{title} ({seconds:.1f} s)", f"wanted less than {most} s", holds=seconds < most)

    def hold(self, title: str, otherwise: str, *, holds: bool) -> None:
        """Print the verdict, with ``otherwise`` when it is bad."""
        self.failures += not holds
        print(f"{'ok    ' if holds else 'FAILED'} {self.subject}: {title}", flush=True)
        if not holds:
            print(f"       {otherwise}", flush=True)


def run() -> int:
    """Boot all servers; 1 when a check fails, else 0."""
    judge = Judge()
    for init in server.INIT_PACKAGES:
        with tempfile.TemporaryDirectory(prefix="boots-", dir=image.BUILD) as directory:
            _boot_all(judge, init, directory)
    print(f"boots: {judge.failures or 'none'} failed", flush=True)
    return 1 if judge.failures else 0


def _boot_all(judge: Judge, init: Init, run: str) -> None:
    disk = server.make(init, run)
    wanted = FOUND | (FOUND_BY_SYSTEMD if init == "systemd" else {})
    boots = []
    for subject, then in SEQUENCE:
        judge.subject = f"{init}, {subject}"
        boots.append(_boot(judge, run, disk, then))
        if then != "early":
            _judge_findings(judge, boots[-1], wanted)
    _read_log(disk, boots)
    early, cut, off = boots
    judge.subject = init
    _judge_early_end(judge, early)
    _judge_starts(judge, cut, off)
    _judge_stops(judge, off)
    state = subprocess.run(["dumpe2fs", "-h", disk], capture_output=True, text=True, check=True)
    judge.hold("the disk is clean", state.stdout, holds="needs_recovery" not in state.stdout)


def _boot(judge: Judge, run: str, disk: str, then: str) -> Boot:
    """Run the machine until it has told all and, unless ``then`` is "cut", ended."""
    findings, console = f"{run}/findings-{then}", f"{run}/console-{then}"
    devices = machine.disk(disk, "cache=writeback") + machine.ports(findings=findings)
    command = ["nice", *machine.command(f"then={then}", console, *devices)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        told = ""
        try:
            told = _wait_for_findings(process, findings)
            if then != "cut":
                process.wait(SHUTDOWN_SECONDS)
            judge.hold("it ends in time", "", holds=True)
        except subprocess.TimeoutExpired as error:
            _show(console)
            judge.hold("it ends in time", f"not after {error.timeout:.0f} s", holds=False)
        finally:
            process.kill()
    return Boot(told)


def _judge_findings(judge: Judge, boot: Boot, wanted: Mapping[str, list[str]]) -> None:
    for section, lines in wanted.items():
        # every listing tells of the broken configuration
        found = [line for line in boot.sections.get(section, ["?"]) if "broken" not in line]
        judge.expect(section, found, lines)


def _wait_for_findings(process: subprocess.Popen[bytes], path: str) -> str:
    deadline = time.monotonic() + BOOT_SECONDS
    told = ""
    while "== end\n" not in told and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
        told = _text(path)
    return told


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().replace("\r", "")
    except FileNotFoundError:
        return ""


def _show(console: str) -> None:
    print(_text(console), file=sys.stderr)


def _read_log(disk: str, boots: list[Boot]) -> None:
    """Give each boot its events."""
    command = ["debugfs", "-R", f"cat /{server.LOG}", disk]
    log = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    by_id: dict[str, list[Event]] = {}
    for line in log.splitlines():
        identity, seconds, what, guest = line.split()
        by_id.setdefault(identity, []).append(Event(float(seconds), what, guest))
    for boot, events in zip(boots, by_id.values(), strict=False):
        boot.events = events


def _judge_early_end(judge: Judge, boot: Boot) -> None:
    """Under sysvinit the boot script goes on until its stop."""
    kinds = [event.what for event in boot.events]
    late = kinds[kinds.index("post-stop") :].count("pre-start") if "post-stop" in kinds else None
    judge.expect("nothing is started after a shutdown has begun to stop", late, 0)
    stopped = [guest for guest in boot.guests("post-stop") if guest in ("first", "slow")]
    judge.expect("what was started is stopped", stopped, ["slow", "first"])


def _judge_starts(judge: Judge, plain: Boot, background: Boot) -> None:
    for title, boot in (("plain", plain), ("in the background", background)):
        order = boot.guests("pre-start")[: len(ON_BOOT)]
        judge.expect(f"started in the order of PRIORITY, {title}", order, ON_BOOT)
        pause = boot.when("pre-start", "slow") - boot.when("post-start", "first")
        judge.below("those that cannot be started delay nobody", pause, NEXT_SECONDS)
    waits = [
        float(boot.sections.get("began", ["nan"])[0]) > boot.when("post-start", "last")
        for boot in (plain, background)
    ]
    judge.expect("the boot waits, but not with BACKGROUND=yes", waits, [True, False])


def _judge_stops(judge: Judge, boot: Boot) -> None:
    wanted = ["spare", *reversed(ON_BOOT)]
    ending = Boot(events=boot.events[-2 * len(wanted) :])  # each with pre-stop and post-stop
    judge.expect("stopped in the opposite order", ending.guests("post-stop"), wanted)
    for guest in wanted:
        seconds = ending.when("post-stop", guest) - ending.when("pre-stop", guest)
        judge.below(f"{guest} stops in the grace period", seconds, STOP_SECONDS)
