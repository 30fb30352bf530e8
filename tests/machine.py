"""The far side of a test host: what runs as root between the real machine and the test.

Started once per test run by testhost.py as `python3 -IS machine.py FD REPOSITORY`. This process
(the *keeper*) installs the package into a tmpfs that nobody else sees and then makes machines
on request: it clones a *maker* into a cgroup of its own, the maker leaves all namespaces,
mounts the machine's root, and clones process 1 of the new machine, which then runs commands
for the test until it is killed. Everything dies with these processes: no mount and no
interface of theirs ever exists in the namespaces of the real machine.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import stat
import struct
import sys
import termios
import time
import traceback
from typing import Any, NoReturn

REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.append(REPOSITORY + "/lib")

from vserver.kernel import cgroup, syscalls  # noqa: E402

KEEPER_DIR = "/mnt"  # exists everywhere; covered by our tmpfs in the keeper's mount namespace only
LAYER = KEEPER_DIR + "/layer"
STAGE = KEEPER_DIR + "/machine"
V1_CONTROLLERS = ("cpu", "cpuacct", "devices", "freezer", "memory", "pids")
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "LOGNAME": "root",
    "SHELL": "/bin/bash",
    "TERM": "dumb",
    "USER": "root",
}
DEVICES = {
    "null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9),
    "tty": (5, 0), "console": (5, 1), "kmsg": (1, 11), "loop-control": (10, 237), "fuse": (10, 229),
    **{f"loop{number}": (7, number) for number in range(8)},
}  # fmt: skip
HOST_NETWORK = """\
link add eth0 type veth peer name eth0 netns {lan}
link set lo up
addr add 192.0.2.10/24 brd 192.0.2.255 dev eth0
addr add 2001:db8::10/64 dev eth0 nodad
link set eth0 up
route add default via 192.0.2.1
route add default via 2001:db8::1
"""
LAN_NETWORK = """\
link set lo up
addr add 192.0.2.1/24 brd 192.0.2.255 dev eth0
addr add 2001:db8::1/64 dev eth0 nodad
link set eth0 up
"""
HOSTS = """\
127.0.0.1 localhost
::1 localhost
192.0.2.10 host.example.com host
192.0.2.1 lan.example.com lan
"""

Request = dict[str, Any]


def send(sock: socket.socket, message: Request, fds: list[int] | None = None) -> None:
    """Send one message with the descriptors ``fds``."""
    socket.send_fds(sock, [json.dumps(message).encode()], fds or [])


def receive(sock: socket.socket) -> tuple[Request, list[int]] | None:
    """The next message and its descriptors; None when the other side has gone."""
    data, fds, _flags, _address = socket.recv_fds(sock, 1 << 20, 8)
    return (json.loads(data), fds) if data else None


def write(path: str, text: str) -> None:
    """Write ``text`` to ``path``."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


# --- the keeper -------------------------------------------------------------------------


