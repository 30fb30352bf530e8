"""Addresses: what a set costs the command that gets it, its sockets, and the kernel.

Beside ours stand network namespaces, which need addresses of their own, and the programs that
make them.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from bench import peers
from guests import busybox

if TYPE_CHECKING:
    from testhost import TestHost

FIRST, SECOND, GUEST, APART = "192.0.2.10", "192.0.2.11", "192.0.2.12", "10.9.9.2"
ROOT = "/vservers/net"  # of our guest, and of podman's
CHBIND = ["chbind", "--silent", "--ip"]
KINDS = ["socket", "bind", "connect", "datagram", "stream"]  # of sockets.c
OUTSIDE = "unrestricted"
CROWD = 1000
PART = 100  # of them, at the beginning and at the end
CROWD_HEAD = f"""
### {CROWD} at once, each with a process that idles

| what | first {PART}, ms each | last {PART}, ms each | ratio | kernel, KiB | process, KiB |
|---|--:|--:|--:|--:|--:|"""
SECONDS = "0.05"  # that each measurement of a rate takes

MAKE_NAMESPACE = (
    "ip netns add {name} && ip link add {name} type veth peer name eth0 netns {name} &&"
    f" ip -n {{name}} addr add {APART}/24 dev eth0 && ip -n {{name}} link set eth0 up &&"
    " ip -n {name} link set lo up && ip link set {name} up"
)
NEW_NAMESPACE = MAKE_NAMESPACE.format(name="new") + " && ip netns exec new true"
NO_SETS = "find /sys/fs/cgroup -name 'ip4-*' -type d -delete"
NO_PROGRAMS = f"{NO_SETS}; rm -rf /sys/fs/bpf/vserver-*"

Case = dict[str, Any]


def prepare(host: TestHost, sockets: str) -> None:
    """Addresses and a guest, a network namespace, and what `ip vrf exec` needs."""
    busybox.make(host, "net", conf={"IPROOT": GUEST, "IPROOTDEV": "eth0", "S_FLAGS": "lock"})
    host.run(f"cp {sockets} /bin/sockets; cp {sockets} {ROOT}/bin; vserver net start")
    host.run(f"ip addr add {SECOND}/24 dev eth0; {MAKE_NAMESPACE.format(name='apart')}")
    host.run("ip link add red type vrf table 10 && ip link set red up")


def joins(host: TestHost, nothing: list[str], floor: str, bare_python: list[str]) -> list[Case]:
    """The second command with the same addresses, and all that follow."""
    host.run([*CHBIND, FIRST, "true"])
    leaf = host.run("find /sys/fs/cgroup -maxdepth 2 -name 'ip4-*'").out.strip()
    return [
        _case("chbind", [*CHBIND, FIRST, "true"]),
        _case("ip netns exec", ["ip", "netns", "exec", "apart", "true"]),
        _case("ip vrf exec", ["ip", "vrf", "exec", "red", "true"]),
        _case("python3 -I -S -c pass", nothing),
        _case("bare python", [*bare_python, "join", leaf, "true"]),
        _case("floor", [floor, "join", leaf, "true"]),
    ]


def creations(nothing: list[str]) -> list[Case]:
    """The first command with its addresses."""
    podman = [*peers.PODMAN, "run", "--rm", "--network=podman", "--rootfs", ROOT, "/bin/true"]
    return [
        _case("chbind", [*CHBIND, FIRST, "true"], NO_SETS),
        _case("ip netns, veth", ["sh", "-c", NEW_NAMESPACE], "ip netns del new"),
        _case("podman run --network", podman),
        _case("unshare -n", ["unshare", "-n", "true"]),
        _case("python3 -I -S -c pass", nothing),
    ]


def first_of_all(nothing: list[str]) -> list[Case]:
    """The first command after boot, for which the programs are loaded."""
    return [
        _case("chbind", [*CHBIND, FIRST, "true"], NO_PROGRAMS),
        _case("python3 -I -S -c pass", nothing),
    ]


def crowds(floor: str) -> dict[str, dict[str, Any]]:
    """What there is to be a thousand of, as timer.py takes it.

    Each has an address of its own and a process that idles.
    """
    kill = "for file in $(find /sys/fs/cgroup -path '*{}*/cgroup.kill'); do echo 1 >$file; done"
    one = f"{' '.join(CHBIND)} 10.$((%d / 250)).$((%d % 250)).1"
    apart = (
        "ip -all netns exec sh -c 'kill $(ip netns pids $(ip netns identify))'; ip -all netns del"
    )
    makers = {
        "address sets": (f"{one} {floor} idle", f"{kill.format('/ip4-')}; sleep 1; {NO_SETS}"),
        "contexts with an address set": (
            f"{one} chcontext --silent --ctx $((%d + 100)) {floor} idle",
            kill.format("/vserver/"),
        ),
        "network namespaces": (f"ip netns add n%d && ip netns exec n%d {floor} idle", apart),
    }
    return {
        name: {"count": CROWD, "make": make, "end": end} for name, (make, end) in makers.items()
    }


def places() -> dict[str, tuple[list[str], str]]:
    """Where sockets are measured: the words before the command, and the address to ask."""
    return {
        OUTSIDE: ([], FIRST),
        "chbind, one address": ([*CHBIND, FIRST], FIRST),
        "chbind, the second of two": ([*CHBIND, FIRST, "--ip", SECOND], SECOND),
        "guest": (["vserver", "--silent", "net", "exec"], GUEST),
        "ip netns exec": (["ip", "netns", "exec", "apart"], APART),
    }


def show_rates(host: TestHost, rounds: int) -> None:
    """Print how often sockets can be used in each place, as a part of what is possible outside.

    In each round every place has its turn, and is compared with the first in that round.
    """
    print("\n### Sockets: what is left of the rate outside\n")
    print(f"| place | {' | '.join(KINDS)} |\n|---|{'--:|' * len(KINDS)}")
    measured = {kind: [_round(host, kind) for _ in range(rounds)] for kind in KINDS}
    for place in places():
        cells = [_cell([(one[place], one[OUTSIDE]) for one in measured[kind]]) for kind in KINDS]
        print(f"| {place} | {' | '.join(cells)} |")
    outside = (statistics.median(one[OUTSIDE] for one in measured[kind]) for kind in KINDS)
    cells = [f"{rate:.0f}" for rate in outside]
    print(f"| times in a second of processor time | {' | '.join(cells)} |", flush=True)


def _round(host: TestHost, kind: str) -> dict[str, float]:
    """How many times a second in each place, by turns."""
    rates = {}
    for place, (words, address) in places().items():
        result = host.run([*words, "/bin/sockets", kind, address, SECONDS])
        if result.status:
            raise SystemExit(f"bench: {place}: {result.err}")
        rates[place] = float(result.out)
    return rates


def _cell(pairs: list[tuple[float, float]]) -> str:
    return f"{statistics.median(inside / outside for inside, outside in pairs):.2f}"


def crowd_row(name: str, answer: dict[str, Any]) -> str:
    """One line of the table of crowds, from timer.py's answer."""
    times, memory = answer["times"], answer["memory"]
    first, last = (statistics.median(part) for part in (times[:PART], times[-PART:]))
    own = sum(memory[kind] for kind in ("Slab", "Percpu", "VmallocUsed")) / len(times)
    process = sum(memory[kind] for kind in ("KernelStack", "PageTables")) / len(times)
    return f"| {name} | {first:.2f} | {last:.2f} | {last / first:.2f} | {own:.1f} | {process:.1f} |"


def _case(name: str, argv: list[str], undo: str = "") -> Case:
    after = ["sh", "-c", undo] if undo else None
    return {"name": name, "argv": argv, "stamp": None, "after": after}
