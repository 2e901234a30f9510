"""What the tests of launchers and of `run.py` share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def spaced(tmp_path: Path) -> Path:
    """A directory whose name has a space in it."""
    path = tmp_path / "a directory"
    path.mkdir()
    return path


@pytest.fixture
def bare_environment() -> dict[str, str]:
    """An environment without the addresses of the test servers, and without a home."""
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}


def python(code: str, *words: object, **options: object) -> subprocess.Popen[str]:
    """Start our Python with `code`, where our packages can be imported."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.fixture
def project(spaced: Path) -> Path:
    """A project with `run.py` and a `manage.py` that tells what it was given."""
    shutil.copy(ROOT / "run.py", spaced)
    (spaced / "requirements-dev.txt").write_text("")
    (spaced / "manage.py").write_text(
        "import json, os, sys\n"
        "print(json.dumps({'words': sys.argv[1:], 'env': dict(os.environ), 'pid': os.getpid()}))\n"
    )
    return spaced
