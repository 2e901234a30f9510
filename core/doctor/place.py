"""Disks and backups, where the operator says which."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from core.doctor.checks import Finding, Visit, broken, fine, warning

SCARCE, NEARLY_FULL = 0.15, 0.05
BACKUP_LATE, BACKUP_MISSED = timedelta(hours=26), timedelta(hours=50)
SMALLEST_BACKUP = 1000  # bytes; a failed dump leaves less


def look_at_disks(visit: Visit) -> Iterable[Finding]:
    """Judge the free part of each disk that was named."""
    for path in visit.disks:
        try:
            usage = shutil.disk_usage(path)
        except OSError as error:
            yield broken(f"{path}: {error.strerror}", "Name a directory that exists.")
            continue
        free = usage.free / usage.total
        told = f"{path}: {free:.0%} free"
        mend = "Make room: PostgreSQL stops when its disk is full."
        if free < NEARLY_FULL:
            yield broken(told, mend)
        else:
            yield warning(told, mend) if free < SCARCE else fine(told)


def look_at_backups(visit: Visit) -> Iterable[Finding]:
    """Judge the newest file of each directory of backups that was named."""
    for directory in visit.backups:
        try:
            newest = max(_ages(directory, visit), default=None, key=lambda pair: -pair[0])
        except OSError as error:
            yield broken(f"{directory}: {error.strerror}", "Name the directory of the backups.")
            continue
        mend = "See why the backup did not run; try a restore as docs/hosting.md says."
        if newest is None:
            yield broken(f"{directory}: no backup is there", mend)
            continue
        hours, name = newest
        told = f"the newest backup, {name}, is {hours:.0f} hours old"
        if hours > BACKUP_MISSED.total_seconds() / 3600:
            yield broken(told, mend)
        else:
            yield warning(told, mend) if hours > BACKUP_LATE.total_seconds() / 3600 else fine(told)


def _ages(directory: Path, visit: Visit) -> Iterable[tuple[float, str]]:
    """Return (hours, name) of each file that is large enough to be a backup."""
    files = [path for path in directory.iterdir() if path.is_file()]
    return [
        ((visit.now.timestamp() - path.stat().st_mtime) / 3600, path.name)
        for path in files
        if path.stat().st_size >= SMALLEST_BACKUP
    ]