class Keeper:
    """Makes machines and sweeps away what they leave."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.cgroups: dict[int, list[str]] = {}

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
        directories = make_cgroups(request["name"], hybrid=request["hybrid"])
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
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return remove_cgroups(directories)


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
        left += remove_tree(directory, time.monotonic() + 5)
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
        except OSError as error:
            if time.monotonic() > deadline:
                pids = cgroup.pids_in(directory)
                return [*left, f"cgroup {directory} ({error.strerror}; processes {pids})"]
            time.sleep(0.002)


# --- the maker --------------------------------------------------------------------------


class Maker:
    """Builds one machine around itself and leaves it to a new process 1."""

    def __init__(self, request: Request, directories: list[str], report: int, fds: list[int]):
        self.request = request
        self.directories = directories
        self.report = report
        self.agent, *self.network = fds
        self.lan = -1

    def run(self) -> NoReturn:
        """Never returns; writes the pid of process 1, or a traceback, to the report pipe."""
        try:
            self._make()
        except BaseException:
            os.write(self.report, traceback.format_exc().encode())
        os._exit(0)

    def _make(self) -> None:
        for directory in self.directories[1:]:
            write(directory + "/cgroup.procs", "0")
        self._leave_namespaces()
        leaf = self._leaf()
        make_root(self.request)
        enter_root(STAGE + "/root")
        syscalls.sethostname(self.request["hostname"].encode())
        flags = syscalls.CLONE_NEWPID | syscalls.CLONE_PARENT
        pid = syscalls.clone3(flags, cgroup_fd=leaf, exit_signal=0)
        if pid == 0:
            os.close(self.report)
            os.close(leaf)
            Init(self.agent, self.lan).run()
        os.write(self.report, str(pid).encode())

    def _leave_namespaces(self) -> None:
        syscalls.unshare(
            syscalls.CLONE_NEWNS
            | syscalls.CLONE_NEWUTS
            | syscalls.CLONE_NEWIPC
            | syscalls.CLONE_NEWCGROUP
        )
        if self.network:
            syscalls.setns(self.network[0], syscalls.CLONE_NEWNET)
        else:
            self._make_network()

    def _make_network(self) -> None:
        """The host's network namespace, and at the other end of eth0 that of the lan."""
        syscalls.unshare(syscalls.CLONE_NEWNET)
        self.lan = os.open("/proc/self/ns/net", os.O_RDONLY)
        syscalls.unshare(syscalls.CLONE_NEWNET)
        host = os.open("/proc/self/ns/net", os.O_RDONLY)
        configure_network(HOST_NETWORK.format(lan=f"/proc/{os.getpid()}/fd/{self.lan}"))
        syscalls.setns(self.lan, syscalls.CLONE_NEWNET)
        configure_network(LAN_NETWORK)
        syscalls.setns(host, syscalls.CLONE_NEWNET)
        os.close(host)

    def _leaf(self) -> int:
        """Where process 1 goes: as systemd, not into the root; hybrid as sysvinit, the root."""
        directory = self.directories[0]
        if not self.request["hybrid"]:
            directory += "/init.scope"
            os.mkdir(directory)
        return os.open(directory, os.O_RDONLY)


def configure_network(commands: str) -> None:
    """Give ``commands`` to ip(8) in the present network namespace."""
    batch = os.memfd_create("ip", 0)
    os.write(batch, commands.encode())
    argv = ["ip", "-batch", f"/proc/self/fd/{batch}"]
    if status := os.waitstatus_to_exitcode(
        os.waitpid(os.posix_spawnp("ip", argv, os.environ), 0)[1]
    ):
        raise RuntimeError(f"ip -batch ended with {status}")
    os.close(batch)


def make_root(request: Request) -> None:
    """Mount the new machine's root and all below it on STAGE/root, except /proc."""
    syscalls.mount("none", STAGE, "tmpfs", 0, "mode=755")
    for name in ("upper", "work", "root", "vservers"):
        os.mkdir(f"{STAGE}/{name}")
    os.chmod(STAGE + "/vservers", 0)  # as `vserver build` makes it
    root = STAGE + "/root"
    lower = f"{request['layer']}:/" if request["layer"] else "/"
    layers = f"lowerdir={lower},upperdir={STAGE}/upper,workdir={STAGE}/work"
    syscalls.mount("host", root, "overlay", 0, layers + ",redirect_dir=on,xino=on")
    make_directories(root)
    syscalls.mount(STAGE + "/vservers", root + "/vservers", "", syscalls.MS_BIND)
    syscalls.mount("none", root + "/run", "tmpfs", syscalls.MS_NOSUID, "mode=755")
    syscalls.mount("none", root + "/tmp", "tmpfs", syscalls.MS_NOSUID, "mode=1777")
    os.mkdir(root + "/run/lock", 0o1777)
    make_devices(root + "/dev")
    make_sys(root + "/sys", hybrid=request["hybrid"])
    write(root + "/etc/hosts", HOSTS)
    write(root + "/etc/hostname", request["hostname"] + "\n")


def make_directories(root: str) -> None:
    """What every machine has, however bare the one it was cloned from is."""
    for name in ("dev", "etc", "proc", "root", "run", "sys", "tmp", "vservers"):
        os.makedirs(f"{root}/{name}", exist_ok=True)


