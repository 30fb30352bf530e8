"""A user namespace of a guest's own: what is counted apart, and that nothing is gained in it."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from guests import busybox, write_conf
from vserver.kernel import caps

if TYPE_CHECKING:
    from testhost import TestHost

CONF = {"IPROOT": "192.0.2.20", "IPROOTDEV": "eth0", "S_FLAGS": "lock userns"}
RIGHTS = "grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp:)' /proc/{}/status"
HOST = "readlink /proc/self/ns/user"
HELD = 50
HOLD_SIGNALS = f"""
sleep 60 & kill -STOP $!
for i in $(seq {HELD}); do kill -RTMIN $!; done; echo held; wait
"""
SHOW_SIGNALS = "grep SigQ /proc/self/status"


def make(host: TestHost, name: str = "web", **conf: str) -> None:
    layout: busybox.Layout = "fakeinit" if "fakeinit" in conf.get("S_FLAGS", "") else "redhat"
    root = busybox.make(host, name, layout=layout, conf={**CONF, **conf})
    for program in ("listen", "ask", "attack"):
        shutil.copy(host.path(f"/usr/local/bin/{program}"), f"{root}/bin/{program}")


@pytest.fixture
def web(host: TestHost) -> TestHost:
    """A host with the running guest "web"."""
    make(host)
    result = host.run("vserver --silent web start")
    assert (result.status, result.err) == (0, "")
    return host


def inside(host: TestHost, script: str, *, name: str = "web", user: str = "root") -> str:
    result = host.run(["vserver", "--silent", name, "suexec", user, "bash", "-c", script])
    assert result.err == ""
    return result.out


def namespaces(host: TestHost) -> set[str]:
    """The user namespaces that processes of the test host are in."""
    shown = host.run("readlink /proc/[0-9]*/ns/user").out
    return set(shown.split())


# --- one namespace, and who is in it -----------------------------------------------------


def test_everybody_is_in_one_namespace_that_is_not_the_hosts(web: TestHost) -> None:
    outside = web.run(HOST).out
    pids = web.run("cat $(find /sys/fs/cgroup -path '*/vserver/49152/*/cgroup.procs')").out
    (own,) = {web.run(f"readlink /proc/{pid}/ns/user").out for pid in pids.split()}
    assert own not in ("", outside)
    (context,) = web.run(
        "ls /sys/fs/cgroup/vserver /sys/fs/cgroup/*/vserver | grep 49152"
    ).out.split()
    joined = web.run(f"chcontext --silent --ctx {context} readlink /proc/self/ns/user")
    assert joined.out == own


def test_a_guests_own_init_and_its_services_are_in_it(host: TestHost) -> None:
    make(host, S_FLAGS="fakeinit userns")
    assert host.run("vserver --silent web start").err == ""
    assert inside(host, RIGHTS.format(1)) == inside(host, RIGHTS.format("self"))
    assert len(namespaces(host)) == 2


def test_every_number_of_a_user_means_itself(web: TestHost) -> None:
    for kind in ("uid", "gid", "projid"):
        assert inside(web, f"cat /proc/self/{kind}_map").split() == ["0", "0", "4294967295"]


@pytest.mark.parametrize(("before", "after", "count"), [("", "userns", 1), ("userns", "", 2)])
def test_a_running_guest_stays_where_it_was_started(
    host: TestHost, before: str, after: str, count: int
) -> None:
    make(host, S_FLAGS=before)
    host.run("vserver --silent web start")
    write_conf(host, "web", {**CONF, "S_FLAGS": after})
    assert inside(host, "true") == ""
    assert len(namespaces(host)) == count
    assert host.run("vserver --silent web restart").err == ""
    assert len(namespaces(host)) == 3 - count


# --- counted apart -----------------------------------------------------------------------


def pending(shown: str) -> int:
    """The number of signals that SHOW_SIGNALS has ``shown``."""
    return int(shown.split()[1].split("/")[0])


def test_pending_signals_are_counted_apart(web: TestHost) -> None:
    make(web, "mail", IPROOT="192.0.2.30")
    web.run("vserver --silent mail start")
    guest = ["vserver", "--silent", "mail", "suexec", "alice", "bash", "-c", HOLD_SIGNALS]
    outside = ["setpriv", "--reuid", "1000", "--clear-groups", "bash", "-c", HOLD_SIGNALS]
    with web.start(guest) as one, web.start(outside) as other:
        one.expect("held")
        other.expect("held")
        assert pending(inside(web, SHOW_SIGNALS, user="alice")) < HELD
        assert pending(inside(web, SHOW_SIGNALS, name="mail", user="alice")) >= HELD


def test_what_they_add_up_to_is_not_put_to_the_hosts_root(web: TestHost) -> None:
    guest = ["vserver", "--silent", "web", "suexec", "alice", "bash", "-c", HOLD_SIGNALS]
    with web.start(guest) as holder:
        holder.expect("held")
        assert pending(web.run(SHOW_SIGNALS).out) < HELD


def test_a_nice_level_and_limits_are_set_before_the_rights_for_it_are_gone(host: TestHost) -> None:
    make(host, S_NICE="-5", ULIMIT="-HS -n 333")
    host.write(
        "/vservers/web/etc/rc.d/rc3.d/S10show",
        "#!/bin/sh\ncut -d ' ' -f 19 /proc/self/stat; ulimit -n\n",
        0o755,
    )
    assert host.run("vserver --silent web start").out.split()[:2] == ["-5", "333"]


def test_who_comes_from_a_niced_shell_has_the_usual_priority(web: TestHost) -> None:
    shown = web.run("nice -n 7 vserver --silent web exec cut -d ' ' -f 19 /proc/self/stat")
    assert shown == (0, "0\n", "")


# --- nothing is gained -------------------------------------------------------------------


@pytest.mark.parametrize("process", ["self", "1"])
@pytest.mark.parametrize("user", ["root", "alice"])
def test_rights_are_those_of_a_guest_without_it(web: TestHost, process: str, user: str) -> None:
    make(web, "mail", IPROOT="192.0.2.30", S_FLAGS="lock")
    web.run("vserver --silent mail start")
    script = RIGHTS.format(process)
    shown = inside(web, script, user=user)
    assert f"CapBnd:\t{caps.SECURE_KEEPS:016x}" in shown
    assert shown == inside(web, script, name="mail", user=user)


@pytest.mark.parametrize("file", ["uid_map", "gid_map", "projid_map", "setgroups"])
@pytest.mark.parametrize("process", ["self", "1"])
def test_the_maps_cannot_be_written_again(web: TestHost, process: str, file: str) -> None:
    text = "deny" if file == "setgroups" else "0 0 1"
    script = f"echo {text} >/proc/{process}/{file}"
    assert web.run(["vserver", "--silent", "web", "exec", "sh", "-c", script]).status != 0
    assert inside(web, "cat /proc/self/setgroups") == "allow\n"


def _capability(permitted: int) -> bytes:
    """An extended attribute security.capability, effective (capabilities(7), revision 2)."""
    words = (0x02000001, permitted & 0xFFFFFFFF, 0, permitted >> 32, 0)
    return b"".join(word.to_bytes(4, "little") for word in words)


def test_capabilities_of_files_count_up_to_the_ceiling(web: TestHost) -> None:
    program = web.path("/vservers/web/bin/listen")
    os.setxattr(program, "security.capability", _capability(caps.NET_BIND_SERVICE))
    with web.start("vserver --silent web suexec alice listen 0.0.0.0:25") as listener:
        listener.expect("listening")
    os.setxattr(program, "security.capability", _capability(1 << caps.NAMES.index("SYS_ADMIN")))
    refused = web.run("vserver --silent web suexec alice listen 0.0.0.0:8000")
    assert refused.err == "Can't execute listen (Operation not permitted)\n"


@pytest.mark.parametrize("conf", [{}, {"IPROOT": "ALL"}, {"S_FLAGS": "userns netns"}])
@pytest.mark.parametrize("address", ["0.0.0.0", "[::]"])
def test_low_ports_are_for_those_with_the_capability(
    host: TestHost, conf: dict[str, str], address: str
) -> None:
    make(host, "web", **conf)
    with host.start(f"vserver --silent web exec listen {address}:23") as listener:
        listener.expect("listening")
        refused = host.run(f"vserver --silent web suexec alice listen {address}:24")
    assert refused == (1, "", "listen: Permission denied\n")


def test_without_the_capability_in_the_ceiling_nobody_has_them(host: TestHost) -> None:
    make(host, S_CAPS="!CAP_NET_BIND_SERVICE")
    refused = host.run("vserver --silent web exec listen 0.0.0.0:23")
    assert refused == (1, "", "listen: Permission denied\n")


def test_others_of_the_host_gain_no_low_port(web: TestHost) -> None:
    command = "unshare --user --map-root-user listen 192.0.2.10:23"
    refused = web.run(f"setpriv --reuid 1000 --clear-groups {command}")
    assert refused.err == "listen: Permission denied\n"


# --- when it cannot be had ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            "unshare:error=ENOSPC:when=1",
            "cannot make a user namespace in 'web': user.max_user_namespaces:"
            " No space left on device",
        ),
        ("unshare:error=EINVAL:when=1", "cannot make a user namespace in 'web': Invalid argument"),
        (
            "setns:error=EPERM:when=1",
            "cannot join the user namespace in 'web': Operation not permitted",
        ),
        (
            "unshare:signal=KILL:when=1",
            "cannot set up the user namespace in 'web': Operation not permitted",
        ),
    ],
)
def test_a_namespace_that_cannot_be_made_stops_the_start(
    host: TestHost, fault: str, message: str
) -> None:
    make(host)
    result = host.run(f"strace -f -o /dev/null -qq -e inject={fault} vserver --silent web start")
    assert result == (1, "", f"vserver: {message}\n")
    assert host.run("vserver web running").status == 1
    assert len(namespaces(host)) == 1


def test_one_that_cannot_be_joined_stops_the_command(web: TestHost) -> None:
    """The first setns(2) is for the other namespaces."""
    fault = "inject=setns:error=EPERM:when=2"
    command = "vserver --silent web exec touch /made"
    result = web.run(f"strace -f -o /dev/null -qq -e {fault} {command}")
    text = "vserver: cannot join the user namespace: Operation not permitted\n"
    assert result == (255, "", text)
    assert not os.path.exists(web.path("/vservers/web/made"))


def test_a_kernel_that_does_not_describe_its_types_is_told(host: TestHost) -> None:
    make(host)
    host.run("mount -t tmpfs none /sys/kernel/btf")
    result = host.run("vserver --silent web start")
    assert result.status == 1
    assert result.err.startswith(
        "cannot open low ports to a user namespace without /sys/kernel/btf/vmlinux\n"
    )
    assert host.run("vserver web running").status == 1


@pytest.mark.parametrize("end", ["vserver --silent web stop", "kill"])
def test_nothing_stays(web: TestHost, end: str) -> None:
    if end == "kill":
        pids = "$(find /sys/fs/cgroup -path '*/vserver/49152/*/cgroup.procs')"
        end = f"kill -9 $(cat {pids}); vserver --silent web stop"
    assert web.run(end).status == 0
    assert len(namespaces(web)) == 1
    assert web.run("find /sys/fs/cgroup -path '*/vserver/4*'").out == ""
