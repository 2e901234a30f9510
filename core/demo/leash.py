"""Become a program that dies with its parent: `leash.py SIGNAL PARENT UID GID PROGRAM [ARG...]`.

A script of its own instead of a `preexec_fn`, which is unsafe in a parent that has threads. The
kernel forgets the wish to die with the parent when the user changes, so the order below matters.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
KEEP = -1


def _reset_signals() -> None:
    """Undo what the parent ignores or blocks: shells start background jobs with SIGINT ignored."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _become(uid: int, gid: int) -> None:
    if uid != KEEP:
        os.setgroups([gid])
        os.setgid(gid)
        os.setuid(uid)


def main() -> None:
    """Drop to the user, ask for the signal, then turn into the program."""
    death_signal, parent, uid, gid = (int(word) for word in sys.argv[1:5])
    program = sys.argv[5:]
    # Loaded before the user changes: afterwards the Python installation may be out of reach.
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    _reset_signals()
    _become(uid, gid)
    if libc is not None:
        libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)  # the parent died before the kernel knew of the wish
    try:
        os.execv(program[0], program)  # noqa: S606 - no shell is what we want
    except OSError as error:
        sys.stderr.write(f"{program[0]}: {error.strerror}\n")
        os._exit(127)


if __name__ == "__main__":
    main()
