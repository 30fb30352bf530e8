"""`make bench`: what the commands of vserver cost beside other programs, on this machine.

Everything runs in one test host and in turn (A B C A B C), so that a slow moment of the machine
hits all alike. Printed are markdown tables with the median of each program, its ratio to that
of vserver, the fastest run, and the processor time of the command with what it waited for.
`floor` is a static C program that does only the system calls, `bare python` an interpreter
that does only them. Arguments: [--rounds N] [--guests N] [--only disk|million|network];
`million` takes minutes, and runs only when it is named.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import time
from typing import Any

TESTS = os.path.realpath(f"{__file__}/../..")
REPOSITORY = os.path.dirname(TESTS)
sys.path[:0] = [TESTS, f"{REPOSITORY}/lib"]

from bench import disk, million, network, peers, watch  # noqa: E402
from testhost import Keeper, Process, TestHost, has_v2_controllers  # noqa: E402

FLOOR = f"{REPOSITORY}/build/bench/floor"
SOCKETS = f"{REPOSITORY}/build/bench/sockets"
CROWD = f"{REPOSITORY}/build/bench/crowd"
TIMER = f"{TESTS}/bench/timer.py"
BARE_PYTHON = ["/usr/bin/python3", "-IS", f"{TESTS}/bench/floor.py"]
DISK_ROUNDS = 5
WATCH_ROUNDS = 7
SETTLE = 3.0  # seconds after which a command that starts a guest is taken to stay with it
# The service with BACKGROUND=yes until the last guest runs, and with guests that cannot be started.
BACKGROUND = (
    "rm -f {last}; echo BACKGROUND=yes >>/etc/vservers.conf; {service} start;"
    " until [ -e {last} ]; do sleep 0.01; done; sed -i '$d' /etc/vservers.conf"
)
BROKEN = (
    "cd /etc/vservers; echo fi >broken.conf; echo ONBOOT=yes >gone.conf; {service} start;"
    " rm broken.conf gone.conf"
)
NO_PROGRAM = ["/usr/bin/python3", "-I", "-S", "-c", "pass"]


class Bench:
    """One test host with the guests in it, and the tables."""

    def __init__(self, host: TestHost, rounds: int, guests: int) -> None:
        self.host = host
        self.rounds = rounds
        self.guests = guests
        self.peers = [peers.ours(), *peers.others()]

    def run(self, only: str = "") -> None:
        """Measure and print everything, or what is in the method ``only``."""
        if only in ("", "many", "watching"):
            peers.prepare(self.host, FLOOR, self.guests)
        if only:
            getattr(self, only)()
            return
        self.starts()
        self.entering()
        self.chcontext()
        self.many()
        self.memory()
        self.watching()
        self.network()
        self.disk()

    def starts(self) -> None:
        """From the command to the first program of the guest. Drops the peers that fail."""
        cases = [case(peer.name, peer.start, f"{peer.root}/stamp", peer.end) for peer in self.peers]
        results = self.table("Start of a guest, to its first program", cases)
        self.peers = [peer for peer in self.peers if isinstance(results[peer.name], list)]

    def entering(self) -> None:
        """A command in a running guest; the guests of all programs run meanwhile."""
        running = [peer for peer in self.peers if peer.enter]
        for peer in running:
            self.host.run(peer.start)
        process = self.guest_process()
        nsenter = ["nsenter", "-t", process, "-m", "-p", "-i", "-u", "-C"]
        cases = [
            *(case(peer.name, [*peer.enter, "/bin/true"]) for peer in running),
            case("nsenter", [*nsenter, "/bin/true"]),
            case("bare python", [*BARE_PYTHON, "enter", process, "/bin/true"]),
            case("floor", [FLOOR, "enter", process, "/bin/true"]),
        ]
        self.table("A command in a running guest", cases)
        for peer in running:
            self.host.run(peer.end)

    def chcontext(self) -> None:
        """A command in new namespaces."""
        unshare = ["unshare", "-m", "-p", "-i", "-u", "-C", "-f", "--mount-proc", "true"]
        cases = [
            case("vserver", ["chcontext", "--silent", "true"]),
            case("unshare", unshare),
            case("bare python", [*BARE_PYTHON, "isolate", "true"]),
            case("floor", [FLOOR, "isolate", "true"]),
        ]
        self.table("`chcontext true`", cases)

    def many(self) -> None:
        """All guests by the init script, beside a loop of lxc-start."""
        service = "/etc/init.d/vservers"
        start, stop = (
            ["sh", "-c", f"for i in $(seq {self.guests}); do {command} -n many$i; done"]
            for command in ("lxc-start", "lxc-stop -k")
        )
        end = [service, "stop"]
        last = max(f"many{number}" for number in range(1, self.guests + 1))
        background = BACKGROUND.format(service=service, last=f"/vservers/{last}/stamp")
        broken = BROKEN.format(service=service)
        cases = [
            case("vserver", [service, "start"], after=end),
            case("vserver, in the background", ["sh", "-c", background], after=end),
            case("vserver, two more are broken", ["sh", "-c", broken], after=end),
            case("lxc", start, after=stop),
        ]
        self.table(f"Start of {self.guests} guests, one after the other", cases, rounds=3)

    def watching(self) -> None:
        """Programs that look at all processes, and the manager that looks after all guests."""
        watch.start(self.host, CROWD, self.guests)
        grown = 0
        for count in watch.CROWDS:
            watch.grow(self.host, self.guests, count - grown)
            grown = count
            cases = watch.cases(with_others=count == watch.CROWDS[-1])
            title = f"Looking at {count} processes in {self.guests} guests"
            self.table(title, cases, min(self.rounds, WATCH_ROUNDS))
        watch.end(self.host, self.guests)
        print(
            "\n### Memory of the reboot manager\n\n| guests | RSS, KiB | PSS, KiB |\n|--:|--:|--:|"
        )
        for guests in watch.SERVED:
            rss, pss = watch.weigh_manager(self.host, guests)
            print(f"| {guests} | {rss} | {pss} |", flush=True)

    def disk(self) -> None:
        """Guests that share files, by links on ext4 and by reflinks on xfs and btrfs."""
        rounds = min(self.rounds, DISK_ROUNDS)
        for kind in disk.OTHERS:
            top = disk.prepare(self.host, kind)
            self.table(f"A further guest, {kind}", disk.builds(top, kind, FLOOR), rounds)
            self.table(
                f"Two guests come to share files, {kind}",
                disk.unifications(top, kind, FLOOR),
                rounds,
            )
            self.table(f"Once more, {kind}", disk.repetitions(top, kind), rounds)
            self.table(f"The size of a guest, {kind}", disk.sizes(top), rounds)
            disk.discard(self.host, top)

    def million(self) -> None:
        """What vbuild, vunify and vdu need for guests of a million files each, once each."""
        cases = million.cases(self.host)
        results = self.ask({"rounds": 0, "cases": cases}, timeout=7200)
        print("\n### A million files, ext4\n\n| program | elapsed, s | CPU, s | memory, MiB |")
        print("|---|--:|--:|--:|")
        for name, times in results.items():
            if isinstance(times, str):
                raise SystemExit(f"bench: {name}: {times}")
            [[elapsed, used, memory]] = times
            print(f"| {name} | {elapsed / 1e3:.1f} | {used / 1e3:.1f} | {memory / 1024:.0f} |")

    def network(self) -> None:
        """Addresses: for a command, for its sockets, and for many at once."""
        network.prepare(self.host, SOCKETS)
        network.show_rates(self.host, self.rounds)  # podman leaves packet filters behind
        tables = {
            "A command with addresses that others have had": network.joins(
                self.host, NO_PROGRAM, FLOOR, BARE_PYTHON
            ),
            "A command with addresses of its own": network.creations(NO_PROGRAM),
            "The first command with addresses after boot": network.first_of_all(NO_PROGRAM),
        }
        for title, cases in tables.items():
            self.table(title, cases)
        print(network.CROWD_HEAD)
        for name, request in network.crowds(FLOOR).items():
            print(network.crowd_row(name, self.ask(request)), flush=True)

    def memory(self) -> None:
        """What a guest costs beside its own program."""
        print("\n### Memory of an idle guest beside its own program\n")
        print("| program | PSS, KiB | processes |\n|---|--:|---|")
        for peer in self.peers:
            before = self.ask({"weigh": True})
            with self.host.start(peer.start) as process:
                self.wait_for_stamp(peer, process)
                after = self.ask({"weigh": True})
                self.host.run(peer.end)
            new = [after[pid] for pid in after.keys() - before.keys()]
            new = [process for process in new if process[1] != "stamp"]
            names = ", ".join(sorted(name for name, _program, _pss in new)) or "none"
            print(f"| {peer.name} | {sum(pss for *_, pss in new)} | {names} |", flush=True)

    def wait_for_stamp(self, peer: peers.Peer, process: Process) -> None:
        """Wait until the guest runs, and until the command that started it has gone or stays."""
        deadline = time.monotonic() + SETTLE
        while process.running and time.monotonic() < deadline:
            time.sleep(0.01)
        if not os.path.exists(self.host.path(f"{peer.root}/stamp")):
            raise SystemExit(f"bench: {peer.name} did not start: {process.output}")

    def guest_process(self) -> str:
        """The pid of a process of our guest."""
        command = "grep -l /vserver/ /proc/[0-9]*/cgroup | head -n 1 | cut -d/ -f3"
        return self.host.run(command).out.strip()

    def table(
        self, title: str, cases: list[dict[str, Any]], rounds: int | None = None
    ) -> dict[str, Any]:
        """Measure ``cases``, of which the first is ours, and print them."""
        results = self.ask({"rounds": rounds or self.rounds, "cases": cases})
        print(f"\n### {title}\n\n| program | median, ms | ratio | fastest, ms | CPU, ms |")
        print("|---|--:|--:|--:|--:|")
        ours = results[cases[0]["name"]]
        unit = median(ours, 0) if isinstance(ours, list) else math.nan
        for name, times in results.items():
            print(row(name, times, unit), flush=True)
        return results

    def ask(self, request: dict[str, Any], timeout: int = 1200) -> dict[str, Any]:
        """What timer.py answers."""
        command = ["/usr/bin/python3", "-IS", TIMER]
        result = self.host.run(command, input=json.dumps(request), timeout=timeout)
        if result.status:
            raise SystemExit(f"bench: {result.err}")
        answer: dict[str, Any] = json.loads(result.out)
        return answer


def case(
    name: str, argv: list[str], stamp: str | None = None, after: list[str] | None = None
) -> dict[str, Any]:
    """What timer.py is to run, see there."""
    return {"name": name, "argv": argv, "stamp": stamp, "after": after}


def row(name: str, times: list[list[float]] | str, unit: float) -> str:
    """One line of a table; ``times`` is a message for what did not run."""
    if isinstance(times, str):
        return f"| {name} | | | | {' '.join(times.split()) or 'did not start'} |"
    elapsed, fastest = median(times, 0), min(times)[0]
    ratio = elapsed / unit
    return f"| {name} | {elapsed:.2f} | {ratio:.2f} | {fastest:.2f} | {median(times, 1):.2f} |"


def median(times: list[list[float]], column: int) -> float:
    """The median of the elapsed times (0) or the processor times (1)."""
    return statistics.median(pair[column] for pair in times)


def compile_static(program: str) -> None:
    """Make a static program, with musl where there is one: it starts faster."""
    os.makedirs(os.path.dirname(program), exist_ok=True)
    compiler = shutil.which("musl-gcc") or "gcc"
    options = ["-static", "-Os", "-Wall", "-Wextra"]
    source = f"{TESTS}/bench/{os.path.basename(program)}.c"
    subprocess.run([compiler, *options, "-o", program, source], check=True)


def main() -> int:
    """Parse the arguments, make a test host and measure in it."""
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--guests", type=int, default=50)
    parser.add_argument(
        "--only", choices=["disk", "million", "network", "many", "watching"], default=""
    )
    arguments = parser.parse_args()
    compile_static(FLOOR)
    compile_static(SOCKETS)
    compile_static(CROWD)
    keeper = Keeper()
    host = keeper.host(hybrid=not has_v2_controllers())
    try:
        Bench(host, arguments.rounds, arguments.guests).run(arguments.only)
    finally:
        host.close()
        keeper.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