def make_devices(dev: str) -> None:
    """A /dev of its own with the usual nodes."""
    syscalls.mount("none", dev, "tmpfs", syscalls.MS_NOSUID, "mode=755")
    for name, numbers in DEVICES.items():
        kind = stat.S_IFBLK if name.startswith("loop") and name[4:].isdigit() else stat.S_IFCHR
        os.mknod(f"{dev}/{name}", kind | 0o666, os.makedev(*numbers))
        os.chmod(f"{dev}/{name}", 0o666)
    for name in ("pts", "shm"):
        os.mkdir(f"{dev}/{name}")
    options = "newinstance,ptmxmode=0666,mode=0620,gid=5"
    syscalls.mount("none", dev + "/pts", "devpts", syscalls.MS_NOSUID, options)
    syscalls.mount("none", dev + "/shm", "tmpfs", syscalls.MS_NOSUID, "mode=1777")
    for name, target in (
        ("ptmx", "pts/ptmx"),
        ("fd", "/proc/self/fd"),
        ("stdin", "fd/0"),
        ("stdout", "fd/1"),
        ("stderr", "fd/2"),
    ):
        os.symlink(target, f"{dev}/{name}")


def make_sys(sys_dir: str, *, hybrid: bool) -> None:
    """sysfs with the cgroup trees in the layout asked for, and a bpffs of its own."""
    syscalls.mount("none", sys_dir, "sysfs", 0)
    trees = sys_dir + "/fs/cgroup"
    if hybrid:
        syscalls.mount("none", trees, "tmpfs", 0, "mode=755")
        for name in V1_CONTROLLERS:
            os.mkdir(f"{trees}/{name}")
            syscalls.mount("none", f"{trees}/{name}", "cgroup", 0, name)
        os.mkdir(trees + "/unified")
        trees += "/unified"
    syscalls.mount("none", trees, "cgroup2", 0)
    syscalls.mount("none", sys_dir + "/fs/bpf", "bpf", 0)
    with contextlib.suppress(OSError):  # not in every kernel
        syscalls.mount("none", sys_dir + "/kernel/security", "securityfs", 0)


def enter_root(root: str) -> None:
    """Make ``root`` the root of this mount namespace and let go of the old one."""
    os.chdir(root)
    syscalls.pivot_root(".", ".")
    syscalls.umount2(".", syscalls.MNT_DETACH)
    os.chdir("/")


# --- process 1 of a machine -------------------------------------------------------------


class Init:
    """Runs the test's commands and reaps what is orphaned.

    A request is {"id", "argv", "env", "cwd", "tty"} with standard input, output and error as
    descriptors, or {"id", "signal"}; the answers {"id", "pid"} (with the master side of the
    terminal where one was asked for) or {"id", "error"}, and later {"id", "status"}.
    """

    def __init__(self, agent: int, lan: int) -> None:
        self.lan = lan
        self.sock = socket.socket(fileno=agent)
        self.commands: dict[int, int] = {}  # pid: id of the request

    def run(self) -> NoReturn:
        """Serve until the test hangs up; process 1 takes all others with it."""
        syscalls.mount("none", "/proc", "proc", 0)
        os.umask(0o022)
        os.setsid()
        wake, wake_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_end)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        root = os.open("/", os.O_PATH)
        send(self.sock, {"ready": True}, [root] + ([self.lan] if self.lan >= 0 else []))
        os.close(root)
        if self.lan >= 0:
            os.close(self.lan)
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        poll.register(wake, select.POLLIN)
        while self._turn(poll, wake):
            pass
        os._exit(0)

    def _turn(self, poll: select.poll, wake: int) -> bool:
        for fd, _event in poll.poll():
            if fd == wake:
                os.read(wake, 4096)
                self._reap()
            elif (message := receive(self.sock)) is None:
                return False
            else:
                self._handle(*message)
        return True

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if (number := self.commands.pop(pid, None)) is not None:
                send(self.sock, {"id": number, "status": os.waitstatus_to_exitcode(status)})

    def _handle(self, request: Request, fds: list[int]) -> None:
        number = request["id"]
        if "signal" in request:
            self._signal(number, request["signal"])
            return
        try:
            pid, master = self._start(request, fds)
        except OSError as error:
            send(self.sock, {"id": number, "error": str(error)})
        else:
            self.commands[pid] = number
            send(self.sock, {"id": number, "pid": pid}, master)
            fds = fds + master
        for fd in fds:
            os.close(fd)

    def _signal(self, number: int, which: int) -> None:
        for pid, command in self.commands.items():
            if command == number:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, which)

    def _start(self, request: Request, fds: list[int]) -> tuple[int, list[int]]:
        master: list[int] = []
        if request["tty"]:
            master, fds = open_terminal(request["tty"])
        pid = os.fork()
        if pid == 0:
            execute(request, fds)
        if master:
            os.close(fds[0])
        return pid, master


