"""Root of a guest is hostile: its tree, its processes, and what it sees of those that enter."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from guests import busybox
from steps import eventually
from testhost import has_unix_hooks

if TYPE_CHECKING:
    from collections.abc import Callable

    from testhost import Machine, TestHost

REFUSED = "Operation not permitted"

# What is not refused with EPERM, and why that is no harm
OTHERWISE = {
    "clone3": "Function not implemented",
    "io_uring_setup": "Function not implemented",
    "userfaultfd": "Function not implemented",
    "core_pattern": "Read-only file system",
    "host's abstract socket": "Connection refused",  # there is none
    "kill init": "done",  # process 1 is not killed from inside: pid_namespaces(7)
    "ptrace init": "done",  # process 1 has no more rights than root inside
}
# The places in a guest's tree where start, exec and stop look, write, delete or mount
PLACES = [
    "dev", "dev/pts", "etc", "etc/PROFILE", "etc/group", "etc/inittab", "etc/mtab",
    "etc/passwd", "etc/rc.d", "etc/rc.d/rc", "proc", "sbin", "tmp", "var", "var/lock/subsys",
    "var/run", "var/run/utmp",
]  # fmt: skip
# Needs no file of the tree but the shell
RC = """\
#!/bin/sh
[ "$1" = 6 ] && exec kill -9 -1
sleep 1000 </dev/null >/dev/null 2>&1 &
"""


# `vserver web stop` with less time for what hangs
IMPATIENT_STOP = """
import sys; sys.path.insert(0, '/usr/lib/vserver/python')
sys.argv[1:] = ['--silent', 'web', 'stop']
from vserver import lifecycle; lifecycle.SCRIPT_SECONDS = 0.5
from vserver.kernel import spawn; spawn._PATIENCE = 500
from vserver.cli import run, vserver; run(vserver.main)
"""


@pytest.fixture(params=["", "userns"])
def web(host: TestHost, request: pytest.FixtureRequest) -> TestHost:
    """A host with the running guest "web", which has the program attack."""
    root = busybox.make(host, "web", conf={"S_FLAGS": request.param})
    shutil.copy(host.path("/usr/local/bin/attack"), f"{root}/bin/attack")
    host.write("/mark-of-the-host", "host\n")
    assert host.run("vserver web start").status == 0
    return host


# --- what runs inside --------------------------------------------------------------------


def test_every_way_out_is_refused(web: TestHost) -> None:
    tried = _attacks(web)
    assert tried.pop("sysrq-trigger") in ("Read-only file system", "No such file or directory")
    assert len(tried) > 50
    assert tried == {name: OTHERWISE.get(name, REFUSED) for name in tried}


def test_abstract_sockets_of_the_host_are_out_of_reach(web: TestHost) -> None:
    script = (
        "import socket, time; one = socket.socket(socket.AF_UNIX); one.bind('\\0host');"
        "one.listen(); print('up', flush=True); time.sleep(60)"
    )
    with web.start(["python3", "-c", script]) as listener:
        listener.expect("up")
        reached = _attacks(web)["host's abstract socket"]
    if reached == "done" and not has_unix_hooks():
        pytest.skip("this kernel has no BPF programs for Unix sockets (6.7)")
    assert reached == "Connection refused"


def _attacks(host: TestHost) -> dict[str, str]:
    """What came of each attempt."""
    result = host.run("vserver --silent web exec attack")
    return dict(line.split(": ", 1) for line in result.out.splitlines())


def test_a_second_chroot_does_not_lead_out(web: TestHost) -> None:
    result = web.run("vserver --silent web exec attack chroot /mark-of-the-host")
    assert result.out == "still inside\n"


@pytest.mark.parametrize(
    "command",
    [
        "cat /proc/1/root/mark-of-the-host",
        "cat /proc/1/cwd/mark-of-the-host",
        "cat /proc/*/root/mark-of-the-host",
        "ls /sys/fs/cgroup/vserver",
        "head -c 1 /proc/kcore | grep .",
        "cat /dev/mem",
        "echo 0 >/proc/sys/kernel/randomize_va_space",
        "echo b >/proc/sysrq-trigger",
        "echo -1000 >/proc/self/oom_score_adj",
        "cd /proc/self/fd && ls | while read fd; do cat $fd/mark-of-the-host && exit; done; exit 1",
    ],
)
def test_the_host_is_not_to_be_found(web: TestHost, command: str) -> None:
    result = web.run(["vserver", "--silent", "web", "exec", "sh", "-c", command])
    assert result.status != 0
    assert result.out == ""


def test_processes_of_the_host_are_not_signalled(web: TestHost) -> None:
    with web.start("sleep 4711") as sleeper:
        assert web.run(f"vserver --silent web exec kill -9 {sleeper.pid}").status != 0
        assert web.run("vserver --silent web exec kill -9 -1").status in (0, -9, 137)
        assert sleeper.running


# --- those who enter ---------------------------------------------------------------------


def test_who_enters_shows_nothing_of_the_host(web: TestHost) -> None:
    """A guest that watches, by /proc and ptrace, every process that appears inside."""
    spy = web.start("vserver --silent web exec attack spy /spied")
    eventually(lambda: "ready\n" in _spied(web), "the spy looks")
    for _ in range(60):
        web.run("vserver --silent web exec true 9</ 8</etc/shadow", env={"SECRET": "x"})
    with spy:
        spied = set(_spied(web).splitlines())
        web.run("pkill -9 -x attack")
    assert any(line.startswith("exe ") for line in spied)
    assert not [line for line in spied if line.startswith(("OUT", "WRITABLE", "SECRET"))]
    assert {line for line in spied if line.startswith("caps")} <= {
        "caps 00000000b40c05ff",
        "caps 0000000000000000",  # of one that has ended
    }
    assert {line for line in spied if line.startswith(("root", "cwd"))} <= {"root /", "cwd /"}
    assert {line for line in spied if line.startswith("exe")} <= {
        "exe /memfd:stub (deleted)",
        "exe /bin/busybox",
    }
    shown = [line.split(" ", 1)[1] for line in spied if line.startswith("fd/")]
    assert [path for path in shown if path != "/dev/null" and not path.startswith("pipe:")] == []


def _spied(host: TestHost) -> str:
    try:
        return host.read("/vservers/web/spied")
    except FileNotFoundError:
        return ""


def test_descriptors_of_the_caller_are_closed(web: TestHost) -> None:
    command = "vserver --silent web exec sh -c 'echo /proc/self/fd/*' 3</ 9</ 77</etc/shadow"
    assert web.run(f"ulimit -n 1000; {command}").out == (
        "/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3\n"  # the shell's own
    )


@pytest.mark.parametrize("redirection", ["</", "1</", "2</", "<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_no_directory_gets_in_as_a_standard_stream(web: TestHost, redirection: str) -> None:
    """What is closed or a directory outside must not be a directory of the host inside."""
    script = "cd /proc/self/fd; for f in 0 1 2; do [ -d $f/ ] && echo $f; done >/found; exit 0"
    web.run(f"vserver --silent web exec sh -c '{script}' {redirection}")
    assert web.run("cat /vservers/web/found 2>/dev/null").out == ""


def test_files_of_the_host_do_not_get_in(web: TestHost) -> None:
    """By /proc/PID/fd a file can be opened anew, for writing where it was for reading; and a file
    of root's that a guest may fill and make set-user-id is the host for a user of the host."""
    web.write("/root/script.sh", "true", 0o755)
    script = """
        for f in 0 1 2; do chmod 4755 /proc/self/fd/$f; chown 99 /proc/self/fd/$f; done
        : >>/proc/self/fd/0
        cat /proc/$$/fd/1 >/stolen &
        echo evil >/proc/$$/fd/0
        sleep 0.1
        kill $!
    """
    words = ["vserver", "--silent", "web", "exec", "sh", "-c", script]
    command = " ".join(f"'{word}'" for word in words)
    web.run(
        f"umask 077; echo earlier >/root/log; {command} </root/script.sh >>/root/log 2>/root/errors"
    )
    web.run(f"{command} </dev/null >/dev/null 2>/dev/null")
    shown = web.run("stat -c '%n 0%a %s %U' /root/script.sh /root/log /root/errors /dev/null").out
    assert shown.splitlines() == [
        "/root/script.sh 0755 4 root",
        f"/root/log 0600 {len(web.read('/root/log'))} root",
        f"/root/errors 0600 {len(web.read('/root/errors'))} root",
        "/dev/null 0666 0 root",
    ]
    assert web.read("/root/script.sh") == "true"
    assert "earlier" not in web.read("/vservers/web/stolen")


