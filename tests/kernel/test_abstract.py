"""Abstract Unix sockets of guests in the shared network, from Python programs inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testhost import has_unix_hooks

if TYPE_CHECKING:
    from commands import Process
    from testhost import TestHost

pytestmark = pytest.mark.skipif(
    not has_unix_hooks(), reason="this kernel has no BPF programs for Unix sockets (6.7)"
)

# Runs a command in context N as guests run, with the host's root so that there is a Python.
INSIDE = """
import os, sys
sys.path.append("/usr/lib/vserver/python")
from vserver.kernel import abstract, cgroup
context = f"{cgroup.mount_point()}/vserver/{sys.argv[1]}"
if not os.path.exists(context):
    os.makedirs(context)
    abstract.keep_apart(context)
leaf = f"{context}/{os.getpid()}"
os.mkdir(leaf)
cgroup.join(leaf)
os.execvp(sys.argv[2], sys.argv[2:])
"""
TALK = """
import socket, sys, time
kind, role, name = sys.argv[1:]
one = socket.socket(socket.AF_UNIX, getattr(socket, kind))
name = name.replace("@", chr(0), 1)
try:
    if role == "serve":
        one.bind(name)
        if kind != "SOCK_DGRAM":
            one.listen()
        print("up", flush=True)
        time.sleep(60)
    elif role == "send":
        one.sendto(b"x", name)
    else:
        one.connect(name)
    print("reached")
except OSError as error:
    print(error.strerror)
"""
LONG = "@" + "x" * 107


def words(context: int, *arguments: str) -> list[str]:
    talk = ["/usr/bin/python3", "-c", TALK, *arguments]
    return ["/usr/bin/python3", "-IS", "-c", INSIDE, str(context), *talk] if context else talk


def serve(host: TestHost, context: int, kind: str, name: str) -> Process:
    process = host.start(words(context, kind, "serve", name))
    process.expect("up")
    return process


def reach(host: TestHost, context: int, kind: str, name: str, how: str = "connect") -> str:
    return host.run(words(context, kind, how, name)).out.strip()


@pytest.mark.parametrize("kind", ["SOCK_STREAM", "SOCK_DGRAM", "SOCK_SEQPACKET"])
@pytest.mark.parametrize("name", ["@a", "@name", LONG])
def test_those_of_the_own_context_are_reached(host: TestHost, kind: str, name: str) -> None:
    with serve(host, 5, kind, name):
        assert reach(host, 5, kind, name) == "reached"
        assert reach(host, 5, kind, name + "x" if name != LONG else name[:-1]) == (
            "Connection refused"
        )


@pytest.mark.parametrize("owner", [0, 6])
@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("SOCK_STREAM", "connect"),
        ("SOCK_SEQPACKET", "connect"),
        ("SOCK_DGRAM", "connect"),
        ("SOCK_DGRAM", "send"),
    ],
)
def test_those_of_others_are_not_there(host: TestHost, owner: int, kind: str, how: str) -> None:
    with serve(host, owner, kind, "@name"):
        assert reach(host, 0, kind, "@name", how) == "reached"
        assert reach(host, 5, kind, "@name", how) == "Connection refused"


def test_a_datagram_to_the_own_context_is_sent(host: TestHost) -> None:
    with serve(host, 5, "SOCK_DGRAM", "@name"):
        assert reach(host, 5, "SOCK_DGRAM", "@name", "send") == "reached"


def test_a_socket_of_another_type_does_not_open_the_door(host: TestHost) -> None:
    with serve(host, 0, "SOCK_STREAM", "@name"), serve(host, 5, "SOCK_DGRAM", "@name"):
        assert reach(host, 5, "SOCK_STREAM", "@name") == "Connection refused"


def test_names_in_a_file_system_are_as_ever(host: TestHost) -> None:
    with serve(host, 0, "SOCK_STREAM", "/tmp/socket"):
        assert reach(host, 5, "SOCK_STREAM", "/tmp/socket") == "reached"


def test_it_is_found_among_thousands(host: TestHost) -> None:
    crowd = (
        "import socket, time; all = [socket.socket(socket.AF_UNIX) for _ in range(4000)];"
        "[one.bind(chr(0) + str(i)) for i, one in enumerate(all)];"
        "print('up', flush=True); time.sleep(60)"
    )
    with serve(host, 5, "SOCK_STREAM", "@name"):
        command = ["sh", "-c", f'ulimit -n 5000; exec /usr/bin/python3 -c "{crowd}"']
        with host.start(command) as others:
            others.expect("up")
            assert reach(host, 5, "SOCK_STREAM", "@name") == "reached"
            assert reach(host, 5, "SOCK_STREAM", "@17") == "Connection refused"