def open_terminal(size: list[int]) -> tuple[list[int], list[int]]:
    """A new pseudo-terminal of ``size`` (rows, columns): its master and three times its slave."""
    master, slave = os.openpty()
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    return [master], [slave, slave, slave]


def execute(request: Request, fds: list[int]) -> NoReturn:
    """Become the command of ``request`` with ``fds`` as its standard descriptors."""
    try:
        os.setsid()
        if request["tty"]:
            fcntl.ioctl(fds[0], termios.TIOCSCTTY, 0)
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in fds]
        for target, fd in enumerate(high):
            os.dup2(fd, target)
        syscalls.close_range(3)
        for which in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGCHLD):
            signal.signal(which, signal.SIG_DFL)
        os.chdir(request["cwd"])
        os.execvpe(request["argv"][0], request["argv"], ENVIRONMENT | request["env"])
    except OSError as error:
        os.write(2, f"{request['argv'][0]}: {error.strerror}\n".encode())
    os._exit(127)


def install_package() -> None:
    """`make install` into the layer between the machine's root and every test host's own."""
    os.makedirs("build", exist_ok=True)
    argv = ["flock", "build/.lock", "make", "-s", "build", "install"]
    argv += [f"IMAGE={KEEPER_DIR}/image", f"DESTDIR={LAYER}"]
    if os.waitpid(os.posix_spawnp("flock", argv, os.environ), 0)[1]:
        raise RuntimeError("make install failed")
    copy_programs()
    for directory in ("/etc/vservers", "/etc/vservices", "/usr/lib/vserver"):
        os.makedirs(
            LAYER + directory, exist_ok=True
        )  # and nothing of the machine's own shines through
        os.setxattr(LAYER + directory, "trusted.overlay.opaque", b"y")


def copy_programs() -> None:
    """Put the programs that tests use, `listen`, `ask` and `attack`, on every test host.

    They are static: a guest can have copies.
    """
    target = f"{LAYER}/usr/local/bin"
    os.makedirs(target)
    for name, source in (("listen", "endpoint"), ("attack", "attack")):
        argv = ["gcc", "-static", "-Os", "-s", "-Wall", "-Wextra"]
        argv += ["-o", f"{target}/{name}", f"tests/programs/{source}.c"]
        if os.waitpid(os.posix_spawnp(argv[0], argv, os.environ), 0)[1]:
            raise RuntimeError(f"tests/programs/{source}.c cannot be compiled")
    os.link(f"{target}/listen", f"{target}/ask")


def main() -> None:
    """Prepare the layer, say so, and serve."""
    os.chdir(REPOSITORY)
    control = socket.socket(fileno=int(sys.argv[1]))
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.mount("none", "/", "", syscalls.MS_REC | syscalls.MS_PRIVATE)
    syscalls.mount("none", KEEPER_DIR, "tmpfs", 0, "mode=755")
    os.mkdir(LAYER)
    os.mkdir(STAGE)
    try:
        install_package()
    except RuntimeError as error:
        send(control, {"error": str(error)})
        return
    send(control, {"ready": True, "layer": LAYER})
    Keeper(control).serve()


if __name__ == "__main__":
    main()