def test_the_log_of_a_start_does_not_get_in(web: TestHost) -> None:
    """As the reboot manager starts a guest that asks for it: into the log of the host."""
    web.run("echo earlier >/var/log/boot.log; chmod 600 /var/log/boot.log")
    web.write(
        "/vservers/web/etc/rc.d/rc3.d/S99evil",
        "#!/bin/sh\ncat /proc/self/fd/1 >/stolen & chmod 777 /proc/self/fd/1; sleep 0.2; kill $!\n",
        0o755,
    )
    assert web.run("vserver web stop; vserver web start >>/var/log/boot.log 2>&1").status == 0
    assert web.read("/var/log/boot.log").startswith("earlier\nStarting the virtual server web\n")
    assert web.run("stat -c %a /var/log/boot.log").out == "600\n"
    assert "earlier" not in web.read("/vservers/web/stolen")


def test_what_passes_through_a_file_is_what_was_written(web: TestHost) -> None:
    web.run("seq 200000 >/root/numbers; cp /root/numbers /root/copy; echo last >>/root/copy")
    command = "vserver --silent web exec sh -c 'cat; echo last; echo error >&2; exit 7'"
    assert web.run(f"{command} </root/numbers >/root/out 2>/root/err").status == 7
    assert web.run("cmp /root/out /root/copy; cat /root/err") == (0, "error\n", "")
    assert web.run(f"{command} </dev/null >/root/out 2>&1; cat /root/out").out == "last\nerror\n"


