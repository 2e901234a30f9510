"""Children on a leash: they die with their parent and start with plain signals."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from core.demo.processes import end_child, end_strays, running, spawn, wait_until
from tests.runtime.conftest import python

PARENT = """
import os, signal, sys, time
from pathlib import Path
from core.demo.processes import spawn
signal.signal(signal.SIGINT, signal.SIG_IGN)
child = spawn(["/bin/sleep", sys.argv[1]], log=Path(sys.argv[2]), cwd=Path("/"), env={},
              death_signal=signal.SIGINT)
print(child.pid, flush=True)
time.sleep(60)
"""


def is_alive(pid: int) -> bool:
    return pid in {found for found, _ in running()}


@pytest.mark.skipif(sys.platform != "linux", reason="a feature of Linux")
def test_child_dies_when_its_parent_is_killed(tmp_path: Path) -> None:
    # The parent ignores SIGINT, as a shell's background job does: the child must not.
    with python(PARENT, "61.5", tmp_path / "log") as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert wait_until(lambda: (child, ["/bin/sleep", "61.5"]) in running(), seconds=10)

        parent.kill()

        assert wait_until(lambda: not is_alive(child), seconds=10)


def test_missing_program_is_told_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"

    child = spawn(["/nonexistent/program"], log=log, cwd=tmp_path, env={})

    assert child.wait(10) == 127
    assert log.read_text() == "/nonexistent/program: No such file or directory\n"


def test_child_has_a_session_and_an_environment_of_its_own(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = (
        "import os; print(os.getsid(0) == os.getpid(), os.environ.get('ONLY'),"
        " 'HOME' in os.environ)"
    )

    child = spawn([sys.executable, "-c", code], log=log, cwd=tmp_path, env={"ONLY": "this"})

    assert child.wait(10) == 0
    assert log.read_text() == "True this False\n"


def test_child_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('deaf', flush=True); time.sleep(60)"
    )
    log = tmp_path / "log"
    child = spawn([sys.executable, "-c", code], log=log, cwd=tmp_path, env={})
    assert wait_until(lambda: log.read_text() == "deaf\n", seconds=10)

    end_child(child, (signal.SIGTERM,), seconds=0.1)

    assert child.returncode == -signal.SIGKILL


def test_strays_are_found_by_their_words() -> None:
    code = "import subprocess; print(subprocess.Popen(['/bin/sleep', '61.25']).pid)"
    with python(code) as parent:
        assert parent.stdout
        stray = int(parent.stdout.readline())
        assert wait_until(lambda: (stray, ["/bin/sleep", "61.25"]) in running(), seconds=10)

    found = end_strays(lambda words: "61.25" in words, (signal.SIGTERM,), seconds=5)

    assert (found, is_alive(stray)) == (1, False)
