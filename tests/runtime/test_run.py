"""`run.py`: its words, its exit codes, the environment of packages that it makes."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.demo.environment import Addresses, write_environment
from core.demo.layout import Layout
from tests.runtime.conftest import ROOT

OLD_PYTHONS = [
    found
    for minor in range(6, 11)
    for found in [
        shutil.which(f"python3.{minor}"),
        *Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python"),
    ]
    if found
]
HOSTILE = {
    "PIP_REQUIRE_VIRTUALENV": "1",
    "PIP_TARGET": "/nonexistent/target",
    "PIP_USER": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPATH": "/nonexistent/path",
    "VIRTUAL_ENV": "/nonexistent/venv",
}


def run(
    project: Path, *words: str, env: dict[str, str], python: str = sys.executable
) -> subprocess.CompletedProcess[str]:
    command = [python, "run.py", *words]
    return subprocess.run(
        command, cwd=project, env=env, capture_output=True, text=True, timeout=120, check=False
    )


def pretend_installed(project: Path) -> None:
    """Put a stamped `.venv` there, as a complete installation leaves it."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    requirements = (project / "requirements-dev.txt").read_bytes()
    binaries = project / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").symlink_to(sys.executable)
    stamp = hashlib.sha256(requirements + version.encode()).hexdigest()
    (project / ".venv" / "taproom-stamp").write_text(stamp)


@pytest.mark.parametrize("words", [[], ["sing"], ["lint", "more"], ["check", "more"]])
def test_wrong_words_show_the_usage(
    project: Path, bare_environment: dict[str, str], words: list[str]
) -> None:
    answer = run(project, *words, env=bare_environment)

    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("usage: python3 run.py COMMAND\n")


def test_help_is_not_an_error(project: Path, bare_environment: dict[str, str]) -> None:
    answer = run(project, "--help", env=bare_environment)

    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.startswith("usage: python3 run.py COMMAND\n")


def test_old_python_gets_one_line(project: Path) -> None:
    code = (
        "import runpy, sys; sys.version_info = (3, 10, 1, 'final', 0); sys.argv = ['run.py'];"
        "runpy.run_path('run.py', run_name='__main__')"
    )

    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False
    )

    expected = "Taproom needs Python 3.11 or newer; this is 3.10.\n"
    assert (answer.returncode, answer.stdout, answer.stderr) == (1, "", expected)


@pytest.mark.skipif(not OLD_PYTHONS, reason="no Python older than 3.11 on this machine")
def test_old_pythons_can_read_the_file(project: Path) -> None:
    works = "import sys; print('%d.%d' % sys.version_info[:2])"
    for old in OLD_PYTHONS:
        asked = subprocess.run([old, "-c", works], capture_output=True, text=True, check=False)
        if asked.returncode:
            continue  # a pyenv shim for a version that is not chosen here

        answer = run(project, "demo", env=dict(os.environ), python=str(old))

        expected = f"Taproom needs Python 3.11 or newer; this is {asked.stdout.strip()}.\n"
        assert (answer.returncode, answer.stdout, answer.stderr) == (1, "", expected)


def test_installs_once_and_again_after_a_broken_download(
    project: Path, bare_environment: dict[str, str]
) -> None:
    requirements = project / "requirements-dev.txt"
    requirements.write_text(f"nothing-of-this-name==1.0 --hash=sha256:{'0' * 64}\n")
    stamp = project / ".venv" / "taproom-stamp"
    half_written = project / ".venv" / "half-written"
    env = {**bare_environment, **HOSTILE, "PATH": "/usr/bin:/bin", "PIP_NO_INDEX": "1"}

    broken = run(project, "manage", "help", env=env)
    after_broken = stamp.exists()
    half_written.touch()
    requirements.write_text("")
    repeated = run(project, "manage", "help", env=env)
    third = run(project, "manage", "help", env=env)

    codes = (broken.returncode, repeated.returncode, third.returncode)
    assert codes == (1, 0, 0), repeated.stderr
    assert "run.py: pip failed; run this again to try again:" in broken.stderr.splitlines()
    assert "Traceback" not in broken.stderr
    assert (after_broken, stamp.exists(), half_written.exists()) == (False, True, False)
    assert third.stderr == ""
    given = json.loads(third.stdout)["env"]
    assert {name: given.get(name) for name in HOSTILE} == dict.fromkeys(HOSTILE)