def test_input_that_a_command_does_not_read_is_left_to_the_next(web: TestHost) -> None:
    web.run("seq 5 >/root/numbers")
    loop = "while read n; do vserver --silent web exec echo $n; done </root/numbers"
    assert web.run(loop).out == "1\n2\n3\n4\n5\n"
    some = "{ vserver --silent web exec dd bs=2 count=1 2>/dev/null; cat; } </root/numbers"
    assert web.run(some).out == "1\n2\n3\n4\n5\n"


def test_what_a_service_writes_later_reaches_its_file(web: TestHost) -> None:
    script = "while [ ! -e /go ]; do sleep 0.05; done; echo later"
    web.run(f"vserver --silent web exec sh -c '({script}) & echo now' >/root/log")
    assert web.read("/root/log") == "now\n"
    web.write("/vservers/web/go", "")
    eventually(lambda: web.read("/root/log") == "now\nlater\n", "the service writes")
    eventually(lambda: web.run("ps -C vserver").status == 1, "the end of who relays it")


def test_who_writes_for_ever_does_not_keep_the_command(web: TestHost) -> None:
    script = "(while :; do echo y || exit; done) & echo now"
    result = web.run(f"vserver --silent web exec sh -c '{script}' >/root/log", timeout=20)
    assert result.status == 0
    assert web.run("vserver --silent web stop").status == 0
    assert web.read("/root/log").count("now") == 1


def test_a_full_disk_is_told(web: TestHost) -> None:
    result = web.run("vserver --silent web exec echo lost >/dev/full")
    assert result == (255, "", "vserver: write error: No space left on device\n")


