"""Fingerprints of work that a second start need not repeat."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from core.demo.layout import PROJECT

SKIPPED = {".venv", "var", "tests", "node_modules", "docs", ".git"}


def fingerprint(files: Iterable[Path], *words: str) -> str:
    """Return one hash over names and contents of files and over words."""
    digest = hashlib.sha256()
    for word in words:
        digest.update(word.encode() + b"\0")
    for path in sorted(files):
        digest.update(str(path).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _below(project: Path, *patterns: str) -> list[Path]:
    """Return the files of our own packages that match."""
    packages = [entry for entry in project.iterdir() if (entry / "__init__.py").exists()]
    return [
        path
        for package in packages
        if package.name not in SKIPPED
        for pattern in patterns
        for path in package.glob(pattern)
        if path.is_file() and path.suffix != ".pyc"
    ]


def schema_stamp(cluster: str, project: Path = PROJECT) -> str:
    """Return what the tables depend on: our migrations, the pinned packages, the cluster."""
    migrations = _below(project, "migrations/**/*", "*_migrations/**/*")
    return fingerprint([*migrations, project / "requirements.txt"], cluster)


def demo_data_stamp(schema: str, addresses: Iterable[str], project: Path = PROJECT) -> str:
    """Return what the demo data depends on: the tables, its own code, where the servers are."""
    code = _below(project, "**/demo_data.py", "**/demo_data/**/*.py", "**/demo_*.py")
    return fingerprint(code, schema, *addresses)