def test_command_takes_the_place_of_run_py(project: Path, bare_environment: dict[str, str]) -> None:
    pretend_installed(project)

    process = subprocess.Popen(
        [sys.executable, "run.py", "demo", "--port", "1"],
        cwd=project,
        env=bare_environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    said = json.loads(process.communicate(timeout=60)[0])

    assert (said["words"], said["pid"]) == (["demo", "--port", "1"], process.pid)


def test_manage_says_what_it_needs(project: Path, bare_environment: dict[str, str]) -> None:
    pretend_installed(project)

    answer = run(project, "manage", "migrate", env=bare_environment)

    expected = (
        "run.py: `migrate` needs a database: start `python3 run.py demo` in another terminal, "
        "or set DATABASE_URL\n"
    )
    assert (answer.returncode, answer.stdout, answer.stderr) == (1, "", expected)


def test_manage_leaves_a_given_database_alone(
    project: Path, bare_environment: dict[str, str]
) -> None:
    pretend_installed(project)

    answer = run(project, "manage", "migrate", env={**bare_environment, "DATABASE_URL": "given"})

    said = json.loads(answer.stdout)
    assert (said["words"], said["env"]["DATABASE_URL"]) == (["migrate"], "given")
    assert "SECRET_KEY" not in said["env"]


def test_manage_talks_to_the_running_demo(project: Path, bare_environment: dict[str, str]) -> None:
    pretend_installed(project)
    layout = Layout(project / "var")
    layout.prepare()
    shop = "http://127.0.0.1:1/a shop's"
    addresses = Addresses("http://web", "app-url", "owner-url", "redis-url", "stripe", shop, "box")
    write_environment(layout, addresses)

    with layout.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        answer = run(project, "manage", "migrate", env=bare_environment)

    given = json.loads(answer.stdout)["env"]
    names = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SHOP_URL", "STRIPE_API_BASE")
    expected = ["app-url", "owner-url", "redis-url", shop, "stripe"]
    assert [given[name] for name in names] == expected
    assert layout.environment.stat().st_mode & 0o777 == 0o600


def test_manage_waits_for_nobody(project: Path, bare_environment: dict[str, str]) -> None:
    pretend_installed(project)
    lock_file = Layout(project / "var").lock
    lock_file.parent.mkdir()

    with lock_file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        answer = run(project, "manage", "migrate", env=bare_environment)

    expected = "run.py: the demo is still starting: try again when its servers answer\n"
    assert (answer.returncode, answer.stderr) == (1, expected)


@pytest.mark.parametrize(
    ("line", "is_refused"),
    [
        ("Django==5.2.19 --hash=sha256:00", False),
        ("--extra-index-url https://packages.example/simple", True),
        ("thing @ git+https://code.example/thing", True),
        ("--find-links wheels", True),
    ],
)
def test_lint_refuses_addresses_in_requirements(
    project: Path, bare_environment: dict[str, str], line: str, is_refused: bool
) -> None:
    pretend_installed(project)
    (project / "requirements.txt").write_text(f"{line}\n")

    # Nothing else is there to pass: only whether this step is among the failed ones counts.
    answer = run(project, "lint", env={**bare_environment, "PYTHONNOUSERSITE": "1"})

    last = answer.stderr.splitlines()[-1]
    assert answer.returncode == 1
    assert last.startswith("lint: failed: requirements, ") is is_refused


def test_run_py_needs_only_the_standard_library() -> None:
    answer = subprocess.run(
        [sys.executable, "-I", "-S", ROOT / "run.py", "--help"], capture_output=True, check=False
    )

    assert (answer.returncode, answer.stderr) == (0, b"")