@pytest.mark.parametrize(
    "null", ["mv /dev/tty /dev/null", "rm /dev/null", "mkfifo /null; ln -sf /null /dev"]
)
def test_what_a_guest_calls_null_is_not_opened(web: TestHost, null: str) -> None:
    """Its /dev/tty would be the terminal of the administrator, to a process that has one."""
    spy = "#!/bin/sh\nread x <&2; echo $x >/got; echo 77\n"
    web.run(["vserver", "--silent", "web", "exec", "sh", "-c", f"rm -f /usr/bin/id; {null}"])
    web.write("/vservers/web/bin/id.new", spy, 0o755)
    web.run("mv /vservers/web/bin/id.new /vservers/web/bin/id")
    terminal = web.terminal("bash")
    terminal.send("vserver --silent web suexec nameless true; echo re''turned $?\n")
    terminal.expect("returned 0")
    terminal.send("echo sec''ret\n")
    terminal.expect("secret")
    assert web.run("cat /vservers/web/got").out == "\n"


def test_nothing_is_typed_into_the_administrators_terminal(web: TestHost) -> None:
    terminal = web.terminal("bash")
    terminal.send("vserver --silent web exec attack type 'touch /typed\n'; echo re''turned\n")
    terminal.expect("returned")
    assert "TIOCSTI: Operation not permitted" in terminal.screen
    terminal.send("echo still $((40 + 2))\n")
    terminal.expect("still 42")
    assert not os.path.exists(web.path("/typed"))


def test_the_administrators_terminal_is_not_opened(web: TestHost) -> None:
    terminal = web.terminal("vserver --silent web enter")
    terminal.send("ls /dev/pts; tty; ps -o tty; echo do''ne\n")
    terminal.expect("done")
    assert "/dev/pts/0" in terminal.screen
    assert "/dev/pts/1" not in terminal.screen


def test_a_lie_about_the_pid_hits_nobody(web: TestHost) -> None:
    """The report of a process that enters is a pipe which root inside can write into."""
    liar = (
        "while :; do for p in /proc/[0-9]*/fd/3; do echo 'P1 G E2 F9' >$p; done; done 2>/dev/null"
    )
    with web.start(["vserver", "--silent", "web", "exec", "sh", "-c", liar]):
        for _ in range(40):
            result = web.run("vserver --silent web exec true", timeout=25)
            assert "Traceback" not in result.err and "internal error" not in result.err
            assert result.err.count("\n") <= 1
        assert web.run("true").status == 0
    assert web.run("vserver --silent web stop").status == 0


def test_stop_ends_a_guest_that_halts_its_stop_scripts(web: TestHost) -> None:
    web.write("/vservers/web/etc/rc.d/rc6.d/K01hang", "#!/bin/sh\nkill -STOP $$ $PPID\n", 0o755)
    result = web.run(["/usr/bin/python3", "-c", IMPATIENT_STOP], timeout=20)
    assert result == (0, "", "vserver: the stop scripts of 'web' take too long\n")
    assert web.run("vserver web running").status == 1


def test_stop_ends_a_guest_that_halts_whoever_enters(web: TestHost) -> None:
    """Even before that comes to its command."""
    complaints = set()
    for _ in range(3):
        web.run("vserver --silent web start")
        with web.start("vserver --silent web exec attack halt") as halter:
            halter.expect("ready")
            result = web.run(["/usr/bin/python3", "-c", IMPATIENT_STOP], timeout=25)
            assert result.status == 0
            complaints.add(result.err)
            assert web.run("vserver web running").status == 1
    assert complaints <= {
        "",
        "vserver: cannot start the command: Timer expired\n",
        "vserver: the stop scripts of 'web' take too long\n",
    }


