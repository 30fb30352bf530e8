"""What a process gives up, for good, before it runs a command inside a context."""

from __future__ import annotations

import os
import resource

from vserver.kernel import caps, seccomp, syscalls
from vserver.kernel.spawn import Step

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from vserver.kernel.quota import Quota

_OOM_SCORE = "/proc/self/oom_score_adj"
_LOGIN_UID = "/proc/self/loginuid"
_NOBODY = b"4294967295"  # linux/audit.h, AUDIT_UID_UNSET
_LIMITS = range(16)  # RLIM_NLIMITS, asm-generic/resource.h
_REALTIME = (resource.RLIMIT_RTPRIO, resource.RLIMIT_NICE)


class Confinement:
    """A capability ceiling and the system call filters that go with it.

    ``allowed`` is a mask of capabilities (caps.ALL: no ceiling). The filters are loaded first,
    while CAP_SYS_ADMIN is still there: no_new_privs stays off, set-user-id programs work.
    """

    __slots__ = ("allowed", "programs")

    def __init__(self, allowed: int = caps.ALL, programs: tuple[bytes, ...] = ()) -> None:
        self.allowed = allowed
        self.programs = programs

    def apply(
        self,
        user: tuple[int, int] | None = None,
        *,
        namespace: int = -1,
        quota: Quota | None = None,
    ) -> None:
        """Confine the calling process; ``user`` is the uid and gid to become on the way,
        with no supplementary groups. Failure names the step.

        ``namespace`` is a descriptor of the user namespace to join first, -1 for none: that
        gives every capability in there, and takes all outside. ``quota`` brings a filter of its
        own in place of ours.
        """
        if namespace >= 0:
            with Step("cannot join the user namespace"):
                syscalls.setns(namespace, syscalls.CLONE_NEWUSER)
        with Step("cannot load the system call filter"):
            if not (quota and quota.load()):
                for program in self.programs:
                    seccomp.load(program)
        if self.allowed != caps.ALL:
            with Step("cannot lower the capability ceiling"):
                caps.drop(self.allowed)
        if user:
            with Step("cannot switch the user"):
                _become(*user)
        if self.allowed != caps.ALL:
            with Step("cannot lower the capability ceiling"):
                caps.restrict(self.allowed)


def _become(uid: int, gid: int) -> None:
    os.setgroups(())
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def reset_surroundings() -> None:
    """Drop what came from whoever typed the command: keys, umask, priority, limits.

    The limits become those that the host's process 1 has, as far as they may be raised.
    """
    with Step("cannot make a session keyring"):
        syscalls.join_new_session_keyring()
    os.umask(0o022)
    os.setpriority(os.PRIO_PROCESS, 0, 0)
    for number in _LIMITS:
        _reset_limit(number)


def reset_oom_score() -> None:
    """Be as likely a victim as any process; to be called while /proc shows the caller."""
    with open(_OOM_SCORE, "rb+", buffering=0) as file:
        if file.read() != b"0\n":
            try:
                file.write(b"0")
            except PermissionError:  # a positive score stays without CAP_SYS_RESOURCE
                pass


def reset_login_uid() -> None:
    """Forget who has logged in to the host: it takes CAP_AUDIT_CONTROL to be another one, so
    nobody could log in to a service that an administrator has started (pam_loginuid(8)).

    To be called while /proc shows the caller. Nothing where the host forbids it, or keeps none.
    """
    try:
        with open(_LOGIN_UID, "wb", buffering=0) as file:
            file.write(_NOBODY)
    except (FileNotFoundError, PermissionError):
        pass


def _reset_limit(number: int) -> None:
    _soft, highest = resource.getrlimit(number)
    soft, hard = (0, 0) if number in _REALTIME else resource.prlimit(1, number)
    hard = lower(hard, highest)
    resource.setrlimit(number, (lower(soft, hard), hard))


def lower(one: int, other: int) -> int:
    """The lower one of two resource limits."""
    infinite = resource.RLIM_INFINITY
    if one == infinite or other == infinite:
        return other if one == infinite else one
    return min(one, other)
