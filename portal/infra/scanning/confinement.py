"""How little a child that reads a stranger's file may do: limits it lays on itself."""

import ctypes
import os
import resource
import signal

MEGABYTE = 1 << 20
MEMORY = 1024 * MEGABYTE
"""Address space; a 64-megapixel picture is held twice while it is turned."""
CPU_SECONDS = 6
WRITTEN = 64 * MEGABYTE
"""The largest file the child may write: what it hands back."""

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
NOBODY = 65534


def limit_resources() -> None:
    """Bound time, memory and output; before anything else is done."""
    _lower(resource.RLIMIT_CPU, CPU_SECONDS)
    _lower(resource.RLIMIT_AS, MEMORY)
    _lower(resource.RLIMIT_FSIZE, WRITTEN)
    _lower(resource.RLIMIT_CORE, 0)


def lock_in(threads: int = 0) -> None:
    """Give up the network, other users' rights, new programs and files; `threads` may be made.

    Called when all modules are loaded and before the first byte of the file is looked at.
    What the kernel refuses to an ordinary user (a network of its own) is covered by the
    last limit: without a free descriptor nothing can be opened and no socket made.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.geteuid() == 0:
        libc.unshare(CLONE_NEWNET)
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    else:
        libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    _lower(resource.RLIMIT_NPROC, tasks_of(os.geteuid()) + threads if threads else 0)
    _lower(resource.RLIMIT_NOFILE, 0)


def tasks_of(user: int) -> int:
    """How many threads `user` has on this machine: the limit counts them all."""
    count = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.stat(f"/proc/{pid}").st_uid == user:
                count += len(os.listdir(f"/proc/{pid}/task"))
        except OSError:
            continue
    return count


def _lower(what: int, to: int) -> None:
    _soft, hard = resource.getrlimit(what)
    bound = to if hard == resource.RLIM_INFINITY else min(to, hard)
    resource.setrlimit(what, (bound, bound))
