"""The system call filters, tried call by call with all capabilities: they hold alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syscall_probe import answers, filtered, install, need

if TYPE_CHECKING:
    from testhost import TestHost

GUEST = filtered("guest_filter(0)")
REACHING_OUT = """
    keyctl add_key request_key bpf perf_event_open open_by_handle_at lookup_dcookie syslog
    mount umount umount2 pivot_root open_tree move_mount fsopen fsconfig fsmount fspick
    mount_setattr setns init_module finit_module delete_module kexec_load kexec_file_load
    swapon swapoff acct quotactl quotactl_fd reboot settimeofday stime clock_settime
    clock_settime64 adjtimex clock_adjtime clock_adjtime64 iopl ioperm vm86 vm86old uselib
    fanotify_init fanotify_mark nfsservctl
    """.split()
WITH_FALLBACK = ["clone3", "io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd"]
NAMESPACES = {
    "NEWNS": 0x00020000,
    "NEWCGROUP": 0x02000000,
    "NEWUTS": 0x04000000,
    "NEWIPC": 0x08000000,
    "NEWUSER": 0x10000000,
    "NEWPID": 0x20000000,
    "NEWNET": 0x40000000,
}
NEWTIME = 0x80
IOCTLS = {
    "TIOCSTI": 0x5412,
    "TIOCLINUX": 0x541C,
    "FS_IOC_SETFLAGS": 0x40086602,
    "FS_IOC32_SETFLAGS": 0x40046602,
    "FS_IOC_FSSETXATTR": 0x401C5820,
}
UNWANTED_FAMILIES = [3, 4, 5, 9, 15, 17, 21, 23, 29, 30, 31, 38, 39, 40, 41, 43, 44, 45]
HIGH_BITS = 0xDEAD << 32

both_abis = pytest.mark.parametrize("abi", ["native", "i386"])


@pytest.fixture(autouse=True)
def probe(host: TestHost, request: pytest.FixtureRequest) -> None:
    """The program `call`."""
    need(
        request.node.callspec.params.get("abi", "native")
        if hasattr(request.node, "callspec")
        else "native"
    )
    install(host)


def others(found: dict[str, str], expected: str) -> dict[str, str]:
    """The calls that answered something else."""
    return {call: answer for call, answer in found.items() if answer != expected}


@both_abis
def test_calls_that_reach_out_of_a_guest_are_refused(host: TestHost, abi: str) -> None:
    found = answers(host, abi, REACHING_OUT, GUEST)
    assert len(found) > 35
    assert others(found, "EPERM") == {}


@both_abis
def test_calls_that_programs_do_without_are_unknown(host: TestHost, abi: str) -> None:
    found = answers(host, abi, WITH_FALLBACK, GUEST)
    assert (len(found), others(found, "ENOSYS")) == (5, {})


@both_abis
def test_calls_younger_than_the_package_are_unknown(host: TestHost, abi: str) -> None:
    numbers = [str(number) for number in (*range(467, 560), 1000, 65535, 0xEFFFF)]
    assert others(answers(host, abi, numbers, GUEST), "ENOSYS") == {}


def test_the_x32_abi_is_unknown(host: TestHost) -> None:
    need("x32")
    lines = "".join(f"x32 {number}\n" for number in range(0, 550, 10))
    assert set(host.run(GUEST, input=lines).out.split()) == {"ENOSYS"}


@both_abis
def test_no_namespace_is_made(host: TestHost, abi: str) -> None:
    calls = [f"{call} {flag}" for call in ("clone", "unshare") for flag in NAMESPACES.values()]
    for program in (GUEST, filtered("lock_filter()")):
        assert (
            others(answers(host, abi, [*calls, f"unshare {NEWTIME}", "setns"], program), "EPERM")
            == {}
        )
        assert answers(host, abi, ["unshare 0x400", "clone3"], program) == {
            "unshare 0x400": "ok",
            "clone3": "ENOSYS",
        }


@both_abis
def test_the_dangerous_ioctls_are_refused(host: TestHost, abi: str) -> None:
    calls = [f"ioctl 0 {request}" for request in IOCTLS.values()]
    if abi == "native":
        calls += [f"ioctl 0 {request | HIGH_BITS}" for request in IOCTLS.values()]
    assert others(answers(host, abi, calls, GUEST), "EPERM") == {}
    assert answers(host, abi, ["ioctl 0 0x5413"], GUEST) == {"ioctl 0 0x5413": "ENOTTY"}


@both_abis
def test_a_lease_that_stalls_other_guests_is_not_had(host: TestHost, abi: str) -> None:
    assert answers(host, abi, ["fcntl 0 1024 1"], GUEST) == {"fcntl 0 1024 1": "EAGAIN"}
    younger = [f"fcntl 0 {command}" for command in range(1039, 1056)]  # of directories: 6.19
    assert others(answers(host, abi, younger, GUEST), "EAGAIN") == {}
    assert answers(host, abi, ["fcntl 0 1030 9"], GUEST) == {"fcntl 0 1030 9": "ok"}
    if abi == "i386":
        assert answers(host, abi, ["fcntl64 0 1024 1"], GUEST) == {"fcntl64 0 1024 1": "EAGAIN"}


def test_only_the_families_of_the_internet_and_of_the_guest(host: TestHost) -> None:
    unwanted = [
        f"socket {family | high} 1" for family in UNWANTED_FAMILIES for high in (0, HIGH_BITS)
    ]
    unwanted += [f"socketpair {family} 1 0 1" for family in UNWANTED_FAMILIES]
    assert others(answers(host, "native", unwanted, GUEST), "EPERM") == {}
    wanted = ["socket 1 1", "socket 2 1", "socket 2 2", "socket 10 1", "socket 16 3 0"]
    assert others(answers(host, "native", wanted, GUEST), "ok") == {}


def test_what_netlink_tells_of_the_whole_machine_is_unknown(host: TestHost) -> None:
    """Audit, and the starts and ends of all processes (connector)."""
    calls = ["socket 16 3 9", "socket 16 2 11", f"socket 16 2 {11 | HIGH_BITS}"]
    assert others(answers(host, "native", calls, GUEST), "EAFNOSUPPORT") == {}
    assert answers(host, "native", ["socket 16 3 15"], GUEST) == {"socket 16 3 15": "ok"}


def test_programs_for_i386_have_a_network(host: TestHost) -> None:
    """By socketcall(2), in which a filter cannot see the family: EFAULT is the kernel's."""
    need("i386")
    found = answers(host, "i386", ["102 1 0", "102 8 0", "359 2 1"], GUEST)
    assert found == {"102 1 0": "EFAULT", "102 8 0": "EFAULT", "359 2 1": "ok"}


