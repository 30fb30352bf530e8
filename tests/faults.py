"""Faults that strace(1) puts into the system calls of a command, one call after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testhost import Result, TestHost

_KILLED = 137  # 128 and SIGKILL, as a shell tells it


def stepwise(
    host: TestHost, command: str, call: str, what: str, *, follow: bool = False
) -> Iterator[Result]:
    """Run ``command`` with ``what`` injected into its first ``call``, then the second and so on.

    Ends when there are no more; AssertionError when there is none at all. The processes that
    ``command`` starts do not count, but with ``follow``.
    """
    options = "-f -qq" if follow else "-qq"
    step = 0
    while True:
        step += 1
        inject = f"-e trace={call} -e inject={call}:{what}:when={step}"
        result = host.run(f"strace {options} -o /tmp/trace {inject} {command}")
        if result.status != _KILLED and host.run("grep -q INJECTED /tmp/trace").status:
            assert step > 1, f"{command} does not call {call}"
            return
        yield result
