"""Sockets that are made and used by io_uring(7) alone, in an address set (programs/uring.c)."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from machine import REPOSITORY

if TYPE_CHECKING:
    from testhost import TestHost

HOST, OWN = "192.0.2.10", "192.0.2.11"


@pytest.fixture
def uring(host: TestHost) -> TestHost:
    """A host with the program /tmp/uring and one more address."""
    source, target = f"{REPOSITORY}/tests/programs/uring.c", host.path("/tmp") + "/uring"
    subprocess.run(["gcc", "-static", "-Os", "-Wall", "-o", target, source], check=True)
    assert host.run(f"ip addr add {OWN}/24 dev eth0").status == 0
    if host.run("/tmp/uring raw").out == "none\n":
        pytest.skip("this kernel has no io_uring")
    return host


def answer(
    host: TestHost, polled: str, what: str, sets: str = f"chbind --silent --ip {OWN}"
) -> str:
    result = host.run(f"{sets} /tmp/uring {polled} {what}")
    assert (result.status, result.err) == (0, "")
    return result.out.strip()


polled = pytest.mark.parametrize("polled", ["", "-p"])


@polled
def test_a_connection_comes_from_the_own_address(uring: TestHost, polled: str) -> None:
    with uring.lan.start("listen 192.0.2.1:8000") as listener:
        listener.expect("listening")
        assert answer(uring, polled, "connect 192.0.2.1 8000", sets="") == HOST
        assert answer(uring, polled, "connect 192.0.2.1 8000") == OWN


@polled
def test_only_the_own_address_can_be_bound(uring: TestHost, polled: str) -> None:
    if answer(uring, polled, f"bind {OWN}", sets="") == "EINVAL":
        pytest.skip("this kernel does not bind by io_uring (6.11)")
    assert answer(uring, polled, f"bind {OWN}") == OWN
    assert answer(uring, polled, f"bind {HOST}") == "EADDRNOTAVAIL"


@polled
def test_a_datagram_without_bind_comes_from_the_own_address(uring: TestHost, polled: str) -> None:
    program = (
        "import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('192.0.2.1', 8000));"
        "print('up', flush=True); print(s.recvfrom(9)[1][0])"
    )
    with uring.lan.start(["python3", "-c", program]) as receiver:
        receiver.expect("up")
        answer(uring, polled, "send 192.0.2.1 8000")
        assert receiver.wait().out.endswith(f"{OWN}\n")


@polled
def test_a_raw_socket_takes_the_capability_alone(uring: TestHost, polled: str) -> None:
    assert answer(uring, polled, "raw", sets="") == "0.0.0.0"
    assert answer(uring, polled, "raw") == "0.0.0.0"
