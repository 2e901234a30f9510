"""Child processes on a leash, and a look at processes that an earlier run may have left."""

import contextlib
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LEASH = Path(__file__).with_name("leash.py")
PROC = Path("/proc")
POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Account:
    """The operating system user a child runs as."""

    name: str
    uid: int
    gid: int


def service_account() -> Account | None:
    """Return whom to become to start PostgreSQL, which refuses root; None for a plain user."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    return Account("65534", 65534, 65534)


def plain_environment() -> dict[str, str]:
    """Return an environment for servers; only PATH and TMPDIR are taken from the caller's."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path,
    env: Mapping[str, str],
    death_signal: signal.Signals = signal.SIGKILL,
    account: Account | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own that gets `death_signal` when this process dies.

    Call it from a thread that lives as long as the child should: Linux means the thread, not the
    process, by "parent".
    """
    uid, gid = (account.uid, account.gid) if account else (-1, -1)
    words = [sys.executable, "-I", "-S", LEASH, death_signal.value, os.getpid(), uid, gid, *command]
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - commands of our own making
            [str(word) for word in words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=dict(env),
            start_new_session=True,
        )


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Poll `condition` until it holds; False when it still does not after `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(POLL_SECONDS)
    return True


def end_child(
    child: subprocess.Popen[bytes], signals: Sequence[signal.Signals], *, seconds: float
) -> None:
    """Send each signal in turn until the child is gone, then SIGKILL; safe for an ended child."""
    for number in (*signals, signal.SIGKILL):
        if child.poll() is not None:
            return
        child.send_signal(number)
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            continue


def end_group(leader: int) -> None:
    """Kill what is left of a child's own session after the child: pool processes, for example."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def end_stray_group(member: int) -> None:
    """Kill the session group of a process that may be gone by now."""
    with contextlib.suppress(ProcessLookupError):
        end_group(os.getpgid(member))


def marked(marker: str) -> set[int]:
    """Return the processes whose environment holds `marker`, a "NAME=value".

    Only those of this user can be read, and only where there is a /proc.
    """
    found = set()
    for entry in PROC.glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if marker.encode() in entry.read_bytes().split(b"\0"):
                found.add(int(entry.parent.name))
    return found - {os.getpid()}


def running() -> Iterator[tuple[int, list[str]]]:
    """Yield (pid, command words) of every process that can be seen, zombies left out."""
    if PROC.joinpath("self", "cmdline").exists():
        yield from _running_in_proc()
    else:
        yield from _running_by_ps()


def _running_in_proc() -> Iterator[tuple[int, list[str]]]:
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            line = entry.joinpath("cmdline").read_bytes()
        except OSError:
            continue
        if line:  # a zombie has none
            words = line.rstrip(b"\0").decode(errors="replace").split("\0")
            yield int(entry.name), words


def _running_by_ps() -> Iterator[tuple[int, list[str]]]:
    listing = subprocess.run(
        ["/bin/ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=True
    )
    for line in listing.stdout.splitlines():
        pid, _, command = line.strip().partition(" ")
        yield int(pid), command.split(" ")


def end_strays(
    is_stray: Callable[[list[str]], bool], signals: Sequence[signal.Signals], *, seconds: float
) -> int:
    """End the processes of an earlier run that match, gently first; return how many there were.

    Only for the holder of the data directory's lock: then whatever uses it has no master any more.
    """

    def strays() -> list[int]:
        return [pid for pid, words in running() if pid != os.getpid() and is_stray(words)]

    found = len(strays())
    for number in (*signals, signal.SIGKILL):
        for pid in strays():
            _signal_if_there(pid, number)
        if wait_until(lambda: not strays(), seconds=seconds if found else 0):
            break
    return found


def _signal_if_there(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
