"""Capability sets of real processes under a ceiling, whatever tries to get above it."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

from vserver.kernel import caps

if TYPE_CHECKING:
    from testhost import TestHost

SETS = "grep Cap /proc/self/status"


def sets(host: TestHost, command: str) -> dict[str, int]:
    """The capability sets that ``command`` shows (it ends in a reading of its status)."""
    result = host.run(f"{command} {SETS}")
    assert result.status == 0, result
    return {line.split(":")[0]: int(line.split()[1], 16) for line in result.out.splitlines()}


def test_nothing_but_the_ceiling_is_left_in_any_set(host: TestHost) -> None:
    keeps = caps.SECURE_KEEPS
    expected = {"CapInh": 0, "CapPrm": keeps, "CapEff": keeps, "CapBnd": keeps, "CapAmb": 0}
    assert sets(host, "chcontext --silent --secure") == expected
    assert sets(host, "reducecap --secure 2>/dev/null") == expected


def test_python_prctl_calls_what_is_left_by_the_same_names(host: TestHost) -> None:
    program = """
        import prctl
        for kind in prctl.cap_effective, prctl.cap_permitted, prctl.capbset:
            print(*(name for name in dir(kind) if getattr(kind, name) is True))
        """
    result = host.run(["chcontext", "--silent", "--secure", "python3", "-c", dedent(program)])
    kept = {name.lower() for name in caps.NAMES if caps.SECURE_KEEPS & caps.mask(name)}
    assert [set(line.split()) for line in result.out.splitlines()] == [kept] * 3


def test_what_the_caller_could_inherit_is_cut_too(host: TestHost) -> None:
    caller = "capsh --inh=cap_net_admin,cap_chown --addamb=cap_net_admin,cap_chown -- -c"
    found = sets(host, f"{caller} 'exec chcontext --silent --secure \"$@\"' sh")
    assert (found["CapInh"], found["CapAmb"], found["CapBnd"]) == (0, 0, caps.SECURE_KEEPS)


def test_capabilities_that_the_package_does_not_know_are_cut_up_to_the_kernels_last(
    host: TestHost,
) -> None:
    last = int(host.read("/proc/sys/kernel/cap_last_cap"))
    assert caps.last() == last
    before, found = sets(host, ""), sets(host, "chcontext --silent --cap '!CHOWN'")
    assert found["CapBnd"] == before["CapBnd"] & ~1
    assert found["CapPrm"] & 1 == 0


def test_file_capabilities_do_not_exceed_the_ceiling(host: TestHost) -> None:
    host.run("cp /bin/grep /usr/local/bin/g; setcap cap_net_admin,cap_kill+p /usr/local/bin/g")
    result = host.run("chcontext --silent --secure g Cap /proc/self/status")
    assert "00000000b40c05ff" in result.out
    net_admin = 1 << caps.NAMES.index("NET_ADMIN")
    permitted = next(line for line in result.out.splitlines() if line.startswith("CapPrm"))
    assert int(permitted.split()[1], 16) & net_admin == 0


def test_who_comes_in_gets_no_more_than_the_context_has(host: TestHost) -> None:
    with host.start("chcontext --ctx 500 --secure --cap NET_RAW sleep 60") as sleeper:
        sleeper.expect("500")
        net_raw = 1 << caps.NAMES.index("NET_RAW")
        assert sets(host, "chcontext --silent --ctx 500")["CapBnd"] == caps.SECURE_KEEPS | net_raw
        assert sets(host, "chcontext --silent --ctx 500 --secure")["CapBnd"] == caps.SECURE_KEEPS
        less = sets(host, "chcontext --silent --ctx 500 --cap '!CHOWN'")["CapBnd"]
        assert less == (caps.SECURE_KEEPS | net_raw) & ~1
        seccomp = host.run("chcontext --silent --ctx 500 grep Seccomp: /proc/self/status").out
        assert seccomp == "Seccomp:\t2\n"
