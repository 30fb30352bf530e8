"""Runs inside the test host: times commands in turn, A B C A B C, and weighs processes.

`python3 -IS timer.py` reads one JSON request from standard input and writes the answer:

{"rounds": N, "cases": [CASE...]} -> {NAME: [[elapsed, CPU time], ...]} in milliseconds
    CASE has "name"; "argv"; "stamp", a file that the first program started writes the time to,
    or null when the end of the command counts; "after", the command that undoes it, not timed.
    A case that fails is answered by what it wrote.
{"weigh": true} -> {PID: [name, file name of the program, PSS in KiB]} of all other processes
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

DEADLINE = 60.0


def once(case: dict[str, Any]) -> tuple[float, float]:
    """One run of ``case``: the time it took and the processor time of the command and of what
    it waited for, in milliseconds. RuntimeError with its output when it fails."""
    if case["stamp"] and os.path.exists(case["stamp"]):
        os.unlink(case["stamp"])
    output = os.memfd_create("output")
    start = time.monotonic_ns()
    pid = os.posix_spawnp(case["argv"][0], case["argv"], os.environ, file_actions=actions(output))
    if case["stamp"]:
        end = stamp(case["stamp"])
    else:
        _, status, usage = os.wait4(pid, 0)
        end = 0 if status else time.monotonic_ns()
    if case["after"]:
        subprocess.run(case["after"], stdin=-3, stdout=-3, stderr=-3, check=False)
    if case["stamp"]:
        usage = os.wait4(pid, 0)[2]
    if not end:
        raise RuntimeError(os.pread(output, 4000, 0).decode(errors="replace"))
    os.close(output)
    return (end - start) / 1e6, (usage.ru_utime + usage.ru_stime) * 1e3


def actions(output: int) -> list[Any]:
    """Nothing to read, and ``output`` for what is written."""
    null = (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0)
    return [null, *((os.POSIX_SPAWN_DUP2, output, fd) for fd in (1, 2))]


def stamp(path: str) -> int:
    """The time in the file ``path`` as soon as it is there; 0 when it does not come."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        try:
            with open(path, encoding="ascii") as file:
                return int(file.read())
        except FileNotFoundError:
            time.sleep(0.001)
    return 0


def measure(request: dict[str, Any]) -> dict[str, Any]:
    """All cases in turn, one round to warm up and then as many as asked for."""
    results: dict[str, Any] = {case["name"]: [] for case in request["cases"]}
    cases = list(request["cases"])
    for turn in range(request["rounds"] + 1):
        for case in list(cases):
            try:
                times = once(case)
            except (OSError, RuntimeError) as error:
                results[case["name"]] = str(error)
                cases.remove(case)
                continue
            if turn:
                results[case["name"]].append(times)
    return results


def weigh() -> dict[str, Any]:
    """Name, program and proportional set size of every process but this one."""
    weights = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                words = file.read().split()
            with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                name = file.read().strip()
            program = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
        except (FileNotFoundError, ProcessLookupError):
            continue
        if "Pss:" in words and int(pid) != os.getpid():
            weights[pid] = [name, program, int(words[words.index("Pss:") + 1])]
    return weights


def main() -> None:
    """Answer the one request."""
    request = json.load(sys.stdin)
    json.dump(weigh() if "weigh" in request else measure(request), sys.stdout)


if __name__ == "__main__":
    main()