def test_a_look_up_of_a_user_that_does_not_end_is_ended(web: TestHost) -> None:
    spy = "#!/bin/sh\necho 77; exec sleep 1000 >/dev/null 2>&1\n"
    web.write("/vservers/web/bin/id.new", spy, 0o755)
    web.run("cd /vservers/web; rm -f usr/bin/id; mv bin/id.new bin/id")
    result = web.run("vserver --silent web suexec nameless true", timeout=25)
    assert result == (255, "", "User not found: nameless\n")


def test_stop_does_not_need_what_the_tree_says(web: TestHost) -> None:
    web.run("cd /vservers/web/etc; rm -rf inittab rc.d init.d; mkfifo inittab rc.d")
    assert web.run("vserver --silent web stop", timeout=20).status == 0
    assert web.run("vserver web running").status == 1


def test_names_of_programs_do_not_control_the_terminal(web: TestHost) -> None:
    script = "cp /bin/busybox '/tmp/\33[31msleep'; ln -s '/tmp/\33[31msleep' /tmp/sleep"
    web.run(["vserver", "--silent", "web", "exec", "sh", "-c", script])
    web.run("vserver --silent web exec sh -c '/tmp/sleep 4711 >/dev/null 2>&1 &'")
    result = web.run("vserver web stop")
    assert result.status == 0
    assert "\33" not in result.out + result.err


def test_names_of_files_do_not_control_the_terminal(web: TestHost) -> None:
    """Programs that read a list get the names as they are."""
    directory = web.path("/vservers/web/tmp") + "/a\33[31mb"
    os.mkdir(directory)
    assert "\33[31m" in web.run("/usr/lib/vserver/vdu /vservers/web/tmp/*").out
    terminal = web.terminal(["sh", "-c", "/usr/lib/vserver/vdu /vservers/web/tmp/*; sleep 60"])
    terminal.expect("\t")
    assert "/vservers/web/tmp/a\\033[31mb\t" in terminal.screen


# --- its tree ----------------------------------------------------------------------------


def _link_out(path: str, place: str) -> None:
    os.symlink("../" * place.count("/") + "../../target", path)


def _link_to_root(path: str, _place: str) -> None:
    os.symlink("/target", path)


def _loop(path: str, _place: str) -> None:
    os.symlink(os.path.basename(path), path)


def _fifo(path: str, _place: str) -> None:
    os.mkfifo(path)


def _endless_device(path: str, _place: str) -> None:
    os.mknod(path, 0o644 | 0o020000, os.makedev(1, 5))


def _huge_file(path: str, _place: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.truncate(1 << 34)


def _directory(path: str, _place: str) -> None:
    os.mkdir(path)


SHAPES = [_link_out, _link_to_root, _loop, _fifo, _endless_device, _huge_file, _directory]


@pytest.mark.parametrize("place", PLACES)
def test_the_tree_leads_nobody_out(host: TestHost, place: str) -> None:
    """Each place as a link out, a loop, a fifo, a device, a huge file, a directory: the host's
    files stay as they are, and each command ends, soon and with one line at most a step."""
    host.run("mkdir -p /target/sub /target/rc.d; echo kept | tee /target/utmp /target/sub/file")
    before = _listing(host)
    for shape in SHAPES:
        _make_tree(host, place, shape)
        for command in ("start", "exec true", "suexec alice true", "stop"):
            result = host.run(f"vserver --silent web {command}", timeout=20)
            assert "Traceback" not in result.err, result
            assert "internal error" not in result.err, result
        assert host.run("vserver web running").status == 1
        assert _listing(host) == before, shape.__name__
        host.run("rm -rf /vservers/web")


def _make_tree(host: TestHost, place: str, shape: Callable[[str, str], None]) -> None:
    path = f"{busybox.make(host, 'web', files={'etc/rc.d/rc': RC})}/{place}"
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    shape(path, place)


def _listing(host: Machine) -> str:
    return host.run("cd /target; find . -printf '%p %y %m %s %T@ %n\\n'; cat utmp sub/file").out
