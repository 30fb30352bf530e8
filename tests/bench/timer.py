"""Runs inside the test host: times commands in turn, A B C A B C, and weighs processes.

`python3 -IS timer.py` reads one JSON request from standard input and writes the answer:

{"rounds": N, "cases": [CASE...]} -> {NAME: [[elapsed, CPU time, memory], ...]}
    Times are in milliseconds, the memory (the largest resident set) in KiB. N rounds follow one
    that does not count; with 0 the first one does.
    CASE has "name"; "argv"; "stamp", a file that the first program started writes the time to,
    or null when the end of the command counts; "after", the command that undoes it, not timed.
    A case that fails is answered by what it wrote.
{"count": N, "make": COMMAND, "end": COMMAND} -> {"times": [...], "memory": {NAME: KiB}}
    COMMAND, for the shell, is run for %d from 0 to N - 1: the milliseconds that each took, and
    by how much the kernel's own memory has grown. "end" undoes all of it.
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
KERNEL_MEMORY = ["Slab", "Percpu", "KernelStack", "PageTables", "VmallocUsed"]


def once(case: dict[str, Any]) -> tuple[float, float, int]:
    """One run of ``case``: the time it took, and the processor time and the largest resident set
    of the command and of what it waited for. RuntimeError with its output when it fails."""
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
    used = (usage.ru_utime + usage.ru_stime) * 1e3
    return (end - start) / 1e6, used, usage.ru_maxrss


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
            if turn or not request["rounds"]:
                results[case["name"]].append(times)
    return results


def crowd(request: dict[str, Any]) -> dict[str, Any]:
    """Make many of something: the time of each, and the memory of the kernel for all."""
    before, times = kernel_memory(), []
    try:
        for number in range(request["count"]):
            start = time.monotonic_ns()
            command = request["make"].replace("%d", str(number))
            subprocess.run(["sh", "-c", command], stdin=-3, stdout=-3, check=True)
            times.append((time.monotonic_ns() - start) / 1e6)
        after = kernel_memory()
    finally:
        subprocess.run(["sh", "-c", request["end"]], stdin=-3, stdout=-3, stderr=-3, check=False)
    return {"times": times, "memory": {name: after[name] - before[name] for name in after}}


def kernel_memory() -> dict[str, int]:
    """What the kernel uses for itself, in KiB, by the words of /proc/meminfo."""
    with open("/proc/meminfo", encoding="ascii") as file:
        lines = (line.split() for line in file)
        words = {words[0].rstrip(":"): int(words[1]) for words in lines}
    return {name: words[name] for name in KERNEL_MEMORY}


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
    if "weigh" in request:
        answer = weigh()
    else:
        answer = crowd(request) if "make" in request else measure(request)
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