@pytest.mark.parametrize(
    "capability, call",
    [
        ("NET_RAW", "socket 17 3"),
        ("SYS_TIME", "adjtimex 0"),
        ("SYS_ADMIN", "mount 0 0"),
        ("SYS_MODULE", "delete_module 0"),
        ("LINUX_IMMUTABLE", "ioctl 0 0x401C5820"),
        ("SYSLOG", "syslog 9"),
        ("BPF", "bpf 0 0 0"),
    ],
)
def test_a_capability_that_is_given_opens_its_calls(
    host: TestHost, capability: str, call: str
) -> None:
    assert answers(host, "native", [call], "chcontext --silent --secure /tmp/call") == {
        call: "EPERM"
    }
    opened = answers(
        host, "native", [call], f"chcontext --silent --secure --cap {capability} /tmp/call"
    )
    assert opened[call] != "EPERM"


def test_nothing_is_left_of_a_filter_for_which_the_disk_has_no_room(host: TestHost) -> None:
    place = "/var/run/vservers"
    host.run(
        f"mkdir -p {place}; mount -t tmpfs -o size=4k,mode=700 none {place}; echo >{place}/all"
    )
    result = host.run("chcontext --silent --secure --cap NET_RAW true")
    assert result.status == 255
    assert "No space left on device" in result.err
    assert host.run(f"ls -A {place}").out == "all\n"


def test_a_filter_made_by_an_earlier_version_is_not_used(host: TestHost) -> None:
    host.write("/run/vservers/guest-2000.seccomp", "")
    host.write("/run/vservers/guest-2000-00000000.seccomp", "")
    result = host.run("chcontext --silent --secure --cap NET_RAW grep Seccomp: /proc/self/status")
    assert result == (0, "Seccomp:\t2\n", "")


@both_abis
def test_an_observer_signals_and_traces_nobody(host: TestHost, abi: str) -> None:
    calls = ["kill 1", "tkill 1", "tgkill 1 1", "rt_sigqueueinfo 1", "rt_tgsigqueueinfo 1 1"]
    calls += ["pidfd_send_signal 0", "ptrace 16 1", "process_vm_writev 1", "pidfd_getfd 0"]
    found = answers(host, abi, calls, filtered("observer_filter()"))
    assert (len(found), others(found, "EPERM")) == (9, {})


@both_abis
def test_an_observer_changes_its_own_priority_and_no_other_one(host: TestHost, abi: str) -> None:
    calls = ["setpriority 0 1 5", "sched_setscheduler 1", "prlimit64 1", "ioprio_set 1 1"]
    refused = answers(host, abi, calls, filtered("observer_filter()"))
    assert (len(refused), others(refused, "EPERM")) == (4, {})
    own = answers(host, abi, ["setpriority 0 0 5"], filtered("observer_filter()"))
    assert others(own, "EPERM") != {}


def test_threads_and_children_work_under_the_filter(host: TestHost) -> None:
    program = """
import subprocess, threading
thread = threading.Thread(target=print, args=(1,))
thread.start()
thread.join()
subprocess.run(["echo", "2"])
"""
    result = host.run(["chcontext", "--silent", "--secure", "python3", "-u", "-c", program])
    assert result == (0, "1\n2\n", "")
