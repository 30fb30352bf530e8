"""The keeper: makes machines and sweeps away what they leave."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import time
import traceback

from machine import V1_CONTROLLERS, Request, receive, send, write
from machine.maker import Maker
from vserver.kernel import cgroup, process, syscalls

PREFIX = "vserver-test"


class Keeper:
    """Makes machines and sweeps away what they leave."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.cgroups: dict[int, list[str]] = {}
        run = run_name(os.getpid())
        self._names = (f"{PREFIX}.{run}.{number}" for number in itertools.count())

    def serve(self) -> None:
        """Answer requests until the test run goes away, then end every machine."""
        while (message := receive(self.control)) is not None:
            request, fds = message
            answer = self._answer(request, fds)
            for fd in fds:
                os.close(fd)
            send(self.control, answer)
        for pid in list(self.cgroups):
            self.end(pid)

    def _answer(self, request: Request, fds: list[int]) -> Request:
        try:
            if "end" in request:
                return {"left": self.end(request["end"])}
            return {"pid": self.make(request, fds)}
        except Exception:
            return {"error": traceback.format_exc()}

    def make(self, request: Request, fds: list[int]) -> int:
        """Make one machine; the pid of its process 1 as the real machine sees it."""
        directories = make_cgroups(next(self._names), hybrid=request["hybrid"])
        home = os.open(directories[0], os.O_RDONLY)
        report, maker_end = os.pipe()
        maker = syscalls.clone3(0, cgroup_fd=home)
        if maker == 0:
            os.close(report)
            Maker(request, directories, maker_end, fds).run()
        os.close(maker_end)
        os.close(home)
        with open(report, encoding="utf-8") as pipe:
            outcome = pipe.read()
        os.waitpid(maker, 0)
        if not outcome.isdigit():
            remove_cgroups(directories)
            raise RuntimeError(outcome or "the maker died")
        self.cgroups[int(outcome)] = directories
        return int(outcome)

    def end(self, pid: int) -> list[str]:
        """Kill the machine of process 1 ``pid``; what is left of it after that."""
        directories = self.cgroups.pop(pid)
        unpin(f"/proc/{pid}/root/sys/fs/bpf")
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return remove_cgroups(directories)


def unpin(file_system: str) -> None:
    """Let go of the BPF programs that are pinned there, while its machine still runs.

    A process that exits must not be who unmounts them: on Linux 6.1 it would wait for the
    security hooks to be freed, and that for the process to have gone.
    """
    for name in _names_in(file_system):
        shutil.rmtree(f"{file_system}/{name}", ignore_errors=True)


def _names_in(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:  # process 1 has died, and the machine with it
        return []


def run_name(pid: int) -> str:
    """What tells the run of keeper ``pid`` from all others: several may share the cgroups."""
    namespace = os.stat("/proc/self/ns/pid").st_ino
    return f"{namespace}-{pid}-{process.start_time(pid)}"


def has_ended(run: str) -> bool:
    """Has the keeper of ``run`` ended? One of another pid namespace is not for us to judge."""
    try:
        namespace, pid, started = map(int, run.split("-"))
        if namespace != os.stat("/proc/self/ns/pid").st_ino:
            return False
        return process.start_time(pid) != started
    except ValueError:
        return False
    except OSError:
        return True


def sweep() -> None:
    """Remove what was left by test runs that were killed together with their keeper."""
    for parent in (cgroup.mount_point(), *(f"/sys/fs/cgroup/{name}" for name in V1_CONTROLLERS)):
        for directory in cgroup.children(parent):
            prefix, _dot, rest = os.path.basename(directory).partition(".")
            if prefix == PREFIX and has_ended(rest.partition(".")[0]):
                remove_tree(directory, 0)


def make_cgroups(name: str, *, hybrid: bool) -> list[str]:
    """The directories of a machine: in the v2 tree, then where asked in each v1 hierarchy."""
    parents = [cgroup.mount_point()]
    if hybrid:
        parents += [f"/sys/fs/cgroup/{name}" for name in V1_CONTROLLERS]
    directories = [f"{parent}/{name}" for parent in parents]
    for directory in directories:
        os.mkdir(directory)
    return directories


def remove_cgroups(directories: list[str]) -> list[str]:
    """Kill what lives in ``directories`` and remove them; the lines that say what stayed."""
    left = []
    for directory in directories:
        if os.path.exists(directory + "/cgroup.kill"):  # not in v1
            write(directory + "/cgroup.kill", "1")
        left += remove_tree(directory, time.monotonic() + 30)
    return left


def remove_tree(directory: str, deadline: float) -> list[str]:
    """Remove the cgroup ``directory`` with all below it, waiting for dying processes."""
    left = []
    for child in cgroup.children(directory):
        left += remove_tree(child, deadline)
    while True:
        try:
            os.rmdir(directory)
            return left
        except FileNotFoundError:
            return left
        except OSError as error:
            if time.monotonic() > deadline:
                pids = cgroup.pids_in(directory)
                return [*left, f"cgroup {directory} ({error.strerror}; processes {pids})"]
            time.sleep(0.002)
