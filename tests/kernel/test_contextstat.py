"""What vserver-stat sums up, against ps; and sockets, against ss."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from testhost import TestHost

CONTEXT = 300
HOLD = "import mmap, time; kept = mmap.mmap(-1, 1 << 27); kept.write(bytes(1 << 26)); "


def usage(host: TestHost) -> dict[str, Any]:
    rows: list[dict[str, Any]] = json.loads(host.run("vserver-stat --json").out)
    return next(row for row in rows if row["context"] == CONTEXT)


def test_memory_and_time_are_the_sums_of_ps(host: TestHost) -> None:
    work = "sum(range(10**7)); print('ready', flush=True); time.sleep(100)"
    command = ["chcontext", "--silent", "--ctx", str(CONTEXT), "python3", "-c", HOLD + work]
    with host.start(command) as one, host.start(command) as other:
        one.expect("ready")
        other.expect("ready")
        leaf = f"{host.cgroups}/vserver/{CONTEXT}/any"
        pids = host.run(f"cat {leaf}/cgroup.procs").out.split()
        listed = host.run(f"ps -o vsz=,rss=,times=,comm= -p {','.join(pids)}").out.splitlines()
        rows = [line.split() for line in listed if not line.endswith(" init")]
        found = usage(host)
        assert found["processes"] == len(rows) == 2
        assert found["vsz"] == sum(int(row[0]) for row in rows) * 1024
        assert abs(found["rss"] - sum(int(row[1]) for row in rows) * 1024) < 1 << 20
        seconds = found["user_time"] + found["system_time"]
        assert abs(seconds - sum(int(row[2]) for row in rows)) <= len(rows)


def test_a_process_that_nobody_waits_for_still_belongs_to_its_context(host: TestHost) -> None:
    program = (
        "import os, time; os.fork() or os._exit(0); print('ready', flush=True); time.sleep(99)"
    )
    command = ["chcontext", "--silent", "--ctx", str(CONTEXT), "python3", "-c", program]
    with host.start(command) as one:
        one.expect("ready")
        host.run("until ps -eo stat= | grep -q ^Z; do sleep 0.01; done")
        assert usage(host)["processes"] == 2
        assert f" {CONTEXT} " in host.run("vps ax | grep defunct | grep -v grep").out


def test_every_socket_of_ss_belongs_to_exactly_one(host: TestHost) -> None:
    program = (
        "import socket, time; s = [socket.socket() for _ in range(20)]; "
        "[one.bind(('127.0.0.1', 0)) or one.listen() for one in s]; "
        "c = [socket.create_connection(one.getsockname()) for one in s]; "
        "print('ready', flush=True); time.sleep(99)"
    )
    inside = ["chcontext", "--silent", "--ctx", str(CONTEXT), "python3", "-c", program]
    with host.start(inside) as one, host.start(["python3", "-c", program]) as other:
        one.expect("ready")
        other.expect("ready")
        seen = sorted(line.split()[3] for line in host.run("ss -Htan").out.splitlines())
        blocks = json.loads(host.run(f"vnetstat --json -t 0 {CONTEXT}").out)
        assert [len(block["sockets"]) for block in blocks] == [60, 60]
        assert sorted(s["local"] for block in blocks for s in block["sockets"]) == seen
