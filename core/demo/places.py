"""Where servers may keep data and sockets: locks, private directories, short socket paths."""

import fcntl
import hashlib
import os
import re
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Self

from core.demo.errors import AlreadyRunning, DemoError
from core.demo.processes import Account

# A socket address holds 108 bytes (104 on macOS); PostgreSQL adds ".s.PGSQL.5432" and a NUL.
SOCKET_DIRECTORY_LIMIT = 80
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")
FAR_FROM_HOME = Path("/var/tmp")  # noqa: S108 - private_directory refuses what others made


def tag(home: Path) -> str:
    """Return a name for `home` that is the same at each start: `taproom-` and twelve hex digits."""
    return "taproom-" + hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]


class Lock:
    """A lock on a directory that the kernel frees whatever way its holder dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> Self:
        """Take the lock or raise AlreadyRunning at once."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise AlreadyRunning(f"{self._path.parent} is in use by another process") from None
        self._descriptor = descriptor
        return self

    def release(self) -> None:
        """Give the lock back; doing it twice is harmless."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def private_directory(path: Path, account: Account | None = None) -> Path:
    """Make `path` a 0700 directory of `account` (of this user when None).

    In a directory that everybody may write to, somebody else may have made it first: such a one,
    or a symbolic link, is refused.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.lstat()
    owners = {os.geteuid(), account.uid if account else os.geteuid()}
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in owners:
        raise DemoError(f"{path} belongs to somebody else: remove it or set TMPDIR")
    path.chmod(0o700)
    if account:
        os.chown(path, account.uid, account.gid)
    return path


def data_place(home: Path, account: Account | None) -> Path:
    """Return where a server's files go: `home`, or a place `account` can reach when that is set.

    The project may lie under a 0700 home directory; opening that for others is not our right.
    """
    return FAR_FROM_HOME / tag(home) if account else home


def socket_place(home: Path, account: Account | None) -> Path:
    """Return a directory for a server's socket, short and without characters that URLs escape."""
    place = data_place(home, account) / "socket"
    if len(os.fsencode(place)) <= SOCKET_DIRECTORY_LIMIT and PLAIN_PATH.fullmatch(str(place)):
        return place
    name = f"{tag(home)}-{os.geteuid()}"
    temporary = Path(tempfile.gettempdir()) / name
    if len(os.fsencode(temporary)) <= SOCKET_DIRECTORY_LIMIT:
        return temporary
    return Path("/tmp") / name  # noqa: S108 - see FAR_FROM_HOME


def remove_data(home: Path, account: Account | None) -> None:
    """Delete a server's data, wherever it lies; nothing there is fine."""
    for place in (home, data_place(home, account), socket_place(home, account)):
        shutil.rmtree(place, ignore_errors=True)
        if place.exists():
            raise DemoError(f"{place} cannot be removed: it belongs to another user")
